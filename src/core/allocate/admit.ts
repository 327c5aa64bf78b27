// Minimum service: who is served at all, in a strict total order, and whose turn it is among equals.

import type { CapacityRow, RowTag } from './capacity.ts';
import { blockingRow, type Load, take } from './rows.ts';
import type { Candidate } from './situation.ts';

/** Turns looked into in one cycle at most. */
const MAX_TURNS_TRIED = 4;

export type Refusal = {
  readonly at: number;
  /** Why its minimum is not served: no room in a row, its own cap is below its minimum, or it rests. */
  readonly because:
    | { readonly kind: 'row'; readonly row: number; readonly tag: RowTag; readonly missingAmps: number }
    | { readonly kind: 'cap' }
    | { readonly kind: 'rest' };
};

export type Admission = {
  readonly admitted: readonly Candidate[];
  readonly refused: readonly Refusal[];
  /** What the admitted minima have left of each row. */
  readonly room: readonly number[];
  /** A paused candidate has taken the place of a charging one, by their indices. */
  readonly rotated?: { readonly starts: number; readonly pauses: number };
};

/**
 * Minimum service in a strict total order: those who must never be paused, priority, those who keep their place, urgency, those already on,
 * credit, fewest phases, id. Each minimum that still fits on all its rows is admitted, which is the lexicographic optimum of that order.
 *
 * With `rotateAfterAmpSeconds`, one paused candidate takes the place of one charging equal when it is at least that far behind it.
 */
export function admit(
  candidates: readonly Candidate[],
  rows: readonly CapacityRow[],
  loads: readonly (readonly Load[])[],
  room: readonly number[],
  rotateAfterAmpSeconds: number | undefined,
): Admission {
  const order = [...candidates].sort(compare);
  const usual = admitInOrder(order, rows, loads, room);
  if (rotateAfterAmpSeconds === undefined) return usual;
  for (const { starts, pauses } of dueSwaps(usual, candidates, loads, rotateAfterAmpSeconds)) {
    const others = order.filter((candidate) => candidate !== starts);
    const swapped = admitInOrder(others.toSpliced(others.indexOf(pauses), 0, starts), rows, loads, room);
    const started = swapped.admitted.includes(starts);
    const paused = swapped.refused.some((refusal) => refusal.at === pauses.at);
    // The turn is worth it only when the one really gives way to the other, and nobody else has to.
    if (started && paused && swapped.admitted.length >= usual.admitted.length) {
      return { ...swapped, rotated: { starts: starts.at, pauses: pauses.at } };
    }
  }
  return usual;
}

function compare(a: Candidate, b: Candidate): number {
  return (
    Number(b.role.neverZero) - Number(a.role.neverZero) ||
    b.role.priority - a.role.priority ||
    Number(b.role.keepsPlace) - Number(a.role.keepsPlace) ||
    Number(b.role.isUrgent) - Number(a.role.isUrgent) ||
    Number(b.role.isOn) - Number(a.role.isOn) ||
    b.role.creditAmpSeconds - a.role.creditAmpSeconds ||
    a.phases.length - b.phases.length ||
    (a.evse.id < b.evse.id ? -1 : 1)
  );
}

function admitInOrder(
  order: readonly Candidate[],
  rows: readonly CapacityRow[],
  loads: readonly (readonly Load[])[],
  roomBefore: readonly number[],
): Admission {
  const room = [...roomBefore];
  const admitted: Candidate[] = [];
  const refused: Refusal[] = [];
  let waiting = order;
  // One more round as long as somebody was admitted who may balance a phase that another was refused for.
  for (let grown = true; grown; ) {
    grown = false;
    const blocked: { readonly candidate: Candidate; readonly row: number }[] = [];
    for (const candidate of waiting) {
      const { lower, upper, neverZero, restsUntil } = candidate.role;
      const own = loads[candidate.at]!;
      if (upper < lower) refused.push({ at: candidate.at, because: { kind: 'cap' } });
      else if (restsUntil !== undefined && !neverZero) refused.push({ at: candidate.at, because: { kind: 'rest' } });
      else {
        const row = neverZero ? undefined : blockingRow(room, own, lower);
        if (row !== undefined) blocked.push({ candidate, row });
        else {
          admitted.push(candidate);
          take(room, own, lower);
          grown ||= own.some((load) => load.coefficient < 0);
        }
      }
    }
    waiting = blocked.map(({ candidate }) => candidate);
    if (grown && waiting.length > 0) continue;
    for (const { candidate, row } of blocked) {
      const { coefficient } = loads[candidate.at]!.find((load) => load.row === row)!;
      const missingAmps = candidate.role.lower - Math.max(0, room[row]!) / coefficient;
      refused.push({ at: candidate.at, because: { kind: 'row', row, tag: rows[row]!.tag, missingAmps } });
    }
    break;
  }
  return { admitted, refused, room };
}

/**
 * Turns that are due: for those paused who are furthest behind, the charging equal in the row that blocks them that is furthest ahead and may
 * be paused.
 */
function dueSwaps(
  { admitted, refused }: Admission,
  candidates: readonly Candidate[],
  loads: readonly (readonly Load[])[],
  rotateAfterAmpSeconds: number,
): readonly { readonly starts: Candidate; readonly pauses: Candidate }[] {
  const byIndex = new Map(candidates.map((candidate) => [candidate.at, candidate]));
  const waiting = refused
    .flatMap(({ at, because }) => (because.kind === 'row' ? [{ starts: byIndex.get(at)!, row: because.row }] : []))
    .filter(({ starts }) => !starts.role.isOn)
    .sort((a, b) => b.starts.role.creditAmpSeconds - a.starts.role.creditAmpSeconds || byId(a.starts, b.starts))
    .slice(0, MAX_TURNS_TRIED);
  return waiting.flatMap(({ starts, row }) => {
    const ahead = admitted.filter(
      ({ at, role }) =>
        role.isOn &&
        !role.keepsPlace &&
        !role.neverZero &&
        role.priority === starts.role.priority &&
        (starts.role.isUrgent || !role.isUrgent) &&
        starts.role.creditAmpSeconds - role.creditAmpSeconds >= rotateAfterAmpSeconds &&
        loads[at]!.some((load) => load.row === row && load.coefficient > 0),
    );
    ahead.sort((a, b) => a.role.creditAmpSeconds - b.role.creditAmpSeconds || byId(a, b));
    return ahead.length > 0 ? [{ starts, pauses: ahead[0]! }] : [];
  });
}

const byId = (a: Candidate, b: Candidate) => (a.evse.id < b.evse.id ? -1 : 1);
