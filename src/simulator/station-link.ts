// A simulated station's line to its central system: dials, dials again after a growing pause, and says when it is open. It knows no actions.

import type { Surroundings } from '../engine/ports.ts';
import { type Dial, type DialTarget, type MessageSocket, SOCKET_OPEN } from '../engine/socket.ts';
import { type OnCall, RpcClient } from './rpc-client.ts';

const RECONNECT_FIRST_MS = 500;
const RECONNECT_LONGEST_MS = 5_000;
export const HANDSHAKE_TIMEOUT_MS = 5_000;

export type LinkOptions = {
  readonly surroundings: Surroundings;
  readonly station: string;
  readonly dial: Dial;
  readonly target: Omit<DialTarget, 'handshakeTimeoutMs'>;
  readonly onCall: OnCall;
  /** In the turn in which the line opened. */
  readonly onOpen: () => void;
  readonly onLost: () => void;
};

export class StationLink {
  readonly #options: LinkOptions;
  readonly #messagePrefix: string;
  #messages = 0;
  #isWanted = false;
  #socket: MessageSocket | undefined;
  #rpc: RpcClient | undefined;
  #giveUp: (() => void) | undefined;
  #waitMs = RECONNECT_FIRST_MS;

  constructor(options: LinkOptions) {
    this.#options = options;
    // Ids differ between stations and between runs, and never repeat over reconnects.
    const draw = options.surroundings.random.next(`simulator.message ${options.station}`);
    this.#messagePrefix = Math.floor(draw * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  }

  /** The open line, if there is one. */
  get rpc(): RpcClient | undefined {
    return this.#socket?.readyState === SOCKET_OPEN ? this.#rpc : undefined;
  }

  /** Connects now, and from now on again and again. */
  open(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#waitMs = RECONNECT_FIRST_MS;
    this.#connect();
  }

  /** Cuts the line and stays away. */
  close(): void {
    this.#isWanted = false;
    this.#giveUp?.();
    this.#giveUp = undefined;
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = undefined;
    this.#rpc = undefined;
    socket.terminate();
    this.#options.onLost();
  }

  /** Drops the line as a cut cable would; it comes back by itself. */
  cut(): void {
    this.#socket?.terminate();
  }

  #connect(): void {
    const { dial, target, surroundings, station } = this.#options;
    this.#giveUp = dial(
      { ...target, handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS },
      {
        opened: (socket) => this.#onOpened(socket),
        failed: (trouble) => {
          surroundings.log.debug('simulator.socket', { station, error: trouble });
          this.#again();
        },
      },
    );
  }

  #onOpened(socket: MessageSocket): void {
    const { surroundings, station, onCall, onOpen, onLost } = this.#options;
    this.#giveUp = undefined;
    this.#waitMs = RECONNECT_FIRST_MS;
    this.#socket = socket;
    const nextId = () => `${this.#messagePrefix}-${++this.#messages}`;
    this.#rpc = new RpcClient(socket, surroundings.clock, nextId, onCall);
    socket.on('error', (error) => surroundings.log.debug('simulator.socket', { station, error: error.message }));
    socket.on('close', () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#rpc = undefined;
      onLost();
      this.#again();
    });
    onOpen();
  }

  #again(): void {
    if (!this.#isWanted) return;
    const { clock, random } = this.#options.surroundings;
    const waitMs = this.#waitMs * (0.5 + random.next(`simulator.reconnect ${this.#options.station}`));
    this.#waitMs = Math.min(RECONNECT_LONGEST_MS, this.#waitMs * 2);
    this.#giveUp = clock.timer('simulator.reconnect', Math.round(waitMs), () => this.#connect());
  }
}
