// A TCP connection as a wire; disorder ends it, for a late reply has nowhere to arrive once its socket is gone.

import { connect, type Socket } from 'node:net';
import { openWithin, type Wire, type WireOpening } from './wire.ts';

const KEEP_ALIVE_MS = 10_000;

export class SocketWire implements Wire {
  readonly #socket: Socket;
  readonly isKept = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Throws METER_CONNECT; no socket is left behind then. */
  static async open(opening: WireOpening, { host, port }: { readonly host: string; readonly port: number }) {
    const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
    await openWithin(
      opening,
      // Heard for good: a socket that fails once more while it is torn down must not end the process.
      (done) => socket.once('connect', () => done()).on('error', done),
      () => socket.destroy(),
    );
    return new SocketWire(socket);
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  send(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  flush(): void {
    // What waits in the kernel dies with the socket.
  }

  destroy(): void {
    this.#socket.destroy();
  }

  listen(onBytes: (bytes: Buffer) => void, onEnd: (text: string, cause?: unknown) => void): void {
    this.#socket.on('data', onBytes);
    this.#socket.on('error', (cause) => onEnd(`the connection broke: ${cause.message}`, cause));
    this.#socket.on('close', () => onEnd('the device closed the connection'));
  }
}
