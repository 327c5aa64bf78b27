// The building meter of the simulated site: a real Modbus TCP server that answers in an Eastron SDM630's input registers.

import { createRequire } from 'node:module';
import type { ServerTCP as ServerTcpClass } from 'modbus-serial';
import { PHASES, type PhaseAmps } from '../core/model/units.ts';
import { AppError } from '../engine/app-error.ts';
import type { Random } from '../engine/ports.ts';

// The package is CommonJS and gives its server as a property that ESM does not see.
const { ServerTCP } = createRequire(import.meta.url)('modbus-serial') as { readonly ServerTCP: typeof ServerTcpClass };

export const METER_UNIT_ID = 1;
/** Volts and power factor wander by this part, so that no two readings are the same, as on a living grid. */
const RIPPLE = 0.0004;

export type MeterSource = () => { readonly amps: PhaseAmps; readonly volts: number; readonly importWh: number };

export class MeterServer {
  readonly #read: MeterSource;
  readonly #random: Random;
  #server: ServerTcpClass | undefined;

  constructor(read: MeterSource, random: Random) {
    this.#read = read;
    this.#random = random;
  }

  /** Listens on loopback; port 0 takes a free one. Resolves with the port; rejects with SIMULATOR_LISTEN. */
  start(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const server = new ServerTCP(
        {
          getMultipleInputRegisters: (address: number, length: number) => this.#registers(address, length),
          getInputRegister: (address: number) => this.#registers(address, 1)[0]!,
        },
        // As text, because the package takes the number 0 for "not given" and then listens on 502.
        { host: '127.0.0.1', port: String(port) as unknown as number, unitID: METER_UNIT_ID },
      );
      this.#server = server;
      const inner = (server as unknown as { readonly _server: import('node:net').Server })._server;
      server.on('initialized', () => resolve((inner.address() as import('node:net').AddressInfo).port));
      server.on('serverError', (cause) =>
        reject(
          new AppError(
            'SIMULATOR_LISTEN',
            `The simulated meter cannot listen on 127.0.0.1:${port}; stop what holds the port.`,
            { port },
            { cause },
          ),
        ),
      );
      server.on('socketError', () => {
        // A client that went away is its own affair; its socket is closed by the server.
      });
    });
  }

  stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    return new Promise((resolve) => {
      if (!server) return resolve();
      for (const socket of (server as unknown as { readonly socks: Map<{ destroy(): void }, unknown> }).socks.keys())
        socket.destroy();
      server.close(() => resolve());
    });
  }

  /** Eastron SDM630 Modbus: f32, high word first; unused registers read 0. */
  #registers(address: number, length: number): number[] {
    const { amps, volts, importWh } = this.#read();
    const ripple = () => 1 + (this.#random.next('simulator.ripple') - 0.5) * RIPPLE;
    const values = new Map<number, number>();
    let watts = 0;
    PHASES.forEach((phase, at) => {
      const phaseVolts = volts * ripple();
      const power = amps[phase] * phaseVolts * 0.99;
      watts += power;
      values.set(at * 2, phaseVolts);
      values.set(6 + at * 2, Math.abs(amps[phase]));
      values.set(12 + at * 2, power);
    });
    values
      .set(52, watts)
      .set(70, 50 * ripple())
      .set(72, importWh / 1000)
      .set(74, 0);
    const bytes = Buffer.alloc(4);
    return Array.from({ length }, (_, at) => {
      const register = address + at;
      bytes.writeFloatBE(values.get(register - (register % 2)) ?? 0);
      return bytes.readUInt16BE((register % 2) * 2);
    });
  }
}
