// Turns a reason into sentences in electrician's words: why, and what would have to change. It must never decide anything and never hide who
// set a limit (law 6).

import type { PausedBy, Reason, Share } from '../model/decision.ts';
import type { Authored, LimitNumber, Source } from '../model/limit.ts';
import type { Site } from '../model/site.ts';
import type { Instant } from '../model/units.ts';
import {
  describeAmps,
  describeCircuit,
  describeGroup,
  describeMeter,
  describeNumber,
  describeSource,
  describeSpan,
  describeWatts,
} from './wording.ts';

type Of<K extends Reason['kind']> = Extract<Reason, { kind: K }>;
type By<K extends PausedBy['kind']> = Extract<PausedBy, { kind: K }>;

/**
 * Why an EVSE has the share it has, as one sentence without a full stop. `now` is the cycle's, for what is due later. Names that the site does
 * not know stay as their ids.
 */
export function describeReason(reason: Reason, site: Site, now: Instant): string {
  switch (reason.kind) {
    case 'no-car':
      return 'no car is connected';
    case 'not-started':
      return 'a car is connected, and no transaction is running';
    case 'out-of-service':
      return reason.status === 'Faulted' ? 'the charger reports a fault' : 'the charger is out of service';
    case 'circuit-full':
      return `${describeCircuit(reason, site)} is full (${describeBound(reason)})${describeTrouble(reason.meter)}`;
    case 'group-full':
      return `${describeGroup(reason, site)} has used up its limit (${describeBound(reason)})`;
    case 'unbalanced':
      return `${describeCircuit({ circuit: reason.circuit }, site)}: ${reason.phase} may carry at most ${describeAmps(reason.limitAmps)} more than ${reason.against}`;
    case 'surplus-used':
      return `charges from surplus alone, and ${describeWatts(reason.surplusWatts)} of it is left`;
    case 'own-maximum':
      return describeMaximum(reason.source, reason.limitAmps);
    case 'capped':
      return describeCap(reason);
    case 'paused':
      return `paused: ${describePause(reason.by, reason.neededAmps, site)}${reason.dueAt === undefined ? '' : `; due again in ${describeSpan(reason.dueAt - now)}`}`;
    case 'rising':
      return `rising: ${describeWait(reason.waitsFor)}`;
    case 'unreachable':
      return `unreachable: ${describeAmps(reason.reservedAmps)} reserved`;
    case 'floor-not-proved':
      return `safe floor not confirmed yet: ${describeAmps(reason.reservedAmps)} reserved`;
    case 'disobedient':
      return `draws more than it was told: ${describeAmps(reason.reservedAmps)} reserved`;
    case 'failsafe':
      return `failsafe: ${reason.detail}`;
  }
}

/** A share's reason, led by its amperes where the reason is a limit: `8 A: sub-board B, L2 is full (fuse 63 A)`. */
export function describeShare(share: Pick<Share, 'reason' | 'targetAmps'>, site: Site, now: Instant): string {
  const sentence = describeReason(share.reason, site, now);
  switch (share.reason.kind) {
    case 'circuit-full':
    case 'group-full':
    case 'unbalanced':
    case 'surplus-used':
    case 'own-maximum':
    case 'capped':
      return `${describeAmps(share.targetAmps)}: ${sentence}`;
    case 'no-car':
    case 'not-started':
    case 'out-of-service':
    case 'paused':
    case 'rising':
    case 'unreachable':
    case 'floor-not-proved':
    case 'disobedient':
    case 'failsafe':
      return sentence;
  }
}

/**
 * What would have to change for the EVSE to get more, as one clause without a full stop: by itself, by others, by the author of a limit, or by a
 * person who goes there. Undefined where there is no car to want it.
 */
