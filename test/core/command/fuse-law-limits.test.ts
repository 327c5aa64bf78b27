// The last word on limits that are no fuse of one phase: power, groups, whole stations, unbalance. Each holds, and each is broken.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BaseLoad } from '../../../src/core/allocate/base-load.ts';
import { capacityRows, type Limits } from '../../../src/core/allocate/capacity.ts';
import { loadsOf } from '../../../src/core/allocate/rows.ts';
import type { Situation } from '../../../src/core/allocate/situation.ts';
import { planCommands } from '../../../src/core/command/command.ts';
import { breachOfFuseLaw } from '../../../src/core/command/fuse-law.ts';
import { circuitLimits, groupLimits } from '../../../src/core/limits/caps.ts';
import type { Command } from '../../../src/core/model/decision.ts';
import type { Circuit, EvGroup } from '../../../src/core/model/site.ts';
import { onEachPhase, type Phase } from '../../../src/core/model/units.ts';
import { blank, candidateRole, lease, NOW, situation } from '../../support/command-bench.ts';
import { runs } from '../../support/property-runs.ts';
import { buildSite, circuit, evse, rotations } from '../../support/site-builder.ts';

type Part = {
  readonly circuit?: Partial<Circuit>;
  readonly groups?: readonly EvGroup[];
  readonly stationAmps?: number;
  readonly surplusWatts?: number;
  readonly baseAmps?: number;
  /** Of A, B and C, which share the circuit; A and B are on board `east` and of station S. */
  readonly phases?: readonly (readonly Phase[])[];
  readonly exposures?: readonly number[];
  readonly assured?: readonly number[];
  readonly balances?: boolean;
};

function world(part: Part) {
  const { phases = [], exposures = [6, 6, 6], assured = exposures, baseAmps = 0, surplusWatts = 0 } = part;
  const wiring = (at: number) => ({ phases: phases[at] ?? (['L1', 'L2', 'L3'] as const), maxAmps: 80 });
  const site = buildSite({
    circuits: [
      circuit({ id: 'main', ratingAmps: onEachPhase(500), meter: 'main', ...part.circuit }),
      circuit({ id: 'east', ratingAmps: onEachPhase(500), parent: 'main' }),
    ],
    evses: [
      evse({ station: 'S', id: 'A', circuit: 'east', ...wiring(0) }),
      evse({ station: 'S', id: 'B', number: 2, circuit: 'east', ...wiring(1) }),
      evse({ station: 'C', id: 'C', ...wiring(2) }),
    ],
    groups: part.groups ?? [],
    policy: { increase: { dwellMs: 0, deadbandAmps: 0.5, rampAmpsPerSecond: 1_000 } },
  });
  const situations = site.evses.map(
    (_evse, at): Situation =>
      situation(site, at, blank({ changedAt: NOW - 60_000, wantsMoreSince: NOW - 60_000 }), {
        exposureAmps: exposures[at]!,
        assuredAmps: assured[at]!,
        balances: part.balances ?? true,
        role: { ...candidateRole, upper: 80 },
      }),
  );
  const base: BaseLoad = { from: 'meter', amps: onEachPhase(baseAmps) };
  const limits: Limits = {
    circuits: circuitLimits(site, [], NOW),
    baseLoads: new Map([
      ['main', base],
      ['east', { ...base, amps: onEachPhase(0) }],
    ]),
    groups: groupLimits(site, [], NOW),
    stations:
      part.stationAmps === undefined ? [] : [{ station: 'S', amps: part.stationAmps, source: { kind: 'upstream' } }],
    surplusWatts,
  };
  return { site, situations, limits };
}

function breach(part: Part, told: Readonly<Record<string, number>>): string | undefined {
  const { site, situations, limits } = world(part);
  const commands = Object.entries(told).map(
    ([id, limitAmps]) => ({ kind: 'install-profile', evse: id, change: 'increase', limitAmps }) as Command,
  );
  return breachOfFuseLaw(site, limits, situations, commands);
}

