// Whole sites on the virtual clock: the real controller among simulated stations and faults, watched by every checker.
import { beforeAll, describe, expect, test } from 'vitest';
import { loadChargerProfiles, loadMeterProfiles } from '../../src/config/load-profiles.ts';
import { checkSite } from '../../src/config/load-site.ts';
import { packagedProfilesDir } from '../../src/config/package-root.ts';
import type { Site } from '../../src/core/model/site.ts';
import type { Car } from '../../src/simulator/car.ts';
import type { Happening, Script } from '../../src/simulator/script.ts';
import { RUN_STARTS_AT, writeScript } from '../../src/simulator/write-script.ts';
import { type SimulateOptions, type Stage, setStage, simulate } from '../../src/wiring/simulation/simulate.ts';

const MINUTE = 60_000;

/** A fuse of 40 A, two chargers of 32 A on three phases, a building of at most 5 A. */
function smallSite(change: (raw: { [field: string]: unknown }) => void = () => {}): Site {
  const raw = {
    id: 'small',
    timezone: 'Europe/Berlin',
    circuits: [{ id: 'main', ratingAmps: 40, baseLoad: { worstAmps: 5 }, meter: 'main' }],
    meters: [{ id: 'main', profile: 'eastron-sdm630', host: '192.0.2.10' }],
    stations: ['A', 'B'].map((id) => ({
      id,
      model: 'generic-ac',
      floorProvedOn: '2026-01-15',
      evses: [{ circuit: 'main', phases: 'L1 L2 L3', maxAmps: 32 }],
    })),
  };
  change(raw);
  const models = loadChargerProfiles(packagedProfilesDir());
  if (!models.ok) throw new Error('the charger profiles cannot be read');
  const checked = checkSite(raw, {
    file: 'small',
    models: models.models,
    meterProfiles: loadMeterProfiles(packagedProfilesDir()),
  });
  if (!checked.ok) throw new Error(JSON.stringify(checked.faults));
  return checked.site;
}

const car: Car = { phases: 3, maxAmps: 32, minAmps: 6, batteryWh: 90_000 };
const comes = (evse: string, atMs: number): Happening => ({
  kind: 'car-comes',
  evse,
  car,
  storedWh: 10_000,
  idTag: `card of ${evse}`,
  atMs,
  forMs: 3_600_000,
});

let stage: Stage;
beforeAll(async () => {
  stage = await setStage(smallSite());
});

const scriptOf = (happenings: readonly Happening[], minutes: number): Script => ({
  site: 'small',
  seed: 1,
  hours: minutes / 60,
  faults: 'none',
  baseLoad: { kind: 'flat', part: 0.5 },
  happenings: [...happenings].sort((a, b) => a.atMs - b.atMs),
});

const run = (happenings: readonly Happening[], minutes: number, options: SimulateOptions = {}) =>
  simulate(stage, scriptOf(happenings, minutes), options);

