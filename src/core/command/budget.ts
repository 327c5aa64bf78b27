// The writes that a charger's memory is spared: a bucket of `writesPerDay` that fills up in a day. Renewals, decreases and floors always go
// and are counted; only what raises a limit has to wait for a spare write.

import type { ChargerProfile } from '../model/charger.ts';
import type { EvseMemory } from '../model/memory.ts';
import type { Instant } from '../model/units.ts';

const DAY_MS = 24 * 3_600_000;

export type Writes = NonNullable<EvseMemory['writes']>;

/**
 * What is left at `now`. Nothing remembered, as after a restart: half of it. Never more than a day's, and never a debt of more than that, so
 * that a storm of decreases is paid back within a day.
 */
export function writesLeft(before: Writes | undefined, writesPerDay: number, now: Instant): Writes {
  if (!before) return { left: writesPerDay / 2, at: now };
  const elapsedMs = Math.max(0, now - before.at);
  return { left: Math.min(writesPerDay, before.left + (writesPerDay * elapsedMs) / DAY_MS), at: now };
}

/** The memory with the budget begun where the model has one and nothing is remembered of it. */
export function withBudget(memory: EvseMemory, { writesPerDay }: ChargerProfile, now: Instant): EvseMemory {
  if (writesPerDay === undefined || memory.writes) return memory;
  return { ...memory, writes: writesLeft(undefined, writesPerDay, now) };
}

/** The memory after one more profile was written. */
export function afterWrite(memory: EvseMemory, { writesPerDay }: ChargerProfile, now: Instant): EvseMemory {
  if (writesPerDay === undefined) return memory;
  const { left } = writesLeft(memory.writes, writesPerDay, now);
  return { ...memory, writes: { left: Math.max(-writesPerDay, left - 1), at: now } };
}

/**
 * Whether a write more leaves enough for the renewals of the rest of the day, which is over when the bucket is full again. `periodMs` is the
 * time from one renewal to the next.
 */
export function hasSpareWrite(
  memory: EvseMemory,
  { writesPerDay }: ChargerProfile,
  periodMs: number,
  now: Instant,
): boolean {
  if (writesPerDay === undefined) return true;
  const { left } = writesLeft(memory.writes, writesPerDay, now);
  const restOfDayMs = DAY_MS * (1 - left / writesPerDay);
  return left - 1 >= restOfDayMs / periodMs;
}
