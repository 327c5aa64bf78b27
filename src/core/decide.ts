// The joint: one pure function from what is commissioned, known and remembered to what is commanded, for whom and why.
//
// No I/O, no clock, no chance, no log: the same call runs in production, in the simulator and in a replay of last Tuesday.

import { allocate, loadsOf } from './allocate/allocate.ts';
import { type BaseLoad, baseLoadOf, meterFreshness } from './allocate/base-load.ts';
import { capacityRows, type StationLimit } from './allocate/capacity.ts';
import { drawRange } from './allocate/draw.ts';
import type { Situation } from './allocate/situation.ts';
import { absorb, activePhases, blankEvseMemory } from './command/absorb.ts';
import { planCommands } from './command/command.ts';
import { exposureOf, offeredLease } from './command/exposure.ts';
import { breachOfFuseLaw } from './command/fuse-law.ts';
import { circuitLimits, type EvseCap, evseCaps } from './limits/caps.ts';
import type { Command, Decision, Notice } from './model/decision.ts';
import type { CircuitMemory, EvseMemory, Memory } from './model/memory.ts';
import type { Evse, Site, Station } from './model/site.ts';
import { gridPhases, siteIndex } from './model/site-index.ts';
import type { EvseState, Snapshot, StationState } from './model/snapshot.ts';
import { type CircuitId, type EvseId, floorToStep, mapPhases } from './model/units.ts';
import { notices } from './report/notices.ts';
import { circuitReports, shares } from './report/report.ts';
import { limitAt } from './schedule/composite.ts';

/** A car that has said it wants no more (SuspendedEV) for this long keeps its minimum, so that it can begin again by itself. */
const SUSPENDED_EV_MS = 60_000;

/**
 * Decides one cycle. `site` MUST be checked and frozen; `memory` is the last decision's, or `emptyMemory`. Never throws on well-typed input.
 * The commands are in the order in which they must be sent.
 */
export function decide(site: Site, snapshot: Snapshot, memory: Memory): Decision {
  const { now, wallNow } = snapshot;
  const { stationAt, pathOf } = siteIndex(site);
  const limits = circuitLimits(site, snapshot.caps, now);
  const upstream = upstreamLimits(site, snapshot);
  const caps = evseCaps(site, snapshot.caps, now);
  const situations = site.evses.map((evse, at): Situation => {
    const station = site.stations[stationAt.get(evse.station)!]!;
    const cap = tighter(caps.get(evse.id), upstream.evses.get(evse.id));
    return situationOf(at, evse, station, snapshot, memory.evses[evse.id] ?? blankEvseMemory, cap, site);
  });
  const baseLoads = baseLoadsOf(site, situations, snapshot, memory);
  const rows = capacityRows(site, limits, baseLoads, upstream.stations);
  const loads = loadsOf(rows, situations);
  const allocation = allocate({ site, rows, loads, limits, baseLoads, stationLimits: upstream.stations, situations });

  const freshness = site.circuits.map((circuit) =>
    circuit.meter === undefined ? 'fresh' : meterFreshness(snapshot.meters[circuit.meter], now, site.policy),
  );
  const mayRise = pathOf.map((path) => path.every((circuit) => freshness[circuit] === 'fresh'));
  const plan = planCommands({
    site,
    situations,
    targets: allocation.amps,
    rows,
    loads,
    mayRise,
    now,
    wallNow,
    author: memory.author,
    nextCommandNumber: memory.nextCommandNumber,
  });
  const breach = breachOfFuseLaw(site, limits, baseLoads, situations, plan.commands);
  const commands =
    breach === undefined ? plan.commands : plan.commands.filter((command) => command.change !== 'increase');
  const memories = breach === undefined ? plan.memories : withoutIncreases(plan.memories, situations, plan.commands);

  const after = situations.map((situation): Situation => ({ ...situation, memory: memories[situation.at]! }));
  const reports = circuitReports(site, limits, baseLoads, after, allocation.amps, snapshot, freshness);
  const allShares = shares({ site, situations: after, allocation, waiting: plan.waiting, now });
  const mode =
    allocation.solver.answeredBy === 'floors' || freshness[0] === 'lost'
      ? 'failsafe'
      : freshness.includes('lost') || freshness.includes('held')
        ? 'cautious'
        : 'normal';
  return {
    mode,
    commands,
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
      evses: Object.fromEntries(situations.map(({ at, evse }) => [evse.id, memories[at]!])),
      circuits: circuitMemories(baseLoads),
    },
  };
}

