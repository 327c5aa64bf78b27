// What an EVSE certainly draws at least, and may draw at most, on each of its phases: the part of a meter's reading that is not base load.

import type { EvseMemory } from '../model/memory.ts';
import type { Policy } from '../model/site.ts';
import type { EvseState, StationState } from '../model/snapshot.ts';
import type { Instant } from '../model/units.ts';
import type { DrawRange } from './base-load.ts';
import type { Situation } from './situation.ts';

/** What of a situation says what it draws. */
export type Drawing = Pick<Situation, 'evse' | 'station' | 'state' | 'memory' | 'exposureAmps' | 'phases'>;

/** How long a car may take to follow; a sample taken sooner after a change is not yet the last word. */
export const FOLLOW_MS = 5_000;

/**
 * The range on each of the EVSE's own phases, in their order.
 *
 * A fresh sample with no change since is believed as it is. After a change (a new limit, a status, a reconnect, our own start) anything between the sample
 * and what may be drawn is possible, for `attributionMs` at most: then only what is measured counts, and what is unknown counts as not
 * drawn by the car, that is, as base load. So beyond that time a sample that goes missing tightens; within it the sum of what may be drawn is
 * what law 1 has bounded.
 */
export function drawRanges(drawing: Drawing, now: Instant, policy: Policy): readonly DrawRange[] {
  const { evse, station, state, memory, exposureAmps, phases } = drawing;
  const drawn = station?.link.state === 'connected' ? state?.drawn : undefined;
  const ageMs = drawn ? now - drawn.measuredAt : Number.POSITIVE_INFINITY;
  const isFresh = drawn !== undefined && ageMs >= 0 && ageMs <= policy.stationSampleMaxAgeMs;
  const changedAt = lastChange(station, state, memory);
  const isSettled = isFresh && drawn.measuredAt >= changedAt + FOLLOW_MS;
  const isOpen = now <= changedAt + policy.attributionMs;
  const newest = memory.leases.at(-1);
  // Accepted as long ago as a car may take to follow it.
  const hasFollowed = newest?.acknowledgedAt !== undefined && now >= newest.acknowledgedAt + FOLLOW_MS;
  const told = hasFollowed ? newest.limitAmps : Number.POSITIVE_INFINITY;
  return evse.phases.map((phase, own) => {
    const sample = isFresh ? Math.max(0, drawn.amps[own] ?? 0) : 0;
    if (isSettled) return { low: sample, high: sample };
    const possible = phases.includes(phase) ? exposureAmps : 0;
    if (isOpen) {
      const lowest = Math.min(sample, ...memory.leases.map((lease) => lease.limitAmps));
      const high = Math.max(sample, possible);
      return { low: Math.max(0, lowest), high, ...(told < high ? { followed: told } : {}) };
    }
    const certain = Math.min(sample, possible);
    return { low: certain, high: certain };
  });
}

/** The last thing that may have changed what the EVSE draws: a limit, a status, a connection, our own start. */
export function lastChange(
  station: StationState | undefined,
  state: EvseState | undefined,
  memory: EvseMemory,
): Instant {
  const newest = memory.leases.at(-1);
  return Math.max(
    Number.NEGATIVE_INFINITY,
    memory.changedAt ?? Number.NEGATIVE_INFINITY,
    memory.unknownSince ?? Number.NEGATIVE_INFINITY,
    newest && memory.changedAt === newest.sentAt ? (newest.acknowledgedAt ?? newest.sentAt) : Number.NEGATIVE_INFINITY,
    state?.statusSince ?? Number.NEGATIVE_INFINITY,
    state?.transaction?.startedAt ?? Number.NEGATIVE_INFINITY,
    station && station.link.state !== 'never' ? station.link.since : Number.NEGATIVE_INFINITY,
  );
}
