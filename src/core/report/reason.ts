// Why an EVSE has the share it has: the constraint that binds it, its author, and what would have to change. Data; explain.ts makes sentences.

import type { Allocation, ShareBinding } from '../allocate/allocate.ts';
import type { RowTag } from '../allocate/capacity.ts';
import type { CandidateRole, Situation } from '../allocate/situation.ts';
import { offeredAmps } from '../command/draft.ts';
import type { Waiting } from '../command/increase.ts';
import type { PausedBy, Reason } from '../model/decision.ts';
import type { Site } from '../model/site.ts';
import type { Instant } from '../model/units.ts';
import { turnAt } from '../plan/rotation.ts';

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
  if (role.kind === 'reserved') return { kind: 'no-car' };
  if (allocation.solver.answeredBy === 'floors') {
    return { kind: 'failsafe', detail: allocation.solver.fellBackBecause ?? 'no allocation' };
  }
  if (targetAmps > offeredAmps(situation, now) + 1e-6 && waiting !== undefined)
    return { kind: 'rising', waitsFor: waiting };
  const binding = allocation.bindings[at];
  if (binding?.kind === 'not-admitted') return paused(binding, role, input);
  return binding?.kind === 'row' ? full(binding.tag) : ownMaximum(situation, role);
}

function ownMaximum({ evse, cap }: Situation, { upper, upperBy }: CandidateRole): Reason {
  if (upperBy === 'car') return { kind: 'own-maximum', source: { kind: 'car' }, limitAmps: upper };
  if (cap === undefined || cap.amps >= evse.maxAmps) {
    return { kind: 'own-maximum', source: { kind: 'charger' }, limitAmps: upper };
  }
  return {
    kind: 'capped',
    source: cap.source,
    limitAmps: cap.amps,
    ...(cap.note === undefined ? {} : { note: cap.note }),
    ...(cap.until === undefined ? {} : { until: cap.until }),
  };
}

function full(tag: RowTag): Reason {
  switch (tag.kind) {
    case 'phase':
      return { kind: 'circuit-full', circuit: tag.circuit, phase: tag.phase, source: tag.source };
    case 'power':
      return { kind: 'circuit-full', circuit: tag.circuit, source: tag.source };
    case 'group':
      return {
        kind: 'group-full',
        group: tag.group,
        source: tag.source,
        ...(tag.phase === undefined ? {} : { phase: tag.phase }),
      };
    case 'station':
      return { kind: 'capped', source: tag.source, limitAmps: tag.limitAmps };
    case 'unbalance': {
      const { circuit, phase, against, limitAmps } = tag;
      return { kind: 'unbalanced', circuit, phase, against, limitAmps };
    }
    case 'surplus':
      return { kind: 'surplus-used', surplusWatts: tag.surplusWatts };
  }
}

function paused(
  { because }: Extract<ShareBinding, { kind: 'not-admitted' }>,
  role: CandidateRole,
  input: ReasonInput,
): Reason {
  const neededAmps = role.lower;
  switch (because.kind) {
    case 'rest':
      return {
        kind: 'paused',
        by: { kind: 'rest' },
        neededAmps,
        ...(role.restsUntil === undefined ? {} : { dueAt: role.restsUntil }),
      };
    case 'cap': {
      const { cap } = input.situation;
      const by: PausedBy = { kind: 'cap', source: cap?.source ?? { kind: 'charger' }, limitAmps: cap?.amps ?? 0 };
      return { kind: 'paused', by, neededAmps, ...(cap?.until === undefined ? {} : { dueAt: cap.until }) };
    }
    case 'row': {
      const dueAt = nextTurn(role, input);
      const by = pausedBy(because.tag);
      return {
        kind: 'paused',
        by,
        neededAmps,
        missingAmps: because.missingAmps,
        ...(dueAt === undefined ? {} : { dueAt }),
      };
    }
  }
}

function pausedBy(tag: RowTag): PausedBy {
  switch (tag.kind) {
    case 'phase':
      return { kind: 'circuit', circuit: tag.circuit, phase: tag.phase, source: tag.source };
    case 'power':
      return { kind: 'circuit', circuit: tag.circuit, source: tag.source };
    case 'group':
      return {
        kind: 'group',
        group: tag.group,
        source: tag.source,
        ...(tag.phase === undefined ? {} : { phase: tag.phase }),
      };
    case 'station':
      return { kind: 'station', station: tag.station, source: tag.source };
    case 'unbalance':
      return { kind: 'unbalance', circuit: tag.circuit, phase: tag.phase, against: tag.against };
    case 'surplus':
      return { kind: 'surplus', surplusWatts: tag.surplusWatts };
  }
}

/** When it takes the place of an equal that charges now; undefined when there is none that may be paused for it. */
function nextTurn(
  role: CandidateRole,
  { site, situations, allocation, situation, now }: ReasonInput,
): Instant | undefined {
  const served: number[] = [];
  let place = 0;
  for (const other of situations) {
    if (other.role.kind !== 'candidate' || other.at === situation.at) continue;
    if (other.role.priority !== role.priority || other.role.neverZero) continue;
    if (!other.phases.some((phase) => situation.phases.includes(phase))) continue;
    if (allocation.amps[other.at]! > 0) served.push(other.role.servedMs);
    else if (comesBefore(other, situation, role)) place += 1;
  }
  return turnAt(served, place, site.policy.pause.turnMs, now);
}

function comesBefore(other: Situation, one: Situation, { waitedMs }: CandidateRole): boolean {
  if (other.role.kind !== 'candidate') return false;
  return other.role.waitedMs > waitedMs || (other.role.waitedMs === waitedMs && other.evse.id < one.evse.id);
}
