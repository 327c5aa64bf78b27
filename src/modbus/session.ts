// One connection to a Modbus device: asks one thing at a time and, at the first sign of disorder, ends the connection or hushes the line.
//
// modbus-serial alone returns wrong values or hangs for ever after a broken frame, so it never owns the wire: it hands us its request and
// hears only a reply of which we looked at every byte; the deadline is ours too.

import modbus from 'modbus-serial';
import { hushMs } from '../core/metering/line-time.ts';
import type { ModbusEndpoint } from '../core/model/site-meters.ts';
import type { Instant } from '../core/model/units.ts';
import { AppError } from '../engine/app-error.ts';
import type { Clock } from '../engine/ports.ts';
import { ClientPort } from './client-port.ts';
import { DatagramWire } from './datagram-wire.ts';
import { type Framing, framingOf } from './framing.ts';
import type { ModbusRequest } from './reply-frame.ts';
import { SerialWire } from './serial-wire.ts';
import { SocketWire } from './socket-wire.ts';
import type { Wire } from './wire.ts';

type Client = InstanceType<typeof modbus.default>;
type Pending = {
  readonly request: ModbusRequest;
  readonly transaction: number;
  received: Buffer;
  readonly resolve: (words: readonly number[]) => void;
  readonly reject: (error: AppError) => void;
};

/** A connection that answers requests. */
export interface RegisterSession {
  readonly isOpen: boolean;
  /** How often bytes have come that nobody asked for, but in the silence after trouble, where they are expected. */
  readonly disorders?: number;
  /** Registers as words, bits as 0 and 1, a written coil as what it was set to. */
  request(request: ModbusRequest, deadlineMs: number): Promise<readonly number[]>;
  destroy(): void;
}

/** Opens a session within `timeoutMs` or throws METER_CONNECT. */
export type OpenSession = (
  clock: Clock,
  endpoint: ModbusEndpoint,
  timeoutMs: number,
  signal?: AbortSignal,
) => Promise<RegisterSession>;

/** A line that is not silent within this long is babbling: nothing on it can be told apart. */
export const HUSH_MOST_MS = 1_000;
const TRANSACTIONS = 65_536;

export class Session implements RegisterSession {
  readonly #clock: Clock;
  readonly #endpoint: ModbusEndpoint;
  readonly #wire: Wire;
  readonly #framing: Framing;
  readonly #port: ClientPort;
  readonly #client: Client;
  #pending: Pending | undefined;
  #transaction = 0;
  #disorders = 0;
  /** Until then bytes that nobody asked for are what is left of former trouble; they prolong the silence. */
  #hushedUntil: Instant = Number.NEGATIVE_INFINITY;

  private constructor(clock: Clock, endpoint: ModbusEndpoint, wire: Wire) {
    this.#clock = clock;
    this.#endpoint = endpoint;
    this.#wire = wire;
    this.#framing = framingOf(endpoint);
    this.#port = new ClientPort((frame) => wire.send(this.#framing.encode(frame, this.#transaction)));
    this.#client = new modbus.default(this.#port);
    this.#client.open(() => {});
    wire.listen(
      (bytes) => this.#receive(bytes),
      (text, cause) => this.#fail('METER_CLOSED', text, cause),
    );
    // A gateway that passes serial frames through may hand us what it owed to the connection before.
    if (!this.#framing.hasTransactions) this.#hush();
  }

  /** Connects within `timeoutMs` or throws METER_CONNECT; nothing is left open then. */
  static async open(clock: Clock, endpoint: ModbusEndpoint, timeoutMs: number, signal?: AbortSignal): Promise<Session> {
    const opening = { clock, endpoint, timeoutMs, signal };
    switch (endpoint.transport) {
      case 'tcp':
      case 'rtu-over-tcp':
        return new Session(clock, endpoint, await SocketWire.open(opening, endpoint));
      case 'udp':
        return new Session(clock, endpoint, await DatagramWire.open(opening, endpoint));
      case 'rtu':
        return new Session(clock, endpoint, await SerialWire.open(opening, endpoint));
    }
  }

  get disorders(): number {
    return this.#disorders;
  }

  get isOpen(): boolean {
    return this.#wire.isOpen;
  }

  /**
   * Asks one thing. MUST NOT be called while another request is under way. Throws METER_TIMEOUT, METER_FRAME or METER_CLOSED, after which the
   * session is dead unless it is a serial line, or METER_EXCEPTION (field `exception`), after which it is as good as before. The deadline
   * counts from the first byte sent.
   */
  async request(request: ModbusRequest, deadlineMs: number): Promise<readonly number[]> {
    await this.#silence();
    if (this.#pending) throw new Error('modbus session: a second request while one is under way');
    if (!this.isOpen) throw new AppError('METER_CLOSED', 'the connection is closed', { ...this.#endpoint, ...request });
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.timer('modbus.deadline', deadlineMs, () =>
        this.#fail('METER_TIMEOUT', `no whole answer within ${deadlineMs} ms`),
      );
      this.#transaction = (this.#transaction + 1) % TRANSACTIONS;
      const pending: Pending = {
        request,
        transaction: this.#transaction,
        received: Buffer.alloc(0),
        resolve: (words) => {
          cancel();
          resolve(words);
        },
        reject: (error) => {
          cancel();
          reject(error);
        },
      };
      this.#pending = pending;
      this.#ask(request).then(
        (words) => this.#answered(pending, words),
        (error: Error & { modbusCode?: number }) => this.#refused(pending, error),
      );
    });
  }

  /** Ends the connection at once; a request under way is rejected. */
  destroy(): void {
    this.#wire.destroy();
    this.#fail('METER_CLOSED', 'the connection was closed from our side');
  }

  async #ask(request: ModbusRequest): Promise<readonly number[]> {
    const client = this.#client;
    client.setID(request.unitId);
    switch (request.functionCode) {
      case 1:
        return bitsOf(await client.readCoils(request.address, request.count), request.count);
      case 2:
        return bitsOf(await client.readDiscreteInputs(request.address, request.count), request.count);
      case 3:
        return (await client.readHoldingRegisters(request.address, request.count)).data;
      case 4:
        return (await client.readInputRegisters(request.address, request.count)).data;
      case 5:
        return [Number((await client.writeCoil(request.address, request.isOn)).state)];
    }
  }

