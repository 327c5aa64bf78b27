// Weighted max-min fairness as a sequence of small linear programs, whoever solves them; it believes no answer that it has not checked.
//
// A linear program alone answers with a corner (two equal cars on 40 A come back 32 and 8), so each one asks for the greatest height h to
// which all shares still rising can be lifted together; those that cannot rise further are frozen there, and the next program asks again for
// the rest. Frozen shares are substituted into the right-hand sides, never passed as fixed variables: solvers round their answers, and
// exactly tight rows would then come back "infeasible".

import type { Binding, LinearProgram, Riser, Solution, Stage } from './linear-program.ts';
import { faultOf, isSigned, TIGHT_AMPS } from './linear-program.ts';
import type { LpEngine } from './lp-model.ts';
import type { Question, RecentAnswers } from './recent-answers.ts';
import { columnsOf, highestCommon, loadOf, oversteps, scaledRows, type Work } from './rising.ts';
import { riseSigned } from './signed.ts';

/**
 * Solves `program` stage by stage with `engine`. Bounded: each program freezes at least one share, so a stage takes at most as many as it has
 * members. Fails by name when the engine does, when its answer does not fit, or when the program has a fault. With `recent`, `engine` MUST
 * always answer the same model alike: it is not asked again what it was asked a moment ago.
 */
export function solveBySequence(program: LinearProgram, engine: LpEngine, recent?: RecentAnswers): Solution {
  const fault = faultOf(program);
  if (fault !== undefined) return { kind: 'failed', because: fault };
  const { variables, stages } = program;
  const question = { variables, stages, rows: scaledRows(program), signed: isSigned(program) };
  return recent ? recent.answerTo(question, (one) => solveStages(one, engine)) : solveStages(question, engine);
}

function solveStages({ variables, stages, rows, signed }: Question, engine: LpEngine): Solution {
  const amps = variables.map((variable) => variable.lower);
  const common = {
    variables,
    rows,
    engine,
    amps,
    stands: signed ? [...amps] : amps,
    bindings: variables.map((): Binding | undefined => undefined),
  };
  for (const [at, stage] of stages.entries()) {
    const free = signed ? highestIn(stages.slice(at + 1)) : new Map<number, number>();
    const trouble = riseTogether({ ...common, free }, stage, signed ? riseSigned : rise);
    if (trouble !== undefined) return { kind: 'failed', because: trouble };
  }
  const over = common.rows.find((row) => oversteps(row, loadOf(row, amps)));
  if (over)
    return {
      kind: 'failed',
      because: `the shares put ${loadOf(over, amps)} on row ${over.at}, which holds ${over.limit}`,
    };
  return { kind: 'solved', amps, bindings: common.bindings.map((binding) => binding ?? { kind: 'upper' }) };
}

/** How far each variable rises at most in these stages. */
function highestIn(stages: readonly Stage[]): ReadonlyMap<number, number> {
  const highest = new Map<number, number>();
  for (const { variable, upper } of stages.flat()) highest.set(variable, Math.max(upper, highest.get(variable) ?? 0));
  return highest;
}

/** Lifts the members of one stage as far as they go. Text when something is wrong. */
function riseTogether(
  work: Work,
  stage: Stage,
  step: (work: Work, rising: Map<number, Riser>) => string | undefined,
): string | undefined {
  const rising = new Map<number, Riser>(stage.map((riser) => [riser.variable, riser]));
  while (rising.size > 0) {
    const before = rising.size;
    const trouble = step(work, rising);
    if (trouble !== undefined) return trouble;
    if (rising.size === before) return `none of ${before} shares stopped`;
  }
  return undefined;
}

/** One height, where no row is signed. */
function rise(work: Work, rising: Map<number, Riser>): string | undefined {
  freezeWhereFull(work, rising);
  if (rising.size === 0) return undefined;
  const to = Math.min(
    ...[...rising.values()].map(({ variable, upper, weight }) => Math.max(upper, work.amps[variable]!) / weight),
  );
  const found = highestCommon(work, rising, columnsOf(work, rising), { from: 0, to });
  return typeof found === 'string' ? found : freezeAtHeight(work, rising, found.height);
}

/**
 * Members of rows that are full already stop where they are. Left in, such rows have a right-hand side of zero, on which a solver sometimes
 * answers beyond another row's limit.
 */
function freezeWhereFull({ rows, amps, bindings }: Work, rising: Map<number, Riser>): void {
  for (const row of rows) {
    if (row.limit - loadOf(row, amps) >= TIGHT_AMPS) continue;
    for (const { variable, coefficient } of row.terms) {
      if (coefficient > 0 && rising.delete(variable)) bindings[variable] = { kind: 'row', row: row.at };
    }
  }
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
    if (oversteps(row, load)) return `height ${height} puts ${load} on row ${row.at}, which holds ${row.limit}`;
    if (load < row.limit - TIGHT_AMPS * row.terms.length) continue;
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
