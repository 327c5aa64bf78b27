// The durable state of control room and gateway in one file; it must never resolve a write that is not on the disk.

import type { Cap } from '../core/model/limit.ts';
import type { Memory } from '../core/model/memory.ts';
import { AppError } from '../engine/app-error.ts';
import type {
  AuditEntry,
  AuditPort,
  ControlStore,
  GatewayStore,
  OutboxRow,
  StationFacts,
  Surroundings,
  TransactionRecord,
} from '../engine/ports.ts';
import type { KeptWish } from '../engine/requests.ts';
import { Audit } from './audit.ts';
import { DatabaseFile, type SimulatedDevice, type Statement } from './database.ts';
import { GroupCommit } from './group-commit.ts';
import { type NewOutboxRow, Outbox, type OutboxBounds } from './outbox.ts';
import { packJson, unpackJson } from './packed-json.ts';
import { STATE_MIGRATIONS } from './state-schema.ts';
import {
  type Start,
  type Started,
  type StartOutbox,
  type Stopped,
  type TransactionBounds,
  Transactions,
} from './transactions.ts';

/** 1.97 GB, with its log 2 GB: there the file ends, and writes are refused as on a full disk. */
export const MAX_STATE_PAGES = 480_000;

export type StateStoreOptions = {
  /** The state file; its directory MUST exist. */
  readonly path: string;
  readonly groupCommitMs?: number;
  readonly outboxBounds?: Partial<OutboxBounds>;
  readonly transactionBounds?: TransactionBounds;
  readonly maxPages?: number;
  /** See `DatabaseOptions`; absent on every real site. */
  readonly simulatedDevice?: SimulatedDevice;
};

type Document = { readonly station: string; readonly json: string };

export class StateStore implements ControlStore, GatewayStore, AuditPort {
  readonly #log: Surroundings['log'];
  readonly #database: DatabaseFile;
  readonly #group: GroupCommit;
  readonly #outbox: Outbox;
  readonly #transactions: Transactions;
  readonly #audit: Audit;
  readonly #control: ControlStatements;
  readonly #facts: Documents;
  readonly #profiles: Documents;
  #memory: Memory | undefined;
  #isMemoryQueued = false;

