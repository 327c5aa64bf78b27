// A limit always says who set it.

import type { CircuitId, EvseId, GroupId, Instant, PhaseAmps, WallTime } from './units.ts';

/** The author of a limit, in law 6's order. */
export type Source = {
  readonly kind:
    | 'fuse'
    | 'meter'
    | 'facility-manager'
    | 'utility'
    | 'upstream'
    | 'charger'
    | 'cable'
    | 'car'
    | 'user'
    | 'permit'
    | 'floor'
    | 'controller'
    | 'emergency-stop';
  /** Which one, where there are several: an event's id, a user's name. */
  readonly id?: string;
};

/** Who set a limit, what was given as the reason for it, and when it ends where that is known. */
export type Authored = { readonly source: Source; readonly note?: string; readonly until?: Instant };

/** The number of a limit: one of them is there. Amperes are per phase, power is over all phases. */
export type LimitNumber = {
  readonly limitAmps?: number;
  readonly limitWatts?: number;
  readonly limitVoltAmperes?: number;
};

/** The author's part of a limit alone. */
export function authored({ source, note, until }: Authored): Authored {
  return { source, ...(note === undefined ? {} : { note }), ...(until === undefined ? {} : { until }) };
}

/** A limit from outside the commissioned ratings; the tightest in a scope rules. */
export type Cap = {
  readonly id: string;
  readonly source: Source;
  readonly scope:
    | { readonly kind: 'circuit'; readonly circuit: CircuitId }
    | { readonly kind: 'group'; readonly group: GroupId }
    | { readonly kind: 'evse'; readonly evse: EvseId }
    /** Each EVSE of the site by itself: an emergency stop. */
    | { readonly kind: 'every-evse' };
  /** Amperes per phase. */
  readonly limitAmps?: PhaseAmps;
  /** Active power over all phases. */
  readonly limitWatts?: number;
  /** Apparent power over all phases: contracted kVA, a transformer. */
  readonly limitVoltAmperes?: number;
  /** Groups only: what the site would otherwise export may be used on top of `limitWatts` (§14a EnWG: the draw that the grid sees). */
  readonly netOfSurplus?: boolean;
  readonly from?: Instant;
  readonly until?: Instant;
  /** When it was set, for people alone: by `from` it would begin later where the clock was set back over a restart. */
  readonly setAtWall?: WallTime;
  /** What its author gave as the reason; shown to people. */
  readonly note?: string;
  /** Present while its source is not heard and a stored default stands in its place. */
  readonly failsafe?: Failsafe;
};

/** Why a stored default holds: its source was never heard, went silent, or has not renewed its word in time. */
export type Failsafe = {
  readonly because: 'never-heard' | 'silent' | 'too-old';
  /** Since when; absent where it was never heard. */
  readonly since?: Instant;
};
