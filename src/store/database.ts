// Opens one SQLite file safely (WAL, synchronous FULL, numbered migrations) and checks what is bound; it must never hold a rule of the site.

import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { AppError } from '../engine/app-error.ts';
import { checkLogOf } from './log-check.ts';

/** How long a statement waits for another process that holds the file (a backup, a reader that checkpoints). */
export const BUSY_TIMEOUT_MS = 2_000;
/** The write-ahead log is cut back to this after a checkpoint, so that one burst does not keep its disk for ever. */
const WAL_KEEP_BYTES = 16 * 2 ** 20;

export type SqlValue = string | number | bigint | Uint8Array | null;
export type SqlParams = Readonly<Record<string, SqlValue>>;

/** One step of the schema; `version` counts from 1 without gaps, and a step that was released is never edited again. */
export type Migration = { readonly version: number; readonly why: string; readonly sql: string };

/**
 * Stands in for the disk where the disk is not what is used but what is tried: a simulation's, on its own time line, or a test's. With one, nothing
 * is flushed: what a power cut takes is then up to who gave it. The product MUST NOT pass one (test/simulation/disk.test.ts).
 */
export type SimulatedDevice = {
  /** Asked as each transaction is about to be committed: SQLite's code of the trouble it then ends with, all of it taken back. */
  readonly refusal: () => DiskFaultCode | undefined;
};
export type DiskFaultCode = 'SQLITE_FULL' | 'SQLITE_READONLY' | 'SQLITE_IOERR_WRITE' | 'SQLITE_IOERR_FSYNC';

export type DatabaseOptions = {
  readonly path: string;
  readonly migrations: readonly Migration[];
  readonly busyTimeoutMs?: number;
  /** Upper bound of the file in pages of 4,096 bytes; at the bound writes fail with SQLITE_FULL. */
  readonly maxPages?: number;
  /** Opens an existing file for looking only; its schema MUST already be the newest. */
  readonly readOnly?: boolean;
  /** Absent on every real site. */
  readonly simulatedDevice?: SimulatedDevice;
};

/** In SQLite's own words. */
const DISK_FAULTS: Readonly<Record<DiskFaultCode, string>> = {
  SQLITE_FULL: 'database or disk is full',
  SQLITE_READONLY: 'attempt to write a readonly database',
  SQLITE_IOERR_WRITE: 'disk I/O error',
  SQLITE_IOERR_FSYNC: 'disk I/O error',
};

/** A statement that was prepared once; every call checks its parameters. */
export type Statement<Row> = {
  /** Returns how many rows changed and the rowid of the last insert. */
  run(params?: SqlParams): { readonly changes: number; readonly lastRowid: number };
  get(params?: SqlParams): Row | undefined;
  all(params?: SqlParams): Row[];
};

export class DatabaseFile {
  readonly path: string;
  /** The last commit of the life before did not arrive whole and was left out: where its log ends. */
  readonly tornAtByte: number | undefined;
  readonly #db: BetterSqlite.Database;
  readonly #inTransaction: (work: () => unknown) => unknown;
  readonly #pages: Statement<{ page_count: number }>;
  readonly #freePages: Statement<{ freelist_count: number }>;

  /**
   * Opens or creates the file and brings its schema up to date.
   * @throws AppError STORE_OPEN_FAILED, STORE_CORRUPT, STORE_SCHEMA_NEWER or STORE_MIGRATION_FAILED
   */
  constructor(options: DatabaseOptions) {
    this.path = options.path;
    this.tornAtByte = options.readOnly ? undefined : tornTail(options.path);
    this.#db = open(options);
    try {
      migrate(this.#db, options);
    } catch (cause) {
      this.#db.close();
      throw cause instanceof AppError ? cause : openFault(options.path, cause);
    }
    const { simulatedDevice } = options;
    const run = this.#db.transaction((work: () => unknown) => {
      const result = work();
      const refusal = simulatedDevice?.refusal();
      if (refusal) throw new BetterSqlite.SqliteError(DISK_FAULTS[refusal], refusal);
      return result;
    });
    this.#inTransaction = (work) => run.immediate(work);
    this.#pages = this.prepare('PRAGMA page_count');
    this.#freePages = this.prepare('PRAGMA freelist_count');
  }

  /** Pages that hold something; the file keeps those that became free and uses them again. */
  get usedPages(): number {
    return this.#pages.get()!.page_count - this.#freePages.get()!.freelist_count;
  }

  get isOpen(): boolean {
    return this.#db.open;
  }

  /** Prepares a statement with named parameters (`@name`). Prepare once and keep it: preparing costs more than running. */
  prepare<Row = never>(sql: string): Statement<Row> {
    const statement = this.#db.prepare<[SqlParams], Row>(sql);
    return {
      run: (params = {}) => {
        const { changes, lastInsertRowid } = statement.run(checked(params, sql));
        return { changes, lastRowid: Number(lastInsertRowid) };
      },
      get: (params = {}) => statement.get(checked(params, sql)),
      all: (params = {}) => statement.all(checked(params, sql)),
    };
  }

  /**
   * Runs `work` in one transaction: all of it is on the disk when this returns, none of it when it throws. `work` MUST be synchronous.
   * Transactions never nest: the inner one would look durable while the outer one can still take it back.
   */
  transaction<T>(work: () => T): T {
    if (this.#db.inTransaction) throw new Error(`store: a transaction inside a transaction on ${this.path}`);
    return this.#inTransaction(work) as T;
  }

  close(): void {
    this.#db.close();
  }
}

/** Absent becomes NULL by intention; `undefined` itself is refused by the check. */
export function orNull<T extends SqlValue>(value: T | undefined): T | null {
  return value === undefined ? null : value;
}

