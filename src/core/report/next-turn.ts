// When a paused session is due again: the place of an equal that it can have, and how many stand before it in the queue for it.

import { departureHour } from '../allocate/admit.ts';
import type { Allocation } from '../allocate/allocate.ts';
import type { RowTag } from '../allocate/capacity.ts';
import type { Candidate, Situation } from '../allocate/situation.ts';
import type { Site } from '../model/site.ts';
import { siteIndex } from '../model/site-index.ts';
import type { Instant } from '../model/units.ts';
import { turnAt } from '../plan/rotation.ts';

export type NextTurnInput = {
  readonly site: Site;
  readonly situation: Situation;
  readonly situations: readonly Situation[];
  readonly allocation: Allocation;
  readonly now: Instant;
};

/**
 * When `situation` takes the place of an equal that charges now and whose minimum makes room for `missingAmps` in the row of `tag`. Undefined
 * where nobody gives way, and where a turn is overdue: then something else is in its way, and no time can be promised.
 */
export function nextTurn(
  tag: RowTag,
  missingAmps: number,
  { site, situation, situations, allocation, now }: NextTurnInput,
): Instant | undefined {
  if (!isCandidate(situation)) return undefined;
  const { minOnMs, turnMs } = site.policy.pause;
  const missing = missingAmps * coefficientIn(tag, situation, site);
  const served: number[] = [];
  let place = 0;
  for (const other of situations) {
    if (!isCandidate(other) || other.at === situation.at || !isEqual(other, situation)) continue;
    const coefficient = coefficientIn(tag, other, site);
    if (coefficient === 0) continue;
    if (!(allocation.amps[other.at]! > 0)) place += comesBefore(other, situation) ? 1 : 0;
    else if (givesWay(other, situation) && other.role.lower * coefficient >= missing - 1e-6) {
      // A turn shorter than the time that a car keeps its place is as long as that.
      served.push(other.role.servedMs - Math.max(0, minOnMs - turnMs));
    }
  }
  const dueAt = turnAt(served, place, turnMs, now);
  return dueAt !== undefined && dueAt > now ? dueAt : undefined;
}

const isCandidate = (one: Situation): one is Candidate => one.role.kind === 'candidate';

function isEqual(a: Candidate, b: Candidate): boolean {
  return a.role.priority === b.role.priority && a.role.onlySurplus === b.role.onlySurplus;
}

function givesWay({ role, profile, memory }: Candidate, to: Candidate): boolean {
  // Cars that do not wake well are never paused for an equal.
  const wakesBadly = profile.quirks.includes('needs-wake-up') || (memory.wake?.attempts ?? 0) > 0;
  if (role.neverZero || wakesBadly || (role.isUrgent && !to.role.isUrgent)) return false;
  return (role.isPatient || !to.role.isPatient) && departureHour(to) <= departureHour({ role });
}

function comesBefore(other: Candidate, one: Candidate): boolean {
  const [theirs, own] = [other.role.waitedMs, one.role.waitedMs];
  return theirs > own || (theirs === own && other.evse.id < one.evse.id);
}

/** What one ampere of an EVSE takes in the row of `tag`, up to a factor that is the same for all; 0 where it takes nothing. */
function coefficientIn(tag: RowTag, { at, evse, phases, role }: Candidate, site: Site): number {
  const { circuitAt, pathOf } = siteIndex(site);
  switch (tag.kind) {
    case 'phase':
      return pathOf[at]!.includes(circuitAt.get(tag.circuit)!) && phases.includes(tag.phase) ? 1 : 0;
    case 'power':
      return pathOf[at]!.includes(circuitAt.get(tag.circuit)!) ? phases.length : 0;
    case 'group': {
      if (!site.groups.some(({ id, evses }) => id === tag.group && evses.includes(evse.id))) return 0;
      if (tag.phase === undefined) return phases.length;
      return phases.includes(tag.phase) ? 1 : 0;
    }
    case 'station':
      return evse.station === tag.station ? 1 : 0;
    case 'unbalance': {
      const isBelow = pathOf[at]!.includes(circuitAt.get(tag.circuit)!);
      return isBelow && phases.includes(tag.phase) && !phases.includes(tag.against) ? 1 : 0;
    }
    case 'surplus':
      return role.onlySurplus ? phases.length : 0;
  }
}
