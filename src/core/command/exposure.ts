// The exposure of an EVSE (law 1): the highest limit that can still be in force at the charger, given what was sent and acknowledged,
// and what may have run out.

import type { ChargerProfile } from '../model/charger.ts';
import type { EvseMemory, LeaseEntry } from '../model/memory.ts';
import type { Evse } from '../model/site.ts';
import type { StationState } from '../model/snapshot.ts';
import type { CommandId, Instant, TransactionId } from '../model/units.ts';

/** Leases remembered per EVSE at most; at the bound nothing is raised, and a decrease merges the two oldest. */
export const MAX_LEASES = 8;
/** How far a charger's clock, corrected by its own messages, may still be off at either end of a lease; at most a twelfth of its life. */
const CLOCK_MARGIN_MS = 5_000;
/** A lease that may end within this time is already counted as the floor, so that others are lowered first; at most a quarter of its life. */
const EXPIRY_GUARD_MS = 10_000;

/**
 * The lease that a command sent at `now` makes: when it certainly holds, and when it has certainly ended and the car has followed. A TxProfile is
 * bound to `transaction`, the one that runs.
 */
export function newLease(
  commandId: CommandId,
  limitAmps: number,
  now: Instant,
  profile: ChargerProfile,
  transaction?: TransactionId,
): LeaseEntry {
  const marginMs = Math.min(CLOCK_MARGIN_MS, profile.leaseMs / 12);
  return {
    commandId,
    limitAmps,
    ...(profile.lease.purpose === 'TxProfile' && transaction !== undefined ? { transaction } : {}),
    sentAt: now,
    holdsUntil: now + profile.leaseMs - marginMs,
    endsBy: now + profile.leaseMs + marginMs + profile.settleMs,
  };
}

export type Exposure = {
  /** Amperes per phase. */
  readonly amps: number;
  readonly because: 'lease' | 'floor' | 'floor-not-proved' | 'disobedient';
};

/** The floor as far as it is proved: the hardware maximum until then, and for models that lose it together with the link. */
export function floorExposure(
  evse: Evse,
  profile: ChargerProfile,
  memory: EvseMemory,
  link: StationState['link']['state'],
): Exposure {
  const proved = memory.floor.state === 'proved' && memory.floor.settledAt !== undefined;
  const holds = profile.holdsFloor || link === 'connected';
  return proved && holds && memory.floor.state === 'proved'
    ? { amps: Math.min(memory.floor.amps, evse.maxAmps), because: 'floor' }
    : { amps: evse.maxAmps, because: 'floor-not-proved' };
}

/**
 * The exposure at `now`, in amperes per phase on each phase the EVSE is counted on.
 *
 * Every lease from the last settled one on may rule, as long as it may not have ended. The floor may rule when no lease has settled yet,
 * or when the acknowledged ones may end soon; beneath a TxProfile it may rule at any time, because that goes with its transaction, which may have
 * ended a moment ago without our knowing, and the next begins under the floor. A disobedient charger counts with its hardware maximum, and so does a
 * model that forgets its profiles while its link is down.
 */
export function exposureOf(
  evse: Evse,
  profile: ChargerProfile,
  memory: EvseMemory,
  link: StationState['link']['state'],
  now: Instant,
): Exposure {
  if (memory.disobeyedAt !== undefined) return { amps: evse.maxAmps, because: 'disobedient' };
  const floor = floorExposure(evse, profile, memory, link);
  if (!profile.holdsFloor && link !== 'connected') return floor;
  const lastSettled = memory.leases.findLastIndex((lease) => lease.settledAt !== undefined);
  let isLeased = false;
  let leased = 0;
  let heldUntil = Number.NEGATIVE_INFINITY;
  for (let at = Math.max(0, lastSettled); at < memory.leases.length; at++) {
    const { limitAmps, acknowledgedAt, holdsUntil, endsBy } = memory.leases[at]!;
    if (endsBy <= now) continue;
    isLeased = true;
    leased = Math.max(leased, Math.min(limitAmps, evse.maxAmps));
    if (acknowledgedAt !== undefined) heldUntil = Math.max(heldUntil, holdsUntil);
  }
  const goesWithTransaction = profile.lease.purpose === 'TxProfile';
  const floorMayRule =
    goesWithTransaction || lastSettled < 0 || heldUntil <= now + Math.min(EXPIRY_GUARD_MS, profile.leaseMs / 4);
  if (floorMayRule && floor.amps >= leased) return floor;
  return isLeased ? { amps: leased, because: 'lease' } : floor;
}

/** The newest limit sent that may still rule at `now`, or undefined when only the floor is left. */
export function offeredLease(memory: EvseMemory, now: Instant): EvseMemory['leases'][number] | undefined {
  const newest = memory.leases.at(-1);
  return newest && newest.holdsUntil > now ? newest : undefined;
}

/** The newest limit that the charger has accepted and that has not run out; undefined when none. */
export function acknowledgedAmps(memory: EvseMemory, now: Instant): number | undefined {
  const lease = memory.leases.findLast((entry) => entry.acknowledgedAt !== undefined && entry.holdsUntil > now);
  if (lease) return lease.limitAmps;
  return memory.floor.state === 'proved' ? memory.floor.amps : undefined;
}
