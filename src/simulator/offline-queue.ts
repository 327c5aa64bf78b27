// A station's transaction messages until the central system has them: in order, one at a time, said again until they are answered.

import type { Clock } from '../engine/ports.ts';
import type { RpcClient } from './rpc-client.ts';
import type { Payload, TransactionMessage } from './station-wire.ts';

/** Messages kept while off-line; at the bound the oldest samples go first (OCPP 1.6 §3.7, 2.x E04). */
export const MAX_OFFLINE_MESSAGES = 1_000;
/** TransactionMessageRetryInterval of the simulated station (§3.7.1). */
export const RETRY_MS = 2_000;

export type QueuedMessage = TransactionMessage & { readonly onAnswer?: (payload: Payload) => void };

/** Told of every try, and of every result: what is acknowledged must arrive. */
export type MessageWatch = (what: 'sent' | 'acknowledged', action: string, payload: Payload, answer?: Payload) => void;

export class OfflineQueue {
  readonly #clock: Clock;
  readonly #line: () => RpcClient | undefined;
  readonly #watch: MessageWatch;
  #messages: QueuedMessage[] = [];
  /** `sent`: the first is under way; `resting`: it failed and is said again after a while. */
  #state: 'idle' | 'sent' | 'resting' = 'idle';
  #cancelRest: (() => void) | undefined;

  /** `line` gives the open connection, if there is one. */
  constructor(clock: Clock, line: () => RpcClient | undefined, watch: MessageWatch = () => {}) {
    this.#clock = clock;
    this.#line = line;
    this.#watch = watch;
  }

  get size(): number {
    return this.#messages.length;
  }

  add(message: QueuedMessage): void {
    if (this.#messages.length >= MAX_OFFLINE_MESSAGES) this.#makeRoom();
    this.#messages.push(message);
    this.drain();
  }

  /** Sends what waits, as long as there is a line. What gets a CALLERROR or no answer is said again. */
  drain(): void {
    if (this.#state !== 'idle') return;
    const [message] = this.#messages;
    const line = this.#line();
    if (!line || !message) return;
    this.#state = 'sent';
    const payload = message.payload();
    this.#watch('sent', message.action, payload);
    line.call(message.action, payload, (answer) => {
      this.#state = 'idle';
      if (answer.ok) {
        this.#watch('acknowledged', message.action, payload, answer.payload);
        this.#messages.shift();
        message.onAnswer?.(answer.payload);
        this.drain();
        return;
      }
      this.#state = 'resting';
      this.#cancelRest = this.#clock.timer('simulator.retry', RETRY_MS, () => {
        this.#state = 'idle';
        this.drain();
      });
    });
  }

  stop(): void {
    this.#cancelRest?.();
  }

  /** The first may be under way and stays. */
  #makeRoom(): void {
    const oldest = this.#messages.findIndex((one, at) => at > 0 && one.isSample);
    this.#messages.splice(Math.max(1, oldest), 1);
  }
}
