// The base load of every circuit of a site, from the leaves to the connection: by its meter, by its allowance, or added up of what is below it.

import type { CircuitLimit } from '../limits/caps.ts';
import { type Freshness, lessFresh } from '../metering/freshness.ts';
import type { CircuitMemory, Memory } from '../model/memory.ts';
import type { Circuit, LoadSum, Site } from '../model/site.ts';
import type { SiteMeter } from '../model/site-meters.ts';
import type { Snapshot } from '../model/snapshot.ts';
import {
  type CircuitId,
  type MeterId,
  mapPhases,
  onEachPhase,
  type PerPhase,
  type Phase,
  type PhaseAmps,
} from '../model/units.ts';
import { type BaseLoad, baseLoadOf, type DrawRange, meterFreshness, type Trust } from './base-load.ts';

export type BaseLoads = {
  /** In the site's order. */
  readonly byCircuit: ReadonlyMap<CircuitId, BaseLoad>;
  /** By index into `site.circuits`: of the circuit's meter, or the worst of all that its base load is added up of. */
  readonly byAge: readonly Freshness[];
  /** The same where a meter that is not trusted counts as lost. */
  readonly freshness: readonly Freshness[];
  /** What the next cycle remembers of the meters in sums; absent where there are none. */
  readonly meters?: NonNullable<Memory['meters']>;
};

/** Nothing is charged behind a meter in a sum. */
const NO_CARS = onEachPhase<DrawRange>({ low: 0, high: 0 });
const NOTHING = onEachPhase(0);

/**
 * `trust`: how far each circuit's meter is trusted. `drawn`: what the EVs below each circuit draw, by index into `site.circuits`, whose parents MUST stand before their children. A sum counts
 * what a circuit below it or a meter exports only where the circuit may use generation, and a lost meter at its own worst, or, where it has
 * none, at no less than the circuit's worst.
 */
export function baseLoadsOf(
  site: Site,
  drawn: readonly PerPhase<DrawRange>[],
  trust: readonly Trust[],
  limits: ReadonlyMap<CircuitId, CircuitLimit>,
  snapshot: Snapshot,
  memory: Memory,
): BaseLoads {
  const { now } = snapshot;
  const loads: BaseLoad[] = [];
  const byAge: Freshness[] = [];
  const freshness: Freshness[] = [];
  const meters: { [meter: MeterId]: CircuitMemory } = {};
  const childrenOf = childrenByIndex(site);
  for (let at = site.circuits.length - 1; at >= 0; at--) {
    const circuit = site.circuits[at]!;
    if (circuit.sum !== undefined && circuit.meter === undefined) {
      const children = childrenOf[at]!;
      const parts = partsOf(circuit, circuit.sum, site, snapshot, memory);
      for (const { id, load } of parts) if (load.memory) meters[id] = load.memory;
      const ages = parts.map((part) => part.freshness);
      byAge[at] = [...children.map((child) => byAge[child]!), ...ages].reduce(lessFresh, 'fresh');
      const least = [...children.map((child) => freshness[child]!), ...ages].reduce(lessFresh, 'fresh');
      freshness[at] = least;
      const below = children.map((child) => loads[child]!.amps);
      loads[at] = { from: FROM[least], amps: addUp(circuit, circuit.sum, below, parts) };
      continue;
    }
    const meter = circuit.meter === undefined ? undefined : snapshot.meters[circuit.meter];
    const age = circuit.meter === undefined ? 'fresh' : meterFreshness(meter, now, site.policy);
    byAge[at] = age;
    freshness[at] = trust[at] === 'none' ? 'lost' : age;
    const limitAmps = mapPhases((phase) => limits.get(circuit.id)!.phases[phase].amps);
    const before = memory.circuits[circuit.id];
    loads[at] = baseLoadOf(circuit, meter, drawn[at]!, before, now, site.policy, limitAmps, trust[at]);
  }
  return {
    byCircuit: new Map(site.circuits.map(({ id }, at) => [id, loads[at]!])),
    byAge,
    freshness,
    ...(Object.keys(meters).length === 0 ? {} : { meters }),
  };
}

const FROM = { fresh: 'sum', held: 'held', lost: 'worst' } as const;

type Part = {
  readonly id: MeterId;
  readonly load: BaseLoad;
  readonly freshness: Freshness;
  /** It is lost, and nobody has said what it may draw then. */
  readonly isUnbounded: boolean;
};

/** What each meter of a sum shows, believed as a base load is: at once when it rises, slowly when it falls. */
function partsOf(
  { usesGeneration }: Circuit,
  { meters }: LoadSum,
  site: Site,
  { meters: states, now }: Snapshot,
  memory: Memory,
): readonly Part[] {
  return meters.map((id): Part => {
    const meter = site.meters.find((one) => one.id === id);
    const worst = worstOf(meter);
    const measured = {
      meter: id,
      allowanceAmps: NOTHING,
      worstBaseLoadAmps: worst ?? NOTHING,
      ...(usesGeneration ? { usesGeneration } : {}),
    };
    const load = baseLoadOf(measured, states[id], NO_CARS, memory.meters?.[id], now, site.policy);
    const freshness = meterFreshness(states[id], now, site.policy);
    // What it says of phases that it does not measure is nothing.
    const amps = mapPhases((phase) => (meter?.phases?.includes(phase) === false ? 0 : load.amps[phase]));
    return { id, load: { ...load, amps }, freshness, isUnbounded: load.from === 'worst' && worst === undefined };
  });
}

/** What is taken for a lost meter: what was commissioned, and nothing of a generator, which may stand still; absent where that is not known. */
export function worstOf(meter: Pick<SiteMeter, 'of' | 'worstAmps'> | undefined): PhaseAmps | undefined {
  return meter?.worstAmps ?? (meter?.of === 'pv' ? NOTHING : undefined);
}

function addUp(
  { usesGeneration, worstBaseLoadAmps }: Circuit,
  { otherAmps }: LoadSum,
  below: readonly PhaseAmps[],
  parts: readonly Part[],
): PhaseAmps {
  const isUnbounded = parts.some((part) => part.isUnbounded);
  const atLeast = (amps: number) => (usesGeneration ? amps : Math.max(0, amps));
  return mapPhases((phase: Phase) => {
    const known = [...below, ...parts.map(({ load }) => load.amps)];
    const sum = known.reduce((total, amps) => total + atLeast(amps[phase]), otherAmps[phase]);
    return isUnbounded ? Math.max(sum, worstBaseLoadAmps[phase]) : sum;
  });
}

function childrenByIndex({ circuits }: Site): readonly (readonly number[])[] {
  const at = new Map(circuits.map(({ id }, index) => [id, index]));
  const children: number[][] = circuits.map(() => []);
  circuits.forEach(({ parent }, index) => {
    if (parent !== undefined) children[at.get(parent)!]?.push(index);
  });
  return children;
}
