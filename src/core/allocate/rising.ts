// What one stage of a sharing asks of a linear program solver, and where everybody stands meanwhile.

import type { Binding, LinearProgram, Riser } from './linear-program.ts';
import { TIGHT_AMPS } from './linear-program.ts';
import { answerTo, type LpEngine, type LpModel, type LpRow } from './lp-model.ts';

/** A row of the program, scaled to a largest coefficient of 1, so that rows in watts and in amperes are judged alike. */
export type ScaledRow = LinearProgram['rows'][number] & { readonly at: number };

export type Work = {
  readonly variables: LinearProgram['variables'];
  readonly rows: readonly ScaledRow[];
  readonly engine: LpEngine;
  /** What each variable has for certain; those in no open stage have just that. */
  readonly amps: number[];
  /** A point that holds all rows with everybody at `amps` or higher. Where no row is signed it is `amps` itself. */
  readonly stands: number[];
  readonly bindings: (Binding | undefined)[];
  /** Variables that a later stage will raise, and how far: where a row is signed they may have to rise now, to make room. */
  readonly free: ReadonlyMap<number, number>;
};

/** The rows that can be full at all, scaled. The others only cost time. */
export function scaledRows({ rows, variables }: LinearProgram): readonly ScaledRow[] {
  return rows.flatMap(({ terms, limit }, at) => {
    const most = terms.reduce(
      (sum, { variable, coefficient }) =>
        sum + coefficient * (coefficient > 0 ? variables[variable]!.upper : variables[variable]!.lower),
      0,
    );
    if (most <= limit) return [];
    const largest = terms.reduce((size, { coefficient }) => Math.max(size, Math.abs(coefficient)), 0);
    const scaled = terms.map(({ variable, coefficient }) => ({ variable, coefficient: coefficient / largest }));
    return [{ terms: scaled, limit: limit / largest, at }];
  });
}

export function loadOf({ terms }: ScaledRow, amps: readonly number[]): number {
  let load = 0;
  for (const { variable, coefficient } of terms) load += coefficient * amps[variable]!;
  return load;
}

/** What a row may carry: what rounding overdrew in earlier answers must not make the next program impossible. */
export const limitOf = (row: ScaledRow, stands: readonly number[]) => Math.max(row.limit, loadOf(row, stands));

/** What rounding may leave a row over its limit before the answer counts as wrong. */
export const oversteps = (row: ScaledRow, load: number) => load > row.limit + 10 * TIGHT_AMPS * row.terms.length;

export type Columns = {
  readonly columnOf: ReadonlyMap<number, number>;
  readonly columns: LpModel['columns'];
  readonly rows: readonly LpRow[];
};

/** Columns of the variables that may move, counted from `amps`, and the rows in terms of them. */
export function columnsOf(work: Work, rising: ReadonlyMap<number, Riser>): Columns {
  const { amps, stands, free } = work;
  const columnOf = new Map<number, number>();
  const columns: LpModel['columns'][number][] = [];
  const add = (variable: number, upper: number) => {
    columnOf.set(variable, columns.length);
    columns.push({ upper: Math.max(upper, stands[variable]!) - amps[variable]!, objective: 0 });
  };
  for (const [variable, { upper }] of rising) add(variable, Math.max(upper, free.get(variable) ?? 0));
  for (const [variable, upper] of free) if (!rising.has(variable)) add(variable, upper);
  const rows = work.rows.flatMap((row) => {
    const terms = row.terms.flatMap(({ variable, coefficient }) => {
      const column = columnOf.get(variable);
      return column === undefined ? [] : [{ column, coefficient }];
    });
    const limit = limitOf(row, stands) - loadOf(row, amps);
    return terms.length === 0 && limit >= 0 ? [] : [{ terms, limit }];
  });
  return { columnOf, columns, rows };
}

/**
 * One linear program: the greatest h between `from` and `to` with x ≥ h·weight for all that still rise, within rows and bounds; and the columns'
 * values with it. Text when there is none.
 */
export function highestCommon(
  { amps, engine }: Work,
  rising: ReadonlyMap<number, Riser>,
  { columnOf, columns, rows }: Columns,
  { from, to }: { readonly from: number; readonly to: number },
): { readonly height: number; readonly values: readonly number[] } | string {
  const rise = columns.length;
  // Weights count against the largest, so that rounding of the height is at most as large in amperes.
  const largest = [...rising.values()].reduce((most, { weight }) => Math.max(most, weight), 0) || 1;
  const links = [...rising.values()].map(({ variable, weight }): LpRow => {
    const own = { column: columnOf.get(variable)!, coefficient: -1 };
    return { terms: [{ column: rise, coefficient: weight / largest }, own], limit: amps[variable]! - from * weight };
  });
  const model = { columns: [...columns, { upper: (to - from) * largest, objective: 1 }], rows: [...rows, ...links] };
  const values = answerTo(model, engine);
  return typeof values === 'string' ? values : { height: from + values[rise]! / largest, values };
}
