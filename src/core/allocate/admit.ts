// Minimum service: who is served at all, in a strict total order, and whose turn it is among equals.

import type { Policy } from '../model/site.ts';
import { ceilToStep, floorToStep } from '../model/units.ts';
import type { CapacityRow, RowTag } from './capacity.ts';
import { blockingRow, type Load, take } from './rows.ts';
import { byId, type Candidate } from './situation.ts';

const HOUR_MS = 3_600_000;
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
  /** What each admitted candidate has for certain, by its index: its minimum, or what its deadline needs. */
  readonly granted: ReadonlyMap<number, number>;
  readonly refused: readonly Refusal[];
  /** What the grants have left of each row. */
  readonly room: readonly number[];
  /** A candidate that waited has taken the place of a charging one, by their indices. */
  readonly rotated?: { readonly starts: number; readonly pauses: number };
};

/** What a sharing out works on: the rows, what each candidate loads of them, and what is left of each. */
export type Field = {
  readonly rows: readonly CapacityRow[];
  readonly loads: readonly (readonly Load[])[];
  readonly room: readonly number[];
};

export type Rules = {
  readonly scarcity: Policy['scarcity'];
  /** A place changes hands after this long; absent: not in this cycle. */
  readonly turnMs?: number;
};

/**
 * Minimum service in a strict total order: those who must never be paused, priority, urgency, those who keep their place, hour of departure,
 * those already on, longest waiting, fewest phases, id. Each minimum that still fits on all its rows is admitted, which is the lexicographic
 * optimum of that order. Who can still pause without missing its deadline, or has what it came for (patient), comes after all others and what
 * their deadlines need.
 *
 * Where the earliest departure is first, each is granted what its deadline needs, as far as that fits, before the next one is asked.
 *
 * With `turnMs`, one candidate that waits takes the place of one equal that has been served for that long.
 */
export function admit(candidates: readonly Candidate[], field: Field, { scarcity, turnMs }: Rules): Admission {
  const order = [...candidates].sort((a, b) => compare(a, b, scarcity));
  const usual = admitInOrder(order, field, scarcity);
  if (turnMs === undefined) return usual;
  for (const { starts, pauses } of dueSwaps(usual, candidates, field.loads, turnMs)) {
    const others = order.filter((candidate) => candidate !== starts);
    const swapped = admitInOrder(others.toSpliced(others.indexOf(pauses), 0, starts), field, scarcity);
    const started = swapped.admitted.includes(starts);
    const paused = swapped.refused.some((refusal) => refusal.at === pauses.at);
    // The turn is worth it only when the one really gives way to the other, and nobody else has to.
    if (started && paused && swapped.admitted.length >= usual.admitted.length) {
      return { ...swapped, rotated: { starts: starts.at, pauses: pauses.at } };
    }
  }
  return usual;
}

function compare(a: Candidate, b: Candidate, scarcity: Policy['scarcity']): number {
  const byDeparture = scarcity === 'earliest-departure-first';
  return (
    Number(b.role.neverZero) - Number(a.role.neverZero) ||
    b.role.priority - a.role.priority ||
    Number(b.role.isUrgent) - Number(a.role.isUrgent) ||
    Number(b.role.keepsPlace) - Number(a.role.keepsPlace) ||
    (byDeparture ? 0 : Number(a.role.isPatient) - Number(b.role.isPatient)) ||
    departureHour(a) - departureHour(b) ||
    Number(b.role.isOn) - Number(a.role.isOn) ||
    b.role.waitedMs - a.role.waitedMs ||
    a.phases.length - b.phases.length ||
    byId(a, b)
  );
}

/** Cars that leave within the same hour are equals; who has what it came for, or names no departure, is last. */
export function departureHour({ role: { departureAt, needAmps } }: Pick<Candidate, 'role'>): number {
  return departureAt === undefined || needAmps === 0 ? Number.MAX_SAFE_INTEGER : Math.floor(departureAt / HOUR_MS);
}

