// Delivers one station's transaction messages to upstream: durable, in order, one at a time, until each is answered; it must never
// change what a message says, nor send one before all that came earlier are settled.

import type { StationId } from '../core/model/units.ts';
import { AppError } from '../engine/app-error.ts';
import type { CallOutcome, GatewayStore, IncomingCall, OutboxRow, Surroundings } from '../engine/ports.ts';
import { isSameMessage, isThinnable, MAX_ATTEMPTS, retryDelayMs, verdictOf } from './verdict.ts';

/** From here on MeterValues with nothing but intermediate samples are no longer kept. */
export const THIN_FROM_ROWS = 20_000;
/** From here on nothing is taken: the station gets no answer and keeps its message. */
export const MAX_ROWS = 25_000;
/** Behind more than these the answer is not waited for. */
export const MAX_ROWS_AHEAD = 5;
const ROWS_PER_READ = 20;
const STORE_RETRY_MS = 5_000;

export type OutboxOptions = {
  readonly surroundings: Surroundings;
  readonly store: GatewayStore;
  readonly station: StationId;
  /** False while there is no link. */
  readonly isReady: () => boolean;
  /** The bytes to send, with the ids of this moment; `skip` when upstream is known to have it already. */
  readonly prepare: (row: OutboxRow) => Promise<string | 'skip'>;
  readonly send: (call: { messageId: string; action: string; rawPayload: string }) => Promise<CallOutcome>;
  /** Upstream has accepted the row: what must be durable before it is settled. May be called again for the same answer. */
  readonly onResult: (row: OutboxRow, outcome: CallOutcome & { kind: 'result' }) => Promise<void>;
  /** After settling; `inTime`: somebody was still waiting for the answer and has it. */
  readonly onSettled: (row: OutboxRow, outcome: CallOutcome, inTime: boolean) => void;
  /** Upstream has answered SecurityError. */
  readonly onBootWanted: () => void;
};

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #stopping = new AbortController();
  readonly #waiters = new Map<number, (outcome: CallOutcome | undefined) => void>();
  #rows = 0;
  #thinned = 0;
  #tries = 0;
  #isDraining = false;
  #isWanted = false;
  #interruptPause: AbortController | undefined;
  #drained: Promise<void> = Promise.resolve();

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Messages that wait, the one under way included. */
  get rows(): number {
    return this.#rows;
  }

  async load(): Promise<void> {
    this.#rows = (await this.#options.store.outbox(this.#options.station, MAX_ROWS)).length;
  }

  /**
   * Takes a message; resolves once it is durable, with its place, or with nothing when it was thinned out. Rejects with
   * `UPSTREAM_OUTBOX_FULL` at `MAX_ROWS`, and with the store's error: the station MUST then not be answered with a result.
   */
  async add(call: IncomingCall, localTransactionId: number | undefined): Promise<number | undefined> {
    const { store, station, surroundings } = this.#options;
    if (this.#rows >= THIN_FROM_ROWS && isThinnable(call)) {
      this.#thinned += 1;
      // Every power of two: a long outage must not fill the log.
      if ((this.#thinned & (this.#thinned - 1)) === 0)
        surroundings.log.warn('upstream.outbox-thinned', { station, rows: this.#rows, thinned: this.#thinned });
      return undefined;
    }
    if (this.#rows >= MAX_ROWS)
      throw new AppError('UPSTREAM_OUTBOX_FULL', `more than ${MAX_ROWS} messages of ${station} wait for upstream`, {
        station,
      });
    const already = await this.#find(call, localTransactionId);
    if (already !== undefined) return already;
    const { messageId, action, rawPayload } = call;
    const row = {
      station,
      messageId,
      action,
      rawPayload,
      ...(localTransactionId === undefined ? {} : { localTransactionId }),
    };
    this.#rows += 1;
    try {
      if (action !== 'StopTransaction') return (await store.append(row)).outboxSeq;
      const { outboxSeq } = await store.stopTransaction(localTransactionId, row);
      return outboxSeq;
    } catch (error) {
      this.#rows -= 1;
      throw error;
    } finally {
      this.wake();
    }
  }

  async #find(call: IncomingCall, localTransactionId: number | undefined): Promise<number | undefined> {
    // Only beginnings and ends are looked for: a MeterValues that comes twice is a sample twice, and reading is dear in a long outage.
    if (call.action !== 'StartTransaction' && call.action !== 'StopTransaction') return undefined;
    const rows = await this.#options.store.outbox(this.#options.station, MAX_ROWS);
    return rows.find((row) => isSameMessage(row, call, localTransactionId))?.seq;
  }

  /** Upstream's answer to the row at `seq`, when it comes within `waitMs` and is worth waiting for. */
  answerTo(seq: number, waitMs: number): Promise<CallOutcome | undefined> {
    if (waitMs <= 0 || !this.#options.isReady() || this.#rows > MAX_ROWS_AHEAD + 1) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const done = (outcome: CallOutcome | undefined) => {
        cancel();
        this.#waiters.delete(seq);
        resolve(outcome);
      };
      const cancel = this.#options.surroundings.clock.timer('upstream.answer', waitMs, () => done(undefined));
      this.#waiters.set(seq, done);
    });
  }

  /** Something may be there to send: a new row, or a link. Cuts a pause short when the link is new. */
  wake(isNewLink = false): void {
    this.#isWanted = true;
    if (isNewLink) {
      this.#tries = 0;
      this.#interruptPause?.abort();
    }
    if (this.#isDraining || this.#stopping.signal.aborted) return;
    this.#isDraining = true;
    this.#drained = this.#drainAll();
  }

  /** The link is gone: nobody needs to wait for an answer any longer. */
  linkLost(): void {
    for (const done of [...this.#waiters.values()]) done(undefined);
    this.#interruptPause?.abort();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.linkLost();
    await this.#drained;
  }

  // ------------------------------------------------------------ delivery

  async #drainAll(): Promise<void> {
    while (this.#isWanted && this.#mayWork()) {
      this.#isWanted = false;
      try {
        await this.#drain();
      } catch (error) {
        // The store failed: nothing was settled that is not on the disk, so trying again is safe.
        this.#options.surroundings.log.error('upstream.outbox-store', {
          station: this.#options.station,
          error: String(error),
        });
        await this.#pause(STORE_RETRY_MS);
        this.#isWanted = true;
      }
    }
    this.#isDraining = false;
  }

  #mayWork(): boolean {
    return this.#options.isReady() && !this.#stopping.signal.aborted;
  }

  async #drain(): Promise<void> {
    const { store, station } = this.#options;
    for (;;) {
      const rows = await store.outbox(station, ROWS_PER_READ);
      if (rows.length === 0) {
        this.#rows = 0;
        return;
      }
      for (const row of rows) {
        if (!(await this.#deliver(row))) return;
      }
    }
  }

  /** Sends one row until it is settled; false when the link or the day is over before. */
  async #deliver(row: OutboxRow): Promise<boolean> {
    let refusals = row.attempts;
    while (this.#mayWork()) {
      const rawPayload = await this.#options.prepare(row);
      if (rawPayload === 'skip') {
        await this.#settle(row, 'delivered', { kind: 'unsent', why: 'upstream has answered it before' });
        return true;
      }
      const outcome = await this.#options.send({ messageId: row.messageId, action: row.action, rawPayload });
      const verdict = verdictOf(outcome);
      if (verdict === 'settled') {
        await this.#settle(row, 'delivered', outcome);
        return true;
      }
      if (verdict === 'poison') {
        refusals += 1;
        await this.#options.store.countAttempt(row.seq);
        if (refusals >= MAX_ATTEMPTS) {
          this.#alarm(row, outcome, refusals);
          await this.#settle(row, 'parked', outcome);
          return true;
        }
      }
      if (verdict === 'boot-first') this.#options.onBootWanted();
      this.#tries += 1;
      if (this.#mayWork()) await this.#pause(retryDelayMs(this.#tries));
    }
    return false;
  }

  async #settle(row: OutboxRow, as: 'delivered' | 'parked', outcome: CallOutcome): Promise<void> {
    await this.#persist(async () => {
      if (outcome.kind === 'result') await this.#options.onResult(row, outcome);
      await this.#options.store.settle(row.seq, as);
    });
    this.#tries = 0;
    this.#rows = Math.max(0, this.#rows - 1);
    const waiter = this.#waiters.get(row.seq);
    waiter?.(outcome);
    this.#options.onSettled(row, outcome, waiter !== undefined);
  }

  /** Keeps trying while the store fails: forgetting an answer that came would make upstream see the message twice. */
  async #persist(work: () => Promise<void>): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        return await work();
      } catch (error) {
        this.#options.surroundings.log.error('upstream.outbox-store', {
          station: this.#options.station,
          error: String(error),
        });
        await this.#pause(STORE_RETRY_MS);
      }
    }
  }

  #alarm(row: OutboxRow, outcome: CallOutcome, refusals: number): void {
    const { code, description } = outcome.kind === 'error' ? outcome : { code: outcome.kind, description: '' };
    const { seq, action, messageId, station } = row;
    this.#options.surroundings.log.error('upstream.message-parked', {
      station,
      seq,
      action,
      messageId,
      code,
      description,
      refusals,
    });
  }

  async #pause(delayMs: number): Promise<void> {
    const interrupt = new AbortController();
    this.#interruptPause = interrupt;
    await this.#options.surroundings.clock.sleep(
      'upstream.outbox',
      delayMs,
      AbortSignal.any([interrupt.signal, this.#stopping.signal]),
    );
    this.#interruptPause = undefined;
  }
}
