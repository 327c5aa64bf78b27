// Minimum service: who is served at all, in which order, and whose turn it is.
import { describe, expect, test } from 'vitest';
import { admit as admitInField } from '../../../src/core/allocate/admit.ts';
import type { Load } from '../../../src/core/allocate/rows.ts';
import type { Candidate } from '../../../src/core/allocate/situation.ts';
import { allOnOneRow, candidate, rowNamed } from '../../support/candidates.ts';

const rows = [rowNamed('main'), rowNamed('board')];
const admit = (
  candidates: readonly Candidate[],
  loads: readonly (readonly Load[])[],
  room: readonly number[],
  turnMs?: number,
) => admitInField(candidates, { rows, loads, room }, { scarcity: 'part-for-everyone', ...(turnMs ? { turnMs } : {}) });
const names = (all: readonly Candidate[]) => all.map(({ evse }) => evse.station).join('');

/** Who is served, in the order of admission, where one row holds `room` amperes. */
function served(candidates: readonly Candidate[], room: number, turnMs?: number): string {
  return names(admit(candidates, allOnOneRow(candidates), [room], turnMs).admitted);
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
  });
});

describe('turns', () => {
  const TURN = 900_000;
  const on = (at: number, part: Parameters<typeof candidate>[1] = {}) =>
    candidate(at, { isOn: true, servedMs: TURN, ...part });
  const waiting = (at: number, part: Parameters<typeof candidate>[1] = {}) =>
    candidate(at, { waitedMs: 1_000, ...part });

  test('the longest waiting takes the place of the longest served', () => {
    const all = [on(0), on(1, { servedMs: TURN + 1 }), waiting(2), waiting(3, { waitedMs: 2_000 })];
    const { admitted, rotated } = admit(all, allOnOneRow(all), [12], TURN);
    expect(names(admitted)).toBe('AD');
    expect(rotated).toEqual({ starts: 3, pauses: 1 });
  });

  test.each<readonly [string, Candidate[], number | undefined]>([
    ['the turn is not over', [on(0, { servedMs: TURN - 1 }), waiting(1)], TURN],
    ['turns do not change hands in this cycle', [on(0), waiting(1)], undefined],
    ['it keeps its place', [on(0, { keepsPlace: true }), waiting(1)], TURN],
    ['it must never be paused', [on(0, { neverZero: true }), waiting(1)], TURN],
    ['its priority is higher', [on(0, { priority: 1 }), waiting(1)], TURN],
    ['it is urgent and the other is not', [on(0, { isUrgent: true }), waiting(1)], TURN],
    ['the other rests', [on(0), waiting(1, { restsUntil: 1 })], TURN],
    ['the other needs more than is freed', [on(0), waiting(1, { lower: 13 })], TURN],
  ])('no turn when %s', (_story, all, turnMs) => {
    const { admitted, rotated } = admit(all, allOnOneRow(all), [10], turnMs);
    expect(names(admitted)).toBe('A');
    expect(rotated).toBeUndefined();
  });

  test('of two urgent ones a turn is taken', () => {
    const all = [on(0, { isUrgent: true }), waiting(1, { isUrgent: true })];
    expect(names(admit(all, allOnOneRow(all), [6], TURN).admitted)).toBe('B');
  });

  test('nobody is paused who does not load the row that is full', () => {
    const all = [on(0), on(1), waiting(2)];
    const loads = [[{ row: 1, coefficient: 1 }], [{ row: 0, coefficient: 1 }], [{ row: 0, coefficient: 1 }]];
    const { rotated } = admit(all, loads, [6, 6], TURN);
    expect(rotated).toEqual({ starts: 2, pauses: 1 });
  });

  test('nobody changes places when a third would have to pause too', () => {
    // A gives 6 A; C needs 10: B would have to go as well.
    const all = [on(0), on(1, { servedMs: 0 }), waiting(2, { lower: 10 })];
    const { admitted, rotated } = admit(all, allOnOneRow(all), [12], TURN);
    expect([names(admitted), rotated]).toEqual(['AB', undefined]);
  });

  test('when the first in the queue cannot use a place, the next one does', () => {
    const all = [on(0), waiting(1, { lower: 20, waitedMs: 9_000 }), waiting(2)];
    expect(admit(all, allOnOneRow(all), [6], TURN).rotated).toEqual({ starts: 2, pauses: 0 });
  });

  test('at most four of the queue are looked into', () => {
    const large = [1, 2, 3, 4].map((at) => waiting(at, { lower: 20, waitedMs: 9_000 }));
    const all = [on(0), ...large, waiting(5)];
    expect(admit(all, allOnOneRow(all), [6], TURN).rotated).toBeUndefined();
    expect(admit([on(0), ...large.slice(1), waiting(5)], allOnOneRow(all), [6], TURN).rotated).toEqual({
      starts: 5,
      pauses: 0,
    });
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

  test('a patient car does not take the place of one that must charge now', () => {
    const all = [candidate(0, { isOn: true, servedMs: 9e9 }), candidate(1, { isPatient: true, waitedMs: 9e9 })];
    expect(admit(all, allOnOneRow(all), [6], 1).rotated).toBeUndefined();
    const both = [candidate(0, { isOn: true, servedMs: 9e9, isPatient: true }), all[1]!];
    expect(admit(both, allOnOneRow(both), [6], 1).rotated).toEqual({ starts: 1, pauses: 0 });
  });
});
