// Whose turn it is: each paused session falls behind its equals, each charging one gets ahead, and both are remembered within bounds.

import type { EvseMemory } from '../model/memory.ts';
import type { Policy } from '../model/site.ts';
import type { Instant } from '../model/units.ts';

/** Two turns at least this far apart, so that a site never changes hands all at once. */
export const ROTATION_GAP_MS = 60_000;
/** Credit is kept within this many times what a turn takes. */
const MOST_TURNS = 2;
/** The current that a session is taken to miss while paused, and to be paid while charging. */
const CREDIT_AMPS = 6;

/** Credit after the time since `from`, in ampere seconds per phase: up while paused, down while on. */
export function creditAfter(
  creditAmpSeconds: number,
  state: 'on' | 'paused',
  from: Instant | undefined,
  now: Instant,
  { pause }: Policy,
): number {
  const elapsedSeconds = Math.max(0, now - (from ?? now)) / 1_000;
  const most = MOST_TURNS * pause.rotateAfterAmpHours * 3_600;
  const moved = creditAmpSeconds + (state === 'paused' ? CREDIT_AMPS : -CREDIT_AMPS) * elapsedSeconds;
  return Math.max(-most, Math.min(most, moved));
}

/** When the credit gap of a paused and a charging session, growing from `gapAmpSeconds`, makes it the paused one's turn. */
export function turnAt(gapAmpSeconds: number, now: Instant, { pause }: Policy): Instant {
  const missing = Math.max(0, pause.rotateAfterAmpHours * 3_600 - gapAmpSeconds);
  return now + (missing / (2 * CREDIT_AMPS)) * 1_000;
}

/** Service after this cycle's look: since when it is told to charge, or paused after having charged. Absent before its first current. */
export function serviceAfter(before: EvseMemory['service'], isOn: boolean, now: Instant): EvseMemory['service'] {
  if (isOn) return before?.state === 'on' ? before : { state: 'on', since: now };
  if (!before) return undefined;
  return before.state === 'paused' ? before : { state: 'paused', since: now };
}