/** SQLite's own code of an error, such as `SQLITE_FULL`; absent when the error is not SQLite's. */
export function sqliteCode(error: unknown): string | undefined {
  return error instanceof BetterSqlite.SqliteError ? error.code : undefined;
}

/** True when the file itself is damaged, not merely out of reach. */
export function isCorrupt(error: unknown): boolean {
  const code = error instanceof AppError ? error.code : sqliteCode(error);
  return code === 'STORE_CORRUPT' || code === 'SQLITE_NOTADB' || code?.startsWith('SQLITE_CORRUPT') === true;
}

/** True for trouble with the disk or the file; false for what one statement did wrong (a constraint, a type, a bug of ours). */
export function isDiskFault(error: unknown): boolean {
  const code = sqliteCode(error);
  return code !== undefined && !/^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG|RANGE|ERROR$)/.test(code);
}

function open(options: DatabaseOptions): BetterSqlite.Database {
  let db: BetterSqlite.Database | undefined;
  try {
    const readonly = options.readOnly === true;
    db = new BetterSqlite(options.path, {
      timeout: options.busyTimeoutMs ?? BUSY_TIMEOUT_MS,
      readonly,
      fileMustExist: readonly,
    });
    if (!readonly) {
      const mode = db.pragma('journal_mode = WAL', { simple: true });
      if (mode !== 'wal') throw new Error(`the file system does not carry a write-ahead log (journal mode is ${mode})`);
      db.pragma(`synchronous = ${options.simulatedDevice ? 'OFF' : 'FULL'}`);
      db.pragma(`journal_size_limit = ${WAL_KEEP_BYTES}`);
    }
    db.pragma('foreign_keys = ON');
    if (options.maxPages !== undefined) db.pragma(`max_page_count = ${options.maxPages}`);
    return db;
  } catch (cause) {
    db?.close();
    throw openFault(options.path, cause);
  }
}

/**
 * SQLite ends the log at the first sum that is wrong and says nothing: right for what a power cut tore, but what stood behind would be lost in silence.
 * @throws AppError STORE_CORRUPT when that is so; neither file has been touched
 */
function tornTail(path: string): number | undefined {
  const log = checkLogOf(path);
  if (log.kind !== 'damaged') return log.kind === 'torn-tail' ? log.atByte : undefined;
  throw new AppError(
    'STORE_CORRUPT',
    `${path}-wal is damaged at byte ${log.atByte}, before writes that were durable. Stop Busbar, keep a copy of it and of ${path}, and put back the newest backup of both.`,
    { path, atByte: log.atByte },
  );
}

function openFault(path: string, cause: unknown): AppError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  if (isCorrupt(cause)) {
    return new AppError(
      'STORE_CORRUPT',
      `${path} is damaged (${detail}). Stop Busbar, keep a copy of the file, and put back the newest backup.`,
      { path },
      { cause },
    );
  }
  return new AppError(
    'STORE_OPEN_FAILED',
    `${path} cannot be opened (${detail}). Check that its directory exists, belongs to Busbar's user, and has free space.`,
    { path, sqlite: sqliteCode(cause) },
    { cause },
  );
}

function migrate(db: BetterSqlite.Database, options: DatabaseOptions): void {
  const { path, migrations } = options;
  const gap = migrations.findIndex((step, index) => step.version !== index + 1);
  if (gap >= 0) throw new Error(`store: migration ${gap + 1} of ${path} has the version ${migrations[gap]?.version}`);
  const found = Number(db.pragma('user_version', { simple: true }));
  if (found > migrations.length) {
    throw new AppError(
      'STORE_SCHEMA_NEWER',
      `${path} has schema ${found}, this Busbar knows up to ${migrations.length}. Run the newer Busbar, or put back the backup made before its migration.`,
      { path, found, known: migrations.length },
    );
  }
  const missing = migrations.slice(found);
  if (missing.length === 0) return;
  if (options.readOnly) {
    throw new AppError(
      'STORE_SCHEMA_OLDER',
      `${path} has schema ${found}, expected ${migrations.length}. Start the controller once on this file; it migrates it.`,
      { path, found, known: migrations.length },
    );
  }
  try {
    if (found > 0) backUp(db, `${path}.schema-${found}.bak`);
    // One transaction for all steps: a file is at its old schema or at the newest, never between.
    db.transaction(() => {
      for (const step of missing) db.exec(step.sql);
      db.pragma(`user_version = ${migrations.length}`);
    }).exclusive();
  } catch (cause) {
    throw new AppError(
      'STORE_MIGRATION_FAILED',
      `${path} could not be brought from schema ${found} to ${migrations.length} (${cause instanceof Error ? cause.message : cause}); it was left as it was.`,
      { path, found, known: migrations.length },
      { cause },
    );
  }
}

/** Writes a whole, synced copy: first under another name, so that a half one is never taken for a backup. */
function backUp(db: BetterSqlite.Database, to: string): void {
  const half = `${to}.half`;
  if (existsSync(half)) rmSync(half);
  db.prepare('VACUUM INTO ?').run(half);
  sync(half);
  renameSync(half, to);
  sync(dirname(to));
}

function sync(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function checked(params: SqlParams, sql: string): SqlParams {
  for (const [name, value] of Object.entries(params)) {
    const isSound =
      value === null ||
      typeof value === 'string' ||
      typeof value === 'bigint' ||
      value instanceof Uint8Array ||
      // SQLite binds NaN as NULL without a word, and beyond 2^53 neighbours share one number.
      (typeof value === 'number' && Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER);
    if (!isSound) throw new TypeError(`store: parameter "${name}" is ${String(value)} in: ${sql}`);
  }
  return params;
}
