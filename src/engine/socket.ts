// A WebSocket as our rooms use it: `ws` on a real site, the simulated network on a virtual clock. Interfaces only.

/** An open WebSocket (RFC 6455). `ws` fits as it is; whoever implements it MUST keep its order: messages, then `close` once, nothing after. */
export interface MessageSocket {
  /** 1 while open, as in the WHATWG's WebSocket. */
  readonly readyState: number;
  /** Bytes that were given to `send` and have not left. */
  readonly bufferedAmount: number;
  on(event: 'message', listener: (data: { toString(): string }, isBinary: boolean) => void): unknown;
  on(event: 'ping' | 'pong', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'close', listener: (code: number, reason: { toString(): string }) => void): unknown;
  off(event: 'pong' | 'close', listener: () => void): unknown;
  send(text: string, done?: (error?: Error | null) => void): void;
  ping(): void;
  /** Leaves what comes unread, so that the peer is slowed. */
  pause(): void;
  resume(): void;
  close(code?: number, reason?: string): void;
  /** Cuts the line without the closing handshake. */
  terminate(): void;
}

/** `readyState` of an open socket. */
export const SOCKET_OPEN = 1;

export type DialTarget = {
  /** ws:// or wss://, identity included. */
  readonly url: string;
  /** Empty: the header is left out. */
  readonly subprotocol: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly handshakeTimeoutMs: number;
};

/** What became of one attempt: exactly one of the two is called, unless the attempt was given up before. */
export type DialOutcome = {
  /** In the turn in which it opened: no message has been missed yet. */
  readonly opened: (socket: MessageSocket) => void;
  /** `status`: the HTTP status with which the other side refused, when it gave one. */
  readonly failed: (trouble: string, status?: number) => void;
};

/** Begins to connect and returns at once; the returned function gives the attempt up and is without effect afterwards. */
export type Dial = (target: DialTarget, outcome: DialOutcome) => () => void;
