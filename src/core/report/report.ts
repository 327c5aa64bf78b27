// What a cycle tells people: each circuit's figures and each share with the reason that binds it. Data; sentences are made elsewhere.

import type { Allocation } from '../allocate/allocate.ts';
import type { Limits } from '../allocate/capacity.ts';
import type { MeterTrust } from '../allocate/meter-trust.ts';
import type { Situation } from '../allocate/situation.ts';
import { offeredAmps } from '../command/draft.ts';
import { acknowledgedAmps } from '../command/exposure.ts';
import type { Waiting } from '../command/increase.ts';
import type { Freshness } from '../metering/freshness.ts';
import type { CircuitReport, Share } from '../model/decision.ts';
import type { LoadStepMemory } from '../model/memory.ts';
import type { Site } from '../model/site.ts';
import { siteIndex } from '../model/site-index.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { type Instant, mapPhases, type Phase, type PhaseAmps } from '../model/units.ts';
import { reasonFor } from './reason.ts';

type ReportsInput = {
  readonly site: Site;
  readonly limits: Limits;
  readonly situations: readonly Situation[];
  readonly targets: readonly number[];
  readonly snapshot: Snapshot;
  readonly freshness: readonly Freshness[];
  readonly steps: MeterTrust['steps'];
};

/** Figures of every circuit, in the site's order. `headroomAmps` is what exposure leaves, so a negative one says "may be overloaded now". */
export function circuitReports({
  site,
  limits,
  situations,
  targets,
  snapshot,
  freshness,
  steps,
}: ReportsInput): readonly CircuitReport[] {
  const { evsesBelow } = siteIndex(site);
  return site.circuits.map((circuit, at): CircuitReport => {
    const limit = limits.circuits.get(circuit.id)!;
    const base = limits.baseLoads.get(circuit.id)!;
    const reading =
      circuit.meter === undefined || freshness[at] === 'lost' ? undefined : snapshot.meters[circuit.meter]?.reading;
    const exposed = mapPhases(() => 0) as { [P in Phase]: number };
    const allocated = mapPhases(() => 0) as { [P in Phase]: number };
    let evWatts = 0;
    for (const below of evsesBelow[at]!) {
      const { phases, exposureAmps } = situations[below]!;
      for (const phase of phases) {
        exposed[phase] += exposureAmps;
        allocated[phase] += targets[below]!;
      }
      evWatts += targets[below]! * phases.length * site.nominalVolts;
    }
    const phases = mapPhases((phase) => {
      const exposureAmps = exposed[phase];
      const limitAmps = limit.phases[phase].amps;
      return {
        limitAmps,
        limitSource: limit.phases[phase].source,
        marginAmps: circuit.marginAmps[phase],
        baseLoadAmps: base.amps[phase],
        exposureAmps,
        allocatedAmps: allocated[phase],
        headroomAmps: limitAmps - circuit.marginAmps[phase] - base.amps[phase] - exposureAmps,
        ...(reading ? { meteredAmps: reading.currentAmps[phase] } : {}),
      };
    });
    const report = { circuit: circuit.id, baseLoadFrom: base.from, phases, ...shownSteps(steps[at]) };
    if (!limit.power) return report;
    const baseWatts = site.nominalVolts * (base.amps.L1 + base.amps.L2 + base.amps.L3);
    const { watts: limitWatts, unit, source } = limit.power;
    const power = { limitWatts, unit, source, expectedWatts: baseWatts + evWatts };
    return { ...report, power };
  });
}

/** Absent until a step of the load has shown something. */
function shownSteps(steps: LoadStepMemory | undefined): Pick<CircuitReport, 'meterSteps'> {
  if (!steps || (Object.keys(steps.counts).length === 0 && !steps.suspicion)) return {};
  const { counts, suspicion } = steps;
  return { meterSteps: { counts, ...(suspicion ? { suspicion } : {}) } };
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
      reason: reasonFor({ site, situation, situations, targetAmps, allocation, waiting: waiting.get(at), now }),
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
