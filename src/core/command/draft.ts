// What one EVSE is to be told in a cycle, before anybody else is looked at: its floor, a decrease, a renewal, or that it wants more.

import type { Situation } from '../allocate/situation.ts';
import { isStop } from '../limits/emergency-stop.ts';
import type { Command } from '../model/decision.ts';
import type { EvseMemory } from '../model/memory.ts';
import type { Site } from '../model/site.ts';
import type { Instant } from '../model/units.ts';
import { offeredLease } from './exposure.ts';
import { renewalDueAt } from './renewal.ts';

/** First wait after a refusal or silence; doubled each time up to the longest. */
export const RETRY_FIRST_MS = 5_000;
export const RETRY_LONGEST_MS = 300_000;
/** A floor command of which nothing is heard for this long was lost with the gateway. */
export const LOST_COMMAND_MS = 60_000;
export const EPSILON_AMPS = 1e-6;

export type Draft = {
  readonly situation: Situation;
  readonly role: 'floor' | 'lease';
  readonly change: Command['change'];
  readonly limitAmps: number;
};

/** What the charger was told last: the newest lease that may still rule, else the floor. */
export function offeredAmps(situation: Situation, now: Instant): number {
  const lease = offeredLease(situation.memory, now);
  if (lease) return lease.limitAmps;
  return situation.memory.floor.state === 'unproved' ? situation.evse.maxAmps : situation.memory.floor.amps;
}

/** Whether enough time has gone by since the last refusal or silence. */
export function retryDue(memory: EvseMemory, now: Instant): boolean {
  if (memory.failures === 0 || memory.failedAt === undefined) return true;
  return now >= memory.failedAt + Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** (memory.failures - 1));
}

/** The floor where it is not known to be there as it should be; written once and then left alone. */
export function floorDraft(situation: Situation, now: Instant): Draft | undefined {
  const { evse, memory } = situation;
  const { floor } = memory;
  const outdated = floor.state === 'proved' && floor.amps !== evse.floorAmps;
  const lost = floor.state === 'sent' && now - floor.sentAt > LOST_COMMAND_MS;
  // Its proof stands: a floor is permanent. It is said again beside the limit that is said again, in case it was forgotten with the connection.
  if (floor.state === 'proved' && !outdated && memory.unknownSince !== undefined && floor.since < memory.unknownSince)
    return { situation, role: 'floor', change: 'renewal', limitAmps: evse.floorAmps };
  if (!(floor.state === 'unproved' || outdated || lost) || !retryDue(memory, now)) return undefined;
  return { situation, role: 'floor', change: 'decrease', limitAmps: evse.floorAmps };
}

/** A decrease or a renewal that goes out now, `increase` where more is wanted, or nothing. */
export function leaseDraft(
  site: Site,
  situation: Situation,
  targetAmps: number,
  now: Instant,
): Draft | 'increase' | undefined {
  const { evse, profile, memory, role, state } = situation;
  if (profile.lease.purpose === 'TxProfile' && state?.transaction === undefined) return undefined;
  const newest = memory.leases.at(-1);
  const isCandidate = role.kind === 'candidate';
  // An emergency stop is for every charger: for one without a car, so that the next car finds 0 A, and for one that is not believed.
  const isStopped = isStop(situation.cap);
  if (!isCandidate && !isStopped && !newest && memory.unknownSince === undefined) return undefined;
  const unshared = isStopped ? 0 : Math.min(evse.floorAmps, newest?.limitAmps ?? evse.floorAmps);
  const wanted = isCandidate ? targetAmps : unshared;
  const least = profile.quirks.includes('zero-amps-breaks-next-limit') ? evse.minAmps : 0;
  const target = Math.max(wanted, least);
  const told = newest?.limitAmps ?? offeredAmps(situation, now);
  // What it was told last, and no more than it is due, or than is counted.
  const known = Math.min(target, newest?.limitAmps ?? evse.floorAmps, situation.exposureAmps);
  const isUnknown = memory.unknownSince !== undefined && !(newest && newest.sentAt >= memory.unknownSince);
  if (isUnknown && known >= least) {
    // Said once, so that it is known again what rules there.
    const change = newest && known >= newest.limitAmps - EPSILON_AMPS ? 'renewal' : 'decrease';
    return retryDue(memory, now) ? { situation, role: 'lease', change, limitAmps: known } : undefined;
  }
  if (target < told - EPSILON_AMPS) {
    return retryDue(memory, now) || !newest
      ? { situation, role: 'lease', change: 'decrease', limitAmps: target }
      : undefined;
  }
  if (!isCandidate && !isStopped) return undefined;
  return target > told + EPSILON_AMPS ? 'increase' : renewalDraft(site, situation, now);
}

/** The same limit again: a third of its life is over, or nothing was heard of it and the next try is due. */
export function renewalDraft(site: Site, situation: Situation, now: Instant): Draft | undefined {
  const { memory, profile } = situation;
  const newest = memory.leases.at(-1);
  if (!newest) return undefined;
  const isSilent =
    newest.acknowledgedAt === undefined && (memory.failedAt ?? Number.NEGATIVE_INFINITY) >= newest.sentAt;
  const triesAgain = isSilent && retryDue(memory, now) && now - newest.sentAt >= profile.minIntervalMs;
  const isDue = triesAgain || isRenewalDue(site, situation, now);
  return isDue ? { situation, role: 'lease', change: 'renewal', limitAmps: newest.limitAmps } : undefined;
}

export function isRenewalDue(site: Site, { evse, profile, memory }: Situation, now: Instant): boolean {
  const newest = memory.leases.at(-1);
  return newest !== undefined && now >= renewalDueAt(site, evse.id, profile, newest.sentAt);
}
