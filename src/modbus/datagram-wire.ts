// UDP as a wire: a socket of its own with one peer; disorder ends it, and the next has another port, where nothing late arrives.

import { createSocket, type Socket } from 'node:dgram';
import { openWithin, type Wire, type WireOpening } from './wire.ts';

export class DatagramWire implements Wire {
  readonly #socket: Socket;
  readonly isKept = false;
  #isOpen = true;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Resolves the name and binds; a peer that is not there shows at the first request. Throws METER_CONNECT. */
  static async open(opening: WireOpening, { host, port }: { readonly host: string; readonly port: number }) {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    let isClosed = false;
    const close = () => {
      if (!isClosed) socket.close();
      isClosed = true;
    };
    await openWithin(
      opening,
      (done) => {
        socket.on('error', done);
        // Connected: the kernel drops what others send.
        socket.connect(port, host, (error?: Error) => done(error));
      },
      close,
    );
    return new DatagramWire(socket);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  send(bytes: Buffer): void {
    this.#socket.send(bytes);
  }

  flush(): void {
    // What waits in the kernel dies with the socket.
  }

  destroy(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#socket.close();
  }

  listen(onBytes: (bytes: Buffer) => void, onEnd: (text: string, cause?: unknown) => void): void {
    this.#socket.on('message', onBytes);
    this.#socket.on('error', (cause) => onEnd(`the device cannot be reached: ${cause.message}`, cause));
    this.#socket.on('close', () => {
      this.#isOpen = false;
      onEnd('the connection was closed');
    });
  }
}
