// What an EVSE certainly draws at least, and may draw at most, on one of its phases: the part of a meter's reading that is not base load.

import type { EvseMemory } from '../model/memory.ts';
import type { Policy } from '../model/site.ts';
import type { EvseState, StationState } from '../model/snapshot.ts';
import type { Instant } from '../model/units.ts';
import type { DrawRange } from './base-load.ts';

/** How long a car may take to follow; a sample taken sooner after a change is not yet the last word. */
const FOLLOW_MS = 5_000;

/**
 * The range on the EVSE's own phase `phase` (0, 1, 2).
 *
 * A fresh sample with no change since is believed as it is. After a change (a new limit, a status, a reconnect) anything between the sample
 * and what may be drawn is possible, for `attributionMs` at most: then only what is measured counts, and what is unknown counts as not
 * drawn by the car, that is, as base load. So beyond that time a sample that goes missing tightens; within it the sum of what may be drawn is
 * what law 1 has bounded.
 */
export function drawRange(
  phase: number,
  isActive: boolean,
  station: StationState | undefined,
  state: EvseState | undefined,
  memory: EvseMemory,
  exposureAmps: number,
  now: Instant,
  policy: Policy,
): DrawRange {
  const drawn = station?.link.state === 'connected' ? state?.drawn : undefined;
  const ageMs = drawn ? now - drawn.measuredAt : Number.POSITIVE_INFINITY;
  const isFresh = drawn !== undefined && ageMs >= 0 && ageMs <= policy.stationSampleMaxAgeMs;
  const sample = isFresh ? Math.max(0, drawn.amps[phase] ?? 0) : 0;
  const changedAt = lastChange(station, state, memory);
  if (isFresh && drawn.measuredAt >= changedAt + FOLLOW_MS) return { low: sample, high: sample };
  const possible = isActive ? exposureAmps : 0;
  if (now <= changedAt + policy.attributionMs) {
    const lowest = Math.min(sample, ...memory.leases.map((lease) => lease.limitAmps));
    return { low: Math.max(0, lowest), high: Math.max(sample, possible) };
  }
  const certain = Math.min(sample, possible);
  return { low: certain, high: certain };
}

function lastChange(station: StationState | undefined, state: EvseState | undefined, memory: EvseMemory): Instant {
  const newest = memory.leases.at(-1);
  return Math.max(
    Number.NEGATIVE_INFINITY,
    memory.changedAt ?? Number.NEGATIVE_INFINITY,
    newest && memory.changedAt === newest.sentAt ? (newest.acknowledgedAt ?? newest.sentAt) : Number.NEGATIVE_INFINITY,
    state?.statusSince ?? Number.NEGATIVE_INFINITY,
    state?.transaction?.startedAt ?? Number.NEGATIVE_INFINITY,
    station && station.link.state !== 'never' ? station.link.since : Number.NEGATIVE_INFINITY,
  );
}