test('a car that is lowered in the same cycle balances with what it will have left', () => {
  const part: Part = {
    circuit: { unbalanceAmps: 20 },
    phases: [['L1'], ['L2', 'L3'], ['L1', 'L2', 'L3']],
    exposures: [6, 10, 6],
    assured: [6, 10, 6],
  };
  const { site, situations, limits } = world(part);
  const commands = [
    { kind: 'install-profile', role: 'lease', evse: 'B', change: 'decrease', limitAmps: 7 },
    { kind: 'install-profile', role: 'lease', evse: 'A', change: 'increase', limitAmps: 27.1 },
  ] as Command[];
  expect(breachOfFuseLaw(site, limits, situations, commands)).toBe(
    'main could draw 20.1 A more on L1 than on L2, of 20.0 A',
  );
  const rows = capacityRows(site, limits);
  const told10 = { ...situations[1]!, memory: blank({ leases: [lease(site, 10, 10_000)] }) };
  const plan = planCommands({
    site,
    situations: [situations[0]!, told10, situations[2]!],
    targets: [40, 7, 6],
    rows,
    loads: loadsOf(rows, situations),
    mayRise: [true, true, true],
    now: NOW,
    author: 'box',
    nextCommandNumber: 1,
  });
  expect(plan.commands.map(({ evse: id, change, limitAmps }) => [id, change, limitAmps])).toEqual([
    ['B', 'decrease', 7],
    ['A', 'increase', 27],
  ]);
});

test('a floor that is laid under a balancing car, and its renewal, take nothing from what it balances with', () => {
  const part: Part = {
    circuit: { unbalanceAmps: 20 },
    phases: [['L1'], ['L2', 'L3'], ['L1', 'L2', 'L3']],
    exposures: [6, 10, 6],
    assured: [6, 10, 6],
  };
  const { site, situations, limits } = world(part);
  const increase = { kind: 'install-profile', role: 'lease', evse: 'A', change: 'increase', limitAmps: 30 } as Command;
  const beside = (role: Command['role'], change: Command['change']) =>
    breachOfFuseLaw(site, limits, situations, [{ ...increase, evse: 'B', role, change, limitAmps: 6 }, increase]);
  expect(beside('floor', 'decrease')).toBeUndefined();
  expect(beside('lease', 'renewal')).toBeUndefined();
  expect(beside('lease', 'decrease')).toMatch(/^main could draw 24.0 A more/);

  const rows = capacityRows(site, limits);
  const memory = blank({ leases: [lease(site, 10, 20_000)], floor: { state: 'unproved' } });
  const { commands } = planCommands({
    site,
    situations: [situations[0]!, { ...situations[1]!, memory }, situations[2]!],
    targets: [40, 10, 6],
    rows,
    loads: loadsOf(rows, situations),
    mayRise: [true, true, true],
    now: NOW,
    author: 'box',
    nextCommandNumber: 1,
  });
  expect(commands.map(({ evse: id, role, change, limitAmps }) => [id, role, change, limitAmps])).toEqual([
    ['B', 'floor', 'decrease', 6],
    ['B', 'lease', 'renewal', 10],
    ['A', 'lease', 'increase', 30],
  ]);
});

test('every group is held to its limit, not the first alone', () => {
  const groups = [
    { id: 'wide', name: 'Wide', evses: ['A', 'B'], limitAmps: onEachPhase(99) },
    { id: 'narrow', name: 'Narrow', evses: ['A', 'C'], limitWatts: 20 * 690 },
  ];
  expect(breach({ groups }, { A: 14 })).toBeUndefined();
  expect(breach({ groups }, { A: 14.00003 })).toBeUndefined();
  expect(breach({ groups }, { A: 14.0001 })).toBe('group narrow could draw 13800.1 W of 13800.0 W');
});

const group = (part: Partial<EvGroup>): { readonly groups: readonly EvGroup[] } => ({
  groups: [{ id: 'g', name: 'Tenant', evses: ['A', 'C'], ...part }],
});

type Row = readonly [story: string, part: Part, told: Record<string, number>, breach: string | undefined];

