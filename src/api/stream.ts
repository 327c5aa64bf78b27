// The live stream: one server-sent event per cycle to a bounded number of listeners; a slow one gets the newest only and holds up nobody.

import type { ServerResponse } from 'node:http';
import type { StateView } from '../core/model/state-view.ts';
import type { Instant } from '../core/model/units.ts';
import type { Clock, Log } from '../engine/ports.ts';

/** Browsers and programs that may listen at once; one more is refused. */
export const MAX_STREAM_CLIENTS = 20;
/** A listener that has not taken its last event for this long is cut off. */
export const STALLED_CLIENT_MS = 30_000;
/** What a browser waits before it comes back. */
const RETRY_MS = 2_000;

/** A state, written out once for all listeners; its age is added when it leaves. */
export type StreamEvent = { readonly id: string; readonly json: string; readonly madeAt: Instant };

type Client = {
  readonly response: ServerResponse;
  /** Present while the socket takes no more. */
  blockedSince?: Instant | undefined;
  /** The newest event that waits for the socket; an older one is replaced. */
  pending?: StreamEvent | undefined;
};

export class Stream {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #clients = new Set<Client>();
  #skippedEvents = 0;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  get size(): number {
    return this.#clients.size;
  }

  get isFull(): boolean {
    return this.#clients.size >= MAX_STREAM_CLIENTS;
  }

  /** Events that slow listeners did not get, since the start. */
  get skippedEvents(): number {
    return this.#skippedEvents;
  }

  /** Takes over a response whose head is written. MUST not be called while the stream is full. */
  add(response: ServerResponse, first: StreamEvent | undefined): void {
    const client: Client = { response };
    this.#clients.add(client);
    response.on('close', () => this.#clients.delete(client));
    // A reset by the peer is the end of this listener and of nothing else; 'close' follows.
    response.on('error', () => response.destroy());
    // The stream is silent for as long as the controller is: somebody who listens to 'timeout' keeps the server from closing idle sockets.
    response.on('timeout', () => {});
    response.on('drain', () => this.#unblock(client));
    response.write(`retry: ${RETRY_MS}\n\n`);
    if (first) this.#send(client, first);
  }

  /** Hands the event to every listener; never waits. */
  publish(event: StreamEvent): void {
    for (const client of this.#clients) this.#send(client, event);
  }

  /** Ends every listener. */
  close(): void {
    for (const client of this.#clients) client.response.destroy();
    this.#clients.clear();
  }

  #send(client: Client, event: StreamEvent): void {
    if (client.blockedSince !== undefined) {
      if (client.pending) this.#skippedEvents++;
      client.pending = event;
      if (this.#clock.now() - client.blockedSince < STALLED_CLIENT_MS) return;
      this.#log.info('api.stream-stalled', { blockedMs: this.#clock.now() - client.blockedSince });
      client.response.destroy();
      this.#clients.delete(client);
      return;
    }
    if (!client.response.write(frame(event, this.#clock.now()))) client.blockedSince = this.#clock.now();
  }

  #unblock(client: Client): void {
    const { pending } = client;
    client.blockedSince = undefined;
    client.pending = undefined;
    if (pending) this.#send(client, pending);
  }
}

/** Writes a state out once. */
export function toStreamEvent(state: StateView, madeAt: Instant): StreamEvent {
  return { id: state.id, json: JSON.stringify(state), madeAt };
}

/** The event's bytes; JSON holds no raw line break, so one data line is enough. */
function frame(event: StreamEvent, now: Instant): string {
  const ageMs = Math.max(0, now - event.madeAt);
  return `id: ${event.id}\nevent: cycle\ndata: {"ageMs":${ageMs},${event.json.slice(1)}\n\n`;
}
