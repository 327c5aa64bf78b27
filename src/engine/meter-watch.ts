// What the meters make the control loop do between two cycles: pure questions about readings, asked again and again.

import type { CycleRecord } from '../core/model/decision.ts';
import type { Policy, Site } from '../core/model/site.ts';
import type { MeterReading, Snapshot } from '../core/model/snapshot.ts';
import { type CircuitId, type Instant, type MeterId, PHASES } from '../core/model/units.ts';

/**
 * When the first of the readings that the cycle at `cycleAt` believed will be too old, or was in the pause after it: the cycle that takes the worst
 * must not come later. Infinity when there is none.
 */
export function nextMeterLostAt(meters: Snapshot['meters'], policy: Policy, cycleAt: Instant): Instant {
  let first = Number.POSITIVE_INFINITY;
  for (const { reading } of Object.values(meters)) {
    const lostAt = (reading?.measuredAt ?? Number.NEGATIVE_INFINITY) + policy.meter.staleAfterMs + 1;
    if (lostAt > cycleAt) first = Math.min(first, lostAt);
  }
  return first;
}

/** The first circuit of this meter on which a phase carries more than its limit of the last cycle less the margin. */
export function overloadedCircuit(
  site: Site,
  last: CycleRecord,
  meter: MeterId,
  reading: MeterReading | undefined,
): CircuitId | undefined {
  if (!reading) return undefined;
  return site.circuits.find((circuit) => {
    if (circuit.meter !== meter) return false;
    const report = last.decision.circuits.find((one) => one.circuit === circuit.id);
    const limitAmps = (phase: (typeof PHASES)[number]) => report?.phases[phase].limitAmps ?? circuit.ratingAmps[phase];
    return PHASES.some((phase) => reading.currentAmps[phase] > limitAmps(phase) - circuit.marginAmps[phase]);
  })?.id;
}