  /** @throws AppError STORE_OPEN_FAILED, STORE_CORRUPT, STORE_SCHEMA_NEWER or STORE_MIGRATION_FAILED */
  constructor(options: StateStoreOptions, surroundings: Pick<Surroundings, 'clock' | 'log'>) {
    const { path, groupCommitMs, maxPages = MAX_STATE_PAGES, simulatedDevice } = options;
    this.#log = surroundings.log;
    const database = new DatabaseFile({
      path,
      migrations: STATE_MIGRATIONS,
      maxPages,
      ...(simulatedDevice && { simulatedDevice }),
    });
    // As it should be after a power cut; anything else that it may be a sign of begins with the disk.
    if (database.tornAtByte !== undefined)
      surroundings.log.warn('store.log-tail-cut', { path, atByte: database.tornAtByte });
    this.#database = database;
    this.#group = new GroupCommit({ database, ...surroundings, ...(groupCommitMs !== undefined && { groupCommitMs }) });
    this.#outbox = new Outbox(database, options.outboxBounds ?? {}, (station, thinned) =>
      surroundings.log.warn('store.outbox-thinned', { station, thinned }),
    );
    this.#transactions = new Transactions(database, this.#outbox, options.transactionBounds);
    this.#audit = new Audit(database);
    this.#control = prepareControl(database);
    this.#facts = prepareDocuments(database, 'facts');
    this.#profiles = prepareDocuments(database, 'upstream_profiles');
  }

  /** Writes that were asked for and wait for their commit; at most `MAX_GROUP_WRITES`. */
  get waitingWrites(): number {
    return this.#group.waiting;
  }

  /** Commits what is queued and closes the file; calls after that reject with STORE_STOPPED. May be called twice. */
  stop(): void {
    this.#group.stop();
    this.#database.close();
  }

  // ---------------------------------------------------------------- control

  /**
   * Raises the controller's epoch by one, durably, and returns it with what the last one left. Memory that cannot be read is left out: a controller
   * that knows nothing counts every charger at its maximum. Wishes that cannot be read are left out too: no limit hangs on them. Caps that cannot be read are an error: leaving one out
   * would loosen a limit.
   * @throws AppError STORE_CORRUPT
   */
  load(): ReturnType<ControlStore['load']> {
    return this.#group.write(() => {
      const epoch = this.#control.raiseEpoch.get()!.epoch;
      const memory = this.#readMemory();
      const caps = this.#readCaps();
      return caps instanceof AppError ? caps : { epoch, ...(memory && { memory }), caps, wishes: this.#readWishes() };
    });
  }

  /** Newest wins: however often it is called, one memory goes with the next commit. A failed one goes again with the next call. */
  saveMemory(memory: Memory): void {
    this.#memory = memory;
    if (this.#isMemoryQueued) return;
    this.#isMemoryQueued = true;
    let written: Memory | undefined;
    this.#group
      .write(() => {
        written = this.#memory;
        if (written) this.#control.saveMemory.run({ packed: packJson(written, 'quick') });
      })
      .then(
        () => {
          this.#isMemoryQueued = false;
          if (this.#memory === written) this.#memory = undefined;
          else if (this.#memory) this.saveMemory(this.#memory);
        },
        (error) => {
          this.#isMemoryQueued = false;
          // The cycle must not feel it, the old memory on the disk stays whole, and the next cycle brings a newer one. A failing disk was told
          // once by the group; whatever else it is, is a mistake of ours.
          const code = error instanceof AppError ? error.code : 'STORE_MEMORY_NOT_SAVED';
          if (code !== 'STORE_WRITE_FAILED') this.#log.error('store.memory-not-saved', { code, detail: String(error) });
        },
      );
  }

  saveCaps(caps: readonly Cap[]): Promise<void> {
    return this.#group.write(() => {
      this.#control.saveCaps.run({ json: JSON.stringify(caps) });
    });
  }

  saveWishes(wishes: readonly KeptWish[]): Promise<void> {
    return this.#group.write(() => {
      this.#control.saveWishes.run({ json: JSON.stringify(wishes) });
    });
  }

  // ---------------------------------------------------------------- gateway

  loadFacts(): Promise<readonly StationFacts[]> {
    return this.#group.read(() => this.#facts.all.all().map((row) => JSON.parse(row.json) as StationFacts));
  }

  saveFacts(facts: StationFacts): Promise<void> {
    return this.#group.write(() => {
      this.#facts.save.run({ station: facts.station, json: JSON.stringify(facts) });
    });
  }

  openTransactions(): Promise<readonly TransactionRecord[]> {
    return this.#group.read(() => this.#transactions.open());
  }

  findTransaction(localId: number): Promise<TransactionRecord | undefined> {
    return this.#group.read(() => this.#transactions.find(localId));
  }

  /** The same start again gives the first record, and its `outboxSeq` as long as that row waits. @throws AppError STORE_OUTBOX_FULL */
  startTransaction(start: Start, outbox?: StartOutbox): Promise<Started> {
    return this.#group.write(() => this.#transactions.start(start, outbox));
  }

  async setUpstreamId(localId: number, upstreamId: number): Promise<void> {
    const isKnown = await this.#group.write(() => this.#transactions.setUpstreamId(localId, upstreamId));
    if (!isKnown) this.#log.warn('store.transaction-unknown', { localId, upstreamId });
  }

  /** The same stop again appends nothing, and gives its first `outboxSeq` as long as that row waits. @throws AppError STORE_OUTBOX_FULL */
  stopTransaction(localId: number | undefined, outbox?: NewOutboxRow): Promise<Stopped> {
    return this.#group.write(() => this.#transactions.stop(localId, outbox));
  }

  /** @throws AppError STORE_OUTBOX_FULL */
  append(row: NewOutboxRow): Promise<{ readonly outboxSeq: number }> {
    return this.#group.write(() => this.#outbox.makeRoom(row.station) ?? { outboxSeq: this.#outbox.append(row) });
  }

  outbox(station: string, limit: number): Promise<readonly OutboxRow[]> {
    return this.#group.read(() => this.#outbox.page(station, limit));
  }

  countAttempt(seq: number): Promise<void> {
    return this.#group.write(() => this.#outbox.countAttempt(seq));
  }

  settle(seq: number, as: 'delivered' | 'parked'): Promise<void> {
    return this.#group.write(() => this.#outbox.settle(seq, as));
  }

  /** Rows of this station that were thinned away at the bound since the file was made. */
  thinnedRows(station: string): Promise<number> {
    return this.#group.read(() => this.#outbox.thinned(station));
  }

  loadUpstreamProfiles(): Promise<readonly Document[]> {
    return this.#group.read(() => this.#profiles.all.all());
  }

  saveUpstreamProfiles(station: string, json: string): Promise<void> {
    return this.#group.write(() => {
      this.#profiles.save.run({ station, json });
    });
  }

  // ---------------------------------------------------------------- audit

  appendAudit(entry: AuditEntry): Promise<void> {
    return this.#group.write(() => this.#audit.append(entry));
  }

  readAudit(limit: number, beforeSeq?: number): ReturnType<AuditPort['readAudit']> {
    return this.#group.read(() => this.#audit.page(limit, beforeSeq));
  }

  // ----------------------------------------------------------------

  #readMemory(): Memory | undefined {
    const row = this.#control.memory.get();
    if (!row) return undefined;
    try {
      return unpackJson(row.packed) as Memory;
    } catch (error) {
      // Safe without it: a controller that knows nothing counts every charger at its hardware maximum.
      this.#log.error('store.memory-unreadable', { path: this.#database.path, detail: String(error) });
      return undefined;
    }
  }

  #readWishes(): readonly KeptWish[] {
    const row = this.#control.wishes.get();
    if (!row) return [];
    try {
      return JSON.parse(row.json) as readonly KeptWish[];
    } catch (error) {
      // Safe without them: a wish never loosens a limit, and a car without one gets its fair share.
      this.#log.error('store.wishes-unreadable', { path: this.#database.path, detail: String(error) });
      return [];
    }
  }

  #readCaps(): readonly Cap[] | AppError {
    const row = this.#control.caps.get();
    if (!row) return [];
    try {
      return JSON.parse(row.json) as readonly Cap[];
    } catch (cause) {
      const path = this.#database.path;
      return new AppError(
        'STORE_CORRUPT',
        `The limits set by people in ${path} cannot be read. Put back the newest backup, or delete table caps and set them again.`,
        { path },
        { cause },
      );
    }
  }
}

