// The joint: one pure function from what is commissioned, known and remembered to what is commanded, for whom and why.
//
// No I/O, no clock, no chance, no log: the same call runs in production, in the simulator and in a replay of last Tuesday.

import { type Allocation, allocate } from './allocate/allocate.ts';
import type { BaseLoad, DrawRange } from './allocate/base-load.ts';
import { baseLoadsOf } from './allocate/base-loads.ts';
import { capacityRows, type Limits, type StationLimit } from './allocate/capacity.ts';
import { drawRanges } from './allocate/draw.ts';
import { type MeterTrust, meterTrust } from './allocate/meter-trust.ts';
import type { Solvers } from './allocate/proposers.ts';
import { loadsOf } from './allocate/rows.ts';
import type { Situation } from './allocate/situation.ts';
import { surplusOf } from './allocate/surplus.ts';
import { planCommands } from './command/command.ts';
import { breachOfFuseLaw } from './command/fuse-law.ts';
import { circuitLimits, type EvseCap, evseCaps, groupLimits } from './limits/caps.ts';
import { isStop } from './limits/emergency-stop.ts';
import type { Command, Decision, Notice } from './model/decision.ts';
import type { CircuitMemory, EvseMemory, Memory } from './model/memory.ts';
import type { Site } from './model/site.ts';
import { siteIndex } from './model/site-index.ts';
import type { Snapshot, StationState } from './model/snapshot.ts';
import {
  type CircuitId,
  type EvseId,
  type Instant,
  mapPhases,
  type PerPhase,
  PHASES,
  type WallTime,
} from './model/units.ts';
import { ROTATION_GAP_MS } from './plan/rotation.ts';
import { notices } from './report/notices.ts';
import { circuitReports, shares } from './report/report.ts';
import { limitAt } from './schedule/composite.ts';
import { situate } from './situate.ts';

/**
 * Decides one cycle. `site` MUST be checked and frozen; `memory` is the last decision's, or `emptyMemory`. Never throws on well-typed input.
 * The commands are in the order in which they must be sent. `solvers` MUST be the same in a replay as they were in the cycle.
 */
export function decide(site: Site, snapshot: Snapshot, memory: Memory, solvers: Solvers = {}): Decision {
  const { now } = snapshot;
  const { pathOf } = siteIndex(site);
  const upstream = upstreamLimits(site, snapshot);
  const situations = situationsOf(site, snapshot, memory, upstream.evses);
  const trust = meterTrust(site, situations, snapshot, memory);
  const drawn = drawnBelow(site, situations, now);
  const circuits = circuitLimits(site, snapshot.caps, now);
  const believed = baseLoadsOf(site, drawn, trust.trust, circuits, snapshot, memory);
  const { byCircuit: baseLoads, byAge, freshness, meters } = believed;
  const surplus = surplusAtRoot(site, drawn[0]!, freshness[0] === 'fresh', snapshot, memory);
  const limits: Limits = {
    circuits,
    baseLoads,
    groups: groupLimits(site, snapshot.caps, now),
    stations: upstream.stations,
    surplusWatts: surplus.watts,
  };
  const rows = capacityRows(site, limits);
  const loads = loadsOf(rows, situations);
  const mayRotate = now - (memory.rotatedAt ?? Number.NEGATIVE_INFINITY) >= ROTATION_GAP_MS;
  const allocation = allocate({ site, limits, rows, loads, situations, mayRotate, solvers });

  // Beside a meter that is not trusted there is the worst base load, and only steps of the load can show that it may be trusted again.
  const mayRise = pathOf.map((path) => path.every((circuit) => byAge[circuit] === 'fresh'));
  const hidden = hiddenLimits(situations, pathOf);
  const plan = planCommands({
    site,
    situations,
    targets: allocation.amps,
    rows,
    loads,
    mayRise,
    ...(hidden ? { mayHide: hidden } : {}),
    now,
    author: memory.author,
    nextCommandNumber: memory.nextCommandNumber,
  });
  const breach = breachOfFuseLaw(site, limits, situations, plan.commands);
  const commands =
    breach === undefined ? plan.commands : plan.commands.filter((command) => command.change !== 'increase');
  const memories = breach === undefined ? plan.memories : withoutIncreases(plan.memories, situations, plan.commands);

  const after = situations.map((situation): Situation => {
    const own = memories[situation.at]!;
    return own === situation.memory ? situation : { ...situation, memory: own };
  });
  const targets = allocation.amps;
  const reports = circuitReports({ site, limits, situations: after, targets, snapshot, freshness, steps: trust.steps });
  const allShares = shares({ site, situations: after, allocation, waiting: plan.waiting, now });
  const mode =
    allocation.solver.answeredBy === 'floors' || (freshness[0] === 'lost' && site.circuits[0]!.meter !== undefined)
      ? 'failsafe'
      : freshness.includes('lost') || freshness.includes('held')
        ? 'cautious'
        : 'normal';
  return {
    mode,
    commands,
    stops: plan.stops,
    shares: allShares,
    circuits: reports,
    solver: allocation.solver,
    notices: [
      ...notices({ site, snapshot, situations: after, baseLoads, reports, solver: allocation.solver }),
      ...breachNotice(breach),
    ],
    memory: {
      author: memory.author,
      nextCommandNumber: plan.nextCommandNumber,
      evses: evseMemories(site, memories),
      circuits: circuitMemories(site, baseLoads, trust),
      ...(meters ? { meters } : {}),
      surplus,
      ...rotationMemory(allocation, memory, now),
    },
  };
}

