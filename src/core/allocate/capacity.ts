// How much of each circuit is left for EVs: limit − margin − base load, per phase and in power, with the author of each number.

import type { CircuitLimit } from '../limits/caps.ts';
import type { Source } from '../model/limit.ts';
import type { Site } from '../model/site.ts';
import { siteIndex } from '../model/site-index.ts';
import { type CircuitId, PHASES, type Phase, type PhaseAmps, type StationId } from '../model/units.ts';
import type { BaseLoad } from './base-load.ts';

/** What a row stands for, so that a binding can be put into words. */
export type RowTag =
  | { readonly kind: 'phase'; readonly circuit: CircuitId; readonly phase: Phase; readonly source: Source }
  | { readonly kind: 'power'; readonly circuit: CircuitId; readonly source: Source }
  | { readonly kind: 'station'; readonly station: StationId; readonly source: Source; readonly limitAmps: number };

export type CapacityRow = {
  readonly tag: RowTag;
  /** What EVs below may take in all: amperes for a phase or a station, watts for power. May be negative. */
  readonly room: number;
  /** How much one ampere per phase of an EVSE counted on `phases` takes of it; 0 when it does not load this row. */
  readonly coefficient: (phases: readonly Phase[]) => number;
  /** Indices into `site.evses`. */
  readonly members: readonly number[];
};

/** A limit on the sum of one station's EVSEs, such as upstream's ChargingStationMaxProfile. */
export type StationLimit = { readonly station: StationId; readonly amps: number; readonly source: Source };

/** All rows of the site in a fixed order: phases of each circuit, then power caps, then station limits. */
export function capacityRows(
  site: Site,
  limits: ReadonlyMap<CircuitId, CircuitLimit>,
  baseLoads: ReadonlyMap<CircuitId, BaseLoad>,
  stationLimits: readonly StationLimit[],
): readonly CapacityRow[] {
  const { evsesBelow } = siteIndex(site);
  const baseOf = (id: CircuitId): PhaseAmps => baseLoads.get(id)!.amps;
  const phaseRows = site.circuits.flatMap((circuit, at) =>
    PHASES.map((phase): CapacityRow => {
      const limit = limits.get(circuit.id)!.phases[phase];
      return {
        tag: { kind: 'phase', circuit: circuit.id, phase, source: limit.source },
        room: limit.amps - circuit.marginAmps[phase] - baseOf(circuit.id)[phase],
        coefficient: (phases) => (phases.includes(phase) ? 1 : 0),
        members: evsesBelow[at]!,
      };
    }),
  );
  const powerRows = site.circuits.flatMap((circuit, at): CapacityRow[] => {
    const power = limits.get(circuit.id)!.power;
    if (!power) return [];
    const base = baseOf(circuit.id);
    return [
      {
        tag: { kind: 'power', circuit: circuit.id, source: power.source },
        room: power.watts - site.nominalVolts * (base.L1 + base.L2 + base.L3),
        coefficient: (phases) => site.nominalVolts * phases.length,
        members: evsesBelow[at]!,
      },
    ];
  });
  const stationRows = stationLimits.map(
    ({ station, amps, source }): CapacityRow => ({
      tag: { kind: 'station', station, source, limitAmps: amps },
      room: amps,
      coefficient: () => 1,
      members: site.evses.flatMap((evse, at) => (evse.station === station ? [at] : [])),
    }),
  );
  return [...phaseRows, ...powerRows, ...stationRows];
}