function situationOf(
  at: number,
  evse: Evse,
  { profile }: Station,
  snapshot: Snapshot,
  before: EvseMemory,
  cap: EvseCap | undefined,
  site: Site,
): Situation {
  const station = snapshot.stations[evse.station];
  const state = station?.evses.find((one) => one.evse === evse.id);
  const { now } = snapshot;
  const link = station?.link.state ?? 'never';
  const memory = absorb({ evse, profile, station, state, memory: before, now, policy: site.policy });
  const exposure = exposureOf(evse, profile, memory, link, now);
  const hasCar = wantsEnergy(state);
  const isControllable =
    link === 'connected' && exposure.because !== 'floor-not-proved' && exposure.because !== 'disobedient';
  const canLease = profile.lease.purpose === 'TxDefaultProfile' || state?.transaction !== undefined;
  const lower = Math.max(evse.stepAmps, Math.ceil(evse.minAmps / evse.stepAmps - 1e-9) * evse.stepAmps);
  const suspended = state?.chargingState === 'SuspendedEV' && now - (state.statusSince ?? now) >= SUSPENDED_EV_MS;
  const upper = floorToStep(
    Math.min(evse.maxAmps, cap?.amps ?? Number.POSITIVE_INFINITY, suspended ? lower : Number.POSITIVE_INFINITY),
    evse.stepAmps,
  );
  const neverZero = profile.quirks.includes('zero-amps-breaks-next-limit');
  const told = offeredLease(memory, now)?.limitAmps ?? exposure.amps;
  const roundedLower = Number(lower.toFixed(6));
  const role: Situation['role'] =
    hasCar && isControllable && canLease
      ? {
          kind: 'candidate',
          lower: roundedLower,
          upper: neverZero ? Math.max(upper, roundedLower) : upper,
          isOn: told >= roundedLower,
          neverZero,
        }
      : { kind: 'reserved', amps: exposure.amps };
  // Nothing is learnt of a car that is not there: all wired phases count.
  const active = hasCar ? activePhases(evse, memory) : 2 ** evse.phases.length - 1;
  return {
    at,
    evse,
    profile,
    station,
    state,
    memory,
    phases: gridPhases(evse, active),
    exposureAmps: exposure.amps,
    exposureBecause: exposure.because,
    cap,
    role,
  };
}

/** A car is there that may take energy: a running transaction, or a charging state that says so. */
function wantsEnergy(state: EvseState | undefined): boolean {
  if (!state) return false;
  if (state.connectorStatus === 'Faulted' || state.connectorStatus === 'Unavailable') return false;
  return (
    state.transaction !== undefined ||
    ['Charging', 'SuspendedEV', 'SuspendedEVSE'].includes(state.chargingState ?? 'Idle')
  );
}

function tighter(a: EvseCap | undefined, b: EvseCap | undefined): EvseCap | undefined {
  if (!a || !b) return a ?? b;
  return b.amps < a.amps ? b : a;
}

/** Upstream's profiles as caps on EVSEs and limits on whole stations: effective = min(local, upstream). */
function upstreamLimits(
  site: Site,
  snapshot: Snapshot,
): { readonly evses: ReadonlyMap<EvseId, EvseCap>; readonly stations: readonly StationLimit[] } {
  const evses = new Map<EvseId, EvseCap>();
  const stations: StationLimit[] = [];
  const source = { kind: 'upstream' } as const;
  for (const station of site.stations) {
    const state: StationState | undefined = snapshot.stations[station.id];
    if (!state || state.upstreamProfiles.length === 0) continue;
    const common = { profiles: state.upstreamProfiles, at: snapshot.wallNow, nominalVolts: site.nominalVolts };
    const whole = limitAt({ ...common, evse: 0, phases: 3 });
    if (!('unlimited' in whole)) stations.push({ station: station.id, amps: whole.limitAmps, source });
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
      if (!('unlimited' in limit)) evses.set(evse.id, { amps: limit.limitAmps, source });
    }
  }
  return { evses, stations };
}

/** Base load of every circuit, from its meter less what the EVs below draw, or from its allowance. */
function baseLoadsOf(
  site: Site,
  situations: readonly Situation[],
  snapshot: Snapshot,
  memory: Memory,
): ReadonlyMap<CircuitId, BaseLoad> {
  const { evsesBelow } = siteIndex(site);
  const ranges = situations.map(({ evse, station, state, memory: own, exposureAmps, phases }) =>
    mapPhases((phase) => {
      const ownPhase = evse.phases.indexOf(phase);
      if (ownPhase < 0) return { low: 0, high: 0 };
      return drawRange(ownPhase, phases.includes(phase), station, state, own, exposureAmps, snapshot.now, site.policy);
    }),
  );
  return new Map(
    site.circuits.map((circuit, at) => {
      const drawn = mapPhases((phase) =>
        evsesBelow[at]!.reduce(
          (sum, evse) => ({ low: sum.low + ranges[evse]![phase].low, high: sum.high + ranges[evse]![phase].high }),
          { low: 0, high: 0 },
        ),
      );
      const meter = circuit.meter === undefined ? undefined : snapshot.meters[circuit.meter];
      return [circuit.id, baseLoadOf(circuit, meter, drawn, memory.circuits[circuit.id], snapshot.now, site.policy)];
    }),
  );
}

function circuitMemories(baseLoads: ReadonlyMap<CircuitId, BaseLoad>): {
  readonly [circuit: CircuitId]: CircuitMemory;
} {
  return Object.fromEntries([...baseLoads].flatMap(([id, base]) => (base.memory ? [[id, base.memory]] : [])));
}

/** Memories as if the cycle's increases had never been planned. */
function withoutIncreases(
  memories: readonly EvseMemory[],
  situations: readonly Situation[],
  commands: readonly Command[],
): readonly EvseMemory[] {
  const raised = new Set(commands.filter((command) => command.change === 'increase').map((command) => command.evse));
  return memories.map((memory, at) => (raised.has(situations[at]!.evse.id) ? situations[at]!.memory : memory));
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
