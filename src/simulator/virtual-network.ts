// The simulated network: boxes with a line each, listeners under an address, and WebSockets between them on the given clock alone.

import type { Clock, Random } from '../engine/ports.ts';
import type { QueueSize } from './truth.ts';
import { MAX_UNREAD_BYTES } from './virtual-lane.ts';
import { type Knock, type Listener, MAX_CONNECTIONS, VirtualLine } from './virtual-line.ts';
import type { Departure, VirtualSocket } from './virtual-socket.ts';

/** How long a frame takes on a sound line; each takes its own time between `delayMs` and `delayMs + jitterMs`. */
export type NetworkOptions = { readonly delayMs: number; readonly jitterMs: number };

const LAN: NetworkOptions = { delayMs: 2, jitterMs: 8 };

export type Listening = {
  /**
   * Takes no more knocks, and the ends that were accepted are gone with their owner, who hears nothing more. `closed`: the others are told,
   * and who dials is refused. `vanished`: nobody is told, and who dials hears nothing until somebody listens again.
   */
  readonly stop: (how: Departure) => void;
};

type Place = {
  listener: Listener | 'down' | 'dark';
  readonly sockets: Set<VirtualSocket>;
  readonly vanished: Set<VirtualSocket>;
};

export class VirtualNetwork {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #options: NetworkOptions;
  readonly #lines = new Map<string, VirtualLine>();
  readonly #places = new Map<string, Place>();

  /** `random` is asked under labels that name the line, so that lines do not disturb each other where its streams are apart. */
  constructor(clock: Clock, random: Random, options: NetworkOptions = LAN) {
    this.#clock = clock;
    this.#random = random;
    this.#options = options;
  }

  /** The line of the box with that name: dial over it, slow it, cut it. Made when it is first asked for. */
  line(name: string): VirtualLine {
    const known = this.#lines.get(name);
    if (known) return known;
    const line = new VirtualLine({
      name,
      clock: this.#clock,
      random: this.#random,
      ...this.#options,
      find: (host) => this.#places.get(host)?.listener ?? 'down',
    });
    this.#lines.set(name, line);
    return line;
  }

  /** Listens under `address`, which is the host of the URLs that are dialled (`ws://<address>/…`). Throws when somebody does already. */
  listen(address: string, onKnock: (knock: Knock) => void): Listening {
    const place: Place = this.#places.get(address) ?? { listener: 'down', sockets: new Set(), vanished: new Set() };
    if (typeof place.listener === 'object') throw new Error(`somebody listens under ${address} already`);
    this.#places.set(address, place);
    const listener: Listener = {
      onKnock,
      onAccepted: (socket) => place.sockets.add(socket),
      onGone: (socket) => place.sockets.delete(socket),
    };
    place.listener = listener;
    for (const socket of place.vanished) socket.returned();
    place.vanished.clear();
    return {
      stop: (how) => {
        if (place.listener !== listener) return;
        place.listener = how === 'closed' ? 'down' : 'dark';
        for (const socket of [...place.sockets]) if (socket.die(how) && how === 'vanished') place.vanished.add(socket);
      },
    };
  }

  /** What piles up, for the checker of bounds. */
  queues(): readonly QueueSize[] {
    let [unreadBytes, connections] = [0, 0];
    for (const line of this.#lines.values()) {
      connections = Math.max(connections, line.sockets.size + line.attempts);
      for (const socket of line.sockets) unreadBytes = Math.max(unreadBytes, socket.unreadBytes);
    }
    for (const { sockets } of this.#places.values())
      for (const socket of sockets) unreadBytes = Math.max(unreadBytes, socket.unreadBytes);
    return [
      { queue: 'network.unread-bytes', size: unreadBytes, bound: MAX_UNREAD_BYTES },
      { queue: 'network.connections', size: connections, bound: MAX_CONNECTIONS },
    ];
  }
}
