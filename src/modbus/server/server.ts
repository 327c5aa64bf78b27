// Busbar as a Modbus TCP device: listens, lets in whom the site file lists, and gives each master a connection; it decides nothing.

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Site } from '../../core/model/site.ts';
import { AppError } from '../../engine/app-error.ts';
import type { Surroundings } from '../../engine/ports.ts';
import { AllowList } from './allow-list.ts';
import type { AnswerParts } from './answer.ts';
import { MAX_UNSENT_BYTES, ServerConnection } from './connection.ts';
import { RegisterDevice, type RegisterImage } from './device.ts';
import { Pace } from './pace.ts';
import { registerMap } from './register-map.ts';

/** Masters at a time; one more is turned away. */
export const MAX_CONNECTIONS = 64;
/** Writes of all masters together that reach the control room in a second; more are answered "busy". */
export const MAX_WRITES_PER_SECOND = 10;
export const WRITE_BURST = 10;
/** Lines in the log about masters that are turned away or cut off; the rest are counted. */
const COMPLAINTS_PER_SECOND = 0.1;
const COMPLAINT_BURST = 5;

export type ModbusServerOptions = {
  /** MUST have a modbusServer. */
  readonly site: Site;
  /** Shown to SunSpec readers. */
  readonly version: string;
  readonly onWrite: AnswerParts['onWrite'];
};

export class ModbusServer {
  readonly #surroundings: Pick<Surroundings, 'clock' | 'log'>;
  readonly #options: ModbusServerOptions;
  readonly #device: RegisterDevice;
  readonly #allowed: AllowList;
  readonly #server: Server;
  readonly #connections = new Set<ServerConnection>();
  readonly #writes = new Pace(MAX_WRITES_PER_SECOND, WRITE_BURST);
  readonly #complaints = new Pace(COMPLAINTS_PER_SECOND, COMPLAINT_BURST);
  #untold = 0;

  constructor(surroundings: Pick<Surroundings, 'clock' | 'log'>, options: ModbusServerOptions) {
    const { site, version } = options;
    if (site.modbusServer === undefined) throw new Error('modbus server: the site has none');
    this.#surroundings = surroundings;
    this.#options = options;
    this.#device = new RegisterDevice({ map: registerMap(site), site, version });
    this.#allowed = new AllowList(site.modbusServer.allow);
    this.#server = createServer({ highWaterMark: MAX_UNSENT_BYTES });
    this.#server.on('connection', (socket) => this.#welcome(socket));
  }

  /** Listens; rejects with AppError MODBUS_LISTEN when the address is taken or not ours. Port 0 takes a free one. */
  async start(): Promise<void> {
    const { host, port } = this.#options.site.modbusServer!;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause: Error) => {
        const text = `The Modbus server cannot listen on ${host}:${port}: ${cause.message}; choose another modbusServer.host or port, or stop whoever uses it.`;
        reject(new AppError('MODBUS_LISTEN', text, { host, port }, { cause }));
      });
      this.#server.listen(port, host, resolve);
    });
    // What goes wrong with listening from now on ends nothing: the next accept may do.
    this.#server.on('error', (error) =>
      this.#surroundings.log.error('modbus-server.trouble', { error: error.message }),
    );
  }

  address(): { readonly host: string; readonly port: number } {
    const { address: host, port } = this.#server.address() as AddressInfo;
    return { host, port };
  }

  /** Shows the registers of a new cycle. */
  show(image: RegisterImage): void {
    this.#device.show(image);
  }

  /** Stops listening and cuts every connection; may be called twice. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      if (this.#server.listening) this.#server.close(() => resolve());
      else resolve();
    });
    for (const connection of [...this.#connections]) connection.destroy();
    await closed;
  }

  #welcome(socket: Socket): void {
    const address = socket.remoteAddress;
    const refusal = !this.#allowed.allows(address)
      ? 'not in modbusServer.allow'
      : this.#connections.size >= MAX_CONNECTIONS
        ? `${MAX_CONNECTIONS} masters are connected already`
        : undefined;
    if (refusal !== undefined) {
      socket.on('error', () => {});
      socket.destroy();
      this.#complain('modbus-server.refused', address, refusal);
      return;
    }
    const { clock } = this.#surroundings;
    const connection: ServerConnection = new ServerConnection(socket, {
      clock,
      device: this.#device,
      unitId: this.#options.site.modbusServer!.unitId,
      now: () => clock.now(),
      onWrite: this.#options.onWrite,
      mayWrite: () => this.#mayWrite(),
      onEnd: (fault) => {
        this.#connections.delete(connection);
        if (fault !== undefined) this.#complain('modbus-server.bad-frame', address, fault);
      },
    });
    this.#connections.add(connection);
  }

  #mayWrite(): boolean {
    const now = this.#surroundings.clock.now();
    if (this.#writes.waitMs(now) > 0) return false;
    this.#writes.take(now);
    return true;
  }

  #complain(event: string, address: string | undefined, because: string): void {
    const { clock, log } = this.#surroundings;
    if (this.#complaints.waitMs(clock.now()) > 0) {
      this.#untold++;
      return;
    }
    this.#complaints.take(clock.now());
    log.warn(event, { address, because, untold: this.#untold });
    this.#untold = 0;
  }
}
