// One height of a sharing whose rows are signed, where one share's rise makes room for another's.
//
// A share of a later stage may have to rise so that one of an earlier stage can, so those are free columns; and a full row does not say who
// can rise no further, because somebody else may make room in it. A second linear program finds that out.

import type { Binding, Riser } from './linear-program.ts';
import { TIGHT_AMPS } from './linear-program.ts';
import { answerTo, type LpRow } from './lp-model.ts';
import { type Columns, columnsOf, highestCommon, loadOf, type Work } from './rising.ts';

/** A share that could rise by this much while nobody falls goes on rising; a fifth of the finest step that a charger knows. */
const STOP_SHORT_AMPS = 0.02;
/** A probe is at most this part of it. */
const MIN_PROBES = 20;

/**
 * Lifts all to the greatest common height and stops those that cannot go beyond it. Text when the solver fails or an answer does not fit.
 *
 * The second program lifts each share beyond the height by a probe, as many as it can. Whoever is left without could, alone, rise by no more
 * than all probes together: half of one and half of the other would otherwise be a better answer. So the probes share `STOP_SHORT_AMPS`.
 */
export function riseSigned(work: Work, rising: Map<number, Riser>): string | undefined {
  const { amps, stands, bindings, free } = work;
  const columns = columnsOf(work, rising);
  const found = highestCommon(work, rising, columns);
  if (typeof found === 'string') return found;
  standAt(work, columns, found.values);

  const stopped = new Map<number, Binding>();
  const levels = new Map<number, number>();
  const suspects: number[] = [];
  for (const [at, { upper, weight }] of rising) {
    const level = Math.min(upper, found.height * weight, stands[at]!);
    if (level >= upper - TIGHT_AMPS) stopped.set(at, { kind: 'upper' });
    // Whoever stands above the height from an earlier stage is not held by it.
    else if (amps[at]! <= level + TIGHT_AMPS) suspects.push(at);
    levels.set(at, Math.max(amps[at]!, level));
  }
  const stuck = whoCannotRise(work, rising, levels, suspects);
  if (typeof stuck === 'string') return stuck;
  for (const at of stuck) stopped.set(at, fullRowOf(work, at));
  for (const [at, binding] of stopped) {
    // Where it stands and not the height itself: nobody else's standing can then become impossible by a rounding.
    const { upper } = rising.get(at)!;
    amps[at] = Math.max(amps[at]!, free.has(at) ? Math.min(upper, stands[at]!) : stands[at]!);
    bindings[at] = binding;
    rising.delete(at);
  }
  return undefined;
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
    const limit = work.amps[at]! - level;
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
