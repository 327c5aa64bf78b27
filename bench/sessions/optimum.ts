// What nobody can beat: one linear program over all sessions and steps, with the whole future known and continuous currents.
import highsModule from 'highs';
import { ROWS, rowLimits } from './car-park.ts';
import type { Sessions } from './session.ts';
import { demandsOf } from './simulate.ts';

// The package declares its CommonJS build, whose loader is `default`; to an ES module Node hands the loader itself.
const loadHighs = highsModule as unknown as typeof highsModule.default;

/** The most energy that any schedule can deliver, in watt-hours. */
export async function optimumWh(sessions: Sessions, rootAmps: number, stepMs: number): Promise<number> {
  const highs = await loadHighs();
  const demands = demandsOf(sessions, stepMs);
  const hours = stepMs / 3_600_000;
  const limits = rowLimits(rootAmps);
  const sumOfMaxima = new Map<number, number>();
  for (const { bay, from, until } of demands)
    for (let step = from; step < until; step++)
      for (const row of bay.rows)
        sumOfMaxima.set(step * ROWS + row, (sumOfMaxima.get(step * ROWS + row) ?? 0) + bay.maxAmps);
  // A row that everybody's maximum cannot fill says nothing; leaving it out keeps nights and weekends out of the program.
  const rowAt = new Map<number, number>();
  for (const [key, most] of sumOfMaxima) if (most > limits[key % ROWS]!) rowAt.set(key, rowAt.size);
  const circuitRows = rowAt.size;
  const rowUpper = [...rowAt.keys()].map((key) => limits[key % ROWS]!);
  const starts = [0];
  const indices: number[] = [];
  const values: number[] = [];
  const cost: number[] = [];
  const upper: number[] = [];
  demands.forEach(({ bay, energyWh, from, until }, at) => {
    const kWhPerAmp = (bay.wattsPerAmp * hours) / 1_000;
    rowUpper.push(energyWh / 1_000);
    for (let step = from; step < until; step++) {
      for (const row of bay.rows) {
        const known = rowAt.get(step * ROWS + row);
        if (known === undefined) continue;
        indices.push(known);
        values.push(1);
      }
      indices.push(circuitRows + at);
      values.push(kWhPerAmp);
      starts.push(indices.length);
      cost.push(kWhPerAmp);
      upper.push(bay.maxAmps);
    }
  });
  const [numCols, numRows] = [cost.length, rowUpper.length];
  return highs.withModel(
    {
      numCols,
      numRows,
      sense: highs.constants.objectiveSense.maximize,
      colCost: cost,
      colLower: new Float64Array(numCols),
      colUpper: upper,
      rowLower: new Float64Array(numRows).fill(-highs.infinity),
      rowUpper,
      matrix: { format: 'csc', numRows, numCols, starts, indices, values },
    },
    (model) => {
      model.options.set({ output_flag: false });
      model.run();
      if (model.getModelStatus() !== highs.constants.modelStatus.optimal)
        throw new Error(`HiGHS ended with model status ${model.getModelStatus()} at ${rootAmps} A; expected optimal`);
      return model.getObjectiveValue() * 1_000;
    },
  );
}
