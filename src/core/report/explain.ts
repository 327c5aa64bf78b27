// Turns a reason into one sentence in electrician's words; must never decide anything and never hide who set a limit (law 6).

import type { PausedBy, Reason, Share } from '../model/decision.ts';
import type { Source } from '../model/limit.ts';
import type { Circuit, Site } from '../model/site.ts';
import type { CircuitId, GroupId, Instant, Phase } from '../model/units.ts';

/** Amperes for people: one decimal at most, `8 A`, `6.3 A`. */
export function describeAmps(amps: number): string {
  // Adding zero turns −0 into 0.
  return `${Number(amps.toFixed(1)) + 0} A`;
}

/** Watts for people, in kilowatts: `43 kW`, `7.4 kW`. */
export function describeWatts(watts: number): string {
  return `${Number((watts / 1000).toFixed(1)) + 0} kW`;
}

/** Who set a limit, as the subject of a sentence: `the fuse`, `the utility, evt-7`. */
export function describeSource(source: Source): string {
  return source.id === undefined ? authorOf(source.kind) : `${authorOf(source.kind)}, ${source.id}`;
}

function authorOf(kind: Source['kind']): string {
  switch (kind) {
    case 'fuse':
      return 'the fuse';
    case 'meter':
      return 'the meter';
    case 'facility-manager':
      return 'the facility manager';
    case 'utility':
      return 'the utility';
    case 'upstream':
      return "the operator's back office";
    case 'charger':
      return 'the charger';
    case 'cable':
      return 'the cable';
    case 'car':
      return 'the car';
    case 'user':
      return 'the driver';
    case 'permit':
      return 'the permit';
    case 'floor':
      return 'the safe floor';
    case 'controller':
      return 'Busbar';
  }
}

/**
 * Why an EVSE has the share it has, as one sentence without a full stop. `now` is the cycle's, for what is due later. Names that the site does
 * not know stay as their ids.
 */
export function describeReason(reason: Reason, site: Site, now: Instant): string {
  switch (reason.kind) {
    case 'no-car':
      return 'no car is connected';
    case 'circuit-full':
      return `${nameOf(reason.circuit, site)}${reason.phase ? `, ${reason.phase}` : ''} is full (${describeBound(reason, site)})`;
    case 'group-full':
      return `${groupNameOf(reason.group, site)}${reason.phase ? `, ${reason.phase}` : ''} has used up its limit (set by ${describeSource(reason.source)})`;
    case 'unbalanced':
      return `${nameOf(reason.circuit, site)}: ${reason.phase} may carry at most ${describeAmps(reason.limitAmps)} more than ${reason.against}`;
    case 'surplus-used':
      return `charges from surplus alone, and there is ${describeWatts(reason.surplusWatts)} of it`;
    case 'own-maximum':
      return describeMaximum(reason.source, reason.limitAmps);
    case 'capped':
      return `at most ${describeAmps(reason.limitAmps)} by ${describeSource(reason.source)}${reason.note === undefined ? '' : ` (${reason.note})`}`;
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
    case 'paused':
    case 'rising':
    case 'unreachable':
    case 'floor-not-proved':
    case 'disobedient':
    case 'failsafe':
      return sentence;
  }
}

function findCircuit(id: CircuitId, site: Site): Circuit | undefined {
  return site.circuits.find((circuit) => circuit.id === id);
}

function nameOf(id: CircuitId, site: Site): string {
  return findCircuit(id, site)?.name ?? id;
}

/** The number behind a full circuit where the site knows it, and its author where it does not. */
function describeBound(
  reason: { readonly circuit: CircuitId; readonly phase?: Phase; readonly source: Source },
  site: Site,
): string {
  const circuit = findCircuit(reason.circuit, site);
  if (reason.source.kind === 'fuse' && circuit) {
    if (reason.phase) return `fuse ${describeAmps(circuit.ratingAmps[reason.phase])}`;
    if (circuit.limitWatts !== undefined) return `power limit ${describeWatts(circuit.limitWatts)}`;
  }
  if (reason.source.kind === 'meter') return 'as metered';
  return `${reason.phase ? 'limit' : 'power limit'} set by ${describeSource(reason.source)}`;
}

function groupNameOf(id: GroupId, site: Site): string {
  return site.groups.find((group) => group.id === id)?.name ?? id;
}

function describePause(by: PausedBy, neededAmps: number, site: Site): string {
  const needs = `needs ${describeAmps(neededAmps)}`;
  switch (by.kind) {
    case 'circuit':
      return `${needs}, ${nameOf(by.circuit, site)}${by.phase ? ` ${by.phase} has no room` : ' has no power left'}`;
    case 'group':
      return `${needs}, ${groupNameOf(by.group, site)}${by.phase ? ` ${by.phase}` : ''} has used up its limit`;
    case 'unbalance':
      return `${needs}, ${nameOf(by.circuit, site)} ${by.phase} would be too far above ${by.against}`;
    case 'station':
      return `${needs}, its station may have no more by ${describeSource(by.source)}`;
    case 'surplus':
      return `${needs} of surplus, there is ${describeWatts(by.surplusWatts)}`;
    case 'cap':
      return `${needs}, at most ${describeAmps(by.limitAmps)} by ${describeSource(by.source)}`;
    case 'rest':
      return 'it rests after charging';
  }
}

/** A span of time for people: `40 s`, `12 min`, `3 h`. */
function describeSpan(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`;
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
      return `${most} by ${describeSource(source)}`;
  }
}

function describeWait(waitsFor: Extract<Reason, { kind: 'rising' }>['waitsFor']): string {
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
