// What the meters make the control loop do between two cycles: pure questions about readings, asked again and again.

import { untilOf } from '../core/metering/freshness.ts';
import type { CycleRecord } from '../core/model/decision.ts';
import type { Circuit, Policy, Site } from '../core/model/site.ts';
import type { MeterReading, Snapshot } from '../core/model/snapshot.ts';
import { type CircuitId, type Instant, type MeterId, PHASES } from '../core/model/units.ts';

/**
 * When the first of the readings that the cycle at `cycleAt` believed will be too old, or was in the pause after it: the cycle that takes the worst
 * must not come later. Infinity when there is none.
 */
export function nextMeterLostAt(meters: Snapshot['meters'], policy: Policy, cycleAt: Instant): Instant {
  let first = Number.POSITIVE_INFINITY;
  for (const { reading } of Object.values(meters)) {
    const lostAt = reading ? untilOf(reading, policy.meter).held + 1 : Number.NEGATIVE_INFINITY;
    if (lostAt > cycleAt) first = Math.min(first, lostAt);
  }
  return first;
}

/**
 * The circuits that `reading` shows to be overloaded: above limit − margin on a circuit's own meter; on a meter that a sum counts, here or on a
 * circuit below it, a rise since the last cycle's reading by more than the headroom that was left.
 */
export function overloadedCircuits(
  site: Site,
  { decision, snapshot }: CycleRecord,
  meter: MeterId,
  reading: MeterReading | undefined,
): readonly CircuitId[] {
  if (!reading) return [];
  const before = snapshot.meters[meter]?.reading?.currentAmps;
  return site.circuits.flatMap((circuit) => {
    const report = decision.circuits.find((one) => one.circuit === circuit.id);
    const isOver = PHASES.some((phase) => {
      const amps = reading.currentAmps[phase];
      if (circuit.meter === meter)
        return amps > (report?.phases[phase].limitAmps ?? circuit.ratingAmps[phase]) - circuit.marginAmps[phase];
      if (circuit.sum === undefined || !isCounted(circuit, meter, site)) return false;
      return amps - Math.max(0, before?.[phase] ?? 0) > Math.max(0, report?.phases[phase].headroomAmps ?? 0);
    });
    return isOver ? [circuit.id] : [];
  });
}

/** Whether the sum of `circuit` counts this meter, itself or through a circuit below. */
function isCounted({ id, sum }: Circuit, meter: MeterId, site: Site): boolean {
  if (sum?.meters.includes(meter)) return true;
  return site.circuits.some(
    (one) => one.parent === id && (one.meter === meter || (one.meter === undefined && isCounted(one, meter, site))),
  );
}
