// A bounded, typed line between two threads: messages with credits, requests with deadlines; it must never queue without end or fail in silence.

import type { MessagePort } from 'node:worker_threads';
import { AppError } from '../engine/app-error.ts';
import type { Clock, Fields, Log } from '../engine/ports.ts';
import { CreditLane } from './credit-lane.ts';

/** Posts that the peer has not handled yet, at most; one more is answered `full`. */
export const THREAD_PORT_CAPACITY = 1_024;
/** Images under way, at most; further ones wait, the newest per key. They have a lane of their own, so that no storm of images holds up a post. */
export const THREAD_PORT_LATEST_CAPACITY = 256;
/** Requests that the peer has not answered yet, at most; those that timed out count until it does. */
export const THREAD_PORT_MAX_REQUESTS = 4_096;
/** Keys whose newest image may wait, at most. */
export const THREAD_PORT_MAX_KEYS = 10_000;

/** What may be said in one direction: plain data that can be cloned, by kind. */
export type Kinds = {
  readonly posts: Readonly<Record<string, unknown>>;
  readonly requests: Readonly<Record<string, { readonly ask: unknown; readonly answer: unknown }>>;
};

/** What a line needs of a MessagePort; a simulation joins rooms of one thread by a pair of its own. */
export type PortEnd = Pick<MessagePort, 'on' | 'postMessage' | 'close'>;

export type ThreadPortOptions = {
  readonly port: PortEnd;
  /** Who is at the other end, for errors and logs. */
  readonly peer: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly capacity?: number;
  readonly latestCapacity?: number;
  readonly maxRequests?: number;
  readonly maxKeys?: number;
};

type Lane = 'post' | 'latest';
type Wire =
  | { readonly is: 'message'; readonly lane: Lane; readonly kind: string; readonly payload: unknown }
  | { readonly is: 'credit'; readonly lane: Lane }
  | { readonly is: 'ask'; readonly id: number; readonly kind: string; readonly payload: unknown }
  | { readonly is: 'answer'; readonly id: number; readonly payload: unknown }
  | {
      readonly is: 'fault';
      readonly id: number;
      readonly code: string;
      readonly text: string;
      readonly fields: Fields;
    };

type Pending = {
  /** The caller may have gone (timed out) while the peer still works; the entry stays, for the peer's queue is what is bounded. */
  readonly settle: (outcome: { readonly value: unknown } | { readonly error: AppError }) => void;
};

type MessageHandler = (payload: never) => void | Promise<void>;
type RequestHandler = (payload: never) => unknown;

/** `Out` is what this end says, `In` what it hears. Both ends MUST register their handlers in the turn in which they make the port. */
export class ThreadPort<Out extends Kinds, In extends Kinds> {
  readonly #options: ThreadPortOptions;
  readonly #maxRequests: number;
  readonly #messageHandlers = new Map<string, MessageHandler>();
  readonly #requestHandlers = new Map<string, RequestHandler>();
  readonly #pending = new Map<number, Pending>();
  readonly #posts: CreditLane;
  readonly #latest: CreditLane;
  #goneListeners: (() => void)[] = [];
  #nextId = 1;
  #isGone = false;

