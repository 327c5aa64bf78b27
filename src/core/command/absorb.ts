// Takes into the memory what the snapshot tells of one EVSE: answers to commands, reconnects, boots, samples that prove or disprove.

import type { ChargerProfile } from '../model/charger.ts';
import type { EvseMemory, LeaseEntry } from '../model/memory.ts';
import type { Evse, Policy } from '../model/site.ts';
import type { EvseState, StationState } from '../model/snapshot.ts';
import type { Instant } from '../model/units.ts';
import { newLease } from './exposure.ts';

/** Samples in a row above the limit that make a charger disobedient. */
export const DISOBEDIENT_AFTER_SAMPLES = 2;
/** A charger that was disobedient stays reserved for at least this long after it obeys again. */
export const DISTRUST_MS = 60_000;
/** Samples of one transaction that are needed before unseen phases stop counting. */
export const SAMPLES_TO_LEARN_PHASES = 3;
/** A car is charging in earnest above this, so that a phase without current is really not used. */
const LEARNING_AMPS = 4;
/** Current on a phase above this counts as use. */
const PHASE_IN_USE_AMPS = 0.5;
/** A sample proves that a new limit is followed only when it was taken this long after the answer. */
const PROOF_DELAY_MS = 1_000;

export const blankEvseMemory: EvseMemory = {
  floor: { state: 'unproved' },
  leases: [],
  failures: 0,
  disobeyedSamples: 0,
};

export type AbsorbInput = {
  readonly evse: Evse;
  readonly profile: ChargerProfile;
  readonly station: StationState | undefined;
  readonly state: EvseState | undefined;
  readonly memory: EvseMemory;
  readonly now: Instant;
  readonly policy: Policy;
};

/**
 * The EVSE's memory after the snapshot. Pure; never forgets a limit that may still be in force. Where the snapshot tells nothing new it is the very
 * memory that was given: so it is at most EVSEs in most cycles.
 */
export function absorb(input: AbsorbInput): EvseMemory {
  let memory = absorbLink(input.memory, input);
  memory = absorbFloorAnswer(memory, input);
  memory = absorbLeaseAnswer(memory, input);
  memory = withoutEnded(memory, input);

  memory = settle(memory, input);
  memory = withoutUnknown(memory, input);
  memory = prune(memory, input.now);
  memory = judgeObedience(memory, input);
  return learnPhases(memory, input);
}

function absorbLink(memory: EvseMemory, { station, profile, now }: AbsorbInput): EvseMemory {
  let result = memory;
  if (station && station.link.state !== 'never' && station.link.connection !== memory.connection) {
    const forgets = profile.quirks.includes('forgets-profiles-on-reconnect');
    const comesBack = memory.connection !== undefined;
    result = {
      ...result,
      connection: station.link.connection,
      // Others keep their profiles by the specification; they are told again all the same, because not all have read it.
      ...(forgets ? { floor: { state: 'unproved' }, leases: [] } : comesBack ? { unknownSince: now } : {}),
    };
  }
  if (station?.bootedAt !== undefined && station.bootedAt !== memory.bootedAt) {
    // Profiles SHALL survive a reboot (OCPP 1.6 §3.13, errata 3.37); until they are proved again nothing is taken for granted.
    const leases = result.leases.map(({ acknowledgedAt: _a, settledAt: _s, ...lease }): LeaseEntry => lease);
    result = { ...result, bootedAt: station.bootedAt, floor: { state: 'unproved' }, leases };
  }
  return result;
}

function failed(memory: EvseMemory, at: Instant): EvseMemory {
  return { ...memory, failedAt: at, failures: Math.min(memory.failures + 1, 16) };
}

function absorbFloorAnswer(memory: EvseMemory, { state }: AbsorbInput): EvseMemory {
  const { floor } = memory;
  const progress = state?.floor;
  if (floor.state !== 'sent' || progress?.commandId !== floor.commandId) return memory;
  switch (progress.state) {
    case 'accepted':
      return { ...memory, failures: 0, floor: { state: 'proved', amps: floor.amps, since: progress.at } };
    case 'refused':
    case 'unanswered':
      return failed({ ...memory, floor: { state: 'unproved' } }, progress.at);
    case 'dropped':
      return { ...memory, floor: { state: 'unproved' } };
    case 'queued':
    case 'sent':
      return memory;
  }
}

