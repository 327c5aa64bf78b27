// One station's socket to upstream under the station's own identity: opens, authenticates, watches, backs off; it must never pass
// upstream's trouble on to the station.

import type { StationId } from '../core/model/units.ts';
import type { IncomingCall, Surroundings } from '../engine/ports.ts';
import type { Dial, MessageSocket } from '../engine/socket.ts';
import { RpcConnection } from '../ocpp/rpc/connection.ts';
import type { Reply } from '../ocpp/rpc/contract.ts';
import { backOffMs } from './back-off.ts';

/** How long upstream may take over one CALL; the slot stays taken as long, because upstream may refuse two at a time. */
export const CALL_TIMEOUT_MS = 30_000;
export const HANDSHAKE_TIMEOUT_MS = 10_000;
/** A link that lived as long was a good one: the next back-off starts from its least. */
export const GOOD_LINK_MS = 30_000;
export const PING_INTERVAL_MS = 60_000;
export const PONG_DEADLINE_MS = 10_000;
const SUBPROTOCOL = 'ocpp1.6';
/** HTTP answers that say: not you. */
const REFUSALS = [401, 403, 404];

export type LinkState = 'none' | 'connected' | 'down';

export type LinkOptions = {
  readonly surroundings: Surroundings;
  readonly station: StationId;
  /** ws:// or wss://; the percent-encoded identity is appended (OCPP-J 1.6 §3.1.1). */
  readonly url: string;
  readonly password?: string;
  readonly dial: Dial;
  readonly handle: (call: IncomingCall) => Promise<Reply>;
  /** In the turn in which the link opened: what it calls at once goes before everything else. */
  readonly onOpen: (connection: RpcConnection) => void;
  /** The link was open and is not any more. */
  readonly onLost: () => void;
  readonly onState: (state: LinkState) => void;
};

export class UpstreamLink {
  readonly #options: LinkOptions;
  #isWanted = false;
  /** Gives up the attempt under way; absent while none is. */
  #abandon: (() => void) | undefined;
  #connection: RpcConnection | undefined;
  #state: LinkState = 'none';
  #failures = 0;
  #refusedWith: number | undefined;
  #cancelRetry: (() => void) | undefined;
  #whenDecided = new Set<() => void>();
  readonly #closing = new Set<Promise<void>>();

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** The open connection, if there is one. */
  get connection(): RpcConnection | undefined {
    return this.#connection?.isOpen ? this.#connection : undefined;
  }

  /** The station is there: connect now and from now on again and again. Without effect when that is so already. */
  open(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#failures = 0;
    this.#setState('down');
    this.#connect();
  }

  /** The station is gone (OCPP 2.0.1 Part 4 §6.3). Resolves when the socket is closed, at the latest after its own deadline. */
  async close(): Promise<void> {
    this.#isWanted = false;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#abandon?.();
    this.#abandon = undefined;
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection) {
      this.#options.onLost();
      connection.close(1000, 'the station has disconnected');
    }
    this.#decided();
    this.#setState('none');
    await Promise.allSettled([...this.#closing]);
  }

  /** The connection, waiting for a handshake that is under way, but for no longer than `deadlineMs`; never for a back-off. */
  async whenOpen(deadlineMs: number): Promise<RpcConnection | undefined> {
    if (this.connection || !this.#abandon) return this.connection;
    await new Promise<void>((resolve) => {
      const done = () => {
        cancel();
        this.#whenDecided.delete(done);
        resolve();
      };
      const cancel = this.#options.surroundings.clock.timer('upstream.when-open', deadlineMs, done);
      this.#whenDecided.add(done);
    });
    return this.connection;
  }

  // ------------------------------------------------------------ one attempt

  #connect(): void {
    const { station, url, password, surroundings } = this.#options;
    const headers: Record<string, string> =
      password === undefined
        ? {}
        : { authorization: `Basic ${Buffer.from(`${station}:${password}`, 'utf8').toString('base64')}` };
    const target = {
      url: `${url.replace(/\/+$/, '')}/${encodeURIComponent(station)}`,
      subprotocol: SUBPROTOCOL,
      headers,
      handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
    };
    this.#abandon = this.#options.dial(target, {
      opened: (socket) => this.#onOpened(socket, surroundings.clock.now()),
      failed: (trouble, status) => this.#onFailed(status, trouble),
    });
  }

  #onOpened(socket: MessageSocket, openedAt: number): void {
    const { surroundings, station, handle } = this.#options;
    const connection = new RpcConnection(socket, {
      surroundings,
      name: `upstream of ${station}`,
      callTimeoutMs: CALL_TIMEOUT_MS,
      handle,
      onClose: (code, reason) => {
        if (this.#connection !== connection) return;
        this.#connection = undefined;
        if (surroundings.clock.now() - openedAt >= GOOD_LINK_MS) this.#failures = 0;
        this.#options.onLost();
        this.#onFailed(undefined, `closed with ${code} ${reason}`.trimEnd());
      },
    });
    this.#abandon = undefined;
    this.#connection = connection;
    this.#closing.add(connection.closed);
    void connection.closed.then(() => this.#closing.delete(connection.closed));
    this.#refusedWith = undefined;
    surroundings.log.info('upstream.connected', { station });
    this.#options.onOpen(connection);
    this.#setState('connected');
    this.#decided();
    void this.#watch(connection);
  }

  #onFailed(status: number | undefined, trouble: string): void {
    const { surroundings, station } = this.#options;
    this.#abandon = undefined;
    this.#failures += 1;
    const isRefused = status !== undefined && REFUSALS.includes(status);
    // Told once, not with every try: a person has to put the station's identity or password right at the operator's.
    if (isRefused && this.#refusedWith !== status) surroundings.log.error('upstream.refused', { station, status });
    else surroundings.log.warn('upstream.down', { station, trouble: status ?? trouble, failures: this.#failures });
    this.#refusedWith = isRefused ? status : undefined;
    const delayMs = backOffMs(this.#failures, isRefused, surroundings.random.next('upstream.back-off'));
    this.#cancelRetry = surroundings.clock.timer('upstream.reconnect', delayMs, () => this.#connect());
    this.#setState('down');
    this.#decided();
  }

  /** A line that was cut without a word is noticed by its missing pong. */
  async #watch(connection: RpcConnection): Promise<void> {
    const { surroundings, station } = this.#options;
    while (connection.isOpen) {
      const pause = new AbortController();
      this.#endPause = () => pause.abort();
      await surroundings.clock.sleep('upstream.ping', PING_INTERVAL_MS, pause.signal);
      if (!connection.isOpen || this.#connection !== connection) return;
      if (await connection.isAlive(PONG_DEADLINE_MS)) continue;
      surroundings.log.warn('upstream.no-pong', { station });
      connection.terminate();
      return;
    }
  }

  #endPause: (() => void) | undefined;

  #decided(): void {
    for (const done of [...this.#whenDecided]) done();
  }

  #setState(state: LinkState): void {
    if (state !== 'connected') this.#endPause?.();
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onState(state);
  }
}
