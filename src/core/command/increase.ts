// More for one EVSE, or what it waits for: the charger's answer, a fresh meter, dwell, others that come down, a spare write.

import { type Load, take } from '../allocate/rows.ts';
import type { Situation } from '../allocate/situation.ts';
import { isStop } from '../limits/emergency-stop.ts';
import type { EvseMemory } from '../model/memory.ts';
import type { Site } from '../model/site.ts';
import { floorToStep, type Instant } from '../model/units.ts';
import { hasSpareWrite } from './budget.ts';
import { type Draft, EPSILON_AMPS, isRenewalDue, offeredAmps, retryDue } from './draft.ts';
import { MAX_LEASES } from './exposure.ts';
import { renewalPeriodMs } from './renewal.ts';

/** `dead-band`: the rise is too small for a command of its own, which the next renewal takes along. */
export type Waiting = 'decreases' | 'dwell' | 'meter' | 'answer' | 'write-budget' | 'dead-band';

export type IncreaseInput = {
  readonly site: Site;
  readonly situation: Situation;
  /** Of this cycle: `wantsMoreSince` is up to date. */
  readonly memory: EvseMemory;
  readonly targetAmps: number;
  /** False where a meter above the EVSE is not fresh. */
  readonly mayRise: boolean;
  /** True where an EVSE on one of its circuits may have a limit that nobody knows of. */
  readonly mayHide?: boolean;
  readonly loads: readonly Load[];
  /** What is left in each row, this EVSE's exposure already taken out. */
  readonly room: readonly number[];
  readonly now: Instant;
};

/** The increase that may leave now, or what it waits for. */
export function increaseDraft(input: IncreaseInput): Draft | Waiting {
  const { site, situation, memory, targetAmps, now } = input;
  const { evse, profile, role } = situation;
  const { increase } = site.policy;
  if (role.kind !== 'candidate') return 'answer';
  // Nobody is raised while everybody is stopped, also not to the minimum of a model that must never be told 0 A and was.
  if (isStop(situation.cap)) return 'dead-band';
  const newest = memory.leases.at(-1);
  if (newest && newest.acknowledgedAt === undefined) return 'answer';
  if (!retryDue(memory, now) || memory.leases.length >= MAX_LEASES) return 'answer';
  if (!input.mayRise) return 'meter';
  if (input.mayHide) return 'answer';
  const sinceChangeMs = now - (memory.changedAt ?? Number.NEGATIVE_INFINITY);
  if (now - (memory.wantsMoreSince ?? now) < increase.dwellMs || sinceChangeMs < increase.dwellMs) return 'dwell';
  // A renewal leaves anyway: it takes a small rise along, and costs no write more.
  const renews = isRenewalDue(site, situation, now);
  if (!renews && now - lastWriteAt(memory) < profile.minIntervalMs) return 'dwell';
  const told = newest?.limitAmps ?? offeredAmps(situation, now);
  const starts = told < role.lower - EPSILON_AMPS;
  const ramped = Math.max(told, role.lower) + (starts ? 0 : (increase.rampAmpsPerSecond * sinceChangeMs) / 1000);
  const free = freeAmps(input);
  // The floor beneath a lower TxProfile is counted and does not rule: more than that lease adds nothing to the sum, and still to what flows.
  const addsUnseen = profile.lease.purpose === 'TxProfile' && situation.exposureAmps > told + EPSILON_AMPS;
  if (addsUnseen && free < -EPSILON_AMPS) return 'decreases';
  const most = Math.min(targetAmps, ramped, situation.exposureAmps + Math.max(0, free));
  const grant = floorToStep(most, evse.stepAmps);
  if (grant < role.lower - EPSILON_AMPS) return 'decreases';
  const isWorthIt =
    grant - told >= increase.deadbandAmps - EPSILON_AMPS || (grant > told + EPSILON_AMPS && (starts || renews));
  if (!isWorthIt) return targetAmps - told >= increase.deadbandAmps ? 'decreases' : 'dead-band';
  if (!renews && !hasSpareWrite(memory, profile, renewalPeriodMs(profile, site.policy.cycleMs), now)) {
    return 'write-budget';
  }
  return { situation, role: 'lease', change: 'increase', limitAmps: grant };
}

/** How much more the fullest of its rows has room for. */
function freeAmps({ loads, room }: IncreaseInput): number {
  return loads.reduce(
    (least, { row, coefficient }) => (coefficient > 0 ? Math.min(least, room[row]! / coefficient) : least),
    Number.POSITIVE_INFINITY,
  );
}

/** The last profile that may have been written to the charger, as far as it is remembered. */
function lastWriteAt({ leases, floor }: EvseMemory): Instant {
  const lease = leases.at(-1)?.sentAt ?? Number.NEGATIVE_INFINITY;
  if (floor.state === 'unproved') return lease;
  return Math.max(lease, floor.state === 'sent' ? floor.sentAt : floor.since);
}

/** Takes what a granted increase adds to the exposure out of `room`, so that the next one finds what is left. */
export function takeIncrease(room: number[], loads: readonly Load[], { situation, limitAmps }: Draft): void {
  take(room, loads, Math.max(0, limitAmps - situation.exposureAmps), 0);
}
