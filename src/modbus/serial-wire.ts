// A serial device as a wire. It is kept after disorder: a line need not be opened again, it must be silent for a while.

import type { SerialPort } from 'serialport';
import type { ModbusEndpoint } from '../core/model/site-meters.ts';
import { openWithin, type Wire, type WireOpening } from './wire.ts';

type SerialEndpoint = Extract<ModbusEndpoint, { transport: 'rtu' }>;

export class SerialWire implements Wire {
  readonly #port: SerialPort;
  readonly isKept = true;

  private constructor(port: SerialPort) {
    this.#port = port;
  }

  /** Takes the device for itself alone. Throws METER_CONNECT; the device is not held then. */
  static async open(opening: WireOpening, { path, baud, parity, stopBits }: SerialEndpoint): Promise<SerialWire> {
    let port: SerialPort | undefined;
    let isUnwanted = false;
    await openWithin(
      opening,
      (done) => {
        // Loaded where a site has a serial line, and nowhere else.
        import('serialport').then(({ SerialPort }) => {
          if (isUnwanted) return;
          const opened = new SerialPort({ path, baudRate: baud, dataBits: 8, parity, stopBits, autoOpen: false });
          port = opened;
          opened.on('error', () => {});
          opened.open((error) => {
            // Opening cannot be called back: a device that came too late is given back at once.
            if (isUnwanted) close(opened);
            else done(error);
          });
        }, done);
      },
      () => {
        isUnwanted = true;
      },
    );
    return new SerialWire(port!);
  }

  get isOpen(): boolean {
    return this.#port.isOpen;
  }

  send(bytes: Buffer): void {
    this.#port.write(bytes);
  }

  flush(): void {
    // A device that cannot be flushed is gone, and says so by its close event.
    if (this.#port.isOpen) this.#port.flush(() => {});
  }

  destroy(): void {
    close(this.#port);
  }

  listen(onBytes: (bytes: Buffer) => void, onEnd: (text: string, cause?: unknown) => void): void {
    this.#port.on('data', onBytes);
    this.#port.on('error', (cause: Error) => onEnd(`the serial device failed: ${cause.message}`, cause));
    this.#port.on('close', (cause?: Error | null) => onEnd('the serial device is gone', cause ?? undefined));
  }
}

function close(port: SerialPort): void {
  // The only trouble on closing is that it is closed already.
  if (port.isOpen) port.close(() => {});
}
