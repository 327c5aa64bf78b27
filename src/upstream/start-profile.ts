// The profile of a remote start, from upstream's call until the transaction that it is for begins; only the newest one waits.

import type { ChargingProfile } from '../core/model/charging-profile.ts';

export class StartProfile {
  #waiting: { readonly profile: ChargingProfile; readonly connector: number | undefined } | undefined;

  /** `connector` is absent when the station chooses it. The function that is returned withdraws it, without effect once it is taken. */
  expect(profile: ChargingProfile, connector: number | undefined): () => void {
    const waiting = { profile, connector };
    this.#waiting = waiting;
    return () => {
      if (this.#waiting === waiting) this.#waiting = undefined;
    };
  }

  /** A transaction begins on the connector: its profile, bound to it, and from now on nobody else's. */
  take(connector: number, localId: number): ChargingProfile | undefined {
    const waiting = this.#waiting;
    if (!waiting || (waiting.connector !== undefined && waiting.connector !== connector)) return undefined;
    this.#waiting = undefined;
    return { ...waiting.profile, transactionId: String(localId) };
  }
}
