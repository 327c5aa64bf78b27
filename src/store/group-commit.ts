// Collects writes and commits them together; it must never resolve a promise whose write is not on the disk.

import { AppError } from '../engine/app-error.ts';
import type { Clock, Log } from '../engine/ports.ts';
import { type DatabaseFile, isDiskFault, sqliteCode } from './database.ts';

/** Shortest time between two commits, unless a group is full: one flush of the disk then serves everybody who came meanwhile. */
export const GROUP_COMMIT_MS = 20;
/** A group of this many commits at once, so the queue can never be longer. */
export const MAX_GROUP_WRITES = 512;

type Work = {
  readonly run: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
};

export type GroupCommitOptions = {
  readonly database: DatabaseFile;
  readonly clock: Clock;
  readonly log: Log;
  readonly groupCommitMs?: number;
};

export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #groupCommitMs: number;
  #queue: Work[] = [];
  #cancelTimer: (() => void) | undefined;
  #lastCommitAt = Number.NEGATIVE_INFINITY;
  #isFailing = false;
  #isStopped = false;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
    this.#groupCommitMs = options.groupCommitMs ?? GROUP_COMMIT_MS;
  }

  /** Writes queued for the next commit. */
  get waiting(): number {
    return this.#queue.length;
  }

  /**
   * Queues `run` for the next commit and resolves with its result once that commit is durable. `run` MUST be synchronous, touch nothing but the
   * database, and bear being run again: when another write of its group throws, the group is rolled back and tried without that one. To refuse
   * without having changed anything it returns the AppError instead, which rejects the promise and costs the others nothing.
   * @throws AppError STORE_WRITE_FAILED when the disk refused the group: nothing of it was kept
   * @throws AppError STORE_STOPPED after `stop`
   */
  write<T>(run: () => T | AppError): Promise<T> {
    if (this.#isStopped) return Promise.reject(new AppError('STORE_STOPPED', 'The store has been stopped.'));
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ run, resolve: resolve as (value: unknown) => void, reject });
      if (this.#queue.length >= MAX_GROUP_WRITES) this.flush();
      else this.#arm();
    });
  }

  /** Sees every write that was queued before it, and tells of none before it is durable. With nothing queued it answers at once. */
  read<T>(run: () => T): Promise<T> {
    if (this.#queue.length > 0) return this.write(run);
    if (this.#isStopped) return Promise.reject(new AppError('STORE_STOPPED', 'The store has been stopped.'));
    try {
      return Promise.resolve(run());
    } catch (error) {
      return Promise.reject(isDiskFault(error) ? readFault(this.#options.database.path, error) : error);
    }
  }

  /** Commits what is queued now. */
  flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const group = this.#queue;
    this.#queue = [];
    this.#lastCommitAt = this.#options.clock.now();
    this.#commit(group);
  }

  /** Commits what is queued and takes nothing more; may be called twice. */
  stop(): void {
    if (this.#isStopped) return;
    this.flush();
    this.#isStopped = true;
  }

  #arm(): void {
    if (this.#cancelTimer) return;
    const sinceLastMs = this.#options.clock.now() - this.#lastCommitAt;
    const delayMs = Math.max(0, Math.min(this.#groupCommitMs, this.#groupCommitMs - sinceLastMs));
    this.#cancelTimer = this.#options.clock.timer('store.group-commit', delayMs, () => this.flush());
  }

  #commit(group: readonly Work[]): void {
    let waiting = group;
    // Each round but the last sends one culprit away, so there are at most as many rounds as writes, and one.
    for (let round = 0; round <= group.length; round++) {
      let at = -1;
      try {
        const results = this.#options.database.transaction(() => {
          const answers = waiting.map((work, index) => {
            at = index;
            return work.run();
          });
          at = -1;
          return answers;
        });
        for (const [index, work] of waiting.entries()) settle(work, results[index]);
        this.#recover();
        return;
      } catch (error) {
        const culprit = waiting[at];
        if (!culprit || isDiskFault(error)) {
          this.#fail(waiting, error);
          return;
        }
        culprit.reject(error);
        waiting = waiting.filter((work) => work !== culprit);
      }
    }
  }

  #fail(group: readonly Work[], cause: unknown): void {
    const { database, log } = this.#options;
    const sqlite = sqliteCode(cause);
    const detail = cause instanceof Error ? cause.message : String(cause);
    if (!this.#isFailing)
      log.error('store.write-failed', { path: database.path, sqlite, detail, writes: group.length });
    this.#isFailing = true;
    const error = new AppError(
      'STORE_WRITE_FAILED',
      `${database.path} could not be written (${detail}). Nothing of this was kept. Check free space and the health of the disk.`,
      { path: database.path, sqlite },
      { cause },
    );
    for (const work of group) work.reject(error);
  }

  #recover(): void {
    if (this.#isFailing) this.#options.log.info('store.write-recovered', { path: this.#options.database.path });
    this.#isFailing = false;
  }
}

function settle(work: Work, result: unknown): void {
  if (result instanceof AppError) work.reject(result);
  else work.resolve(result);
}

function readFault(path: string, cause: unknown): AppError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new AppError('STORE_READ_FAILED', `${path} could not be read (${detail}).`, { path }, { cause });
}
