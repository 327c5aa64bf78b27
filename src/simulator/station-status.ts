// Tells the central system how a simulated station's connectors are, once for each change (OCPP 1.6 §4.9); what nobody hears is not told.

import type { RpcClient } from './rpc-client.ts';
import type { SimulatedEvse } from './simulated-evse.ts';
import type { StationClock } from './station-clock.ts';

export type StatusOptions = {
  readonly evses: readonly SimulatedEvse[];
  /** The line on which the station is accepted, if there is one. */
  readonly line: () => RpcClient | undefined;
  readonly ownClock: StationClock;
};

export class StationStatus {
  readonly #options: StatusOptions;
  readonly #told = new Map<SimulatedEvse, string>();

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
  }

  tellAgain(evse: SimulatedEvse): void {
    this.#told.delete(evse);
    this.tell(evse);
  }

  /** A line on which nobody knows anything yet. */
  tellAll(): void {
    const line = this.#options.line();
    if (!line) return;
    this.#told.clear();
    this.#send(line, 0, 'Available');
    for (const evse of this.#options.evses) this.tell(evse);
  }

  #send(line: RpcClient, connectorId: number, status: string): void {
    const timestamp = this.#options.ownClock.stamp();
    line.call('StatusNotification', { connectorId, errorCode: 'NoError', status, timestamp });
  }
}
