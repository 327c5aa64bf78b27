// The numbers that stand for words in the register map. They are never given a second meaning: a new word gets a new number.

import type { CircuitReport, Decision, Reason } from '../../core/model/decision.ts';
import type { Source } from '../../core/model/limit.ts';
import type { EvseActivity } from '../../core/model/state-view.ts';
import type { CapStanding } from './external-cap.ts';

export const MODES = { normal: 1, cautious: 2, failsafe: 3 } as const satisfies Record<Decision['mode'], number>;

export const BASE_LOAD_SOURCES = { meter: 1, held: 2, allowance: 3, worst: 4, sum: 5 } as const satisfies Record<
  CircuitReport['baseLoadFrom'],
  number
>;

export const METER_STATES = { none: 0, fresh: 1, late: 2, lost: 3 } as const;

export const AUTHORS = {
  fuse: 1,
  meter: 2,
  'facility-manager': 3,
  utility: 4,
  upstream: 5,
  charger: 6,
  cable: 7,
  car: 8,
  user: 9,
  permit: 10,
  floor: 11,
  controller: 12,
  'emergency-stop': 13,
} as const satisfies Record<Source['kind'], number>;

export const ACTIVITIES = {
  unknown: 0,
  free: 1,
  reserved: 2,
  'car-connected': 3,
  charging: 4,
  'paused-by-car': 5,
  'paused-by-charger': 6,
  unavailable: 7,
  faulted: 8,
  offline: 9,
  'never-connected': 10,
} as const satisfies Record<EvseActivity, number>;

export const REASONS = {
  'no-car': 1,
  'not-started': 2,
  'out-of-service': 3,
  'circuit-full': 4,
  'own-maximum': 5,
  'group-full': 6,
  unbalanced: 7,
  'surplus-used': 8,
  capped: 9,
  paused: 10,
  rising: 11,
  unreachable: 12,
  'floor-not-proved': 13,
  disobedient: 14,
  failsafe: 15,
} as const satisfies Record<Reason['kind'], number>;

export const CAP_STATES = { none: 0, waiting: 1, live: 2, silent: 3, 'too-old': 4 } as const satisfies Record<
  CapStanding['state'] | 'none',
  number
>;

export const CAP_UNITS = { A: 1, W: 2 } as const;

/** Reads a word's number: 0 to 65534. Undefined for a word that the map does not know. */
export function codeOf<W extends string>(codes: Readonly<Record<W, number>>, word: W | undefined): number | undefined {
  return word === undefined ? undefined : codes[word];
}
