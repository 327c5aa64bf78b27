// Weighted max-min fairness as a sequence of small linear programs, whoever solves them; it believes no answer that it has not checked.
//
// A linear program alone answers with a corner (two equal cars on 40 A come back 32 and 8), so each one asks for the greatest height h to
// which all shares still rising can be lifted together; those that cannot rise further are frozen there, and the next program asks again for
// the rest. Frozen shares are substituted into the right-hand sides, never passed as fixed variables: solvers round their answers, and
// exactly tight rows would then come back "infeasible".
//
// Where a row is signed, a share of a later stage may have to rise so that one of an earlier stage can: those are free columns of the
// program, and a second program finds out who can still rise.

import type { Binding, LinearProgram, Riser, Solution, Stage } from './linear-program.ts';
import { isSigned, TIGHT_AMPS } from './linear-program.ts';

/** Maximise Σ objective × column, 0 ≤ column ≤ upper, within rows Σ coefficient × column ≤ limit, limit ≥ 0. All numbers finite. */
export type LpModel = {
  readonly columns: readonly { readonly upper: number; readonly objective: number }[];
  readonly rows: readonly {
    readonly terms: readonly { readonly column: number; readonly coefficient: number }[];
    readonly limit: number;
  }[];
};

/** The columns' values, or in words why there are none. */
export type LpEngine = (model: LpModel) => readonly number[] | string;

/** What the rounding of earlier programs may leave a row over its limit. */
const OVERFULL_AMPS = 1e-4;
/** How far a share must be able to rise above the common height to go on rising, where rows are signed; far below any charger's step. */
const PROBE_AMPS = 1e-3;

type RelevantRow = LinearProgram['rows'][number] & { readonly at: number };

type Work = {
  readonly program: LinearProgram;
  readonly rows: readonly RelevantRow[];
  readonly isSigned: boolean;
  readonly engine: LpEngine;
  /** Where each variable stands. */
  readonly amps: number[];
  readonly bindings: (Binding | undefined)[];
  /** Signed rows only: variables that later stages will raise, and so may rise now to make room. */
  readonly free: Set<number>;
};

/**
 * Solves `program` stage by stage with `engine`. Bounded: each program freezes at least one share, so a stage takes at most as many as it has
 * members. Fails by name when the engine does, when its answer does not fit, or when the lower bounds do not.
 */
export function solveBySequence(program: LinearProgram, engine: LpEngine): Solution {
  const { variables, stages } = program;
  const signed = isSigned(program);
  // A row that cannot be full even with everybody at the maximum only costs time.
  const rows = program.rows
    .map((row, at) => ({ ...row, at }))
    .filter(({ terms, limit }) => mostOf(terms, variables) > limit);
  const work: Work = {
    program,
    rows,
    isSigned: signed,
    engine,
    amps: variables.map((variable) => variable.lower),
    bindings: variables.map(() => undefined),
    free: new Set(),
  };
  for (const [at, stage] of stages.entries()) {
    if (signed) {
      work.free.clear();
      for (const later of stages.slice(at + 1)) for (const riser of later) work.free.add(riser.variable);
    }
    const trouble = solveStage(work, stage);
    if (trouble !== undefined) return { kind: 'failed', because: trouble };
  }
  return { kind: 'solved', amps: work.amps, bindings: work.bindings.map((binding) => binding ?? { kind: 'upper' }) };
}

function mostOf(terms: RelevantRow['terms'], variables: LinearProgram['variables']): number {
  return terms.reduce(
    (sum, { variable, coefficient }) =>
      sum + coefficient * (coefficient > 0 ? variables[variable]!.upper : variables[variable]!.lower),
    0,
  );
}

