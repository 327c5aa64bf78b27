// What each EVSE is in this cycle: what may rule at it, what its car takes and wants, and whether there is anything to share out to it.

import type { CandidateRole, Situation } from './allocate/situation.ts';
import { takesAfter } from './allocate/takes.ts';
import { absorb, activePhases, blankEvseMemory } from './command/absorb.ts';
import { exposureOf, offeredLease } from './command/exposure.ts';
import type { EvseCap } from './limits/caps.ts';
import type { EvseMemory, Service, TakeMemory } from './model/memory.ts';
import type { Evse, Site, Station } from './model/site.ts';
import { gridPhases } from './model/site-index.ts';
import type { ChargingState, EvseState, Snapshot } from './model/snapshot.ts';
import { ceilToStep, floorToStep, type Instant } from './model/units.ts';
import { needOf } from './plan/need.ts';
import { serviceAfter } from './plan/rotation.ts';
import { isWaking, WAKE_AMPS, wakeAfter } from './plan/wake.ts';

/** A car that has said it wants no more (SuspendedEV) for this long keeps its minimum, so that it can begin again by itself. */
const SUSPENDED_EV_MS = 60_000;
/** Charging states of a car that may take energy, also where no transaction is known. */
const TAKING: readonly (ChargingState | undefined)[] = ['Charging', 'SuspendedEV', 'SuspendedEVSE'];
/** A car that is seen to draw this part of its minimum charges in earnest. */
const BALANCING_PART = 0.8;

export type SituateInput = {
  readonly at: number;
  readonly evse: Evse;
  readonly station: Station;
  readonly site: Site;
  readonly snapshot: Snapshot;
  readonly before: EvseMemory | undefined;
  readonly cap: EvseCap | undefined;
};

/** The situation of one EVSE. Pure; the memory in it is the one before this cycle's commands. */
export function situate(input: SituateInput): Situation {
  const { at, evse, station: commissioned, snapshot, site, before, cap } = input;
  const { profile } = commissioned;
  const { now } = snapshot;
  const { policy } = site;
  const station = snapshot.stations[evse.station];
  const state = station?.evses.find((one) => one.evse === evse.id);
  const link = station?.link.state ?? 'never';
  const absorbed = absorb({ evse, profile, station, state, memory: before ?? blankEvseMemory, now, policy });
  const exposure = exposureOf(evse, profile, absorbed, link, now);
  const hasCar = wantsEnergy(state);
  const isControllable =
    link === 'connected' && exposure.because !== 'floor-not-proved' && exposure.because !== 'disobedient';
  const canLease = profile.lease.purpose === 'TxDefaultProfile' || state?.transaction !== undefined;
  // Nothing is learnt of a car that is not there: all wired phases count.
  const active = hasCar ? activePhases(evse, absorbed) : 2 ** evse.phases.length - 1;
  const phases = gridPhases(evse, active);
  const told = offeredLease(absorbed, now)?.limitAmps ?? exposure.amps;
  const assuredAmps = link === 'connected' ? assured(state, active, Math.min(told, exposure.amps), now, site) : 0;
  const { memory, role } =
    hasCar && isControllable && canLease
      ? candidacy(input, absorbed, state, phases.length, told)
      : { memory: withoutSession(absorbed), role: { kind: 'reserved' as const, amps: exposure.amps } };
  const situation: Situation = {
    at,
    evse,
    profile,
    station,
    state,
    memory,
    phases,
    exposureAmps: exposure.amps,
    exposureBecause: exposure.because,
    assuredAmps,
    balances: assuredAmps >= evse.minAmps * BALANCING_PART,
    cap,
    role,
  };
  return told > assuredAmps && assuredAmps > 0 ? { ...situation, drawnPart: assuredAmps / told } : situation;
}

/** A car is there that may take energy: a running transaction, or a charging state that says so. */
function wantsEnergy(state: EvseState | undefined): boolean {
  if (!state) return false;
  if (state.connectorStatus === 'Faulted' || state.connectorStatus === 'Unavailable') return false;
  return state.transaction !== undefined || TAKING.includes(state.chargingState);
}

