// What upstream has set for one station and must find again after a restart: its charging profiles and the keys that Busbar keeps for it.

import type { InstalledProfile } from '../core/model/charging-profile.ts';
import type { StationId } from '../core/model/units.ts';
import type { GatewayStore, Log } from '../engine/ports.ts';
import type { KeptValues } from './guarded-keys.ts';

type Stored = { readonly profiles?: readonly InstalledProfile[]; readonly keys?: KeptValues };

export class StationMemory {
  readonly #station: StationId;
  readonly #store: GatewayStore;
  readonly #log: Log;
  #profiles: readonly InstalledProfile[] = [];
  #keys: KeptValues = {};
  #saving: Promise<void> = Promise.resolve();

  constructor(station: StationId, store: GatewayStore, log: Log) {
    this.#station = station;
    this.#store = store;
    this.#log = log;
  }

  get profiles(): readonly InstalledProfile[] {
    return this.#profiles;
  }

  get keys(): KeptValues {
    return this.#keys;
  }

  /** Takes what the store had for this station. Text that cannot be read is told and counts as nothing: upstream's bounds only ever lower. */
  restore(json: string): void {
    try {
      const stored = JSON.parse(json) as Stored;
      this.#profiles = stored.profiles ?? [];
      this.#keys = stored.keys ?? {};
    } catch (error) {
      this.#log.error('upstream.memory-unreadable', { station: this.#station, error: String(error) });
    }
  }

  setProfiles(profiles: readonly InstalledProfile[]): Promise<void> {
    this.#profiles = profiles;
    return this.#save();
  }

  setKeys(keys: KeptValues): Promise<void> {
    this.#keys = keys;
    return this.#save();
  }

  /** In order; resolves once durable, rejects when the store fails, while the value is in force all the same. */
  #save(): Promise<void> {
    const json = JSON.stringify({ profiles: this.#profiles, keys: this.#keys } satisfies Stored);
    const saved = this.#saving.then(() => this.#store.saveUpstreamProfiles(this.#station, json));
    // The next write must not fail because this one did; whoever asked for this one is told through `saved`.
    this.#saving = saved.catch(() => {});
    return saved;
  }
}
