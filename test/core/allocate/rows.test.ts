// Which rows an EVSE loads, what is left of them once it is served, and which of them stands in its way.
import { describe, expect, test } from 'vitest';
import type { CapacityRow } from '../../../src/core/allocate/capacity.ts';
import { blockingRow, type Load, loadsOf, take } from '../../../src/core/allocate/rows.ts';
import { candidate, rowNamed } from '../../support/candidates.ts';

const plus = (row: number, coefficient = 1): Load => ({ row, coefficient });

test('each EVSE loads the rows whose member it is, by what it takes there; a row that it does not load is none of its own', () => {
  const all = [
    candidate(0, { evse: { phases: ['L1'] } }),
    candidate(1),
    candidate(2, { evse: { phases: ['L2', 'L3'] } }),
  ];
  const rows: CapacityRow[] = [
    { ...rowNamed('main'), members: [0, 1, 2], coefficient: ({ phases }) => phases.length },
    { ...rowNamed('unbalance'), members: [0, 1, 2], coefficient: ({ phases }) => (phases.length === 1 ? 0 : -1) },
    { ...rowNamed('board'), members: [2], coefficient: () => 230 },
  ];
  expect(loadsOf(rows, all)).toEqual([[plus(0)], [plus(0, 3), plus(1, -1)], [plus(0, 2), plus(1, -1), plus(2, 230)]]);
});

test('what one takes is gone from every row that it loads, and given where it makes room', () => {
  const room = [20, 5_000, 4, 7];
  take(room, [plus(0), plus(1, 230), plus(2, -1)], 10);
  expect(room).toEqual([10, 2_700, 14, 7]);
});

test('of what it may draw, only what it certainly draws makes room for others', () => {
  const room = [20, 4];
  take(room, [plus(0), plus(1, -1)], 16, 6);
  expect(room).toEqual([4, 10]);
});

describe('what stands in the way of 6 A more', () => {
  test.each<readonly [string, readonly Load[], readonly number[], number | undefined]>([
    ['nothing, where they just fit', [plus(0), plus(1, 230)], [6, 1_380], undefined],
    ['a row with less', [plus(0)], [5.9], 0],
    ['a row with less in its own measure', [plus(0), plus(1, 230)], [6, 1_379], 1],
    ['the one in which most is missing', [plus(0), plus(1), plus(2)], [5, 1, 2], 1],
    ['in amperes, whatever the rows count in', [plus(0), plus(1, 230)], [5, 4 * 230], 1],
    ['the first of equals', [plus(2), plus(0), plus(1)], [1, 6, 1], 2],
    ['no row that is overdrawn but gains', [plus(0, -1)], [-7], undefined],
    ['a row of which nothing is known', [plus(0)], [Number.NaN], 0],
    ['not the arithmetic of floating point', [plus(0)], [6 - 5e-10], undefined],
    ['but a millionth is', [plus(0)], [6 - 1e-6], 0],
    ['nothing at all, for who loads no row', [], [0], undefined],
  ])('%s', (_story, loads, room, expected) => {
    expect(blockingRow(room, loads, 6)).toBe(expected);
  });
});
