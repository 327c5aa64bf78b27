// The profile of a remote start, from upstream's call until the transaction that it is for begins; only the newest one waits.

import type { ChargingProfile } from '../core/model/charging-profile.ts';

/** Whom upstream wants to start, and where; `connector` is absent when the station chooses it. */
export type StartOrder = { readonly idTag: string; readonly connector?: number };

export class StartProfile {
  #waiting: (StartOrder & { readonly profile: ChargingProfile }) | undefined;

  /** The function that is returned withdraws it, without effect once it is taken. */
  expect(profile: ChargingProfile, order: StartOrder): () => void {
    const waiting = { ...order, profile };
    this.#waiting = waiting;
    return () => {
      if (this.#waiting === waiting) this.#waiting = undefined;
    };
  }

  /**
   * A transaction begins: its profile, bound to it, and from now on nobody else's. Another driver's transaction does not take it; idTags
   * are compared without case (OCPP 1.6 §7.28, CiString20Type).
   */
  take(connector: number, idTag: string, localId: number): ChargingProfile | undefined {
    const waiting = this.#waiting;
    if (!waiting || (waiting.connector !== undefined && waiting.connector !== connector)) return undefined;
    if (waiting.idTag.toLowerCase() !== idTag.toLowerCase()) return undefined;
    this.#waiting = undefined;
    return { ...waiting.profile, transactionId: String(localId) };
  }
}
