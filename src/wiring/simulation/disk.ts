// The disk of a simulated controller box: the real state store on files of its own, on virtual time, with a disk that can be full, slow or gone;
// it must never lose what the store was allowed to call durable.

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  AuditPort,
  Clock,
  ControlStore,
  GatewayStore,
  Log,
  OutboxRow,
  Random,
  Surroundings,
} from '../../engine/ports.ts';
import type { QueueSize } from '../../simulator/truth.ts';
import { DatabaseFile, type DiskFaultCode, type Statement } from '../../store/database.ts';
import { MAX_GROUP_WRITES } from '../../store/group-commit.ts';
import { MAX_OUTBOX_ROWS_PER_STATION } from '../../store/outbox.ts';
import { STATE_MIGRATIONS } from '../../store/state-schema.ts';
import { StateStore } from '../../store/state-store.ts';
import { MAX_TRANSACTIONS } from '../../store/transactions.ts';
import { tornLog } from './write-ahead-log.ts';

/** Memory that looks like a file system, where the machine has it. */
const MEMORY_FILES = '/dev/shm';

export type DiskStore = ControlStore & GatewayStore & AuditPort;
/** Of what is committed. `fullestOutboxRows`: of the station with the most; `fileBytes` without the write-ahead log. */
export type DiskCounts = {
  readonly outboxRows: number;
  readonly fullestOutboxRows: number;
  readonly thinnedRows: number;
  readonly transactions: number;
  readonly waitingWrites: number;
  readonly fileBytes: number;
};

/** One life of the controller on this disk: its store, and the timer for which its queued writes wait. */
type Life = {
  readonly directory: string;
  readonly store: StateStore;
  isOver: boolean;
  /** Commits what is queued; absent while nothing is. */
  commit: (() => void) | undefined;
};

const NOTHING_COUNTED = { outboxRows: 0, fullestOutboxRows: 0, thinnedRows: 0, transactions: 0, fileBytes: 0 };
const COUNT = `SELECT
  (SELECT coalesce(sum(rows), 0) FROM outbox_size) AS outboxRows,
  (SELECT coalesce(max(rows), 0) FROM outbox_size) AS fullestOutboxRows,
  (SELECT coalesce(sum(thinned), 0) FROM outbox_size) AS thinnedRows,
  (SELECT count(*) FROM transactions) AS transactions,
  (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size) AS fileBytes`;

const NEVER = new Promise<never>(() => {});

export class SimulatedDisk {
  readonly #root: string;
  #lives = 0;
  #life: Life | undefined;
  #fault: DiskFaultCode | undefined;
  #slowMs = 0;
  /** A second, reading connection to the files of this life. */
  #look: { readonly file: DatabaseFile; readonly counts: Statement<Omit<DiskCounts, 'waitingWrites'>> } | undefined;

