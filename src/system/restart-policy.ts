// How often something that dies is started again: at once a few times, then after pauses; it only counts, and starts nothing itself.

/** This many restarts within `RESTART_WINDOW_MS` are tried; the next death is answered with a pause. */
export const MAX_RESTARTS = 3;
export const RESTART_WINDOW_MS = 60_000;
/** Between a death and the next start, so that what dies at once does not eat the machine. */
export const RESTART_DELAY_MS = 250;
/** How long it stays down after too many restarts, with an alarm. */
export const PAUSE_MS = 60_000;
/** From this pause in a row on they are `LONG_PAUSE_MS`: still not for ever, for nobody may be on site. */
export const MAX_SHORT_PAUSES = 2;
export const LONG_PAUSE_MS = 15 * 60_000;
/** What was up for this long has recovered: the next pause is a short one again. */
export const STEADY_AFTER_MS = 10 * 60_000;

export type RestartBounds = {
  readonly maxRestarts?: number;
  readonly withinMs?: number;
  readonly restartDelayMs?: number;
  readonly pauseMs?: number;
  readonly longPauseMs?: number;
};

/** What a death is answered with: start again `inMs` from now. A `pause` is an alarm. */
export type RestartAnswer =
  | { readonly kind: 'restart'; readonly inMs: number; readonly restart: number; readonly maxRestarts: number }
  | { readonly kind: 'pause'; readonly inMs: number };

/** Counts the deaths of one thing. Instants are milliseconds on the steady time line. */
export class RestartPolicy {
  readonly #bounds: Required<RestartBounds>;
  #restartedAt: number[] = [];
  #pausesInARow = 0;
  #upSinceMs: number | undefined;

  constructor({
    maxRestarts = MAX_RESTARTS,
    withinMs = RESTART_WINDOW_MS,
    restartDelayMs = RESTART_DELAY_MS,
    pauseMs = PAUSE_MS,
    longPauseMs = LONG_PAUSE_MS,
  }: RestartBounds) {
    this.#bounds = { maxRestarts, withinMs, restartDelayMs, pauseMs, longPauseMs };
  }

  began(nowMs: number): void {
    this.#upSinceMs = nowMs;
  }

  died(nowMs: number): RestartAnswer {
    const { maxRestarts, withinMs, restartDelayMs, pauseMs, longPauseMs } = this.#bounds;
    if (this.#upSinceMs !== undefined && nowMs - this.#upSinceMs >= STEADY_AFTER_MS) this.#pausesInARow = 0;
    this.#upSinceMs = undefined;
    this.#restartedAt = this.#restartedAt.filter((at) => nowMs - at < withinMs);
    if (this.#restartedAt.length >= maxRestarts) {
      this.#pausesInARow += 1;
      this.#restartedAt = [];
      return { kind: 'pause', inMs: this.#pausesInARow > MAX_SHORT_PAUSES ? longPauseMs : pauseMs };
    }
    this.#restartedAt.push(nowMs);
    return { kind: 'restart', inMs: restartDelayMs, restart: this.#restartedAt.length, maxRestarts };
  }
}