/** Lifts the members of one stage as far as they go. Text when something is wrong. */
function solveStage(work: Work, stage: Stage): string | undefined {
  const rising = new Map<number, Riser>(stage.map((riser) => [riser.variable, riser]));
  for (let round = 0; rising.size > 0 && round <= stage.length; round++) {
    const overfull = work.isSigned ? undefined : freezeWhereFull(work, rising);
    if (overfull !== undefined) return overfull;
    if (rising.size === 0) break;
    const height = highestCommon(work, rising);
    if (typeof height === 'string') return height;
    const before = rising.size;
    const trouble = work.isSigned ? freezeWhoCannotRise(work, rising, height) : freezeAtHeight(work, rising, height);
    if (trouble !== undefined) return trouble;
    if (rising.size === before) return `no share stopped at height ${height}`;
  }
  return rising.size === 0 ? undefined : `shares still rising after ${stage.length} programs`;
}

/**
 * Members of rows that are full already stop where they are. Left in, such rows have a right-hand side of zero, on which a solver sometimes
 * answers beyond another row's limit.
 */
function freezeWhereFull({ rows, amps, bindings }: Work, rising: Map<number, Riser>): string | undefined {
  for (const row of rows) {
    const room = row.limit - loadOf(row, amps);
    if (!(room >= -OVERFULL_AMPS)) return `row ${row.at} is over its limit by ${-room} before anything rises`;
    if (room >= TIGHT_AMPS) continue;
    for (const { variable, coefficient } of row.terms) {
      if (coefficient > 0 && rising.delete(variable)) bindings[variable] = { kind: 'row', row: row.at };
    }
  }
  return undefined;
}

function loadOf(row: RelevantRow, amps: readonly number[]): number {
  let load = 0;
  for (const { variable, coefficient } of row.terms) load += coefficient * amps[variable]!;
  return load;
}

/** Columns of the variables that may move, counted from where they stand, and the rows in terms of them. */
function columnsOf({ program, rows, amps, free, isSigned: signed }: Work, rising: ReadonlyMap<number, Riser>) {
  const columnOf = new Map<number, number>();
  const columns: { upper: number; objective: number }[] = [];
  const add = (variable: number, upper: number) => {
    columnOf.set(variable, columns.length);
    columns.push({ upper: Math.max(0, upper - amps[variable]!), objective: 0 });
  };
  for (const [variable, { upper }] of rising)
    add(variable, free.has(variable) ? program.variables[variable]!.upper : upper);
  for (const variable of free) if (!rising.has(variable)) add(variable, program.variables[variable]!.upper);
  const lpRows = rows.flatMap((row) => {
    const terms = row.terms.flatMap(({ variable, coefficient }) => {
      const column = columnOf.get(variable);
      return column === undefined ? [] : [{ column, coefficient }];
    });
    if (terms.length === 0) return [];
    const room = row.limit - loadOf(row, amps);
    // A row that only fills has room or none; what earlier answers' rounding overdrew must not make it impossible.
    return [{ terms, limit: signed ? room + TIGHT_AMPS : Math.max(0, room) }];
  });
  return { columnOf, columns, rows: lpRows };
}

/** One linear program: the greatest h with x ≥ h·weight for all that still rise, within rows and bounds. Text when there is none. */
function highestCommon(work: Work, rising: ReadonlyMap<number, Riser>): number | string {
  const { columnOf, columns, rows } = columnsOf(work, rising);
  const height = columns.length;
  let highest = Number.POSITIVE_INFINITY;
  const links = [...rising.values()].map(({ variable, upper, weight }) => {
    highest = Math.min(highest, Math.max(upper, work.amps[variable]!) / weight);
    return {
      terms: [
        { column: height, coefficient: weight },
        { column: columnOf.get(variable)!, coefficient: -1 },
      ],
      limit: work.amps[variable]!,
    };
  });
  const answer = work.engine({ columns: [...columns, { upper: highest, objective: 1 }], rows: [...rows, ...links] });
  if (typeof answer === 'string') return answer;
  const h = answer[height];
  return h !== undefined && Number.isFinite(h) ? h : `the linear program answered h = ${String(h)}`;
}

