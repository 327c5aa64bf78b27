// What the building draws besides the cars: an office's weekday, uneven over the phases, with slow seeded noise; tests set it by hand.

import { mapPhases, PHASES, type PhaseAmps } from '../core/model/units.ts';
import type { Random } from '../engine/ports.ts';

const DAY_MS = 24 * 3_600_000;
/** Part of the peak at each full hour: night, morning rise, a kitchen at noon, evening. */
const WEEKDAY = [
  0.22, 0.2, 0.2, 0.2, 0.22, 0.28, 0.42, 0.62, 0.78, 0.82, 0.8, 0.9, 1, 0.86, 0.76, 0.74, 0.7, 0.62, 0.5, 0.42, 0.36,
  0.3, 0.26, 0.24,
] as const;
/** Single-phase loads are never spread evenly. */
export const UNEVEN: PhaseAmps = { L1: 1, L2: 0.86, L3: 0.93 };
/** Noise moves by at most this part of the peak a step, and stays within twice of it. */
const NOISE = 0.02;

/** An office's weekday: the part of its peak at a time of day in milliseconds since midnight. */
export function weekdayPart(timeOfDayMs: number): number {
  const hours = ((((timeOfDayMs % DAY_MS) + DAY_MS) % DAY_MS) / DAY_MS) * 24;
  const [from, to] = [WEEKDAY[Math.floor(hours)]!, WEEKDAY[(Math.floor(hours) + 1) % 24]!];
  return from + (to - from) * (hours - Math.floor(hours));
}

export class Building {
  readonly #peakAmps: number;
  readonly #random: Random;
  #noise = { L1: 0, L2: 0, L3: 0 };
  #fixed: PhaseAmps | undefined;

  /** `peakAmps` is drawn on the fullest phase at the fullest hour. */
  constructor(peakAmps: number, random: Random) {
    this.#peakAmps = peakAmps;
    this.#random = random;
  }

  /** From now on exactly this, until `follow`. */
  hold(amps: PhaseAmps): void {
    this.#fixed = amps;
  }

  follow(): void {
    this.#fixed = undefined;
  }

  /** Lets the noise wander one step. */
  step(): void {
    for (const phase of PHASES) {
      const moved = this.#noise[phase] + (this.#random.next('simulator.building') - 0.5) * NOISE;
      this.#noise[phase] = Math.max(-2 * NOISE, Math.min(2 * NOISE, moved));
    }
  }

  /** Amperes per phase at a time of day, in milliseconds since midnight. */
  amps(timeOfDayMs: number): PhaseAmps {
    if (this.#fixed) return this.#fixed;
    const part = weekdayPart(timeOfDayMs);
    return mapPhases((phase) => this.#peakAmps * UNEVEN[phase] * (part + this.#noise[phase]));
  }
}