type ControlStatements = ReturnType<typeof prepareControl>;
type Documents = { readonly all: Statement<Document>; readonly save: Statement<never> };

function prepareControl(database: DatabaseFile) {
  return {
    raiseEpoch: database.prepare<{ epoch: number }>('UPDATE controller SET epoch = epoch + 1 RETURNING epoch'),
    memory: database.prepare<{ packed: Uint8Array }>('SELECT packed FROM memory'),
    saveMemory: database.prepare(
      'INSERT INTO memory VALUES (1, @packed) ON CONFLICT (one) DO UPDATE SET packed = excluded.packed',
    ),
    caps: database.prepare<{ json: string }>('SELECT json FROM caps'),
    saveCaps: database.prepare(
      'INSERT INTO caps VALUES (1, @json) ON CONFLICT (one) DO UPDATE SET json = excluded.json',
    ),
    wishes: database.prepare<{ json: string }>('SELECT json FROM wishes'),
    saveWishes: database.prepare(
      'INSERT INTO wishes VALUES (1, @json) ON CONFLICT (one) DO UPDATE SET json = excluded.json',
    ),
  };
}

function prepareDocuments(database: DatabaseFile, table: 'facts' | 'upstream_profiles'): Documents {
  return {
    all: database.prepare<Document>(`SELECT station, json FROM ${table} ORDER BY station`),
    save: database.prepare(
      `INSERT INTO ${table} VALUES (@station, @json) ON CONFLICT (station) DO UPDATE SET json = excluded.json`,
    ),
  };
}
