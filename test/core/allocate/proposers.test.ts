// Who is asked for a sharing: by size and signs alone, so that a replay asks the same; and each falls to the next by name.
import { describe, expect, test } from 'vitest';
import type { LinearProgram, Stage } from '../../../src/core/allocate/linear-program.ts';
import {
  HIGHS_MAX_VARIABLES,
  LP_MAX_VARIABLES,
  proposersOf,
  SIGNED_LP_FIRST_VARIABLES,
  SIGNED_MAX_EFFORT,
  solveSafely,
} from '../../../src/core/allocate/proposers.ts';

const highs = () => ({ kind: 'failed', because: 'only asked for by name' }) as const;

/** `stages` stages, each of all variables, which come to `count · stages` moves. */
function programOf(count: number, isSigned: boolean, stages = 1): LinearProgram {
  const variables = Array.from({ length: count }, () => ({ lower: 0, upper: 32 }));
  const stage: Stage = variables.map(({ upper }, variable) => ({ variable, upper, weight: 1 }));
  const terms = [
    { variable: 0, coefficient: 1 },
    { variable: 1, coefficient: isSigned ? -1 : 1 },
  ];
  return { variables, rows: [{ terms, limit: 20 }], stages: Array.from({ length: stages }, () => stage) };
}

const names = (program: LinearProgram, solvers: Parameters<typeof proposersOf>[1]) =>
  proposersOf(program, solvers).map(({ name }) => name);

describe('the order of proposers', () => {
  test.each([
    ['unsigned, at the bound', programOf(LP_MAX_VARIABLES, false), ['lp', 'filling', 'greedy']],
    ['unsigned, beyond it', programOf(LP_MAX_VARIABLES + 1, false), ['filling', 'greedy']],
    ['signed and small', programOf(SIGNED_LP_FIRST_VARIABLES, true), ['lp', 'highs', 'filling', 'greedy']],
    ['signed, not so small', programOf(SIGNED_LP_FIRST_VARIABLES + 1, true), ['highs', 'lp', 'filling', 'greedy']],
    ['signed, too large for the LP', programOf(LP_MAX_VARIABLES + 1, true), ['highs', 'filling', 'greedy']],
    ['signed, at the bound of HiGHS', programOf(HIGHS_MAX_VARIABLES, true), ['highs', 'filling', 'greedy']],
    ['signed, beyond that too', programOf(HIGHS_MAX_VARIABLES + 1, true), ['filling', 'greedy']],
    [
      'signed, small, just few enough stages',
      programOf(50, true, SIGNED_MAX_EFFORT / 50),
      ['lp', 'highs', 'filling', 'greedy'],
    ],
    ['signed, small, but of too many stages', programOf(50, true, SIGNED_MAX_EFFORT / 50 + 1), ['filling', 'greedy']],
  ])('%s', (_story, program, expected) => {
    expect(names(program, { highs })).toEqual(expected);
  });

  test('without HiGHS the LP is asked as far as it holds the time, and filling beyond', () => {
    expect(names(programOf(LP_MAX_VARIABLES, true), {})).toEqual(['lp', 'filling', 'greedy']);
    expect(names(programOf(LP_MAX_VARIABLES + 1, true), {})).toEqual(['filling', 'greedy']);
  });
});

test('filling answers a signed program without counting on balance', () => {
  const filling = proposersOf(programOf(2, true), {}).find(({ name }) => name === 'filling')!;
  expect(solveSafely(filling, programOf(2, true))).toMatchObject({ kind: 'solved', amps: [20, 32] });
});

test('who throws has failed by name', () => {
  const solve = () => {
    throw new Error('unreachable executed');
  };
  expect(solveSafely({ name: 'highs', solve }, programOf(2, true))).toEqual({
    kind: 'failed',
    because: 'it threw Error: unreachable executed',
  });
});
