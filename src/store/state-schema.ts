// The schema of the state file, step by step; a step that was released is never edited again, a change is a new step.

import type { Migration } from './database.ts';

/**
 * Audit rows kept; one more lets the oldest go. The file itself refuses to change a row or to delete a newer one.
 * The number stands in the schema too: raising it takes a migration.
 */
export const MAX_AUDIT_ROWS = 100_000;

export const STATE_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    why: 'state of the control room and of the gateway, and the audit',
    sql: `
      CREATE TABLE controller (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL) STRICT;
      INSERT INTO controller VALUES (1, 0);
      CREATE TABLE memory (one INTEGER PRIMARY KEY CHECK (one = 1), packed BLOB NOT NULL) STRICT;
      CREATE TABLE caps (one INTEGER PRIMARY KEY CHECK (one = 1), json TEXT NOT NULL) STRICT;

      CREATE TABLE facts (station TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT;
      CREATE TABLE upstream_profiles (station TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT;

      -- AUTOINCREMENT: an id is never given twice, also after its row is gone.
      CREATE TABLE transactions (
        local_id INTEGER PRIMARY KEY AUTOINCREMENT,
        station TEXT NOT NULL,
        connector INTEGER NOT NULL,
        upstream_id INTEGER,
        started_at_wall INTEGER NOT NULL,
        meter_start_wh REAL NOT NULL,
        id_token_hash TEXT NOT NULL,
        start_key TEXT NOT NULL,
        start_seq INTEGER,
        state TEXT NOT NULL CHECK (state IN ('open', 'stopped')),
        stop_hash TEXT,
        stop_seq INTEGER,
        UNIQUE (station, start_key)
      ) STRICT;
      CREATE INDEX transactions_open ON transactions (local_id) WHERE state = 'open';

      CREATE TABLE outbox (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        station TEXT NOT NULL,
        message_id TEXT NOT NULL,
        action TEXT NOT NULL,
        raw_payload TEXT NOT NULL,
        local_transaction_id INTEGER,
        attempts INTEGER NOT NULL DEFAULT 0,
        state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'parked')),
        is_intermediate INTEGER NOT NULL CHECK (is_intermediate IN (0, 1))
      ) STRICT;
      CREATE INDEX outbox_queued ON outbox (station, seq) WHERE state = 'queued';
      CREATE INDEX outbox_intermediate ON outbox (station, seq) WHERE is_intermediate = 1;
      CREATE INDEX outbox_transaction ON outbox (local_transaction_id) WHERE local_transaction_id IS NOT NULL;

      -- Counting 100,000 rows at each append would cost milliseconds; the triggers keep the count inside the same commit.
      CREATE TABLE outbox_size (station TEXT PRIMARY KEY, rows INTEGER NOT NULL, thinned INTEGER NOT NULL DEFAULT 0) STRICT;
      CREATE TRIGGER outbox_grows AFTER INSERT ON outbox BEGIN
        INSERT INTO outbox_size (station, rows) VALUES (NEW.station, 1) ON CONFLICT (station) DO UPDATE SET rows = rows + 1;
      END;
      CREATE TRIGGER outbox_shrinks AFTER DELETE ON outbox BEGIN
        UPDATE outbox_size SET rows = rows - 1 WHERE station = OLD.station;
      END;

      CREATE TABLE audit (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        at_wall INTEGER NOT NULL,
        who TEXT NOT NULL,
        what TEXT NOT NULL,
        before_json TEXT,
        after_json TEXT,
        why TEXT
      ) STRICT;
      CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN
        SELECT RAISE(ABORT, 'the audit is append only');
      END;
      CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
        WHEN OLD.seq > (SELECT max(seq) FROM audit) - ${MAX_AUDIT_ROWS}
      BEGIN
        SELECT RAISE(ABORT, 'the audit is append only');
      END;
    `,
  },
  {
    version: 2,
    why: 'what people wish for a car',
    sql: 'CREATE TABLE wishes (one INTEGER PRIMARY KEY CHECK (one = 1), json TEXT NOT NULL) STRICT;',
  },
];