export function describeRemedy(reason: Reason, site: Site, now: Instant): string | undefined {
  switch (reason.kind) {
    case 'no-car':
      return undefined;
    case 'not-started':
      return 'starts when its driver starts a transaction';
    case 'out-of-service':
      return reason.status === 'Faulted'
        ? 'look at the charger: it has to clear its fault'
        : 'put it back into service, at the charger or in the back office';
    case 'circuit-full': {
      const others = `other loads or chargers on ${describeCircuit(reason, site)} draw less`;
      return moreWhen([...meterAnswers(reason, site), ...lifted(reason, now), others], reason.moreAmps);
    }
    case 'group-full': {
      const others = `other chargers of ${describeGroup(reason, site)} draw less`;
      return moreWhen([...lifted(reason, now), others], reason.moreAmps);
    }
    case 'unbalanced':
      return moreWhen([`cars draw more on ${reason.against}`], reason.moreAmps);
    case 'surplus-used':
      return moreWhen(['there is more sun', 'the building draws less'], reason.moreAmps);
    case 'own-maximum':
      return reason.source.kind === 'car'
        ? 'by itself, as soon as the car takes more'
        : 'nothing: it has all that it can take';
    case 'capped': {
      const others = reason.station === undefined ? [] : ['the other EVSEs of its station draw less'];
      return moreWhen([...lifted(reason, now), ...others]);
    }
    case 'paused':
      return `starts ${alternatives(startsWhen(reason, site, now))}`;
    case 'rising':
      return describeRise(reason.waitsFor);
    case 'unreachable':
      return "check the charger's power and network; it is served again once it answers";
    case 'floor-not-proved':
      return 'by itself, once the charger confirms its safe floor; if this lasts, restart it and see whether it takes charging profiles';
    case 'disobedient':
      return 'restart the charger or unplug the car; it is served again a minute after it keeps to its limit';
    case 'failsafe':
      return 'report this with the journal of this cycle; until then every charger keeps its safe floor';
  }
}

function moreWhen(events: readonly string[], moreAmps?: number): string {
  const most = moreAmps === undefined ? '' : `; it could take ${describeAmps(moreAmps)} more`;
  return `more ${alternatives(events.map((event) => `when ${event}`))}${most}`;
}

const alternatives = (clauses: readonly string[]) => clauses.join(', or ');

function startsWhen({ by, missingAmps, dueAt }: Of<'paused'>, site: Site, now: Instant): readonly string[] {
  const missing = describeAmps(missingAmps ?? 0);
  const turn = dueAt === undefined ? [] : [`when its turn comes in ${describeSpan(dueAt - now)}`];
  const when = (...events: readonly string[]) => [...events.map((event) => `when ${event}`), ...turn];
  switch (by.kind) {
    case 'circuit':
      return when(
        ...meterAnswers(by, site),
        ...lifted(by, now),
        `${missing} more are free on ${describeCircuit(by, site)}`,
      );
    case 'group':
      return when(...lifted(by, now), `${missing} more are free in ${describeGroup(by, site)}`);
    case 'unbalance':
      return when(`cars draw ${missing} more on ${by.against}`);
    case 'station':
      return when(...lifted(by, now), `the other EVSEs of its station draw ${missing} less`);
    case 'surplus':
      return when(`there is surplus for ${missing} more`);
    case 'cap':
      return lifted(by, now).map((event) => `when ${event}`);
    case 'rest':
      return [dueAt === undefined ? 'by itself after its rest' : `by itself in ${describeSpan(dueAt - now)}`];
  }
}

/** What its author, or whoever stands behind it, does so that the limit gives way; nothing for what was commissioned. */
function lifted({ source, until }: Authored, now: Instant): readonly string[] {
  const ends = until === undefined ? '' : ` (it ends in ${describeSpan(until - now)})`;
  switch (source.kind) {
    case 'fuse':
    case 'floor':
      return [];
    case 'facility-manager':
    case 'utility':
    case 'upstream':
    case 'controller':
      return [`${describeSource(source)} lifts the limit${ends}`];
    case 'emergency-stop':
      return ['a person clears the emergency stop'];
    case 'cable':
      return ['a cable that carries more is used'];
    case 'car':
    case 'user':
      return [`${describeSource(source)} asks for more${ends}`];
    case 'meter':
    case 'charger':
    case 'permit':
      return [`${describeSource(source)} allows more${ends}`];
  }
}

function meterAnswers({ circuit, meter }: { circuit: string; meter?: 'late' | 'lost' }, site: Site): readonly string[] {
  return meter === undefined ? [] : [`${describeMeter(circuit, site)} is read again`];
}

