// What a simulated building draws over time, as a kind of base load says; never more than was commissioned, and the same whoever asks when.

import type { PhaseAmps, WallTime } from '../core/model/units.ts';
import type { Random } from '../engine/ports.ts';
import { UNEVEN, weekdayPart } from './building.ts';
import type { BaseLoadKind } from './script.ts';

export type BaseLoad = {
  /** Amperes per phase, `atMs` (from 0 on) after the start of the run. */
  amps(atMs: number): PhaseAmps;
};

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Minutes that are kept: a leap year. Later ones repeat them, so that memory has an end. */
export const MAX_MINUTES = 366 * 24 * 60;

/** Of the commissioned worst: how far a walk goes in a minute, how often it steps, and how far then. */
const WALK_PART = 0.03;
const STEP_CHANCE = 1 / 30;
const STEP_PART = 0.4;
/** Noise over office and series, of their worst; the rest is left free, so that noise does not lie on the bound all noon. */
const NOISE_PART = 0.03;
const FOLLOWED_PART = 1 - NOISE_PART;
/** Saturday and Sunday: what runs day and night, and a little. */
const WEEKEND_PART = 0.3;

/**
 * The base load of one circuit. `peakAmps`: its commissioned worst per phase, which is never passed. `startsAtWall`: the wall time of the
 * start, read as UTC: the time of day and the day of the week follow from it. Draws only from `random`, one minute after the other.
 */
export function baseLoadOf(kind: BaseLoadKind, peakAmps: PhaseAmps, random: Random, startsAtWall: WallTime): BaseLoad {
  if (kind.kind === 'flat') {
    const part = within(kind.part);
    const amps: PhaseAmps = { L1: peakAmps.L1 * part, L2: peakAmps.L2 * part, L3: peakAmps.L3 * part };
    return { amps: () => amps };
  }
  return new MinuteByMinute(
    peakAmps,
    kind.kind === 'walk' ? new Walk(random) : new Followed(partOf(kind, startsAtWall), random),
  );
}

/** Where a minute begins and where it ends, as parts of the worst on L1, L2, L3; a step lies between two minutes. */
type Minute = { readonly from: readonly number[]; readonly to: readonly number[] };
/** MUST be asked for the minutes in their order, each once. */
type Minutes = { next(minute: number): Minute };

/** Keeps what was computed, so that any time may be asked again, and joins the ends of each minute by a line. */
class MinuteByMinute implements BaseLoad {
  readonly #peakAmps: PhaseAmps;
  readonly #minutes: Minutes;
  readonly #known: Minute[] = [];

  constructor(peakAmps: PhaseAmps, minutes: Minutes) {
    this.#peakAmps = peakAmps;
    this.#minutes = minutes;
  }

  amps(atMs: number): PhaseAmps {
    const at = Math.floor(atMs / MINUTE_MS) % MAX_MINUTES;
    while (this.#known.length <= at) this.#known.push(this.#minutes.next(this.#known.length));
    const { from, to } = this.#known[at]!;
    const part = (atMs % MINUTE_MS) / MINUTE_MS;
    return {
      L1: this.#peakAmps.L1 * (from[0]! + (to[0]! - from[0]!) * part),
      L2: this.#peakAmps.L2 * (from[1]! + (to[1]! - from[1]!) * part),
      L3: this.#peakAmps.L3 * (from[2]! + (to[2]! - from[2]!) * part),
    };
  }
}

/** Wanders between nothing and the worst, each phase by itself, and now and then jumps on one phase or on all. */
class Walk implements Minutes {
  readonly #random: Random;
  #at: readonly number[];

  constructor(random: Random) {
    this.#random = random;
    this.#at = [0, 1, 2].map(() => 0.2 + 0.5 * random.next('base-load.start'));
  }

  next(): Minute {
    // The same draws in every minute: whether it steps, where and how far.
    const steps = this.#random.next('base-load.step') < STEP_CHANCE;
    const where = Math.floor(this.#random.next('base-load.phase') * 4);
    const byPart = (this.#random.next('base-load.by') * 2 - 1) * STEP_PART;
    const from = this.#at.map((part, phase) =>
      steps && (where === 3 || where === phase) ? within(part + byPart) : part,
    );
    this.#at = from.map((part) => within(part + (this.#random.next('base-load.walk') * 2 - 1) * WALK_PART));
    return { from, to: this.#at };
  }
}

/** Follows a curve, uneven over the phases, with a little noise that wanders. */
class Followed implements Minutes {
  readonly #part: (atMs: number) => number;
  readonly #random: Random;
  #noise: readonly number[] = [0, 0, 0];
  #at: readonly number[];

  constructor(part: (atMs: number) => number, random: Random) {
    this.#part = part;
    this.#random = random;
    this.#at = this.#parts(0);
  }

  next(minute: number): Minute {
    const from = this.#at;
    this.#noise = this.#noise.map((noise) => {
      const moved = noise + (this.#random.next('base-load.noise') - 0.5) * NOISE_PART;
      return Math.max(-NOISE_PART, Math.min(NOISE_PART, moved));
    });
    this.#at = this.#parts((minute + 1) * MINUTE_MS);
    return { from, to: this.#at };
  }

  #parts(atMs: number): readonly number[] {
    const part = this.#part(atMs) * FOLLOWED_PART;
    return [UNEVEN.L1, UNEVEN.L2, UNEVEN.L3].map((uneven, phase) => within(part * uneven + this.#noise[phase]!));
  }
}

/** The curve of an office or of a measured series, whose first part belongs to the midnight (UTC) before the start. */
function partOf(
  kind: Extract<BaseLoadKind, { kind: 'office' | 'series' }>,
  startsAtWall: WallTime,
): (atMs: number) => number {
  const sinceMidnightMs = ((startsAtWall % DAY_MS) + DAY_MS) % DAY_MS;
  if (kind.kind === 'series') {
    const { parts, stepMs } = kind;
    return (atMs) => {
      const step = (sinceMidnightMs + atMs) / stepMs;
      const at = Math.floor(step);
      const [from, to] = [parts[at % parts.length] ?? 0, parts[(at + 1) % parts.length] ?? 0];
      return from + (to - from) * (step - at);
    };
  }
  return (atMs) => {
    const part = weekdayPart(sinceMidnightMs + atMs);
    // 1970-01-01 was a Thursday; 0 is Sunday.
    const weekday = (Math.floor((startsAtWall + atMs) / DAY_MS) + 4) % 7;
    return weekday === 0 || weekday === 6 ? Math.min(part, WEEKEND_PART) : part;
  };
}

function within(part: number): number {
  return Math.max(0, Math.min(1, part));
}
