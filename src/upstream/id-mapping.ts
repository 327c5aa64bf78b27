// One station's transactions under two names: the station always sees our ids, upstream always its own (OCPP 1.6 §4.8, errata 3.18).

import { replaceMember } from './raw-json.ts';

export type OpenTransaction = {
  readonly localId: number;
  readonly connector: number;
  /** Absent until upstream has answered its StartTransaction. */
  readonly upstreamId?: number;
};

/** Open transactions remembered per station; the oldest is forgotten first. Its messages still find their ids in the store. */
export const MAX_OPEN_TRANSACTIONS = 128;
/** Stands for the id that was never given (OCPP 1.6 errata 3.18). */
export const NO_TRANSACTION_ID = -1;

/** What a transaction id in upstream's CALL means to the station. */
export type DownId =
  | { readonly kind: 'known'; readonly transaction: OpenTransaction }
  /** In no mapping: it passes through, the station knows best. */
  | { readonly kind: 'foreign' }
  /** Upstream never gave this number, but it is one of our open ids: passing it through would hit somebody else. */
  | { readonly kind: 'collides' };

export class IdMapping {
  readonly #open = new Map<number, OpenTransaction>();

  /** A transaction began on `connector`, or is remembered from before a restart. */
  opened(transaction: OpenTransaction): void {
    this.#open.set(transaction.localId, transaction);
    if (this.#open.size <= MAX_OPEN_TRANSACTIONS) return;
    const [oldest] = this.#open.keys();
    if (oldest !== undefined) this.#open.delete(oldest);
  }

  /** Upstream has given the transaction its id; without effect when it is not open any more. */
  learnt(localId: number, upstreamId: number): void {
    const transaction = this.#open.get(localId);
    if (transaction) this.#open.set(localId, { ...transaction, upstreamId });
  }

  closed(localId: number): void {
    this.#open.delete(localId);
  }

  isOpen(localId: number): boolean {
    return this.#open.has(localId);
  }

  /** The transaction that runs on the connector. */
  onConnector(connector: number): OpenTransaction | undefined {
    return [...this.#open.values()].findLast((one) => one.connector === connector);
  }

  /** Reads an id that upstream has named. */
  fromUpstream(id: number): DownId {
    const transaction = [...this.#open.values()].findLast((one) => one.upstreamId === id);
    if (transaction) return { kind: 'known', transaction };
    return this.#open.has(id) ? { kind: 'collides' } : { kind: 'foreign' };
  }
}

/** The text with its outer transactionId exchanged; without one, and in every other byte, as it was. */
export function withTransactionId(rawPayload: string, id: number): string {
  return replaceMember(rawPayload, 'transactionId', String(id));
}
