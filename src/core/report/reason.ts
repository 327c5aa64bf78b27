// Why an EVSE has the share it has: the constraint that binds it, its author, and what would have to change. Data; explain.ts makes sentences.

import type { Allocation, ShareBinding } from '../allocate/allocate.ts';
import type { RowTag } from '../allocate/capacity.ts';
import type { CandidateRole, Situation } from '../allocate/situation.ts';
import { offeredAmps } from '../command/draft.ts';
import type { Waiting } from '../command/increase.ts';
import type { PausedBy, Reason } from '../model/decision.ts';
import { authored, type LimitNumber } from '../model/limit.ts';
import type { Site } from '../model/site.ts';
import type { Instant } from '../model/units.ts';
import { nextTurn } from './next-turn.ts';

/** A share nearer to its maximum than this has it. */
const EPSILON_AMPS = 1e-6;

export type ReasonInput = {
  readonly site: Site;
  readonly situation: Situation;
  /** All of the site, for whose turn it is. */
  readonly situations: readonly Situation[];
  readonly targetAmps: number;
  readonly allocation: Allocation;
  readonly waiting: Waiting | undefined;
  readonly now: Instant;
};

/** The reason of one share. */
export function reasonFor(input: ReasonInput): Reason {
  const { situation, targetAmps, allocation, waiting, now } = input;
  const { station, exposureAmps, exposureBecause, role, at } = situation;
  if (exposureBecause === 'disobedient') return { kind: 'disobedient', reservedAmps: exposureAmps };
  if (station?.link.state !== 'connected') return { kind: 'unreachable', reservedAmps: exposureAmps };
  if (exposureBecause === 'floor-not-proved') return { kind: 'floor-not-proved', reservedAmps: exposureAmps };
  if (role.kind === 'reserved') return nothingToShare(situation);
  if (allocation.solver.answeredBy === 'floors') {
    return { kind: 'failsafe', detail: allocation.solver.fellBackBecause ?? 'no allocation' };
  }
  const rises = targetAmps > offeredAmps(situation, now) + EPSILON_AMPS;
  if (rises && waiting !== undefined && waiting !== 'dead-band') return { kind: 'rising', waitsFor: waiting };
  const binding = allocation.bindings[at];
  if (binding?.kind === 'not-admitted') return paused(binding, role, input);
  const moreAmps = Number((role.upper - targetAmps).toFixed(6));
  // Rounding may have given it the last step to its maximum in a row that is full for everybody else.
  return binding?.kind === 'row' && moreAmps > EPSILON_AMPS ? full(binding.tag, moreAmps) : ownMaximum(situation, role);
}

function nothingToShare({ state }: Situation): Reason {
  const status = state?.connectorStatus;
  if (status === 'Faulted' || status === 'Unavailable') return { kind: 'out-of-service', status };
  const isPluggedIn = status === 'Occupied' || (state?.chargingState ?? 'Idle') !== 'Idle';
  return isPluggedIn ? { kind: 'not-started' } : { kind: 'no-car' };
}

function ownMaximum({ evse, cap }: Situation, { lower, upper, upperBy, neverZero }: CandidateRole): Reason {
  if (upperBy === 'car') return { kind: 'own-maximum', source: { kind: 'car' }, limitAmps: upper };
  if (cap === undefined || cap.amps >= evse.maxAmps) {
    return { kind: 'own-maximum', source: { kind: 'charger' }, limitAmps: upper };
  }
  const keptAtAmps = neverZero && cap.amps < lower ? { keptAtAmps: lower } : {};
  return { kind: 'capped', limitAmps: cap.amps, ...authored(cap), ...keptAtAmps };
}

function full(tag: RowTag, moreAmps: number): Reason {
  switch (tag.kind) {
    case 'phase':
    case 'power':
      return { kind: 'circuit-full', ...circuitBound(tag), moreAmps };
    case 'group':
      return { kind: 'group-full', ...groupBound(tag), moreAmps };
    case 'station':
      return { kind: 'capped', limitAmps: tag.limitAmps, station: tag.station, ...authored(tag) };
    case 'unbalance': {
      const { circuit, phase, against, limitAmps } = tag;
      return { kind: 'unbalanced', circuit, phase, against, limitAmps, moreAmps };
    }
    case 'surplus':
      return { kind: 'surplus-used', surplusWatts: tag.surplusWatts, moreAmps };
  }
}

function circuitBound(tag: Extract<RowTag, { kind: 'phase' | 'power' }>) {
  const { circuit, meter } = tag;
  return {
    circuit,
    ...(tag.kind === 'phase' ? { phase: tag.phase } : {}),
    ...numberOf(tag),
    ...authored(tag),
    ...(meter === undefined ? {} : { meter }),
  };
}

function groupBound(tag: Extract<RowTag, { kind: 'group' }>) {
  const { group, phase } = tag;
  return { group, ...(phase === undefined ? {} : { phase }), ...numberOf(tag), ...authored(tag) };
}

function numberOf({ limitAmps, limitWatts, limitVoltAmperes }: LimitNumber): LimitNumber {
  return {
    ...(limitAmps === undefined ? {} : { limitAmps }),
    ...(limitWatts === undefined ? {} : { limitWatts }),
    ...(limitVoltAmperes === undefined ? {} : { limitVoltAmperes }),
  };
}

function paused(
  { because }: Extract<ShareBinding, { kind: 'not-admitted' }>,
  role: CandidateRole,
  input: ReasonInput,
): Reason {
  const common = { kind: 'paused', neededAmps: role.lower } as const;
  switch (because.kind) {
    case 'rest':
      return { ...common, by: { kind: 'rest' }, ...dueAt(role.restsUntil) };
    case 'cap': {
      const cap = input.situation.cap ?? { amps: 0, source: { kind: 'charger' } };
      return { ...common, by: { kind: 'cap', limitAmps: cap.amps, ...authored(cap) }, ...dueAt(cap.until) };
    }
    case 'row': {
      const { tag, missingAmps } = because;
      return { ...common, by: pausedBy(tag), missingAmps, ...dueAt(nextTurn(tag, missingAmps, input)) };
    }
  }
}

const dueAt = (instant: Instant | undefined) => (instant === undefined ? {} : { dueAt: instant });

function pausedBy(tag: RowTag): PausedBy {
  switch (tag.kind) {
    case 'phase':
    case 'power':
      return { kind: 'circuit', ...circuitBound(tag) };
    case 'group':
      return { kind: 'group', ...groupBound(tag) };
    case 'station':
      return { kind: 'station', station: tag.station, limitAmps: tag.limitAmps, ...authored(tag) };
    case 'unbalance':
      return { kind: 'unbalance', circuit: tag.circuit, phase: tag.phase, against: tag.against };
    case 'surplus':
      return { kind: 'surplus', surplusWatts: tag.surplusWatts };
  }
}
