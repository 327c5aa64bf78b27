// The floor proof (law 2): with every charger at what it may draw when the controller is silent, every fuse still holds.

import type { Circuit, Evse, Site } from '../core/model/site.ts';
import { type CircuitId, PHASES, type Phase } from '../core/model/units.ts';
import { HIGHEST_VOLTAGE_FACTOR, LOWEST_VOLTAGE_FACTOR } from './assemble-site.ts';

/** One line of the proof; it holds where `spare` is not negative. */
export type FloorRow =
  | {
      readonly kind: 'phase';
      readonly circuit: CircuitId;
      readonly phase: Phase;
      /** EVSEs on this phase of this circuit and of all circuits below. */
      readonly evseCount: number;
      readonly floorsAmps: number;
      readonly worstBaseLoadAmps: number;
      readonly ratingAmps: number;
      readonly marginAmps: number;
      /** rating − margin − floors − worst base load. */
      readonly spareAmps: number;
    }
  | {
      readonly kind: 'power';
      readonly circuit: CircuitId;
      /** Watts of active, or volt-amperes of apparent power: volts × amperes stand for both. */
      readonly unit: 'W' | 'VA';
      readonly evseCount: number;
      readonly floorsWatts: number;
      readonly worstBaseLoadWatts: number;
      readonly limitWatts: number;
      readonly spareWatts: number;
    };

export type ProvableSite = Pick<Site, 'circuits' | 'evses' | 'nominalVolts'> & {
  readonly stations: readonly Pick<Site['stations'][number], 'id' | 'profile'>[];
};

/** Smaller breaches than a millionth of an ampere are arithmetic. */
const TOLERANCE = 1e-6;

/**
 * What an EVSE may draw per phase when the controller is silent: its floor, or its hardware maximum where the model is not
 * proved to hold a floor. Amperes.
 */
export function silentAmps(evse: Evse, holdsFloor: boolean): number {
  return holdsFloor ? evse.floorAmps : evse.maxAmps;
}

/**
 * The proof of every circuit, phase by phase through the phase rotation, and of its power limit where it has one.
 * A parent's base load is all load below it other than cars, so children's base loads are not added.
 * Circuits MUST stand after their parents.
 */
export function proveFloors(site: ProvableSite): readonly FloorRow[] {
  const below = evsesBelow(site.circuits, silentDraws(site), (draw) => draw.evse.circuit);
  return site.circuits.flatMap((circuit) => proveCircuit(circuit, below.get(circuit.id) ?? [], site.nominalVolts));
}

export function isProved(row: FloorRow): boolean {
  return (row.kind === 'phase' ? row.spareAmps : row.spareWatts) >= -TOLERANCE;
}

export type SilentDraw = { readonly evse: Evse; readonly amps: number };

/** Every EVSE with what it may draw per phase when the controller is silent, in the site's order. */
export function silentDraws({ stations, evses }: Pick<ProvableSite, 'stations' | 'evses'>): readonly SilentDraw[] {
  const holds = new Map(stations.map((station) => [station.id, station.profile.holdsFloor]));
  return evses.map((evse) => ({ evse, amps: silentAmps(evse, holds.get(evse.station) ?? false) }));
}

function proveCircuit(circuit: Circuit, draws: readonly SilentDraw[], nominalVolts: number): FloorRow[] {
  const rows = PHASES.map((phase): FloorRow => {
    const onPhase = draws.filter(({ evse }) => evse.phases.includes(phase));
    const floorsAmps = tidy(sum(onPhase.map(({ amps }) => amps)));
    const worstBaseLoadAmps = circuit.worstBaseLoadAmps[phase];
    const [ratingAmps, marginAmps] = [circuit.ratingAmps[phase], circuit.marginAmps[phase]];
    const spareAmps = tidy(ratingAmps - marginAmps - floorsAmps - worstBaseLoadAmps);
    const evseCount = onPhase.length;
    return {
      kind: 'phase',
      circuit: circuit.id,
      phase,
      evseCount,
      floorsAmps,
      worstBaseLoadAmps,
      ratingAmps,
      marginAmps,
      spareAmps,
    };
  });
  const powerLimits = [
    { unit: 'W', limitWatts: circuit.limitWatts },
    { unit: 'VA', limitWatts: circuit.limitVoltAmperes },
  ] as const;
  const floorsWatts = tidy(sum(draws.map(({ evse, amps }) => silentWatts(evse, amps, nominalVolts))));
  const baseAmps = sum(PHASES.map((phase) => circuit.worstBaseLoadAmps[phase]));
  const worstBaseLoadWatts = tidy(baseAmps * nominalVolts * HIGHEST_VOLTAGE_FACTOR);
  const power = powerLimits.flatMap(({ unit, limitWatts }): FloorRow[] => {
    if (limitWatts === undefined) return [];
    const spareWatts = tidy(limitWatts - floorsWatts - worstBaseLoadWatts);
    const evseCount = draws.length;
    return [
      { kind: 'power', circuit: circuit.id, unit, evseCount, floorsWatts, worstBaseLoadWatts, limitWatts, spareWatts },
    ];
  });
  return [...rows, ...power];
}

/**
 * Watts of a silent EVSE. AC draws its amperes at the highest credible voltage. A DC EVSE's amperes were made of kilowatts at
 * the lowest credible voltage; turning back at the same voltage gives those kilowatts again.
 */
function silentWatts(evse: Evse, amps: number, nominalVolts: number): number {
  const factor = evse.supply === 'dc' ? LOWEST_VOLTAGE_FACTOR : HIGHEST_VOLTAGE_FACTOR;
  return amps * evse.phases.length * nominalVolts * factor;
}

/** For each circuit all `things` on it and on the circuits below it. Circuits MUST stand after their parents. */
export function evsesBelow<T>(
  circuits: readonly Circuit[],
  things: readonly T[],
  circuitOf: (thing: T) => CircuitId,
): ReadonlyMap<CircuitId, readonly T[]> {
  const below = new Map<CircuitId, T[]>(circuits.map((circuit) => [circuit.id, []]));
  for (const thing of things) below.get(circuitOf(thing))?.push(thing);
  for (const circuit of [...circuits].reverse()) {
    const above = circuit.parent === undefined ? undefined : below.get(circuit.parent);
    // One by one: a call takes fewer arguments than a site may have EVSEs.
    for (const thing of below.get(circuit.id)!) above?.push(thing);
  }
  return below;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function tidy(value: number): number {
  return Number(value.toFixed(6));
}
