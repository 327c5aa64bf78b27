// Tells the central system how a simulated station's connectors are, once for each change (OCPP 1.6 §4.9, 2.x G01); what nobody hears is not told.

import type { RpcClient } from './rpc-client.ts';
import type { SimulatedEvse } from './simulated-evse.ts';
import type { StationClock } from './station-clock.ts';
import type { PlugStatus, StationWire } from './station-wire.ts';

export type StatusOptions = {
  readonly wire: StationWire;
  readonly evses: readonly SimulatedEvse[];
  /** The line on which the station is accepted, if there is one. */
  readonly line: () => RpcClient | undefined;
  readonly ownClock: StationClock;
  /** One of them is in another state than was told last. */
  readonly onState: (evse: SimulatedEvse) => void;
};

export class StationStatus {
  readonly #options: StatusOptions;
  readonly #told = new Map<SimulatedEvse, PlugStatus>();
  /** What was sent last of each number. */
  readonly #sent = new Map<number, string>();

  constructor(options: StatusOptions) {
    this.#options = options;
  }

  /** Tells of one connector when it is not as it was told last. Cheap: asked after every step. */
  tell(evse: SimulatedEvse): void {
    const line = this.#options.line();
    if (!line) return;
    const status = evse.status(this.#options.ownClock.time());
    if (this.#told.get(evse) === status) return;
    this.#told.set(evse, status);
    this.#send(line, evse.evse.number, status);
    this.#options.onState(evse);
  }

  tellAgain(evse: SimulatedEvse): void {
    this.#told.delete(evse);
    this.#sent.delete(evse.evse.number);
    this.tell(evse);
  }

  /** A line on which nobody knows anything yet. */
  tellAll(): void {
    const line = this.#options.line();
    if (!line) return;
    this.#told.clear();
    this.#sent.clear();
    this.#send(line, 0, 'Available');
    for (const evse of this.#options.evses) this.tell(evse);
  }

  #send(line: RpcClient, evse: number, status: PlugStatus): void {
    const payload = this.#options.wire.status(evse, status);
    const content = JSON.stringify(payload);
    if (payload === undefined || this.#sent.get(evse) === content) return;
    this.#sent.set(evse, content);
    line.call('StatusNotification', { ...payload, timestamp: this.#options.ownClock.stamp() });
  }
}
