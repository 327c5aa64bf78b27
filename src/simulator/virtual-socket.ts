// One simulated WebSocket, both ends of it: frames that arrive later and in order, a peer that may not read, a line that may say nothing.
// Every step is a timer of the given clock; nothing ever happens in the turn in which it was asked for.

import type { Clock } from '../engine/ports.ts';
import { type MessageSocket, SOCKET_OPEN } from '../engine/socket.ts';
import { type Carrier, type Done, type Frame, Lane, sizeOf, WINDOW_BYTES } from './virtual-lane.ts';

/** How long the peer may take over the closing handshake, as in `ws`. */
export const CLOSE_TIMEOUT_MS = 30_000;
const NO_STATUS = 1005;
const ABNORMAL = 1006;
const CLOSING = 2;
const CLOSED = 3;

/** How an end dies: with its process, whose kernel closes the line, or with its box, which says nothing. */
export type Departure = 'closed' | 'vanished';

const PING: Frame = { kind: 'ping' };
const PONG: Frame = { kind: 'pong' };
const CUT: Frame = { kind: 'cut' };

type EventName = 'message' | 'ping' | 'pong' | 'error' | 'close';
type Listener = (...args: never[]) => void;

const noListeners = (): Record<EventName, readonly Listener[]> => ({
  message: [],
  ping: [],
  pong: [],
  error: [],
  close: [],
});

export class VirtualSocket implements MessageSocket {
  readonly #clock: Clock;
  readonly #onGone: () => void;
  #out!: Lane;
  #in!: Lane;
  #peer!: VirtualSocket;
  #state = SOCKET_OPEN;
  #isPaused = false;
  #unread: Frame[] = [];
  #cancelClose: (() => void) | undefined;
  /** `box-is-back`: what comes for a connection that nobody knows any more is answered with a reset. */
  #left: 'vanished' | 'asked-for' | 'box-is-back' | undefined;
  /** Replaced and never changed, so that a listener may be taken off while it is called. */
  #listeners = noListeners();

  /** `onGone` is called once, when this end is closed. */
  constructor(clock: Clock, onGone: () => void) {
    this.#clock = clock;
    this.#onGone = onGone;
  }

  /** Joins two new ends. */
  static join(clock: Clock, carrier: Carrier, near: VirtualSocket, far: VirtualSocket): void {
    near.#peer = far;
    far.#peer = near;
    near.#out = new Lane(clock, carrier, far);
    far.#out = new Lane(clock, carrier, near);
    near.#in = far.#out;
    far.#in = near.#out;
  }

  get readyState(): number {
    return this.#state;
  }

  get bufferedAmount(): number {
    return Math.max(0, this.#out.unreadBytes - WINDOW_BYTES);
  }

  /** Bytes that this end has sent and the other has not read. */
  get unreadBytes(): number {
    return this.#out.unreadBytes;
  }

  get framesUnderWay(): number {
    return this.#out.size;
  }

  on(event: EventName, listener: Listener): this {
    this.#listeners[event] = [...this.#listeners[event], listener];
    return this;
  }

  off(event: 'pong' | 'close', listener: Listener): this {
    this.#listeners[event] = this.#listeners[event].filter((one) => one !== listener);
    return this;
  }

  /** `done` is called when the frame has arrived, or with an error when it will not. */
  send(text: string, done?: Done): void {
    if (this.#state === SOCKET_OPEN) this.#write({ kind: 'text', text, done });
    else if (done) this.#clock.timer('network.send', 0, () => done(new Error('the socket is not open')));
  }

  ping(): void {
    if (this.#state === SOCKET_OPEN) this.#write(PING);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#unread.length > 0) this.#clock.timer('network.read', 0, () => this.#readOn());
  }

  /** The closing handshake (RFC 6455 §7.1.2); without an answer the line is cut after `CLOSE_TIMEOUT_MS`. */
  close(code: number = NO_STATUS, reason = ''): void {
    if (this.#state !== SOCKET_OPEN) return;
    this.#state = CLOSING;
    this.#write({ kind: 'close', code, reason });
    this.#cancelClose = this.#clock.timer('network.close', CLOSE_TIMEOUT_MS, () => this.terminate());
  }

  terminate(): void {
    if (this.#state === CLOSED) return;
    this.#write(CUT);
    this.#end(ABNORMAL, '', 'later');
  }

  /** The owner of this end is gone and hears nothing more; the other end is told by how it went. False: it was closed before. */
  die(how: Departure): boolean {
    if (this.#state === CLOSED) return false;
    if (how === 'closed') this.#write(CUT);
    else this.#left = this.#in.size > 0 ? 'asked-for' : 'vanished';
    this.#listeners = noListeners();
    this.#end(ABNORMAL, '', 'now');
    return true;
  }

  /** The box of this end, which had vanished, is there again: it resets what it does not know (RFC 9293 §3.10.7.1). */
  returned(): void {
    const wasAsked = this.#left === 'asked-for';
    this.#left = 'box-is-back';
    if (wasAsked) this.#write(CUT);
  }

  /** Both ends lose the line at once, and are told. */
  breakLine(): void {
    this.#end(ABNORMAL, '', 'later');
    this.#peer.#end(ABNORMAL, '', 'later');
  }

  /** The line is heard again after a silence, or gets through after a loss. */
  resumeLine(): void {
    this.#in.resume();
    this.#out.resume();
  }

  /** Puts `tell` in the order of what this end sends: it is called before all that is sent later arrives. */
  announce(tell: () => void): void {
    this.#write({ kind: 'open', tell });
  }

  take(frame: Frame): void {
    if (this.#state === CLOSED) {
      if (this.#left === 'box-is-back') this.#write(CUT);
      else if (this.#left === 'vanished') this.#left = 'asked-for';
    } else if (this.#isPaused) this.#unread.push(frame);
    else this.#read(frame);
  }

  #write(frame: Frame): void {
    if (!this.#out.send(frame)) this.breakLine();
  }

  #readOn(): void {
    while (!this.#isPaused && this.#state !== CLOSED) {
      const frame = this.#unread.shift();
      if (!frame) return;
      this.#read(frame);
    }
  }

  #read(frame: Frame): void {
    this.#in.unreadBytes -= sizeOf(frame);
    switch (frame.kind) {
      case 'text':
        frame.done?.();
        this.#emit('message', frame.text, false);
        break;
      case 'ping':
        this.#emit('ping');
        if (this.#state === SOCKET_OPEN) this.#write(PONG);
        break;
      case 'pong':
        this.#emit('pong');
        break;
      case 'open':
        frame.tell();
        break;
      case 'close':
        if (this.#state === SOCKET_OPEN) this.#write(frame);
        this.#end(frame.code, frame.reason, 'now');
        break;
      case 'cut':
        this.#end(ABNORMAL, '', 'now');
    }
  }

  #end(code: number, reason: string, when: 'now' | 'later'): void {
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    this.#cancelClose?.();
    this.#unread = [];
    this.#in.drop();
    this.#onGone();
    if (when === 'now') this.#emit('close', code, reason);
    else this.#clock.timer('network.closed', 0, () => this.#emit('close', code, reason));
  }

  #emit(event: EventName, ...args: unknown[]): void {
    for (const listener of this.#listeners[event]) (listener as (...args: unknown[]) => void)(...args);
  }
}
