// Who is asked for a sharing, in which order: the LP while it holds the cycle's time, HiGHS for large signed programs, filling, the stand-in.

import { fill } from './fill.ts';
import { allocateGreedily } from './greedy.ts';
import { isSigned, type LinearProgram, type Solution, withoutSigns } from './linear-program.ts';
import { solveByLp } from './solve.ts';

// The bounds are by size, never by measured time, so that every machine and every replay asks the same; docs/benchmarks.md has the figures. A
// cycle has 50 ms of processor time, and may share out twice.

/** Variables (after merging) up to which the LP answers a program without signed rows; filling is as exact beyond. */
export const LP_MAX_VARIABLES = 150;
/** The effort up to which the LP answers a signed program. */
export const SIGNED_LP_MAX_EFFORT = 120;
/** The effort up to which HiGHS does; larger programs are shared out without counting on balance. */
export const HIGHS_MAX_EFFORT = 1_500;

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
  if (!isSigned(program)) return program.variables.length <= LP_MAX_VARIABLES ? [lp, ...always] : always;
  const effort = effortOf(program);
  return [
    ...(effort <= SIGNED_LP_MAX_EFFORT ? [lp] : []),
    ...(highs && effort <= HIGHS_MAX_EFFORT ? [{ name: 'highs', solve: highs } as const] : []),
    ...always,
  ];
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
