// The transactions that stations have opened, under ids of ours; it must never give an id twice or open the same start twice.

import { createHash } from 'node:crypto';
import type { AppError } from '../engine/app-error.ts';
import type { GatewayStore, TransactionRecord } from '../engine/ports.ts';
import { type DatabaseFile, orNull, type Statement } from './database.ts';
import type { NewOutboxRow, Outbox } from './outbox.ts';

/** A stopped transaction is forgotten when this many newer ones were opened and nothing of it waits for upstream. */
export const MAX_STOPPED_TRANSACTIONS = 100_000;
/** One that nobody ever stopped is forgotten after this many. */
export const MAX_TRANSACTIONS = 1_000_000;

export type Start = Parameters<GatewayStore['startTransaction']>[0];
export type StartOutbox = NonNullable<Parameters<GatewayStore['startTransaction']>[1]>;
export type Started = Awaited<ReturnType<GatewayStore['startTransaction']>>;
export type Stopped = Awaited<ReturnType<GatewayStore['stopTransaction']>>;

type Row = {
  readonly local_id: number;
  readonly station: string;
  readonly connector: number;
  readonly upstream_id: number | null;
  readonly started_at_wall: number;
  readonly meter_start_wh: number;
  readonly id_token_hash: string;
  readonly start_key: string;
  readonly start_seq: number | null;
  readonly state: 'open' | 'stopped';
  readonly stop_hash: string | null;
  readonly stop_seq: number | null;
};

export type TransactionBounds = { readonly stopped: number; readonly all: number };

/** `start`, `stop` and `setUpstreamId` MUST be called inside a transaction of the database. */
export class Transactions {
  readonly #outbox: Outbox;
  readonly #bounds: TransactionBounds;
  readonly #insert: Statement<never>;
  readonly #byId: Statement<Row>;
  readonly #byKey: Statement<Row>;
  readonly #open: Statement<Row>;
  readonly #setStartSeq: Statement<never>;
  readonly #setUpstreamId: Statement<never>;
  readonly #setStopped: Statement<never>;
  readonly #forget: Statement<never>;

  constructor(database: DatabaseFile, outbox: Outbox, bounds?: TransactionBounds) {
    this.#outbox = outbox;
    this.#bounds = bounds ?? { stopped: MAX_STOPPED_TRANSACTIONS, all: MAX_TRANSACTIONS };
    this.#insert = database.prepare(
      `INSERT INTO transactions (station, connector, started_at_wall, meter_start_wh, id_token_hash, start_key, state)
       VALUES (@station, @connector, @startedAtWall, @meterStartWh, @idTokenHash, @startKey, 'open')`,
    );
    this.#byId = database.prepare('SELECT * FROM transactions WHERE local_id = @localId');
    this.#byKey = database.prepare('SELECT * FROM transactions WHERE station = @station AND start_key = @startKey');
    this.#open = database.prepare(`SELECT * FROM transactions WHERE state = 'open' ORDER BY local_id`);
    this.#setStartSeq = database.prepare('UPDATE transactions SET start_seq = @seq WHERE local_id = @localId');
    this.#setUpstreamId = database.prepare(
      'UPDATE transactions SET upstream_id = @upstreamId WHERE local_id = @localId',
    );
    this.#setStopped = database.prepare(
      `UPDATE transactions SET state = 'stopped', stop_hash = @hash, stop_seq = @seq WHERE local_id = @localId`,
    );
    // Two at a time: each start makes one, so the table shrinks back to its bound and no single start is slow.
    this.#forget = database.prepare(
      `DELETE FROM transactions WHERE local_id IN (
         SELECT local_id FROM transactions
         WHERE (local_id <= @stoppedUpTo AND state = 'stopped' OR local_id <= @allUpTo)
           AND NOT EXISTS (SELECT 1 FROM outbox WHERE local_transaction_id = local_id)
         ORDER BY local_id LIMIT 2)`,
    );
  }

  open(): readonly TransactionRecord[] {
    return this.#open.all().map(fromRow);
  }

  find(localId: number): TransactionRecord | undefined {
    const row = this.#byId.get({ localId });
    return row && fromRow(row);
  }

  /** Opens a transaction with its outbox row. The same `startKey` of the station again gives the first record back and appends nothing. */
  start(start: Start, outbox: StartOutbox | undefined): Started | AppError {
    const known = this.#byKey.get({ station: start.station, startKey: start.startKey });
    if (known) return { record: fromRow(known), isNew: false, ...this.#waiting(known.start_seq) };
    const refusal = outbox && this.#outbox.makeRoom(start.station);
    if (refusal) return refusal;
    const { station, connector, startedAtWall, meterStartWh, idTokenHash, startKey } = start;
    const fields = { station, connector, startedAtWall, meterStartWh, idTokenHash, startKey };
    const localId = this.#insert.run(fields).lastRowid;
    this.#forget.run({ stoppedUpTo: localId - this.#bounds.stopped, allUpTo: localId - this.#bounds.all });
    const record: TransactionRecord = { localId, ...fields, state: 'open' };
    if (!outbox) return { record, isNew: true };
    const { messageId, action, rawPayload } = outbox;
    const outboxSeq = this.#outbox.append({ station, messageId, action, rawPayload, localTransactionId: localId });
    this.#setStartSeq.run({ localId, seq: outboxSeq });
    return { record, isNew: true, outboxSeq };
  }

  /**
   * Closes the transaction where there is one and appends the outbox row. A station that got no answer sends its stop again: the same bytes for a
   * transaction that they closed before append nothing, so upstream sees one stop whatever was killed between commit and answer.
   */
  stop(localId: number | undefined, outbox: NewOutboxRow | undefined): Stopped | AppError {
    const row = localId === undefined ? undefined : this.#byId.get({ localId });
    const hash = outbox && createHash('sha256').update(outbox.rawPayload).digest('hex');
    if (row && hash !== undefined && row.stop_hash === hash) return this.#waiting(row.stop_seq);
    const refusal = outbox && this.#outbox.makeRoom(outbox.station);
    if (refusal) return refusal;
    const seq = outbox && this.#outbox.append(outbox);
    if (row?.state === 'open') this.#setStopped.run({ localId: row.local_id, hash: orNull(hash), seq: orNull(seq) });
    return seq === undefined ? {} : { outboxSeq: seq };
  }

  /** False when there is no such transaction any more. */
  setUpstreamId(localId: number, upstreamId: number): boolean {
    return this.#setUpstreamId.run({ localId, upstreamId }).changes > 0;
  }

  /** The seq of a row that was appended before, as long as it waits. */
  #waiting(seq: number | null): { readonly outboxSeq?: number } {
    return seq !== null && this.#outbox.isWaiting(seq) ? { outboxSeq: seq } : {};
  }
}

function fromRow(row: Row): TransactionRecord {
  return {
    localId: row.local_id,
    station: row.station,
    connector: row.connector,
    ...(row.upstream_id !== null && { upstreamId: row.upstream_id }),
    startedAtWall: row.started_at_wall,
    meterStartWh: row.meter_start_wh,
    idTokenHash: row.id_token_hash,
    startKey: row.start_key,
    state: row.state,
  };
}
