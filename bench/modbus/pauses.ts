// Notices when this process itself got no turn from the machine, so that such a pause is not taken for a wedged link.

/** A timer that is late by more than this was kept waiting. */
const PAUSE_MS = 100;
const EVERY_MS = 50;

export type Pauses = {
  /** Milliseconds of all pauses so far. */
  readonly totalMs: () => number;
  readonly longestMs: () => number;
  readonly stop: () => void;
};

export function watchPauses(): Pauses {
  let [totalMs, longestMs, last] = [0, 0, performance.now()];
  /** Called by the timer and in between: the time since the last look was a pause when it is longer than the timer allows. */
  const look = () => {
    const now = performance.now();
    const lateMs = now - last - EVERY_MS;
    last = now;
    if (lateMs <= PAUSE_MS) return;
    totalMs += lateMs;
    longestMs = Math.max(longestMs, lateMs);
  };
  const timer = setInterval(look, EVERY_MS);
  return {
    // A pause that has just ended may not have been seen by the timer yet.
    totalMs: () => {
      look();
      return totalMs;
    },
    longestMs: () => longestMs,
    stop: () => clearInterval(timer),
  };
}
