// The door for stations: HTTP upgrade, identity, password, subprotocol; it lets nobody in that it does not know, and tells nobody why.

import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Station, StationsListen } from '../core/model/site.ts';
import type { StationId } from '../core/model/units.ts';
import { AppError } from '../engine/app-error.ts';
import type { Surroundings } from '../engine/ports.ts';
import type { MessageSocket } from '../engine/socket.ts';
import { credentialsFrom, identityFrom, isKeyRight, isOriginAllowed } from './handshake.ts';
import { MAX_FRAGMENTS, MAX_PAYLOAD_BYTES } from './rpc/connection.ts';
import { LEAST_WAITING, StrangerLine } from './stranger-line.ts';
import { certifiedName, readTls } from './tls.ts';
import { UpgradeGuard } from './upgrade-guard.ts';

/** From a socket's turn at the door, at once for most, to the end of the upgrade; TLS included. */
export const UPGRADE_DEADLINE_MS = 10_000;
export const MAX_HEADER_BYTES = 16 * 1024;
export const MAX_HEADERS = 100;
/** Connections that the machine may hold before we have taken them; Linux allows as many since 5.4. */
const LISTEN_BACKLOG = 4_096;
/** Taken for granted where a model is known to name none. */
const UNNAMED_SUBPROTOCOL = 'ocpp1.6';

export type DoorOptions = {
  readonly surroundings: Surroundings;
  readonly listen: StationsListen;
  /** How many stations may come at once; twice as many sockets may wait for their turn. */
  readonly stationCount: number;
  readonly find: (identity: StationId) => Station | undefined;
  /** Called once the station is authenticated and before it is told so; may take its time to look after an older connection. */
  readonly beforeWelcome: (station: Station) => Promise<void>;
  /** The subprotocols that are spoken with a station, the highest first. */
  readonly spokenWith: (station: Station) => readonly string[];
  /** Called in the turn in which the socket opened. */
  readonly onStation: (station: Station, socket: MessageSocket, address: string, subprotocol: string) => void;
};

/** Deadlines are the line's: http keeps its own only for sockets that it has accepted itself. */
const HTTP_LIMITS = { maxHeaderSize: MAX_HEADER_BYTES } as const;