  /** Takes a directory of its own, which `dispose` removes. */
  constructor() {
    this.#root = mkdtempSync(join(existsSync(MEMORY_FILES) ? MEMORY_FILES : tmpdir(), 'busbar-simulated-disk-'));
    mkdirSync(this.#directory());
  }

  /**
   * The store as the next controller finds it. A controller that still runs on this disk is over.
   * @throws AppError STORE_CORRUPT when acknowledged rows are unreadable, which no fault of this disk may bring about
   */
  open(surroundings: Pick<Surroundings, 'clock' | 'log'>): DiskStore {
    if (this.#life) this.crash();
    const directory = this.#directory();
    const held: { life?: Life } = {};
    const store = new StateStore(
      { path: join(directory, 'state.db'), simulatedDevice: { refusal: () => this.#fault } },
      { clock: this.#clockOf(() => held.life, surroundings.clock), log: livingLog(() => held.life, surroundings.log) },
    );
    const life: Life = { directory, store, isOver: false, commit: undefined };
    held.life = life;
    this.#life = life;
    return livingStore(life);
  }

  /** The process dies: what waited for its commit is gone, and nobody is told; what was committed lies in the files. */
  crash(): void {
    this.#end((from, to) => {
      for (const name of ['state.db', 'state.db-wal']) {
        if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name));
      }
    });
  }

  /** The box loses power: as `crash`, and a commit that was due is torn at any byte, or the log has a tail that nobody wrote. */
  powerCut(random: Random): void {
    this.#end((from, to) => {
      const [database, log] = [join(from, 'state.db'), join(from, 'state.db-wal')];
      const flushedDatabase = readFileSync(database);
      const flushed = readLog(log);
      // The commit that the cut met half way: nobody hears of it, because this life is over.
      this.#life?.commit?.();
      writeFileSync(join(to, 'state.db'), flushedDatabase);
      writeFileSync(join(to, 'state.db-wal'), tornLog(flushed, readLog(log), random));
    });
  }

  /** Every commit is refused with SQLITE_FULL until it is told otherwise; reading goes on. */
  full(on: boolean): void {
    this.#fault = on ? 'SQLITE_FULL' : undefined;
  }

  /** As a file system that the kernel has mounted again for reading only: commits are refused with SQLITE_READONLY. */
  readOnly(on: boolean): void {
    this.#fault = on ? 'SQLITE_READONLY' : undefined;
  }

  /** Each commit takes this much longer; what comes meanwhile waits for the next one. A full group (512 writes) does not wait. */
  slow(delayMs: number): void {
    this.#slowMs = delayMs;
  }

  counts(): DiskCounts {
    const counted = this.#looking()?.counts.get();
    return { ...(counted ?? NOTHING_COUNTED), waitingWrites: this.#life?.store.waitingWrites ?? 0 };
  }

  /** For the checker of bounds. */
  queues(): readonly QueueSize[] {
    const { fullestOutboxRows, transactions, waitingWrites } = this.counts();
    return [
      { queue: 'store.outbox-of-a-station', size: fullestOutboxRows, bound: MAX_OUTBOX_ROWS_PER_STATION },
      { queue: 'store.transactions', size: transactions, bound: MAX_TRANSACTIONS },
      { queue: 'store.group', size: waitingWrites, bound: MAX_GROUP_WRITES },
    ];
  }

  /** What is committed and still waits for upstream, parked rows included, in the order of delivery. */
  outboxRows(): readonly Pick<OutboxRow, 'station' | 'action' | 'rawPayload' | 'state' | 'localTransactionId'>[] {
    const sql = 'SELECT station, action, raw_payload, local_transaction_id, state FROM outbox ORDER BY seq';
    const rows = this.#looking()?.file.prepare<OutboxLine>(sql).all() ?? [];
    return rows.map((row) => ({
      station: row.station,
      action: row.action,
      rawPayload: row.raw_payload,
      state: row.state,
      ...(row.local_transaction_id !== null && { localTransactionId: row.local_transaction_id }),
    }));
  }

  /** Ends the life that is left and removes every file. */
  dispose(): void {
    if (this.#life) this.crash();
    rmSync(this.#root, { recursive: true, force: true });
  }

  #directory(): string {
    return join(this.#root, String(this.#lives));
  }

  /** Keeps of the life's files what `keep` copies for the next one. The store's own end checkpoints the old files, so they are thrown away. */
  #end(keep: (from: string, to: string) => void): void {
    const life = this.#life;
    if (!life) return;
    life.isOver = true;
    this.#lives += 1;
    mkdirSync(this.#directory());
    keep(life.directory, this.#directory());
    this.#life = undefined;
    this.#look?.file.close();
    this.#look = undefined;
    life.store.stop();
    rmSync(life.directory, { recursive: true });
  }

  /** The store's only timer is that of its commit: late on a slow disk. Stopping the store cancels it, so it never fires in a dead process. */
  #clockOf(lifeOf: () => Life | undefined, clock: Clock): Clock {
    const timer: Clock['timer'] = (name, delayMs, work) => {
      const life = lifeOf();
      if (!life) return clock.timer(name, delayMs, work);
      const commit = () => {
        life.commit = undefined;
        work();
      };
      life.commit = commit;
      let cancel = clock.timer(name, delayMs, () => {
        if (this.#slowMs > 0) cancel = clock.timer(name, this.#slowMs, commit);
        else commit();
      });
      return () => {
        life.commit = undefined;
        cancel();
      };
    };
    return { now: () => clock.now(), wall: () => clock.wall(), sleep: clock.sleep.bind(clock), timer };
  }

  #looking() {
    const life = this.#life;
    if (!life || this.#look) return this.#look;
    const path = join(life.directory, 'state.db');
    const file = new DatabaseFile({ path, migrations: STATE_MIGRATIONS, readOnly: true });
    this.#look = { file, counts: file.prepare(COUNT) };
    return this.#look;
  }
}

type OutboxLine = {
  readonly station: string;
  readonly action: string;
  readonly raw_payload: string;
  readonly local_transaction_id: number | null;
  readonly state: OutboxRow['state'];
};

function readLog(path: string): Uint8Array {
  return existsSync(path) ? readFileSync(path) : new Uint8Array();
}

/** A dead process says nothing. */
function livingLog(lifeOf: () => Life | undefined, log: Log): Log {
  const at =
    (level: keyof Log): Log['info'] =>
    (event, fields) => {
      if (!lifeOf()?.isOver) log[level](event, fields);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** The life's store: once the life is over nothing that was asked is ever answered, and nothing more is taken. */
function livingStore(life: Life): DiskStore {
  const { store } = life;
  const ask = <T>(question: () => Promise<T>): Promise<T> => {
    if (life.isOver) return NEVER;
    return new Promise((resolve, reject) => {
      question().then(
        (answer) => void (life.isOver || resolve(answer)),
        (error: unknown) => void (life.isOver || reject(error)),
      );
    });
  };
  return {
    load: () => ask(() => store.load()),
    saveMemory: (memory) => void (life.isOver || store.saveMemory(memory)),
    saveCaps: (caps) => ask(() => store.saveCaps(caps)),
    saveWishes: (wishes) => ask(() => store.saveWishes(wishes)),
    loadFacts: () => ask(() => store.loadFacts()),
    saveFacts: (facts) => ask(() => store.saveFacts(facts)),
    openTransactions: () => ask(() => store.openTransactions()),
    findTransaction: (localId) => ask(() => store.findTransaction(localId)),
    startTransaction: (start, outbox) => ask(() => store.startTransaction(start, outbox)),
    setUpstreamId: (localId, upstreamId) => ask(() => store.setUpstreamId(localId, upstreamId)),
    stopTransaction: (localId, outbox) => ask(() => store.stopTransaction(localId, outbox)),
    append: (row) => ask(() => store.append(row)),
    outbox: (station, limit) => ask(() => store.outbox(station, limit)),
    countAttempt: (seq) => ask(() => store.countAttempt(seq)),
    settle: (seq, as) => ask(() => store.settle(seq, as)),
    loadUpstreamProfiles: () => ask(() => store.loadUpstreamProfiles()),
    saveUpstreamProfiles: (station, json) => ask(() => store.saveUpstreamProfiles(station, json)),
    appendAudit: (entry) => ask(() => store.appendAudit(entry)),
    readAudit: (limit, beforeSeq) => ask(() => store.readAudit(limit, beforeSeq)),
  };
}
