// One station's socket to upstream under the station's own identity: opens, authenticates, watches, backs off; it must never pass
// upstream's trouble on to the station.

import { WebSocket } from 'ws';
import type { StationId } from '../core/model/units.ts';
import type { IncomingCall, Surroundings } from '../engine/ports.ts';
import { MAX_FRAGMENTS, MAX_PAYLOAD_BYTES, RpcConnection } from '../ocpp/rpc/connection.ts';
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
  #socket: WebSocket | undefined;
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
    const socket = this.#socket;
    this.#socket = undefined;
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection) {
      this.#options.onLost();
      connection.close(1000, 'the station has disconnected');
    } else socket?.terminate();
    this.#decided();
    this.#setState('none');
    await Promise.allSettled([...this.#closing]);
  }

  /** The connection, waiting for a handshake that is under way, but for no longer than `deadlineMs`; never for a back-off. */
  async whenOpen(deadlineMs: number): Promise<RpcConnection | undefined> {
    if (this.connection || !this.#socket) return this.connection;
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
    const socket = new WebSocket(`${url.replace(/\/+$/, '')}/${encodeURIComponent(station)}`, [SUBPROTOCOL], {
      headers,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      maxPayload: MAX_PAYLOAD_BYTES,
      maxFragments: MAX_FRAGMENTS,
    });
    this.#socket = socket;
    let status: number | undefined;
    let trouble = '';
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    this.#closing.add(closed);
    void closed.then(() => this.#closing.delete(closed));
    socket.once('unexpected-response', (_request, response) => {
      status = response.statusCode;
      response.destroy();
      socket.terminate();
    });
    socket.on('error', (error) => {
      trouble ||= error.message;
    });
    socket.once('open', () => {
      if (this.#socket === socket) this.#onOpened(socket, surroundings.clock.now());
      else socket.terminate();
    });
    socket.once('close', () => {
      // Once open, the connection tells of its end itself.
      if (this.#socket === socket && !this.#connection) this.#onFailed(status, trouble);
    });
  }

  #onOpened(socket: WebSocket, openedAt: number): void {
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
    this.#connection = connection;
    this.#refusedWith = undefined;
    surroundings.log.info('upstream.connected', { station });
    this.#options.onOpen(connection);
    this.#setState('connected');
    this.#decided();
    void this.#watch(connection);
  }

  #onFailed(status: number | undefined, trouble: string): void {
    const { surroundings, station } = this.#options;
    this.#socket = undefined;
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
