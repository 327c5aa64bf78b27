// The floor proof in tables of numbers, and as a law over generated sites.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gridAmpsOfKilowatts } from '../../src/config/assemble-site.ts';
import { type FloorRow, isProved, proveFloors, silentAmps } from '../../src/config/floor-proof.ts';
import { PHASES, type Phase } from '../../src/core/model/units.ts';
import { buildSite, circuit, evse, genericAc } from '../support/site-builder.ts';
import { check, faultLines, goodSite, type RawSite, rawSite } from './support.ts';

const floorsOf = (rows: readonly FloorRow[], id: string) =>
  rows.flatMap((row) => (row.kind === 'phase' && row.circuit === id ? [row.floorsAmps] : []));
const spareOf = (rows: readonly FloorRow[], id: string) =>
  rows.flatMap((row) => (row.kind === 'phase' && row.circuit === id ? [row.spareAmps] : []));

describe('floors by phase', () => {
  // phases of the EVSEs, each with a floor of 6 A → floors on L1, L2, L3
  const table: readonly [string, readonly (readonly Phase[])[], readonly number[]][] = [
    ['three phases, straight', [['L1', 'L2', 'L3']], [6, 6, 6]],
    ['three phases, rotated: the sum is the same', [['L2', 'L3', 'L1']], [6, 6, 6]],
    ['one phase', [['L1']], [6, 0, 0]],
    ['one phase behind a rotation', [['L3']], [0, 0, 6]],
    ['two phases behind a rotation', [['L2', 'L3']], [0, 6, 6]],
    ['all single-phase on one', [['L2'], ['L2'], ['L2']], [0, 18, 0]],
    ['single-phase, spread', [['L1'], ['L2'], ['L3']], [6, 6, 6]],
    ['mixed', [['L3', 'L1', 'L2'], ['L3'], ['L1', 'L2']], [12, 12, 12]],
  ];
  test.each(table)('%s', (_, wirings, expected) => {
    const evses = wirings.map((phases, at) => evse({ station: `S${at}`, phases }));
    expect(floorsOf(proveFloors(buildSite({ evses })), 'main')).toEqual(expected);
  });

  test('what stands below a sub-board counts on every circuit above, base loads do not add up', () => {
    const rows = proveFloors(
      buildSite({
        circuits: [
          circuit({ id: 'main' }),
          circuit({ id: 'sub', parent: 'main', worstBaseLoadAmps: { L1: 5, L2: 0, L3: 0 } }),
          circuit({ id: 'deep', parent: 'sub', worstBaseLoadAmps: { L1: 4, L2: 0, L3: 0 } }),
        ],
        evses: [
          evse({ station: 'A', circuit: 'deep', phases: ['L1'] }),
          evse({ station: 'B', circuit: 'sub', phases: ['L2'] }),
          evse({ station: 'C', floorAmps: 8 }),
        ],
      }),
    );
    expect(floorsOf(rows, 'deep')).toEqual([6, 0, 0]);
    expect(floorsOf(rows, 'sub')).toEqual([6, 6, 0]);
    expect(floorsOf(rows, 'main')).toEqual([14, 14, 8]);
    expect(spareOf(rows, 'main')).toEqual([63 - 20 - 14, 63 - 20 - 14, 63 - 20 - 8]);
    expect(spareOf(rows, 'deep')).toEqual([63 - 4 - 6, 63, 63]);
  });

  test('a charger that is not proved to hold its floor counts at its hardware maximum', () => {
    const site = buildSite({ profile: { ...genericAc, holdsFloor: false } });
    expect(floorsOf(proveFloors(site), 'main')).toEqual([96, 96, 96]);
    expect(proveFloors(site).some(isProved)).toBe(false);
  });

  test('a power limit counts AC at the highest voltage and DC at its own kilowatts', () => {
    const supply = { efficiency: 1, phaseCount: 3, nominalVolts: 230, stepAmps: 0.1 };
    const floorAmps = gridAmpsOfKilowatts(10, supply);
    const rows = proveFloors(
      buildSite({
        circuits: [circuit({ id: 'main', limitWatts: 50_000, worstBaseLoadAmps: { L1: 10, L2: 0, L3: 0 } })],
        evses: [evse({ station: 'A' }), evse({ station: 'B', supply: 'dc', floorAmps, maxAmps: 60 })],
      }),
    );
    const power = rows.find((row) => row.kind === 'power')!;
    expect(power.worstBaseLoadWatts).toBeCloseTo(10 * 253, 6);
    const acWatts = 6 * 3 * 253;
    expect(power.floorsWatts - acWatts).toBeGreaterThanOrEqual(10_000);
    expect(power.floorsWatts - acWatts).toBeLessThan(10_000 + 0.1 * 3 * 207);
  });

  test.each([
    // kW, efficiency, phases, volts → A, rounded up to 0.1
    [40, 0.94, 3, 230, 68.6],
    [22, 1, 3, 230, 35.5],
    [5, 0.94, 3, 230, 8.6],
    [7, 1, 1, 230, 33.9],
    [0, 0.92, 3, 230, 0],
  ])(
    '%f kW at %f on %i phases of %i V are %f A at the grid',
    (kilowatts, efficiency, phaseCount, nominalVolts, amps) => {
      expect(gridAmpsOfKilowatts(kilowatts, { efficiency, phaseCount, nominalVolts, stepAmps: 0.1 })).toBe(amps);
    },
  );
});

