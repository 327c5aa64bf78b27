// Progressive filling, number by number: who gets what, what holds each, and the heights at which a stage comes to rest.
import { describe, expect, test } from 'vitest';
import { fill, fillStage, roomIn } from '../../../src/core/allocate/fill.ts';
import type { Binding, LinearProgram, Row, Stage } from '../../../src/core/allocate/linear-program.ts';

/** A row by its limit and what each variable counts in it, by position; absent is in no term. */
const row = (limit: number, ...coefficients: (number | undefined)[]): Row => ({
  limit,
  terms: coefficients.flatMap((coefficient, variable) =>
    coefficient === undefined ? [] : [{ variable, coefficient }],
  ),
});
const no = undefined;
const riser = (variable: number, upper = 32, weight = 1) => ({ variable, upper, weight });
const from = (...lowers: number[]) => lowers.map((lower) => ({ lower, upper: 32 }));
const inWords = (binding: Binding | undefined) => (binding?.kind === 'row' ? `row ${binding.row}` : binding?.kind);

function filled(program: LinearProgram) {
  const solution = fill(program);
  if (solution.kind !== 'solved') throw new Error(solution.because);
  return { amps: solution.amps, heldBy: solution.bindings.map(inWords) };
}

describe('who gets what, and what holds each', () => {
  test.each<readonly [string, LinearProgram['variables'], readonly Row[], readonly Stage[], number[], string[]]>([
    ['in no stage it stays, held by nothing else', from(6), [row(40, 1)], [], [6], ['upper']],
    ['one car in a 20 A row', from(0), [row(20, 1)], [[riser(0)]], [20], ['row 0']],
    ['one car with room to spare', from(0), [row(40, 1)], [[riser(0)]], [32], ['upper']],
    [
      'full just as all arrive',
      from(0, 0),
      [row(20, 1, 1)],
      [[riser(0, 10), riser(1, 10)]],
      [10, 10],
      ['upper', 'upper'],
    ],
    ['counted twice, half as much', from(0, 0), [row(30, 2, 1)], [[riser(0), riser(1)]], [10, 10], ['row 0', 'row 0']],
    [
      'weights and coefficients',
      from(0, 0),
      [row(35, 2, 1)],
      [[riser(0, 32, 2), riser(1, 32, 3)]],
      [10, 15],
      ['row 0', 'row 0'],
    ],
    [
      'the heavier arrives, the other goes on',
      from(0, 0),
      [row(30, 1, 1)],
      [[riser(0, 10, 2), riser(1)]],
      [10, 20],
      ['upper', 'row 0'],
    ],
    ['full from the start', from(6, 10), [row(16, 1, 1)], [[riser(0), riser(1)]], [6, 10], ['row 0', 'row 0']],
    [
      'the lower catches up, no more',
      from(0, 16),
      [row(24, 1, 1)],
      [[riser(0), riser(1)]],
      [8, 16],
      ['row 0', 'row 0'],
    ],
    ['both rise once level', from(0, 8), [row(24, 1, 1)], [[riser(0), riser(1)]], [12, 12], ['row 0', 'row 0']],
    ['what counts nought is not held', from(0, 0), [row(5, 0, 1)], [[riser(0), riser(1)]], [32, 5], ['upper', 'row 0']],
    ['above its rise it stays', from(10, 0), [row(20, 1, 1)], [[riser(0, 4), riser(1)]], [10, 10], ['upper', 'row 0']],
    [
      'a gap in which nobody rises costs nothing',
      from(0, 10),
      [row(20, 1, 1)],
      [[riser(0, 4), riser(1)]],
      [4, 16],
      ['upper', 'row 0'],
    ],
    [
      'two stages: the need first, then what is left',
      from(0, 0),
      [row(30, 1, 1)],
      [[riser(0, 16)], [riser(0), riser(1)]],
      [16, 14],
      ['row 0', 'row 0'],
    ],
    [
      'a later stage says anew what holds a car',
      from(0, 0),
      [row(40, 1, 1), row(20, no, 1)],
      [
        [riser(0, 8), riser(1, 8)],
        [riser(0), riser(1, 12)],
      ],
      [28, 12],
      ['row 0', 'upper'],
    ],
    [
      'two rows full at one height: the first named holds the car in both',
      from(0, 0, 0),
      // The first riser is in row 1 only, so that row 1 is met first.
      [row(20, no, 1, 1), row(20, 1, no, 1)],
      [[riser(0), riser(1), riser(2)]],
      [10, 10, 10],
      ['row 1', 'row 0', 'row 0'],
    ],
    [
      'a row that gains room by the stop of another comes first among equals when its index does',
      from(0, 0, 0),
      [row(12, 1, 1), row(20, no, 1, 1), row(2, 1)],
      [[riser(0), riser(1), riser(2)]],
      [2, 10, 10],
      ['row 2', 'row 0', 'row 1'],
    ],
    [
      'and last among equals when its index does',
      from(0, 0, 0),
      [row(20, no, 1, 1), row(12, 1, 1), row(2, 1)],
      [[riser(0), riser(1), riser(2)]],
      [2, 10, 10],
      ['row 2', 'row 0', 'row 0'],
    ],
    [
      'a row that gains room falls behind one that is full before',
      from(0, 0, 0),
      [row(2, 1), row(12, 1, 1), row(16, no, 1, 1)],
      [[riser(0), riser(1), riser(2)]],
      [2, 8, 8],
      ['row 0', 'row 2', 'row 2'],
    ],
    [
      'and stays ahead of one of lower index that is full later',
      from(0, 0, 0),
      [row(2, 1), row(18, no, 1, 1), row(9, 1, 1)],
      [[riser(0), riser(1), riser(2)]],
      [2, 7, 11],
      ['row 0', 'row 2', 'row 1'],
    ],
    [
      'or falls in between',
      from(0, 0, 0, 0, 0),
      [row(2, 1), row(11, 1, 1), row(6, no, no, 1), row(8, no, no, no, 1), row(20, no, 1, no, no, 1)],
      [[riser(0), riser(1), riser(2), riser(3), riser(4)]],
      [2, 9, 6, 8, 11],
      ['row 0', 'row 1', 'row 2', 'row 3', 'row 4'],
    ],
    [
      'room passed on along a chain of rows',
      from(0, 0, 0, 0),
      [row(3, 1), row(10, 1, 1), row(15, no, 1, 1), row(20, no, no, 1, 1)],
      [[riser(0), riser(1), riser(2), riser(3)]],
      [3, 7, 8, 12],
      ['row 0', 'row 1', 'row 2', 'row 3'],
    ],
  ])('%s', (_story, variables, rows, stages, amps, heldBy) => {
    expect(filled({ variables, rows, stages })).toEqual({ amps, heldBy });
  });
});

