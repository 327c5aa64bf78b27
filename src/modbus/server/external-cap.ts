// The cap that a building management system sets over Modbus, and what holds while it is silent: pure; ageing never loosens it.

import type { Cap, Failsafe } from '../../core/model/limit.ts';
import type { ExternalCapTerms } from '../../core/model/modbus-server.ts';
import { type Instant, onEachPhase } from '../../core/model/units.ts';

/** Names the author beside its kind, wherever a share says who bound it. */
export const EXTERNAL_CAP_AUTHOR = 'building management system';

/** All that was heard. Plain data: it travels between threads. */
export type CapLedger = {
  /** The last cap that was taken, and when. Amperes per phase or watts, as the terms say. */
  readonly value?: number;
  readonly writtenAt?: Instant;
  /** The last write of any kind that counted. */
  readonly heardAt?: Instant;
  /** What the heartbeat register was last set to. */
  readonly beat?: number;
};

export const NOTHING_HEARD: CapLedger = {};

/** What one request of a master says: a cap, a heartbeat or both. */
export type CapWrite = { readonly value?: number; readonly beat?: number };

export type CapStanding =
  /** Never written since the start. */
  | { readonly state: 'waiting' }
  | { readonly state: 'live'; readonly value: number; readonly leftMs: number }
  /** `silent`: no heartbeat in time; `too-old`: heartbeats, but the cap itself was not renewed. `value` is the last one. */
  | { readonly state: 'silent' | 'too-old'; readonly value: number; readonly since: Instant };

/** Where the cap stands at `now`. It is alive up to and including the moment at which its time is over. */
export function standingOf(terms: ExternalCapTerms, ledger: CapLedger, now: Instant): CapStanding {
  const { value, writtenAt, heardAt } = ledger;
  if (value === undefined || writtenAt === undefined || heardAt === undefined) return { state: 'waiting' };
  const silentFrom = heardAt + terms.heartbeatMs;
  const tooOldFrom = writtenAt + (terms.maxAgeMs ?? Number.POSITIVE_INFINITY);
  const endsAt = Math.min(silentFrom, tooOldFrom);
  if (now <= endsAt) return { state: 'live', value, leftMs: endsAt - now };
  return { state: silentFrom <= tooOldFrom ? 'silent' : 'too-old', value, since: endsAt };
}

/**
 * The ledger after a write at `at`; `value` MUST be from 0 to `terms.most`. A heartbeat alone keeps a cap alive and never brings one back: after a
 * silence, as after a start, the cap itself must be written.
 */
export function hear(terms: ExternalCapTerms, ledger: CapLedger, write: CapWrite, at: Instant): CapLedger {
  const beat = write.beat === undefined ? {} : { beat: write.beat };
  if (write.value !== undefined) return { ...ledger, ...beat, value: write.value, writtenAt: at, heardAt: at };
  const isLive = standingOf(terms, ledger, at).state === 'live';
  return isLive ? { ...ledger, ...beat, heardAt: Math.max(ledger.heardAt ?? at, at) } : { ...ledger, ...beat };
}

/** Amperes per phase or watts that hold now. A lost cap stays where it was tighter than the failsafe: silence loosens nothing (law 3). */
export function valueInForce(terms: ExternalCapTerms, standing: CapStanding): number {
  switch (standing.state) {
    case 'live':
      return standing.value;
    case 'waiting':
      return terms.failsafe;
    case 'silent':
    case 'too-old':
      return Math.min(terms.failsafe, standing.value);
  }
}

/** The limit for the cycle at `now`. */
export function capOf(terms: ExternalCapTerms, ledger: CapLedger, now: Instant): Cap {
  const standing = standingOf(terms, ledger, now);
  const value = valueInForce(terms, standing);
  const failsafe = failsafeOf(standing);
  return {
    id: `external:${terms.circuit}`,
    source: { kind: terms.author, id: EXTERNAL_CAP_AUTHOR },
    scope: { kind: 'circuit', circuit: terms.circuit },
    ...(terms.unit === 'A' ? { limitAmps: onEachPhase(value) } : { limitWatts: value }),
    ...noteOf(terms, standing),
    ...(failsafe === undefined ? {} : { failsafe }),
  };
}

function failsafeOf(standing: CapStanding): Failsafe | undefined {
  switch (standing.state) {
    case 'live':
      return undefined;
    case 'waiting':
      return { because: 'never-heard' };
    case 'silent':
    case 'too-old':
      return { because: standing.state, since: standing.since };
  }
}

function noteOf({ note }: ExternalCapTerms, { state }: CapStanding): { readonly note?: string } {
  const words = { waiting: 'not heard yet', live: undefined, silent: 'no longer heard', 'too-old': 'cap not renewed' };
  const parts = [note, words[state]].filter((part) => part !== undefined);
  return parts.length === 0 ? {} : { note: parts.join('; ') };
}
