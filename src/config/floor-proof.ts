// The floor proof (law 2): with every charger at what it may draw when the controller is silent, every fuse still holds.

import type { Circuit, EvGroup, Evse, Site } from '../core/model/site.ts';
import { type CircuitId, type GroupId, PHASES, type Phase } from '../core/model/units.ts';
import { HIGHEST_VOLTAGE_FACTOR, LOWEST_VOLTAGE_FACTOR } from './assemble-site.ts';

/** One line of the proof; it holds where `spare` is not negative. */
export type FloorRow = CircuitRow | GroupRow;

export type CircuitRow =
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

export type GroupRow =
  | {
      readonly kind: 'group-phase';
      readonly group: GroupId;
      readonly phase: Phase;
      /** Members on this phase. */
      readonly evseCount: number;
      readonly floorsAmps: number;
      readonly limitAmps: number;
      readonly spareAmps: number;
    }
  | {
      readonly kind: 'group-power';
      readonly group: GroupId;
      readonly evseCount: number;
      readonly floorsWatts: number;
      readonly limitWatts: number;
      readonly spareWatts: number;
    };

export type ProvableSite = Pick<Site, 'circuits' | 'evses' | 'groups' | 'nominalVolts'> & {
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
 * The proof of every circuit, phase by phase through the phase rotation, and of its power limits where it has them; then of every
 * group. A parent's base load is all load below it other than cars, so children's base loads are not added. A group counts no
 * surplus: the sun may be gone when the controller is. Circuits MUST stand after their parents.
 */
export function proveFloors(site: ProvableSite): readonly FloorRow[] {
  const draws = silentDraws(site);
  const below = evsesBelow(site.circuits, draws, (draw) => draw.evse.circuit);
  const drawOf = new Map(draws.map((draw) => [draw.evse.id, draw]));
  return [
    ...site.circuits.flatMap((circuit) => proveCircuit(circuit, below.get(circuit.id) ?? [], site.nominalVolts)),
    ...site.groups.flatMap((group) => {
      const members = group.evses.flatMap((id) => drawOf.get(id) ?? []);
      return proveGroup(group, members, site.nominalVolts);
    }),
  ];
}

export function isProved(row: FloorRow): boolean {
  return ('spareAmps' in row ? row.spareAmps : row.spareWatts) >= -TOLERANCE;
}

export type SilentDraw = { readonly evse: Evse; readonly amps: number };

/** Every EVSE with what it may draw per phase when the controller is silent, in the site's order. */
export function silentDraws({ stations, evses }: Pick<ProvableSite, 'stations' | 'evses'>): readonly SilentDraw[] {
  const holds = new Map(stations.map((station) => [station.id, station.profile.holdsFloor]));
  return evses.map((evse) => ({ evse, amps: silentAmps(evse, holds.get(evse.station) ?? false) }));
}

function proveCircuit(circuit: Circuit, draws: readonly SilentDraw[], nominalVolts: number): CircuitRow[] {
  const rows = PHASES.map((phase): CircuitRow => {
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
  const power = powerLimits.flatMap(({ unit, limitWatts }): CircuitRow[] => {
    if (limitWatts === undefined) return [];
    const spareWatts = tidy(limitWatts - floorsWatts - worstBaseLoadWatts);
    const evseCount = draws.length;
    return [
      { kind: 'power', circuit: circuit.id, unit, evseCount, floorsWatts, worstBaseLoadWatts, limitWatts, spareWatts },
    ];
  });
  return [...rows, ...power];
}

function proveGroup(group: EvGroup, draws: readonly SilentDraw[], nominalVolts: number): GroupRow[] {
  const { id, limitAmps: limits, limitWatts } = group;
  const rows: GroupRow[] = [];
  if (limits !== undefined) {
    for (const phase of PHASES) {
      const onPhase = draws.filter(({ evse }) => evse.phases.includes(phase));
      const floorsAmps = tidy(sum(onPhase.map(({ amps }) => amps)));
      const [limitAmps, evseCount] = [limits[phase], onPhase.length];
      const spareAmps = tidy(limitAmps - floorsAmps);
      rows.push({ kind: 'group-phase', group: id, phase, evseCount, floorsAmps, limitAmps, spareAmps });
    }
  }
  if (limitWatts !== undefined) {
    const floorsWatts = tidy(sum(draws.map(({ evse, amps }) => silentWatts(evse, amps, nominalVolts))));
    const spareWatts = tidy(limitWatts - floorsWatts);
    rows.push({ kind: 'group-power', group: id, evseCount: draws.length, floorsWatts, limitWatts, spareWatts });
  }
  return rows;
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
  circuits: readonly Pick<Circuit, 'id' | 'parent'>[],
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