type Refusal = { readonly status: number; readonly text: string };
const REASONS: ReadonlyMap<number, string> = new Map([
  [400, 'Bad Request'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [431, 'Request Header Fields Too Large'],
  [503, 'Service Unavailable'],
]);

/** Where stations come in: the network of this machine, or a simulated one. */
export interface Door {
  /** Opens it; rejects with `OCPP_LISTEN` when that is not possible. */
  start(): Promise<void>;
  /** Lets nobody in any more and cuts every socket that is left. */
  stop(): Promise<void>;
  /** Where stations are served; MUST be started. */
  address(): { readonly port: number };
}

export class StationDoor implements Door {
  readonly #options: DoorOptions;
  /** Takes the connections, and hands each to `#http` when it is its turn. */
  readonly #tcp: Server;
  readonly #http: ReturnType<typeof createHttpServer> | ReturnType<typeof createHttpsServer>;
  readonly #webSockets: WebSocketServer;
  readonly #guard: UpgradeGuard;
  readonly #line: StrangerLine;
  readonly #sockets = new Set<Socket>();
  /** Who upgrades, from the judgement to the handshake. */
  readonly #upgrading = new WeakMap<IncomingMessage, Station>();

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#guard = new UpgradeGuard(options.surroundings);
    this.#line = new StrangerLine({
      surroundings: options.surroundings,
      maxWaiting: Math.max(LEAST_WAITING, 2 * options.stationCount),
      deadlineMs: UPGRADE_DEADLINE_MS,
      onTurn: (socket) => {
        this.#http.emit('connection', socket);
        socket.resume();
      },
    });
    const { tls } = options.listen;
    this.#http = tls ? this.#serveTls(tls.clientCaFile !== undefined) : createHttpServer(HTTP_LIMITS);
    this.#http.maxHeadersCount = MAX_HEADERS + 1;
    // Half-open is what http expects of its sockets; TLS has its own word for the end.
    this.#tcp = createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: tls === undefined });
    this.#webSockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: MAX_PAYLOAD_BYTES,
      maxFragments: MAX_FRAGMENTS,
      perMessageDeflate: false,
      handleProtocols: (offered, request) => this.#choose(offered, request) ?? false,
    });
    this.#tcp.on('connection', (socket) => this.#onConnection(socket));
    // Plain HTTP has nothing to ask here.
    this.#http.on('request', (_request, response) => {
      response.writeHead(404, { connection: 'close' }).end();
    });
    this.#http.on('upgrade', (request, socket, head) => void this.#onUpgrade(request, socket, head));
  }

  /** Listens; rejects with `OCPP_LISTEN` when the address is taken or not ours, with `OCPP_TLS_FILES` when the certificate cannot be shown. */
  async start(): Promise<void> {
    const { host, port, tls } = this.#options.listen;
    if (tls && 'setSecureContext' in this.#http) this.#http.setSecureContext(readTls(tls));
    await new Promise<void>((resolve, reject) => {
      this.#tcp.once('error', (cause: Error) => {
        const text = `stations cannot be served on ${host}:${port}: ${cause.message}; choose another listen.stations or stop whoever uses it`;
        reject(new AppError('OCPP_LISTEN', text, { host, port }, { cause }));
      });
      this.#tcp.listen(port, host, LISTEN_BACKLOG, resolve);
    });
  }

  address(): AddressInfo {
    return this.#tcp.address() as AddressInfo;
  }

  /** Stops listening and cuts every socket that is left; the owner closes its stations' links before. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      if (this.#tcp.listening) this.#tcp.close(() => resolve());
      else resolve();
    });
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #onConnection(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    // Its close follows, and tells whoever has the socket by then; one that waits must not end the process.
    socket.on('error', () => {});
    this.#line.arrived(socket);
  }

  #serveTls(isAskingForCertificates: boolean): ReturnType<typeof createHttpsServer> {
    const server = createHttpsServer({
      ...HTTP_LIMITS,
      handshakeTimeout: UPGRADE_DEADLINE_MS,
      requestCert: isAskingForCertificates,
      rejectUnauthorized: true,
    });
    server.on('tlsClientError', (error: Error & { code?: string }, socket) =>
      this.#log('ocpp.tls-refused', { address: socket.remoteAddress, code: error.code, error: error.message }),
    );
    return server;
  }

  async #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const address = request.socket.remoteAddress ?? 'unknown';
    socket.on('error', (error) => this.#log('ocpp.upgrade-error', { address, error: error.message }));
    const judged = this.#judge(request, address);
    if ('status' in judged) {
      await this.#guard.delayAfterFailure(address);
      refuse(socket, judged);
      return;
    }
    this.#line.known(request.socket);
    try {
      await this.#options.beforeWelcome(judged);
      if (socket.destroyed) return;
      this.#upgrading.set(request, judged);
      this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => this.#welcome(judged, webSocket, request));
    } catch (error) {
      this.#log('ocpp.upgrade-failed', { address, error: String(error) });
      socket.destroy();
    }
  }

  #judge(request: IncomingMessage, address: string): Station | Refusal {
    const { headers, method, url = '' } = request;
    if (method !== 'GET') return { status: 400, text: 'method' };
    if (request.rawHeaders.length / 2 > MAX_HEADERS) return { status: 431, text: 'headers' };
    if (!isOriginAllowed(headers.origin, headers.host)) return { status: 403, text: 'origin' };
    const identity = identityFrom(url);
    if (identity === undefined) return { status: 404, text: 'identity' };
    const isCertified = this.#options.listen.tls?.clientCaFile !== undefined;
    if (isCertified && certifiedName(request.socket) !== identity) {
      this.#guard.failed(address, identity);
      this.#log('ocpp.refused', { address, identity, certificate: certifiedName(request.socket) });
      return { status: 403, text: 'certificate' };
    }
    const station = this.#options.find(identity);
    const credentials = credentialsFrom(headers.authorization);
    const isRight = isKeyRight(identity, credentials?.key, station?.keySha256);
    const isOwnName = credentials?.user.equals(Buffer.from(identity)) === true;
    // A certificate of its own proves enough; a key that the site file states is asked for all the same.
    const needsKey = !isCertified || station?.keySha256 !== undefined;
    if (station !== undefined && (!needsKey || (isRight && isOwnName))) return station;
    this.#guard.failed(address, identity);
    this.#log('ocpp.refused', {
      address,
      identity,
      isKnown: station !== undefined,
      hasCredentials: credentials !== undefined,
    });
    return station === undefined ? { status: 404, text: 'identity' } : { status: 401, text: 'credentials' };
  }

  #welcome(station: Station, webSocket: WebSocket, request: IncomingMessage): void {
    this.#line.welcome(request.socket);
    const address = request.socket.remoteAddress ?? 'unknown';
    const asked = request.headers['sec-websocket-protocol'];
    const spoken = this.#options.spokenWith(station);
    const isNamed = spoken.includes(webSocket.protocol);
    const mayOmit = asked === undefined && station.profile.quirks.includes('no-subprotocol');
    if (!isNamed && !(mayOmit && spoken.includes(UNNAMED_SUBPROTOCOL))) {
      // OCPP-J 1.6 §3.2, 2.x Part 4 §3.3: complete the handshake without the header, then close at once.
      this.#log('ocpp.no-subprotocol', { station: station.id, asked: asked?.slice(0, 80), spoken });
      webSocket.on('error', () => webSocket.terminate());
      webSocket.close(1002, `only ${spoken.join(' and ')} is spoken here`);
      return;
    }
    this.#options.onStation(station, webSocket, address, isNamed ? webSocket.protocol : UNNAMED_SUBPROTOCOL);
  }

  /** The highest that both speak. */
  #choose(offered: ReadonlySet<string>, request: IncomingMessage): string | undefined {
    const station = this.#upgrading.get(request);
    return station && this.#options.spokenWith(station).find((subprotocol) => offered.has(subprotocol));
  }

  #log(event: string, fields: Readonly<Record<string, unknown>>): void {
    this.#options.surroundings.log.warn(event, fields);
  }
}

function refuse(socket: Duplex, { status }: Refusal): void {
  const challenge = status === 401 ? 'WWW-Authenticate: Basic realm="OCPP"\r\n' : '';
  socket.end(
    `HTTP/1.1 ${status} ${REASONS.get(status) ?? ''}\r\n${challenge}Connection: close\r\nContent-Length: 0\r\n\r\n`,
  );
}
