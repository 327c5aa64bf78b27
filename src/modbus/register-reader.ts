// Reads registers of the units behind one host and port over one guarded connection; it never has two requests in flight and never
// hands out a value whose bytes were not exactly the reply asked for.

import type { ModbusEndpoint } from '../core/model/site.ts';
import { AppError } from '../engine/app-error.ts';
import type { Clock, Random, Surroundings } from '../engine/ports.ts';
import type { ModbusRequest } from './reply-frame.ts';
import { type OpenSession, type RegisterSession, Session } from './session.ts';

/**
 * All that the meters know of Modbus: 3 = holding registers, 4 = input registers; `count` 1 to 125 from `address` on. Throws AppError
 * METER_CONNECT, METER_TIMEOUT, METER_FRAME, METER_CLOSED, METER_BUSY or METER_EXCEPTION (field `exception`).
 */
export interface RegisterReader {
  read(functionCode: 3 | 4, address: number, count: number): Promise<readonly number[]>;
}

/** One unit of an input or output module; throws as a RegisterReader does. */
export interface UnitPort extends RegisterReader {
  /** 1 = coils, 2 = discrete inputs; `count` 1 to 2,000 from `address` on. */
  readBits(functionCode: 1 | 2, address: number, count: number): Promise<readonly boolean[]>;
  /** Switches one coil and resolves when the device has echoed exactly that. For outputs only: nothing else is ever written. */
  writeCoil(address: number, isOn: boolean): Promise<void>;
}

export type LinkTiming = {
  /** From the request's first byte to the reply's last. */
  readonly deadlineMs: number;
  readonly connectTimeoutMs: number;
  readonly backOffFirstMs: number;
  readonly backOffMostMs: number;
};

export const LINK_TIMING: LinkTiming = {
  deadlineMs: 300,
  connectTimeoutMs: 1_000,
  backOffFirstMs: 100,
  backOffMostMs: 5_000,
};

/** Reads that may wait for their turn on one link; one more is refused, because the newest value is wanted, not a queue of old ones. */
const MAX_WAITING = 32;
/** A back-off this short is waited out, so that one dead unit behind a gateway does not take its neighbours along; a longer one refuses. */
const WAIT_OUT_MS = 400;

/** One host and port, with everything behind it: many gateways serve one request at a time. */
export class ModbusLink {
  readonly endpoint: ModbusEndpoint;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #timing: LinkTiming;
  readonly #open: OpenSession;
  readonly #stopping = new AbortController();
  #session: RegisterSession | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #failures = 0;
  #connectNotBefore = Number.NEGATIVE_INFINITY;
  #quietSince = Number.NEGATIVE_INFINITY;
  #lastTrouble: AppError | undefined;

  constructor(
    surroundings: Pick<Surroundings, 'clock' | 'random'>,
    endpoint: ModbusEndpoint,
    timing: Partial<LinkTiming> = {},
    open: OpenSession = Session.open,
  ) {
    this.#clock = surroundings.clock;
    this.#random = surroundings.random;
    this.endpoint = endpoint;
    this.#timing = { ...LINK_TIMING, ...timing };
    this.#open = open;
  }

  /** One unit. `gapMs`: silence before each request, for slow meters behind a serial gateway. */
  unit(unitId: number, gapMs = 0): UnitPort {
    const ask = (request: ModbusRequest) => this.#inTurn(() => this.#request(request, gapMs));
    return {
      read: (functionCode, address, count) => ask({ unitId, functionCode, address, count }),
      readBits: async (functionCode, address, count) =>
        (await ask({ unitId, functionCode, address, count })).map((bit) => bit === 1),
      writeCoil: async (address, isOn) => {
        await ask({ unitId, functionCode: 5, address, isOn });
      },
    };
  }

  /** Ends the connection and refuses whatever waits; may be called twice. */
  async close(): Promise<void> {
    this.#stopping.abort();
    this.#session?.destroy();
    await this.#tail;
  }

  /** One after the other; the chain goes on whatever becomes of one read, whose caller has the error. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= MAX_WAITING)
      return Promise.reject(new AppError('METER_BUSY', `${MAX_WAITING} reads wait already`, { ...this.endpoint }));
    this.#waiting++;
    const turn = this.#tail.then(work);
    this.#tail = turn.then(
      () => this.#waiting--,
      () => this.#waiting--,
    );
    return turn;
  }

  async #request(request: ModbusRequest, gapMs: number): Promise<readonly number[]> {
    try {
      const session = await this.#connected();
      const quietMs = this.#clock.now() - this.#quietSince;
      if (quietMs < gapMs) await this.#clock.sleep('modbus.gap', gapMs - quietMs, this.#stopping.signal);
      if (!session.isOpen) throw new AppError('METER_CLOSED', 'the device closed the connection', { ...this.endpoint });
      const words = await session.request(request, this.#timing.deadlineMs);
      this.#calmed();
      return words;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      // An exception is an answer: the link is sound.
      if (error.code === 'METER_EXCEPTION') this.#calmed();
      else this.#troubled(error);
      throw error;
    } finally {
      this.#quietSince = this.#clock.now();
    }
  }

  async #connected(): Promise<RegisterSession> {
    const { signal } = this.#stopping;
    if (this.#session && !this.#session.isOpen) {
      // Closed between two requests: the peer's right, or a stray byte. No back-off unless it goes on like that.
      this.#session = undefined;
    }
    if (!signal.aborted && this.#session) return this.#session;
    const waitMs = this.#connectNotBefore - this.#clock.now();
    if (waitMs > WAIT_OUT_MS)
      throw new AppError('METER_CONNECT', `${this.#lastTrouble?.message}; next try in ${Math.ceil(waitMs)} ms`, {
        ...this.endpoint,
        isBackOff: true,
      });
    if (waitMs > 0) await this.#clock.sleep('modbus.back-off', waitMs, signal);
    if (signal.aborted) throw new AppError('METER_CLOSED', 'the link was stopped', { ...this.endpoint });
    this.#session = await this.#open(this.#clock, this.endpoint, this.#timing.connectTimeoutMs, signal);
    return this.#session;
  }

  #calmed(): void {
    this.#failures = 0;
    this.#lastTrouble = undefined;
  }

  #troubled(error: AppError): void {
    if (error.fields.isBackOff === true) return;
    // A serial line is hushed by its session and goes on.
    if (!this.#session?.isOpen) this.#session = undefined;
    this.#lastTrouble = error;
    const { backOffFirstMs, backOffMostMs } = this.#timing;
    const delayMs = Math.min(backOffMostMs, backOffFirstMs * 2 ** Math.min(this.#failures, 20));
    this.#failures++;
    // Somewhat less by chance, so that many links to one gateway do not knock in step.
    const shortenedMs = delayMs * (0.8 + 0.2 * this.#random.next('modbus.back-off'));
    this.#connectNotBefore = this.#clock.now() + shortenedMs;
  }
}
