// Who is asked for a sharing, in which order: the LP while it holds the cycle's time, HiGHS for large signed programs, filling, the stand-in.

import { fill } from './fill.ts';
import { allocateGreedily } from './greedy.ts';
import { isSigned, type LinearProgram, type Solution, withoutSigns } from './linear-program.ts';
import { solveByLp } from './solve.ts';

/** Programs with more variables than this (after merging) go to progressive filling; measured in docs/benchmarks.md. */
export const LP_MAX_VARIABLES = 150;
/** Signed programs with more variables than this go to HiGHS where it is at hand: each stage takes two programs there. */
export const SIGNED_LP_MAX_VARIABLES = 40;

export type Proposer = {
  readonly name: 'lp' | 'highs' | 'filling' | 'greedy';
  readonly solve: (program: LinearProgram) => Solution;
};

/** Solvers that must be made ready before the first cycle; without them the others answer. */
export type Solvers = { readonly highs?: (program: LinearProgram) => Solution };

/** Filling and the stand-in answer signed programs too, without counting on what one share's rise gives to others. */
export function proposersOf(program: LinearProgram, { highs }: Solvers): readonly Proposer[] {
  const count = program.variables.length;
  const lp: Proposer = { name: 'lp', solve: solveByLp };
  const always: readonly Proposer[] = [
    { name: 'filling', solve: (one) => fill(withoutSigns(one)) },
    { name: 'greedy', solve: allocateGreedily },
  ];
  if (!isSigned(program)) return count <= LP_MAX_VARIABLES ? [lp, ...always] : always;
  const byHighs: readonly Proposer[] = highs ? [{ name: 'highs', solve: highs }] : [];
  return count <= SIGNED_LP_MAX_VARIABLES ? [lp, ...byHighs, ...always] : [...byHighs, ...always];
}

/** The proposer's answer; whatever it throws is a failure by name, and the next in line answers. */
export function solveSafely({ solve }: Proposer, program: LinearProgram): Solution {
  try {
    return solve(program);
  } catch (error) {
    return { kind: 'failed', because: `it threw ${String(error)}` };
  }
}
