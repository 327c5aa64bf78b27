// The store as seen from another thread: the same ports, each call a request over the line; a store that is down answers with an error.

import { AppError } from '../engine/app-error.ts';
import type { AuditEntry, ControlStore, GatewayStore, JournalPort, Log } from '../engine/ports.ts';
import type { ThreadPort } from '../system/thread-port.ts';
import { type ControlToStore, GATEWAY_STORE_METHODS, type GatewayToStore, type Nothing } from './thread-protocol.ts';

/** A durable write takes milliseconds on a sound disk; after this the disk is in trouble and the asker must know. */
export const STORE_DEADLINE_MS = 10_000;

/** One end of a line that may be replaced when the peer's thread is started again. */
export class Line<Port> {
  #port: Port | undefined;
  readonly #peer: string;

  constructor(peer: string) {
    this.#peer = peer;
  }

  attach(port: Port): void {
    this.#port = port;
  }

  detach(): void {
    this.#port = undefined;
  }

  /** @throws AppError THREAD_GONE while there is no peer */
  get(): Port {
    if (!this.#port)
      throw new AppError('THREAD_GONE', `The ${this.#peer} thread is being started again; try again in a moment.`, {
        peer: this.#peer,
      });
    return this.#port;
  }

  find(): Port | undefined {
    return this.#port;
  }
}

export type ControlStoreLine = Line<ThreadPort<ControlToStore, Nothing>>;
export type GatewayStoreLine = Line<ThreadPort<GatewayToStore, Nothing>>;

/** The control room's store and journal over `line`. Posts that the line does not take are counted and told once a minute at most. */
export function remoteControlStore(
  line: ControlStoreLine,
  log: Log,
): ControlStore & JournalPort & { readonly audit: (entry: AuditEntry) => Promise<void> } {
  let dropped = 0;
  const post = (taken: 'sent' | 'full' | undefined, kind: string) => {
    if (taken === 'sent') {
      if (dropped > 0) log.info('store.taking-again', { dropped });
      dropped = 0;
      return;
    }
    // The cycle goes on: memory is only a shortcut for the next start, and the journal is no promise to anybody.
    dropped += 1;
    if (dropped === 1 || dropped % 60 === 0) log.warn('store.not-taking', { kind, dropped });
  };
  return {
    load: async () => line.get().request('load', null, { timeoutMs: STORE_DEADLINE_MS }),
    saveMemory: (memory) =>
      post(
        line.find()?.publishLatest('memory', 'memory', memory) === 'full' ? 'full' : line.find() ? 'sent' : undefined,
        'memory',
      ),
    saveCaps: async (caps) => {
      await line.get().request('saveCaps', caps, { timeoutMs: STORE_DEADLINE_MS });
    },
    saveWishes: async (wishes) => {
      await line.get().request('saveWishes', wishes, { timeoutMs: STORE_DEADLINE_MS });
    },
    append: (record) => post(line.find()?.post('journal', record), 'journal'),
    audit: async (entry) => {
      await line.get().request('audit', entry, { timeoutMs: STORE_DEADLINE_MS });
    },
  };
}

/** The gateway's store over `line`. */
export function remoteGatewayStore(line: GatewayStoreLine): GatewayStore {
  const ask =
    (method: keyof GatewayStore) =>
    async (...args: unknown[]) =>
      line.get().request(method, args as never, { timeoutMs: STORE_DEADLINE_MS });
  return Object.fromEntries(GATEWAY_STORE_METHODS.map((method) => [method, ask(method)])) as unknown as GatewayStore;
}
