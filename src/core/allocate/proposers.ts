// Who is asked for a sharing, in which order: the LP while it holds the cycle's time, HiGHS for large signed programs, filling, the stand-in.

import { fill } from './fill.ts';
import { allocateGreedily } from './greedy.ts';
import { isSigned, type LinearProgram, type Solution, withoutSigns } from './linear-program.ts';
import { solveByLp } from './solve.ts';

// The bounds are by size, never by measured time, so that every machine and every replay asks the same; docs/benchmarks.md has the figures, of
// which none within the bounds is above the 50 ms of a cycle's budget.

/** Variables (after merging) up to which the LP is asked. Beyond, filling is as exact where no row is signed. */
export const LP_MAX_VARIABLES = 150;
/** Variables of a signed program up to which the LP is asked before HiGHS, because it is as fast. */
export const SIGNED_LP_FIRST_VARIABLES = 80;
/** Variables of a signed program up to which HiGHS is asked. Beyond, it is shared out without counting on balance. */
export const HIGHS_MAX_VARIABLES = 500;
/** The effort up to which any linear program is asked for a signed program. */
export const SIGNED_MAX_EFFORT = 2_500;

export type Proposer = {
  readonly name: 'lp' | 'highs' | 'filling' | 'greedy';
  readonly solve: (program: LinearProgram) => Solution;
};

/** Solvers that must be made ready before the first cycle; without them the others answer. */
export type Solvers = { readonly highs?: (program: LinearProgram) => Solution };

/** Filling and the stand-in answer signed programs too, without counting on what one share's rise gives to others. */
export function proposersOf(program: LinearProgram, { highs }: Solvers): readonly Proposer[] {
  const lp: Proposer = { name: 'lp', solve: solveByLp };
  const always: readonly Proposer[] = [
    { name: 'filling', solve: (one) => fill(withoutSigns(one)) },
    { name: 'greedy', solve: allocateGreedily },
  ];
  const count = program.variables.length;
  const byLp = count <= LP_MAX_VARIABLES ? [lp] : [];
  if (!isSigned(program)) return [...byLp, ...always];
  if (effortOf(program) > SIGNED_MAX_EFFORT) return always;
  const byHighs: readonly Proposer[] = highs && count <= HIGHS_MAX_VARIABLES ? [{ name: 'highs', solve: highs }] : [];
  return count <= SIGNED_LP_FIRST_VARIABLES ? [...byLp, ...byHighs, ...always] : [...byHighs, ...byLp, ...always];
}

/** How many variables may move, summed over the stages: where rows are signed, those of later stages move too. */
function effortOf({ stages }: LinearProgram): number {
  const moving = new Set<number>();
  let effort = 0;
  for (const stage of stages.toReversed()) {
    for (const { variable } of stage) moving.add(variable);
    effort += moving.size;
  }
  return effort;
}

/** The proposer's answer; whatever it throws is a failure by name, and the next in line answers. */
export function solveSafely({ solve }: Proposer, program: LinearProgram): Solution {
  try {
    return solve(program);
  } catch (error) {
    return { kind: 'failed', because: `it threw ${String(error)}` };
  }
}
