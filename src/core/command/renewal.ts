// When a lease is renewed: a third of its life after it was sent at the latest, each EVSE at moments of its own, so that a site's renewals
// never bunch, however many leases began at the same instant.

import type { ChargerProfile } from '../model/charger.ts';
import type { Site } from '../model/site.ts';
import { oncePerSite } from '../model/site-index.ts';
import type { EvseId, Instant } from '../model/units.ts';

/** Multiples of it, less their whole part, lie evenly between 0 and 1 however many they are. */
const GOLDEN_RATIO = 0.6180339887498949;

/** Where in the period each EVSE has its moment, in [0, 1); by the order of names, so that the order of listing says nothing. */
const phasesOf = oncePerSite((site): ReadonlyMap<EvseId, number> => {
  const names = site.evses.map((evse) => evse.id).sort();
  return new Map(names.map((name, at): [EvseId, number] => [name, (at * GOLDEN_RATIO) % 1]));
});

/** From one renewal to the next while nothing changes, in milliseconds: with the cycle that finds it due, a third of the lease's life. */
export function renewalPeriodMs({ leaseMs }: ChargerProfile, cycleMs: number): number {
  return leaseMs / 3 - Math.min(cycleMs, leaseMs / 12);
}

/**
 * The instant from which a lease sent at `sentAt` is to be renewed: the EVSE's next moment, and where that would come too soon after the
 * lease, a moment in between, after which its own is far enough away. Never later than `renewalPeriodMs` after `sentAt`; not sooner than the
 * model's `minIntervalMs`, as long as that is less than half of the period.
 */
export function renewalDueAt(site: Site, id: EvseId, profile: ChargerProfile, sentAt: Instant): Instant {
  const period = renewalPeriodMs(profile, site.policy.cycleMs);
  const since = (sentAt - (phasesOf(site).get(id) ?? 0) * period) % period;
  const toOwnMoment = period - (since < 0 ? since + period : since);
  const least = Math.min(Math.max(period / 4, profile.minIntervalMs), period / 2);
  if (toOwnMoment >= least) return sentAt + toOwnMoment;
  // Spread over what is left of the period, but for its end: from there the own moment, found late by a cycle, would be too soon again.
  return sentAt + least + (toOwnMoment / least) * (period - 1.5 * least);
}
