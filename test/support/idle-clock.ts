// How late a timer comes in a process that has nothing else to do: what the machine itself adds to every figure taken beside it.

const PERIOD_MS = 50;

/** Starts at once; `stop` gives the latenesses in milliseconds, sorted. MUST run in a process that is idle otherwise. */
export function watchIdleTimer(): { readonly stop: () => readonly number[] } {
  const late: number[] = [];
  let dueAt = performance.now() + PERIOD_MS;
  const timer = setInterval(() => {
    late.push(Math.max(0, performance.now() - dueAt));
    dueAt = performance.now() + PERIOD_MS;
  }, PERIOD_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return late.sort((a, b) => a - b);
    },
  };
}