function admitInOrder(
  order: readonly Candidate[],
  { rows, loads, room: before }: Field,
  scarcity: Policy['scarcity'],
): Admission {
  const room = [...before];
  const granted = new Map<number, number>();
  const admitted: Candidate[] = [];
  const refused: Refusal[] = [];
  const byNeed = scarcity === 'earliest-departure-first';
  const serve = (candidate: Candidate) => {
    const { at, role } = candidate;
    admitted.push(candidate);
    if (!role.neverZero) take(room, loads[at]!, role.lower);
    const extra = byNeed ? fittingNeed(candidate, loads[at]!, room) : 0;
    take(room, loads[at]!, extra);
    granted.set(at, floorToStep(role.lower + extra, candidate.evse.stepAmps));
  };

  const able: Candidate[] = [];
  for (const candidate of order) {
    const { at, role } = candidate;
    if (role.upper < role.lower) refused.push({ at, because: { kind: 'cap' } });
    else if (role.restsUntil !== undefined && !role.neverZero) refused.push({ at, because: { kind: 'rest' } });
    else able.push(candidate);
  }
  // What nobody can be denied is set aside before anybody is granted more than a minimum.
  for (const { at, role } of able) if (role.neverZero) take(room, loads[at]!, role.lower);
  const isPatient = ({ role }: Candidate) => !byNeed && role.isPatient && !role.neverZero && !role.keepsPlace;
  const first = serveWhoFit(
    able.filter((one) => !isPatient(one)),
    room,
    loads,
    serve,
  );
  // What deadlines need of those served is kept for them before a patient one is let in.
  const kept = [...room];
  if (!byNeed) {
    for (const candidate of admitted) {
      // What a need takes is kept; what it would give to a balance is not certain.
      take(kept, loads[candidate.at]!, fittingNeed(candidate, loads[candidate.at]!, kept), 0);
    }
  }
  // Those who were blocked are asked again: a patient one may balance the phase that they were refused for.
  const waiting = [...first.map(({ candidate }) => candidate), ...able.filter(isPatient)];
  const blocked = serveWhoFit(waiting, kept, loads, (candidate) => {
    take(kept, loads[candidate.at]!, candidate.role.lower);
    serve(candidate);
  });
  for (const { candidate, row } of blocked) {
    const { coefficient } = loads[candidate.at]!.find((load) => load.row === row)!;
    const missingAmps = candidate.role.lower - kept[row]! / coefficient;
    refused.push({ at: candidate.at, because: { kind: 'row', row, tag: rows[row]!.tag, missingAmps } });
  }
  return { admitted, granted, refused, room };
}

type Blocked = { readonly candidate: Candidate; readonly row: number };

/** Serves in order each whose minimum fits into `room`; those left over and the rows that block them. */
function serveWhoFit(
  candidates: readonly Candidate[],
  room: readonly number[],
  loads: readonly (readonly Load[])[],
  serve: (candidate: Candidate) => void,
): readonly Blocked[] {
  let waiting = candidates;
  for (;;) {
    const blocked: Blocked[] = [];
    let balanced = false;
    for (const candidate of waiting) {
      const own = loads[candidate.at]!;
      const row = candidate.role.neverZero ? undefined : blockingRow(room, own, candidate.role.lower);
      if (row !== undefined) blocked.push({ candidate, row });
      else {
        serve(candidate);
        balanced ||= own.some((load) => load.coefficient < 0);
      }
    }
    // One more round as long as somebody was served who may balance a phase that another was refused for.
    if (!balanced || blocked.length === 0) return blocked;
    waiting = blocked.map(({ candidate }) => candidate);
  }
}

/** What the deadline needs beyond the minimum, on the step, as far as it fits into `room`. */
function fittingNeed({ role, evse: { stepAmps } }: Candidate, loads: readonly Load[], room: readonly number[]): number {
  const needed = Math.min(role.upper, ceilToStep(role.needAmps ?? 0, stepAmps)) - role.lower;
  let fits = needed;
  for (const { row, coefficient } of loads) if (coefficient > 0) fits = Math.min(fits, room[row]! / coefficient);
  return fits > 0 ? floorToStep(fits, stepAmps) : 0;
}

/**
 * Turns that are due: for those who have waited longest, the equal in the row that blocks them that has been served longest and may be
 * paused.
 */
function dueSwaps(
  { admitted, refused }: Admission,
  candidates: readonly Candidate[],
  loads: readonly (readonly Load[])[],
  turnMs: number,
): readonly { readonly starts: Candidate; readonly pauses: Candidate }[] {
  const byIndex = new Map(candidates.map((candidate) => [candidate.at, candidate]));
  const waiting = refused
    .flatMap(({ at, because }) => (because.kind === 'row' ? [{ starts: byIndex.get(at)!, row: because.row }] : []))
    .filter(({ starts }) => !starts.role.isOn)
    .sort((a, b) => b.starts.role.waitedMs - a.starts.role.waitedMs || byId(a.starts, b.starts))
    .slice(0, MAX_TURNS_TRIED);
  return waiting.flatMap(({ starts, row }) => {
    const ahead = admitted.filter(
      ({ at, role }) =>
        role.isOn &&
        !role.keepsPlace &&
        !role.neverZero &&
        role.priority === starts.role.priority &&
        (role.isPatient || !starts.role.isPatient) &&
        departureHour(starts) <= departureHour({ role }) &&
        (starts.role.isUrgent || !role.isUrgent) &&
        role.servedMs >= turnMs &&
        loads[at]!.some((load) => load.row === row && load.coefficient > 0),
    );
    ahead.sort((a, b) => b.role.servedMs - a.role.servedMs || byId(a, b));
    return ahead.length > 0 ? [{ starts, pauses: ahead[0]! }] : [];
  });
}
