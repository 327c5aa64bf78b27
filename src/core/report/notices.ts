// What a person should know of this cycle and do about it: one notice a trouble, in words, with a code of docs/errors.md.

import type { BaseLoad } from '../allocate/base-load.ts';
import type { Situation } from '../allocate/situation.ts';
import { capsInForce } from '../limits/caps.ts';
import type { CircuitReport, Notice, SolverReport } from '../model/decision.ts';
import type { Circuit, Site } from '../model/site.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { type CircuitId, PHASES, type Phase } from '../model/units.ts';
import { MAX_WAKE_ATTEMPTS } from '../plan/wake.ts';
import { contactNotices, stopNotices } from './contact-notices.ts';
import { failsafeNotices } from './failsafe-notice.ts';
import { meterNotices } from './meter-notices.ts';
import { meterPartNotices } from './meter-part-notices.ts';
import { stopNotice } from './stop-notice.ts';
import { describeSource } from './wording.ts';

type NoticesInput = {
  readonly site: Site;
  readonly snapshot: Snapshot;
  readonly situations: readonly Situation[];
  readonly baseLoads: ReadonlyMap<CircuitId, BaseLoad>;
  readonly reports: readonly CircuitReport[];
  readonly solver: SolverReport;
};

/** The cycle's notices, worst first. */
export function notices(input: NoticesInput): readonly Notice[] {
  const all = [
    ...stopNotices(input.snapshot, input.situations),
    ...contactNotices(input.snapshot),
    ...failsafeNotices(capsInForce(input.snapshot.caps, input.snapshot.now), input.site),
    ...meterNotices(input),
    ...meterPartNotices(input),
    ...circuitNotices(input),
    ...evseNotices(input),
    ...solverNotices(input),
  ];
  const rank = { alarm: 0, warning: 1, info: 2 } as const;
  return all.sort((a, b) => rank[a.severity] - rank[b.severity]);
}

const amps = (value: number) => `${Number(value.toFixed(1))} A`;

function circuitNotices({ site, reports, baseLoads }: NoticesInput): Notice[] {
  return site.circuits.flatMap((circuit, at): Notice[] => {
    const report = reports[at]!;
    const base = baseLoads.get(circuit.id)!;
    const overloaded = PHASES.filter(
      (phase) => (report.phases[phase].meteredAmps ?? 0) > report.phases[phase].limitAmps,
    );
    const beyondWorst =
      base.from === 'meter' || base.from === 'sum'
        ? PHASES.filter((phase) => base.amps[phase] > circuit.worstBaseLoadAmps[phase] + 0.5)
        : [];
    // Below a limit from outside no charger can bring a building: once none may draw there, it is not an overload that anybody can mend.
    const beyondLimit = overloaded.filter((phase) => {
      const { limitSource, exposureAmps, meteredAmps } = report.phases[phase];
      return limitSource.kind !== 'fuse' && exposureAmps === 0 && meteredAmps! <= circuit.ratingAmps[phase];
    });
    const [first] = beyondLimit;
    return [
      ...(first === undefined ? [] : [limitBelowBaseLoad(circuit, first, report)]),
      ...overloaded
        .filter((phase) => !beyondLimit.includes(phase))
        .map(
          (phase): Notice => ({
            severity: 'alarm',
            code: 'CIRCUIT_OVERLOADED',
            text: `${circuit.name} ${phase} carries ${amps(report.phases[phase].meteredAmps!)} of ${amps(report.phases[phase].limitAmps)}; chargers are being lowered.`,
          }),
        ),
      ...beyondWorst.map(
        (phase): Notice => ({
          severity: 'warning',
          code: 'BASE_LOAD_ABOVE_WORST',
          text: `${circuit.name} ${phase}: the base load is ${amps(base.amps[phase])}, more than the commissioned worst of ${amps(circuit.worstBaseLoadAmps[phase])}. The floors are no longer proved; raise worstAmps in the site file and check it again.`,
        }),
      ),
    ];
  });
}

function limitBelowBaseLoad({ name }: Circuit, phase: Phase, { phases }: CircuitReport): Notice {
  const { limitSource, limitAmps, meteredAmps } = phases[phase];
  const author = describeSource(limitSource);
  const text = `${name} ${phase} carries ${amps(meteredAmps!)}, more than the ${amps(limitAmps)} by ${author}, without any charger: the rest are other loads.`;
  return { severity: 'info', code: 'LIMIT_BELOW_BASE_LOAD', text };
}

function evseNotices({ site, snapshot, situations }: NoticesInput): Notice[] {
  return situations.flatMap((situation): Notice[] => {
    const { evse, station, memory, exposureAmps, exposureBecause } = situation;
    if (exposureBecause === 'disobedient') {
      const stop = stopNotice(situation, snapshot.now);
      return [
        {
          severity: 'alarm',
          code: 'STATION_DISOBEDIENT',
          text: `${evse.name} draws more than it was told; ${amps(exposureAmps)} are reserved for it. Have the charger checked.`,
        },
        ...(stop ? [stop] : []),
      ];
    }
    const link = station?.link.state ?? 'never';
    if (link === 'never' && exposureBecause === 'floor-not-proved') {
      return [
        {
          severity: 'warning',
          code: 'STATION_NEVER_SEEN',
          text: `${evse.name} has never connected; ${amps(exposureAmps)} are reserved for it. Connect it, or take it out of the site file.`,
        },
      ];
    }
    if (link === 'disconnected') {
      return [
        {
          severity: 'warning',
          code: 'STATION_UNREACHABLE',
          text: `${evse.name} is not connected; ${amps(exposureAmps)} are reserved for it.`,
        },
      ];
    }
    if (memory.wake !== undefined && memory.wake.attempts >= MAX_WAKE_ATTEMPTS) {
      return [
        {
          severity: 'warning',
          code: 'CAR_DOES_NOT_WAKE',
          text: `The car at ${evse.name} does not begin again after a pause. Unplug it and plug it in again, or give ${evse.name} a higher priority so that it is paused less.`,
        },
      ];
    }
    if (memory.failures >= 3) {
      const profile = site.stations.find((one) => one.id === evse.station)?.profile.title ?? 'its model';
      return [
        {
          severity: 'warning',
          code: 'STATION_REFUSES_LIMITS',
          text: `${evse.name} does not accept limits; ${amps(exposureAmps)} are reserved for it. Check that its load management by OCPP is switched on and that "${profile}" is the right model.`,
        },
      ];
    }
    return [];
  });
}

function solverNotices({ solver }: NoticesInput): Notice[] {
  if (solver.fellBackBecause === undefined) return [];
  const severity = solver.answeredBy === 'floors' ? 'alarm' : 'warning';
  return [
    {
      severity,
      code: 'SOLVER_FELL_BACK',
      text: `The allocation came from ${solver.answeredBy}: ${solver.fellBackBecause}.`,
    },
  ];
}
