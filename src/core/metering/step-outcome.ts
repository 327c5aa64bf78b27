// Holds one known step of the load against what the meter showed of it: a verdict on numbers alone, which remembers nothing.

import type { StepOutcome } from '../model/memory.ts';
import { PHASES, type Phase, type PhaseAmps } from '../model/units.ts';

/** A smaller step says nothing. Below the smallest current of a car, so that one that begins or ends is a step. */
export const STEP_AMPS = 4;
/** The building must be this much quieter than the step. */
const NOISE_TIMES = 4;
/** The meter agrees within this part of the step, and these amperes. */
const AGREES_SHARE = 0.25;
const AGREES_AMPS = 2;
/** It was not felt when no more than this part of it was seen. */
const UNMOVED_SHARE = 0.25;
/** Another proportion: so much more, or so much less. */
const MORE_RATIO = 2.5;
const LESS_RATIO = 0.4;
/** Two proportions are the same within this part. */
const SAME_SHARE = 0.25;

export type Outcome = {
  readonly kind: StepOutcome;
  /** Where the step was, for `agrees`; where the trouble is, for the others. */
  readonly phases: readonly Phase[];
  /** What the meter showed of one ampere, on the largest step of those. */
  readonly ratio: number;
};

/**
 * `ev`: by how much the EVs' current changed, per phase; `meter`: by how much the meter's did; `noiseAmps`: how far the meter moves by itself
 * meanwhile. Absent when no phase stepped enough to be told from that.
 */
export function outcomeOf(ev: PhaseAmps, meter: PhaseAmps, noiseAmps: number): Outcome | undefined {
  const largest = Math.max(...PHASES.map((phase) => Math.abs(ev[phase])));
  if (!(largest >= STEP_AMPS)) return undefined;
  const stepped = PHASES.filter((phase) => Math.abs(ev[phase]) >= Math.max(STEP_AMPS, largest / 2));
  const seen = Math.max(...stepped.map((phase) => Math.abs(meter[phase])));
  const isLoud = largest < NOISE_TIMES * noiseAmps;
  // A meter that shows ten times too much shows ten times the noise too: its own step must stand out, then.
  if (isLoud && !(seen >= MORE_RATIO * largest && seen >= NOISE_TIMES * noiseAmps)) return undefined;
  const states = new Map(stepped.map((phase) => [phase, stateOf(ev[phase], meter[phase], noiseAmps)]));
  const are = (...kinds: readonly PhaseState[]) => stepped.filter((phase) => kinds.includes(states.get(phase)!));
  const make = (kind: StepOutcome, phases: readonly Phase[]): Outcome => {
    const [first] = [...phases].sort((a, b) => Math.abs(ev[b]) - Math.abs(ev[a]));
    return { kind, phases, ratio: first === undefined ? 1 : meter[first] / ev[first] };
  };
  if (are('agrees').length === stepped.length) return make('agrees', stepped);
  if (are('agrees', 'opposite').length === stepped.length) return make('sign', are('opposite'));
  if (isElsewhere(ev, meter, noiseAmps)) return make('phase', stepped);
  if (are('agrees', 'unmoved').length === stepped.length) return make('unmoved', are('unmoved'));
  const scaled = are('more', 'fewer', 'unmoved');
  if (are('agrees').length + scaled.length === stepped.length) {
    const [one, ...others] = scaled.map((phase) => meter[phase] / ev[phase]);
    if (others.every((ratio) => isSameRatio(ratio, one!))) return make('scale', scaled);
  }
  return make('unclear', stepped);
}

/** How far from a step of `evAmps` a meter may be that agrees with it. */
export function withinAmps(evAmps: number, noiseAmps: number): number {
  return Math.max(AGREES_AMPS, AGREES_SHARE * Math.abs(evAmps), 2 * noiseAmps);
}

/** Two proportions that the same fault may have made. */
export function isSameRatio(a: number, b: number): boolean {
  return Math.abs(a - b) <= SAME_SHARE * Math.max(Math.abs(a), Math.abs(b));
}

type PhaseState = 'agrees' | 'opposite' | 'unmoved' | 'more' | 'fewer' | 'odd';

function stateOf(ev: number, meter: number, noiseAmps: number): PhaseState {
  const within = withinAmps(ev, noiseAmps);
  if (Math.abs(meter - ev) <= within) return 'agrees';
  if (Math.abs(meter + ev) <= within) return 'opposite';
  const ratio = meter / ev;
  if (Math.abs(ratio) <= UNMOVED_SHARE) return 'unmoved';
  if (ratio >= MORE_RATIO) return 'more';
  return ratio > 0 && ratio <= LESS_RATIO ? 'fewer' : 'odd';
}

const OTHER_ORDERS: readonly (readonly [Phase, Phase, Phase])[] = [
  ['L1', 'L3', 'L2'],
  ['L2', 'L1', 'L3'],
  ['L3', 'L2', 'L1'],
  ['L2', 'L3', 'L1'],
  ['L3', 'L1', 'L2'],
];

/** The step came whole and unchanged, on other phases. */
function isElsewhere(ev: PhaseAmps, meter: PhaseAmps, noiseAmps: number): boolean {
  return OTHER_ORDERS.some((order) =>
    order.every((phase, at) => {
      const own = ev[PHASES[at]!];
      return Math.abs(meter[phase] - own) <= withinAmps(own, noiseAmps);
    }),
  );
}
