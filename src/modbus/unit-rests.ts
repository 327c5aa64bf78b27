// Lets a unit that does not answer rest, longer each time, so that its deadlines never eat up the line of its neighbours.

import type { Instant } from '../core/model/units.ts';
import type { AppError } from '../engine/app-error.ts';

type Rest = { readonly failures: number; readonly until: Instant; readonly trouble: AppError };

/** A unit that failed so often is taken for dead: it may be off for the season. */
const DEAD_AFTER_FAILURES = 3;
/** Of the longest rest, between the trials of two dead units: several of them must not keep a living one waiting in a row. */
const TRIALS_APART_SHARE = 1 / 3;
/** A timer may end so much before the time it was set for. */
const ROUNDING_MS = 2;

export class UnitRests {
  readonly #firstMs: number;
  readonly #mostMs: number;
  readonly #rests = new Map<number, Rest>();
  #lastFailure: { readonly unitId: number; readonly at: Instant } | undefined;

  /** The first rest, and the longest; they double in between. */
  constructor(firstMs: number, mostMs: number) {
    this.#firstMs = firstMs;
    this.#mostMs = mostMs;
  }

  /** How long the unit still rests, and why; absent: it may be asked. */
  of(unitId: number, now: Instant): { readonly restMs: number; readonly trouble: AppError } | undefined {
    const rest = this.#rests.get(unitId);
    if (!rest) return undefined;
    const last = this.#lastFailure;
    const isAfterOther = rest.failures >= DEAD_AFTER_FAILURES && last !== undefined && last.unitId !== unitId;
    const until = isAfterOther ? Math.max(rest.until, last.at + this.#mostMs * TRIALS_APART_SHARE) : rest.until;
    return until - now > ROUNDING_MS ? { restMs: until - now, trouble: rest.trouble } : undefined;
  }

  /** `chance` from 0 to 1 shortens a rest a little, so that units do not come back in step. */
  failed(unitId: number, trouble: AppError, now: Instant, chance: number): void {
    const failures = (this.#rests.get(unitId)?.failures ?? 0) + 1;
    this.#rests.set(unitId, { failures, until: now + backOff(failures, this.#firstMs, this.#mostMs, chance), trouble });
    this.#lastFailure = { unitId, at: now };
  }

  answered(unitId: number): void {
    this.#rests.delete(unitId);
  }
}

/** Doubles from `firstMs` to `mostMs`; `failures` counts from 1; shortened by up to a fifth. */
export function backOff(failures: number, firstMs: number, mostMs: number, chance: number): number {
  return Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 20)) * (0.8 + 0.2 * chance);
}
