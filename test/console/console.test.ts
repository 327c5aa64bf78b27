// The page in a real browser: what a person sees of a cycle, how a limit is set, and that old numbers are never shown as new.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { emergencyStop } from '../../src/core/limits/emergency-stop.ts';
import type { ContactState } from '../../src/core/model/contact.ts';
import type { Decision } from '../../src/core/model/decision.ts';
import type { Cap } from '../../src/core/model/limit.ts';
import type { ControlAnswer } from '../../src/engine/requests.ts';
import { startApi } from '../support/api-server.ts';
import { circuitReport, cycleRecord, phaseReport, share, stationState, T0 } from '../support/cycle-record.ts';
import { buildSite, circuit, evse } from '../support/site-builder.ts';

const CHROMIUM = '/usr/bin/chromium';
const root = resolve(import.meta.dirname, '..', '..');
const screenshots = join(root, 'test-results');
const hostile = '<img src=x onerror="window.broken=1">';

const site = buildSite({
  name: 'Depot Nordhafen',
  circuits: [
    circuit({ id: 'main', name: 'Main board', meter: 'main' }),
    circuit({ id: 'a', name: 'Sub-board A', parent: 'main', ratingAmps: { L1: 40, L2: 40, L3: 40 } }),
    circuit({
      id: 'b',
      name: 'Sub-board B',
      parent: 'main',
      ratingAmps: { L1: 32, L2: 32, L3: 32 },
      limitWatts: 20_000,
    }),
  ],
  evses: [
    evse({ station: 'bay-01', name: 'Bay 01', circuit: 'a' }),
    evse({ station: 'bay-02', name: 'Bay 02', circuit: 'a', phases: ['L2'] }),
    evse({ station: 'bay-03', name: 'Bay 03', circuit: 'b' }),
    evse({ station: 'bay-04', name: hostile, circuit: 'b' }),
    evse({ station: 'bay-05', name: 'Bay 05', circuit: 'b' }),
    evse({ station: 'bay-06', name: 'Bay 06', circuit: 'main' }),
  ],
  meters: [
    ...buildSite().meters,
    {
      from: 'push',
      id: 'roof',
      name: 'Roof',
      of: 'pv',
      phases: ['L1', 'L2'],
      maxAgeMs: 5_000,
      plausibleAmps: 100,
    },
  ],
});

const { drawnAmps: _drawn, acknowledgedAmps: _acknowledged, ...silent } = share({ evse: 'bay-05/1' });

const shares: Decision['shares'] = [
  share({
    evse: 'bay-01/1',
    targetAmps: 16,
    offeredAmps: 16,
    acknowledgedAmps: 16,
    exposureAmps: 16,
    drawnAmps: { L1: 15.8, L2: 15.7, L3: 15.9 },
    reason: { kind: 'own-maximum', source: { kind: 'car' }, limitAmps: 16 },
  }),
  share({
    evse: 'bay-02/1',
    targetAmps: 8,
    offeredAmps: 8,
    acknowledgedAmps: 12,
    exposureAmps: 12,
    drawnAmps: { L1: 0, L2: 11.9, L3: 0 },
    phases: ['L2'],
    reason: {
      kind: 'circuit-full',
      circuit: 'a',
      phase: 'L2',
      limitAmps: 40,
      source: { kind: 'fuse' },
      moreAmps: 24,
    },
  }),
  share({
    evse: 'bay-03/1',
    targetAmps: 0,
    offeredAmps: 0,
    acknowledgedAmps: 0,
    exposureAmps: 0,
    drawnAmps: { L1: 0, L2: 0, L3: 0 },
    reason: {
      kind: 'paused',
      by: { kind: 'circuit', circuit: 'b', phase: 'L1', source: { kind: 'fuse' } },
      neededAmps: 6,
      missingAmps: 4,
      dueAt: T0 + 720_000,
    },
  }),
  share({ evse: 'bay-04/1', targetAmps: 14, exposureAmps: 10, reason: { kind: 'rising', waitsFor: 'decreases' } }),
  { ...silent, exposureAmps: 16, reason: { kind: 'unreachable', reservedAmps: 16 } },
  share({
    evse: 'bay-06/1',
    targetAmps: 0,
    offeredAmps: 6,
    acknowledgedAmps: 6,
    exposureAmps: 0,
    drawnAmps: { L1: 0, L2: 0, L3: 0 },
    reason: { kind: 'no-car' },
  }),
];