function describeTrouble(meter: 'late' | 'lost' | undefined): string {
  if (meter === undefined) return '';
  return meter === 'lost' ? ', its meter is lost and the worst is assumed' : ', its meter is late';
}

/** The number behind a full row and its author: `fuse 63 A`, `power limit 43 kW`, `24 A by the utility, evt-7`. */
function describeBound(bound: Authored & LimitNumber): string {
  const number = describeNumber(bound);
  if (number === undefined) return `set by ${describeSource(bound.source)}`;
  if (bound.source.kind !== 'fuse') return `${number} by ${described(bound)}`;
  return `${bound.limitAmps === undefined ? 'power limit' : 'fuse'} ${number}`;
}

/** The author, and what was given as the reason. */
function described({ source, note }: Authored): string {
  return note === undefined ? describeSource(source) : `${describeSource(source)} (${note})`;
}

function describeCap(cap: Of<'capped'>): string {
  const most = `at most ${describeAmps(cap.limitAmps)}${cap.station === undefined ? '' : ' for its whole station'}`;
  const kept =
    cap.keptAtAmps === undefined
      ? ''
      : `, but never less than ${describeAmps(cap.keptAtAmps)} for this model of charger`;
  return `${most} by ${described(cap)}${kept}`;
}

function describePause(by: PausedBy, neededAmps: number, site: Site): string {
  const needs = `needs ${describeAmps(neededAmps)}`;
  switch (by.kind) {
    case 'circuit':
      return `${needs}, ${describeCircuit({ circuit: by.circuit }, site)}${by.phase ? ` ${by.phase} has no room` : ' has no power left'}${describeCapOfRow(by)}${describeTrouble(by.meter)}`;
    case 'group':
      return `${needs}, ${describeGroup({ group: by.group }, site)}${by.phase ? ` ${by.phase}` : ''} has used up its limit${describeCapOfRow(by)}`;
    case 'unbalance':
      return `${needs}, ${describeCircuit({ circuit: by.circuit }, site)} ${by.phase} would be too far above ${by.against}`;
    case 'station':
      return `${needs}, its station may have ${describeAmps(by.limitAmps)} by ${described(by)}`;
    case 'surplus':
      return `${needs} of surplus, ${describeWatts(by.surplusWatts)} is left`;
    case 'cap':
      if (by.source.kind === 'emergency-stop') return described(by);
      return `${needs}, at most ${describeAmps(by.limitAmps)} by ${described(by)}`;
    case 'rest':
      return 'it rests after charging';
  }
}

/** Nothing more to say of a fuse; of any other author the number and the name. */
function describeCapOfRow(by: By<'circuit'> | By<'group'>): string {
  return by.source.kind === 'fuse' ? '' : ` (${describeBound(by)})`;
}

function describeMaximum(source: Source, limitAmps: number): string {
  const most = `at most ${describeAmps(limitAmps)}`;
  switch (source.kind) {
    case 'charger':
      return `the charger gives ${most}`;
    case 'car':
      return `the car takes ${most}`;
    case 'cable':
      return `the cable carries ${most}`;
    case 'fuse':
    case 'meter':
    case 'facility-manager':
    case 'utility':
    case 'upstream':
    case 'user':
    case 'permit':
    case 'floor':
    case 'controller':
    case 'emergency-stop':
      return `${most} by ${describeSource(source)}`;
  }
}

function describeWait(waitsFor: Of<'rising'>['waitsFor']): string {
  switch (waitsFor) {
    case 'decreases':
      return 'waits for others to come down';
    case 'dwell':
      return 'waits until the free capacity has lasted';
    case 'meter':
      return 'waits for a fresh meter reading';
    case 'answer':
      return "waits for the charger's answer";
    case 'write-budget':
      return "waits, because the charger's memory takes only so many writes a day";
  }
}

function describeRise(waitsFor: Of<'rising'>['waitsFor']): string {
  switch (waitsFor) {
    case 'decreases':
    case 'dwell':
      return 'nothing to do: it rises by itself';
    case 'meter':
      return "by itself, once the meter is read again; if this lasts, check the meter's supply and network";
    case 'answer':
      return "by itself, once the charger answers; if this lasts, check the charger's network";
    case 'write-budget':
      return 'by itself, as soon as the charger may be written to again';
  }
}
