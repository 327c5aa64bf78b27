// How far a station's clock is from ours, told by its stamps; it must not take an old message from an offline queue for a slow clock.

import type { WallTime } from '../core/model/units.ts';
import { parseTimestamp } from './rpc/timestamp.ts';

/** So many stamps, each this long after the one before, must agree. */
const AGREEING_STAMPS = 3;
const STAMP_PAUSE_MS = 10_000;
/** This well: only a clock that runs with ours keeps its distance. Messages of an offline queue, and the stamp of an old change, do not. */
const AGREEMENT_MS = 5_000;
/**
 * And this well where they say that the clock is behind what it was taken for: a message that is under way for longer, behind others on a slow line,
 * says the same; its delay grows, and a clock's does not.
 */
const STEADY_AGREEMENT_MS = 2_000;

export type Skew = { readonly stampsMinusOursMs: number; readonly isZoned: boolean };

export class ClockSkew {
  #observations: readonly { readonly offsetMs: number; readonly receivedAt: WallTime }[] = [];
  #measured: Skew | undefined;

  /** Station's stamps minus our clock; absent until enough stamps have agreed. */
  get measured(): Skew | undefined {
    return this.#measured;
  }

  observe(stamp: unknown, receivedAt: WallTime): void {
    const at = parseTimestamp(stamp);
    if (at === undefined) return;
    const last = this.#observations.at(-1);
    if (last && Math.abs(receivedAt - last.receivedAt) < STAMP_PAUSE_MS) return;
    this.#observations = [...this.#observations, { offsetMs: at - receivedAt, receivedAt }].slice(-AGREEING_STAMPS);
    const offsets = this.#observations.map((one) => one.offsetMs);
    const [latest, earliest] = [Math.max(...offsets), Math.min(...offsets)];
    const isBehind = latest < (this.#measured?.stampsMinusOursMs ?? 0);
    const agreementMs = isBehind ? STEADY_AGREEMENT_MS : AGREEMENT_MS;
    if (offsets.length < AGREEING_STAMPS || latest - earliest > agreementMs) return;
    // Messages are under way for a while, so the greatest is nearest to the truth.
    this.#measured = { stampsMinusOursMs: latest, isZoned: /(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})$/.test(String(stamp)) };
  }

  /** The station has booted or was told the time. */
  reset(): void {
    this.#observations = [];
    this.#measured = undefined;
  }

  /** How old a stamped sample is, corrected by the station's skew as far as that is known. */
  ageMs(stamp: unknown, receivedAt: WallTime): number {
    const at = parseTimestamp(stamp);
    if (at === undefined) return 0;
    return Math.max(0, receivedAt - at + (this.#measured?.stampsMinusOursMs ?? 0));
  }
}
