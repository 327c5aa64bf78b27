// One EVSE as a cycle sees it: the commissioned facts, the newest state, the memory and what follows from the three.

import type { EvseCap } from '../limits/caps.ts';
import type { ChargerProfile } from '../model/charger.ts';
import type { EvseMemory } from '../model/memory.ts';
import type { Evse } from '../model/site.ts';
import type { EvseState, StationState } from '../model/snapshot.ts';
import type { Instant, Phase } from '../model/units.ts';

/** It takes part in the sharing. */
export type CandidateRole = {
  readonly kind: 'candidate';
  /** 0 or at least this, on the charger's step. */
  readonly lower: number;
  readonly upper: number;
  /** What keeps `upper` below the hardware's maximum, where it is the car and not a cap. */
  readonly upperBy?: 'car';
  /** It is told to charge at the moment. */
  readonly isOn: boolean;
  /** It must never be sent 0 A, so its minimum is taken before anybody's and whatever the rows say. */
  readonly neverZero: boolean;
  /** Higher is served first. */
  readonly priority: number;
  /** What its deadline, or its waking, asks for now. */
  readonly needAmps?: number;
  /** It misses its deadline unless it charges at full speed from now on. */
  readonly isUrgent: boolean;
  /** It has what it came for, or is not on and may stay so for now without missing its deadline. */
  readonly isPatient: boolean;
  readonly departureAt?: Instant;
  /** It was let start a moment ago, or does not wake well: its place is not given to an equal. */
  readonly keepsPlace: boolean;
  /** It was paused a moment ago and rests until then. */
  readonly restsUntil?: Instant;
  /** How long it has waited to be served, or 0; and how long it has been served without a break, or 0. */
  readonly waitedMs: number;
  readonly servedMs: number;
  /** It charges from what the site would otherwise export, and from nothing else. */
  readonly onlySurplus: boolean;
};

export type Situation = {
  /** Index into `site.evses`. */
  readonly at: number;
  readonly evse: Evse;
  readonly profile: ChargerProfile;
  readonly station: StationState | undefined;
  readonly state: EvseState | undefined;
  readonly memory: EvseMemory;
  /** The grid phases it is counted on. */
  readonly phases: readonly Phase[];
  readonly exposureAmps: number;
  readonly exposureBecause: 'lease' | 'floor' | 'floor-not-proved' | 'disobedient';
  /** What it certainly draws on each of its phases. */
  readonly assuredAmps: number;
  /** It is seen to draw in earnest, so its phases may balance those of others. */
  readonly balances: boolean;
  /** The part of its offer that it is seen to draw: only that much of its share balances others. Absent: all of it. */
  readonly drawnPart?: number;
  readonly cap: EvseCap | undefined;
  readonly role:
    | CandidateRole /** Counted with what it may draw, nothing to be shared out. */
    | { readonly kind: 'reserved'; readonly amps: number };
};

export type Candidate = Situation & { readonly role: CandidateRole };

/** The last word among equals, so that the order of listing decides nothing. */
export function byId(a: Pick<Situation, 'evse'>, b: Pick<Situation, 'evse'>): number {
  return a.evse.id < b.evse.id ? -1 : 1;
}