function rotationMemory({ rotated }: Allocation, { rotatedAt }: Memory, now: number): Pick<Memory, 'rotatedAt'> {
  if (rotated) return { rotatedAt: now };
  return rotatedAt === undefined ? {} : { rotatedAt };
}

function situationsOf(
  site: Site,
  snapshot: Snapshot,
  memory: Memory,
  upstream: ReadonlyMap<EvseId, EvseCap>,
): readonly Situation[] {
  const { stationAt } = siteIndex(site);
  const caps = evseCaps(site, snapshot.caps, snapshot.now);
  return site.evses.map((evse, at) =>
    situate({
      at,
      evse,
      station: site.stations[stationAt.get(evse.station)!]!,
      site,
      snapshot,
      before: memory.evses[evse.id],
      cap: tighter(caps.get(evse.id), upstream.get(evse.id)),
    }),
  );
}

function tighter(a: EvseCap | undefined, b: EvseCap | undefined): EvseCap | undefined {
  if (!a || !b || isStop(a)) return a ?? b;
  return b.amps < a.amps ? b : a;
}

/** Upstream's profiles as caps on EVSEs and limits on whole stations: effective = min(local, upstream). */
function upstreamLimits(
  site: Site,
  snapshot: Snapshot,
): { readonly evses: ReadonlyMap<EvseId, EvseCap>; readonly stations: readonly StationLimit[] } {
  const evses = new Map<EvseId, EvseCap>();
  const stations: StationLimit[] = [];
  const capOf = ({ limitAmps, until }: { readonly limitAmps: number; readonly until?: WallTime }): EvseCap => ({
    amps: limitAmps,
    source: { kind: 'upstream' },
    ...(until === undefined ? {} : { until: snapshot.now + (until - snapshot.wallNow) }),
  });
  for (const station of site.stations) {
    const state: StationState | undefined = snapshot.stations[station.id];
    if (!state || state.upstreamProfiles.length === 0) continue;
    const common = { profiles: state.upstreamProfiles, at: snapshot.wallNow, nominalVolts: site.nominalVolts };
    const whole = limitAt({ ...common, evse: 0, phases: 3 });
    if (!('unlimited' in whole)) stations.push({ station: station.id, ...capOf(whole) });
    for (const evse of site.evses.filter((one) => one.station === station.id)) {
      const running = state.evses.find((one) => one.evse === evse.id)?.transaction;
      const transaction = running
        ? { id: running.id, startedAt: snapshot.wallNow - (snapshot.now - running.startedAt) }
        : undefined;
      const limit = limitAt({
        ...common,
        evse: evse.number,
        phases: evse.phases.length,
        ...(transaction ? { transaction } : {}),
      });
      if (!('unlimited' in limit)) evses.set(evse.id, capOf(limit));
    }
  }
  return { evses, stations };
}