  #receive(bytes: Buffer): void {
    const pending = this.#pending;
    if (!pending) {
      if (this.#clock.now() < this.#hushedUntil) this.#hush();
      else {
        this.#disorders++;
        this.#fail('METER_FRAME', 'bytes arrived that nobody asked for');
      }
      return;
    }
    // Bounded: the check faults as soon as there are more bytes than the reply needs.
    pending.received = Buffer.concat([pending.received, bytes]);
    const check = this.#framing.check(pending.request, pending.received, pending.transaction);
    if (typeof check === 'object') this.#fail('METER_FRAME', check.fault);
    else if (check === 'complete') this.#port.deliver(this.#framing.decode(pending.received));
  }

  #answered(pending: Pending, words: readonly number[]): void {
    if (this.#pending !== pending) return;
    const expected = pending.request.functionCode === 5 ? 1 : pending.request.count;
    if (words.length !== expected) {
      this.#fail('METER_FRAME', `${words.length} values came, asked were ${expected}`);
      return;
    }
    this.#pending = undefined;
    pending.resolve(words);
  }

  #refused(pending: Pending, error: Error & { modbusCode?: number }): void {
    if (this.#pending !== pending) return;
    if (error.modbusCode === undefined) {
      this.#fail('METER_FRAME', error.message, error);
      return;
    }
    this.#pending = undefined;
    const fields = { ...this.#endpoint, ...pending.request, exception: error.modbusCode };
    pending.reject(new AppError('METER_EXCEPTION', error.message, fields, { cause: error }));
  }

  #fail(code: 'METER_TIMEOUT' | 'METER_FRAME' | 'METER_CLOSED', text: string, cause?: unknown): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (code === 'METER_CLOSED' || !this.#wire.isKept) this.#wire.destroy();
    else this.#hush();
    pending?.reject(new AppError(code, text, { ...this.#endpoint, ...pending.request }, { cause }));
  }

  #hush(): void {
    this.#wire.flush();
    this.#hushedUntil = this.#clock.now() + hushMs(this.#endpoint);
  }

  /** Waits until the line has been silent for as long as it must. */
  async #silence(): Promise<void> {
    const mostUntil = this.#clock.now() + HUSH_MOST_MS;
    for (;;) {
      const now = this.#clock.now();
      if (now >= this.#hushedUntil) return;
      if (now >= mostUntil)
        throw new AppError('METER_FRAME', `the line is not silent for ${hushMs(this.#endpoint)} ms`, {
          ...this.#endpoint,
        });
      await this.#clock.sleep('modbus.hush', Math.min(this.#hushedUntil, mostUntil) - now);
    }
  }
}

/** The client fills the last byte up with bits that nobody asked for. */
function bitsOf({ data }: { readonly data: readonly boolean[] }, count: number): readonly number[] {
  return data.slice(0, count).map(Number);
}
