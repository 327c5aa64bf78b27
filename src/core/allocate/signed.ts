// One height of a sharing whose rows are signed, where one share's rise makes room for another's.
//
// A share of a later stage may have to rise so that one of an earlier stage can, so those are free columns; and a full row does not say who
// can rise no further, because somebody else may make room in it. A second linear program finds that out.

import { fillStage, roomIn } from './fill.ts';
import type { Binding, Riser } from './linear-program.ts';
import { TIGHT_AMPS } from './linear-program.ts';
import { answerTo, type LpRow } from './lp-model.ts';
import { type Columns, columnsOf, highestCommon, limitOf, loadOf, type Work } from './rising.ts';

/** A share that could rise by this much while nobody falls goes on rising; a fifth of the finest step that a charger knows. */
const STOP_SHORT_AMPS = 0.02;
/** A probe is at most this part of it. */
const MIN_PROBES = 20;

/**
 * Lifts all to the greatest common height and stops those that cannot go beyond it. Text when the solver fails or an answer does not fit.
 *
 * Filling, which asks nobody, says where all would stop if no row were signed. Up to the height at which that plan no longer holds, it is the
 * answer: nobody can have more in a program with more rows. So solvers are asked only where a signed row really holds somebody.
 */
export function riseSigned(work: Work, rising: Map<number, Riser>): string | undefined {
  const { amps, stands } = work;
  const plan = planWithoutSigned(work, rising);
  const planned = standsIf(work, plan, [...rising.keys()]);
  if (work.rows.every((row) => loadOf(row, planned) <= limitOf(row, stands))) {
    stop(work, rising, plan, [...rising.keys()]);
    return undefined;
  }
  const found = highestWithinPlan(work, rising, plan);
  if (typeof found === 'string') return found;
  stop(work, rising, plan, found.stopped);
  standAt(work, found.columns, found.values);

  const levels = new Map<number, number>();
  for (const [at, { upper, weight }] of rising)
    levels.set(at, Math.max(amps[at]!, Math.min(upper, found.height * weight, stands[at]!)));
  const suspects = [...rising.values()].filter(({ variable, upper }) => levels.get(variable)! < upper - TIGHT_AMPS);
  // One that rises alone and is ended by nothing but rows is held.
  const isHeld = rising.size === 1 && !found.isCut;
  const stuck = isHeld
    ? [...rising.keys()]
    : whoCannotRise(
        work,
        rising,
        levels,
        suspects.map(({ variable }) => variable),
      );
  if (typeof stuck === 'string') return stuck;
  const held = new Set(stuck);
  for (const [at, level] of levels) {
    if (level >= rising.get(at)!.upper - TIGHT_AMPS) freeze(work, rising, at, { kind: 'upper' });
    else if (held.has(at)) freeze(work, rising, at, fullRowOf(work, at));
  }
  return undefined;
}

/** Where the members of a stage would stop, at which height and by what, if no row were signed. */
type Plan = {
  readonly amps: readonly number[];
  readonly bindings: readonly (Binding | undefined)[];
  readonly stoppedAt: ReadonlyMap<number, number>;
};

function planWithoutSigned({ rows, amps }: Work, rising: ReadonlyMap<number, Riser>): Plan {
  const packing = rows.filter((row) => row.terms.every(({ coefficient }) => coefficient > 0));
  const planned = [...amps];
  const bindings: (Binding | undefined)[] = amps.map(() => undefined);
  const stoppedAt = fillStage(roomIn(packing, planned), [...rising.values()], planned, bindings);
  const named = bindings.map((one): Binding | undefined =>
    one?.kind === 'row' ? { kind: 'row', row: packing[one.row]!.at } : one,
  );
  return { amps: planned, bindings: named, stoppedAt };
}

/** Where everybody stands once `members` are where the plan wants them; only the free may stand higher. */
function standsIf({ stands, free }: Work, plan: Plan, members: readonly number[]): number[] {
  const after = [...stands];
  for (const at of members) after[at] = free.has(at) ? Math.max(plan.amps[at]!, stands[at]!) : plan.amps[at]!;
  return after;
}

type Found = {
  readonly height: number;
  /** Somebody stops here by plan; what rows let rise further is not known. */
  readonly isCut: boolean;
  readonly columns: Columns;
  readonly values: readonly number[];
  /** Those that the plan stops below this height. */
  readonly stopped: readonly number[];
};

/**
 * The greatest height to which the plan holds and all others can be lifted: tried from one height at which the plan stops somebody to the next,
 * in growing strides and then halving the last. Text when not even the first can be answered.
 */
