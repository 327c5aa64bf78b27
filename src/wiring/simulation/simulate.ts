// Runs scripts on a site: makes ready what all runs of the site share, then each run is a function of its script alone.

import { createHash } from 'node:crypto';
import { loadMeterProfile } from '../../config/meter-profile.ts';
import type { Solvers } from '../../core/allocate/proposers.ts';
import type { MeterProfile } from '../../core/model/meter-profile.ts';
import type { Site } from '../../core/model/site.ts';
import { AppError } from '../../engine/app-error.ts';
import type { Fields } from '../../engine/ports.ts';
import { loadV16Schemas } from '../../ocpp/v16/schemas.ts';
import { loadV201Schemas } from '../../ocpp/v201/schemas.ts';
import { CheckRun, type StandardOptions, standardCheckers } from '../../simulator/checks/all.ts';
import { DeliveryChecker } from '../../simulator/checks/delivery.ts';
import type { Script } from '../../simulator/script.ts';
import type { Checker, Violation } from '../../simulator/truth.ts';
import { KEY_BYTES, keySha256 } from '../key-verb.ts';
import { describeProfileFault, meterProfilesDir, modbusMeters } from '../meters.ts';
import { loadSolvers } from '../solvers.ts';
import { CountingLog } from './counting-log.ts';
import { withoutBrokers } from './meter-sources.ts';
import { Trace } from './trace.ts';
import { VirtualSite } from './virtual-site.ts';

/** What all runs of one site share: checked, loaded, compiled, before any virtual time passes. */
export type Stage = {
  readonly site: Site;
  readonly keys: ReadonlyMap<string, Buffer>;
  readonly meterProfiles: { readonly [profile: string]: MeterProfile };
  readonly solvers: Solvers;
};

export type SimulateOptions = {
  /** Bounds of the checkers that a scenario sets tighter or looser than usual. */
  readonly bounds?: Omit<StandardOptions, 'site'>;
  /** What a scenario checks besides the laws; names MUST differ from theirs. */
  readonly checkers?: readonly Checker[];
  readonly onHours?: (hours: number) => void;
  readonly onTraceLine?: (line: string) => void;
  readonly onLogLine?: (level: string, event: string, fields: Fields) => void;
  readonly signal?: AbortSignal;
};

/** Plain data, the same for the same script on every machine. */
export type SimulationReport = {
  readonly site: string;
  readonly seed: number;
  readonly hours: number;
  readonly faults: Script['faults'];
  readonly baseLoad: string;
  readonly happenings: { readonly [kind: string]: number };
  readonly counts: {
    readonly cycles: number;
    readonly commands: number;
    readonly controllerLives: number;
    readonly timers: number;
    /** Through all EVSEs, whole watt-hours. */
    readonly deliveredWh: number;
  };
  readonly violations: { readonly count: number; readonly first: readonly Violation[] };
  /** `<checker>.<figure>`, units in the names. */
  readonly figures: Readonly<Record<string, number>>;
  /** Warnings and errors that were logged, by name. */
  readonly warnings: { readonly [event: string]: number };
  /** sha256 over all that happened, every current and every decision. */
  readonly trace: string;
  /** False when it was ended before the last hour. */
  readonly isWhole: boolean;
};

/** Throws AppError METER_PROFILE when a meter's profile cannot be loaded. */
export async function setStage(site: Site): Promise<Stage> {
  await Promise.all([loadV16Schemas(), loadV201Schemas()]);
  const keys = new Map(site.stations.map(({ id }) => [id, keyOf(id)]));
  const stations = site.stations.map((station) => ({
    ...station,
    keySha256: keySha256(station.id, keys.get(station.id)!),
  }));
  const meterProfiles: { [id: string]: MeterProfile } = {};
  for (const { profile } of modbusMeters(site)) {
    const loaded = loadMeterProfile(profile, meterProfilesDir());
    if (loaded.kind !== 'profile')
      throw new AppError('METER_PROFILE', loaded.faults.map((fault) => describeProfileFault(fault)).join('\n'));
    meterProfiles[profile] = loaded.profile;
  }
  const keyed = { ...site, stations, meters: withoutBrokers(site.meters) };
  return { site: keyed, keys, meterProfiles, solvers: await loadSolvers(keyed, new CountingLog()) };
}

/** One run from its beginning to its end. The same stage serves any number of runs, one after the other. */
export async function simulate(stage: Stage, script: Script, options: SimulateOptions): Promise<SimulationReport> {
  const trace = new Trace(options.onTraceLine);
  const log = new CountingLog(options.onLogLine);
  const delivery = new DeliveryChecker();
  const checkers = [
    ...standardCheckers({ site: stage.site, ...options.bounds }),
    delivery,
    ...(options.checkers ?? []),
  ];
  const checks = new CheckRun(checkers, ({ at, checker, text }) => trace.event(at, `violation ${checker} ${text}`));
  const world = new VirtualSite({ ...stage, script, checks, delivery, trace, log });
  const isWhole = await world.run(options.onHours ?? (() => {}), options.signal);
  const happenings: { [kind: string]: number } = {};
  for (const { kind } of script.happenings) happenings[kind] = (happenings[kind] ?? 0) + 1;
  return {
    site: script.site,
    seed: script.seed,
    hours: script.hours,
    faults: script.faults,
    baseLoad: script.baseLoad.kind === 'series' ? script.baseLoad.name : script.baseLoad.kind,
    happenings,
    counts: world.counts,
    violations: { count: checks.violationCount, first: checks.violations },
    figures: checks.figures(),
    warnings: Object.fromEntries(log.counts.map(({ event, count: times }) => [event, times])),
    trace: trace.digest(),
    isWhole,
  };
}

/** A simulated station's key: no secret, for nothing but the simulation knows the station. */
function keyOf(station: string): Buffer {
  return createHash('sha256').update(`simulated ${station}`).digest().subarray(0, KEY_BYTES);
}