test.each([
  [0, [row(40, -1, 1), row(40, 1, 1)]],
  [1, [row(40, 0, 1), row(40, 1, -0.5)]],
] as const)('a coefficient below zero in row %i is refused by name', (at, rows) => {
  expect(fill({ variables: from(0, 0), rows, stages: [] })).toEqual({
    kind: 'failed',
    because: `row ${at} has a coefficient below zero`,
  });
});

test('the room is what the amperes leave in each row, and a coefficient of nought loads none', () => {
  expect(roomIn([row(40, 1, 2), row(10, 0, 1), row(5)], [6, 8])).toEqual({
    left: [18, 2, 5],
    loads: [
      [{ row: 0, coefficient: 1 }],
      [
        { row: 0, coefficient: 2 },
        { row: 1, coefficient: 1 },
      ],
    ],
  });
});

describe('the heights, amperes by weight, at which a stage comes to rest', () => {
  test.each<readonly [string, readonly Row[], Stage, number[], number[], number[]]>([
    // rows, stage, amps before, heights, room left
    ['its own maximum', [row(40, 1)], [riser(0, 10, 2)], [0], [5], [30]],
    ['a full row', [row(20, 1, 1)], [riser(0, 32, 3), riser(1)], [0, 0], [5, 5], [0]],
    ['its maximum below the height of the row', [row(30, 1, 1)], [riser(0, 10, 2), riser(1)], [0, 0], [5, 20], [0]],
    ['in no row', [], [riser(0, 12, 4)], [0], [3], []],
    ['standing above its rise', [row(40, 1)], [riser(0, 8, 2)], [10], [4], [30]],
    // The first fills the row by arriving at 5; the second would rise from 10 only.
    ['full before the second begins to rise', [row(15, 1, 1)], [riser(0, 5), riser(1)], [0, 10], [5, 10], [0]],
    // Half an ampere over: full at the height of whoever would rise first, not of who has arrived.
    ['over its limit from the start', [row(9.5, 1, 1)], [riser(0, 4), riser(1)], [4, 6], [4, 6], [-0.5]],
  ])('%s', (_story, rows, stage, before, heights, left) => {
    const amps = [...before];
    const room = roomIn(rows, amps);
    const stopped = fillStage(room, stage, amps, []);
    expect(stage.map(({ variable }) => stopped.get(variable))).toEqual(heights);
    expect(room.left).toEqual(left);
  });
});
