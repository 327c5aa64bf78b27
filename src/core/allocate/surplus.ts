// The power that the site would export if no EV charged: believed slowly when it rises, at once when it falls, none when unknown.

import type { Policy } from '../model/site.ts';
import type { MeterReading } from '../model/snapshot.ts';
import type { Instant } from '../model/units.ts';
import type { DrawRange } from './base-load.ts';

export type Surplus = { readonly watts: number; readonly at: Instant };

/**
 * `evWatts` is what EVs draw at least and at most; the surplus lies between the two less the import. As long as the last belief fits in
 * between it stands, so that a car which begins to use the surplus does not make it vanish. `reading` MUST be fresh; absent where the
 * connection's meter is not, which is no surplus.
 */
export function surplusOf(
  reading: MeterReading | undefined,
  evWatts: DrawRange,
  nominalVolts: number,
  before: Surplus | undefined,
  now: Instant,
  policy: Policy,
): Surplus {
  if (!reading) return { watts: 0, at: now };
  const importedWatts = importWatts(reading, nominalVolts);
  const least = Math.max(0, evWatts.low - importedWatts);
  const most = Math.max(0, evWatts.high - importedWatts);
  const believed = before?.watts ?? 0;
  if (believed >= least) return { watts: Math.min(believed, most), at: now };
  const elapsedMs = Math.max(0, now - (before?.at ?? now));
  return { watts: least + (believed - least) * Math.exp(-elapsedMs / policy.baseLoadReleaseMs), at: now };
}

/** Active power at the meter, import positive; from currents where the meter gives no power, which then carry the sign. */
function importWatts({ totalPowerWatts, powerWatts, currentAmps }: MeterReading, nominalVolts: number): number {
  if (totalPowerWatts !== undefined) return totalPowerWatts;
  if (powerWatts) return powerWatts.L1 + powerWatts.L2 + powerWatts.L3;
  return nominalVolts * (currentAmps.L1 + currentAmps.L2 + currentAmps.L3);
}
