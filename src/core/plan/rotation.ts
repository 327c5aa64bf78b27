// Whose turn it is when not all can charge: those who have waited longest take the places of those who have been served longest.

import type { EvseMemory } from '../model/memory.ts';
import type { Instant } from '../model/units.ts';

/** Two turns at least this far apart, so that a site never changes hands all at once. */
export const ROTATION_GAP_MS = 60_000;

/** Service after this cycle's look at a session: since when it waits for its first current, is told to charge, or is paused after that. */
export function serviceAfter(
  before: EvseMemory['service'],
  isOn: boolean,
  now: Instant,
): NonNullable<EvseMemory['service']> {
  if (isOn) return before?.state === 'on' ? before : { state: 'on', since: now };
  if (!before) return { state: 'waiting', since: now };
  return before.state === 'on' ? { state: 'paused', since: now } : before;
}

/**
 * When somebody who waits is due, if nothing changes: `servedMs` of the equals that charge, `place` in the queue of those who wait, from 0.
 * Undefined when nobody gives way.
 */
export function turnAt(servedMs: readonly number[], place: number, turnMs: number, now: Instant): Instant | undefined {
  if (servedMs.length === 0) return undefined;
  const ends = servedMs.map((served) => Math.max(0, turnMs - served)).sort((a, b) => a - b);
  return now + ends[place % ends.length]! + Math.floor(place / ends.length) * turnMs;
}
