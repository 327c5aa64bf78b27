// The journal's file: packed chunks of cycles in the order of writing, bounded in bytes and age; it must never hold anything the site needs to run.

import type { JournalRecord } from '../engine/ports.ts';
import { DatabaseFile, type Migration, type Statement } from './database.ts';
import { packJson, unpackJson } from './packed-json.ts';

/** Packed bytes kept; beyond it the oldest chunks go. The file itself is some percent larger. */
export const MAX_JOURNAL_BYTES = 512 * 2 ** 20;
/** Cycles older than this by the wall clock go. */
export const MAX_JOURNAL_AGE_MS = 30 * 24 * 3_600_000;
/** Chunks that leave in one write at most, so that a lowered bound or a stepped wall clock never makes one write slow. */
const MAX_DROPS_PER_WRITE = 64;
/** Records after which a page of reading ends. */
export const MAX_PAGE_RECORDS = 600;

export const JOURNAL_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    why: 'chunks of cycle records',
    sql: `
      CREATE TABLE chunks (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        from_wall INTEGER NOT NULL,
        to_wall INTEGER NOT NULL,
        records INTEGER NOT NULL,
        is_key INTEGER NOT NULL CHECK (is_key IN (0, 1)),
        bytes INTEGER NOT NULL,
        packed BLOB NOT NULL
      ) STRICT;
      CREATE INDEX chunks_key ON chunks (from_wall, seq) WHERE is_key = 1;
      CREATE INDEX chunks_bytes ON chunks (seq, bytes, to_wall);
    `,
  },
];

/** Records that follow each other, packed; only the first of them may be a key frame. */
export type Chunk = {
  readonly fromWall: number;
  readonly toWall: number;
  readonly records: number;
  readonly isKey: boolean;
  readonly packed: Uint8Array;
};

export type JournalBounds = { readonly maxBytes: number; readonly maxAgeMs: number };

/** `nextSeq` is absent on the last page. */
export type JournalPage = { readonly records: readonly JournalRecord[]; readonly nextSeq?: number };

/** Packs records that follow each other; MUST be given at least one. */
export function packChunk(records: readonly JournalRecord[]): Chunk {
  const walls = records.map((record) => Math.round(record.snapshot.wallNow));
  return {
    fromWall: Math.min(...walls),
    toWall: Math.max(...walls),
    records: records.length,
    isKey: records[0]!.decision.memory !== undefined,
    packed: packJson(records),
  };
}

export class JournalFile {
  readonly #database: DatabaseFile;
  readonly #bounds: JournalBounds;
  readonly #insert: Statement<never>;
  readonly #oldest: Statement<{ seq: number; bytes: number; to_wall: number }>;
  readonly #delete: Statement<never>;
  readonly #keyBefore: Statement<{ seq: number | null }>;
  readonly #keyAfter: Statement<{ seq: number | null }>;
  readonly #next: Statement<{ seq: number; packed: Uint8Array }>;
  #bytes: number;

  /** @throws AppError as `DatabaseFile` does */
  constructor(path: string, options: { readonly bounds?: JournalBounds; readonly readOnly?: boolean } = {}) {
    const readOnly = options.readOnly === true;
    this.#database = new DatabaseFile({ path, migrations: JOURNAL_MIGRATIONS, readOnly });
    this.#bounds = options.bounds ?? { maxBytes: MAX_JOURNAL_BYTES, maxAgeMs: MAX_JOURNAL_AGE_MS };
    const db = this.#database;
    this.#insert = db.prepare(
      `INSERT INTO chunks (from_wall, to_wall, records, is_key, bytes, packed)
       VALUES (@fromWall, @toWall, @records, @isKey, @bytes, @packed)`,
    );
    this.#oldest = db.prepare(`SELECT seq, bytes, to_wall FROM chunks ORDER BY seq LIMIT ${MAX_DROPS_PER_WRITE}`);
    this.#delete = db.prepare('DELETE FROM chunks WHERE seq = @seq');
    this.#keyBefore = db.prepare('SELECT max(seq) AS seq FROM chunks WHERE is_key = 1 AND from_wall <= @fromWall');
    this.#keyAfter = db.prepare('SELECT min(seq) AS seq FROM chunks WHERE is_key = 1 AND from_wall > @fromWall');
    this.#next = db.prepare(
      'SELECT seq, packed FROM chunks WHERE seq >= @seq AND from_wall <= @toWall ORDER BY seq LIMIT 1',
    );
    this.#bytes = db.prepare<{ bytes: number }>('SELECT coalesce(sum(bytes), 0) AS bytes FROM chunks').get()!.bytes;
  }

  /** Packed bytes in the file. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Appends chunks and lets the oldest go beyond the bounds, in one commit. The newest chunk always stays. */
  write(chunks: readonly Chunk[], wallNow: number): void {
    this.#bytes = this.#database.transaction(() => {
      let bytes = this.#bytes;
      for (const { fromWall, toWall, records, isKey, packed } of chunks) {
        this.#insert.run({ fromWall, toWall, records, isKey: isKey ? 1 : 0, bytes: packed.byteLength, packed });
        bytes += packed.byteLength;
      }
      const oldest = this.#oldest.all();
      for (const chunk of oldest.slice(0, -1)) {
        if (bytes <= this.#bounds.maxBytes && chunk.to_wall >= wallNow - this.#bounds.maxAgeMs) break;
        this.#delete.run({ seq: chunk.seq });
        bytes -= chunk.bytes;
      }
      return bytes;
    });
  }

  /**
   * Records up to `toWall`, in the order of writing. The first one is a key frame: the newest at or before `fromWall`, or the first there is, so a
   * replay has the memory to start from. Where cycles were lost, `snapshot.cycle` jumps; a replay then waits for the next key frame.
   */
  page(fromWall: number, toWall: number, nextSeq?: number): JournalPage {
    const start = nextSeq ?? this.#keyBefore.get({ fromWall })?.seq ?? this.#keyAfter.get({ fromWall })?.seq;
    if (start === null || start === undefined) return { records: [] };
    const records: JournalRecord[] = [];
    let seq = start;
    while (records.length < MAX_PAGE_RECORDS) {
      const chunk = this.#next.get({ seq, toWall });
      if (!chunk) return { records };
      const unpacked = unpackJson(chunk.packed) as JournalRecord[];
      records.push(...unpacked.filter((record) => record.snapshot.wallNow <= toWall));
      seq = chunk.seq + 1;
    }
    return { records, nextSeq: seq };
  }

  close(): void {
    this.#database.close();
  }
}

/**
 * Reads a journal that another process may be writing; see `JournalFile.page` for where it starts.
 * @throws AppError STORE_OPEN_FAILED when there is no such file
 */
export function* readJournal(path: string, fromWall: number, toWall: number): Generator<JournalRecord> {
  const file = new JournalFile(path, { readOnly: true });
  try {
    let page = file.page(fromWall, toWall);
    yield* page.records;
    while (page.nextSeq !== undefined) {
      page = file.page(fromWall, toWall, page.nextSeq);
      yield* page.records;
    }
  } finally {
    file.close();
  }
}
