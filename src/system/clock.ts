// The one place that touches the machine's clocks, timers and dice; everybody else asks.

import { randomFillSync, randomUUID } from 'node:crypto';
import type { Instant, WallTime } from '../core/model/units.ts';
import type { Clock, Random } from '../engine/ports.ts';

/** Milliseconds between the machine's monotonic zero and the epoch, fixed once per process and handed to its workers. */
export type ClockAnchor = number;

/** Fixes the steady time line: it starts at the wall clock's time and from then on follows the monotonic clock only. */
export function anchorClock(): ClockAnchor {
  return Date.now() - Number(process.hrtime.bigint()) / 1e6;
}

/** The real clock. Workers of one process MUST share the anchor, so that their instants compare. */
export function systemClock(anchor: ClockAnchor): Clock {
  return {
    now: (): Instant => Math.round(anchor + Number(process.hrtime.bigint()) / 1e6),
    wall: (): WallTime => Date.now(),
    sleep: (_name, delayMs, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const done = () => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', done);
          resolve();
        };
        const timer = setTimeout(done, Math.max(0, delayMs));
        signal?.addEventListener('abort', done, { once: true });
      }),
    timer: (_name, delayMs, work) => {
      const timer = setTimeout(work, Math.max(0, delayMs));
      return () => clearTimeout(timer);
    },
  };
}

/**
 * Resolves when every promise that could go on without the world has gone on: Node empties the queue of promises before it comes to the next
 * tick. For whoever steps a virtual clock; the event loop gets no turn (`turnOfTheLoop`).
 */
export const allSettled = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

/** Lets the event loop turn once, so that signals are heard and what was printed leaves. */
export const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The operating system's dice. */
export const systemRandom: Random = {
  next: () => {
    const word = new Uint32Array(1);
    randomFillSync(word);
    return word[0]! / 2 ** 32;
  },
  uuid: () => randomUUID(),
};
