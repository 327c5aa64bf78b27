// How fast somebody may go on: a steady rate with a burst; it only counts, whoever asks waits or refuses.

import type { Instant } from '../../core/model/units.ts';

export class Pace {
  readonly #everyMs: number;
  readonly #burst: number;
  /** When the bucket would be empty of debt. */
  #paidUntil: Instant = Number.NEGATIVE_INFINITY;

  /** `burst`: how many may come at once after a rest; 1 or more. */
  constructor(perSecond: number, burst: number) {
    this.#everyMs = 1_000 / perSecond;
    this.#burst = burst;
  }

  /** Milliseconds until the next one may come; 0: now. */
  waitMs(now: Instant): number {
    const owed = Math.max(this.#paidUntil, now) + this.#everyMs - (now + this.#burst * this.#everyMs);
    return Math.max(0, owed);
  }

  /** Counts one. */
  take(now: Instant): void {
    this.#paidUntil = Math.max(this.#paidUntil, now) + this.#everyMs;
  }
}
