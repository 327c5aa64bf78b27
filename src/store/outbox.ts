// The rows that wait for upstream, in order per station and bounded; it must never thin away a start, a stop or a begin or end value.

import { AppError } from '../engine/app-error.ts';
import type { OutboxRow } from '../engine/ports.ts';
import { type DatabaseFile, orNull, type Statement } from './database.ts';

/**
 * Rows per station, queued and parked together. At the bound the oldest intermediate meter values make room; where there are none the new row is
 * refused (STORE_OUTBOX_FULL), so the station gets no answer and keeps its own copy.
 */
export const MAX_OUTBOX_ROWS_PER_STATION = 100_000;
/**
 * Pages of the file in use (1.77 GB) from which on each new row takes the place of two intermediate meter values of its station, whatever its count.
 * 200 stations at their own bounds would otherwise fill the disk. What may not be thinned is taken until the file is at its end.
 */
export const THIN_FROM_PAGES = 432_000;
/** So many new rows may pass between two looks at the size of the file: a megabyte at most. */
const LOOK_EVERY_ROWS = 64;
/** The most rows that one question returns, whatever it asks for. */
export const MAX_OUTBOX_PAGE = 1_000;

export type NewOutboxRow = Omit<OutboxRow, 'seq' | 'attempts' | 'state'>;

type Row = {
  readonly seq: number;
  readonly station: string;
  readonly message_id: string;
  readonly action: string;
  readonly raw_payload: string;
  readonly local_transaction_id: number | null;
  readonly attempts: number;
  readonly state: 'queued' | 'parked';
};

export type OutboxBounds = { readonly rowsPerStation: number; readonly thinFromPages: number };

/** All methods MUST be called inside a transaction of the database, `page` and `thinned` excepted. */
export class Outbox {
  readonly #database: DatabaseFile;
  readonly #bounds: OutboxBounds;
  readonly #onThinned: (station: string, thinned: number) => void;
  #untilLook = 0;
  #isFileNearlyFull = false;
  readonly #insert: Statement<never>;
  readonly #rows: Statement<{ rows: number; thinned: number }>;
  readonly #thin: Statement<never>;
  readonly #countThinned: Statement<{ thinned: number }>;
  readonly #page: Statement<Row>;
  readonly #attempt: Statement<never>;
  readonly #delete: Statement<never>;
  readonly #park: Statement<never>;
  readonly #exists: Statement<{ seq: number }>;

