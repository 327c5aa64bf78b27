// One station's open transactions under our ids; it must never let one station's message touch another's.

import type { TransactionId } from '../core/model/units.ts';
import type { TransactionRecord } from '../engine/ports.ts';

/** Before the id that the station gave: the `startKey` of a transaction of 2.x, so that any event of it finds its record. */
const STATION_KEY = 'id:';
/** Between the id and the stamp of a beginning; no id has it, for it is no character of an identifierString. */
const AGAIN = '\n';

/** `again`: the stamp of a beginning under an id that the station has used before. */
export function stationKeyOf(transactionId: TransactionId, again?: string): string {
  return `${STATION_KEY}${transactionId}${again === undefined ? '' : `${AGAIN}${again}`}`;
}

/** The id by which the station knows it: its own (2.x), or the one that we gave (1.6). */
export function transactionIdOf({ startKey, localId }: TransactionRecord): TransactionId {
  return startKey.startsWith(STATION_KEY) ? startKey.slice(STATION_KEY.length).split(AGAIN, 1)[0]! : String(localId);
}

/** What a station writes when it never learnt the id (OCPP 1.6 errata 3.18). */
export const NO_TRANSACTION_ID = -1;
/** A station with more open transactions has lost its StopTransactions: the oldest are no longer paired. */
export const MAX_OPEN_TRANSACTIONS = 64;

export class Transactions {
  readonly #open = new Map<number, TransactionRecord>();

  opened(record: TransactionRecord): void {
    this.#open.set(record.localId, record);
    if (this.#open.size <= MAX_OPEN_TRANSACTIONS) return;
    const [oldest] = this.#open.keys();
    if (oldest !== undefined) this.#open.delete(oldest);
  }

  closed(localId: number): void {
    this.#open.delete(localId);
  }

  get(localId: number): TransactionRecord | undefined {
    return this.#open.get(localId);
  }

  /** The one that the station calls so. */
  called(transactionId: TransactionId): TransactionRecord | undefined {
    return [...this.#open.values()].find((record) => transactionIdOf(record) === transactionId);
  }

  /**
   * The transaction that a message belongs to: the one it names; for −1 the newest on its connector, or where no connector is named the
   * only one there is.
   */
  pair(named: number, connector?: number): TransactionRecord | undefined {
    if (named !== NO_TRANSACTION_ID) return this.#open.get(named);
    const all = [...this.#open.values()];
    if (connector !== undefined) return all.findLast((record) => record.connector === connector);
    return all.length === 1 ? all[0] : undefined;
  }

  /** The newest on the connector. */
  onConnector(connector: number): TransactionRecord | undefined {
    return this.pair(NO_TRANSACTION_ID, connector);
  }
}