function absorbLeaseAnswer(memory: EvseMemory, { state }: AbsorbInput): EvseMemory {
  const progress = state?.lease;
  if (!progress) return memory;
  const at = memory.leases.findIndex((lease) => lease.commandId === progress.commandId);
  const lease = memory.leases[at];
  if (!lease || lease.acknowledgedAt !== undefined) return memory;
  // A boot may have lost what was accepted before it; the answer is still told, and proves nothing any more.
  if (progress.state === 'accepted' && progress.at < (memory.bootedAt ?? Number.NEGATIVE_INFINITY)) return memory;
  const without = memory.leases.filter((other) => other !== lease);
  switch (progress.state) {
    case 'accepted':
      return { ...memory, failures: 0, leases: memory.leases.with(at, { ...lease, acknowledgedAt: progress.at }) };
    case 'refused':
      // A refusal leaves the old limit in force, so the entry must not stand in its place.
      return failed({ ...memory, leases: without }, progress.at);
    case 'unanswered':
      return memory.failedAt === progress.at ? memory : failed(memory, progress.at);
    case 'dropped':
      return { ...memory, leases: without };
    case 'queued':
    case 'sent':
      return memory;
  }
}

/**
 * A TxProfile goes with its transaction (OCPP 1.6 §3.13.1, 2.0.1 K01): once that is no longer the one that runs, the floor alone rules. Only a
 * station that has spoken to us tells so; one that was never heard of since our start may have transactions that we do not know.
 */
function withoutEnded(memory: EvseMemory, { station, state }: AbsorbInput): EvseMemory {
  if (!state || !station || station.link.state === 'never') return memory;
  const running = state.transaction?.id;
  const hasEnded = ({ transaction }: LeaseEntry) => transaction !== undefined && transaction !== running;
  if (!memory.leases.some(hasEnded)) return memory;
  const leases = memory.leases.filter((lease) => !hasEnded(lease));
  // What was drawn under the lease is no breach of the floor.
  return { ...memory, leases, ...(state.drawn ? { judgedSampleAt: state.drawn.measuredAt } : {}) };
}

function settle(memory: EvseMemory, { profile, state, now, policy }: AbsorbInput): EvseMemory {
  const drawn = state?.drawn;
  const isSettled = (acceptedAt: Instant, limitAmps: number) =>
    now >= acceptedAt + profile.settleMs ||
    (drawn !== undefined &&
      drawn.measuredAt >= acceptedAt + PROOF_DELAY_MS &&
      Math.max(0, ...drawn.amps) <= limitAmps + policy.obedienceToleranceAmps);
  const { floor } = memory;
  const floorSettles =
    floor.state === 'proved' && floor.settledAt === undefined && now >= floor.since + profile.settleMs;
  if (!floorSettles && !memory.leases.some(isUnsettled)) return memory;
  const leases: LeaseEntry[] = [];
  for (const lease of memory.leases) {
    const { settledAt, acknowledgedAt, limitAmps } = lease;
    const settles = settledAt === undefined && acknowledgedAt !== undefined && isSettled(acknowledgedAt, limitAmps);
    leases.push(settles ? { ...lease, settledAt: followedSince(lease, leases.at(-1), acknowledgedAt) ?? now } : lease);
  }
  return { ...memory, leases, floor: floorSettles ? { ...floor, settledAt: now } : floor };
}

const isUnsettled = (lease: LeaseEntry) => lease.settledAt === undefined;

/** A renewal without a gap: the car has followed this limit for as long as it has followed the lease before. */
function followedSince(
  lease: LeaseEntry,
  before: LeaseEntry | undefined,
  acknowledgedAt: Instant,
): Instant | undefined {
  return before?.limitAmps === lease.limitAmps && before.holdsUntil > acknowledgedAt ? before.settledAt : undefined;
}

/** What it may have been told before our start is over, or a limit of ours rules in its place. */
function withoutUnknown(memory: EvseMemory, { evse, profile, now }: AbsorbInput): EvseMemory {
  const { unknownSince, ...rest } = memory;
  if (unknownSince === undefined) return memory;
  const isOver = now >= newLease('', evse.maxAmps, unknownSince, profile).endsBy;
  const follows = ({ sentAt, settledAt }: LeaseEntry) => sentAt >= unknownSince && settledAt !== undefined;
  return isOver || memory.leases.some(follows) ? rest : memory;
}

