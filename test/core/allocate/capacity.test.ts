// The rows of a site: what is left on every phase, under every power cap and on every limited station, and who loads it by how much.
import { describe, expect, test } from 'vitest';
import type { BaseLoad } from '../../../src/core/allocate/base-load.ts';
import { type CapacityRow, capacityRows, type Limits, surplusRow } from '../../../src/core/allocate/capacity.ts';
import { circuitLimits, type GroupLimit } from '../../../src/core/limits/caps.ts';
import type { Cap } from '../../../src/core/model/limit.ts';
import { onEachPhase, PHASES, type Phase } from '../../../src/core/model/units.ts';
import { buildSite, circuit, evse } from '../../support/site-builder.ts';

const site = buildSite({
  circuits: [
    circuit({
      id: 'main',
      meter: 'main',
      ratingAmps: { L1: 63, L2: 50, L3: 40 },
      marginAmps: { L1: 3, L2: 2, L3: 1 },
      limitWatts: 30_000,
    }),
    circuit({ id: 'east', parent: 'main', ratingAmps: onEachPhase(32) }),
  ],
  evses: [
    evse({ station: 'A', circuit: 'east' }),
    evse({ station: 'B' }),
    evse({ station: 'A', id: 'A/2', number: 2, circuit: 'east' }),
  ],
});
const baseLoads = new Map<string, BaseLoad>([
  ['main', { from: 'meter', amps: { L1: 10, L2: 20, L3: 30 } }],
  ['east', { from: 'allowance', amps: onEachPhase(2) }],
]);
const upstream = { station: 'A', amps: 12, source: { kind: 'upstream' } } as const;
const rowsOf = (caps: readonly Cap[] = [], part: Partial<Limits> = {}) =>
  capacityRows(site, {
    circuits: circuitLimits(site, caps, 0),
    baseLoads,
    groups: [],
    stations: [upstream],
    surplusWatts: 0,
    ...part,
  });
const plain = ({ tag, room, members }: CapacityRow) => ({ tag, room, members });
const fuse = { kind: 'fuse' } as const;

describe('the rows of a site', () => {
  test('stand in a fixed order: phases, power caps, stations; each with its author, its room and its EVSEs', () => {
    const rows = rowsOf();
    expect(rows.map(plain)).toEqual([
      {
        tag: { kind: 'phase', circuit: 'main', phase: 'L1', limitAmps: 63, source: fuse },
        room: 50,
        members: [0, 1, 2],
      },
      {
        tag: { kind: 'phase', circuit: 'main', phase: 'L2', limitAmps: 50, source: fuse },
        room: 28,
        members: [0, 1, 2],
      },
      {
        tag: { kind: 'phase', circuit: 'main', phase: 'L3', limitAmps: 40, source: fuse },
        room: 9,
        members: [0, 1, 2],
      },
      ...PHASES.map((phase) => ({
        tag: { kind: 'phase', circuit: 'east', phase, limitAmps: 32, source: fuse },
        room: 30,
        members: [0, 2],
      })),
      {
        tag: { kind: 'power', circuit: 'main', limitWatts: 30_000, source: fuse },
        room: 30_000 - 230 * 60,
        members: [0, 1, 2],
      },
      {
        tag: { kind: 'station', station: 'A', source: { kind: 'upstream' }, limitAmps: 12 },
        room: 12,
        members: [0, 2],
      },
    ]);
  });

  test('an ampere per phase takes an ampere of each phase, its watts of the power, and one ampere of the station', () => {
    const coefficients = (phases: readonly Phase[]) =>
      rowsOf().map((row) => row.coefficient({ phases, balances: true }));
    expect(coefficients(['L1', 'L2', 'L3'])).toEqual([1, 1, 1, 1, 1, 1, 690, 1]);
    expect(coefficients(['L2'])).toEqual([0, 1, 0, 0, 1, 0, 230, 1]);
    expect(coefficients(['L3', 'L1'])).toEqual([1, 0, 1, 1, 0, 1, 460, 1]);
  });

  test('a tighter cap takes the place of the fuse, and names its author', () => {
    const source = { kind: 'facility-manager', id: 'anna' } as const;
    const scope = { kind: 'circuit', circuit: 'main' } as const;
    const rows = rowsOf([{ id: 'c', source, scope, limitAmps: onEachPhase(45), limitWatts: 20_000 }]);
    const [l1, , l3] = rows;
    expect(plain(l1!)).toMatchObject({ tag: { source }, room: 45 - 3 - 10 });
    expect(plain(l3!)).toMatchObject({ tag: { source: fuse }, room: 9 });
    expect(plain(rows[6]!)).toMatchObject({ tag: { kind: 'power', source }, room: 20_000 - 230 * 60 });
  });
});

