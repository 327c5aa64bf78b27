// The operator's back end on a socket of this machine: lets every station in that speaks OCPP 1.6, and hands it to the simulated CSMS.

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { AppError } from '../engine/app-error.ts';
import type { SimulatedCsms } from './csms.ts';

export class CsmsServer {
  readonly #csms: SimulatedCsms;
  #server: Server | undefined;

  constructor(csms: SimulatedCsms) {
    this.#csms = csms;
  }

  /** Listens on loopback under /ocpp/<identity>; port 0 takes a free one. Resolves with the port; rejects with SIMULATOR_LISTEN. */
  start(port: number): Promise<number> {
    const server = createServer((_request, response) => response.writeHead(404).end());
    const sockets = new WebSocketServer({
      noServer: true,
      handleProtocols: (offered) => (offered.has('ocpp1.6') ? 'ocpp1.6' : false),
    });
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (!this.#csms.isUp) {
        socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      sockets.handleUpgrade(request, socket, head, (webSocket) =>
        this.#csms.welcome(identityOf(request.url ?? ''), webSocket),
      );
    });
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
    this.#csms.cutAll();
    return new Promise((resolve) => {
      if (!server) return resolve();
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }
}

const identityOf = (url: string) => decodeURIComponent(url.split('/').at(-1) ?? '');
