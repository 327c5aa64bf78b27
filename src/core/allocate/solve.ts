// The LP: the sequence of linear programs asked of javascript-lp-solver, the only file that knows it, with its known traps closed off.
//
// Models are built by its `Model`, not as JSON: a JSON model takes longer to read than most are solved in, and there a name can overwrite a field
// of the reply or hide a constraint. `feasible` and `bounded` are checked. The sequence asks through `answerTo`, which lets no number through that
// is not finite and no column that stands twice in a row, and checks each answer against every row before it is believed.

import lp from 'javascript-lp-solver';
import type { LinearProgram, Solution } from './linear-program.ts';
import type { LpModel } from './lp-model.ts';
import { RecentAnswers } from './recent-answers.ts';
import { solveBySequence } from './sequence.ts';

type Variable = { readonly value: number };
type Constraint = { readonly addTerm: (coefficient: number, variable: Variable) => unknown };
type Model = {
  isMinimization: boolean;
  usePresolve: boolean;
  readonly addVariable: (cost: number, id: string) => Variable;
  readonly smallerThan: (limit: number) => Constraint;
  readonly solve: () => { readonly feasible: boolean; readonly bounded: boolean };
};
// The package's types describe a shape that it does not have at run time.
const { Model } = lp as unknown as { readonly Model: new () => Model };

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
  const model = new Model();
  model.isMinimization = false;
  model.usePresolve = false;
  // Limits first, those of columns before those of rows, then the columns: the order decides which of several corners is the answer.
  const bounds = columns.map(({ upper }) => (Number.isFinite(upper) ? model.smallerThan(onGrid(upper)) : undefined));
  const limits = rows.map(({ limit }) => model.smallerThan(onGrid(limit)));
  const variables = columns.map(({ objective }, at) => {
    const variable = model.addVariable(objective, `x${at}`);
    bounds[at]?.addTerm(1, variable);
    return variable;
  });
  rows.forEach(({ terms }, at) => {
    for (const { column, coefficient } of terms) limits[at]!.addTerm(coefficient, variables[column]!);
  });
  const { feasible, bounded } = model.solve();
  if (!feasible) return 'the linear program came back infeasible';
  if (!bounded) return 'the linear program came back unbounded';
  // Adding zero turns −0 into 0.
  return variables.map(({ value }) => value + 0);
}
