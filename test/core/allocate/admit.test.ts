// Minimum service: who is served at all, in which order, and what the first are granted.
import { describe, expect, test } from 'vitest';
import { admit as admitInField } from '../../../src/core/allocate/admit.ts';
import type { Load } from '../../../src/core/allocate/rows.ts';
import type { Candidate } from '../../../src/core/allocate/situation.ts';
import { allOnOneRow, candidate, rowNamed } from '../../support/candidates.ts';

const rows = [rowNamed('main'), rowNamed('board')];
const admit = (candidates: readonly Candidate[], loads: readonly (readonly Load[])[], room: readonly number[]) =>
  admitInField(candidates, { rows, loads, room }, { scarcity: 'part-for-everyone' });
const names = (all: readonly Candidate[]) => all.map(({ evse }) => evse.station).join('');

/** Who is served, in the order of admission, where one row holds `room` amperes. */
function served(candidates: readonly Candidate[], room: number): string {
  return names(admit(candidates, allOnOneRow(candidates), [room]).admitted);
}

describe('the order of minimum service', () => {
  const orders: readonly (readonly [string, Parameters<typeof candidate>[1], Parameters<typeof candidate>[1]])[] = [
    // story, the first, the second
    ['who must never be paused comes before priority', { neverZero: true }, { priority: 9 }],
    ['priority comes before urgency', { priority: 1 }, { isUrgent: true }],
    ['urgency comes before a kept place', { isUrgent: true }, { keepsPlace: true, isOn: true }],
    ['a kept place comes before being on', { keepsPlace: true }, { isOn: true }],
    ['whoever must charge now comes before who can still pause', {}, { isPatient: true, waitedMs: 9_000 }],
    ['who leaves sooner comes before who is on', { departureAt: 3_600_000 }, { departureAt: 7_200_000, isOn: true }],
    ['who names a departure comes before who names none', { departureAt: 3_600_000 }, { isOn: true }],
    ['who is on comes before who has waited', { isOn: true }, { waitedMs: 1_000 }],
    ['who has waited longer comes first', { waitedMs: 2_000 }, { waitedMs: 1_000, evse: { phases: ['L1'] } }],
    ['fewer phases come before more', { evse: { phases: ['L1'] } }, {}],
    [
      'of two that keep their place, who must charge now comes first',
      { keepsPlace: true },
      { keepsPlace: true, isPatient: true, waitedMs: 9_000 },
    ],
    [
      'of two patient ones that keep it, who has waited longer',
      { keepsPlace: true, isPatient: true, waitedMs: 2_000 },
      { keepsPlace: true, isPatient: true, waitedMs: 1_000 },
    ],
  ];
  test.each(orders)('%s', (_story, first, second) => {
    // The one that is to come first has the later name, so that the name does not decide.
    const pair = [candidate(0, second), candidate(1, first)];
    expect(served(pair, 6)).toBe('B');
    expect(served([...pair].reverse(), 6)).toBe('B');
    expect(served(pair, 12)).toBe('BA');
  });

  test('among equals the name decides', () => {
    expect(served([candidate(1), candidate(0)], 6)).toBe('A');
  });
});