describe('power', () => {
  // 690 W for each ampere on three phases.
  const of = (limitWatts: number, part: Part = {}): Part => ({ ...part, circuit: { limitWatts } });
  test.each<Row>([
    ['filled to the last watt', of(22 * 690), { A: 10 }, undefined],
    ['a ten-thousandth of an ampere more on one phase is rounding', of(22 * 690), { A: 10.00003 }, undefined],
    ['on three it is not', of(22 * 690), { A: 10.0001 }, 'main could carry 15180.1 W of 15180.0 W'],
    ['an ampere more is not', of(22 * 690), { A: 11 }, 'main could carry 15870.0 W of 15180.0 W'],
    [
      'the base load counts on all phases',
      of(22 * 690, { baseAmps: 1 }),
      { A: 10 },
      'main could carry 15870.0 W of 15180.0 W',
    ],
    ['one phase counts once', of(18 * 690, { phases: [['L1']] }), { A: 18 }, undefined],
    ['and not for less', of(18 * 690, { phases: [['L1']] }), { A: 19 }, 'main could carry 12650.0 W of 12420.0 W'],
    [
      'what others may draw counts',
      of(22 * 690, { exposures: [6, 6, 9] }),
      { A: 10 },
      'main could carry 17250.0 W of 15180.0 W',
    ],
    ['a limit that is broken already forbids no decrease', of(690), { A: 6 }, undefined],
    [
      'in apparent power',
      { circuit: { limitVoltAmperes: 22 * 690 } },
      { A: 11 },
      'main could carry 15870.0 VA of 15180.0 VA',
    ],
    ['the board below counts for itself', { circuit: { limitWatts: 1e6 } }, { A: 10 }, undefined],
  ])('%s', (_story, part, told, expected) => {
    expect(breach(part, told)).toBe(expected);
  });

  test('of a board binds those below it and nobody else', () => {
    const { site, situations, limits } = world({});
    const tight = {
      ...limits,
      circuits: new Map([
        ...limits.circuits,
        [
          'east',
          {
            ...limits.circuits.get('east')!,
            power: { watts: 12 * 690, unit: 'W' as const, source: { kind: 'fuse' as const } },
          },
        ],
      ]),
    };
    const told = (id: string) => [{ kind: 'install-profile', evse: id, change: 'increase', limitAmps: 7 } as Command];
    expect(breachOfFuseLaw(site, tight, situations, told('A'))).toBe('east could carry 8970.0 W of 8280.0 W');
    expect(breachOfFuseLaw(site, tight, situations, told('C'))).toBeUndefined();
  });
});

describe('a group', () => {
  test.each<Row>([
    ['filled to the last ampere', group({ limitAmps: onEachPhase(20) }), { A: 14 }, undefined],
    ['a tenth more', group({ limitAmps: onEachPhase(20) }), { A: 14.1 }, 'group g could draw 20.1 A of 20.0 A on L1'],
    ['binds its members alone', group({ limitAmps: onEachPhase(12) }), { B: 30 }, undefined],
    [
      'by phase',
      { ...group({ limitAmps: { L1: 99, L2: 99, L3: 20 } }) },
      { C: 15 },
      'group g could draw 21.0 A of 20.0 A on L3',
    ],
    [
      'a phase that its members do not load',
      { ...group({ limitAmps: { L1: 99, L2: 1, L3: 1 } }), phases: [['L1'], ['L1'], ['L1']] },
      { A: 30 },
      undefined,
    ],
    [
      'and only those who load a full phase',
      { ...group({ limitAmps: { L1: 1, L2: 99, L3: 99 } }), phases: [['L2'], ['L1'], ['L1']] },
      { A: 30 },
      undefined,
    ],
    ['filled to the last watt', group({ limitWatts: 20 * 690 }), { A: 14 }, undefined],
    [
      'a tenth of an ampere more',
      group({ limitWatts: 20 * 690 }),
      { A: 14.1 },
      'group g could draw 13869.0 W of 13800.0 W',
    ],
    [
      'a surplus is not on top',
      { ...group({ limitWatts: 20 * 690 }), surplusWatts: 690 },
      { A: 15 },
      'group g could draw 14490.0 W of 13800.0 W',
    ],
    [
      'unless it is net of surplus',
      { ...group({ limitWatts: 20 * 690, netOfSurplus: true }), surplusWatts: 690 },
      { A: 15 },
      undefined,
    ],
    [
      'and no more than that',
      { ...group({ limitWatts: 20 * 690, netOfSurplus: true }), surplusWatts: 690 },
      { A: 16 },
      'group g could draw 15180.0 W of 14490.0 W',
    ],
    [
      'that is over its limit already forbids nothing elsewhere',
      { ...group({ limitWatts: 690 }) },
      { B: 30 },
      undefined,
    ],
    [
      'two members raised count together',
      group({ limitAmps: onEachPhase(20) }),
      { A: 10, C: 11 },
      'group g could draw 21.0 A of 20.0 A on L1',
    ],
  ])('%s', (_story, part, told, expected) => {
    expect(breach(part, told)).toBe(expected);
  });
});

describe('a whole station', () => {
  test.each<Row>([
    ['filled to the last ampere', { stationAmps: 20 }, { A: 14 }, undefined],
    ['a tenth more', { stationAmps: 20 }, { A: 14.1 }, 'station S could draw 20.1 A of 20.0 A'],
    [
      'whatever phases its EVSEs are on',
      { stationAmps: 20, phases: [['L1'], ['L2'], ['L3']] },
      { B: 15 },
      'station S could draw 21.0 A of 20.0 A',
    ],
    ['another station is free', { stationAmps: 12 }, { C: 70 }, undefined],
  ])('%s', (_story, part, told, expected) => {
    expect(breach(part, told)).toBe(expected);
  });
});