function highestWithinPlan(work: Work, rising: ReadonlyMap<number, Riser>, plan: Plan): Found | string {
  const heights = [...new Set(plan.stoppedAt.values())].sort((a, b) => a - b);
  const tried = (index: number): Found | string => {
    const from = index < 0 ? 0 : heights[index]!;
    const stopped = index < 0 ? [] : [...rising.keys()].filter((at) => plan.stoppedAt.get(at)! <= from);
    const amps = [...work.amps];
    const left = new Map(rising);
    for (const at of stopped) {
      amps[at] = plan.amps[at]!;
      left.delete(at);
    }
    const columns = columnsOf({ ...work, amps }, left);
    const to = heights[index + 1] ?? from;
    const found = highestCommon({ ...work, amps }, left, columns, { from, to });
    if (typeof found === 'string') return found;
    return { ...found, isCut: found.height >= to - TIGHT_AMPS, columns, stopped };
  };
  let best = tried(-1);
  let [good, bad] = [-1, heights.length];
  for (let stride = 1; typeof best !== 'string' && best.isCut && bad - good > 1; stride *= 2) {
    const next = bad === heights.length ? Math.min(good + stride, bad - 1) : (good + bad) >> 1;
    const found = tried(next);
    if (typeof found === 'string') bad = next;
    else [best, good] = [found, next];
  }
  return best;
}

/** Stops these where the plan does. */
function stop(work: Work, rising: Map<number, Riser>, plan: Plan, members: readonly number[]): void {
  const after = standsIf(work, plan, members);
  for (const at of members) {
    work.amps[at] = Math.max(work.amps[at]!, plan.amps[at]!);
    work.stands[at] = after[at]!;
    work.bindings[at] = plan.bindings[at];
    rising.delete(at);
  }
}

/** Stops one where it stands, and not at the height itself: nobody else's standing can then become impossible by a rounding. */
function freeze(
  { amps, stands, bindings, free }: Work,
  rising: Map<number, Riser>,
  at: number,
  binding: Binding,
): void {
  const { upper } = rising.get(at)!;
  amps[at] = Math.max(amps[at]!, free.has(at) ? Math.min(upper, stands[at]!) : stands[at]!);
  bindings[at] = binding;
  rising.delete(at);
}

/** Moves everybody to the answer. */
function standAt({ amps, stands }: Work, { columnOf, columns }: Columns, values: readonly number[]): void {
  for (const [variable, column] of columnOf) {
    stands[variable] = amps[variable]! + Math.min(columns[column]!.upper, Math.max(0, values[column]!));
  }
}

/** Those of `suspects` that cannot rise beyond their levels while nobody else falls below the own. Text when the solver fails. */
function whoCannotRise(
  work: Work,
  rising: ReadonlyMap<number, Riser>,
  levels: ReadonlyMap<number, number>,
  suspects: readonly number[],
): readonly number[] | string {
  if (suspects.length === 0) return [];
  // Anew, because the answer just taken may stand on rows a rounding beyond their limits.
  const columns = columnsOf(work, rising);
  const probeAmps = STOP_SHORT_AMPS / Math.max(MIN_PROBES, suspects.length);
  const first = columns.columns.length;
  const probeOf = new Map(suspects.map((at, index) => [at, first + index]));
  const lifts = [...levels].map(([at, level]): LpRow => {
    const own = { column: columns.columnOf.get(at)!, coefficient: -1 };
    const probe = probeOf.get(at);
    // A rounding less, so that levels which hold a row to the last digit are not impossible to a solver that rounds its limits.
    const limit = work.amps[at]! - level + TIGHT_AMPS;
    return { terms: probe === undefined ? [own] : [own, { column: probe, coefficient: 1 }], limit };
  });
  const probes = suspects.map(() => ({ upper: probeAmps, objective: 1 }));
  const model = { columns: [...columns.columns, ...probes], rows: [...columns.rows, ...lifts] };
  const values = answerTo(model, work.engine);
  if (typeof values === 'string') return values;
  standAt(work, columns, values);
  return suspects.filter((at) => !(values[probeOf.get(at)!]! >= probeAmps / 2));
}

/** The row that holds a variable: the fullest of those that its rise would load. */
function fullRowOf({ rows, stands }: Work, at: number): Binding {
  let fullest: { readonly row: number; readonly room: number } | undefined;
  for (const row of rows) {
    if (!row.terms.some(({ variable, coefficient }) => variable === at && coefficient > 0)) continue;
    const room = row.limit - loadOf(row, stands);
    if (!fullest || room < fullest.room) fullest = { row: row.at, room };
  }
  return fullest ? { kind: 'row', row: fullest.row } : { kind: 'upper' };
}
