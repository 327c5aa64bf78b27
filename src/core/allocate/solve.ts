// The LP: the sequence of linear programs asked of javascript-lp-solver, the only file that knows it, with its known traps closed off.
//
// Only names `x<n>`, `r<n>`, `b<n>` and `o` are used, so that none can overwrite a field of the reply or hide a constraint; `feasible` and
// `bounded` are checked. The sequence asks through `answerTo`, which lets no number through that is not finite and no column that stands twice
// in a row, where the second would replace the first, and checks each answer against every row before it is believed.

import lp from 'javascript-lp-solver';
import type { LinearProgram, Solution } from './linear-program.ts';
import type { LpModel } from './lp-model.ts';
import { RecentAnswers } from './recent-answers.ts';
import { solveBySequence } from './sequence.ts';

type Model = {
  readonly optimize: string;
  readonly opType: 'max';
  readonly constraints: Record<string, { readonly max: number }>;
  readonly variables: Record<string, Record<string, number>>;
  readonly options: { readonly presolve: false };
};
type Answer = { readonly feasible?: boolean; readonly bounded?: boolean; readonly [name: string]: unknown };
// The package's types describe a shape that it does not have at run time.
const solver = lp as unknown as { readonly Solve: (model: Model) => Answer };

/**
 * Limits are put on this grid. Two that differ by about the solver's own precision (1e-8, to which it rounds its answers, so that they come back
 * in the next program's limits) make it pass over the tighter row; and a limit just below nought makes it forget the row.
 */
const GRID_AMPS = 1e-6;

// Upwards, so that what is possible stays so; adding zero turns −0 into 0.
const onGrid = (amps: number) => Math.ceil(amps / GRID_AMPS - 0.02) * GRID_AMPS + 0;

const recent = new RecentAnswers();

/** Solves `program` by the sequence of linear programs. Fails by name when the solver does, or when the lower bounds do not fit. */
export function solveByLp(program: LinearProgram): Solution {
  return solveBySequence(program, askSimplex, recent);
}

/** One linear program, answered by javascript-lp-solver: the columns' values, or in words why there are none. For `answerTo`. */
export function askSimplex({ columns, rows }: LpModel): readonly number[] | string {
  const constraints: Record<string, { max: number }> = {};
  const variables: Record<string, Record<string, number>> = {};
  for (const [at, { upper, objective }] of columns.entries()) {
    const column: Record<string, number> = { o: objective };
    if (Number.isFinite(upper)) {
      column[`b${at}`] = 1;
      constraints[`b${at}`] = { max: onGrid(upper) };
    }
    variables[`x${at}`] = column;
  }
  for (const [at, { terms, limit }] of rows.entries()) {
    constraints[`r${at}`] = { max: onGrid(limit) };
    for (const { column, coefficient } of terms) variables[`x${column}`]![`r${at}`] = coefficient;
  }
  const answer = solver.Solve({ optimize: 'o', opType: 'max', constraints, variables, options: { presolve: false } });
  if (answer.feasible !== true) return 'the linear program came back infeasible';
  if (answer.bounded === false) return 'the linear program came back unbounded';
  return columns.map((_column, at) => {
    // A column at zero is left out of the reply.
    const value = answer[`x${at}`] ?? 0;
    return typeof value === 'number' ? value : Number.NaN;
  });
}
