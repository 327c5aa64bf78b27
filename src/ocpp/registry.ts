// All stations of the site by identity: their images, their open transactions and the one connection each may have.

import type { Site, Station } from '../core/model/site.ts';
import type { StationState } from '../core/model/snapshot.ts';
import type { StationId } from '../core/model/units.ts';
import type { Clock } from '../engine/ports.ts';
import type { Session } from './session.ts';
import { StationImage } from './station.ts';
import { Transactions } from './transactions.ts';

export type Registered = {
  readonly station: Station;
  readonly image: StationImage;
  readonly transactions: Transactions;
  /** The connection that speaks for the station now. */
  session?: Session;
};

export class Registry {
  readonly #stations: ReadonlyMap<StationId, Registered>;
  #states: Readonly<Record<StationId, StationState>> | undefined;

  constructor(site: Site, clock: Clock, onChange: (station: StationId) => void) {
    this.#stations = new Map(
      site.stations.map((station): [StationId, Registered] => {
        const evses = site.evses.filter((evse) => evse.station === station.id);
        const image = new StationImage(station, evses, clock, () => {
          this.#states = undefined;
          onChange(station.id);
        });
        return [station.id, { station, image, transactions: new Transactions() }];
      }),
    );
  }

  get(station: StationId): Registered | undefined {
    return this.#stations.get(station);
  }

  all(): Iterable<Registered> {
    return this.#stations.values();
  }

  /** The same object until something changes. */
  states(): Readonly<Record<StationId, StationState>> {
    this.#states ??= Object.fromEntries([...this.#stations].map(([id, { image }]) => [id, image.state]));
    return this.#states;
  }
}
