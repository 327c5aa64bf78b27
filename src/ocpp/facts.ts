// What is remembered of each station over our own restarts: last boot, last status per connector, abilities. Newest wins; writes are
// coalesced per station, and a failing disk is told, never felt by the station.

import type { StationId } from '../core/model/units.ts';
import type { GatewayStore, Log, StationFacts } from '../engine/ports.ts';

/** Connectors of one station whose status is kept. */
export const MAX_CONNECTORS = 64;

export class Facts {
  readonly #store: GatewayStore;
  readonly #log: Log;
  readonly #facts = new Map<StationId, StationFacts>();
  readonly #saving = new Map<StationId, Promise<void>>();

  constructor(store: GatewayStore, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  async load(): Promise<void> {
    for (const facts of await this.#store.loadFacts()) this.#facts.set(facts.station, facts);
  }

  get(station: StationId): StationFacts {
    return this.#facts.get(station) ?? { station, status: {}, capability: {} };
  }

  /** Last StatusNotification of a connector; connectors beyond any real station's are not kept. */
  keepStatus(station: StationId, connector: number, rawPayload: string): void {
    const facts = this.get(station);
    const isNew = !Object.hasOwn(facts.status, connector);
    if (isNew && Object.keys(facts.status).length >= MAX_CONNECTORS) return;
    this.update(station, { status: { ...facts.status, [connector]: rawPayload } });
  }

  update(station: StationId, part: Partial<Omit<StationFacts, 'station'>>): void {
    this.#facts.set(station, { ...this.get(station), ...part });
    if (!this.#saving.has(station)) this.#saving.set(station, this.#save(station));
  }

  /** Resolves when all that was known at the call is on the disk, or was refused by it. */
  async flush(): Promise<void> {
    await Promise.all(this.#saving.values());
  }

  async #save(station: StationId): Promise<void> {
    // Let a burst of changes in one turn become one write.
    await Promise.resolve();
    let saved: StationFacts | undefined;
    while (saved !== this.#facts.get(station)) {
      saved = this.get(station);
      try {
        await this.#store.saveFacts(saved);
      } catch (error) {
        // The next change tries again; what is lost until then is asked from the station after a restart.
        this.#log.error('ocpp.facts-not-saved', { station, error: String(error) });
      }
    }
    this.#saving.delete(station);
  }
}
