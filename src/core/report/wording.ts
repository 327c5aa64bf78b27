// The words that sentences are made of: amperes, power, spans of time, authors and names; must never decide anything.

import type { LimitNumber, Source } from '../model/limit.ts';
import type { Circuit, Site } from '../model/site.ts';
import type { CircuitId, GroupId, Phase } from '../model/units.ts';

/** Amperes for people: one decimal at most, `8 A`, `6.3 A`. */
export function describeAmps(amps: number): string {
  // Adding zero turns −0 into 0.
  return `${Number(amps.toFixed(1)) + 0} A`;
}

/** Watts for people, in kilowatts: `43 kW`, `7.4 kW`. */
export function describeWatts(watts: number): string {
  return `${Number((watts / 1000).toFixed(1)) + 0} kW`;
}

/** The number of a limit: `63 A`, `43 kW`, `50 kVA`; undefined where none is given. */
export function describeNumber({ limitAmps, limitWatts, limitVoltAmperes }: LimitNumber): string | undefined {
  if (limitAmps !== undefined) return describeAmps(limitAmps);
  if (limitWatts !== undefined) return describeWatts(limitWatts);
  return limitVoltAmperes === undefined ? undefined : describeWatts(limitVoltAmperes).replace(/W$/, 'VA');
}

/** A span of time for people: `40 s`, `12 min`, `3 h`; never shorter than it is. */
export function describeSpan(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`;
}

/** Who set a limit, as the subject of a sentence: `the fuse`, `the utility, evt-7`. */
export function describeSource(source: Source): string {
  return source.id === undefined ? authorOf(source.kind) : `${authorOf(source.kind)}, ${source.id}`;
}

function authorOf(kind: Source['kind']): string {
  switch (kind) {
    case 'fuse':
      return 'the fuse';
    case 'meter':
      return 'the meter';
    case 'facility-manager':
      return 'the facility manager';
    case 'utility':
      return 'the utility';
    case 'upstream':
      return "the operator's back office";
    case 'charger':
      return 'the charger';
    case 'cable':
      return 'the cable';
    case 'car':
      return 'the car';
    case 'user':
      return 'the driver';
    case 'permit':
      return 'the permit';
    case 'floor':
      return 'the safe floor';
    case 'controller':
      return 'Busbar';
    case 'emergency-stop':
      return 'the emergency stop';
  }
}

/** `sub-board B, L2`; the id where the site does not know the circuit. */
export function describeCircuit({ circuit, phase }: { circuit: CircuitId; phase?: Phase }, site: Site): string {
  return withPhase(findCircuit(circuit, site)?.name ?? circuit, phase);
}

/** `tenant North, L2`; the id where the site does not know the group. */
export function describeGroup({ group, phase }: { group: GroupId; phase?: Phase }, site: Site): string {
  return withPhase(site.groups.find((one) => one.id === group)?.name ?? group, phase);
}

/** The name of the meter that measures a circuit; all of them where its base load is added up. */
export function describeMeter(circuit: CircuitId, site: Site): string {
  const { meter: id, sum } = findCircuit(circuit, site) ?? {};
  if (id === undefined && sum !== undefined) return `every meter on and below ${describeCircuit({ circuit }, site)}`;
  return site.meters.find((meter) => meter.id === id)?.name ?? 'the meter';
}

function withPhase(name: string, phase: Phase | undefined): string {
  return phase === undefined ? name : `${name}, ${phase}`;
}

function findCircuit(id: CircuitId, site: Site): Circuit | undefined {
  return site.circuits.find((circuit) => circuit.id === id);
}
