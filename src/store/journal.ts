// Takes cycle records and writes them to the journal's file in batches; it must never make the cycle wait, fail or grow.

import { existsSync, renameSync, rmSync } from 'node:fs';
import type { CycleRecord } from '../core/model/decision.ts';
import type { JournalPort, JournalRecord, Surroundings } from '../engine/ports.ts';
import { isCorrupt } from './database.ts';
import { type Chunk, type JournalBounds, JournalFile, type JournalPage, packChunk } from './journal-file.ts';

/** Records are written this long after the first of a batch came. A crash loses at most these; nobody was promised them. */
export const JOURNAL_FLUSH_MS = 5_000;
/** Every so many records the memory is kept, and a replay can begin. */
export const KEY_FRAME_EVERY = 60;
/** Batches that wait while the disk fails; one more lets the oldest go, counted in `droppedRecords`. */
export const MAX_WAITING_CHUNKS = 60;

export type JournalOptions = {
  /** The journal's own file; its directory MUST exist. */
  readonly path: string;
  readonly bounds?: JournalBounds;
  readonly flushMs?: number;
};

export type JournalHealth = {
  readonly state: 'unopened' | 'writing' | 'failing';
  readonly failedWrites: number;
  readonly droppedRecords: number;
  /** Packed bytes in the file; 0 until it is open. */
  readonly bytes: number;
};

export class Journal implements JournalPort {
  readonly #options: JournalOptions;
  readonly #clock: Surroundings['clock'];
  readonly #log: Surroundings['log'];
  #file: JournalFile | undefined;
  #batch: JournalRecord[] = [];
  #waiting: Chunk[] = [];
  #untilKeyFrame = 0;
  #cancelTimer: (() => void) | undefined;
  #state: JournalHealth['state'] = 'unopened';
  #failedWrites = 0;
  #droppedRecords = 0;
  #isStopped = false;

  /** Never throws: the file is opened by the first write, and a journal that cannot be opened never stops the site. */
  constructor(options: JournalOptions, surroundings: Pick<Surroundings, 'clock' | 'log'>) {
    this.#options = options;
    this.#clock = surroundings.clock;
    this.#log = surroundings.log;
  }

  /** Keeps the record for the next batch; never waits, never throws. After `stop` it is dropped and counted. */
  append(record: CycleRecord): void {
    if (this.#isStopped) {
      this.#droppedRecords += 1;
      return;
    }
    const isKeyFrame = this.#untilKeyFrame === 0;
    // A key frame opens a batch, so that a reader finds it without unpacking what stands before it.
    if (isKeyFrame && this.#batch.length > 0) this.flush();
    this.#untilKeyFrame = isKeyFrame ? KEY_FRAME_EVERY - 1 : this.#untilKeyFrame - 1;
    this.#batch.push(isKeyFrame ? record : strip(record));
    this.#arm();
  }

  /** Packs the batch and writes all that waits; what fails waits for the next time. */
  flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    try {
      this.#packBatch();
      if (this.#waiting.length === 0) return;
      this.#write();
      if (this.#state === 'failing') {
        this.#log.info('journal.recovered', { path: this.#options.path, droppedRecords: this.#droppedRecords });
      }
      this.#state = 'writing';
      this.#waiting = [];
    } catch (error) {
      // Safe to go on: the journal is for people and replays, and no answer to anybody rests on it.
      this.#fail(error);
    }
  }

  health(): JournalHealth {
    return {
      state: this.#state,
      failedWrites: this.#failedWrites,
      droppedRecords: this.#droppedRecords,
      bytes: this.#file?.bytes ?? 0,
    };
  }

  /**
   * One page of records, waiting ones included, from the key frame at or before `fromWall` up to `toWall`; ask again with `nextSeq` for the next.
   * @throws AppError STORE_OPEN_FAILED when the file cannot be opened
   */
  async read(fromWall: number, toWall: number, nextSeq?: number): Promise<JournalPage> {
    this.flush();
    this.#file ??= this.#open();
    return this.#file.page(fromWall, toWall, nextSeq);
  }

  /** Writes what waits and closes the file; may be called twice. */
  stop(): void {
    if (this.#isStopped) return;
    this.flush();
    this.#isStopped = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#file?.close();
    this.#file = undefined;
  }

  #arm(): void {
    const { flushMs = JOURNAL_FLUSH_MS } = this.#options;
    this.#cancelTimer ??= this.#clock.timer('store.journal-flush', flushMs, () => this.flush());
  }

  #packBatch(): void {
    const batch = this.#batch;
    this.#batch = [];
    if (batch.length === 0) return;
    this.#droppedRecords += batch.length;
    this.#waiting.push(packChunk(batch));
    this.#droppedRecords -= batch.length;
    if (this.#waiting.length > MAX_WAITING_CHUNKS) this.#droppedRecords += this.#waiting.shift()!.records;
  }

  #write(): void {
    const wallNow = this.#clock.wall();
    try {
      this.#file ??= this.#open();
      this.#file.write(this.#waiting, wallNow);
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      this.#setAside(error);
      this.#file = this.#open();
      this.#file.write(this.#waiting, wallNow);
    }
  }

  #open(): JournalFile {
    const { path, bounds } = this.#options;
    return new JournalFile(path, bounds ? { bounds } : {});
  }

  /** A damaged journal is kept once for whoever wants to look, and a new one begins. */
  #setAside(error: unknown): void {
    const { path } = this.#options;
    this.#file?.close();
    this.#file = undefined;
    const keptAs = `${path}.damaged`;
    for (const suffix of ['-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
    if (existsSync(path)) renameSync(path, keptAs);
    this.#log.error('journal.damaged', { path, keptAs, detail: String(error) });
  }

  #fail(error: unknown): void {
    this.#failedWrites += 1;
    if (this.#state !== 'failing') {
      this.#log.error('journal.failing', { path: this.#options.path, detail: String(error) });
    }
    this.#state = 'failing';
    if (!this.#isStopped) this.#arm();
  }
}

/** The record without the memory that a replay computes again from the key frame before it. */
export function strip(record: CycleRecord): JournalRecord {
  const { memory: _, ...decision } = record.decision;
  return { ...record, decision };
}
