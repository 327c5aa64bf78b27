// Asks the units behind one endpoint over one guarded connection; it never has two requests in flight and never hands out a value whose
// bytes were not exactly the reply asked for.

import { frameGapMs, type LineSetting, lineOf, wireMs } from '../core/metering/line-time.ts';
import type { ModbusEndpoint } from '../core/model/site-meters.ts';
import type { Instant } from '../core/model/units.ts';
import { AppError } from '../engine/app-error.ts';
import type { Clock, Random, Surroundings } from '../engine/ports.ts';
import { framingOf } from './framing.ts';
import { coreBytesOf, type ModbusRequest } from './reply-frame.ts';
import { type OpenSession, type RegisterSession, Session } from './session.ts';
import { type Proof, StaleReplies } from './stale-reply.ts';
import { backOff, UnitRests } from './unit-rests.ts';

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
  /** From the request's first byte to the reply's last, but for the time that the bytes take on a serial line. */
  readonly deadlineMs: number;
  readonly connectTimeoutMs: number;
  /** After a connection that failed, doubled from failure to failure. */
  readonly backOffFirstMs: number;
  readonly backOffMostMs: number;
  /** The longest rest of a unit that does not answer; the first is `backOffFirstMs`. */
  readonly unitRestMostMs: number;
};

export const LINK_TIMING: LinkTiming = {
  deadlineMs: 300,
  connectTimeoutMs: 1_000,
  backOffFirstMs: 100,
  backOffMostMs: 5_000,
  unitRestMostMs: 3_000,
};
/** Where a serial line lies between us and the unit. */
export const SERIAL_DEADLINE_MS = 500;

/** Reads that may wait for their turn on one link; one more is refused, because the newest value is wanted, not a queue of old ones. */
const MAX_WAITING = 32;
/** A pause this short is waited out; a longer one refuses. */
const WAIT_OUT_MS = 400;
/** Silence after a reply of a unit that answers no other question: the true one would come within this. */
const LISTEN_MS = 100;

/** One host and port, or one serial line, with everything behind it: many gateways serve one request at a time. */
export class ModbusLink {
  readonly endpoint: ModbusEndpoint;
  readonly #line: LineSetting | undefined;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #timing: LinkTiming;
  readonly #open: OpenSession;
  readonly #stopping = new AbortController();
  readonly #rests: UnitRests;
  /** Only where replies do not name their requests. */
  readonly #stale: StaleReplies | undefined;
  #session: RegisterSession | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #connectFailures = 0;
  #connectNotBefore: Instant = Number.NEGATIVE_INFINITY;
  #quietSince: Instant = Number.NEGATIVE_INFINITY;
  #lastTrouble: AppError | undefined;

  /** `wireBaud`: of the serial line behind a gateway, where it is known. */
  constructor(
    surroundings: Pick<Surroundings, 'clock' | 'random'>,
    endpoint: ModbusEndpoint,
    timing: Partial<LinkTiming> = {},
    open: OpenSession = Session.open,
    wireBaud?: number,
  ) {
    this.#clock = surroundings.clock;
    this.#random = surroundings.random;
    this.endpoint = endpoint;
    this.#line = lineOf(endpoint, wireBaud);
    const { hasTransactions } = framingOf(endpoint);
    const isSerial = this.#line !== undefined || !hasTransactions;
    this.#timing = { ...LINK_TIMING, ...(isSerial && { deadlineMs: SERIAL_DEADLINE_MS }), ...timing };
    this.#rests = new UnitRests(this.#timing.backOffFirstMs, this.#timing.unitRestMostMs);
    this.#stale = hasTransactions ? undefined : new StaleReplies();
    this.#open = open;
  }

  /** One unit. `gapMs`: silence before each request, for slow meters on a serial line. */
  unit(unitId: number, gapMs = 0): UnitPort {
    const ask = async (request: ModbusRequest) => {
      await this.#rested(unitId);
      return this.#inTurn(() => this.#request(request, gapMs));
    };
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

  /** Waits for the end of the unit's rest outside the line, so that the neighbours go on meanwhile. */
  async #rested(unitId: number): Promise<void> {
    const rest = this.#rests.of(unitId, this.#clock.now());
    if (!rest) return;
    if (rest.restMs > WAIT_OUT_MS) throw this.#notYet(rest.trouble, rest.restMs);
    await this.#clock.sleep('modbus.rest', rest.restMs, this.#stopping.signal);
  }

