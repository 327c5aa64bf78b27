// The LP: weighted max-min fairness as a sequence of small linear programs for javascript-lp-solver, the only file that knows it.
//
// An LP alone answers with a corner (two equal cars on 40 A come back 32 and 8), so each program asks for the greatest height h to which
// all shares still rising can be lifted together; those that a full row or their own maximum stops are frozen there, and the next program
// asks again for the rest. Frozen shares are substituted into the right-hand sides, never passed as fixed variables: the solver rounds its
// answers, and exactly tight rows would then come back "infeasible". Its other traps are closed off here too: only names `h`, `y<n>`,
// `r<n>`, `f<n>`, `u<n>` are used, every number is finite, right-hand sides are never below zero, and `feasible` and `bounded` are checked.

import lp from 'javascript-lp-solver';
import type { Binding, LinearProgram, Solution } from './linear-program.ts';
import { TIGHT_AMPS } from './linear-program.ts';

type Model = {
  readonly optimize: string;
  readonly opType: 'max';
  readonly constraints: Record<string, { readonly max: number }>;
  readonly variables: Record<string, Record<string, number>>;
};
type Answer = { readonly feasible?: boolean; readonly bounded?: boolean; readonly [name: string]: unknown };
// The package's types describe a shape that it does not have at run time.
/** What the rounding of earlier programs may leave a row over its limit. */
const OVERFULL_AMPS = 1e-4;
const solver = lp as unknown as { readonly Solve: (model: Model) => Answer };

/**
 * Solves `program` by the sequence of linear programs. Rows MUST have coefficients ≥ 0. Bounded: each program freezes at least one share,
 * so there are at most as many as variables. Fails by name when the solver does, or when the lower bounds do not fit.
 */
export function solveByLp(program: LinearProgram): Solution {
  const { variables, rows } = program;
  const amps = variables.map((variable) => variable.lower);
  const bindings: (Binding | undefined)[] = variables.map(() => undefined);
  // A row that cannot be full even with everybody at the maximum only costs time.
  const relevant = rows
    .map((row, at) => ({ ...row, at }))
    .filter(
      ({ terms, limit }) => terms.reduce((sum, t) => sum + t.coefficient * variables[t.variable]!.upper, 0) > limit,
    );
  for (const level of [...new Set(variables.map((variable) => variable.level))].sort((a, b) => b - a)) {
    const rising = new Set<number>();
    variables.forEach((variable, at) => {
      if (variable.level === level) rising.add(at);
    });
    for (let round = 0; rising.size > 0 && round <= variables.length; round++) {
      const overfull = freezeWhereFull(relevant, amps, bindings, rising);
      if (overfull !== undefined) return { kind: 'failed', because: overfull };
      if (rising.size === 0) break;
      const height = highestCommon(program, relevant, amps, rising);
      if (typeof height === 'string') return { kind: 'failed', because: height };
      const trouble = freeze(program, relevant, amps, bindings, rising, height);
      if (trouble !== undefined) return { kind: 'failed', because: trouble };
    }
    if (rising.size > 0) return { kind: 'failed', because: `shares still rising after ${variables.length} programs` };
  }
  return { kind: 'solved', amps, bindings: bindings.map((binding) => binding ?? { kind: 'upper' }) };
}

/**
 * Members of rows that are full already stop where they are. Left in, such rows have a right-hand side of zero, on which the solver sometimes
 * answers beyond another row's limit.
 */
function freezeWhereFull(
  rows: readonly RelevantRow[],
  amps: readonly number[],
  bindings: (Binding | undefined)[],
  rising: Set<number>,
): string | undefined {
  for (const row of rows) {
    const room = row.limit - row.terms.reduce((sum, t) => sum + t.coefficient * amps[t.variable]!, 0);
    if (!(room >= -OVERFULL_AMPS)) return `row ${row.at} is over its limit by ${-room} before anything rises`;
    if (room >= TIGHT_AMPS) continue;
    for (const { variable, coefficient } of row.terms) {
      if (coefficient > 0 && rising.delete(variable)) bindings[variable] = { kind: 'row', row: row.at };
    }
  }
  return undefined;
}

type RelevantRow = LinearProgram['rows'][number] & { readonly at: number };

/** One linear program: the greatest h with x ≥ h·weight for all that still rise, within rows and bounds. Text when there is none. */
function highestCommon(
  { variables }: LinearProgram,
  rows: readonly RelevantRow[],
  amps: readonly number[],
  rising: ReadonlySet<number>,
): number | string {
  const constraints: Record<string, { max: number }> = {};
  const columns: Record<string, Record<string, number>> = { h: { h: 1 } };
  for (const at of rising) {
    const { lower, upper, weight } = variables[at]!;
    // x = lower + y with y ≥ 0;  h·weight − y ≤ lower;  y ≤ upper − lower
    columns[`y${at}`] = { [`f${at}`]: -1, [`u${at}`]: 1 };
    columns.h![`f${at}`] = weight;
    constraints[`f${at}`] = { max: lower };
    constraints[`u${at}`] = { max: Math.max(0, upper - lower) };
  }
  for (const row of rows) {
    let room = row.limit;
    let risers = 0;
    for (const { variable, coefficient } of row.terms) {
      room -= coefficient * amps[variable]!;
      if (rising.has(variable)) risers++;
    }
    if (risers === 0) continue;
    for (const { variable, coefficient } of row.terms) {
      if (rising.has(variable)) columns[`y${variable}`]![`r${row.at}`] = coefficient;
    }
    constraints[`r${row.at}`] = { max: Math.max(0, room) };
  }
  const answer = solver.Solve({ optimize: 'h', opType: 'max', constraints, variables: columns });
  if (answer.feasible !== true) return 'the linear program came back infeasible';
  if (answer.bounded === false) return 'the linear program came back unbounded';
  const height = answer.h ?? 0;
  return typeof height === 'number' && Number.isFinite(height)
    ? height
    : `the linear program answered h = ${String(height)}`;
}

/** Lifts all to `height`, then freezes those at their maximum and the members of full rows. Text when the height was wrong. */
function freeze(
  { variables }: LinearProgram,
  rows: readonly RelevantRow[],
  amps: number[],
  bindings: (Binding | undefined)[],
  rising: Set<number>,
  height: number,
): string | undefined {
  const before = rising.size;
  const lifted = new Map<number, number>();
  for (const at of rising) {
    const { lower, upper, weight } = variables[at]!;
    lifted.set(at, Math.min(upper, Math.max(lower, height * weight)));
  }
  const stopped = new Map<number, Binding>();
  for (const [at, value] of lifted) if (value >= variables[at]!.upper - TIGHT_AMPS) stopped.set(at, { kind: 'upper' });
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
    amps[at] = binding.kind === 'upper' ? variables[at]!.upper : lifted.get(at)!;
    bindings[at] = binding;
    rising.delete(at);
  }
  return rising.size < before ? undefined : `no share stopped at height ${height}`;
}