describe('a power cap', () => {
  test('in volt-amperes says so, and counts like one in watts', () => {
    const scope = { kind: 'circuit', circuit: 'east' } as const;
    const source = { kind: 'utility', id: 'contract' } as const;
    const row = rowsOf([{ id: 'c', source, scope, limitVoltAmperes: 20_000, note: 'kVA', until: 7 }])[7]!;
    expect(plain(row)).toStrictEqual({
      tag: { kind: 'power', circuit: 'east', limitVoltAmperes: 20_000, source, note: 'kVA', until: 7 },
      room: 20_000 - 230 * 6,
      members: [0, 2],
    });
  });

  test('counts the base load of each phase', () => {
    const powerRoom = (amps: BaseLoad['amps']) =>
      rowsOf([], { baseLoads: new Map([...baseLoads, ['main', { from: 'meter', amps }]]) })[6]!.room;
    expect(powerRoom({ L1: 1, L2: 20, L3: 300 })).toBe(30_000 - 230 * 321);
  });
});

test.each([
  ['meter', {}],
  ['allowance', {}],
  ['held', { meter: 'late' }],
  ['worst', { meter: 'lost' }],
] as const)('a base load from %s is told of by every row of its circuit alone', (from, expected) => {
  const rows = rowsOf([], { baseLoads: new Map([...baseLoads, ['main', { from, amps: onEachPhase(5) }]]) });
  const trouble = rows.map(({ tag }) => ('meter' in tag ? { meter: tag.meter } : {}));
  expect(trouble).toEqual([expected, expected, expected, {}, {}, {}, expected, {}]);
});

describe('a group', () => {
  const source = { kind: 'permit' } as const;
  const tenant: GroupLimit = { group: 'tenant', members: ['A/2', 'B/1'], source, netOfSurplus: false };
  const groupRows = (limit: Partial<GroupLimit>, surplusWatts = 0) =>
    rowsOf([], { groups: [{ ...tenant, ...limit }], stations: [], surplusWatts }).slice(7);

  test('limited by phase has a row a phase, which each member loads that is on it', () => {
    const rows = groupRows({ amps: { L1: 10, L2: 20, L3: 30 }, note: 'lease' });
    const tag = { kind: 'group', group: 'tenant', source, note: 'lease' };
    expect(rows.map(plain)).toEqual([
      { tag: { ...tag, phase: 'L1', limitAmps: 10 }, room: 10, members: [2, 1] },
      { tag: { ...tag, phase: 'L2', limitAmps: 20 }, room: 20, members: [2, 1] },
      { tag: { ...tag, phase: 'L3', limitAmps: 30 }, room: 30, members: [2, 1] },
    ]);
    expect(rows.map((row) => row.coefficient({ phases: ['L2', 'L3'], balances: true }))).toEqual([0, 1, 1]);
  });

  test('limited in power has one row in watts', () => {
    const rows = groupRows({ watts: 11_000 }, 3_000);
    expect(rows.map(plain)).toEqual([
      { tag: { kind: 'group', group: 'tenant', limitWatts: 11_000, source }, room: 11_000, members: [2, 1] },
    ]);
    expect(rows[0]!.coefficient({ phases: ['L2', 'L3'], balances: true })).toBe(460);
  });

  test('limited in what the grid sees may use the surplus on top', () => {
    const [row] = groupRows({ watts: 11_000, netOfSurplus: true }, 3_000);
    expect(row).toMatchObject({ tag: { limitWatts: 11_000 }, room: 14_000 });
  });

  test('limited to nothing has a row without room', () => {
    expect(groupRows({ watts: 0 }).map(({ room }) => room)).toEqual([0]);
    expect(groupRows({ amps: onEachPhase(0), watts: 5 }).map(({ room }) => room)).toEqual([0, 0, 0, 5]);
  });
});

