// The line of one simulated box to the network: how long its frames take, whether it is cut or silent, and what was dialled over it.

import type { Clock, Random } from '../engine/ports.ts';
import type { Dial, DialOutcome, DialTarget, MessageSocket } from '../engine/socket.ts';
import type { Carrier } from './virtual-lane.ts';
import { type Departure, VirtualSocket } from './virtual-socket.ts';

/** Connections over one line, attempts included; more are refused. */
export const MAX_CONNECTIONS = 4_096;
/** A frame that was lost is sent again after this long, and then after twice as long each time. */
const RETRANSMIT_MS = 200;
const MAX_RETRANSMISSIONS = 12;
/** A handshake is three journeys until the request is there: SYN, SYN-ACK, and the request itself. */
const JOURNEYS_TO_REQUEST = 3;

/** Somebody knocks: exactly one of `accept` and `refuse` is to be called, at once or later. */
export type Knock = {
  /** Path and query, such as `/ocpp/A`. */
  readonly path: string;
  readonly host: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Absent where the dialler names none. */
  readonly subprotocol?: string;
  /** Where it comes from: the line's name. */
  readonly address: string;
  /** The dialler has given up meanwhile. */
  readonly isGone: () => boolean;
  /** Opens our end in this turn. Where the dialler has given up, the socket closes by itself. */
  readonly accept: () => MessageSocket;
  /** `status`: an HTTP status. */
  readonly refuse: (status: number) => void;
};

export type Listener = {
  readonly onKnock: (knock: Knock) => void;
  readonly onAccepted: (socket: VirtualSocket) => void;
  readonly onGone: (socket: VirtualSocket) => void;
};

export type LineOptions = {
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly delayMs: number;
  readonly jitterMs: number;
  /** `down`: the box is there and nobody listens; `dark`: the box has no power. */
  readonly find: (host: string) => Listener | 'down' | 'dark';
};

type Attempt = { readonly fail: (trouble: string) => void; readonly giveUp: () => void };

export class VirtualLine implements Carrier {
  readonly #options: LineOptions;
  readonly #jitter: string;
  readonly #loss: string;
  readonly #sockets = new Set<VirtualSocket>();
  readonly #vanished = new Set<VirtualSocket>();
  readonly #attempts = new Set<Attempt>();
  readonly #losses = new Set<{ readonly part: number }>();
  #cuts = 0;
  #silences = 0;
  #slowedByMs = 0;

  constructor(options: LineOptions) {
    this.#options = options;
    // A stream of draws for each line: what happens on one must not move another.
    this.#jitter = `network.jitter ${options.name}`;
    this.#loss = `network.loss ${options.name}`;
  }

  get isSilent(): boolean {
    return this.#silences > 0;
  }

  /** The diallers' ends of the connections over this line, as long as one end takes them for open. */
  get sockets(): ReadonlySet<VirtualSocket> {
    return this.#sockets;
  }

  get attempts(): number {
    return this.#attempts.size;
  }