type Drawn = PerPhase<DrawRange>;

/** For each EVSE whether somebody on one of its circuits may have a limit that nobody knows of; absent where nobody has. */
function hiddenLimits(
  situations: readonly Situation[],
  pathOf: readonly (readonly number[])[],
): readonly boolean[] | undefined {
  if (situations.every(({ memory }) => memory.unknownSince === undefined)) return undefined;
  const circuits = new Set(
    situations.flatMap(({ memory, at }) => (memory.unknownSince === undefined ? [] : pathOf[at]!)),
  );
  return pathOf.map((path) => path.some((circuit) => circuits.has(circuit)));
}

/** What the EVs below each metered circuit draw, at least and at most, by phase; by index into `site.circuits`. */
function drawnBelow(site: Site, situations: readonly Situation[], now: Instant): readonly Drawn[] {
  const { evsesBelow } = siteIndex(site);
  const ranges = situations.map((situation) => drawRanges(situation, now, site.policy));
  return site.circuits.map((circuit, at) => {
    const sums = mapPhases(() => ({ low: 0, high: 0, followed: 0 }));
    if (circuit.meter === undefined) return sums;
    for (const below of evsesBelow[at]!) {
      ranges[below]!.forEach(({ low, high, followed = high }, own) => {
        const sum = sums[site.evses[below]!.phases[own]!];
        sum.low += low;
        sum.high += high;
        sum.followed += followed;
      });
    }
    return sums;
  });
}

/** What the site would export if no EV charged, by the meter of the connection itself. */
function surplusAtRoot(site: Site, drawn: Drawn, isFresh: boolean, snapshot: Snapshot, memory: Memory) {
  const meter = site.circuits[0]!.meter;
  const reading = meter !== undefined && isFresh ? snapshot.meters[meter]?.reading : undefined;
  const watts = (end: 'low' | 'high') => site.nominalVolts * PHASES.reduce((sum, phase) => sum + drawn[phase][end], 0);
  const evWatts = { low: watts('low'), high: watts('high') };
  return surplusOf(reading, evWatts, site.nominalVolts, memory.surplus, snapshot.now, site.policy);
}

/** An EVSE's id has a slash in it, so none can be the name of a property that all objects have. */
function evseMemories(site: Site, memories: readonly EvseMemory[]): Memory['evses'] {
  const byId: { [evse: EvseId]: EvseMemory } = {};
  for (let at = 0; at < memories.length; at++) byId[site.evses[at]!.id] = memories[at]!;
  return byId;
}

function circuitMemories(
  site: Site,
  baseLoads: ReadonlyMap<CircuitId, BaseLoad>,
  { steps }: MeterTrust,
): Memory['circuits'] {
  const byId: { [circuit: CircuitId]: CircuitMemory } = {};
  site.circuits.forEach(({ id }, at) => {
    const { memory } = baseLoads.get(id)!;
    const own = steps[at];
    if (memory) byId[id] = own ? { ...memory, steps: own } : memory;
  });
  return byId;
}

/** Memories as if the cycle's increases had never been planned. */
function withoutIncreases(
  memories: readonly EvseMemory[],
  situations: readonly Situation[],
  commands: readonly Command[],
): readonly EvseMemory[] {
  const withheld = new Set(commands.filter((command) => command.change === 'increase').map((command) => command.id));
  return memories.map((memory, at) => {
    const leases = memory.leases.filter((lease) => !withheld.has(lease.commandId));
    if (leases.length === memory.leases.length) return memory;
    // A floor that leaves in the same cycle stays remembered.
    const { changedAt: _changed, ...rest } = memory;
    const { changedAt } = situations[at]!.memory;
    return { ...rest, leases, ...(changedAt === undefined ? {} : { changedAt }) };
  });
}

function breachNotice(breach: string | undefined): readonly Notice[] {
  if (breach === undefined) return [];
  return [
    {
      severity: 'alarm',
      code: 'FUSE_LAW_CHECK',
      text: `Increases were withheld: ${breach}. Please report this with the journal of this cycle.`,
    },
  ];
}