/** The least that a fresh sample shows on the phases in use; never more than it has been told. */
function assured(state: EvseState | undefined, active: number, told: number, now: Instant, site: Site): number {
  const drawn = state?.drawn;
  if (!drawn || now - drawn.measuredAt > site.policy.stationSampleMaxAgeMs || now < drawn.measuredAt) return 0;
  // A sample from before the car's state changed tells of another state.
  if (drawn.measuredAt < (state.statusSince ?? drawn.measuredAt)) return 0;
  const own = drawn.amps.filter((_amps, phase) => (active & (1 << phase)) !== 0);
  return own.length === 0 ? 0 : Math.max(0, Math.min(told, ...own));
}

/** The memory of an EVSE at which no session is being served. */
function withoutSession(memory: EvseMemory): EvseMemory {
  if (!memory.service && !memory.takes && !memory.wake) return memory;
  const { service: _service, takes: _takes, wake: _wake, ...rest } = memory;
  return rest;
}

function withSession(
  memory: EvseMemory,
  service: Service,
  takes: TakeMemory | undefined,
  wake: EvseMemory['wake'],
): EvseMemory {
  if (memory.service === service && memory.takes === takes && memory.wake === wake) return memory;
  return { ...withoutSession(memory), service, ...(takes ? { takes } : {}), ...(wake ? { wake } : {}) };
}

function candidacy(
  { evse, station, site, snapshot, before, cap }: SituateInput,
  absorbed: EvseMemory,
  state: EvseState | undefined,
  phaseCount: number,
  told: number,
): { readonly memory: EvseMemory; readonly role: CandidateRole } {
  const { now } = snapshot;
  const { policy, nominalVolts } = site;
  const { stepAmps, minAmps, maxAmps } = evse;
  const lower = Math.max(stepAmps, ceilToStep(minAmps, stepAmps));
  const neverZero = station.profile.quirks.includes('zero-amps-breaks-next-limit');
  const isOn = told >= lower;
  const isSameSession = before?.seenInTransaction === state?.transaction?.id;
  const kept = isSameSession ? absorbed : withoutSession(absorbed);
  const service = serviceAfter(kept.service, isOn, policy.pause.minOffMs, now);
  const takes = takesAfter(kept.takes, state, told, kept.changedAt, policy);
  const wake = wakeAfter(kept.wake, service, state, now);
  const memory = withSession(kept, service, takes, wake);

  const allowed = Math.min(maxAmps, cap?.amps ?? Number.POSITIVE_INFINITY);
  const suspended = state?.chargingState === 'SuspendedEV' && now - (state.statusSince ?? now) >= SUSPENDED_EV_MS;
  const waking = isWaking(wake, now);
  const ceiling = suspended
    ? lower
    : waking
      ? Number.POSITIVE_INFINITY
      : (takes?.ceilingAmps ?? Number.POSITIVE_INFINITY);
  const restrained = Math.min(allowed, Math.max(lower, ceiling));
  const upper = floorToStep(restrained, stepAmps);

  const wish = snapshot.wishes[evse.id];
  const need = needOf(evse, wish, state?.transaction, phaseCount, allowed, nominalVolts, now);
  const needAmps = waking ? Math.max(need?.amps ?? 0, WAKE_AMPS) : need?.amps;
  const elapsedMs = Math.max(0, now - service.since);
  const restsUntil =
    service.state === 'paused' && service.rests && elapsedMs < policy.pause.minOffMs
      ? service.since + policy.pause.minOffMs
      : undefined;
  const wakesBadly = station.profile.quirks.includes('needs-wake-up') || (wake?.attempts ?? 0) > 0;
  const role: CandidateRole = {
    kind: 'candidate',
    lower,
    upper: neverZero ? Math.max(upper, lower) : upper,
    ...(restrained < allowed ? { upperBy: 'car' as const } : {}),
    isOn,
    neverZero,
    priority: wish?.priority ?? evse.priority,
    ...(needAmps === undefined ? {} : { needAmps }),
    isUrgent: need !== undefined && need.amps > 0 && need.laxityMs <= 0,
    isPatient: need !== undefined && (need.amps === 0 || (!isOn && need.amps < lower)),
    ...(wish?.departureAt === undefined ? {} : { departureAt: wish.departureAt }),
    keepsPlace: isOn && (wakesBadly || (service.state === 'on' && elapsedMs < policy.pause.minOnMs)),
    ...(restsUntil === undefined ? {} : { restsUntil }),
    waitedMs: isOn ? 0 : elapsedMs,
    servedMs: isOn ? elapsedMs : 0,
    onlySurplus: wish?.onlySurplus ?? false,
  };
  return { memory, role };
}