describe('room', () => {
  test.each([
    [12, 'AB'],
    [11.99, 'A'],
    [6, 'A'],
    [5.99, ''],
    [0, ''],
    [-3, ''],
  ])('of %d A serves "%s"', (room, expected) => {
    expect(served([candidate(0), candidate(1)], room)).toBe(expected);
  });

  test('a smaller minimum still fits where a larger one did not', () => {
    const all = [candidate(0, { lower: 10 }), candidate(1, { lower: 6 })];
    const { admitted, refused, room } = admit(all, allOnOneRow(all), [8]);
    expect(names(admitted)).toBe('B');
    expect(room).toEqual([2]);
    expect(refused).toEqual([{ at: 0, because: { kind: 'row', row: 0, tag: rows[0]!.tag, missingAmps: 8 } }]);
  });

  test('who must never be paused is served from a row that has nothing left, and leaves it overdrawn', () => {
    const all = [candidate(0, { neverZero: true }), candidate(1)];
    const { admitted, room } = admit(all, allOnOneRow(all), [2]);
    expect([names(admitted), room]).toEqual(['A', [-4]]);
  });

  test('the row that blocks is named, not the first one', () => {
    const all = [candidate(0)];
    const loads = [
      [
        { row: 0, coefficient: 1 },
        { row: 1, coefficient: 230 },
      ],
    ];
    const { refused } = admit(all, loads, [100, 690]);
    expect(refused[0]!.because).toEqual({ kind: 'row', row: 1, tag: rows[1]!.tag, missingAmps: 3 });
  });

  test('a maximum that is the minimum is served', () => {
    expect(served([candidate(0, { upper: 6 })], 6)).toBe('A');
  });

  test('a cap below the minimum, and rest after a pause, are refusals of their own', () => {
    const all = [
      candidate(0, { upper: 5 }),
      candidate(1, { restsUntil: 5_000 }),
      candidate(2, { restsUntil: 5_000, neverZero: true }),
    ];
    const { admitted, refused } = admit(all, allOnOneRow(all), [100]);
    expect(names(admitted)).toBe('C');
    expect(refused).toEqual([
      { at: 0, because: { kind: 'cap' } },
      { at: 1, because: { kind: 'rest' } },
    ]);
  });

  test('one who balances a phase lets in one who was refused before', () => {
    // Row 0 is "L1 at most 4 A above L2"; A loads it, B gives to it.
    const all = [candidate(0), candidate(1)];
    const loads = [[{ row: 0, coefficient: 1 }], [{ row: 0, coefficient: -1 }]];
    expect(names(admit(all, loads, [4]).admitted)).toBe('BA');
    expect(names(admit([all[0]!], loads, [4]).admitted)).toBe('');
    // Also where B loads other rows.
    const loadsToo = [loads[0]!, [...loads[1]!, { row: 1, coefficient: 1 }]];
    expect(names(admit(all, loadsToo, [4, 9]).admitted)).toBe('BA');
  });

  test.each([
    ['who must charge now', false],
    ['patient ones', true],
  ])('one who balances lets in another who balances a third: %s', (_story, isPatient) => {
    // C gives to row 1, which B loads; B gives to row 0, which A loads.
    const all = [0, 1, 2].map((at) => candidate(at, { isPatient }));
    const loads = [
      [{ row: 0, coefficient: 1 }],
      [
        { row: 0, coefficient: -1 },
        { row: 1, coefficient: 1 },
      ],
      [{ row: 1, coefficient: -1 }],
    ];
    expect(names(admit(all, loads, [0, 0]).admitted)).toBe('CBA');
    expect(names(admit(all.slice(0, 2), loads, [0, 0]).admitted)).toBe('');
  });
});

