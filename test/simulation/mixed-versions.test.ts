// Stations of OCPP 1.6 and 2.0.1 side by side on the virtual clock, under limits by transaction, through reconnects, reboots, wrong clocks and a
// controller that dies: every law holds, whatever the wire.
import { beforeAll, describe, expect, test } from 'vitest';
import { randomSite } from '../../bench/campaign/random-site.ts';
import { loadChargerProfiles, loadMeterProfiles } from '../../src/config/load-profiles.ts';
import { checkSite } from '../../src/config/load-site.ts';
import { packagedProfilesDir } from '../../src/config/package-root.ts';
import type { Site } from '../../src/core/model/site.ts';
import type { Car } from '../../src/simulator/car.ts';
import type { Happening, Script } from '../../src/simulator/script.ts';
import { RUN_STARTS_AT, writeScript } from '../../src/simulator/write-script.ts';
import { type Stage, setStage, simulate } from '../../src/wiring/simulation/simulate.ts';

const MINUTE = 60_000;
const models = loadChargerProfiles(packagedProfilesDir());
if (!models.ok) throw new Error('the charger profiles cannot be read');
const known = { file: 'mixed', models: models.models, meterProfiles: loadMeterProfiles(packagedProfilesDir()) };

function siteOf(raw: unknown): Site {
  const checked = checkSite(raw, known);
  if (!checked.ok) throw new Error(JSON.stringify(checked.faults));
  return checked.site;
}

const station = (id: string, model: string, ocpp: readonly string[]) => ({
  id,
  model,
  ocpp,
  evses: [{ circuit: 'main', phases: 'L1 L2 L3', maxAmps: 32 }],
});

/** A fuse of 40 A; one station of 1.6, one of 2.0.1 with leases by level, two of 2.0.1 with leases by transaction. */
const mixed = siteOf({
  id: 'mixed',
  timezone: 'Europe/Berlin',
  circuits: [{ id: 'main', ratingAmps: 40, baseLoad: { worstAmps: 5 }, meter: 'main' }],
  meters: [{ id: 'main', profile: 'eastron-sdm630', host: '192.0.2.10' }],
  stations: [
    station('A', 'generic-ac', ['1.6']),
    station('B', 'generic-ac', ['2.0.1']),
    station('C', 'generic-ac-201', ['2.0.1']),
    station('D', 'generic-ac-201', ['2.0.1']),
  ],
});

const car: Car = { phases: 3, maxAmps: 32, minAmps: 6, batteryWh: 90_000 };
const comes = (evse: string, atMs: number, forMs = 3_600_000): Happening => ({
  kind: 'car-comes',
  evse,
  car,
  storedWh: 10_000,
  idTag: `card ${evse}`,
  atMs,
  forMs,
});
const all = ['A/1', 'B/1', 'C/1', 'D/1'].map((id, at) => comes(id, (at + 1) * MINUTE));

let stage: Stage;
beforeAll(async () => {
  stage = await setStage(mixed);
});

/** Lines of the trace that say what stations were told. */
async function run(happenings: readonly Happening[], minutes: number) {
  const lines: string[] = [];
  const script: Script = {
    site: 'mixed',
    seed: 1,
    hours: minutes / 60,
    faults: 'none',
    baseLoad: { kind: 'flat', part: 0.5 },
    happenings: [...happenings].sort((a, b) => a.atMs - b.atMs),
  };
  const report = await simulate(stage, script, { onTraceLine: (line) => void lines.push(line) });
  return { report, lines };
}

/** Lease commands to one EVSE, as the trace has them. */
const leasesOf = (lines: readonly string[], evse: string) =>
  lines.filter((line) => line.includes(` ${evse} lease `)).map((line) => line.slice(line.indexOf(' lease ') + 7));

