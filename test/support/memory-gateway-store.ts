// A gateway store without a disk, for tests of the rooms that use one; the real one is tested on its own.
import type { GatewayStore, OutboxRow, StationFacts, TransactionRecord } from '../../src/engine/ports.ts';

export class MemoryGatewayStore implements GatewayStore {
  readonly facts = new Map<string, StationFacts>();
  readonly transactions = new Map<number, TransactionRecord>();
  readonly rows = new Map<number, OutboxRow>();
  readonly profiles = new Map<string, string>();
  /** Set to make every write fail, as a full disk would. */
  failure: Error | undefined;
  #lastId = 0;
  #lastSeq = 0;

  async #write(): Promise<void> {
    // A commit takes a turn at least: nobody may count on it having happened at once.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.failure) throw this.failure;
  }

  async loadFacts() {
    return [...this.facts.values()];
  }

  async saveFacts(facts: StationFacts) {
    await this.#write();
    this.facts.set(facts.station, facts);
  }

  async openTransactions() {
    return [...this.transactions.values()].filter((record) => record.state === 'open');
  }

  async findTransaction(localId: number) {
    return this.transactions.get(localId);
  }

  async startTransaction(
    start: Omit<TransactionRecord, 'localId' | 'state' | 'upstreamId'>,
    outbox?: Pick<OutboxRow, 'messageId' | 'action' | 'rawPayload'>,
  ) {
    await this.#write();
    const earlier = [...this.transactions.values()].find((record) => record.startKey === start.startKey);
    if (earlier) return { record: earlier, isNew: false };
    const record: TransactionRecord = { ...start, localId: ++this.#lastId, state: 'open' };
    this.transactions.set(record.localId, record);
    if (!outbox) return { record, isNew: true };
    const outboxSeq = this.#append({ ...outbox, station: start.station, localTransactionId: record.localId });
    return { record, isNew: true, outboxSeq };
  }

  async setUpstreamId(localId: number, upstreamId: number) {
    await this.#write();
    const record = this.transactions.get(localId);
    if (record) this.transactions.set(localId, { ...record, upstreamId });
  }

  async stopTransaction(localId: number | undefined, outbox?: Omit<OutboxRow, 'seq' | 'attempts' | 'state'>) {
    await this.#write();
    const record = localId === undefined ? undefined : this.transactions.get(localId);
    if (record) this.transactions.set(record.localId, { ...record, state: 'stopped' });
    return outbox ? { outboxSeq: this.#append(outbox) } : {};
  }

  async append(row: Omit<OutboxRow, 'seq' | 'attempts' | 'state'>) {
    await this.#write();
    return { outboxSeq: this.#append(row) };
  }

  async outbox(station: string, limit: number) {
    return [...this.rows.values()].filter((row) => row.station === station && row.state === 'queued').slice(0, limit);
  }

  async countAttempt(seq: number) {
    await this.#write();
    const row = this.rows.get(seq);
    if (row) this.rows.set(seq, { ...row, attempts: row.attempts + 1 });
  }

  async settle(seq: number, as: 'delivered' | 'parked') {
    await this.#write();
    const row = this.rows.get(seq);
    if (as === 'delivered') this.rows.delete(seq);
    else if (row) this.rows.set(seq, { ...row, state: 'parked' });
  }

  async loadUpstreamProfiles() {
    return [...this.profiles].map(([station, json]) => ({ station, json }));
  }

  async saveUpstreamProfiles(station: string, json: string) {
    await this.#write();
    this.profiles.set(station, json);
  }

  #append(row: Omit<OutboxRow, 'seq' | 'attempts' | 'state'>): number {
    const seq = ++this.#lastSeq;
    this.rows.set(seq, { ...row, seq, attempts: 0, state: 'queued' });
    return seq;
  }
}
