// The LP: the sequence of linear programs asked of javascript-lp-solver, the only file that knows it, with its known traps closed off.
//
// Only names `x<n>`, `r<n>`, `b<n>` and `o` are used, so that none can overwrite a field of the reply or hide a constraint; every number is
// finite; `feasible` and `bounded` are checked; and the sequence checks each height against every row before it is believed.

import lp from 'javascript-lp-solver';
import type { LinearProgram, Solution } from './linear-program.ts';
import { type LpModel, solveBySequence } from './sequence.ts';

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

/** Solves `program` by the sequence of linear programs. Fails by name when the solver does, or when the lower bounds do not fit. */
export function solveByLp(program: LinearProgram): Solution {
  return solveBySequence(program, askSimplex);
}

/** One linear program, answered by javascript-lp-solver: the columns' values, or in words why there are none. */
export function askSimplex({ columns, rows }: LpModel): readonly number[] | string {
  const constraints: Record<string, { max: number }> = {};
  const variables: Record<string, Record<string, number>> = {};
  for (const [at, { upper, objective }] of columns.entries()) {
    if (!(Number.isFinite(objective) && upper >= 0))
      return `column ${at} has the bound ${upper} and the weight ${objective}`;
    const column: Record<string, number> = { o: objective };
    if (Number.isFinite(upper)) {
      column[`b${at}`] = 1;
      constraints[`b${at}`] = { max: upper };
    }
    variables[`x${at}`] = column;
  }
  for (const [at, { terms, limit }] of rows.entries()) {
    if (!Number.isFinite(limit)) return `row ${at} has the limit ${limit}`;
    constraints[`r${at}`] = { max: limit };
    for (const { column, coefficient } of terms) {
      if (!Number.isFinite(coefficient)) return `row ${at} has the coefficient ${coefficient}`;
      variables[`x${column}`]![`r${at}`] = coefficient;
    }
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
