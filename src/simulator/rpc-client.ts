// A simulated peer's end of an OCPP-J socket: one CALL at a time, answers matched by id; small on purpose, and nobody else's code.

import type { Clock } from '../engine/ports.ts';
import { type MessageSocket, SOCKET_OPEN } from '../engine/socket.ts';
import type { Payload } from './station-wire.ts';

/** CALLs that may wait for the slot; a station that has more to say than this says it later. */
export const MAX_WAITING = 50;
export const CALL_TIMEOUT_MS = 15_000;
/** CALLs in a row without an answer after which the line counts as dead. */
export const MAX_UNANSWERED = 2;

/** `code`: the CALLERROR's, `timeout` or `closed`. */
export type Answered = { readonly ok: true; readonly payload: Payload } | { readonly ok: false; readonly code: string };
export type CallAnswer = Payload | { readonly error: string };
/** Answers a CALL of the other side: at once, later or never. */
export type OnCall = (action: string, payload: Payload, reply: (answer: CallAnswer) => void, messageId: string) => void;

type Waiting = { readonly action: string; readonly payload: Payload; readonly done: (answer: Answered) => void };

export class RpcClient {
  readonly #socket: MessageSocket;
  readonly #clock: Clock;
  readonly #nextId: () => string;
  #waiting: Waiting[] = [];
  #pending: (Waiting & { readonly id: string; readonly cancel: () => void }) | undefined;
  #unanswered = 0;

  /** `socket` MUST have just opened. */
  constructor(socket: MessageSocket, clock: Clock, nextId: () => string, onCall: OnCall) {
    this.#socket = socket;
    this.#clock = clock;
    this.#nextId = nextId;
    socket.on('message', (data) => {
      const frame = JSON.parse(data.toString()) as [number, string, ...unknown[]];
      if (frame[0] === 2) {
        const reply = (answer: CallAnswer) => this.#reply(frame[1], answer);
        onCall(String(frame[2]), frame[3] as Payload, reply, frame[1]);
      } else if (frame[1] === this.#pending?.id) {
        this.#unanswered = 0;
        this.#settle(
          frame[0] === 3 ? { ok: true, payload: frame[2] as Payload } : { ok: false, code: String(frame[2]) },
        );
      }
    });
    socket.on('close', () => {
      this.#settle({ ok: false, code: 'closed' });
      for (const { done } of this.#waiting.splice(0)) done({ ok: false, code: 'closed' });
    });
  }

  /** CALLs that wait for the slot or for an answer. */
  get size(): number {
    return this.#waiting.length + (this.#pending ? 1 : 0);
  }

  /** Makes a CALL when its turn comes; `done` is called once, in this turn where the line is down or full. */
  call(action: string, payload: Payload, done: (answer: Answered) => void = () => {}): void {
    if (this.#socket.readyState !== SOCKET_OPEN || this.#waiting.length >= MAX_WAITING) {
      done({ ok: false, code: 'closed' });
      return;
    }
    this.#waiting.push({ action, payload, done });
    this.#next();
  }

  #reply(id: string, answer: CallAnswer): void {
    if (this.#socket.readyState !== SOCKET_OPEN) return;
    const isError = typeof answer.error === 'string';
    this.#socket.send(JSON.stringify(isError ? [4, id, answer.error, '', {}] : [3, id, answer]));
  }

  #next(): void {
    if (this.#pending || this.#socket.readyState !== SOCKET_OPEN) return;
    const next = this.#waiting.shift();
    if (!next) return;
    const id = this.#nextId();
    const cancel = this.#clock.timer('simulator.call', CALL_TIMEOUT_MS, () => this.#onTimeout());
    this.#pending = { ...next, id, cancel };
    this.#socket.send(JSON.stringify([2, id, next.action, next.payload]));
  }

  #onTimeout(): void {
    this.#unanswered += 1;
    const isDead = this.#unanswered >= MAX_UNANSWERED;
    this.#settle({ ok: false, code: 'timeout' });
    if (isDead) this.#socket.terminate();
  }

  #settle(answer: Answered): void {
    const settled = this.#pending;
    if (!settled) return;
    this.#pending = undefined;
    settled.cancel();
    settled.done(answer);
    this.#next();
  }
}