describe('unbalance', () => {
  const limited = buildSite({
    circuits: [circuit({ id: 'main', unbalanceAmps: 20 }), circuit({ id: 'east', parent: 'main' })],
    evses: [evse({ station: 'A' }), evse({ station: 'B', circuit: 'east' })],
  });
  const unbalanceRows = () =>
    capacityRows(limited, {
      circuits: circuitLimits(limited, [], 0),
      baseLoads,
      groups: [],
      stations: [],
      surplusWatts: 0,
    }).slice(6);

  test('of a circuit that limits it has a row for each phase against each other one', () => {
    const pairs = [
      ['L1', 'L2'],
      ['L1', 'L3'],
      ['L2', 'L1'],
      ['L2', 'L3'],
      ['L3', 'L1'],
      ['L3', 'L2'],
    ];
    expect(unbalanceRows().map(plain)).toEqual(
      pairs.map(([phase, against]) => ({
        tag: { kind: 'unbalance', circuit: 'main', phase, against, limitAmps: 20 },
        room: 20,
        members: [0, 1],
      })),
    );
  });

  test.each<readonly [string, readonly Phase[], boolean, readonly number[]]>([
    // story, phases, seen to draw, what an ampere takes of L1−L2, L1−L3, L2−L1, L2−L3, L3−L1, L3−L2
    ['a car on all phases loads none', ['L1', 'L2', 'L3'], true, [0, 0, 0, 0, 0, 0]],
    ['also where it is not seen to draw', ['L1', 'L2', 'L3'], false, [0, 0, 0, 0, 0, 0]],
    ['a car on L1 loads L1, and makes room for the others', ['L1'], true, [1, 1, -1, 0, -1, 0]],
    ['unless it is not seen to draw', ['L1'], false, [1, 1, 0, 0, 0, 0]],
    ['a car on L2', ['L2'], true, [-1, 0, 1, 1, 0, -1]],
    ['a car on two phases loads both against the third', ['L1', 'L2'], true, [0, 1, 0, 1, -1, -1]],
    ['and makes no room while it is not seen to draw', ['L1', 'L2'], false, [0, 1, 0, 1, 0, 0]],
  ])('%s', (_story, phases, balances, expected) => {
    expect(unbalanceRows().map((row) => row.coefficient({ phases, balances }))).toEqual(expected);
  });
});

test('a car that takes three quarters of its offer balances with just that part of it', () => {
  const [limited] = [
    buildSite({ circuits: [circuit({ id: 'main', unbalanceAmps: 20 })], evses: [evse({ station: 'A' })] }),
  ];
  const rows = capacityRows(limited, {
    circuits: circuitLimits(limited, [], 0),
    baseLoads: new Map<string, BaseLoad>([['main', { from: 'meter', amps: onEachPhase(0) }]]),
    groups: [],
    stations: [],
    surplusWatts: 0,
  }).filter(({ tag }) => tag.kind === 'unbalance');
  expect(rows.map((row) => row.coefficient({ phases: ['L2'], balances: true, drawnPart: 0.75 }))).toEqual([
    -0.75, 0, 1, 1, 0, -0.75,
  ]);
});

describe('the row of sessions on surplus', () => {
  test.each([
    // surplus, what the others draw, minima of those let start a moment ago, room; what is told to be left; in watts
    ['is what the others leave', 9_000, 4_000, 0, 5_000, 5_000],
    ['at least the minima that are kept', 9_000, 8_000, 4_140, 4_140, 1_000],
    ['also without any surplus', 0, 8_000, 4_140, 4_140, 0],
    ['kept minima come out of the surplus and not on top', 9_000, 4_000, 4_140, 5_000, 5_000],
    ['nothing, where the others take more than there is', 3_000, 8_000, 0, 0, 0],
  ])('%s', (_story, surplusWatts, othersWatts, keptWatts, room, left) => {
    const row = surplusRow(site, surplusWatts, othersWatts, keptWatts, [1]);
    expect(plain(row)).toEqual({ tag: { kind: 'surplus', surplusWatts: left }, room, members: [1] });
    expect(row.coefficient({ phases: ['L1', 'L3'], balances: false })).toBe(460);
  });
});