  /** `onThinned` is told the station's count so far whenever that has doubled: a long outage must not fill the log. */
  constructor(
    database: DatabaseFile,
    bounds: Partial<OutboxBounds>,
    onThinned: (station: string, thinned: number) => void,
  ) {
    this.#database = database;
    this.#bounds = { rowsPerStation: MAX_OUTBOX_ROWS_PER_STATION, thinFromPages: THIN_FROM_PAGES, ...bounds };
    this.#onThinned = onThinned;
    this.#insert = database.prepare(
      `INSERT INTO outbox (station, message_id, action, raw_payload, local_transaction_id, is_intermediate)
       VALUES (@station, @messageId, @action, @rawPayload, @localTransactionId, @isIntermediate)`,
    );
    this.#rows = database.prepare('SELECT rows, thinned FROM outbox_size WHERE station = @station');
    this.#thin = database.prepare(
      `DELETE FROM outbox WHERE seq IN
         (SELECT seq FROM outbox WHERE station = @station AND is_intermediate = 1 ORDER BY seq LIMIT @count)`,
    );
    this.#countThinned = database.prepare(
      'UPDATE outbox_size SET thinned = thinned + @count WHERE station = @station RETURNING thinned',
    );
    this.#page = database.prepare(
      `SELECT * FROM outbox WHERE station = @station AND state = 'queued' ORDER BY seq LIMIT @limit`,
    );
    this.#attempt = database.prepare('UPDATE outbox SET attempts = attempts + 1 WHERE seq = @seq');
    this.#delete = database.prepare('DELETE FROM outbox WHERE seq = @seq');
    this.#park = database.prepare(`UPDATE outbox SET state = 'parked' WHERE seq = @seq`);
    this.#exists = database.prepare('SELECT seq FROM outbox WHERE seq = @seq');
  }

  /**
   * Makes room for one more row, thinning at the bound; MUST precede each `append`. Returns why there is none, having changed nothing.
   */
  makeRoom(station: string): AppError | undefined {
    this.#look();
    const isStationFull = (this.#rows.get({ station })?.rows ?? 0) >= this.#bounds.rowsPerStation;
    if (!isStationFull && !this.#isFileNearlyFull) return undefined;
    const gone = this.#thin.run({ station, count: this.#isFileNearlyFull ? 2 : 1 }).changes;
    if (gone === 0) return isStationFull ? full(station, this.#bounds.rowsPerStation) : undefined;
    const { thinned } = this.#countThinned.get({ station, count: gone })!;
    if (hasDoubled(thinned - gone, thinned)) this.#onThinned(station, thinned);
    return undefined;
  }

  #look(): void {
    this.#untilLook -= 1;
    if (this.#untilLook > 0) return;
    this.#untilLook = LOOK_EVERY_ROWS;
    this.#isFileNearlyFull = this.#database.usedPages >= this.#bounds.thinFromPages;
  }

  /** Appends a row and returns its seq, which rises over all stations. */
  append(row: NewOutboxRow): number {
    return this.#insert.run({
      station: row.station,
      messageId: row.messageId,
      action: row.action,
      rawPayload: row.rawPayload,
      localTransactionId: orNull(row.localTransactionId),
      isIntermediate: isIntermediate(row.action, row.rawPayload) ? 1 : 0,
    }).lastRowid;
  }

  page(station: string, limit: number): readonly OutboxRow[] {
    return this.#page.all({ station, limit: Math.min(Math.max(0, Math.floor(limit)), MAX_OUTBOX_PAGE) }).map(fromRow);
  }

  /** A row that was thinned while it was under way is gone; counting or settling it then changes nothing. */
  countAttempt(seq: number): void {
    this.#attempt.run({ seq });
  }

  settle(seq: number, as: 'delivered' | 'parked'): void {
    (as === 'delivered' ? this.#delete : this.#park).run({ seq });
  }

  isWaiting(seq: number): boolean {
    return this.#exists.get({ seq }) !== undefined;
  }

  /** How many rows of this station were thinned away since the file was made. */
  thinned(station: string): number {
    return this.#rows.get({ station })?.thinned ?? 0;
  }
}

/**
 * True for a message whose loss leaves the transaction whole: MeterValues (OCPP 1.6 §4.7), and a TransactionEvent `Updated` that only carries meter
 * values (OCPP 2.0.1, use case E04: intermediate ones go first). Values taken at begin or end, and whatever cannot be read, are never intermediate.
 */
export function isIntermediate(action: string, rawPayload: string): boolean {
  if (action !== 'MeterValues' && action !== 'TransactionEvent') return false;
  const payload = parse(rawPayload);
  if (!payload) return false;
  if (action === 'TransactionEvent') {
    const { eventType, triggerReason } = payload;
    if (eventType !== 'Updated') return false;
    if (triggerReason !== 'MeterValuePeriodic' && triggerReason !== 'MeterValueClock') return false;
  }
  return !/"Transaction\.(Begin|End)"/.test(JSON.stringify(payload.meterValue ?? null));
}

function parse(rawPayload: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(rawPayload);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // Not readable is not provably intermediate: the row is kept like a start or a stop.
    return undefined;
  }
}

/** True when a power of two lies between them: after 1, 2, 4, 8 … */
function hasDoubled(before: number, after: number): boolean {
  return before === 0 || Math.floor(Math.log2(after)) > Math.floor(Math.log2(before));
}

function full(station: string, maxRows: number): AppError {
  return new AppError(
    'STORE_OUTBOX_FULL',
    `Station ${station} has ${maxRows} messages waiting for upstream and none of them may be thinned. The new one was refused, so the station keeps it. Bring the upstream link back.`,
    { station, maxRows },
  );
}

function fromRow(row: Row): OutboxRow {
  return {
    seq: row.seq,
    station: row.station,
    messageId: row.message_id,
    action: row.action,
    rawPayload: row.raw_payload,
    ...(row.local_transaction_id !== null && { localTransactionId: row.local_transaction_id }),
    attempts: row.attempts,
    state: row.state,
  };
}