const stations = Object.fromEntries(
  site.stations.map(({ id }) => {
    const plain = stationState(site, id);
    const only = (part: object) => ({ ...plain, evses: plain.evses.map((one) => ({ ...one, ...part })) });
    if (id === 'bay-03') return [id, only({ chargingState: 'SuspendedEVSE' })];
    if (id === 'bay-04') return [id, { ...plain, model: { vendor: hostile, model: 'X' } }];
    if (id === 'bay-05') return [id, { ...plain, link: { state: 'disconnected' as const, since: T0, connection: 2 } }];
    if (id === 'bay-06') return [id, only({ chargingState: 'Idle', connectorStatus: 'Available' })];
    return [id, plain];
  }),
);

/** Cycle `cycle` of a busy depot: the metered current wanders, sub-board B is overloaded on L1. */
function busyCycle(cycle: number, part: Partial<Decision> = {}, caps: readonly Cap[] = []) {
  const wave = (phase: string) => 6 * Math.sin(cycle / 60 + phase.charCodeAt(1));
  return cycleRecord(site, {
    cycle,
    snapshot: { stations, caps },
    decision: {
      shares,
      circuits: [
        circuitReport('main', (phase) => ({
          meteredAmps: 46 + wave(phase),
          baseLoadAmps: phase === 'L2' ? 14 : 12,
          exposureAmps: 38,
          allocatedAmps: 34,
        })),
        {
          ...circuitReport('a', () => ({ limitAmps: 40, marginAmps: 2, baseLoadAmps: 4, exposureAmps: 28 })),
          baseLoadFrom: 'allowance',
        },
        {
          ...circuitReport('b', (phase) => ({
            limitAmps: 24,
            limitSource: { kind: 'utility', id: 'evt-7' },
            marginAmps: 2,
            baseLoadAmps: 3,
            exposureAmps: phase === 'L1' ? 26 : 16,
            allocatedAmps: 14,
          })),
          baseLoadFrom: 'worst',
          power: { limitWatts: 20_000, unit: 'W', source: { kind: 'fuse' }, expectedWatts: 13_200 },
        },
      ],
      ...part,
    },
  });
}

const whyNot = existsSync(CHROMIUM) ? '' : `no browser at ${CHROMIUM}: install Debian's chromium to run these tests`;
if (whyNot) console.warn(`test/console skipped: ${whyNot}`);

