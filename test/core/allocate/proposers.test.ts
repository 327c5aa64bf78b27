// Who is asked for a sharing, in which order, by the size of the program and the signs in it; and what is made of one that throws.
import { describe, expect, test } from 'vitest';
import type { LinearProgram } from '../../../src/core/allocate/linear-program.ts';
import {
  LP_MAX_VARIABLES,
  proposersOf,
  SIGNED_LP_MAX_VARIABLES,
  solveSafely,
} from '../../../src/core/allocate/proposers.ts';

/** `count` variables of 6 to 32 A on one row of 20 A each, where the last makes room for the others if `signed`. */
function programOf(count: number, signed = false): LinearProgram {
  const all = Array.from({ length: count }, (_one, variable) => variable);
  const terms = all.map((variable) => ({ variable, coefficient: signed && variable === count - 1 ? -1 : 1 }));
  return {
    variables: all.map(() => ({ lower: 6, upper: 32 })),
    rows: [{ terms, limit: 20 * count }],
    stages: [all.map((variable) => ({ variable, upper: 32, weight: 1 }))],
  };
}
const highs = () => ({ kind: 'failed', because: 'this is HiGHS' }) as const;
const asked = (program: LinearProgram, withHighs: boolean) =>
  proposersOf(program, withHighs ? { highs } : {})
    .map(({ name }) => name)
    .join(', ');

describe('who is asked', () => {
  test('programs of 150 variables, and of 40 where signs are in them, are the largest for the LP', () => {
    expect([LP_MAX_VARIABLES, SIGNED_LP_MAX_VARIABLES]).toEqual([150, 40]);
  });

  test.each([
    // story, variables, signed, HiGHS at hand, who
    ['nobody but the LP while it holds its time', 150, false, false, 'lp, filling, greedy'],
    ['filling beyond that', 151, false, false, 'filling, greedy'],
    ['HiGHS not for what filling solves exactly', 151, false, true, 'filling, greedy'],
    ['nor before the LP', 150, false, true, 'lp, filling, greedy'],
    ['HiGHS after the LP where signs are in it', 40, true, true, 'lp, highs, filling, greedy'],
    ['HiGHS first where that is large', 41, true, true, 'highs, filling, greedy'],
    ['the LP without it', 40, true, false, 'lp, filling, greedy'],
    ['filling where that is large', 41, true, false, 'filling, greedy'],
  ])('%s', (_story, count, signed, withHighs, expected) => {
    expect(asked(programOf(count, signed), withHighs)).toBe(expected);
  });
});

describe('each of them answers', () => {
  test('a program without signs, the stand-in only roughly', () => {
    const program = programOf(2);
    const answers = proposersOf(program, {}).map((proposer) => [proposer.name, solveSafely(proposer, program)]);
    expect(Object.fromEntries(answers)).toMatchObject({
      lp: { amps: [20, 20] },
      filling: { amps: [20, 20] },
      greedy: { amps: [20.625, 19.375] },
    });
  });

  test('one with signs, of which filling and the stand-in use nothing but minima', () => {
    // The first may draw 10 A more than the second: for the LP all that the second gets, for the others its 6 A.
    const program = { ...programOf(2, true), rows: [{ ...programOf(2, true).rows[0]!, limit: 10 }] };
    const answers = proposersOf(program, { highs }).map((proposer) => [proposer.name, solveSafely(proposer, program)]);
    expect(Object.fromEntries(answers)).toMatchObject({
      lp: { amps: [32, 32] },
      highs: { because: 'this is HiGHS' },
      filling: { amps: [16, 32] },
      greedy: { amps: [16, 32] },
    });
  });
});

test('a proposer that throws has failed, and says what it threw', () => {
  const solve = () => {
    throw new RangeError('pivot');
  };
  expect(solveSafely({ name: 'lp', solve }, programOf(1))).toEqual({
    kind: 'failed',
    because: 'it threw RangeError: pivot',
  });
});
