// Bounds what strangers can hold at the door: so many are looked after at a time, the others wait unread in a line of bounded length.
// A herd of honest stations is served one after the other, and a crowd of silent callers costs a file descriptor each and no more.

import type { Socket } from 'node:net';
import type { Surroundings } from '../engine/ports.ts';

/** Sockets of one address that are looked after and not authenticated yet; stations that are do not count, a router may hide thousands. */
export const MAX_STRANGERS_PER_ADDRESS = 32;
/** The same over all addresses: handshakes that run at once delay each other, and beyond this some would miss their deadline. */
export const MAX_STRANGERS = 128;
/** How long one may wait for its turn; a station that was not served by then has given up and dials again. */
export const WAITING_DEADLINE_MS = 60_000;
/** The line is never shorter than this, however small the site. */
export const LEAST_WAITING = 64;

export type StrangerLineOptions = {
  readonly surroundings: Surroundings;
  /** Sockets that may wait; with one more, the last of the longest line is reset. */
  readonly maxWaiting: number;
  /** From the turn of a socket until it must be welcome, else it is destroyed. */
  readonly deadlineMs: number;
  /** Called when it is the socket's turn. */
  readonly onTurn: (socket: Socket) => void;
};

type Place = { readonly address: string; readonly cancel: () => void; holdsPlace: boolean };
type Waiting = { readonly socket: Socket; readonly cancel: () => void };
type Line = { served: number; readonly waiting: Waiting[] };

export class StrangerLine {
  readonly #options: StrangerLineOptions;
  /** By address; the one whose turn was the longest ago comes first, so that a crowd at one address holds up no other. */
  readonly #lines = new Map<string, Line>();
  readonly #places = new Map<string, Place>();
  #served = 0;
  #waiting = 0;
  #turnedAway = 0;

  constructor(options: StrangerLineOptions) {
    this.#options = options;
  }

  /** Takes a socket nothing was read from yet. */
  arrived(socket: Socket): void {
    const { surroundings, maxWaiting } = this.#options;
    const { remoteAddress: address } = socket;
    // Gone before it was looked at.
    if (address === undefined) {
      socket.destroy();
      return;
    }
    const line = this.#lines.get(address) ?? { served: 0, waiting: [] };
    if (this.#served < MAX_STRANGERS && line.served < MAX_STRANGERS_PER_ADDRESS && line.waiting.length === 0) {
      this.#serve(address, line, socket);
      return;
    }
    if (this.#waiting >= maxWaiting && !this.#makeRoomFor(line)) {
      this.#turnAway(address, socket);
      return;
    }
    this.#lines.set(address, line);
    this.#waiting += 1;
    const leave = () => {
      const at = line.waiting.findIndex((one) => one.socket === socket);
      if (at < 0) return;
      line.waiting.splice(at, 1)[0]!.cancel();
      this.#left(address, line);
    };
    const cancel = surroundings.clock.timer('ocpp.waiting', WAITING_DEADLINE_MS, () => {
      leave();
      socket.resetAndDestroy();
    });
    socket.once('close', leave);
    line.waiting.push({ socket, cancel });
  }

  /** The line is full: who came last of the longest goes, unless the newcomer would then be that. */
  #makeRoomFor(newcomers: Line): boolean {
    let [longestAt, longest] = ['', newcomers];
    for (const [address, line] of this.#lines)
      if (line.waiting.length > longest.waiting.length) [longestAt, longest] = [address, line];
    if (longest.waiting.length <= newcomers.waiting.length + 1) return false;
    const { socket, cancel } = longest.waiting.pop()!;
    cancel();
    this.#waiting -= 1;
    this.#turnAway(longestAt, socket);
    return true;
  }

  #turnAway(address: string, socket: Socket): void {
    this.#turnedAway += 1;
    if (this.#turnedAway === 1)
      this.#options.surroundings.log.warn('ocpp.too-many-strangers', { address, waiting: this.#waiting });
    socket.resetAndDestroy();
  }

  /** The socket's owner is known now: it makes room for the next, and must still be welcome before its deadline. */
  known(socket: Peer): void {
    const place = this.#places.get(peerOf(socket));
    if (!place?.holdsPlace) return;
    place.holdsPlace = false;
    this.#served -= 1;
    const line = this.#lines.get(place.address);
    if (line) {
      line.served -= 1;
      this.#forgetEmpty(place.address, line);
    }
    this.#serveNext();
  }

  /** The socket is a station's link now: it has no deadline any more. */
  welcome(socket: Peer): void {
    this.known(socket);
    const peer = peerOf(socket);
    this.#places.get(peer)?.cancel();
    this.#places.delete(peer);
  }

  #serve(address: string, line: Line, socket: Socket): void {
    const { surroundings, deadlineMs, onTurn } = this.#options;
    // Moved to the end: the others are next.
    this.#lines.delete(address);
    this.#lines.set(address, line);
    line.served += 1;
    this.#served += 1;
    const peer = peerOf(socket);
    const cancel = surroundings.clock.timer('ocpp.upgrade', deadlineMs, () => socket.destroy());
    const place: Place = { address, cancel, holdsPlace: true };
    this.#places.set(peer, place);
    socket.once('close', () => {
      // Where the machine has given the port to another socket since, the place is that one's.
      if (this.#places.get(peer) === place) this.welcome(peer);
    });
    onTurn(socket);
  }

  #serveNext(): void {
    while (this.#served < MAX_STRANGERS && this.#waiting > 0) {
      const next = this.#nextLine();
      if (!next) return;
      const [address, line] = next;
      const { socket, cancel } = line.waiting.shift()!;
      cancel();
      this.#left(address, line);
      if (!socket.destroyed) this.#serve(address, line, socket);
    }
  }

  #nextLine(): readonly [string, Line] | undefined {
    for (const entry of this.#lines)
      if (entry[1].waiting.length > 0 && entry[1].served < MAX_STRANGERS_PER_ADDRESS) return entry;
    return undefined;
  }

  /** One waits no longer in `line`. */
  #left(address: string, line: Line): void {
    this.#waiting -= 1;
    this.#forgetEmpty(address, line);
    if (this.#waiting > 0 || this.#turnedAway === 0) return;
    this.#options.surroundings.log.warn('ocpp.strangers-turned-away', { count: this.#turnedAway });
    this.#turnedAway = 0;
  }

  #forgetEmpty(address: string, line: Line): void {
    if (line.served === 0 && line.waiting.length === 0) this.#lines.delete(address);
  }
}

/** A connection by its far end: the socket that TLS wraps and the one it is wrapped in have the same. */
export type Peer = string | { readonly remoteAddress?: string | undefined; readonly remotePort?: number | undefined };

function peerOf(peer: Peer): string {
  return typeof peer === 'string' ? peer : `${peer.remoteAddress} ${peer.remotePort}`;
}
