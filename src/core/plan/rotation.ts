// Whose turn it is when not all can charge: those who have waited longest take the places of those who have been served longest.

import type { Service } from '../model/memory.ts';
import type { Instant } from '../model/units.ts';

/** Two turns at least this far apart, so that a site never changes hands all at once. */
export const ROTATION_GAP_MS = 60_000;

/** A pause after a shorter time than this is forgiven once: chargers that are just being met may need the room for a moment. */
const BRIEF_MS = 60_000;

/**
 * Service after this cycle's look at a session: since when it waits for its first current, is told to charge, or is paused after that. A paused
 * one rests, unless it charged only briefly and was not paused within the last `minOffMs` already.
 */
export function serviceAfter(before: Service | undefined, isOn: boolean, minOffMs: number, now: Instant): Service {
  if (!before) return { state: isOn ? 'on' : 'waiting', since: now };
  if (isOn) {
    if (before.state === 'on') return before;
    return { state: 'on', since: now, ...(before.state === 'paused' ? { pausedBefore: before.since } : {}) };
  }
  if (before.state !== 'on') return before;
  const isBrief = now - before.since < BRIEF_MS;
  const wasPaused = before.pausedBefore !== undefined && now - before.pausedBefore < minOffMs;
  return { state: 'paused', since: now, rests: !isBrief || wasPaused };
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
