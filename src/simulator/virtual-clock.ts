// Time that moves only when told to: runs days of a site in seconds, and makes tests of waiting exact.

import type { Instant, WallTime } from '../core/model/units.ts';
import type { Clock } from '../engine/ports.ts';

type Timer = { readonly at: number; readonly order: number; readonly work: () => void };

/** Sleepers woken per `advance` call at most: a loop that re-arms itself with no delay is a fault of ours, not a hang. */
const MAX_WAKE_UPS = 10_000_000;

export class VirtualClock implements Clock {
  #now: number;
  #wallOffsetMs: number;
  #timers: Timer[] = [];
  #order = 0;

  /** Starts at `startsAt` on both time lines; the default is 2026-03-02T06:00:00Z, a Monday. */
  constructor(startsAt: WallTime = Date.UTC(2026, 2, 2, 6)) {
    this.#now = startsAt;
    this.#wallOffsetMs = 0;
  }

  now(): Instant {
    return this.#now;
  }

  wall(): WallTime {
    return this.#now + this.#wallOffsetMs;
  }

  /** Sets the wall clock forward or back; the steady time line does not feel it. */
  stepWallClock(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  timer(_name: string, delayMs: number, work: () => void): () => void {
    const timer: Timer = { at: this.#now + Math.max(0, delayMs), order: this.#order++, work };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  sleep(name: string, delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const cancel = this.timer(name, delayMs, () => {
        signal?.removeEventListener('abort', wake);
        resolve();
      });
      const wake = () => {
        cancel();
        resolve();
      };
      signal?.addEventListener('abort', wake, { once: true });
    });
  }

  /** Moves time on by `byMs`, waking sleepers in order and letting the promises behind each settle before the next. */
  async advance(byMs: number): Promise<void> {
    const until = this.#now + byMs;
    await settle();
    for (let wakeUps = 0; wakeUps < MAX_WAKE_UPS; wakeUps++) {
      const next = this.#timers.reduce<Timer | undefined>(
        (first, timer) =>
          !first || timer.at < first.at || (timer.at === first.at && timer.order < first.order) ? timer : first,
        undefined,
      );
      if (!next || next.at > until) {
        this.#now = until;
        return;
      }
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.at);
      next.work();
      await settle();
    }
    throw new Error(`virtual clock: more than ${MAX_WAKE_UPS} wake-ups in one advance of ${byMs} ms`);
  }
}

/** Lets promise reactions run: a few turns of the microtask queue, enough for the chains our rooms build. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
}
