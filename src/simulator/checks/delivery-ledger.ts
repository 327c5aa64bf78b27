// One station's messages from its first word to the central system's ear: which wait, which were overtaken, which arrived; the books of the
// delivery checker, bounded, and without a judgement of their own.

import type { Said } from './delivery-message.ts';

/** Messages of one station that may wait at once: more than the controller may hold (25,000), so to reach it is itself a fault. */
export const MAX_WAITING_MESSAGES = 30_000;
/** Arrived messages of one station that are remembered: a repeat comes directly, and a late one is still told from an invention. */
export const REMEMBERED_ARRIVALS = 64;
/** Transactions of one station; those that have ended and the oldest are forgotten first. */
export const MAX_TRANSACTIONS = 10_000;
const REMEMBERED_ENDED = 64;

export type Transaction = {
  readonly startStamp: string;
  /** The controller's, as the station was told. */
  localId?: number;
  /** What the central system has answered; more than one where an answer may have been lost. */
  readonly givenIds: Set<number>;
  /** The one that its messages bear. */
  usedId?: number;
  /** The central system has its StartTransaction. */
  hasArrived: boolean;
};

export type Entry = {
  readonly said: Said;
  readonly transaction?: Transaction;
  /** Several where the station itself said different things under one key. */
  readonly contents: Set<number>;
  sends: number;
  takes: number;
  /** Of these, repeats of one and the same saying, because nobody could know that it had arrived. */
  excused: number;
  isAcknowledged: boolean;
  /** It may arrive once more: an answer may have been lost. */
  mayRepeat: boolean;
};

export class Ledger {
  /** In the order in which the station said them last. */
  readonly waiting = new Map<string, Entry>();
  /** Something that was said later has arrived before them. */
  readonly overtaken = new Map<string, Entry>();
  readonly #arrived = new Map<string, Entry>();
  readonly #byStart = new Map<string, Transaction>();
  readonly #byLocalId = new Map<number, Transaction>();
  readonly #byGivenId = new Map<number, Transaction>();
  readonly #ended: Transaction[] = [];
  readonly #numbers = new WeakMap<Transaction, number>();
  #nextNumber = 1;
  last: Entry | undefined;
  /** Whatever arrives next may have been under way when something broke. */
  nextMayRepeat = false;
  thinned = 0;
  isFull = false;

  key(said: Said, transaction: Transaction | undefined): string {
    return `${said.action} ${transaction ? this.#numbers.get(transaction) : '?'} ${said.stamp}`;
  }

  find(key: string): Entry | undefined {
    return this.waiting.get(key) ?? this.overtaken.get(key) ?? this.#arrived.get(key);
  }

  /** One that has not arrived and says the same, under whatever transaction. */
  findSame(said: Said): [string, Entry] | undefined {
    for (const entries of [this.waiting, this.overtaken])
      for (const [key, entry] of entries)
        if (entry.said.action === said.action && entry.said.stamp === said.stamp) return [key, entry];
    return undefined;
  }

  wait(key: string, entry: Entry): void {
    this.overtaken.delete(key);
    this.waiting.delete(key);
    this.waiting.set(key, entry);
    if (this.waiting.size <= MAX_WAITING_MESSAGES) return;
    this.isFull = true;
    this.waiting.delete(first(this.waiting)!);
  }

  /** It has arrived: returns what was said before it and has not. */
  arrive(key: string, entry: Entry): readonly Entry[] {
    const passed: Entry[] = [];
    if (this.waiting.has(key)) {
      for (const [other, one] of this.waiting) {
        if (other === key) break;
        this.waiting.delete(other);
        passed.push(one);
        this.overtaken.set(other, one);
      }
      if (this.overtaken.size > MAX_WAITING_MESSAGES) this.overtaken.delete(first(this.overtaken)!);
    }
    this.waiting.delete(key);
    this.overtaken.delete(key);
    this.#arrived.set(key, entry);
    if (this.#arrived.size > REMEMBERED_ARRIVALS) this.#arrived.delete(first(this.#arrived)!);
    return passed;
  }

  /** The transaction that begins with this message. */
  begin(startStamp: string): Transaction {
    const known = this.#byStart.get(startStamp);
    if (known) return known;
    const transaction: Transaction = { startStamp, givenIds: new Set(), hasArrived: false };
    this.#byStart.set(startStamp, transaction);
    this.#numbers.set(transaction, this.#nextNumber++);
    if (this.#byStart.size > MAX_TRANSACTIONS) this.#forget(this.#byStart.get(first(this.#byStart)!)!);
    return transaction;
  }

  started(startStamp: string): Transaction | undefined {
    return this.#byStart.get(startStamp);
  }

  byLocalId(id: unknown): Transaction | undefined {
    return this.#byLocalId.get(Number(id));
  }

  byGivenId(id: unknown): Transaction | undefined {
    return this.#byGivenId.get(Number(id));
  }

  tellLocalId(transaction: Transaction, id: number): void {
    transaction.localId = id;
    this.#byLocalId.set(id, transaction);
  }

  giveId(transaction: Transaction, id: number): void {
    transaction.givenIds.add(id);
    this.#byGivenId.set(id, transaction);
  }

  end(transaction: Transaction): void {
    this.#ended.push(transaction);
    if (this.#ended.length > REMEMBERED_ENDED) this.#forget(this.#ended.shift()!);
  }

  #forget(transaction: Transaction): void {
    this.#byStart.delete(transaction.startStamp);
    if (this.#byLocalId.get(transaction.localId ?? Number.NaN) === transaction)
      this.#byLocalId.delete(transaction.localId!);
    for (const id of transaction.givenIds) if (this.#byGivenId.get(id) === transaction) this.#byGivenId.delete(id);
  }
}

function first<K>(map: ReadonlyMap<K, unknown>): K | undefined {
  return map.keys().next().value;
}