describe('deadlines and minima', () => {
  const rulesOf = (
    scarcity: 'part-for-everyone' | 'earliest-departure-first',
    all: readonly Candidate[],
    room: number,
  ) => {
    const { admitted, granted } = admitInField(all, { rows, loads: allOnOneRow(all), room: [room] }, { scarcity });
    return admitted.map(({ at, evse }) => `${evse.station} ${granted.get(at)}`).join(', ');
  };

  test.each([
    // room, who is served and with what
    [11.9, 'A 6'],
    // The need of A is kept for it before B, which can pause for now, is let in.
    [18, 'A 6'],
    [21.9, 'A 6'],
    [22, 'A 6, B 6'],
  ])('everybody a part: with %d A are served %s', (room, expected) => {
    const all = [candidate(0, { needAmps: 16 }), candidate(1, { isPatient: true, needAmps: 3, isUrgent: true })];
    expect(rulesOf('part-for-everyone', all, room)).toBe(expected);
  });

  test.each([
    [5, ''],
    [6, 'B 6'],
    [11, 'B 11'],
    [12, 'B 12'],
    [18, 'B 12.1'],
    [18.1, 'B 12.1, C 6'],
    [26, 'B 12.1, C 13.9'],
    [40, 'B 12.1, C 20, A 6'],
  ])('earliest departure first: with %d A are served %s', (room, expected) => {
    const hour = 3_600_000;
    const all = [
      candidate(0, { isOn: true }),
      candidate(1, { departureAt: 2 * hour, needAmps: 12.05 }),
      candidate(2, { departureAt: 3 * hour, needAmps: 20 }),
    ];
    expect(rulesOf('earliest-departure-first', all, room)).toBe(expected);
  });

  test('within an hour of departure who is on comes first; who has what it came for is last', () => {
    const hour = 3_600_000;
    const all = [
      candidate(0, { departureAt: 2 * hour, needAmps: 0 }),
      candidate(1, { departureAt: 3 * hour, needAmps: 6 }),
      candidate(2, { departureAt: 3 * hour + 1, needAmps: 6, isOn: true }),
      candidate(3, { departureAt: 4 * hour, needAmps: 6, isOn: true }),
    ];
    expect(rulesOf('earliest-departure-first', all, 100)).toBe('C 6, B 6, D 6, A 6');
  });

  test('where the earliest departure is first, patience decides neither order nor service, but it gives no turn', () => {
    const rules = { scarcity: 'earliest-departure-first', turnMs: 1 } as const;
    const servedBy = (all: readonly Candidate[]) => {
      const { admitted, rotated } = admitInField(all, { rows, loads: allOnOneRow(all), room: [6] }, rules);
      return [names(admitted), rotated];
    };
    const [later, sooner] = [candidate(0, { departureAt: 9e6 }), candidate(1, { departureAt: 1e6, isPatient: true })];
    expect(servedBy([later, sooner])).toEqual(['B', undefined]);
    const on = { isOn: true, servedMs: 9e9 };
    const waits = candidate(1, { isPatient: true, waitedMs: 9e9 });
    expect(servedBy([candidate(0, on), waits])).toEqual(['A', undefined]);
    expect(servedBy([candidate(0, { ...on, isPatient: true }), waits])).toEqual(['B', { starts: 1, pauses: 0 }]);
  });

  test('what a refused one misses is counted after the grants, once', () => {
    const all = [candidate(0, { needAmps: 12, departureAt: 1e6 }), candidate(1)];
    const field = { rows, loads: allOnOneRow(all), room: [15] };
    const missing = (scarcity: 'part-for-everyone' | 'earliest-departure-first') =>
      admitInField(
        all.map((one, at) => ({ ...one, role: { ...one.role, isPatient: at === 1 } })),
        field,
        { scarcity },
      ).refused;
    const because = { kind: 'row', row: 0, tag: rows[0]!.tag, missingAmps: 3 };
    expect(missing('earliest-departure-first')).toEqual([{ at: 1, because }]);
    expect(missing('part-for-everyone')).toEqual([{ at: 1, because }]);
  });

  test.each([
    // room of a row in amperes, of one in watts of a single phase, of one in which it makes room; granted of the 12 A needed
    [20, 230 * 20, 0, 12],
    [8, 230 * 20, 0, 8],
    [20, 230 * 9, 0, 9],
    [20, 230 * 9.95, 0, 9.9],
    [6, 230 * 20, 0, 6],
  ])('a need is granted as far as every row holds it: %d A, %d W and %d A', (amps, watts, balance, expected) => {
    const all = [candidate(0, { needAmps: 12 })];
    const loads = [
      [
        { row: 0, coefficient: 1 },
        { row: 1, coefficient: 230 },
        { row: 2, coefficient: -1 },
      ],
    ];
    const field = { rows: [...rows, rowNamed('balance')], loads, room: [amps, watts, balance] };
    const { granted, room } = admitInField(all, field, { scarcity: 'earliest-departure-first' });
    expect(granted.get(0)).toBe(expected);
    expect(room[0]).toBeCloseTo(amps - expected, 9);
    expect(room[2]).toBe(expected);
  });

  test('a need below the minimum is none, and takes nothing from others', () => {
    const all = [candidate(0, { needAmps: 3, departureAt: 1e6 }), candidate(1, { departureAt: 2e6, needAmps: 20 })];
    const field = { rows, loads: allOnOneRow(all), room: [20] };
    const { granted, room } = admitInField(all, field, { scarcity: 'earliest-departure-first' });
    expect([...granted.values(), ...room]).toEqual([6, 14, 0]);
  });
});
