// A central system that does what the test says, frame by frame, and remembers every byte it got.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

export type GotCall = {
  readonly station: string;
  readonly messageId: string;
  readonly action: string;
  // biome-ignore lint/suspicious/noExplicitAny: payloads are the test's own.
  readonly payload: any;
  /** The whole frame as it came. */
  readonly text: string;
};
/** A payload, `{ error }` for a CALLERROR, or nothing at all. */
export type Said = Record<string, unknown> | { readonly error: string } | 'silence';

export const FIRST_UPSTREAM_ID = 900_001;

export class ScriptedCsms {
  readonly got: GotCall[] = [];
  /** Answers other than the ordinary ones, by action; `undefined` is the ordinary one. */
  say: (call: GotCall) => Said | undefined = () => undefined;
  /** When set, every handshake is answered with this HTTP status. */
  refuseWith: number | undefined;
  readonly authorizations: (string | undefined)[] = [];
  readonly #sockets = new Map<string, WebSocket>();
  readonly #watchers = new Set<() => void>();
  #server: Server | undefined;
  #port = 0;
  #nextId = FIRST_UPSTREAM_ID;
  #calls = 0;

  /** Listens, the second time on the port of the first. */
  async start(): Promise<this> {
    const server = createServer();
    const webSockets = new WebSocketServer({ noServer: true });
    server.on('upgrade', (request, socket, head) => {
      this.authorizations.push(request.headers.authorization);
      if (this.refuseWith !== undefined) {
        socket.end(`HTTP/1.1 ${this.refuseWith} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
        this.#look();
        return;
      }
      webSockets.handleUpgrade(request, socket, head, (webSocket) =>
        this.#welcome(decodeURIComponent(request.url!.split('/').at(-1)!), webSocket),
      );
    });
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    return this;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets.values()) socket.terminate();
    if (!server) return;
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}/ocpp`;
  }

  isConnected(station: string): boolean {
    return this.#sockets.has(station);
  }

  cut(station: string): void {
    this.#sockets.get(station)?.terminate();
  }

  actions(): string[] {
    return this.got.map(({ action }) => action);
  }

  of(action: string): GotCall[] {
    return this.got.filter((call) => call.action === action);
  }

  /** Resolves when what is asked for is so; looked at after every frame and handshake. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo())
      await new Promise<void>((resolve) => {
        const look = () => {
          this.#watchers.delete(look);
          resolve();
        };
        this.#watchers.add(look);
      });
  }

  /** A frame of the test's own making. */
  send(station: string, frame: readonly unknown[]): void {
    this.#sockets.get(station)!.send(JSON.stringify(frame));
  }

  /** Makes a CALL; resolves with the answering frame. `payload` as text is sent byte for byte. */
  call(
    station: string,
    action: string,
    payload: object | string,
    messageId = `down-${++this.#calls}`,
  ): Promise<unknown[]> {
    const socket = this.#sockets.get(station);
    if (!socket) throw new Error(`${station} is not connected`);
    return new Promise((resolve) => {
      const onMessage = (data: unknown) => {
        const frame = JSON.parse(String(data));
        if (frame[0] === 2 || frame[1] !== messageId) return;
        socket.off('message', onMessage);
        resolve(frame);
      };
      socket.on('message', onMessage);
      const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
      socket.send(`[2,${JSON.stringify(messageId)},${JSON.stringify(action)},${text}]`);
    });
  }

  #welcome(station: string, socket: WebSocket): void {
    this.#sockets.set(station, socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#sockets.get(station) === socket) this.#sockets.delete(station);
      this.#look();
    });
    socket.on('message', (data) => {
      const text = String(data);
      const [type, messageId, action, payload] = JSON.parse(text);
      if (type !== 2) return;
      const call = { station, messageId, action, payload, text };
      this.got.push(call);
      const said = this.say(call) ?? this.#ordinary(action);
      if (said === 'silence') this.#look();
      else if ('error' in said) socket.send(JSON.stringify([4, messageId, said.error, 'no', {}]));
      else socket.send(JSON.stringify([3, messageId, said]));
      this.#look();
    });
    this.#look();
  }

  #ordinary(action: string): Record<string, unknown> {
    if (action === 'BootNotification')
      return { status: 'Accepted', currentTime: new Date().toISOString(), interval: 42 };
    if (action === 'StartTransaction') return { transactionId: this.#nextId++, idTagInfo: { status: 'Accepted' } };
    if (action === 'Authorize') return { idTagInfo: { status: 'Accepted' } };
    if (action === 'Heartbeat') return { currentTime: new Date().toISOString() };
    if (action === 'DataTransfer') return { status: 'Accepted' };
    return {};
  }

  #look(): void {
    for (const look of [...this.#watchers]) look();
  }
}
