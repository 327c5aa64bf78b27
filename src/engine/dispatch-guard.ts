// The last look at a decision before anything leaves: it believes neither the planner nor the planner's own check, and shares no code with them.

import type { Command, Decision } from '../core/model/decision.ts';
import type { EvseMemory } from '../core/model/memory.ts';
import type { Evse, Site, Station } from '../core/model/site.ts';
import type { MeterState, Snapshot } from '../core/model/snapshot.ts';
import { PHASES, type Phase } from '../core/model/units.ts';

/** Amperes by which sums of floating point may overshoot. */
const TOLERANCE = 1e-3;
/** A lease that may end within this time no longer keeps the floor from ruling; at most a quarter of its life. */
const ENDS_SOON_MS = 10_000;
/** Samples of a transaction before a phase without current stops counting. */
const SAMPLES_TO_TRUST_PHASES = 3;

/** The site by name; it never changes. */
type Names = { readonly evses: ReadonlyMap<string, Evse>; readonly stations: ReadonlyMap<string, Station> };
const namesOf = new WeakMap<Site, Names>();

type Loading = { readonly mostAmps: number; readonly raised: boolean; readonly phases: readonly Phase[] };

/**
 * The first invariant that `decision` breaks, in words; undefined when it may leave. Reads nothing but its arguments.
 *
 * Commands: station and EVSE exist and belong together, one floor and one lease for an EVSE at most, every number finite, a new limit 0 or
 * from minimum to maximum and held by the ledger, what goes on the wire no higher, a lease ends and a floor does not. Meters: where one is
 * lost, the worst base load; a base load that is added up is no less than its parts. Law 1: on every circuit and phase that a command loads
 * more, all that may be in force + base load ≤ limit − margin. Emergency stop: nobody is raised.
 */
export function breachBeforeDispatch(site: Site, snapshot: Snapshot, decision: Decision): string | undefined {
  const names = namesIn(site);
  const { evses } = names;
  const isStopped = snapshot.caps.some(({ source }) => source.kind === 'emergency-stop');
  const leases = new Map<string, Command>();
  const told = new Set<string>();
  for (const command of decision.commands) {
    const evse = evses.get(command.evse);
    if (!evse || evse.station !== command.station) return `${command.evse} of ${command.station} is not of this site`;
    if (told.has(`${command.role} ${evse.id}`)) return `${evse.id} would be told two ${command.role}s at once`;
    told.add(`${command.role} ${evse.id}`);
    const found = commandBreach(site, evse, command, decision.memory.evses[evse.id]);
    if (found !== undefined) return found;
    if (isStopped && command.change === 'increase')
      return `${evse.id} would be raised to ${command.limitAmps} A in an emergency stop`;
    if (command.role === 'lease') leases.set(evse.id, command);
  }
  for (const { station, evse, transactionId } of decision.stops) {
    if (evses.get(evse)?.station !== station) return `${evse} of ${station} is not of this site`;
    const running = snapshot.stations[station]?.evses.find((one) => one.evse === evse)?.transaction?.id;
    if (running !== transactionId) return `${evse} would be told to stop ${transactionId}, which does not run there`;
  }
  const lost = meterBreach(site, snapshot, decision);
  return lost ?? (leases.size === 0 ? undefined : circuitBreach(site, names, snapshot, decision, leases));
}

function namesIn(site: Site): Names {
  const known = namesOf.get(site);
  if (known) return known;
  const names = {
    evses: new Map(site.evses.map((evse) => [evse.id, evse])),
    stations: new Map(site.stations.map((station) => [station.id, station])),
  };
  namesOf.set(site, names);
  return names;
}