/** Lifts all to `height`, then freezes those at their maximum and the members of full rows. Text when the height was wrong. */
function freezeAtHeight(work: Work, rising: Map<number, Riser>, height: number): string | undefined {
  const { rows, amps, bindings } = work;
  const lifted = new Map<number, number>();
  const stopped = new Map<number, Binding>();
  for (const [at, { upper, weight }] of rising) {
    const value = Math.max(amps[at]!, Math.min(upper, height * weight));
    lifted.set(at, value);
    if (value >= upper - TIGHT_AMPS) stopped.set(at, { kind: 'upper' });
  }
  for (const row of rows) {
    const load = row.terms.reduce((sum, t) => sum + t.coefficient * (lifted.get(t.variable) ?? amps[t.variable]!), 0);
    const tolerance = TIGHT_AMPS * Math.max(1, row.terms.length);
    if (load > row.limit + 10 * tolerance)
      return `height ${height} puts ${load} on row ${row.at}, which holds ${row.limit}`;
    if (load < row.limit - tolerance) continue;
    for (const { variable, coefficient } of row.terms) {
      if (coefficient > 0 && lifted.has(variable) && !stopped.has(variable))
        stopped.set(variable, { kind: 'row', row: row.at });
    }
  }
  for (const [at, binding] of stopped) {
    amps[at] = binding.kind === 'upper' ? Math.max(amps[at]!, rising.get(at)!.upper) : lifted.get(at)!;
    bindings[at] = binding;
    rising.delete(at);
  }
  return undefined;
}

/**
 * Signed rows: those at the height that cannot rise a little further, even when all others give way as far as they may, stop there. Asked of
 * all at once: what each could do alone, all can do together in a small part, because the solutions form a convex set.
 */
function freezeWhoCannotRise(work: Work, rising: Map<number, Riser>, height: number): string | undefined {
  const { amps, bindings } = work;
  const { columnOf, columns, rows } = columnsOf(work, rising);
  const probes = new Map<number, number>();
  const lifts: LpModel['rows'][number][] = [];
  const all = [...columns];
  for (const [at, { upper, weight }] of rising) {
    const level = Math.min(upper, height * weight);
    if (level < amps[at]! - TIGHT_AMPS) continue;
    if (level >= upper - TIGHT_AMPS) {
      amps[at] = Math.max(amps[at]!, upper);
      bindings[at] = { kind: 'upper' };
      rising.delete(at);
    } else {
      probes.set(at, all.length);
      // x = amps + y ≥ level + s
      lifts.push({
        terms: [
          { column: all.length, coefficient: 1 },
          { column: columnOf.get(at)!, coefficient: -1 },
        ],
        limit: amps[at]! - level + TIGHT_AMPS,
      });
      all.push({ upper: PROBE_AMPS, objective: 1 });
    }
  }
  if (probes.size === 0) return undefined;
  const answer = work.engine({ columns: all, rows: [...rows, ...lifts] });
  if (typeof answer === 'string') return answer;
  const stands = amps.map((value, at) => value + (columnOf.has(at) ? answer[columnOf.get(at)!]! : 0));
  for (const [at, column] of probes) {
    if (answer[column]! >= PROBE_AMPS / 2) continue;
    const { weight } = rising.get(at)!;
    amps[at] = Math.max(amps[at]!, height * weight);
    bindings[at] = fullRowOf(work, at, stands);
    rising.delete(at);
  }
  return undefined;
}

/** The row that holds a variable: the fullest of those that its rise would load. */
function fullRowOf({ rows }: Work, at: number, stands: readonly number[]): Binding {
  let fullest: { readonly row: number; readonly room: number } | undefined;
  for (const row of rows) {
    if (!row.terms.some(({ variable, coefficient }) => variable === at && coefficient > 0)) continue;
    const room = row.limit - loadOf(row, stands);
    if (!fullest || room < fullest.room) fullest = { row: row.at, room };
  }
  return fullest ? { kind: 'row', row: fullest.row } : { kind: 'upper' };
}