  constructor(options: ThreadPortOptions) {
    this.#options = options;
    this.#maxRequests = options.maxRequests ?? THREAD_PORT_MAX_REQUESTS;
    const lane = (name: Lane, capacity: number, maxKeys: number) =>
      new CreditLane({
        capacity,
        maxKeys,
        send: (kind, payload) => this.#send({ is: 'message', lane: name, kind, payload }),
      });
    this.#posts = lane('post', options.capacity ?? THREAD_PORT_CAPACITY, 0);
    this.#latest = lane(
      'latest',
      options.latestCapacity ?? THREAD_PORT_LATEST_CAPACITY,
      options.maxKeys ?? THREAD_PORT_MAX_KEYS,
    );
    options.port.on('message', (wire: Wire) => this.#receive(wire));
    options.port.on('messageerror', (error) =>
      options.log.error('thread.message-unreadable', { peer: options.peer, detail: String(error) }),
    );
    options.port.on('close', () => this.#leave());
  }

  /** False once the peer has died or either end was closed. */
  get isOpen(): boolean {
    return !this.#isGone;
  }

  /** Calls `listener` once when the peer dies or either end is closed; at once when that is so already. */
  onGone(listener: () => void): void {
    if (this.#isGone) listener();
    else this.#goneListeners.push(listener);
  }

  /**
   * Sends a message, in order. `full`: nothing was taken, for `capacity` messages are not handled yet or the peer is gone. `sent` does not mean
   * handled: a peer that dies takes what it had not handled with it, and `onGone` tells. Throws when the payload cannot be cloned.
   */
  post<K extends keyof Out['posts'] & string>(kind: K, payload: Out['posts'][K]): 'sent' | 'full' {
    return !this.#isGone && this.#posts.trySend(kind, payload) ? 'sent' : 'full';
  }

  /**
   * Sends the whole image of something that has a `key`. With no credit left the newest image of the key waits in place of the older one and goes
   * when a credit comes back, so no newest state is lost. `payload` MUST NOT change afterwards. `full`: as many keys wait as may, or the peer is gone.
   */
  publishLatest<K extends keyof Out['posts'] & string>(
    kind: K,
    key: string,
    payload: Out['posts'][K],
  ): 'sent' | 'waiting' | 'full' {
    return this.#isGone ? 'full' : this.#latest.sendLatest(kind, key, payload);
  }

  /**
   * Asks and waits for the answer for at most `timeoutMs`.
   * @throws AppError THREAD_PORT_FULL, THREAD_TIMEOUT (the peer may still do it), THREAD_GONE (it may have done it), or the peer's own code
   */
  request<K extends keyof Out['requests'] & string>(
    kind: K,
    payload: Out['requests'][K]['ask'],
    limits: { readonly timeoutMs: number },
  ): Promise<Out['requests'][K]['answer']> {
    const { peer, clock } = this.#options;
    if (this.#isGone) return Promise.reject(gone(peer));
    if (this.#pending.size >= this.#maxRequests) {
      const text = `${peer} has ${this.#maxRequests} requests that it has not answered; "${kind}" was not sent.`;
      return Promise.reject(new AppError('THREAD_PORT_FULL', text, { peer, kind }));
    }
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      // First the send: what cannot be cloned throws here, and must leave no entry behind.
      this.#send({ is: 'ask', id, kind, payload });
      const cancel = clock.timer('thread.request', limits.timeoutMs, () => {
        const text = `${peer} did not answer "${kind}" within ${limits.timeoutMs} ms; it may still do it.`;
        reject(new AppError('THREAD_TIMEOUT', text, { peer, kind, timeoutMs: limits.timeoutMs }));
      });
      const settle: Pending['settle'] = (outcome) => {
        cancel();
        if ('error' in outcome) reject(outcome.error);
        else resolve(outcome.value as Out['requests'][K]['answer']);
      };
      this.#pending.set(id, { settle });
    });
  }

  /** Handles messages and images of a kind; the credit goes back when the handler is done, so a slow one slows the sender. */
  on<K extends keyof In['posts'] & string>(kind: K, handler: (payload: In['posts'][K]) => void | Promise<void>): void {
    this.#messageHandlers.set(kind, handler);
  }

  /** Answers requests of a kind; an AppError thrown here reaches the asker with its code, text and fields. */
  handle<K extends keyof In['requests'] & string>(
    kind: K,
    handler: (payload: In['requests'][K]['ask']) => Promise<In['requests'][K]['answer']>,
  ): void {
    this.#requestHandlers.set(kind, handler);
  }

  /** Closes both ends. What was posted before still arrives; requests without an answer reject with THREAD_GONE. */
  close(): void {
    this.#leave();
    this.#options.port.close();
  }

  #send(wire: Wire): void {
    if (!this.#isGone) this.#options.port.postMessage(wire);
  }

  #receive(wire: Wire): void {
    switch (wire.is) {
      case 'message':
        this.#handleMessage(wire);
        return;
      case 'credit':
        (wire.lane === 'post' ? this.#posts : this.#latest).giveBack();
        return;
      case 'ask':
        this.#handleAsk(wire);
        return;
      case 'answer':
        this.#settle(wire.id, { value: wire.payload });
        return;
      case 'fault':
        this.#settle(wire.id, { error: new AppError(wire.code, wire.text, wire.fields) });
    }
  }

  #settle(id: number, outcome: Parameters<Pending['settle']>[0]): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.settle(outcome);
  }

  async #handleMessage({ lane, kind, payload }: Wire & { readonly is: 'message' }): Promise<void> {
    const { peer, log } = this.#options;
    try {
      const handler = this.#messageHandlers.get(kind);
      if (!handler) throw new Error(`nobody handles messages of kind "${kind}"`);
      await handler(payload as never);
    } catch (error) {
      // Nobody waits for an answer. Going on is safe: one message is lost and told, and its credit must not be lost with it.
      log.error('thread.handler-failed', { code: 'THREAD_HANDLER_FAILED', peer, kind, detail: detailOf(error) });
    }
    this.#send({ is: 'credit', lane });
  }

  async #handleAsk({ id, kind, payload }: Wire & { readonly is: 'ask' }): Promise<void> {
    const { peer, log } = this.#options;
    try {
      const handler = this.#requestHandlers.get(kind);
      if (!handler) throw new AppError('THREAD_NO_HANDLER', `Nobody handles requests of kind "${kind}".`, { kind });
      this.#send({ is: 'answer', id, payload: await handler(payload as never) });
    } catch (error) {
      if (error instanceof AppError) {
        this.#send({ is: 'fault', id, code: error.code, text: error.message, fields: cloneable(error.fields) });
        return;
      }
      // A mistake of ours: the asker gets a code, the log of this thread gets the place.
      log.error('thread.handler-failed', { code: 'THREAD_HANDLER_FAILED', peer, kind, detail: detailOf(error) });
      this.#send({ is: 'fault', id, code: 'THREAD_HANDLER_FAILED', text: String(error), fields: { kind } });
    }
  }

  #leave(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    this.#latest.forget();
    for (const { settle } of pending) settle({ error: gone(this.#options.peer) });
    const listeners = this.#goneListeners;
    this.#goneListeners = [];
    for (const listener of listeners) listener();
  }
}

function gone(peer: string): AppError {
  return new AppError(
    'THREAD_GONE',
    `The thread "${peer}" is gone; whether it did the last of what it was asked is not known.`,
    { peer },
  );
}

function detailOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Fields are for people: what cannot be cloned goes as text. */
function cloneable(fields: Fields): Fields {
  const clone = (value: unknown): unknown => {
    try {
      return structuredClone(value);
    } catch {
      // A function or a socket among the fields must not cost the asker his answer.
      return String(value);
    }
  };
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, clone(value)]));
}