describe('a file is refused unless its floors are proved', () => {
  test('the message names circuit, phase, parts and what would be enough', () => {
    const raw = rawSite();
    raw.circuits[1].ratingAmps = { L1: 63, L2: 63, L3: 18.94 };
    expect(faultLines(raw)).toEqual([
      'site.json: circuits[1].ratingAmps: got {"L1":63,"L2":63,"L3":18.94}, expected at least 19 A for "sub" on L3 (L3: floors of 2 EVSEs 12 A + worst base load 5 A + margin 2 A); lower floors or base load, or raise the rating',
    ]);
  });

  test('a model that forgets its profiles is taken at its maximum, a floor proved on site at its floor', () => {
    const raw = rawSite();
    for (const station of raw.stations) station.model = 'abb-terra-ac';
    expect(faultLines(raw).map((line) => line.split(': got')[0])).toEqual([
      'site.json: circuits[0].ratingAmps',
      'site.json: circuits[1].ratingAmps',
    ]);
    for (const station of raw.stations) station.floorProvedOn = '2026-11-20';
    expect(faultLines(raw)).toEqual([]);
  });
});

/** A site whose ratings are whatever its floors, base loads and margins need, and a little more. */
const arbitrarySite = fc
  .record({
    parents: fc.array(fc.nat(), { maxLength: 6 }),
    bases: fc.array(fc.tuple(fc.nat(20), fc.nat(20), fc.nat(20)), { minLength: 7, maxLength: 7 }),
    margins: fc.array(fc.integer({ min: 0, max: 10 }), { minLength: 7, maxLength: 7 }),
    spare: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 7, maxLength: 7 }),
    evses: fc.array(
      fc.record({
        circuit: fc.nat(),
        phases: fc.shuffledSubarray([...PHASES], { minLength: 1 }),
        floorAmps: fc.oneof(
          fc.constant(0),
          fc.integer({ min: 60, max: 160 }).map((tenths) => tenths / 10),
        ),
        holds: fc.boolean(),
      }),
      { minLength: 1, maxLength: 15 },
    ),
  })
  .map(({ parents, bases, margins, spare, evses }) => {
    const parentOf = [undefined, ...parents.map((pick, at) => pick % (at + 1))];
    const count = parentOf.length;
    const needs = parentOf.map(() => [0, 0, 0]);
    const worst = parentOf.map((_, at) => [...bases[at]!]);
    for (const one of evses) {
      for (let at: number | undefined = one.circuit % count; at !== undefined; at = parentOf[at]) {
        for (const phase of one.phases) needs[at]![PHASES.indexOf(phase)]! += one.holds ? one.floorAmps : 16;
      }
    }
    for (let at = count - 1; at > 0; at--) {
      const above = worst[parentOf[at]!]!;
      worst[at]!.forEach((amps, phase) => {
        above[phase] = Math.max(above[phase]!, amps);
      });
    }
    const phaseful = (values: readonly number[]) => ({ L1: values[0]!, L2: values[1]!, L3: values[2]! });
    const raw = rawSite();
    raw.meters = [];
    raw.circuits = parentOf.map((parent, at) => ({
      id: `c${at}`,
      ...(parent === undefined ? {} : { parent: `c${parent}` }),
      ratingAmps: phaseful(needs[at]!.map((amps, phase) => amps + worst[at]![phase]! + margins[at]! + spare[at]!)),
      marginAmps: margins[at]!,
      baseLoad: { worstAmps: phaseful(worst[at]!), allowanceAmps: 0 },
    }));
    raw.stations = evses.map((one, at) => ({
      id: `s${at}`,
      model: one.holds ? 'generic-ac' : 'abb-terra-ac',
      evses: [
        { circuit: `c${one.circuit % count}`, phases: one.phases.join(' '), maxAmps: 16, floorAmps: one.floorAmps },
      ],
    }));
    return { raw: raw as RawSite, needs, worst };
  });

describe('law 2: with every charger silent, every fuse holds', () => {
  test('on every generated site that loads, recomputed from scratch', () => {
    fc.assert(
      fc.property(arbitrarySite, ({ raw }) => {
        const { site } = goodSite(raw);
        const holds = new Map(site.stations.map((station) => [station.id, station.profile.holdsFloor]));
        const parentOf = new Map(site.circuits.map((one) => [one.id, one.parent]));
        for (const one of site.circuits) {
          for (const phase of PHASES) {
            let amps = one.worstBaseLoadAmps[phase];
            for (const evse of site.evses) {
              let above: string | undefined = evse.circuit;
              while (above !== undefined && above !== one.id) above = parentOf.get(above);
              if (above === one.id && evse.phases.includes(phase)) amps += silentAmps(evse, holds.get(evse.station)!);
            }
            expect(amps).toBeLessThanOrEqual(one.ratingAmps[phase] - one.marginAmps[phase] + 1e-6);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  test('and any rating lowered beneath what it needs is refused, at that rating', () => {
    fc.assert(
      fc.property(arbitrarySite, fc.nat(), fc.constantFrom(...PHASES), ({ raw, needs, worst }, pick, phase) => {
        const at = pick % raw.circuits.length;
        const lane = PHASES.indexOf(phase);
        const circuitForm = raw.circuits[at];
        const needed = needs[at]![lane]! + worst[at]![lane]! + circuitForm.marginAmps;
        circuitForm.ratingAmps[phase] = Number(Math.max(needed - 0.1, circuitForm.marginAmps + 0.01).toFixed(6));
        fc.pre(circuitForm.ratingAmps[phase] < needed - 1e-3);
        const loaded = check(raw);
        expect(loaded.ok).toBe(false);
        if (!loaded.ok) expect(loaded.faults.map((fault) => fault.path)).toEqual([`circuits[${at}].ratingAmps`]);
      }),
      { numRuns: 200 },
    );
  });
});
