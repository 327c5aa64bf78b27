// The control room's side of the Modbus server: makes the image of each cycle, takes the cap that is written, and keeps the server's thread alive.

import type { CycleRecord } from '../core/model/decision.ts';
import type { Site } from '../core/model/site.ts';
import { AppError } from '../engine/app-error.ts';
import type { AudiencePort, SignalsPort, Surroundings } from '../engine/ports.ts';
import type { RegisterImage } from '../modbus/server/device.ts';
import { encodeImage, type ImageFrame } from '../modbus/server/encode-image.ts';
import { NOTHING_HEARD } from '../modbus/server/external-cap.ts';
import { ExternalCapPort } from '../modbus/server/external-cap-port.ts';
import { registerMap } from '../modbus/server/register-map.ts';
import { ThreadPort } from '../system/thread-port.ts';
import type { ModbusServerThreadData } from './modbus-server-thread.ts';
import type { Rooms } from './rooms.ts';
import type { ControlToModbusServer, ModbusServerToControl } from './thread-protocol.ts';
import { busbarVersion } from './version.ts';

export class ModbusServerRoom implements AudiencePort {
  readonly #surroundings: Surroundings;
  readonly #frame: ImageFrame;
  readonly #cap: ExternalCapPort | undefined;
  #line: ThreadPort<ControlToModbusServer, ModbusServerToControl> | undefined;
  #newest: RegisterImage | undefined;

  /** `site` MUST have a modbusServer. */
  constructor(surroundings: Surroundings, site: Site) {
    this.#surroundings = surroundings;
    this.#frame = { map: registerMap(site), site, version: busbarVersion() };
    const terms = site.modbusServer?.externalCap;
    this.#cap = terms && new ExternalCapPort(surroundings, terms);
  }

  /** The external cap, where the site has one: it holds its failsafe also while the thread is down. */
  get signals(): readonly SignalsPort[] {
    return this.#cap === undefined ? [] : [this.#cap];
  }

  /** Never throws: who reads registers must not cost the cycle anything. Without a new image the registers turn to "not available". */
  publish(record: CycleRecord): void {
    try {
      const bytes = encodeImage(this.#frame, record);
      this.#newest = { bytes, at: record.snapshot.now, ledger: this.#cap?.ledger ?? NOTHING_HEARD };
      this.#line?.publishLatest('image', 'image', this.#newest);
    } catch (error) {
      const detail = error instanceof Error ? error.stack : String(error);
      this.#surroundings.log.error('modbus-server.image-failed', { code: 'MODBUS_IMAGE_FAILED', detail });
    }
  }

  /** Starts the thread. Resolves when masters can connect for the first time; rejects with MODBUS_LISTEN. */
  open(rooms: Rooms): Promise<{ readonly port: number }> {
    const { clock, log } = this.#surroundings;
    const { promise, resolve, reject } = Promise.withResolvers<{ readonly port: number }>();
    const data: ModbusServerThreadData = { site: this.#frame.site, version: this.#frame.version };
    rooms.open({
      name: 'modbus-server',
      data,
      onUp: (port, restart) => {
        const peer = 'modbus-server';
        const line = new ThreadPort<ControlToModbusServer, ModbusServerToControl>({ port, peer, clock, log });
        line.on('ready', resolve);
        line.on('failed', ({ code, text }) => {
          reject(new AppError(code, text));
          restart(text);
        });
        line.handle('write', async ({ write, at }) => {
          if (this.#cap === undefined) throw new Error('a cap was written where the site has none');
          return this.#cap.take(write, at);
        });
        this.#line = line;
        if (this.#newest) line.publishLatest('image', 'image', this.#newest);
      },
      onDown: () => {
        this.#line = undefined;
      },
    });
    return promise;
  }
}
