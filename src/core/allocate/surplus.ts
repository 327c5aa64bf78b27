// The power that the site would export if no EV charged: believed slowly when it rises, at once when it falls, none when unknown.

import type { Policy } from '../model/site.ts';
import type { MeterReading } from '../model/snapshot.ts';
import type { Instant } from '../model/units.ts';

export type Surplus = { readonly watts: number; readonly at: Instant };

/**
 * `evWatts` is what EVs draw at least: what is not known to be theirs counts as the building's. `reading` MUST be fresh; absent where the
 * connection's meter is not, which is no surplus.
 */
export function surplusOf(
  reading: MeterReading | undefined,
  evWatts: number,
  nominalVolts: number,
  before: Surplus | undefined,
  now: Instant,
  policy: Policy,
): Surplus {
  if (!reading) return { watts: 0, at: now };
  const seen = Math.max(0, evWatts - importWatts(reading, nominalVolts));
  const believed = before?.watts ?? 0;
  if (seen <= believed) return { watts: seen, at: now };
  const elapsedMs = Math.max(0, now - (before?.at ?? now));
  return { watts: seen + (believed - seen) * Math.exp(-elapsedMs / policy.baseLoadReleaseMs), at: now };
}

/** Active power at the meter, import positive; from currents where the meter gives no power, which then carry the sign. */
function importWatts({ totalPowerWatts, powerWatts, currentAmps }: MeterReading, nominalVolts: number): number {
  if (totalPowerWatts !== undefined) return totalPowerWatts;
  if (powerWatts) return powerWatts.L1 + powerWatts.L2 + powerWatts.L3;
  return nominalVolts * (currentAmps.L1 + currentAmps.L2 + currentAmps.L3);
}
