// One master's connection: requests answered in order, one at a time; a fault in its frames ends it, and its haste only makes it wait.

import type { Socket } from 'node:net';
import type { Instant } from '../../core/model/units.ts';
import type { Clock } from '../../engine/ports.ts';
import { type AnswerParts, answerOf } from './answer.ts';
import { type Frame, MAX_FRAME_BYTES, readFrame, writeFrame } from './frames.ts';
import { Pace } from './pace.ts';

/** Requests of one connection that are answered in a second; those beyond wait unread. */
export const MAX_REQUESTS_PER_SECOND = 200;
/** Requests that may come at once after a rest. */
export const REQUEST_BURST = 50;
/** A connection without a whole request for this long is closed. */
export const IDLE_TIMEOUT_MS = 60_000;
/** Bytes of answers that a master has not taken; its requests wait until it does. MUST be the socket's highWaterMark. */
export const MAX_UNSENT_BYTES = 16_384;

export type ConnectionParts = AnswerParts & {
  readonly clock: Clock;
  /** Called once, when the connection is over. `fault`: what was wrong with its bytes. */
  readonly onEnd: (fault?: string) => void;
};

export class ServerConnection {
  readonly #socket: Socket;
  readonly #parts: ConnectionParts;
  readonly #pace = new Pace(MAX_REQUESTS_PER_SECOND, REQUEST_BURST);
  /** What came and is not answered: no more than one read of the socket and an unfinished frame. */
  #received: Buffer = Buffer.alloc(0);
  /** An answer is under way, the pace is too fast, or the master does not take its answers: nothing is read. */
  #isHeld = false;
  #isOver = false;
  #lastRequestAt: Instant;
  #cancelIdle: () => void = () => {};
  #cancelPace: () => void = () => {};

  constructor(socket: Socket, parts: ConnectionParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#lastRequestAt = parts.clock.now();
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('drain', () => this.#release());
    // Its close follows; a master that resets its connection is its own affair.
    socket.on('error', () => {});
    socket.on('close', () => this.#end());
    this.#awaitIdle();
  }

  /** Ends it at once. */
  destroy(fault?: string): void {
    this.#end(fault);
    this.#socket.destroy();
  }

  #receive(bytes: Buffer): void {
    if (this.#isOver) return;
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    if (!this.#isHeld) this.#serve();
  }

  /** Answers what is whole, until nothing is or something holds it up. */
  #serve(): void {
    while (!this.#isOver && !this.#isHeld) {
      const check = readFrame(this.#received.subarray(0, MAX_FRAME_BYTES));
      if (check === 'incomplete') return;
      if ('fault' in check) {
        this.destroy(check.fault);
        return;
      }
      const now = this.#parts.clock.now();
      const waitMs = this.#pace.waitMs(now);
      if (waitMs > 0) {
        this.#hold();
        this.#cancelPace = this.#parts.clock.timer('modbus-server.pace', Math.ceil(waitMs), () => this.#release());
        return;
      }
      this.#pace.take(now);
      this.#lastRequestAt = now;
      this.#received = this.#received.subarray(check.bytes);
      this.#answer(check.frame);
    }
  }

  #answer(frame: Frame): void {
    const answer = answerOf(frame, this.#parts);
    if (answer instanceof Uint8Array) {
      this.#send(frame, answer);
      return;
    }
    this.#hold();
    void answer.then((pdu) => {
      if (this.#isOver) return;
      this.#send(frame, pdu);
      this.#release();
    });
  }

  #send(frame: Frame, pdu: Uint8Array): void {
    if (!this.#socket.write(writeFrame(frame, pdu))) this.#hold();
  }

  #hold(): void {
    this.#isHeld = true;
    this.#socket.pause();
  }

  #release(): void {
    if (this.#isOver || !this.#isHeld || this.#socket.writableNeedDrain) return;
    this.#isHeld = false;
    this.#serve();
    if (!this.#isHeld && !this.#isOver) this.#socket.resume();
  }

  #awaitIdle(): void {
    const { clock } = this.#parts;
    const leftMs = this.#lastRequestAt + IDLE_TIMEOUT_MS - clock.now();
    if (leftMs <= 0) {
      this.destroy();
      return;
    }
    this.#cancelIdle = clock.timer('modbus-server.idle', leftMs, () => this.#awaitIdle());
  }

  #end(fault?: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelIdle();
    this.#cancelPace();
    this.#received = Buffer.alloc(0);
    this.#parts.onEnd(fault);
  }
}
