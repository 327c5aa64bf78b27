// Time that moves only when told to: runs days of a site in seconds, and makes tests of waiting exact.

import type { Instant, WallTime } from '../core/model/units.ts';
import type { Clock } from '../engine/ports.ts';

type Timer = { readonly at: number; readonly order: number; work: (() => void) | undefined };

/** Timers fired per `advance` call at most: a loop that re-arms itself with no delay is a fault of ours, not a hang. */
const MAX_WAKE_UPS = 100_000_000;
/** Cancelled timers are swept out when there are more of them than this and than living ones. */
const SWEEP_FROM = 1_024;

export class VirtualClock implements Clock {
  #now: number;
  #wallOffsetMs: number;
  /** A binary heap by time, then by the order in which timers were set. */
  #heap: Timer[] = [];
  #cancelled = 0;
  #order = 0;
  #fired = 0;
  readonly #settle: () => Promise<void>;

  /**
   * Starts at `startsAt` on both time lines; the default is 2026-03-02T06:00:00Z, a Monday. `settle` lets the promises behind a timer run
   * before the next one fires.
   */
  constructor(startsAt: WallTime = Date.UTC(2026, 2, 2, 6), settle: () => Promise<void> = someTurns) {
    this.#now = startsAt;
    this.#wallOffsetMs = 0;
    this.#settle = settle;
  }

  now(): Instant {
    return this.#now;
  }

  wall(): WallTime {
    return this.#now + this.#wallOffsetMs;
  }

  /** Timers fired so far. */
  get fired(): number {
    return this.#fired;
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.#heap.length - this.#cancelled;
  }

  /** Sets the wall clock forward or back; the steady time line does not feel it. */
  stepWallClock(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  timer(_name: string, delayMs: number, work: () => void): () => void {
    const timer: Timer = { at: this.#now + Math.max(0, delayMs), order: this.#order++, work };
    push(this.#heap, timer);
    return () => {
      if (timer.work === undefined) return;
      timer.work = undefined;
      this.#cancelled += 1;
      if (this.#cancelled > SWEEP_FROM && this.#cancelled * 2 > this.#heap.length) this.#sweep();
    };
  }

  sleep(name: string, delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepBy(this, name, delayMs, signal);
  }

  /** Moves time on by `byMs`, waking sleepers in order and letting the promises behind each settle before the next. */
  async advance(byMs: number): Promise<void> {
    const until = this.#now + byMs;
    await this.#settle();
    for (let wakeUps = 0; wakeUps < MAX_WAKE_UPS; wakeUps++) {
      const next = this.#heap[0];
      if (!next || next.at > until) {
        this.#now = until;
        return;
      }
      pop(this.#heap);
      const { work } = next;
      if (work === undefined) {
        this.#cancelled -= 1;
        continue;
      }
      next.work = undefined;
      this.#now = Math.max(this.#now, next.at);
      this.#fired += 1;
      work();
      await this.#settle();
    }
    throw new Error(`virtual clock: more than ${MAX_WAKE_UPS} wake-ups in one advance of ${byMs} ms`);
  }

  #sweep(): void {
    const living = this.#heap.filter((timer) => timer.work !== undefined);
    this.#heap = [];
    this.#cancelled = 0;
    for (const timer of living) push(this.#heap, timer);
  }
}

/** A sleep made of a timer: ends with it or with the signal, and never when the timer never fires. */
export function sleepBy(
  clock: Pick<Clock, 'timer'>,
  name: string,
  delayMs: number,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const cancel = clock.timer(name, delayMs, () => {
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

const isBefore = (a: Timer, b: Timer) => a.at < b.at || (a.at === b.at && a.order < b.order);

function push(heap: Timer[], timer: Timer): void {
  let at = heap.length;
  heap.push(timer);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(timer, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = timer;
}

function pop(heap: Timer[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  let at = 0;
  for (let child = 1; child < heap.length; child = 2 * at + 1) {
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
    if (!isBefore(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
}

/** Lets promise reactions run: a few turns of the microtask queue, enough for the chains our rooms build. */
async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
}
