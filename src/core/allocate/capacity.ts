// How much of each limit is left for EVs: circuits by phase and power, groups, whole stations, unbalance; with the author of each number.

import type { CircuitLimit, GroupLimit } from '../limits/caps.ts';
import { type Authored, authored, type LimitNumber } from '../model/limit.ts';
import type { Circuit, Site } from '../model/site.ts';
import { siteIndex } from '../model/site-index.ts';
import { type CircuitId, type GroupId, PHASES, type Phase, type StationId } from '../model/units.ts';
import type { BaseLoad } from './base-load.ts';
import type { Situation } from './situation.ts';

/** What a row stands for, so that a binding can be put into words. */
export type RowTag =
  | (CircuitRowTag & { readonly kind: 'phase'; readonly phase: Phase })
  | (CircuitRowTag & { readonly kind: 'power' })
  | (Authored & LimitNumber & { readonly kind: 'group'; readonly group: GroupId; readonly phase?: Phase })
  | (Authored & { readonly kind: 'station'; readonly station: StationId; readonly limitAmps: number })
  | {
      readonly kind: 'unbalance';
      readonly circuit: CircuitId;
      readonly phase: Phase;
      readonly against: Phase;
      readonly limitAmps: number;
    }
  | { readonly kind: 'surplus'; readonly surplusWatts: number };

type CircuitRowTag = Authored & LimitNumber & { readonly circuit: CircuitId; readonly meter?: 'late' | 'lost' };

export type CapacityRow = {
  readonly tag: RowTag;
  /** What EVs below may take in all: amperes, or watts for power and surplus. May be negative. */
  readonly room: number;
  /** How much one ampere per phase of an EVSE takes of it; 0 when it does not load this row, below 0 where it makes room. */
  readonly coefficient: (situation: Pick<Situation, 'phases' | 'balances' | 'drawnPart'>) => number;
  /** Indices into `site.evses`. */
  readonly members: readonly number[];
};

/** A limit on the sum of one station's EVSEs, such as upstream's ChargingStationMaxProfile. */
export type StationLimit = Authored & { readonly station: StationId; readonly amps: number };

/** Everything besides the cars themselves that bounds a cycle's sharing. */
export type Limits = {
  readonly circuits: ReadonlyMap<CircuitId, CircuitLimit>;
  readonly baseLoads: ReadonlyMap<CircuitId, BaseLoad>;
  readonly groups: readonly GroupLimit[];
  readonly stations: readonly StationLimit[];
  /** What the site would export if no EV charged, in watts. */
  readonly surplusWatts: number;
};

/** All rows of the site in a fixed order: phases of each circuit, power caps, groups, stations, unbalance. */
export function capacityRows(site: Site, limits: Limits): readonly CapacityRow[] {
  const { evsesBelow } = siteIndex(site);
  return [
    ...site.circuits.flatMap((circuit, at) => phaseRows(circuit, evsesBelow[at]!, limits)),
    ...site.circuits.flatMap((circuit, at) => powerRows(circuit, evsesBelow[at]!, limits, site.nominalVolts)),
    ...limits.groups.flatMap((group) => groupRows(group, site, limits.surplusWatts)),
    ...limits.stations.map(
      (limit): CapacityRow => ({
        tag: { kind: 'station', station: limit.station, limitAmps: limit.amps, ...authored(limit) },
        room: limit.amps,
        coefficient: () => 1,
        members: site.evses.flatMap((evse, at) => (evse.station === limit.station ? [at] : [])),
      }),
    ),
    ...site.circuits.flatMap((circuit, at) => unbalanceRows(circuit, evsesBelow[at]!)),
  ];
}

/**
 * The row that holds sessions which charge from surplus alone, once the others have what they get (`othersWatts`). Those that were let start a
 * moment ago, or must never be sent 0 A, keep their minima (`keptWatts`) when a cloud comes: a contactor is not a dimmer.
 */
