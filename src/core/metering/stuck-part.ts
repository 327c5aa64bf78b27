// Finds a part of a meter that stands while the rest lives: a phase, its current or its power; it looks at repetition alone, never at size.

import { type Instant, PHASES, type Phase } from '../model/units.ts';
import type { Sample } from './sample.ts';

/** One value that is watched beside another one of the same phase. */
type Standing = {
  readonly value: number;
  readonly since: Instant;
  readonly samples: number;
  /** How far the other one went meanwhile. */
  readonly otherLow: number;
  readonly otherHigh: number;
};

type PhaseStanding = {
  /** All values of the phase as text, since when they are these, and in how many samples. */
  readonly print: string;
  readonly since: Instant;
  readonly samples: number;
  /** The current beside the power, and the power beside the current. */
  readonly amps?: Standing;
  readonly watts?: Standing;
};

export type StuckState = { readonly [P in Phase]?: PhaseStanding };

/** One part must stand so many times as long as a whole meter, because two loads may well be steady. */
const TIMES_AS_LONG = 3;
/** Fewer equal samples prove nothing. */
const LEAST_SAMPLES = 10;
/** A phase at rest may repeat itself: only one that carries this much is judged as a whole. */
const LOADED_AMPS = 1;
/** The other value has clearly moved: by this part of it, and by no less than this. */
const MOVED_SHARE = 0.25;
const MOVED_WATTS = 500;
const MOVED_AMPS = 2;

/** `since`: when the part last moved. */
export type StuckPart = { readonly detail: string; readonly since: Instant };

/**
 * The state after a sample, and the part that stands: a loaded phase all of whose values repeat while another phase lives; a current that
 * repeats while the power of its phase goes far, or the other way round. `frozenAfterMs`: what a whole meter is given; `factor`: its ratio.
 */
export function stuckAfter(
  { frozenAfterMs, factor }: { readonly frozenAfterMs: number; readonly factor: number },
  previous: StuckState,
  sample: Sample,
  now: Instant,
): { readonly next: StuckState; readonly stuck?: StuckPart } {
  const { currentAmps, volts, powerWatts } = sample;
  const next: { [P in Phase]?: PhaseStanding } = {};
  for (const phase of PHASES) {
    const before = previous[phase];
    const [amps, watts] = [currentAmps[phase], powerWatts?.[phase]];
    const print = `${amps} ${watts} ${volts?.[phase]}`;
    const isSame = before?.print === print;
    next[phase] = {
      print,
      since: isSame ? before.since : now,
      samples: isSame ? before.samples + 1 : 1,
      ...(watts === undefined
        ? {}
        : { amps: standing(before?.amps, amps, watts, now), watts: standing(before?.watts, watts, amps, now) }),
    };
  }
  const longMs = TIMES_AS_LONG * frozenAfterMs;
  const isLong = ({ since, samples }: { readonly since: Instant; readonly samples: number }) =>
    now - since > longMs && samples >= LEAST_SAMPLES;
  const ratio = Math.max(1, Math.abs(factor));
  for (const phase of PHASES) {
    const own = next[phase]!;
    const isAlone = PHASES.some((other) => now - next[other]!.since < frozenAfterMs);
    const hasMore = volts !== undefined || powerWatts !== undefined;
    if (isLong(own) && isAlone && hasMore && Math.abs(currentAmps[phase]) >= LOADED_AMPS)
      return {
        next,
        stuck: { detail: `${phase} stands ${lasted(own, now)} while other phases move`, since: own.since },
      };
    const { amps, watts } = own;
    if (amps && isLong(amps) && hasMoved(amps, MOVED_WATTS * ratio))
      return {
        next,
        stuck: {
          detail: `the current of ${phase} stands ${lasted(amps, now)} while its power moves`,
          since: amps.since,
        },
      };
    if (watts && isLong(watts) && hasMoved(watts, MOVED_AMPS * ratio))
      return {
        next,
        stuck: {
          detail: `the power of ${phase} stands ${lasted(watts, now)} while its current moves`,
          since: watts.since,
        },
      };
  }
  return { next };
}

function standing(before: Standing | undefined, value: number, other: number, now: Instant): Standing {
  if (before === undefined || before.value !== value)
    return { value, since: now, samples: 1, otherLow: other, otherHigh: other };
  const { since, samples, otherLow, otherHigh } = before;
  return {
    ...{ value, since, samples: samples + 1 },
    otherLow: Math.min(otherLow, other),
    otherHigh: Math.max(otherHigh, other),
  };
}

const hasMoved = ({ otherLow, otherHigh }: Standing, least: number): boolean =>
  otherHigh - otherLow > Math.max(least, MOVED_SHARE * Math.max(Math.abs(otherLow), Math.abs(otherHigh)));

const lasted = ({ since }: { readonly since: Instant }, now: Instant) => `for ${Math.round((now - since) / 1_000)} s`;