function commandBreach(site: Site, evse: Evse, command: Command, memory: EvseMemory | undefined): string | undefined {
  const { limitAmps, role, profile, id } = command;
  const { schedule } = profile;
  if (!Number.isFinite(limitAmps) || limitAmps < 0) return `${evse.id} would be told ${limitAmps} A`;
  if (!isRemembered(command, memory)) return `the ledger would not know of the ${role} for ${evse.id}`;
  if (role === 'floor' && limitAmps !== evse.floorAmps) return `${evse.id} would get ${limitAmps} A for a floor`;
  // What it was told before it may be told again: the site may have been changed since.
  const isNew = !memory?.leases.some((lease) => lease.commandId !== id && lease.limitAmps === limitAmps);
  const isPossible =
    limitAmps === 0 || (limitAmps >= evse.minAmps - TOLERANCE && limitAmps <= evse.maxAmps + TOLERANCE);
  if (isNew && !isPossible) return `${evse.id} would be told ${limitAmps} A of ${evse.minAmps} to ${evse.maxAmps} A`;
  // A charger may put all its watts on one phase; only DC spreads them.
  const wattsPerAmp = site.nominalVolts * (evse.supply === 'dc' ? evse.phases.length : 1);
  const most = schedule.unit === 'A' ? limitAmps : limitAmps * wattsPerAmp;
  for (const { limit } of schedule.periods) {
    if (!(limit >= 0 && limit <= most + TOLERANCE)) return `${evse.id} would be sent ${limit} ${schedule.unit}`;
  }
  const ends = schedule.durationSeconds !== undefined && schedule.durationSeconds > 0;
  if (ends !== (role === 'lease')) return `the ${role} for ${evse.id} ${ends ? 'would end' : 'would never end'}`;
  return undefined;
}

function isRemembered({ id, role, change, limitAmps }: Command, memory: EvseMemory | undefined): boolean {
  const { floor, leases = [] } = memory ?? {};
  // A floor that is only said again stays proved.
  if (role === 'floor' && change === 'renewal') return floor?.state === 'proved' && floor.amps === limitAmps;
  if (role === 'floor') return floor?.state === 'sent' && floor.commandId === id && floor.amps === limitAmps;
  return leases.some((lease) => lease.commandId === id && lease.limitAmps === limitAmps);
}

function meterBreach(site: Site, { meters, now }: Snapshot, { circuits }: Decision): string | undefined {
  for (const { id, meter, worstBaseLoadAmps } of site.circuits) {
    const report = circuits.find(({ circuit }) => circuit === id);
    if (!report) return `${id} is not accounted for`;
    if (PHASES.some((phase) => !Number.isFinite(report.phases[phase].baseLoadAmps))) return `${id} has no base load`;
    if (meter === undefined) continue;
    const isLost = isMeterLost(site, meters[meter], now);
    if (isLost && PHASES.some((phase) => report.phases[phase].baseLoadAmps < worstBaseLoadAmps[phase] - TOLERANCE))
      return `${id} counts on a meter that is lost`;
  }
  return sumBreach(site, { meters, now }, circuits);
}

function isMeterLost(site: Site, state: MeterState | undefined, now: number): boolean {
  const { measuredAt = Number.NEGATIVE_INFINITY, until } = state?.reading ?? {};
  const lostAfter = until?.held ?? measuredAt + site.policy.meter.staleAfterMs;
  return !(measuredAt <= now && now <= lostAfter);
}

/** A base load that is added up holds at least what its parts say now, and the worst of those that say nothing. */
function sumBreach(
  site: Site,
  { meters, now }: Pick<Snapshot, 'meters' | 'now'>,
  circuits: Decision['circuits'],
): string | undefined {
  const reported = new Map(circuits.map(({ circuit, phases }) => [circuit, phases]));
  for (const { id, sum, meter: own, usesGeneration, worstBaseLoadAmps } of site.circuits) {
    if (sum === undefined || own !== undefined) continue;
    for (const phase of PHASES) {
      const count = (amps: number) => (usesGeneration ? amps : Math.max(0, amps));
      const children = site.circuits.filter(({ parent }) => parent === id);
      let least = sum.otherAmps[phase];
      let floor = Number.NEGATIVE_INFINITY;
      for (const child of children) least += count(reported.get(child.id)![phase].baseLoadAmps);
      for (const meterId of sum.meters) {
        const meter = site.meters.find((one) => one.id === meterId);
        if (meter?.phases?.includes(phase) === false) continue;
        const reading = isMeterLost(site, meters[meterId], now) ? undefined : meters[meterId]?.reading;
        if (reading) least += count(reading.currentAmps[phase]);
        else if (meter?.worstAmps) least += meter.worstAmps[phase];
        else if (meter?.of !== 'pv') floor = worstBaseLoadAmps[phase];
      }
      const wanted = Math.max(least, floor) - TOLERANCE;
      if (!(reported.get(id)![phase].baseLoadAmps >= wanted)) return `${id} counts on less than its meters say`;
    }
  }
  return undefined;
}