export function surplusRow(
  site: Site,
  surplusWatts: number,
  othersWatts: number,
  keptWatts: number,
  members: readonly number[],
): CapacityRow {
  return {
    // What is left of it for them: that is the number which explains their shares.
    tag: { kind: 'surplus', surplusWatts: Math.max(0, surplusWatts - othersWatts) },
    room: Math.max(surplusWatts - othersWatts, keptWatts),
    coefficient: ({ phases }) => site.nominalVolts * phases.length,
    members,
  };
}

function phaseRows(circuit: Circuit, members: readonly number[], { circuits, baseLoads }: Limits): CapacityRow[] {
  const base = baseLoads.get(circuit.id)!;
  return PHASES.map((phase): CapacityRow => {
    const limit = circuits.get(circuit.id)!.phases[phase];
    return {
      tag: {
        kind: 'phase',
        circuit: circuit.id,
        phase,
        limitAmps: limit.amps,
        ...meterTrouble(base),
        ...authored(limit),
      },
      room: limit.amps - circuit.marginAmps[phase] - base.amps[phase],
      coefficient: ({ phases }) => (phases.includes(phase) ? 1 : 0),
      members,
    };
  });
}

function powerRows(
  circuit: Circuit,
  members: readonly number[],
  { circuits, baseLoads }: Limits,
  nominalVolts: number,
): CapacityRow[] {
  const power = circuits.get(circuit.id)!.power;
  if (!power) return [];
  const base = baseLoads.get(circuit.id)!;
  return [
    {
      tag: {
        kind: 'power',
        circuit: circuit.id,
        ...(power.unit === 'W' ? { limitWatts: power.watts } : { limitVoltAmperes: power.watts }),
        ...meterTrouble(base),
        ...authored(power),
      },
      room: power.watts - nominalVolts * (base.amps.L1 + base.amps.L2 + base.amps.L3),
      coefficient: ({ phases }) => nominalVolts * phases.length,
      members,
    },
  ];
}

/** Whether the number behind a row is assumed, because the circuit's meter is not believed. */
function meterTrouble({ from }: BaseLoad): { readonly meter?: 'late' | 'lost' } {
  if (from === 'held') return { meter: 'late' };
  return from === 'worst' ? { meter: 'lost' } : {};
}

function groupRows(limit: GroupLimit, site: Site, surplusWatts: number): CapacityRow[] {
  const { evseAt } = siteIndex(site);
  const members = limit.members.map((id) => evseAt.get(id)!);
  const { group, amps, watts, netOfSurplus } = limit;
  const byPhase = amps
    ? PHASES.map(
        (phase): CapacityRow => ({
          tag: { kind: 'group', group, phase, limitAmps: amps[phase], ...authored(limit) },
          room: amps[phase],
          coefficient: ({ phases }) => (phases.includes(phase) ? 1 : 0),
          members,
        }),
      )
    : [];
  if (watts === undefined) return byPhase;
  const power: CapacityRow = {
    tag: { kind: 'group', group, limitWatts: watts, ...authored(limit) },
    room: watts + (netOfSurplus ? surplusWatts : 0),
    coefficient: ({ phases }) => site.nominalVolts * phases.length,
    members,
  };
  return [...byPhase, power];
}

/** What EVs draw on one phase less what they draw on another; only a car that is seen to draw may balance others. */
function unbalanceRows(circuit: Circuit, members: readonly number[]): CapacityRow[] {
  const { unbalanceAmps: limitAmps } = circuit;
  if (limitAmps === undefined) return [];
  return PHASES.flatMap((phase) =>
    PHASES.filter((against) => against !== phase).map(
      (against): CapacityRow => ({
        tag: { kind: 'unbalance', circuit: circuit.id, phase, against, limitAmps },
        room: limitAmps,
        coefficient: ({ phases, balances, drawnPart = 1 }) => {
          const [on, off] = [phases.includes(phase), phases.includes(against)];
          if (on) return off ? 0 : 1;
          return off && balances ? -drawnPart : 0;
        },
        members,
      }),
    ),
  );
}