describe('1.6 and 2.0.1 on one fuse', () => {
  test('share it alike, and nothing is ever broken', async () => {
    const { report, lines } = await run(all, 20);
    expect(report.violations).toEqual({ count: 0, first: [] });
    expect(report.counts.deliveredWh).toBeGreaterThan(6_000);
    for (const { id } of mixed.evses) expect([id, leasesOf(lines, id).length > 5]).toEqual([id, true]);
    expect(report.warnings).toEqual({});
  });

  test('drivers change, with a lease by transaction that goes with each', async () => {
    const changing = ['C/1', 'D/1'].flatMap((id) => [1, 5, 9, 13].map((at) => comes(id, at * MINUTE, 3 * MINUTE)));
    const { report } = await run([...all.slice(0, 2), ...changing], 20);
    expect(report.violations).toEqual({ count: 0, first: [] });
    expect(report.figures['floors.longestWithoutFloorSeconds']).toBe(0);
  });

  test('a limit that pauses cars, and drivers who change meanwhile', async () => {
    const limit: Happening = {
      kind: 'limit-set',
      circuit: 'main',
      limitAmps: 20,
      atMs: 6 * MINUTE,
      forMs: 8 * MINUTE,
    };
    const changing = ['C/1', 'D/1'].map((id) => comes(id, 9 * MINUTE));
    const { report } = await run([...all, limit, ...changing], 20);
    expect(report.violations).toEqual({ count: 0, first: [] });
  });

  test.each<[string, readonly Happening[]]>([
    [
      'stations restart',
      ['B', 'C', 'D'].map((id, at) => ({
        kind: 'station-reboots',
        station: id,
        forgets: false,
        atMs: (6 + at) * MINUTE,
      })),
    ],
    [
      'cables are cut, and half of a connection',
      [
        { kind: 'link-lost', station: 'C', how: 'closed', atMs: 6 * MINUTE, forMs: 2 * MINUTE },
        { kind: 'link-lost', station: 'D', how: 'half-open', atMs: 7 * MINUTE, forMs: 2 * MINUTE },
      ],
    ],
    [
      'the controller dies, and its gateway alone',
      [
        { kind: 'controller-dies', how: 'crash', atMs: 6 * MINUTE, forMs: 20_000 },
        { kind: 'gateway-dies', atMs: 10 * MINUTE },
      ],
    ],
    [
      'a power cut and a grid outage',
      [
        { kind: 'power-cut', atMs: 6 * MINUTE, forMs: 30_000 },
        { kind: 'grid-outage', atMs: 10 * MINUTE, forMs: 60_000 },
      ],
    ],
    ["a station's clock is set wrong", [{ kind: 'station-clock', station: 'C', byMs: 4_000, atMs: 6 * MINUTE }]],
    [
      'a silent one, a late one and one that refuses',
      [
        { kind: 'station-errs', station: 'B', manner: 'refuses', atMs: 6 * MINUTE, forMs: 2 * MINUTE },
        { kind: 'station-errs', station: 'C', manner: 'silent', atMs: 6 * MINUTE, forMs: 2 * MINUTE },
        { kind: 'station-errs', station: 'D', manner: 'obeys-late', atMs: 7 * MINUTE, forMs: 2 * MINUTE },
      ],
    ],
  ])('%s', async (_story, happenings) => {
    const { report, lines } = await run([...all, ...happenings], 20);
    expect(report.violations).toEqual({ count: 0, first: [] });
    // All of them are told their limits again after it.
    const late = lines.filter((line) => Number(line.slice(0, 13)) > RUN_STARTS_AT + 17 * MINUTE);
    for (const { id } of mixed.evses) expect([id, leasesOf(late, id).length > 0]).toEqual([id, true]);
  });

  test.each([1, 2, 3])('half an hour of everything at once, seed %d', async (seed) => {
    const script = writeScript({ site: mixed, seed, hours: 0.5, faults: 'harsh' });
    const report = await simulate(stage, script, {});
    expect(report.violations).toEqual({ count: 0, first: [] });
  });
});

/** The random site of a seed with every generic AC charger changed for one of 2.0.1 with leases by transaction. */
function site201(seed: number): Site {
  const file = structuredClone(randomSite(seed).file) as { stations: { model: string }[]; upstream?: unknown };
  delete file.upstream;
  for (const station of file.stations) if (/^generic-[ad]c$/.test(station.model)) station.model += '-201';
  return siteOf(file);
}

test.each([2, 7, 11, 19])('a random site with stations of 2.0.1 among odd ones of 1.6, seed %d', async (seed) => {
  const site = site201(seed);
  expect(site.stations.some(({ ocpp }) => ocpp?.[0] === '2.0.1')).toBe(true);
  const script = writeScript({ site, seed, hours: 0.5, faults: 'harsh' });
  const report = await simulate(await setStage(site), script, {});
  expect(report.violations).toEqual({ count: 0, first: [] });
});