  /** Every frame takes this much longer. The returned function ends it; faults of a line may overlap. */
  slow(byMs: number): () => void {
    return once(
      () => (this.#slowedByMs += byMs),
      () => (this.#slowedByMs -= byMs),
    );
  }

  /**
   * This part of the frames is lost and sent again: those behind them wait, and in the end everything arrives in order or the line breaks.
   * The returned function ends it; of several the highest part counts.
   */
  lose(part: number): () => void {
    const loss = { part };
    return once(
      () => this.#losses.add(loss),
      () => this.#losses.delete(loss),
    );
  }

  /** Breaks every connection, tells both ends, and lets nobody dial. The returned function ends it. */
  cut(): () => void {
    const end = once(
      () => (this.#cuts += 1),
      () => (this.#cuts -= 1),
    );
    for (const socket of [...this.#sockets]) socket.breakLine();
    for (const attempt of [...this.#attempts]) attempt.fail('socket hang up');
    return end;
  }

  /**
   * Half-open: nothing arrives any more and nobody is told. The returned function ends it: what was sent meanwhile arrives then, as TCP sends
   * again what was not acknowledged, unless both ends have cut before.
   */
  silence(): () => void {
    return once(
      () => (this.#silences += 1),
      () => {
        this.#silences -= 1;
        if (!this.isSilent) for (const socket of [...this.#sockets]) socket.resumeLine();
      },
    );
  }

  /** The box that dials over this line is gone, and with it its ends; they hear nothing more. The next that is dialled shows that it is back. */
  abandon(how: Departure): void {
    for (const socket of [...this.#sockets]) if (socket.die(how) && how === 'vanished') this.#vanished.add(socket);
    for (const attempt of [...this.#attempts]) attempt.giveUp();
  }

  transitMs(): number {
    const { random, delayMs, jitterMs } = this.#options;
    let transitMs = delayMs + this.#slowedByMs;
    if (jitterMs > 0) transitMs += Math.floor(random.next(this.#jitter) * jitterMs);
    if (this.#losses.size === 0) return transitMs;
    let part = 0;
    for (const loss of this.#losses) part = Math.max(part, loss.part);
    for (let retries = 0; random.next(this.#loss) < part; retries++) {
      if (retries === MAX_RETRANSMISSIONS) return Number.POSITIVE_INFINITY;
      transitMs += RETRANSMIT_MS * 2 ** retries;
    }
    return transitMs;
  }

  /** Dials whoever listens under the URL's host. */
  readonly dial: Dial = (target, outcome) => {
    // A box that dials is there again: it resets what others still hold open to its former life.
    for (const socket of this.#vanished) socket.returned();
    this.#vanished.clear();
    return new Dialling(this, this.#options, target, outcome).giveUp;
  };

  /** For `Dialling` alone: keeps what is under way. False: too much is. */
  began(attempt: Attempt): boolean {
    if (this.#sockets.size + this.#attempts.size >= MAX_CONNECTIONS) return false;
    this.#attempts.add(attempt);
    return true;
  }

  decided(attempt: Attempt): void {
    this.#attempts.delete(attempt);
  }

  get isCut(): boolean {
    return this.#cuts > 0;
  }

  /** Makes the two ends of a connection over this line. */
  open(listener: Listener): { readonly near: VirtualSocket; readonly far: VirtualSocket } {
    const { clock } = this.#options;
    // Kept until both ends know that it is over: the line may still have to tell one of them.
    let openEnds = 2;
    const gone = () => {
      openEnds -= 1;
      if (openEnds === 0) this.#sockets.delete(near);
    };
    const near = new VirtualSocket(clock, gone);
    const far = new VirtualSocket(clock, () => {
      listener.onGone(far);
      gone();
    });
    VirtualSocket.join(clock, this, near, far);
    this.#sockets.add(near);
    listener.onAccepted(far);
    return { near, far };
  }
}

/** One attempt to connect, from the first packet to the word of the other side. */
class Dialling implements Attempt {
  readonly #line: VirtualLine;
  readonly #options: LineOptions;
  readonly #target: DialTarget;
  readonly #outcome: DialOutcome;
  readonly #cancelDeadline: () => void;
  #isDecided = false;
  #near: VirtualSocket | undefined;

  constructor(line: VirtualLine, options: LineOptions, target: DialTarget, outcome: DialOutcome) {
    this.#line = line;
    this.#options = options;
    this.#target = target;
    this.#outcome = outcome;
    const { clock } = options;
    this.#cancelDeadline = clock.timer('network.handshake', target.handshakeTimeoutMs, () =>
      this.fail('Opening handshake has timed out'),
    );
    const hasRoom = line.began(this);
    if (!hasRoom) this.#after(1, () => this.fail(`more than ${MAX_CONNECTIONS} connections over one line`));
    else if (line.isCut) this.#after(1, () => this.fail('connect ENETUNREACH'));
    else this.#after(JOURNEYS_TO_REQUEST, () => this.#knock());
  }

  readonly giveUp = (): void => {
    if (!this.#decide()) return;
    this.#near?.terminate();
  };

  fail(trouble: string, status?: number): void {
    if (!this.#decide()) return;
    this.#near?.terminate();
    this.#outcome.failed(trouble, status);
  }

  #decide(): boolean {
    if (this.#isDecided) return false;
    this.#isDecided = true;
    this.#cancelDeadline();
    this.#line.decided(this);
    return true;
  }

  /** Does `work` after so many journeys over the line, unless it is decided or nothing gets through by then. */
  #after(journeys: number, work: () => void): void {
    let delayMs = 0;
    for (let at = 0; at < journeys; at++) delayMs += this.#line.transitMs();
    // Nothing got through, and the deadline says so.
    if (delayMs === Number.POSITIVE_INFINITY) return;
    this.#options.clock.timer('network.dial', delayMs, () => {
      if (!this.#isDecided && !this.#line.isSilent) work();
    });
  }

  #knock(): void {
    const [, host = '', path = '/'] = /^wss?:\/\/([^/?#]+)([/?].*)?$/.exec(this.#target.url) ?? [];
    const listener = this.#options.find(host);
    if (listener === 'dark') return;
    if (listener === 'down') {
      this.#after(1, () => this.fail(`connect ECONNREFUSED ${host}`));
      return;
    }
    const { headers, subprotocol } = this.#target;
    listener.onKnock({
      host,
      path,
      address: this.#options.name,
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
      ...(subprotocol === '' ? {} : { subprotocol }),
      isGone: () => this.#isDecided,
      accept: () => this.#accept(listener, host),
      refuse: (status) => this.#after(1, () => this.fail(`Unexpected server response: ${status}`, status)),
    });
  }

  #accept(listener: Listener, host: string): MessageSocket {
    const { near, far } = this.#line.open(listener);
    if (this.#isDecided) {
      near.terminate();
      return far;
    }
    if (this.#options.find(host) !== listener) far.die('closed');
    this.#near = near;
    near.on('close', () => this.fail('socket hang up'));
    far.announce(() => {
      if (this.#decide()) this.#outcome.opened(near);
    });
    return far;
  }
}

/** Begins something now; the returned function ends it, once. */
function once(begin: () => unknown, end: () => unknown): () => void {
  let isOver = false;
  begin();
  return () => {
    if (isOver) return;
    isOver = true;
    end();
  };
}