describe('unbalance of 20 A', () => {
  const of = (part: Part): Part => ({
    circuit: { unbalanceAmps: 20 },
    phases: [['L1'], ['L2'], ['L1', 'L2', 'L3']],
    ...part,
  });
  test.each<Row>([
    ['filled against an idle phase', of({ exposures: [6, 0, 6] }), { A: 20 }, undefined],
    [
      'a tenth more',
      of({ exposures: [6, 0, 6] }),
      { A: 20.1 },
      'main could draw 20.1 A more on L1 than on L2, of 20.0 A',
    ],
    [
      'what is seen to be drawn on the other phase makes room there',
      of({ exposures: [6, 10, 6], assured: [6, 8, 6] }),
      { A: 28 },
      'main could draw 28.0 A more on L1 than on L3, of 20.0 A',
    ],
    [
      'what may be drawn there makes none',
      { ...of({ exposures: [6, 10, 6], assured: [6, 8, 6] }), phases: [['L1'], ['L2', 'L3'], ['L1', 'L2', 'L3']] },
      { A: 28.1 },
      'main could draw 20.1 A more on L1 than on L2, of 20.0 A',
    ],
    [
      'to the last ampere',
      { ...of({ exposures: [6, 10, 6], assured: [6, 8, 6] }), phases: [['L1'], ['L2', 'L3'], ['L1', 'L2', 'L3']] },
      { A: 28 },
      undefined,
    ],
    [
      'a sample from before a decrease makes no more room than may be drawn',
      { ...of({ exposures: [6, 4, 6], assured: [6, 8, 6] }), phases: [['L1'], ['L2', 'L3'], ['L1', 'L2', 'L3']] },
      { A: 24.1 },
      'main could draw 20.1 A more on L1 than on L2, of 20.0 A',
    ],
    [
      'a car that does not charge in earnest makes none',
      {
        ...of({ exposures: [6, 10, 6], assured: [6, 8, 6] }),
        phases: [['L1'], ['L2', 'L3'], ['L1', 'L2', 'L3']],
        balances: false,
      },
      { A: 20.1 },
      'main could draw 20.1 A more on L1 than on L2, of 20.0 A',
    ],
    [
      'an increase on the other phase counts not yet',
      { ...of({ exposures: [6, 0, 6] }), phases: [['L1'], ['L2', 'L3'], ['L1', 'L2', 'L3']] },
      { A: 21, B: 21 },
      'main could draw 21.0 A more on L1 than on L2, of 20.0 A',
    ],
    ['an EVSE on all phases tips nothing', of({ exposures: [6, 0, 6] }), { C: 80 }, undefined],
    ['what tips it already forbids nothing on the other phase', of({ exposures: [40, 0, 6] }), { B: 18 }, undefined],
  ])('%s', (_story, part, told, expected) => {
    expect(breach(part, told)).toBe(expected);
  });
});

test('the planner, by its own way, never breaks what this check holds', () => {
  const amps = fc.integer({ min: 0, max: 60 });
  const three = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 3, maxLength: 3 });
  let raised = 0;
  fc.assert(
    fc.property(
      fc.record({
        ratingAmps: fc.integer({ min: 20, max: 200 }).map(onEachPhase),
        limitWatts: fc.integer({ min: 5_000, max: 100_000 }),
        unbalanceAmps: fc.integer({ min: 5, max: 60 }),
      }),
      fc.record({
        baseAmps: amps,
        stationAmps: fc.integer({ min: 10, max: 150 }),
        surplusWatts: fc.integer({ min: 0, max: 10_000 }),
        phases: three(fc.constantFrom(...rotations)),
        exposures: three(amps),
        assured: three(amps),
        balances: fc.boolean(),
      }),
      fc.record({
        limitAmps: fc.integer({ min: 10, max: 99 }).map(onEachPhase),
        limitWatts: fc.integer({ min: 4_000, max: 60_000 }),
        netOfSurplus: fc.boolean(),
      }),
      three(fc.integer({ min: 60, max: 800 }).map((tenths) => tenths / 10)),
      (limited, part, grouped, targets) => {
        const { site, situations, limits } = world({ ...part, ...group(grouped), circuit: limited });
        const rows = capacityRows(site, limits);
        const { commands } = planCommands({
          site,
          situations,
          targets,
          rows,
          loads: loadsOf(rows, situations),
          mayRise: [true, true, true],
          now: NOW,
          author: 'box',
          nextCommandNumber: 1,
        });
        raised += commands.filter(({ change }) => change === 'increase').length;
        expect(breachOfFuseLaw(site, limits, situations, commands)).toBeUndefined();
      },
    ),
    runs(500),
  );
  expect(raised).toBeGreaterThan(0);
});
