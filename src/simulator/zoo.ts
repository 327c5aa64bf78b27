// The charger zoo: what each model always does, read from its profile, and what a station does wrong for a while on top of it.

import type { ChargerProfile, QuirkFlag } from '../core/model/charger.ts';
import type { Instant } from '../core/model/units.ts';
import type { Clock } from '../engine/ports.ts';
import { MAX_STACK_LEVEL } from './profile-memory.ts';
import type { StationManner } from './script.ts';

/** What a model always does: no error, since its profile says so. */
export type Model = {
  /** The only unit it takes. */
  readonly unit: 'A' | 'W';
  /** Limits in amperes are rounded down to it. */
  readonly stepAmps: number;
  readonly maxStackLevel: number;
  readonly forgetsOnReconnect: boolean;
  readonly breaksAfterZero: boolean;
  readonly rebootsWhenAsked: boolean;
  /** Answers one CALL after the other and takes this long for each at least, and twice as long at most; absent: answers at once. */
  readonly slowAnswerMs?: number;
  readonly liesAboutOffer: boolean;
  readonly namesSubprotocol: boolean;
  readonly bootsByItself: boolean;
  /** A car that was paused sleeps on until it is offered this much; absent: it begins again by itself. */
  readonly wakesAtAmps?: number;
};

/** A slow model takes a third to two thirds of what its profile allows for an answer. */
const SLOW_PART = 1 / 3;
/** docs/quirks.md, `needs-wake-up`. */
const WAKES_AT_AMPS = 10;

export function modelOf({ quirks, unit, stepAmps, callTimeoutMs }: ChargerProfile): Model {
  const has = (flag: QuirkFlag) => quirks.includes(flag);
  return {
    unit,
    stepAmps,
    maxStackLevel: has('stack-level-zero-only') ? 0 : MAX_STACK_LEVEL,
    forgetsOnReconnect: has('forgets-profiles-on-reconnect'),
    breaksAfterZero: has('zero-amps-breaks-next-limit'),
    rebootsWhenAsked: has('no-get-configuration'),
    ...(has('slow-answers') ? { slowAnswerMs: Math.round(callTimeoutMs * SLOW_PART) } : {}),
    liesAboutOffer: has('offered-value-lies'),
    namesSubprotocol: !has('no-subprotocol'),
    bootsByItself: !has('must-be-asked-to-boot'),
    ...(has('needs-wake-up') ? { wakesAtAmps: WAKES_AT_AMPS } : {}),
  };
}

/** How long after the end of an error it may still show: a car follows, a limit that was refused is sent again. */
export const ERRS_LINGER_MS = 30_000;

/** What a station does wrong just now. Errors of one kind may overlap; each ends by itself. */
export class Manners {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #counts = new Map<StationManner, number>();
  #active = 0;
  #lastEndedAt: Instant = Number.NEGATIVE_INFINITY;

  /** `onChange`: after each begin and end. */
  constructor(clock: Clock, onChange: () => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** From now on it errs so; the returned function ends it. */
  begin(manner: StationManner): () => void {
    let isOver = false;
    this.#count(manner, 1);
    return () => {
      if (isOver) return;
      isOver = true;
      this.#lastEndedAt = this.#clock.now();
      this.#count(manner, -1);
    };
  }

  has(manner: StationManner): boolean {
    return (this.#counts.get(manner) ?? 0) > 0;
  }

  /** It errs, or did until a moment ago. */
  get isErring(): boolean {
    return this.#active > 0 || this.#clock.now() - this.#lastEndedAt < ERRS_LINGER_MS;
  }

  #count(manner: StationManner, by: 1 | -1): void {
    this.#counts.set(manner, (this.#counts.get(manner) ?? 0) + by);
    this.#active += by;
    this.#onChange();
  }
}
