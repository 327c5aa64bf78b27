// One link per endpoint for the whole room: meters and contacts behind the same gateway or on the same line take turns on it.

import { describeEndpoint } from '../core/model/modbus-endpoint.ts';
import type { ModbusEndpoint } from '../core/model/site-meters.ts';
import type { Surroundings } from '../engine/ports.ts';
import { ModbusLink } from './register-reader.ts';
import type { OpenSession } from './session.ts';

export class ModbusLinks {
  readonly #surroundings: Surroundings;
  readonly #open: OpenSession | undefined;
  readonly #links = new Map<string, ModbusLink>();

  /** `open` replaces the guarded connections, as a simulation does. */
  constructor(surroundings: Surroundings, open?: OpenSession) {
    this.#surroundings = surroundings;
    this.#open = open;
  }

  /** The link to an endpoint: the same one for everybody who asks. `wireBaud`: of the serial line behind it; the first who asks says it. */
  at(endpoint: ModbusEndpoint, wireBaud?: number): ModbusLink {
    const key = describeEndpoint(endpoint);
    const link = this.#links.get(key) ?? new ModbusLink(this.#surroundings, endpoint, {}, this.#open, wireBaud);
    this.#links.set(key, link);
    return link;
  }

  /** Ends every connection and refuses whatever waits; may be called twice. */
  async close(): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link.close()));
  }
}