function circuitBreach(
  site: Site,
  { stations }: Names,
  snapshot: Snapshot,
  { circuits, memory }: Decision,
  leases: ReadonlyMap<string, Command>,
): string | undefined {
  const parents = new Map(site.circuits.map(({ id, parent }) => [id, parent]));
  const below = new Map<string, Loading[]>(site.circuits.map(({ id }) => [id, []]));
  for (const evse of site.evses) {
    const loading = loadingOf(snapshot, evse, stations.get(evse.station), memory.evses[evse.id], leases.get(evse.id));
    if (!Number.isFinite(loading.mostAmps)) return `what ${evse.id} may draw is not a number`;
    for (let id: string | undefined = evse.circuit; id !== undefined; id = parents.get(id))
      below.get(id)!.push(loading);
  }
  for (const { id, ratingAmps, marginAmps } of site.circuits) {
    const caps = snapshot.caps.filter(
      ({ scope, from, until }) =>
        scope.kind === 'circuit' && scope.circuit === id && !(from! > snapshot.now) && !(until! <= snapshot.now),
    );
    for (const phase of PHASES) {
      const users = below.get(id)!.filter(({ phases }) => phases.includes(phase));
      if (!users.some(({ raised }) => raised)) continue;
      const limit = Math.min(
        ratingAmps[phase],
        ...caps.flatMap((cap) => (cap.limitAmps ? [Math.max(0, cap.limitAmps[phase])] : [])),
      );
      const base = circuits.find(({ circuit }) => circuit === id)!.phases[phase].baseLoadAmps;
      const load = users.reduce((sum, { mostAmps }) => sum + mostAmps, base);
      if (!(load <= limit - marginAmps[phase] + TOLERANCE))
        return `${id} ${phase} could carry ${load.toFixed(1)} A of ${(limit - marginAmps[phase]).toFixed(1)} A`;
    }
  }
  return undefined;
}

/** All that may be in force at one EVSE by the ledger and by the lease that is about to leave, and whether that one adds to it. */
function loadingOf(
  snapshot: Snapshot,
  evse: Evse,
  station: Station | undefined,
  memory: EvseMemory | undefined,
  lease: Command | undefined,
): Loading {
  const isLinked = snapshot.stations[evse.station]?.link.state === 'connected';
  const floor = memory?.floor;
  const isFloorProved = floor?.state === 'proved' && floor.settledAt !== undefined;
  const holdsFloor = isFloorProved && (isLinked || station?.profile.holdsFloor === true);
  const floorAmps = holdsFloor ? floor.amps : evse.maxAmps;
  const others = (memory?.leases ?? []).filter(
    ({ commandId, endsBy }) => commandId !== lease?.id && !(endsBy <= snapshot.now),
  );
  const settled = others.findLastIndex(({ settledAt }) => settledAt !== undefined);
  const ruling = others.slice(Math.max(0, settled));
  // A settled lease keeps the floor, and what there may be in its place, from ruling until it may end.
  const acknowledged = ruling.flatMap((entry) => (entry.acknowledgedAt === undefined ? [] : [entry.holdsUntil]));
  const soonMs = Math.min(ENDS_SOON_MS, (station?.profile.leaseMs ?? 0) / 4);
  const canLease = isLinked || station?.profile.holdsFloor === true;
  // A TxProfile goes with its transaction: the floor beneath it is never shut out.
  const goesWithTransaction = station?.profile.lease.purpose === 'TxProfile';
  const isFloorShut =
    canLease && !goesWithTransaction && settled >= 0 && Math.max(...acknowledged) > snapshot.now + soonMs;
  const isObedient = memory?.disobeyedAt === undefined;
  const before = isObedient
    ? Math.max(isFloorShut ? 0 : floorAmps, ...ruling.map(({ limitAmps }) => limitAmps))
    : evse.maxAmps;
  const inForceAmps = Math.min(before, evse.maxAmps);
  const leaseAmps = Math.min(lease?.limitAmps ?? 0, evse.maxAmps);
  const trusted = (memory?.seenSamples ?? 0) >= SAMPLES_TO_TRUST_PHASES ? (memory?.seenPhases ?? 0) : 0;
  return {
    mostAmps: Math.max(inForceAmps, leaseAmps),
    raised: leaseAmps > inForceAmps + TOLERANCE,
    phases: trusted === 0 ? evse.phases : evse.phases.filter((_phase, at) => (trusted & (1 << at)) !== 0),
  };
}