describe('a small site', () => {
  test('two cars share the fuse, and nothing is ever broken', async () => {
    const report = await run([comes('A/1', MINUTE), comes('B/1', 5 * MINUTE)], 15);
    expect(report.violations).toEqual({ count: 0, first: [] });
    expect(report.figures['fuse-law.aboveLimitSeconds']).toBe(0);
    expect(report.counts.commands).toBeGreaterThan(20);
  });

  test.each([
    ['rotated, one transformer turned, all of 40:1', { phases: 'L3 L1 L2', invertPhases: 'L1', factor: 40 }],
    ['all turned, behind voltage transformers', { profile: 'chint-dtsu666', factor: -1, voltageFactor: 2 }],
    ['of halves of powers', { profile: 'kostal-ksem-native', phases: 'L2 L1 L3' }],
    ['a group of inputs', { profile: 'janitza-umg801-group-n', group: 7 }],
  ])('a meter that is %s shows the controller the same connection', async (_, fields) => {
    const wired = await setStage(
      smallSite((raw) => {
        Object.assign((raw as { meters: object[] }).meters[0]!, fields);
      }),
    );
    const onOnePhase = { ...comes('A/1', MINUTE), car: { ...car, phases: 1 } } as Happening;
    const script = scriptOf([onOnePhase, comes('B/1', 4 * MINUTE)], 12);
    const run = async (on: Stage) => {
      const leases: number[] = [];
      const onTraceLine = (line: string) => {
        const amps = / lease \w+ ([\d.]+)$/.exec(line)?.[1];
        if (amps !== undefined) leases.push(Number(amps));
      };
      const { violations } = await simulate(on, script, { onTraceLine });
      return { violations, leases };
    };
    const [plain, seen] = [await run(stage), await run(wired)];
    expect(seen.violations).toEqual({ count: 0, first: [] });
    expect(seen.leases.length).toBeGreaterThan(20);
    // The volts of each phase wander by chance, and a step is 0.1 A.
    expect(Math.abs(seen.leases.at(-1)! - plain.leases.at(-1)!)).toBeLessThanOrEqual(0.2);
    expect(Math.abs(Math.max(...seen.leases) - Math.max(...plain.leases))).toBeLessThanOrEqual(0.2);
  });

  test('contacts are read on the same line as the meter, and being released they keep nobody from charging', async () => {
    const place = { host: '192.0.2.10', unitId: 7, debounceMs: 100 };
    const site = smallSite((raw) => {
      raw.inputs = [
        { ...place, id: 'door', contact: { discreteInput: 3 }, activeWhen: 'open', emergencyStop: true },
        { ...place, id: 'dim', contact: { coil: 5 }, activeWhen: 'closed', limit: { circuit: 'main', limitAmps: 10 } },
      ];
    });
    const seen: string[] = [];
    const script = scriptOf([comes('A/1', MINUTE)], 10);
    const report = await simulate(await setStage(site), script, {
      onLogLine: (_level, event, fields) => {
        if (event.startsWith('contact.')) seen.push(`${event} ${fields.contact} ${fields.to}`);
      },
    });
    expect(seen.sort()).toEqual(['contact.changed dim released', 'contact.changed door released']);
    expect(report.violations).toEqual({ count: 0, first: [] });
    expect(report.counts.deliveredWh).toBeGreaterThan(2_000);
  });

  test('a site whose limit is set from outside is simulated on its failsafe: nobody is there to set it', async () => {
    const capped = smallSite((raw) => {
      raw.modbusServer = { externalCap: { circuit: 'main', failsafeAmps: 22 } };
    });
    const offered = async (site: Site) => {
      const told: number[] = [];
      const onTraceLine = (line: string) => void told.push(Number(/ lease .* (\d+(?:\.\d+)?)$/.exec(line)?.[1] ?? 0));
      const report = await simulate(await setStage(site), scriptOf([comes('A/1', MINUTE)], 6), { onTraceLine });
      expect(report.violations).toEqual({ count: 0, first: [] });
      return Math.max(...told);
    };
    expect(await offered(smallSite())).toBeGreaterThan(20);
    expect(await offered(capped)).toBeLessThanOrEqual(20);
    expect(await offered(capped)).toBeGreaterThan(6);
  });

  test('the same script gives the same trace, another seed another one', async () => {
    const script = writeScript({ site: stage.site, seed: 5, hours: 0.5, faults: 'harsh' });
    const [first, again, other] = [
      await simulate(stage, script, {}),
      await simulate(stage, script, {}),
      await simulate(stage, { ...script, seed: 6 }, {}),
    ];
    expect(again).toEqual(first);
    expect(other.trace).not.toBe(first.trace);
  });

  test('a controller whose disk did not hear of its last limits raises nobody until all have answered', async () => {
    // Both chargers hang on a board without a meter: nothing there tells what flows.
    const onBoard = smallSite((raw) => {
      const { circuits, stations } = raw as { circuits: object[]; stations: { evses: { circuit: string }[] }[] };
      Object.assign(circuits[0]!, { ratingAmps: 100 });
      circuits.push({ id: 'board', parent: 'main', ratingAmps: 40, baseLoad: { worstAmps: 0, allowanceAmps: 0 } });
      for (const { evses } of stations) evses[0]!.circuit = 'board';
    });
    const happenings: readonly Happening[] = [
      { kind: 'disk-errs', fault: 'full', atMs: 55_000, forMs: 3_600_000 },
      comes('A/1', MINUTE),
      { kind: 'controller-dies', how: 'crash', atMs: 4 * MINUTE, forMs: 1_000 },
      comes('B/1', 4 * MINUTE + 3_000),
    ];
    const report = await simulate(await setStage(onBoard), scriptOf(happenings, 8), { bounds: { maxRunMs: 1_000 } });
    expect(report.violations).toEqual({ count: 0, first: [] });
  });

  test('a controller that starts again while cars charge pauses none of them', async () => {
    const told: string[] = [];
    const report = await run(
      [
        comes('A/1', MINUTE),
        comes('B/1', 2 * MINUTE),
        { kind: 'controller-dies', how: 'crash', atMs: 5 * MINUTE, forMs: 1_000 },
      ],
      10,
      { onTraceLine: (line) => void told.push(line) },
    );
    expect(report.violations).toEqual({ count: 0, first: [] });
    const after = told.filter(
      (line) => Number(line.slice(0, 13)) > RUN_STARTS_AT + 5 * MINUTE && line.includes(' lease '),
    );
    expect(after.length).toBeGreaterThan(10);
    expect(after.filter((line) => line.endsWith(' decrease 0'))).toEqual([]);
  });

  test('two meters of one connection: with one of them dead, charging goes on unharmed', async () => {
    const redundant = smallSite((raw) => {
      const one = (id: string, unitId: number) => ({ id, profile: 'eastron-sdm630', host: '192.0.2.10', unitId });
      raw.meters = [{ id: 'main', combine: ['a', 'b'] }, one('a', 1), one('b', 2)];
    });
    const cycles: string[] = [];
    const meterFault: Happening = {
      kind: 'meter-errs',
      meter: 'a',
      fault: 'late',
      atMs: 5 * MINUTE,
      forMs: 5 * MINUTE,
    };
    const report = await simulate(
      await setStage(redundant),
      scriptOf([comes('A/1', MINUTE), comes('B/1', 2 * MINUTE), meterFault], 15),
      { onTraceLine: (line) => void cycles.push(line) },
    );
    expect(report.violations).toEqual({ count: 0, first: [] });
    const told = cycles.filter(
      (line) => Number(line.slice(0, 13)) > RUN_STARTS_AT + 5 * MINUTE && line.includes(' lease '),
    );
    expect(told.length).toBeGreaterThan(10);
    expect(told.filter((line) => line.includes(' decrease '))).toEqual([]);
    const plain = await run([comes('A/1', MINUTE), comes('B/1', 2 * MINUTE), { ...meterFault, meter: 'main' }], 15);
    expect(plain.counts.deliveredWh).toBeLessThan(report.counts.deliveredWh);
  });

  test('a base load that is added up keeps every fuse, whatever breaks', async () => {
    const summed = smallSite((raw) => {
      const { stations } = raw as { stations: { evses: { circuit: string }[] }[] };
      stations[1]!.evses[0]!.circuit = 'board';
      raw.circuits = [
        { id: 'main', ratingAmps: 50, baseLoad: { worstAmps: 9, sum: { meters: ['pump', 'shop'], otherAmps: 1 } } },
        { id: 'board', parent: 'main', ratingAmps: 32, baseLoad: { worstAmps: 2 }, meter: 'board' },
      ];
      const one = (id: string, unitId: number, parts = {}) => ({
        id,
        profile: 'eastron-sdm630',
        host: '192.0.2.10',
        unitId,
        ...parts,
      });
      raw.meters = [
        one('board', 1),
        one('pump', 2, { of: 'load', worstAmps: 4 }),
        one('shop', 3, { of: 'load', worstAmps: 2 }),
      ];
    });
    const happenings: readonly Happening[] = [
      comes('A/1', MINUTE),
      comes('B/1', 2 * MINUTE),
      { kind: 'meter-errs', meter: 'pump', fault: 'dead', atMs: 5 * MINUTE, forMs: 3 * MINUTE },
      { kind: 'meter-errs', meter: 'board', fault: 'late', atMs: 7 * MINUTE, forMs: 3 * MINUTE },
      { kind: 'controller-dies', how: 'crash', atMs: 12 * MINUTE, forMs: 5_000 },
    ];
    const report = await simulate(await setStage(summed), scriptOf(happenings, 16), {});
    expect(report.violations).toEqual({ count: 0, first: [] });
    expect(report.figures['fuse-law.aboveLimitSeconds']).toBe(0);
    expect(report.counts.deliveredWh).toBeGreaterThan(3_000);
  });

  test.each([
    ['pushed', { push: { maxAgeMs: 5_000 } }],
    [
      'over MQTT',
      { mqtt: { url: 'mqtt://192.0.2.1', topic: 'main', maxAgeMs: 5_000, currentAmps: { L1: '', L2: '', L3: '' } } },
    ],
    ["of a station's own", { station: 'A', maxAgeMs: 20_000, phases: 'L2 L3 L1' }],
  ])(
    'a main meter that is %s keeps the fuse, through a lost link of its station and a restart',
    async (_story, source) => {
      const told = smallSite((raw) => {
        raw.meters = [{ id: 'main', ...source }];
        // Stations tell of their connection several seconds late: what rises in between must fit.
        Object.assign((raw.circuits as object[])[0]!, { ratingAmps: 50 });
      });
      const happenings: readonly Happening[] = [
        comes('A/1', MINUTE),
        comes('B/1', 2 * MINUTE),
        { kind: 'link-lost', station: 'A', how: 'closed', atMs: 6 * MINUTE, forMs: 20_000 },
        { kind: 'controller-dies', how: 'crash', atMs: 9 * MINUTE, forMs: 5_000 },
      ];
      const report = await simulate(await setStage(told), scriptOf(happenings, 15), {});
      expect(report.violations).toEqual({ count: 0, first: [] });
      expect(report.figures['fuse-law.aboveLimitSeconds']).toBe(0);
      // With the meter lost for good both would be held at their floors, 6 A.
      expect(report.counts.deliveredWh).toBeGreaterThan(4_500);
    },
  );
});
