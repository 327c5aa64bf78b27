// HiGHS: the sequence of linear programs asked of a WebAssembly solver, for programs that outgrow the first; the only file that knows it.
//
// Every linear program gets a solver of its own that is disposed of with it: nothing that an earlier program left behind, such as a basis, can
// lead the same program to another corner another time. Work is bounded by iterations, never by seconds, for the same reason.

import loader, { type Highs } from 'highs';
import type { LinearProgram, Solution } from './linear-program.ts';
import type { LpEngine, LpModel } from './lp-model.ts';
import { solveBySequence } from './sequence.ts';

// The package's types describe its CommonJS file; the ES module's default export is the loader itself.
const load = loader as unknown as typeof loader.default;

/** A linear program of 2,000 cars takes some thousands. */
const MAX_ITERATIONS = 100_000;
/** Amperes by which an answer may miss a bound or a row; two orders below what the sequence tells apart. */
const TOLERANCE_AMPS = 1e-9;

/**
 * Loads the solver once, which takes about a tenth of a second; the function that it resolves with is synchronous, and answers a program always
 * alike. Rejects when the WebAssembly cannot be loaded.
 */
export async function loadHighs(): Promise<(program: LinearProgram) => Solution> {
  const engine = await loadHighsEngine();
  return (program) => solveBySequence(program, engine);
}

/** The same for single linear programs, for `answerTo`. Throws where the solver itself breaks. */
export async function loadHighsEngine(): Promise<LpEngine> {
  const highs = await load();
  return (model) => askHighs(highs, model);
}

function askHighs(highs: Highs, { columns, rows }: LpModel): readonly number[] | string {
  const starts = [0];
  const indices: number[] = [];
  const values: number[] = [];
  for (const { terms } of rows) {
    for (const { column, coefficient } of terms) {
      indices.push(column);
      values.push(coefficient);
    }
    starts.push(indices.length);
  }
  const { optimal, ...others } = highs.constants.modelStatus;
  return highs.withModel((model) => {
    model.options.set({
      output_flag: false,
      // Half the time on programs of this size.
      presolve: 'off',
      solver: 'simplex',
      random_seed: 0,
      simplex_iteration_limit: MAX_ITERATIONS,
      primal_feasibility_tolerance: TOLERANCE_AMPS,
      dual_feasibility_tolerance: TOLERANCE_AMPS,
    });
    model.passModel({
      numCols: columns.length,
      numRows: rows.length,
      sense: highs.constants.objectiveSense.maximize,
      colCost: columns.map(({ objective }) => objective),
      colLower: columns.map(() => 0),
      colUpper: columns.map(({ upper }) => upper),
      rowLower: rows.map(() => -highs.infinity),
      rowUpper: rows.map(({ limit }) => limit),
      matrix: { format: 'csr', numRows: rows.length, numCols: columns.length, starts, indices, values },
    });
    const { modelStatus } = model.run();
    if (modelStatus === optimal) return [...model.getSolution().colValue];
    const name = Object.entries(others).find(([, code]) => code === modelStatus)?.[0] ?? modelStatus;
    return `the linear program came back ${name}`;
  });
}