function prune(memory: EvseMemory, now: Instant): EvseMemory {
  const lastSettled = memory.leases.findLastIndex((lease) => lease.settledAt !== undefined);
  if (lastSettled <= 0 && memory.leases.every((lease) => lease.endsBy > now)) return memory;
  const leases = memory.leases.slice(Math.max(0, lastSettled)).filter((lease) => lease.endsBy > now);
  return { ...memory, leases };
}

/** What certainly rules at `now`, when one limit alone can, renewed or not; undefined while anything is in doubt. */
function inForce(memory: EvseMemory, now: Instant): { readonly amps: number; readonly since: Instant } | undefined {
  const [lease, ...others] = memory.leases;
  if (others.some((other) => other.limitAmps !== lease?.limitAmps)) return undefined;
  if (lease) {
    return lease.settledAt !== undefined && lease.holdsUntil > now
      ? { amps: lease.limitAmps, since: lease.settledAt }
      : undefined;
  }
  return memory.floor.state === 'proved' && memory.floor.settledAt !== undefined
    ? { amps: memory.floor.amps, since: memory.floor.settledAt }
    : undefined;
}

function judgeObedience(memory: EvseMemory, { state, now, policy }: AbsorbInput): EvseMemory {
  const drawn = state?.drawn;
  if (!drawn || drawn.measuredAt === memory.judgedSampleAt) return memory;
  const limit = inForce(memory, now);
  const judged = { ...memory, judgedSampleAt: drawn.measuredAt };
  // It rules since the car has had its time to follow.
  if (!limit || drawn.measuredAt < limit.since) return judged;
  const exceeds = Math.max(0, ...drawn.amps) > limit.amps + policy.obedienceToleranceAmps;
  if (exceeds) {
    const disobeyedSamples = Math.min(memory.disobeyedSamples + 1, DISOBEDIENT_AFTER_SAMPLES);
    const disobedient = disobeyedSamples >= DISOBEDIENT_AFTER_SAMPLES;
    return {
      ...judged,
      disobeyedSamples,
      ...(disobedient ? { disobeyedAt: now, disobedientSince: memory.disobedientSince ?? now } : {}),
    };
  }
  const { disobeyedAt, disobedientSince: _since, ...trusted } = judged;
  const stillDistrusted = disobeyedAt !== undefined && now - disobeyedAt < DISTRUST_MS;
  return stillDistrusted ? judged : { ...trusted, disobeyedSamples: 0 };
}

/** Bit i for the EVSE's own phase i. Unknown is all wired phases; current on a new phase widens at once. */
export function activePhases(evse: Evse, memory: EvseMemory): number {
  const all = 2 ** evse.phases.length - 1;
  const learnt = memory.seenPhases ?? 0;
  return learnt !== 0 && (memory.seenSamples ?? 0) >= SAMPLES_TO_LEARN_PHASES ? learnt & all : all;
}

function learnPhases(memory: EvseMemory, { evse, state }: AbsorbInput): EvseMemory {
  const transaction = evse.supply === 'dc' ? undefined : state?.transaction?.id;
  if (transaction === undefined) return withoutPhases(memory);
  const drawn = state?.drawn;
  const isNew = drawn !== undefined && drawn.measuredAt !== memory.judgedSampleAtForPhases;
  const isKnown = memory.seenInTransaction === transaction && memory.seenPhases !== undefined;
  if (isKnown && !isNew) return memory;
  const { seenPhases = 0, seenSamples = 0, ...rest } = isKnown ? memory : withoutPhases(memory);
  const before = { ...rest, seenInTransaction: transaction };
  if (!isNew) return { ...before, seenPhases, seenSamples };
  const used = drawn.amps.reduce((bits, amps, at) => (amps > PHASE_IN_USE_AMPS ? bits | (1 << at) : bits), 0);
  const inEarnest = Math.max(0, ...drawn.amps) > LEARNING_AMPS && drawn.amps.length === evse.phases.length;
  return {
    ...before,
    judgedSampleAtForPhases: drawn.measuredAt,
    seenPhases: seenPhases | used,
    seenSamples: seenSamples + (inEarnest ? 1 : 0),
  };
}

function withoutPhases(memory: EvseMemory): EvseMemory {
  if (memory.seenInTransaction === undefined && memory.seenPhases === undefined) return memory;
  const { seenPhases: _phases, seenInTransaction: _transaction, seenSamples: _samples, ...rest } = memory;
  return rest;
}
