// The operator's back end of the simulated site: a plain OCPP 1.6 central system that records what it got and can be taken down.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { StationId } from '../core/model/units.ts';
import { AppError } from '../engine/app-error.ts';
import type { Surroundings } from '../engine/ports.ts';
import { type Answered, RpcClient } from './rpc-client.ts';
import type { Payload } from './wire-v16.ts';

/** Messages remembered at most; the oldest go. */
export const MAX_RECORDED = 50_000;
/** Its own ids, far from ours, so that a mix-up shows. */
const FIRST_TRANSACTION_ID = 700_001;

export type Recorded = { readonly station: StationId; readonly action: string; readonly payload: Payload };

export class SimulatedCsms {
  readonly #surroundings: Surroundings;
  #server: Server | undefined;
  #stations = new Map<StationId, { readonly socket: WebSocket; readonly rpc: RpcClient }>();
  #recorded: Recorded[] = [];
  #nextTransactionId = FIRST_TRANSACTION_ID;
  #listeners: ((message: Recorded) => void)[] = [];

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** Everything received, oldest first. */
  get recorded(): readonly Recorded[] {
    return this.#recorded;
  }

  get connected(): readonly StationId[] {
    return [...this.#stations.keys()];
  }

  onMessage(listener: (message: Recorded) => void): void {
    this.#listeners.push(listener);
  }

  /** Listens on loopback under /ocpp/<identity>; port 0 takes a free one. Resolves with the port; rejects with SIMULATOR_LISTEN. */
  start(port: number): Promise<number> {
    const server = createServer((_request, response) => response.writeHead(404).end());
    const sockets = new WebSocketServer({
      server,
      handleProtocols: (offered) => (offered.has('ocpp1.6') ? 'ocpp1.6' : false),
    });
    sockets.on('connection', (socket, request) =>
      this.#welcome(decodeURIComponent(request.url?.split('/').at(-1) ?? ''), socket),
    );
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once('error', (cause) =>
        reject(
          new AppError(
            'SIMULATOR_LISTEN',
            `The simulated back end cannot listen on 127.0.0.1:${port}; stop what holds the port.`,
            { port },
            { cause },
          ),
        ),
      );
      server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    });
  }

  stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const { socket } of this.#stations.values()) socket.terminate();
    return new Promise((resolve) => {
      if (!server) return resolve();
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  /** Makes a CALL to a station through whoever stands in between. */
  call(station: StationId, action: string, payload: Payload): Promise<Answered> {
    return this.#stations.get(station)?.rpc.call(action, payload) ?? Promise.resolve({ ok: false, code: 'closed' });
  }

  #welcome(station: StationId, socket: WebSocket): void {
    const rpc = new RpcClient(socket, this.#surroundings.clock, this.#surroundings.random, (action, payload) =>
      this.#answer(station, action, payload),
    );
    this.#stations.get(station)?.socket.terminate();
    this.#stations.set(station, { socket, rpc });
    socket.on('error', (error) =>
      this.#surroundings.log.debug('simulator.csms-socket', { station, error: error.message }),
    );
    socket.on('close', () => {
      if (this.#stations.get(station)?.socket === socket) this.#stations.delete(station);
    });
  }

  #answer(station: StationId, action: string, payload: Payload): Payload | { readonly error: string } {
    const message = { station, action, payload };
    this.#recorded.push(message);
    if (this.#recorded.length > MAX_RECORDED) this.#recorded.shift();
    for (const listener of this.#listeners) listener(message);
    const currentTime = new Date(this.#surroundings.clock.wall()).toISOString();
    switch (action) {
      case 'BootNotification':
        return { status: 'Accepted', currentTime, interval: 300 };
      case 'Heartbeat':
        return { currentTime };
      case 'Authorize':
        return { idTagInfo: { status: 'Accepted' } };
      case 'StartTransaction':
        return { transactionId: this.#nextTransactionId++, idTagInfo: { status: 'Accepted' } };
      case 'StopTransaction':
      case 'MeterValues':
      case 'StatusNotification':
        return {};
      case 'DataTransfer':
        return { status: 'UnknownVendorId' };
      default:
        return { error: 'NotImplemented' };
    }
  }
}
