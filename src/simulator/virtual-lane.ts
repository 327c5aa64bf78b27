// One direction of a simulated connection: frames under way, oldest first, each with one timer; it keeps their order and knows no socket.

import type { Clock } from '../engine/ports.ts';

/** What a kernel takes before bytes stay with the sender: beyond it `bufferedAmount` grows. */
export const WINDOW_BYTES = 256 * 1024;
/** Bytes of one direction that were sent and not read; beyond it the line breaks, as a kernel without memory would break it. */
export const MAX_UNREAD_BYTES = 8 * 1024 * 1024;
/** A line on which nothing gets through is given up after this long (Linux, tcp_retries2). */
export const GIVE_UP_MS = 924_000;
const FRAME_OVERHEAD_BYTES = 6;

/** What carries the frames; both directions alike. */
export type Carrier = {
  /** How long the next frame takes, in whole milliseconds; Infinity: it never gets through, and the line is given up. */
  transitMs(): number;
  /** Nothing arrives and nobody is told. */
  readonly isSilent: boolean;
};

/** Told that a frame has arrived, or that it will not. */
export type Done = (error?: Error | null) => void;
export type Frame =
  | { readonly kind: 'text'; readonly text: string; readonly done: Done | undefined }
  | { readonly kind: 'ping' | 'pong' | 'cut' }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string }
  | { readonly kind: 'open'; readonly tell: () => void };

export const sizeOf = (frame: Frame): number => FRAME_OVERHEAD_BYTES + (frame.kind === 'text' ? frame.text.length : 0);

/** Where frames arrive. */
export type Target = {
  take(frame: Frame): void;
  breakLine(): void;
};

/** One direction: frames under way, oldest first. Whichever timer fires delivers the oldest, so the order is kept by itself. */
export class Lane {
  readonly #clock: Clock;
  readonly #carrier: Carrier;
  readonly #target: Target;
  readonly #arrive = () => this.#onTimer();
  #frames: Frame[] = [];
  /** Frames without a timer, because the line is silent. */
  #stalled = 0;
  /** A frame was given up: none gets past it. */
  #isLost = false;
  #lastAt = 0;
  unreadBytes = 0;

  constructor(clock: Clock, carrier: Carrier, target: Target) {
    this.#clock = clock;
    this.#carrier = carrier;
    this.#target = target;
  }

  get size(): number {
    return this.#frames.length;
  }

  /** False: there is no room, so the line has to break. */
  send(frame: Frame): boolean {
    this.unreadBytes += sizeOf(frame);
    if (this.unreadBytes > MAX_UNREAD_BYTES) return false;
    this.#frames.push(frame);
    this.#transmit();
    return true;
  }

  /** The line is heard again: what it held back is sent again, as TCP does. */
  resume(): void {
    const stalled = this.#stalled;
    this.#stalled = 0;
    for (let at = 0; at < stalled; at++) this.#transmit();
  }

  /** Tells those who sent what never arrived. */
  drop(): void {
    for (const frame of this.#frames.splice(0)) {
      if (frame.kind !== 'text' || !frame.done) continue;
      const { done } = frame;
      this.#clock.timer('network.lost', 0, () => done(new Error('the line broke before the frame arrived')));
    }
  }

  #transmit(): void {
    if (this.#isLost) return;
    if (this.#carrier.isSilent) {
      this.#stalled += 1;
      return;
    }
    const now = this.#clock.now();
    const transitMs = this.#carrier.transitMs();
    if (transitMs === Number.POSITIVE_INFINITY) {
      this.#isLost = true;
      this.#clock.timer('network.give-up', GIVE_UP_MS, () => this.#target.breakLine());
      return;
    }
    this.#lastAt = Math.max(this.#lastAt, now + transitMs);
    this.#clock.timer('network.frame', this.#lastAt - now, this.#arrive);
  }

  #onTimer(): void {
    if (this.#carrier.isSilent) {
      this.#stalled += 1;
      return;
    }
    const frame = this.#frames.shift();
    if (frame) this.#target.take(frame);
  }
}
