// What a cycle tells people: each circuit's figures and each share with the reason that binds it. Data; sentences are made elsewhere.

import type { Allocation, ShareBinding } from '../allocate/allocate.ts';
import type { BaseLoad, Freshness } from '../allocate/base-load.ts';
import type { Situation } from '../allocate/situation.ts';
import { offeredAmps, type Waiting } from '../command/command.ts';
import { acknowledgedAmps } from '../command/exposure.ts';
import type { CircuitLimit } from '../limits/caps.ts';
import type { CircuitReport, Reason, Share } from '../model/decision.ts';
import type { Site } from '../model/site.ts';
import { siteIndex } from '../model/site-index.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { type CircuitId, type Instant, mapPhases, type PhaseAmps } from '../model/units.ts';

/** Figures of every circuit, in the site's order. `headroomAmps` is what exposure leaves, so a negative one says "may be overloaded now". */
export function circuitReports(
  site: Site,
  limits: ReadonlyMap<CircuitId, CircuitLimit>,
  baseLoads: ReadonlyMap<CircuitId, BaseLoad>,
  situations: readonly Situation[],
  targets: readonly number[],
  snapshot: Snapshot,
  freshness: readonly Freshness[],
): readonly CircuitReport[] {
  const { evsesBelow } = siteIndex(site);
  return site.circuits.map((circuit, at): CircuitReport => {
    const limit = limits.get(circuit.id)!;
    const base = baseLoads.get(circuit.id)!;
    const below = evsesBelow[at]!.map((evse) => situations[evse]!);
    const reading =
      circuit.meter === undefined || freshness[at] === 'lost' ? undefined : snapshot.meters[circuit.meter]?.reading;
    const phases = mapPhases((phase) => {
      const users = below.filter((situation) => situation.phases.includes(phase));
      const exposureAmps = users.reduce((sum, situation) => sum + situation.exposureAmps, 0);
      const limitAmps = limit.phases[phase].amps;
      return {
        limitAmps,
        limitSource: limit.phases[phase].source,
        marginAmps: circuit.marginAmps[phase],
        baseLoadAmps: base.amps[phase],
        exposureAmps,
        allocatedAmps: users.reduce((sum, situation) => sum + targets[situation.at]!, 0),
        headroomAmps: limitAmps - circuit.marginAmps[phase] - base.amps[phase] - exposureAmps,
        ...(reading ? { meteredAmps: reading.currentAmps[phase] } : {}),
      };
    });
    if (!limit.power) return { circuit: circuit.id, baseLoadFrom: base.from, phases };
    const baseWatts = site.nominalVolts * (base.amps.L1 + base.amps.L2 + base.amps.L3);
    const evWatts = below.reduce(
      (sum, situation) => sum + targets[situation.at]! * situation.phases.length * site.nominalVolts,
      0,
    );
    const power = { limitWatts: limit.power.watts, source: limit.power.source, expectedWatts: baseWatts + evWatts };
    return { circuit: circuit.id, baseLoadFrom: base.from, phases, power };
  });
}

type SharesInput = {
  readonly site: Site;
  readonly situations: readonly Situation[];
  readonly allocation: Allocation;
  readonly waiting: ReadonlyMap<number, Waiting>;
  readonly now: Instant;
};

/** Every EVSE's share, in the site's order, each with the reason that binds it. */
export function shares({ site, situations, allocation, waiting, now }: SharesInput): readonly Share[] {
  return situations.map((situation): Share => {
    const { at, evse, memory, exposureAmps, phases } = situation;
    const acknowledged = acknowledgedAmps(memory, now);
    const drawn = drawnOnGrid(situation, now, site);
    const targetAmps = situation.role.kind === 'candidate' ? allocation.amps[at]! : situation.role.amps;
    return {
      evse: evse.id,
      targetAmps,
      offeredAmps: offeredAmps(situation, now),
      ...(acknowledged === undefined ? {} : { acknowledgedAmps: acknowledged }),
      exposureAmps,
      ...(drawn ? { drawnAmps: drawn } : {}),
      phases,
      reason: reasonFor(situation, targetAmps, allocation, waiting.get(at), now),
    };
  });
}

function drawnOnGrid({ evse, state }: Situation, now: Instant, site: Site): PhaseAmps | undefined {
  const drawn = state?.drawn;
  if (!drawn || now - drawn.measuredAt > site.policy.stationSampleMaxAgeMs) return undefined;
  return mapPhases((phase) => {
    const ownPhase = evse.phases.indexOf(phase);
    return ownPhase < 0 ? 0 : (drawn.amps[ownPhase] ?? 0);
  });
}

function reasonFor(
  situation: Situation,
  targetAmps: number,
  allocation: Allocation,
  waiting: Waiting | undefined,
  now: Instant,
): Reason {
  const { evse, station, exposureAmps, exposureBecause, role, at } = situation;
  if (exposureBecause === 'disobedient') return { kind: 'disobedient', reservedAmps: exposureAmps };
  if (station?.link.state !== 'connected') return { kind: 'unreachable', reservedAmps: exposureAmps };
  if (exposureBecause === 'floor-not-proved') return { kind: 'floor-not-proved', reservedAmps: exposureAmps };
  if (role.kind === 'reserved') return { kind: 'no-car' };
  if (allocation.solver.answeredBy === 'floors') {
    return { kind: 'failsafe', detail: allocation.solver.fellBackBecause ?? 'no allocation' };
  }
  if (targetAmps > offeredAmps(situation, now) + 1e-6 && waiting !== undefined)
    return { kind: 'rising', waitsFor: waiting };
  return bindingReason(situation, allocation.bindings[at], evse.minAmps);
}

function bindingReason(
  { evse, cap, state, role }: Situation,
  binding: ShareBinding | undefined,
  neededAmps: number,
): Reason {
  const upper = role.kind === 'candidate' ? role.upper : evse.maxAmps;
  const isCapped = cap !== undefined && cap.amps < evse.maxAmps && upper <= cap.amps + 1e-6;
  const capped = (): Reason => ({
    kind: 'capped',
    source: cap!.source,
    limitAmps: cap!.amps,
    ...(cap!.note === undefined ? {} : { note: cap!.note }),
  });
  if (binding === undefined || binding.kind === 'upper' || binding.tag === undefined) {
    if (isCapped) return capped();
    const carRestrains = state?.chargingState === 'SuspendedEV' && upper < evse.maxAmps;
    return { kind: 'own-maximum', source: { kind: carRestrains ? 'car' : 'charger' }, limitAmps: upper };
  }
  const { tag } = binding;
  if (tag.kind === 'station') return { kind: 'capped', source: tag.source, limitAmps: tag.limitAmps };
  const where = tag.kind === 'phase' ? { circuit: tag.circuit, phase: tag.phase } : { circuit: tag.circuit };
  return binding.kind === 'not-admitted'
    ? { kind: 'paused', ...where, neededAmps }
    : { kind: 'circuit-full', ...where, source: tag.source };
}
