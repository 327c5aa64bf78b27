// Who changed what, from what to what, and why; it must never change a row, and deletes only the oldest beyond its bound.

import type { AuditEntry } from '../engine/ports.ts';
import { type DatabaseFile, orNull, type Statement } from './database.ts';
import { MAX_AUDIT_ROWS } from './state-schema.ts';

/** The most rows that one question returns. */
export const MAX_AUDIT_PAGE = 1_000;

type Row = {
  readonly seq: number;
  readonly at_wall: number;
  readonly who: string;
  readonly what: string;
  readonly before_json: string | null;
  readonly after_json: string | null;
  readonly why: string | null;
};

export class Audit {
  readonly #insert: Statement<never>;
  readonly #dropOldest: Statement<never>;
  readonly #page: Statement<Row>;

  constructor(database: DatabaseFile) {
    this.#insert = database.prepare(
      `INSERT INTO audit (at_wall, who, what, before_json, after_json, why)
       VALUES (@atWall, @who, @what, @before, @after, @why)`,
    );
    this.#dropOldest = database.prepare('DELETE FROM audit WHERE seq <= @upTo');
    this.#page = database.prepare('SELECT * FROM audit WHERE seq < @beforeSeq ORDER BY seq DESC LIMIT @limit');
  }

  /** MUST be called inside a transaction of the database. */
  append(entry: AuditEntry): void {
    const { lastRowid } = this.#insert.run({
      atWall: entry.atWall,
      who: entry.who,
      what: entry.what,
      before: toJson(entry.before),
      after: toJson(entry.after),
      why: orNull(entry.why),
    });
    this.#dropOldest.run({ upTo: lastRowid - MAX_AUDIT_ROWS });
  }

  /** Newest first. */
  page(limit: number, beforeSeq = Number.MAX_SAFE_INTEGER): readonly (AuditEntry & { readonly seq: number })[] {
    return this.#page.all({ beforeSeq, limit: Math.min(Math.max(0, Math.floor(limit)), MAX_AUDIT_PAGE) }).map(fromRow);
  }
}

function toJson(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

function fromRow(row: Row): AuditEntry & { readonly seq: number } {
  return {
    seq: row.seq,
    atWall: row.at_wall,
    who: row.who,
    what: row.what,
    ...(row.before_json !== null && { before: JSON.parse(row.before_json) }),
    ...(row.after_json !== null && { after: JSON.parse(row.after_json) }),
    ...(row.why !== null && { why: row.why }),
  };
}