describe.skipIf(whyNot !== '')('the console in a browser', () => {
  let browser: Browser;
  let consoleDir: string;

  beforeAll(async () => {
    consoleDir = mkdtempSync(join(tmpdir(), 'busbar-console-'));
    const source = join(root, 'src', 'console');
    await build({ root: source, logLevel: 'warn', build: { outDir: consoleDir, emptyOutDir: true } });
    mkdirSync(screenshots, { recursive: true });
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    rmSync(consoleDir, { recursive: true, force: true });
  });

  /** A server with a busy depot on it, and the page open; everything the browser complains of fails the test. */
  async function openPage(
    options: {
      readonly width?: number;
      readonly height?: number;
      readonly dark?: boolean;
      readonly answer?: ControlAnswer;
      /** The page's clock stands still but for `page.clock.runFor`. */
      readonly holdsTime?: boolean;
    } = {},
  ) {
    const asked: unknown[] = [];
    const api = await startApi({
      site,
      consoleDir,
      onRequest: async (request) => {
        asked.push(request);
        return options.answer ?? { ok: true, caps: [] };
      },
    });
    for (let cycle = 1; cycle <= 600; cycle++) api.server.publish(busyCycle(cycle));
    const context = await browser.newContext({
      viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
      colorScheme: options.dark ? 'dark' : 'light',
    });
    const page = await context.newPage();
    page.setDefaultTimeout(8_000);
    const complaints: string[] = [];
    const foreign: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => {
      if (!request.url().startsWith(api.url)) foreign.push(request.url());
    });
    onTestFinished(async () => {
      await context.close();
    });
    if (options.holdsTime) {
      await page.clock.install();
      await page.clock.pauseAt(Date.now() + 60_000);
    }
    await page.goto(api.url);
    await page.locator('tr[data-evse="bay-01/1"]').waitFor();
    return { ...api, page, asked, complaints, foreign };
  }

  const cells = (page: Page, row: string) => page.locator(row).locator('th, td').allInnerTexts();
  /** What of it can be seen. */
  const shown = async (locator: Locator) => {
    await locator.first().waitFor();
    return (await locator.allInnerTexts()).join('\n');
  };
  const overflow = (page: Page) =>
    page.evaluate(() => {
      const wide = globalThis as unknown as {
        document: { documentElement: { scrollWidth: number; clientWidth: number } };
      };
      return wide.document.documentElement.scrollWidth - wide.document.documentElement.clientWidth;
    });

  test('shows every meter with what it measures, what it shows, its age and its trouble', async () => {
    const { page, server, complaints } = await openPage();
    const lines = async (id: string) => (await cells(page, `tr[data-meter="${id}"]`)).map((text) => text.trim());
    expect(await lines('main')).toEqual([
      ['Main meter', 'Main board · Modbus'].join('\n'),
      'Fresh',
      '46.0',
      '45.0',
      '44.0',
      '–',
      '0 s',
    ]);
    expect(await lines('roof')).toEqual([['Roof', 'PV · pushed'].join('\n'), 'Fresh', '46.0', '45.0', '–', '–', '0 s']);
    const { snapshot } = busyCycle(601);
    const currentAmps = { L1: -12.3, L2: 0, L3: 0 };
    const meters = {
      main: { suspicion: { kind: 'unreachable', detail: hostile, since: T0 } },
      roof: { reading: { currentAmps, totalPowerWatts: -2_829, measuredAt: snapshot.now - 9_000 } },
    } as const;
    const record = busyCycle(601);
    server.publish({ ...record, snapshot: { ...snapshot, meters } });
    await page.locator('tr[data-meter="roof"]', { hasText: 'Lost' }).waitFor();
    expect((await lines('roof')).slice(1)).toEqual(['Lost', '−12.3', '0.0', '–', '−2.8 kW', '9 s']);
    expect(await lines('main')).toEqual([
      ['Main meter', 'Main board · Modbus', `unreachable: ${hostile}`].join('\n'),
      'Lost',
      '–',
      '–',
      '–',
      '–',
      '–',
    ]);
    expect(await page.locator('img').count()).toBe(0);
    expect(await overflow(page)).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('shows state, circuits, chargers and reasons, as text, with nothing fetched from elsewhere', async () => {
    const { page, complaints, foreign } = await openPage();
    expect(await page.title()).toBe('Depot Nordhafen · Busbar');
    expect(await shown(page.getByRole('heading', { level: 1 }))).toBe('Depot Nordhafen');
    expect(await shown(page.getByRole('status', { name: 'Overall state: Normal' }))).toContain('Normal');
    expect(await shown(page.locator('.facts'))).toMatch(
      /Least headroom, Sub-board B L1\s+−7\.0 A\s+Site limit, the fuse\s+63\.0 A\s+Charging\s+3 of 6/,
    );

    // limit 63 − margin 3 − base 12 − reserved 38 = 10
    const l1 = await cells(page, '[data-circuit="main"] > .circuit tr[data-phase="L1"]');
    expect(l1.map((text) => text.trim())).toEqual(['L1', '', '12.0', '38.0', '34.0', '10.0', '63.0']);
    const overloaded = await cells(page, '[data-circuit="b"] tr[data-phase="L1"]');
    expect(overloaded[5]).toBe('−7.0');
    expect(await shown(page.locator('[data-circuit="b"] .circuit-head'))).toMatch(
      /24 A, set by the utility, evt-7[\s\S]*worst base load assumed[\s\S]*13\.2 kW of 20\.0 kW/,
    );

    const bay1 = await cells(page, 'tr[data-evse="bay-01/1"]');
    expect(bay1.slice(1)).toEqual([
      'Charging',
      '16.0',
      '16.0',
      '15.8',
      '15.7',
      '15.9',
      '16.0',
      '16 A: the car takes at most 16 A',
    ]);
    const bay2 = await cells(page, 'tr[data-evse="bay-02/1"]');
    expect(bay2.slice(1)).toEqual([
      'Charging',
      '8.0',
      '12.0',
      '–',
      '11.9',
      '–',
      '12.0',
      [
        '8 A: Sub-board A, L2 is full (fuse 40 A)',
        'more when other loads or chargers on Sub-board A, L2 draw less; it could take 24 A more',
      ].join('\n'),
    ]);
    const reasons = await page.locator('td.why').allInnerTexts();
    expect(reasons.slice(2)).toEqual([
      // Cycle 600 is ten minutes after T0, the turn comes two minutes later.
      [
        'paused: needs 6 A, Sub-board B L1 has no room; due again in 2 min',
        'starts when 4 A more are free on Sub-board B, L1, or when its turn comes in 2 min',
      ].join('\n'),
      'rising: waits for others to come down\nnothing to do: it rises by itself',
      "unreachable: 16 A reserved\ncheck the charger's power and network; it is served again once it answers",
      'no car is connected',
    ]);
    const states = await page.locator('td.state').allInnerTexts();
    expect(states.slice(2)).toEqual(['Paused by charger', 'Charging', 'Offline', 'Free']);

    // A name that is markup is shown as the text it is.
    expect(await shown(page.locator('tr[data-evse="bay-04/1"] .name'))).toBe(hostile);
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.evaluate('window.broken')).toBeUndefined();
    expect(complaints).toEqual([]);
    expect(foreign).toEqual([]);
  });

  test.each([
    ['desk', 1280],
    ['phone', 390],
  ] as const)(
    'at a %s, what is wished for a car stands beside its charger, a warning where it falls behind',
    async (name, width) => {
      const { page, server, complaints } = await openPage({ width });
      const source = { kind: 'facility-manager' as const, id: 'anna' };
      const record = busyCycle(601);
      const { snapshot } = record;
      const bay1 = snapshot.stations['bay-01']!;
      const transaction = { id: '4', startedAt: T0, energyWh: 12_400 };
      const bus = { source, energyWh: 30_000, departureAt: snapshot.now + 2 * 3_600_000 + 600_000, note: hostile };
      server.publish({
        ...record,
        snapshot: {
          ...snapshot,
          stations: {
            ...snapshot.stations,
            'bay-01': { ...bay1, evses: bay1.evses.map((one) => ({ ...one, transaction })) },
            'bay-02': { ...stations['bay-02']!, evses: [{ ...stations['bay-02']!.evses[0]!, transaction }] },
          },
          wishes: {
            'bay-01/1': bus,
            'bay-02/1': { ...bus, energyWh: 17_000 },
            'bay-06/1': { source, onlySurplus: true },
          },
        },
      });
      const line = (id: string) => page.locator(`tr[data-evse="${id}/1"] .wish`);
      expect(await shown(line('bay-01'))).toBe(
        `Leaves today 09:20 · 12.4 of 30 kWh · needs 12.8 A from now on · ${hostile}`,
      );
      expect(await line('bay-01').getAttribute('class')).toBe('wish quiet');
      expect(await shown(line('bay-02'))).toBe(
        `Leaves today 09:20 · 12.4 of 17 kWh · needs 10 A from now on, is given 8 A: falls behind · ${hostile}`,
      );
      expect(await line('bay-02').getAttribute('class')).toBe('wish warn');
      expect(await shown(line('bay-06'))).toBe('For the next car · from surplus only');
      expect(await page.locator('.wish').count()).toBe(3);
      expect(await page.locator('img').count()).toBe(0);
      expect(await overflow(page)).toBe(0);
      await page.screenshot({ path: join(screenshots, `console-wishes-${name}.png`), fullPage: true });
      expect(complaints).toEqual([]);
    },
  );

  test('the bars are the numbers: each segment is as long as its amperes', async () => {
    const { page } = await openPage();
    const part = async (kind: string, circuitId = 'main', phase = 'L1') => {
      const bar = page.locator(`[data-circuit="${circuitId}"] > .circuit tr[data-phase="${phase}"] .bar`);
      const [whole, segment] = [await bar.boundingBox(), await bar.locator(`.${kind}`).boundingBox()];
      return { from: (segment!.x - whole!.x) / whole!.width, share: segment!.width / whole!.width };
    };
    const near = (value: number) => expect.closeTo(value, 1.9);
    const at63 = async (kind: string) => {
      const { from, share: length } = await part(kind);
      return [from * 63, length * 63];
    };
    expect(await at63('base')).toEqual([near(0), near(12)]);
    expect(await at63('reserved')).toEqual([near(12), near(38)]);
    expect(await at63('margin')).toEqual([near(60), near(3)]);
    // The rating is 32 A, a cap leaves 24 A of it: the rest is closed, and what exceeds 22 A is drawn as overload.
    expect((await part('closed', 'b')).from).toBeCloseTo(24 / 32, 1);
    const over = await part('over', 'b');
    expect([over.from, over.from + over.share].map((value) => value * 32)).toEqual([near(22), near(29)]);
    expect(await page.locator('[data-circuit="a"] .bar .over').count()).toBe(0);
  });

  test('follows every cycle, and says cautious and failsafe in words', async () => {
    const { page, server } = await openPage();
    const notice = { severity: 'warning', code: 'METER_STALE', text: `Main meter is late. ${hostile}` } as const;
    const alarm = {
      severity: 'alarm',
      code: 'CIRCUIT_OVERLOAD',
      text: 'Sub-board B, L1 may be overloaded by 7 A.',
    } as const;
    server.publish(busyCycle(601, { mode: 'cautious', notices: [notice, alarm] }));
    await page.getByRole('status', { name: 'Overall state: Cautious' }).waitFor();
    expect(await page.locator('.notices li').allInnerTexts()).toEqual([
      expect.stringContaining('Alarm'),
      expect.stringContaining(hostile),
    ]);
    await page.screenshot({ path: join(screenshots, 'console-cautious.png'), fullPage: true });
    server.publish(busyCycle(602, { mode: 'failsafe' }));
    await page.getByRole('status', { name: 'Overall state: Failsafe' }).waitFor();
    expect(await shown(page.locator('.top'))).toContain('cycle 602');
  });

  test('sets a limit after a look at the old and the new value, by keyboard alone', async () => {
    const { page, server, asked } = await openPage();
    await page.getByLabel('Limit, A per phase').focus();
    await page.keyboard.type('40,5');
    await page.keyboard.press('Tab');
    await page.keyboard.type('90');
    await page.keyboard.press('Tab');
    await page.keyboard.type('transformer work');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Set the site limit?' });
    await dialog.waitFor();
    expect(await shown(dialog)).toMatch(
      /Main board[\s\S]*63 A by the fuse[\s\S]*40\.5 A per phase[\s\S]*for 90 minutes/,
    );
    expect(asked).toEqual([]);
    await page.screenshot({ path: join(screenshots, 'console-confirm.png') });
    expect(await shown(page.locator(':focus'))).toBe('Cancel');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('Limit 40.5 A accepted').waitFor();
    expect(asked).toEqual([
      {
        kind: 'set-circuit-limit',
        circuit: 'main',
        limitAmps: 40.5,
        untilMs: T0 + 90 * 60_000,
        who: 'this machine',
        note: 'transformer work',
      },
    ]);
    expect(await dialog.count()).toBe(0);

    const cap: Cap = {
      id: 'manager-main',
      source: { kind: 'facility-manager' },
      scope: { kind: 'circuit', circuit: 'main' },
      limitAmps: { L1: 40.5, L2: 40.5, L3: 40.5 },
      until: T0 + 90 * 60_000,
      note: 'transformer work',
    };
    const source = { kind: 'facility-manager' as const };
    const limited = phaseReport({
      limitAmps: 40.5,
      limitSource: source,
      baseLoadAmps: 12,
      exposureAmps: 20,
      meteredAmps: 33,
    });
    server.publish(
      busyCycle(
        601,
        { circuits: [{ circuit: 'main', baseLoadFrom: 'meter', phases: { L1: limited, L2: limited, L3: limited } }] },
        [cap],
      ),
    );
    // 06:00 UTC and 90 minutes, told in the time of the site.
    await page.getByText('40.5 A per phase until Mon 08:30, by the facility manager: transformer work').waitFor();
    await page.getByRole('button', { name: 'Clear limit' }).click();
    const clear = page.getByRole('dialog', { name: 'Clear the site limit?' });
    expect(await shown(clear)).toContain('40.5 A by the facility manager');
    await clear.getByRole('button', { name: 'Clear limit' }).click();
    await page.getByText('Limit cleared').waitFor();
    expect(asked.at(-1)).toEqual({ kind: 'clear-circuit-limit', circuit: 'main', who: 'this machine' });
  });

  test('a wrong number is told beside its field, Escape sends nothing, a refusal is told in its words', async () => {
    const { page, asked } = await openPage({
      answer: { ok: false, code: 'CAPS_NOT_SAVED', text: 'The disk is full.' },
    });
    const field = page.getByLabel('Limit, A per phase');
    for (const text of ['', 'forty', '-1', '64', '1e9']) {
      await field.fill(text);
      await page.getByRole('button', { name: 'Review' }).click();
      await page.getByText('Give a number from 0 to 63').waitFor();
      expect(await field.getAttribute('aria-invalid')).toBe('true');
      expect(await page.getByRole('dialog').count()).toBe(0);
    }
    await field.fill('20');
    await page.getByRole('button', { name: 'Review' }).click();
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(asked).toEqual([]);
    await page.getByRole('button', { name: 'Review' }).click();
    await page.getByRole('button', { name: 'Set 20 A' }).click();
    await page.getByRole('alert').getByText('The disk is full.').waitFor();
    expect(asked).toHaveLength(1);
  });

  test('when the controller falls silent or the connection breaks, old numbers are grey and a banner says so', async () => {
    const { page, server } = await openPage({ holdsTime: true });
    expect(await page.getByRole('alert').count()).toBe(0);
    const banner = page.getByRole('alert');
    await page.clock.runFor(4_500);
    expect(await banner.count()).toBe(0);
    await page.clock.runFor(1_500);
    await banner.getByText('The controller makes no cycles.').waitFor();
    expect(await page.locator('main').getAttribute('data-stale')).toBe('yes');
    server.publish(busyCycle(601));
    await banner.waitFor({ state: 'detached' });
    expect(await page.locator('main').getAttribute('data-stale')).toBe('no');
    await server.stop();
    await banner.getByText('Connection lost.').waitFor();
    expect(await page.locator('main').getAttribute('data-stale')).toBe('no');
    await page.clock.runFor(6_000);
    expect(await shown(page.getByRole('status', { name: 'Overall state: Unknown' }))).toContain('last known: Normal');
    expect(await page.locator('main').getAttribute('data-stale')).toBe('yes');
    await page.screenshot({ path: join(screenshots, 'console-lost.png') });
  });

  /** A cycle in which contact Door has stopped everybody. */
  function stoppedCycle(cycle: number, door: Partial<ContactState>, part: Partial<Cap> = {}) {
    const stop = { ...emergencyStop('contact Door', T0 + 60_000), ...part };
    const record = busyCycle(cycle, {}, [stop]);
    const { now } = record.snapshot;
    const common = { since: now - 60_000, isSeenActive: false, readAt: now, activations: 1 };
    const contacts: readonly ContactState[] = [
      { ...common, id: 'door', name: 'Door', state: 'released', emergencyStop: true, ...door },
      { ...common, id: 'dim', name: hostile, state: 'unknown', trouble: 'no whole answer within 300 ms' },
    ];
    return { ...record, snapshot: { ...record.snapshot, contacts } };
  }

  test('an emergency stop is a banner with who and since when; it is cleared with a name and a reason, once it is released', async () => {
    const { page, server, asked, complaints } = await openPage();
    const press = page.getByRole('button', { name: 'Emergency stop', exact: true });
    await press.waitFor();
    expect(await page.getByRole('alert', { name: 'Emergency stop' }).count()).toBe(0);
    expect(await page.getByRole('heading', { name: 'Contacts' }).count()).toBe(0);

    server.publish(stoppedCycle(601, { state: 'active', isSeenActive: true }));
    const banner = page.getByRole('alert', { name: 'Emergency stop' });
    expect(await shown(banner)).toMatch(
      /^Emergency stop by contact Door since Mon 07:01\. Every charger is told 0 A\. It cannot be cleared yet: contact Door is active\.\s+Clear emergency stop$/,
    );
    expect(await banner.getByRole('button').isDisabled()).toBe(true);
    expect(await press.count()).toBe(0);
    await page.getByRole('status', { name: 'Overall state: Stopped' }).waitFor();
    expect(await page.locator('.contacts li').allInnerTexts()).toEqual([
      expect.stringMatching(/^Door \(emergency stop\)\s+Active since Mon 07:09$/),
      expect.stringContaining('Not read, counts as active since Mon 07:09: no whole answer within 300 ms'),
    ]);
    await page.screenshot({ path: join(screenshots, 'console-emergency-stop.png') });

    server.publish(stoppedCycle(602, {}));
    await banner.getByText('It stays until it is cleared here.').waitFor();
    await banner.getByRole('button', { name: 'Clear emergency stop' }).click();
    const dialog = page.getByRole('dialog', { name: 'Clear the emergency stop?' });
    const clear = dialog.getByRole('button', { name: 'Clear emergency stop' });
    await clear.click();
    await dialog.getByText('Give your name.').waitFor();
    await dialog.getByLabel('Your name').fill('Anna');
    await clear.click();
    await dialog.getByText('Say why it may go on.').waitFor();
    expect(asked).toEqual([]);
    await dialog.getByLabel('Reason').fill('looked at it');
    await page.screenshot({ path: join(screenshots, 'console-clear-stop.png') });
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    expect(asked).toEqual([{ kind: 'clear-emergency-stop', who: 'Anna (this machine)', note: 'looked at it' }]);
    server.publish(busyCycle(603));
    await banner.waitFor({ state: 'detached' });
    expect(complaints).toEqual([]);
  });

  test('an emergency stop is pressed after one question, without a name where there is no time for one', async () => {
    const { page, asked } = await openPage();
    await page.getByRole('button', { name: 'Emergency stop', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Stop all charging?' });
    await dialog.waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(asked).toEqual([]);
    await page.getByRole('button', { name: 'Emergency stop', exact: true }).click();
    await dialog.getByRole('button', { name: 'Stop all charging' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(asked).toEqual([{ kind: 'press-emergency-stop', who: 'this machine' }]);
  });

  test('a refusal to clear stays in the dialog, in its words; a stop of a silent contact has nothing to clear', async () => {
    const { page, server } = await openPage({
      answer: { ok: false, code: 'EMERGENCY_STOP_HELD', text: 'The emergency stop is held: contact Door is active.' },
    });
    server.publish(stoppedCycle(601, {}));
    await page.getByRole('button', { name: 'Clear emergency stop' }).click();
    const dialog = page.getByRole('dialog', { name: 'Clear the emergency stop?' });
    await dialog.getByLabel('Your name').fill('Anna');
    await dialog.getByLabel('Reason').fill('x');
    await dialog.getByRole('button', { name: 'Clear emergency stop' }).click();
    await dialog.getByText('The emergency stop is held: contact Door is active.').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    server.publish(stoppedCycle(602, { state: 'unknown' }, { id: 'contact:door', note: 'cannot be read' }));
    const banner = page.getByRole('alert', { name: 'Emergency stop' });
    await banner.getByText('cannot be read').first().waitFor();
    expect(await banner.getByRole('button').count()).toBe(0);
  });

  test.each([
    ['desk', 1280, false],
    ['phone', 390, true],
  ] as const)('with an emergency stop it fits a %s without a sideways scroll', async (name, width, dark) => {
    const { page, server } = await openPage({ width, dark });
    server.publish(stoppedCycle(601, { name: 'D'.repeat(120), state: 'active' }, { note: 'x'.repeat(200) }));
    await page.getByRole('alert', { name: 'Emergency stop' }).waitFor();
    expect(await overflow(page)).toBe(0);
    await page.screenshot({ path: join(screenshots, `console-stop-${name}.png`), fullPage: true });
  });

  test.each([
    ['desk-light', 1280, 800, false],
    ['desk-dark', 1280, 800, true],
    ['phone-light', 390, 844, false],
    ['phone-dark', 390, 844, true],
  ] as const)('fits %s without a sideways scroll', async (name, width, height, dark) => {
    const { page, server } = await openPage({ width, height, dark });
    const cap: Cap = {
      id: 'm',
      source: { kind: 'facility-manager' },
      scope: { kind: 'circuit', circuit: 'main' },
      limitAmps: { L1: 63, L2: 63, L3: 63 },
      note: 'x'.repeat(120),
    };
    const notices = [
      { severity: 'info', code: 'UPSTREAM_DOWN', text: 'The back office is not reached; everything is kept.' },
    ] as const;
    server.publish(busyCycle(601, { notices }, name === 'phone-dark' ? [cap] : []));
    await page.locator('.notices li').waitFor();
    expect(await overflow(page)).toBe(0);
    await page.screenshot({ path: join(screenshots, `console-${name}.png`), fullPage: true });
  });
});
