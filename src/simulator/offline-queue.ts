// A station's transaction messages until the central system has them: in order, one at a time, said again until they are answered.

import type { Clock } from '../engine/ports.ts';
import type { Answered, RpcClient } from './rpc-client.ts';
import type { Payload } from './wire-v16.ts';

/** Messages kept while off-line; at the bound the oldest MeterValues go first (OCPP 1.6 §3.7). */
export const MAX_OFFLINE_MESSAGES = 1_000;
/** TransactionMessageRetryInterval of the simulated station (§3.7.1). */
const RETRY_MS = 2_000;

export type QueuedMessage = {
  readonly action: 'StartTransaction' | 'StopTransaction' | 'MeterValues';
  /** Made when it is sent: only then the transaction's id may be known. */
  readonly payload: () => Payload;
  readonly onAnswer?: (payload: Payload) => void;
};

export class OfflineQueue {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #line: () => RpcClient | undefined;
  #messages: QueuedMessage[] = [];
  #isDraining = false;

  /** `line` gives the open connection, if there is one. Aborting `signal` ends the drain. */
  constructor(clock: Clock, signal: AbortSignal, line: () => RpcClient | undefined) {
    this.#clock = clock;
    this.#signal = signal;
    this.#line = line;
  }

  get size(): number {
    return this.#messages.length;
  }

  add(message: QueuedMessage): void {
    if (this.#messages.length >= MAX_OFFLINE_MESSAGES) {
      const oldest = this.#messages.findIndex((one) => one.action === 'MeterValues');
      this.#messages.splice(Math.max(0, oldest), 1);
    }
    this.#messages.push(message);
    void this.drain();
  }

  /** Sends what waits, as long as there is a line. What gets a CALLERROR or no answer is said again. */
  async drain(): Promise<void> {
    if (this.#isDraining) return;
    this.#isDraining = true;
    for (let line = this.#line(); line && this.#messages.length > 0 && !this.#signal.aborted; line = this.#line()) {
      const [message] = this.#messages as [QueuedMessage];
      const answer: Answered = await line.call(message.action, message.payload());
      if (answer.ok) {
        this.#messages.shift();
        message.onAnswer?.(answer.payload);
      } else await this.#clock.sleep('simulator.retry', RETRY_MS, this.#signal);
    }
    this.#isDraining = false;
  }
}
