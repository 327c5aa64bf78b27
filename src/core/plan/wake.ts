// Waking a car that does not begin again after a pause: it is offered more for a minute, a few times, and then a person is told.

import type { EvseMemory } from '../model/memory.ts';
import type { EvseState } from '../model/snapshot.ts';
import type { Instant } from '../model/units.ts';

/** Some cars that sleep at 6 A begin at 8 A (Renault Zoe); this is offered to wake them, where there is room. */
export const WAKE_AMPS = 10;
/** A car has this long to begin by itself after a pause. */
export const WAKE_AFTER_MS = 120_000;
/** How long an attempt lasts. */
const ATTEMPT_MS = 60_000;
/** From one attempt to the next. */
const BETWEEN_MS = 300_000;
/** After so many attempts the car is left asleep, and the operator is told. */
export const MAX_WAKE_ATTEMPTS = 3;
/** Less than this is no charging. */
const AWAKE_AMPS = 1;

/**
 * Attempts after this cycle's look. Counted from the end of a pause (`service`), on measured current alone: without samples nothing is tried.
 * A car that says it wants no more (SuspendedEV) after having drawn is asleep for a reason of its own, and one that draws is awake.
 */
export function wakeAfter(
  before: EvseMemory['wake'],
  service: NonNullable<EvseMemory['service']>,
  state: EvseState | undefined,
  now: Instant,
): EvseMemory['wake'] {
  // A pause in this session is what a car may have to be woken from.
  if (service.state === 'paused') return { attempts: before?.attempts ?? 0, at: service.since };
  if (before === undefined || service.state === 'waiting') return undefined;
  const drawn = state?.drawn;
  const sample = drawn && drawn.measuredAt > service.since ? drawn : undefined;
  if (sample && Math.max(0, ...sample.amps) > AWAKE_AMPS) return undefined;
  if (before.attempts >= MAX_WAKE_ATTEMPTS || !sample) return before;
  const due = before.attempts === 0 ? service.since + WAKE_AFTER_MS : before.at + BETWEEN_MS;
  return now >= due ? { attempts: before.attempts + 1, at: now } : before;
}

/** Whether an attempt is under way. */
export function isWaking(wake: EvseMemory['wake'], now: Instant): boolean {
  return wake !== undefined && wake.attempts > 0 && now < wake.at + ATTEMPT_MS;
}
