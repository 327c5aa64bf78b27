// `busbar allocate` as a person and a program call it: what each field of a situation does to the decision.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MAX_INPUT_CHARS, runAllocateVerb } from '../../src/wiring/allocate-verb.ts';
import { rememberingIo, repositoryRoot } from '../config/support.ts';
import { buildSite, genericAc } from '../support/site-builder.ts';
import { allocateOn, site } from './situation-site.ts';

type Share = { evse: string; targetAmps: number; why: string; remedy?: string; reason: { kind: string } };
type Answer = { shares: Share[]; commands: { evse: string; change: string }[]; stops: object[]; mode: string };

function answer(situation: unknown): Answer {
  const { code, out, err } = allocateOn(site, situation);
  expect(err).toEqual([]);
  expect(code).toBe(0);
  return JSON.parse(out) as Answer;
}

const meters = { main: { currentAmps: 10 } };
const car = { car: true };
const target = (situation: object, id = 'A/1') =>
  answer({ meters, ...situation }).shares.find((share) => share.evse === id)!;

describe('every field of a situation reaches the decision', () => {
  test.each<[string, object, number | [string, number], RegExp | undefined]>([
    ['a car alone takes what its charger gives', { evses: { 'A/1': car } }, 32, /^the charger gives at most 32 A$/],
    ['a meter by phase', { meters: { main: { currentAmps: [10, 50, 30] } }, evses: { 'A/1': car } }, 7, /L2 is full/],
    [
      'a meter by names of phases',
      { meters: { main: { currentAmps: { L1: 51, L2: 0, L3: 0 } } }, evses: { 'A/1': car } },
      6,
      /L1 is full/,
    ],
    [
      'a meter that is not given is lost',
      { meters: {}, evses: { 'A/1': { ...car, offeredAmps: 17 } } },
      17,
      /its meter is lost/,
    ],
    ['nothing rises without a meter', { meters: {}, evses: { 'A/1': car } }, 17, /waits for a fresh meter reading/],
    [
      'an old reading',
      { meters: { main: { currentAmps: 10, ageMs: 60_000 } }, evses: { 'A/1': { ...car, offeredAmps: 17 } } },
      17,
      /lost/,
    ],
    [
      'what the car draws is no base load',
      { meters: { main: { currentAmps: 50 } }, evses: { 'A/1': { ...car, offeredAmps: 20, drawnAmps: 20 } } },
      27,
      /full/,
    ],
    [
      'drawn by phase',
      { meters: { main: { currentAmps: 50 } }, evses: { 'A/1': { ...car, offeredAmps: 20, drawnAmps: [20, 20, 10] } } },
      17,
      /L3 is full/,
    ],
    [
      'an old sample says nothing',
      {
        meters: { main: { currentAmps: 50 } },
        evses: { 'A/1': { ...car, offeredAmps: 20, drawnAmps: 20, drawnSecondsAgo: 900 } },
      },
      7,
      /full/,
    ],
    [
      'the phases of a car',
      { meters: { main: { currentAmps: [10, 60, 10] } }, evses: { 'A/1': { ...car, phases: ['L1'] } } },
      32,
      undefined,
    ],
    [
      'what a car takes',
      { evses: { 'A/1': { ...car, offeredAmps: 20, drawnAmps: 9, takesAmps: 11 } } },
      11,
      /^the car takes at most 11 A$/,
    ],
    [
      'a car that is full',
      { evses: { 'A/1': { ...car, status: 'SuspendedEV', offeredAmps: 20 } } },
      6,
      /the car takes/,
    ],
    [
      'a car that has just paused itself',
      { evses: { 'A/1': { ...car, status: 'SuspendedEV', statusMinutes: 0.5, offeredAmps: 20 } } },
      32,
      undefined,
    ],
    [
      'a rest after charging',
      { evses: { 'A/1': { ...car, offeredAmps: 0, pausedMinutes: 2 } } },
      0,
      /rests after charging; due again in 3 min/,
    ],
    ['a car without a transaction', { evses: { 'A/1': { status: 'EVConnected' } } }, 6, /no transaction is running/],
    ['a fault', { evses: { 'A/1': { status: 'Faulted' } } }, 6, /reports a fault/],
    [
      'a station that is gone',
      { evses: { 'A/1': { ...car, connected: false, offeredAmps: 20 } } },
      20,
      /unreachable: 20 A/,
    ],
    ['a station that never came', { evses: { 'A/1': { connected: 'never' } } }, 32, /unreachable: 32 A/],
    [
      'a floor that is not confirmed',
      { evses: { 'A/1': { ...car, floor: 'not-confirmed' } } },
      32,
      /floor not confirmed yet: 32 A/,
    ],
    ['a floor on its way', { evses: { 'A/1': { ...car, floor: 'sent' } } }, 32, /floor not confirmed/],
    ['disobedience', { evses: { 'A/1': { ...car, disobedientMinutes: 1 } } }, 32, /draws more than it was told/],
    [
      'a failed command',
      { evses: { 'A/1': { ...car, offeredAmps: 10, failedCommands: 3 } } },
      32,
      /waits for the charger's answer/,
    ],
    [
      'an offer of a moment ago',
      { evses: { 'A/1': { ...car, offeredAmps: 10, offeredSecondsAgo: 2 } } },
      32,
      /free capacity has lasted/,
    ],
    [
      'an offer without an answer',
      { evses: { 'A/1': { ...car, offeredAmps: 10, acknowledgedAmps: 20 } } },
      32,
      /waits for the charger's answer/,
    ],
    ["upstream's limit", { evses: { 'A/1': { ...car, upstreamLimitAmps: 9 } } }, 9, /back office/],
    [
      "upstream's limit on a station",
      { evses: { 'B/1': car, 'B/2': car }, stations: { B: { upstreamLimitAmps: 20 } } },
      ['B/1', 10],
      /for its whole station by the operator's back office/,
    ],
    [
      'a cap on a circuit',
      { evses: { 'A/1': car }, limits: [{ circuit: 'main', limitAmps: [30, 40, 40] }] },
      14,
      /30 A by the facility manager/,
    ],
    [
      'a cap in watts',
      {
        evses: { 'A/1': car },
        limits: [
          {
            circuit: 'main',
            limitWatts: 20_700,
            author: 'utility',
            authorId: 'evt-7',
            note: 'peak',
            endsInMinutes: 90,
          },
        ],
      },
      14,
      /20\.7 kW by the utility, evt-7 \(peak\)/,
    ],
    [
      'a cap in volt-amperes',
      { evses: { 'A/1': car }, limits: [{ circuit: 'main', limitVoltAmperes: 20_700 }] },
      14,
      /20\.7 kVA/,
    ],
    [
      'a cap on a group',
      { evses: { 'A/1': car, 'B/1': car }, limits: [{ group: 'tenant', limitWatts: 13_800, author: 'permit' }] },
      10,
      /tenant has used up its limit \(13\.8 kW by the permit\)/,
    ],
    [
      'a cap on a group beside the surplus',
      {
        meters: { main: { currentAmps: -10, powerWatts: -6_900 } },
        evses: { 'A/1': car },
        limits: [
          { group: 'tenant', limitWatts: 4_140, netOfSurplus: true },
          { evse: 'B/1', limitAmps: 0 },
        ],
      },
      10,
      /tenant/,
    ],
    [
      'a cap on an EVSE',
      { evses: { 'A/1': car }, limits: [{ evse: 'A/1', limitAmps: 12, author: 'cable' }] },
      12,
      /^at most 12 A by the cable$/,
    ],
    [
      'a cap that has not begun',
      { evses: { 'A/1': car }, limits: [{ evse: 'A/1', limitAmps: 0, startsInMinutes: 5 }] },
      32,
      undefined,
    ],
    [
      'a cap that ends',
      {
        evses: { 'A/1': car },
        limits: [{ evse: 'A/1', limitAmps: 0, author: 'user', authorId: 'Kim', endsInMinutes: 5 }],
      },
      0,
      /the driver, Kim; due again in 5 min/,
    ],
    [
      'a priority',
      { meters: { main: { currentAmps: 33 } }, evses: { 'A/1': { ...car, wish: { priority: 5 } }, 'B/1': car } },
      24,
      undefined,
    ],
    [
      'a deadline',
      {
        meters: { main: { currentAmps: 33 } },
        evses: {
          'A/1': {
            ...car,
            energyKilowattHours: 1,
            wish: { energyKilowattHours: 10, departureInMinutes: 60, author: 'facility-manager' },
          },
          'B/1': car,
        },
      },
      expect.closeTo(15.7, 0) as unknown as number,
      undefined,
    ],
    [
      'surplus alone, by the sign of the current',
      {
        meters: { main: { currentAmps: -10 } },
        evses: { 'A/1': { ...car, wish: { onlySurplus: true } }, 'B/1': { connected: true } },
        limits: [{ evse: 'B/1', limitAmps: 0 }],
      },
      10,
      /surplus/,
    ],
    [
      'surplus that the last cycle did not believe yet',
      {
        meters: { main: { currentAmps: -30 } },
        evses: { 'A/1': { ...car, wish: { onlySurplus: true } } },
        believedSurplusWatts: 1_000,
      },
      0,
      /of surplus, 1 kW is left/,
    ],
    [
      'a base load that was higher a moment ago',
      { circuits: { main: { believedBaseLoadAmps: 50 } }, evses: { 'A/1': car } },
      7,
      /main board, L1 is full/,
    ],
  ])('%s', (_story, situation, expected, why) => {
    const [id, amps] = Array.isArray(expected) ? expected : ['A/1', expected];
    const share = target(situation, id);
    expect(share.targetAmps).toEqual(typeof amps === 'number' ? expect.closeTo(amps, 5) : amps);
    if (why) expect(share.why).toMatch(why);
  });

  test('whose turn it is: the one that has been on for long gives way, unless a place changed hands a moment ago', () => {
    const two = {
      evses: {
        'A/1': { ...car, offeredAmps: 10, drawnAmps: 10, onMinutes: 20 },
        'B/1': { ...car, offeredAmps: 0, waitingMinutes: 25 },
      },
      meters: { main: { currentAmps: 63 } },
      limits: [{ group: 'tenant', limitAmps: 10 }],
    };
    const targets = (more: object) =>
      answer({ ...two, ...more })
        .shares.slice(0, 2)
        .map((share) => share.targetAmps);
    expect(targets({})).toEqual([0, 10]);
    expect(targets({ lastTurnMinutesAgo: 0.5 })).toEqual([10, 0]);
  });

  test('a car that has not woken after three attempts is told to a person', () => {
    const asleep = { ...car, offeredAmps: 10, drawnAmps: 0, onMinutes: 30, wakeAttempts: 3 };
    const { out } = allocateOn(site, { meters, evses: { 'A/1': asleep } }, false);
    expect(out).toMatch(/does not begin again after a pause/);
  });

  test('a transaction that goes on disobeying is stopped, and the table says so', () => {
    const situation = { meters, evses: { 'A/1': { ...car, disobedientMinutes: 10 } } };
    expect(answer(situation).stops).toHaveLength(1);
    expect(allocateOn(site, situation, false).out).toMatch(/A\/1 .* stop the transaction/);
  });

  test('meters in trouble are told with their trouble', () => {
    const { out } = allocateOn(site, { meters: { main: { currentAmps: 10, ageMs: 9_000, trouble: 'frozen' } } }, false);
    expect(out).toMatch(/Main meter is lost: its last good reading is 9 s old \(frozen: /);
  });

  test('each share says in words what would have to change, in the table beneath its reason', () => {
    const situation = { meters: { main: { currentAmps: 40 } }, evses: { 'A/1': car, 'B/2': car } };
    const share = target(situation);
    expect(share.remedy).toMatch(/^more when other loads or chargers on main board, L\d draw less; it could take/);
    expect(target(situation, 'B/1')).not.toHaveProperty('remedy');
    const lines = allocateOn(site, situation, false).out.split('\n');
    const row = lines.findIndex((line) => line.startsWith('A/1'));
    expect(lines[row]).toContain(share.why);
    expect(lines[row + 1]!.trim()).toBe(`→ ${share.remedy}`);
  });

  test('the same situation gives the same bytes', () => {
    const situation = { meters, evses: { 'A/1': car, 'B/2': { ...car, pausedMinutes: 1 } } };
    expect(allocateOn(site, situation).out).toBe(allocateOn(site, situation).out);
  });
});

test('a charger whose memory has no write to spare waits with its rise', () => {
  const thrifty = buildSite({ profile: { ...genericAc, writesPerDay: 10_000 } });
  const rise = (more: object) =>
    allocateOn(thrifty, { meters, evses: { 'A/1': { ...car, offeredAmps: 10, ...more } } }, false).out;
  expect(rise({})).toMatch(/A\/1 .* increase 32\.0 A/);
  expect(rise({ writesLeft: 5 })).toMatch(/takes only so many writes a day/);
});

describe('the verb', () => {
  const file = join(repositoryRoot, 'site-config', 'demo.json');
  async function* chunks(...texts: string[]) {
    yield* texts;
  }

  test('reads a situation in pieces', async () => {
    const io = rememberingIo();
    const input = chunks('{"evses": {"CP0', '1/1": {"car": true}}}');
    expect(await runAllocateVerb({ site: file, json: false, schema: false }, input, io)).toBe(0);
    expect(io.outLines.join('\n')).toMatch(/CP01\/1 /);
  });

  test('refuses what is longer than it reads, and does not read on', async () => {
    const io = rememberingIo();
    let given = 0;
    async function* endless() {
      for (;;) {
        given += 1;
        yield ' '.repeat(MAX_INPUT_CHARS / 4);
      }
    }
    expect(await runAllocateVerb({ site: file, json: false, schema: false }, endless(), io)).toBe(1);
    expect(given).toBe(5);
    expect(io.errLines).toEqual([
      `standard input: got more than ${MAX_INPUT_CHARS} characters, expected one situation in JSON`,
    ]);
  });

  test('without a site is wrong usage; a missing site file is a fault', async () => {
    const io = rememberingIo();
    expect(await runAllocateVerb({ json: false, schema: false }, chunks(), io)).toBe(2);
    expect(await runAllocateVerb({ site: 'nowhere.json', json: false, schema: false }, chunks(), io)).toBe(1);
    expect(io.errLines[0]).toMatch(/--site: got nothing, expected a site file/);
    expect(io.errLines[1]).toMatch(/nowhere\.json/);
  });
});
