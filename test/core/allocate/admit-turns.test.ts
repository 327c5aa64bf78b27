// Turns among equals: one that waits takes the place of one that has been served for long, and nobody else has to give way.
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
    ['it leaves sooner', [on(0, { departureAt: 1e6 }), waiting(1, { departureAt: 9e6 })], TURN],
    ['the other is on itself, and only there is no room for it', [on(0), on(1)], TURN],
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

  test('nobody changes places when it is a third that would have to pause', () => {
    // C fits beside A, and then B does not.
    const all = [on(0), on(1, { servedMs: 0, lower: 8 }), waiting(2)];
    const { admitted, rotated } = admit(all, allOnOneRow(all), [14], TURN);
    expect([names(admitted), rotated]).toEqual(['AB', undefined]);
  });

  test('who takes a place is served once, and what the place leaves over stays', () => {
    const all = [on(0, { lower: 12 }), waiting(1)];
    const { admitted, room, rotated } = admit(all, allOnOneRow(all), [12], TURN);
    expect([names(admitted), room, rotated]).toEqual(['B', [6], { starts: 1, pauses: 0 }]);
  });

  test('who leaves in the same hour takes a turn', () => {
    const all = [on(0, { departureAt: 1e6 }), waiting(1, { departureAt: 2e6 })];
    expect(admit(all, allOnOneRow(all), [6], TURN).rotated).toEqual({ starts: 1, pauses: 0 });
  });

  test('the longest waiting is asked first, whatever its priority; among equals the name decides', () => {
    // Two boards, each full: A and C on one, B and D on the other.
    const boards = [0, 1, 0, 1].map((row) => [{ row, coefficient: 1 }]);
    const all = [on(0, { priority: 1 }), on(1), waiting(2, { priority: 1 }), waiting(3, { waitedMs: 5_000 })];
    expect(admit(all, boards, [6, 6], TURN).rotated).toEqual({ starts: 3, pauses: 1 });
    // Fewer phases are admitted first, but wait no longer.
    const equals = [on(0), on(1), waiting(2), waiting(3, { evse: { phases: ['L1'] } })];
    expect(admit(equals, boards, [6, 6], TURN).rotated).toEqual({ starts: 2, pauses: 0 });
  });

  test('whoever loads other rows too gives its place, and nobody who makes room in the full one', () => {
    const all = [on(0, { servedMs: 2 * TURN }), on(1), waiting(2)];
    const loads = [
      [{ row: 0, coefficient: -1 }],
      [
        { row: 0, coefficient: 1 },
        { row: 1, coefficient: 1 },
      ],
      [{ row: 0, coefficient: 1 }],
    ];
    expect(admit(all, loads, [0, 9], TURN).rotated).toEqual({ starts: 2, pauses: 1 });
  });

  test('those who rest are not in the queue', () => {
    const resting = [1, 2, 3, 4].map((at) => waiting(at, { waitedMs: 9_000, restsUntil: 1 }));
    const all = [on(0), ...resting, waiting(5)];
    expect(admit(all, allOnOneRow(all), [6], TURN).rotated).toEqual({ starts: 5, pauses: 0 });
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

  test('a patient car does not take the place of one that must charge now', () => {
    const all = [candidate(0, { isOn: true, servedMs: 9e9 }), candidate(1, { isPatient: true, waitedMs: 9e9 })];
    expect(admit(all, allOnOneRow(all), [6], 1).rotated).toBeUndefined();
    const both = [candidate(0, { isOn: true, servedMs: 9e9, isPatient: true }), all[1]!];
    expect(admit(both, allOnOneRow(both), [6], 1).rotated).toEqual({ starts: 1, pauses: 0 });
  });
});
