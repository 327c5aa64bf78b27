// What the readings of one contact mean, as pure steps: active at once, released only after it was seen so for long enough, unknown when silent.

import type { ContactState } from '../core/model/contact.ts';
import type { Instant } from '../core/model/units.ts';

export type ContactRule = {
  /** Seen released for this long without a break, it counts as released. */
  readonly debounceMs: number;
  /** A reading older than this says nothing any more. */
  readonly staleAfterMs: number;
};

export type ContactMemory = {
  readonly state: ContactState['state'];
  readonly since: Instant;
  readonly isSeenActive: boolean;
  readonly readAt?: Instant;
  /** The first of the readings in a row, without a gap, that show it released. */
  readonly releasedSince?: Instant;
  readonly activations: number;
};

/** Before the first reading: unknown, which counts as active. */
export function neverRead(at: Instant): ContactMemory {
  return { state: 'unknown', since: at, isSeenActive: false, activations: 0 };
}

/** After a reading that was asked for at `at`, no earlier than the one before. Activation is never delayed. */
export function afterReading(before: ContactMemory, isActive: boolean, at: Instant, rule: ContactRule): ContactMemory {
  const known = afterSilence(before, at, rule);
  if (isActive) {
    const isNew = known.state === 'released' || known.readAt === undefined;
    const activations = known.activations + (isNew ? 1 : 0);
    return { ...entering(known, 'active', at), isSeenActive: true, readAt: at, activations };
  }
  const releasedSince = known.state === 'unknown' ? startOf(before, at, rule) : (known.releasedSince ?? at);
  // The first reading of all ends no activation that anybody saw: a restart must not pause a site.
  const isReleased = before.readAt === undefined || at - releasedSince >= rule.debounceMs;
  const state = isReleased ? 'released' : known.state;
  return {
    ...entering(known, state, isReleased ? at : known.since),
    isSeenActive: false,
    readAt: at,
    releasedSince,
    activations: known.activations,
  };
}

/** At `now` with no newer reading: unknown once the newest is too old. */
export function afterSilence(memory: ContactMemory, now: Instant, { staleAfterMs }: ContactRule): ContactMemory {
  const isFresh = memory.readAt !== undefined && now - memory.readAt <= staleAfterMs;
  return isFresh || memory.state === 'unknown' ? memory : { ...memory, state: 'unknown', since: now };
}

/** Of an unknown contact, readings in a row count from the first one after the gap. */
function startOf({ readAt, releasedSince, state }: ContactMemory, at: Instant, { staleAfterMs }: ContactRule): Instant {
  const isGap = readAt === undefined || at - readAt > staleAfterMs;
  return isGap || releasedSince === undefined || state !== 'unknown' ? at : releasedSince;
}

function entering(before: ContactMemory, state: ContactMemory['state'], at: Instant) {
  return { state, since: before.state === state ? before.since : at };
}
