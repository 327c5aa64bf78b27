// How often a meter may be pushed: the control room hears of a flood as little as of a slow meter.

import type { Instant, MeterId } from '../core/model/units.ts';

/** Two readings of one meter are at least so far apart. */
export const MIN_PUSH_GAP_MS = 100;

export class PushGate {
  readonly #admittedAt = new Map<MeterId, Instant>();
  readonly #waiting = new Set<MeterId>();

  /** What ends the admission; absent where the last reading came a moment ago, or is not answered yet. `meter` MUST be one of the site. */
  admit(meter: MeterId, now: Instant): (() => void) | undefined {
    const last = this.#admittedAt.get(meter) ?? Number.NEGATIVE_INFINITY;
    if (this.#waiting.has(meter) || now - last < MIN_PUSH_GAP_MS) return undefined;
    this.#admittedAt.set(meter, now);
    this.#waiting.add(meter);
    return () => void this.#waiting.delete(meter);
  }
}
