// One plain linear program and who can answer it: what the sequence of a sharing asks, step by step. Plain data.

/** Maximise Σ objective × column, 0 ≤ column ≤ upper, within rows Σ coefficient × column ≤ limit. All numbers but `upper` MUST be finite. */
export type LpModel = {
  readonly columns: readonly { readonly upper: number; readonly objective: number }[];
  readonly rows: readonly LpRow[];
};

export type LpRow = {
  /** Each column at most once. */
  readonly terms: readonly { readonly column: number; readonly coefficient: number }[];
  readonly limit: number;
};

/** The columns' values, or in words why there are none. */
export type LpEngine = (model: LpModel) => readonly number[] | string;

/** Amperes by which an answer may miss a bound, and a row for each of its terms: solvers round. */
const MISS_AMPS = 1e-6;

/** The engine's answer to a model, checked against every bound and row; in words what is wrong with either of the two. */
export function answerTo(model: LpModel, engine: LpEngine): readonly number[] | string {
  const fault = faultOfModel(model);
  if (fault !== undefined) return fault;
  const values = engine(model);
  return typeof values === 'string' ? values : (missOf(model, values) ?? values);
}

function missOf({ columns, rows }: LpModel, values: readonly number[]): string | undefined {
  for (const [at, { upper }] of columns.entries()) {
    const value = values[at] ?? Number.NaN;
    if (!(value >= -MISS_AMPS && value <= upper + MISS_AMPS)) return `column ${at} came back ${value} of 0..${upper}`;
  }
  for (const [at, { terms, limit }] of rows.entries()) {
    let load = 0;
    for (const { column, coefficient } of terms) load += coefficient * values[column]!;
    if (!(load <= limit + MISS_AMPS * terms.length)) return `row ${at} came back with ${load} of ${limit}`;
  }
  return undefined;
}

/** The first number of a model that no solver may see, in words. */
function faultOfModel({ columns, rows }: LpModel): string | undefined {
  for (const [at, { upper, objective }] of columns.entries()) {
    if (!(Number.isFinite(objective) && upper >= 0))
      return `column ${at} has the bound ${upper} and the weight ${objective}`;
  }
  // The last row that named each column.
  const namedIn: (number | undefined)[] = [];
  for (const [at, { terms, limit }] of rows.entries()) {
    if (!Number.isFinite(limit)) return `row ${at} has the limit ${limit}`;
    for (const { column, coefficient } of terms) {
      if (!Number.isFinite(coefficient)) return `row ${at} has the coefficient ${coefficient}`;
      if (!(column in columns)) return `row ${at} names column ${column}, which there is not`;
      if (namedIn[column] === at) return `row ${at} names column ${column} twice`;
      namedIn[column] = at;
    }
  }
  return undefined;
}
