// The station's end of an OCPP-J socket: one CALL at a time, answers matched by id; small on purpose, and nobody else's code.

import type { WebSocket } from 'ws';
import type { Clock, Random } from '../engine/ports.ts';
import type { Payload } from './wire-v16.ts';

/** CALLs that may wait for the slot; a station that has more to say than this says it later. */
const MAX_WAITING = 50;
const CALL_TIMEOUT_MS = 15_000;

export type Answered = { readonly ok: true; readonly payload: Payload } | { readonly ok: false; readonly code: string };

export class RpcClient {
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #random: Random;
  #waiting: { readonly action: string; readonly payload: Payload; readonly resolve: (answer: Answered) => void }[] = [];
  #pending: { readonly id: string; readonly settle: (answer: Answered) => void } | undefined;

  /** `onCall` answers the central system's CALLs; a thrown code becomes the CALLERROR. */
  constructor(
    socket: WebSocket,
    clock: Clock,
    random: Random,
    onCall: (action: string, payload: Payload) => Payload | { readonly error: string },
  ) {
    this.#socket = socket;
    this.#clock = clock;
    this.#random = random;
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as [number, string, ...unknown[]];
      if (frame[0] === 2) {
        const answer = onCall(String(frame[2]), frame[3] as Payload);
        if ('error' in answer) socket.send(JSON.stringify([4, frame[1], answer.error, '', {}]));
        else socket.send(JSON.stringify([3, frame[1], answer]));
      } else if (frame[1] === this.#pending?.id) {
        this.#pending.settle(
          frame[0] === 3 ? { ok: true, payload: frame[2] as Payload } : { ok: false, code: String(frame[2]) },
        );
      }
    });
    socket.on('close', () => {
      this.#pending?.settle({ ok: false, code: 'closed' });
      for (const { resolve } of this.#waiting.splice(0)) resolve({ ok: false, code: 'closed' });
    });
  }

  /** Waits its turn; `ok: false` with the CALLERROR's code, `timeout` or `closed` otherwise. Never rejects. */
  call(action: string, payload: Payload): Promise<Answered> {
    return new Promise((resolve) => {
      if (this.#socket.readyState !== this.#socket.OPEN || this.#waiting.length >= MAX_WAITING) {
        resolve({ ok: false, code: 'closed' });
        return;
      }
      this.#waiting.push({ action, payload, resolve });
      this.#next();
    });
  }

  #next(): void {
    if (this.#pending) return;
    const next = this.#waiting.shift();
    if (!next) return;
    const id = this.#random.uuid('simulator.message');
    const cancel = this.#clock.timer('simulator.call', CALL_TIMEOUT_MS, () =>
      this.#pending?.settle({ ok: false, code: 'timeout' }),
    );
    this.#pending = {
      id,
      settle: (answer) => {
        cancel();
        this.#pending = undefined;
        next.resolve(answer);
        this.#next();
      },
    };
    this.#socket.send(JSON.stringify([2, id, next.action, next.payload]));
  }
}
