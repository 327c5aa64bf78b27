// The independent check of an allocation: recomputes every limit from the site itself and shares no code with who proposed it.

import type { CircuitLimit } from '../limits/caps.ts';
import type { Site } from '../model/site.ts';
import { type CircuitId, PHASES } from '../model/units.ts';
import type { BaseLoad } from './base-load.ts';
import type { StationLimit } from './capacity.ts';
import type { Situation } from './situation.ts';

/** Amperes (and, times the voltage, watts) by which rounding of floating point may overshoot. */
const TOLERANCE_AMPS = 1e-4;

/**
 * The first thing that is wrong with giving each EVSE `amps[i]` (by index into `site.evses`), in words, or undefined when all holds:
 * 0 or ≥ minimum, ≤ maximum, on the step, every circuit, phase, power cap and station limit. A circuit that is over its limit by base load
 * and reserved EVSEs alone is accepted only while no candidate below it gets anything.
 */
export function verify(
  site: Site,
  limits: ReadonlyMap<CircuitId, CircuitLimit>,
  baseLoads: ReadonlyMap<CircuitId, BaseLoad>,
  stationLimits: readonly StationLimit[],
  situations: readonly Situation[],
  amps: readonly number[],
): string | undefined {
  for (const { at, evse, role } of situations) {
    const given = amps[at];
    if (given === undefined || !Number.isFinite(given) || given < 0) return `${evse.id} would get ${given} A`;
    if (role.kind === 'reserved' || given === 0) continue;
    if (given < role.lower - TOLERANCE_AMPS)
      return `${evse.id} would get ${given} A, below its minimum of ${role.lower} A`;
    if (given > role.upper + TOLERANCE_AMPS)
      return `${evse.id} would get ${given} A, above its maximum of ${role.upper} A`;
    const steps = given / evse.stepAmps;
    if (Math.abs(steps - Math.round(steps)) > 1e-6)
      return `${evse.id} would get ${given} A, off its step of ${evse.stepAmps} A`;
  }
  const parentOf = new Map(site.circuits.map((circuit) => [circuit.id, circuit.parent]));
  const isBelow = (start: CircuitId, wanted: CircuitId): boolean => {
    for (let id: CircuitId | undefined = start, hops = 0; id !== undefined && hops <= site.circuits.length; hops++) {
      if (id === wanted) return true;
      id = parentOf.get(id);
    }
    return false;
  };
  /** Whether it gets anything that it could be denied. */
  const gets = ({ at, role }: Situation) =>
    role.kind === 'candidate' && amps[at]! > (role.neverZero ? role.lower + TOLERANCE_AMPS : 0);
  const takes = (situation: Situation) =>
    situation.role.kind === 'reserved' ? situation.role.amps : amps[situation.at]!;
  for (const circuit of site.circuits) {
    const limit = limits.get(circuit.id);
    const base = baseLoads.get(circuit.id);
    if (!limit || !base) return `${circuit.id} has no limit or no base load`;
    const below = situations.filter((situation) => isBelow(situation.evse.circuit, circuit.id));
    const anybodyGets = below.some(gets);
    let watts = 0;
    for (const phase of PHASES) {
      const users = below.filter((situation) => situation.phases.includes(phase));
      const load = users.reduce((sum, situation) => sum + takes(situation), base.amps[phase]);
      watts += load * site.nominalVolts;
      const most = limit.phases[phase].amps - circuit.marginAmps[phase];
      const shared = users.some(gets);
      if (!(load <= most + TOLERANCE_AMPS) && shared)
        return `${circuit.id} ${phase} would carry ${load} A of ${most} A`;
    }
    if (limit.power && !(watts <= limit.power.watts + TOLERANCE_AMPS * site.nominalVolts) && anybodyGets) {
      return `${circuit.id} would carry ${watts} W of ${limit.power.watts} W`;
    }
  }
  for (const { station, amps: most } of stationLimits) {
    const own = situations.filter((situation) => situation.evse.station === station);
    const load = own.reduce((sum, situation) => sum + takes(situation), 0);
    const shared = own.some(gets);
    if (!(load <= most + TOLERANCE_AMPS) && shared) return `station ${station} would draw ${load} A of ${most} A`;
  }
  return undefined;
}