  #notYet({ code, message }: AppError, waitMs: number): AppError {
    return new AppError(code, `${message}; next try in ${Math.ceil(waitMs)} ms`, {
      ...this.endpoint,
      isResting: true,
    });
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
    // While this one waited for its turn another dead unit may have had its trial.
    const rest = this.#rests.of(request.unitId, this.#clock.now());
    if (rest) throw this.#notYet(rest.trouble, rest.restMs);
    const session = await this.#connected();
    const proof = this.#stale?.proofFor(request, this.#clock.now());
    const disorders = session.disorders;
    const words = await this.#ask(session, request, gapMs);
    if (proof) await this.#prove(session, proof, request, gapMs);
    // On a serial line the true reply may have come, to nobody's question, before the proof was asked.
    if (proof && (session.disorders !== disorders || !session.isOpen)) {
      const error = new AppError('METER_FRAME', 'the reply was an old one: another came after it', {
        ...this.endpoint,
      });
      this.#troubled(request, error);
      throw error;
    }
    return words;
  }

  /** That the question is answered in its turn is what counts; an exception is an answer too. */
  async #prove(session: RegisterSession, proof: Proof, request: ModbusRequest, gapMs: number): Promise<void> {
    if ('listen' in proof) {
      await this.#clock.sleep('modbus.listen', LISTEN_MS, this.#stopping.signal);
      return;
    }
    try {
      await this.#ask(session, proof.ask, gapMs);
      this.#stale?.proved(request, true);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.code === 'METER_TIMEOUT') this.#stale?.proved(request, false);
      if (error.code !== 'METER_EXCEPTION') throw error;
      this.#stale?.proved(request, true);
    }
  }

  async #ask(session: RegisterSession, request: ModbusRequest, gapMs: number): Promise<readonly number[]> {
    try {
      const quietMs = this.#clock.now() - this.#quietSince;
      const apartMs = Math.max(gapMs, frameGapMs(this.endpoint));
      if (quietMs < apartMs) await this.#clock.sleep('modbus.gap', apartMs - quietMs, this.#stopping.signal);
      if (!session.isOpen) throw this.#endOf(session);
      this.#stale?.asked(request, this.#clock.now());
      const words = await session.request(request, this.#deadlineMs(request));
      this.#answered(request);
      return words;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      // An exception is an answer: the link is sound.
      if (error.code === 'METER_EXCEPTION') this.#answered(request);
      else this.#troubled(request, error);
      throw error;
    } finally {
      this.#quietSince = this.#clock.now();
    }
  }

  /** Why a session is over between two requests. */
  #endOf({ disorders = 0 }: RegisterSession): AppError {
    return disorders > 0
      ? new AppError('METER_FRAME', 'bytes arrived that nobody asked for', { ...this.endpoint })
      : new AppError('METER_CLOSED', 'the device closed the connection', { ...this.endpoint });
  }

  #deadlineMs(request: ModbusRequest): number {
    const onWireMs = this.#line ? wireMs(coreBytesOf(request), this.#line) : 0;
    return this.#timing.deadlineMs + Math.ceil(onWireMs);
  }

  async #connected(): Promise<RegisterSession> {
    const { signal } = this.#stopping;
    // Closed between two requests: the peer's right, or a stray byte.
    if (this.#session?.isOpen && !signal.aborted) return this.#session;
    this.#session = undefined;
    const waitMs = this.#connectNotBefore - this.#clock.now();
    if (waitMs > WAIT_OUT_MS && this.#lastTrouble) throw this.#notYet(this.#lastTrouble, waitMs);
    if (waitMs > 0) await this.#clock.sleep('modbus.back-off', waitMs, signal);
    if (signal.aborted) throw new AppError('METER_CLOSED', 'the link was stopped', { ...this.endpoint });
    try {
      this.#session = await this.#open(this.#clock, this.endpoint, this.#timing.connectTimeoutMs, signal);
    } catch (error) {
      if (error instanceof AppError) {
        const { backOffFirstMs, backOffMostMs } = this.#timing;
        this.#waitAfter(error, backOff(++this.#connectFailures, backOffFirstMs, backOffMostMs, this.#chance()));
      }
      throw error;
    }
    this.#connectFailures = 0;
    return this.#session;
  }

  #answered(request: ModbusRequest): void {
    this.#rests.answered(request.unitId);
    this.#stale?.answered(request, this.#clock.now());
  }

  #troubled(request: ModbusRequest, error: AppError): void {
    this.#rests.failed(request.unitId, error, this.#clock.now(), this.#chance());
    // A serial line was hushed by its session and goes on; a gateway gets a moment to notice that we have gone.
    if (!this.#session?.isOpen)
      this.#waitAfter(error, backOff(1, this.#timing.backOffFirstMs, WAIT_OUT_MS, this.#chance()));
  }

  #waitAfter(error: AppError, waitMs: number): void {
    this.#lastTrouble = error;
    this.#connectNotBefore = this.#clock.now() + waitMs;
  }

  /** So that many links to one gateway do not knock in step. */
  #chance(): number {
    return this.#random.next('modbus.back-off');
  }
}
