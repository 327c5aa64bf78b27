// One TCP connection to a Modbus device: asks one thing at a time and destroys the socket at the first sign of disorder.
//
// modbus-serial alone returns wrong values or hangs for ever after a broken frame, so it never owns the socket: we look at every byte
// before it does, keep our own deadline, and believe its answer only when the bytes were exactly the reply that was asked for.

import { connect, type Socket } from 'node:net';
import modbus from 'modbus-serial';
import type { ModbusEndpoint } from '../core/model/site.ts';
import { AppError } from '../engine/app-error.ts';
import type { Clock } from '../engine/ports.ts';
import { checkReply, type RegisterRequest, type ReplyCheck } from './reply-frame.ts';

type Client = InstanceType<typeof modbus.default>;
type Pending = {
  readonly request: RegisterRequest;
  received: Buffer;
  check: ReplyCheck;
  readonly resolve: (words: readonly number[]) => void;
  readonly reject: (error: AppError) => void;
};

/** A connection that answers register reads; dead for good after any trouble but an exception. */
export interface RegisterSession {
  readonly isOpen: boolean;
  request(request: RegisterRequest, deadlineMs: number): Promise<readonly number[]>;
  destroy(): void;
}

/** Opens a session within `timeoutMs` or throws METER_CONNECT. */
export type OpenSession = (
  clock: Clock,
  endpoint: ModbusEndpoint,
  timeoutMs: number,
  signal?: AbortSignal,
) => Promise<RegisterSession>;

const KEEP_ALIVE_MS = 10_000;

export class Session implements RegisterSession {
  readonly #clock: Clock;
  readonly #endpoint: ModbusEndpoint;
  readonly #socket: Socket;
  readonly #client: Client = new modbus.default();
  #pending: Pending | undefined;

  private constructor(clock: Clock, endpoint: ModbusEndpoint, socket: Socket) {
    this.#clock = clock;
    this.#endpoint = endpoint;
    this.#socket = socket;
    // Ours come before modbus-serial's: they are called first.
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('error', (cause) => this.#fail('METER_CLOSED', `the connection broke: ${cause.message}`, cause));
    socket.on('close', () => this.#fail('METER_CLOSED', 'the device closed the connection'));
  }

  /** Connects within `timeoutMs` or throws METER_CONNECT; no socket is left behind then. */
  static async open(clock: Clock, endpoint: ModbusEndpoint, timeoutMs: number, signal?: AbortSignal): Promise<Session> {
    if (endpoint.transport !== 'tcp')
      throw new AppError('METER_CONNECT', `no connection over ${endpoint.transport} yet`, { ...endpoint });
    const { host, port } = endpoint;
    const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
    await new Promise<void>((resolve, reject) => {
      const give = (text: string, cause?: unknown) => {
        settled();
        // A socket that fails once more while it is torn down must not end the process: the trouble is told already.
        socket.on('error', () => {});
        socket.destroy();
        reject(new AppError('METER_CONNECT', text, { ...endpoint }, { cause }));
      };
      const cancel = clock.timer('modbus.connect', timeoutMs, () => give(`no connection within ${timeoutMs} ms`));
      const onError = (cause: Error) =>
        give(cause.message || (cause as NodeJS.ErrnoException).code || 'no connection', cause);
      const onAbort = () => give('stopped while connecting');
      const settled = () => {
        cancel();
        socket.off('error', onError);
        signal?.removeEventListener('abort', onAbort);
      };
      socket.once('error', onError);
      socket.once('connect', () => {
        settled();
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      if (signal?.aborted) onAbort();
    });
    const session = new Session(clock, endpoint, socket);
    await session.#client.linkTCP(socket, { port });
    return session;
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  /**
   * Reads registers. MUST NOT be called while another request is under way. Throws METER_TIMEOUT, METER_FRAME or METER_CLOSED, after which
   * the session is dead, or METER_EXCEPTION (field `exception`), after which it is as good as before.
   */
  request(request: RegisterRequest, deadlineMs: number): Promise<readonly number[]> {
    if (this.#pending) throw new Error('modbus session: a second request while one is under way');
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.timer('modbus.deadline', deadlineMs, () =>
        this.#fail('METER_TIMEOUT', `no whole answer within ${deadlineMs} ms`),
      );
      const pending: Pending = {
        request,
        received: Buffer.alloc(0),
        check: 'incomplete',
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
      this.#client.setID(request.unitId);
      const reply =
        request.functionCode === 3
          ? this.#client.readHoldingRegisters(request.address, request.count)
          : this.#client.readInputRegisters(request.address, request.count);
      reply.then(
        ({ data }) => this.#answered(pending, data),
        (error: Error & { modbusCode?: number }) => this.#refused(pending, error),
      );
    });
  }

  /** Ends the connection at once; a request under way is rejected. */
  destroy(): void {
    this.#fail('METER_CLOSED', 'the connection was closed from our side');
  }

  #receive(bytes: Buffer): void {
    const pending = this.#pending;
    if (!pending) {
      this.#fail('METER_FRAME', 'bytes arrived that nobody asked for');
      return;
    }
    // Bounded: checkReply faults as soon as there are more bytes than the reply needs.
    pending.received = Buffer.concat([pending.received, bytes]);
    pending.check = checkReply(pending.request, pending.received);
    if (typeof pending.check === 'object') this.#fail('METER_FRAME', pending.check.fault);
  }

  #answered(pending: Pending, words: readonly number[]): void {
    if (this.#pending !== pending) return;
    if (pending.check !== 'complete' || words.length !== pending.request.count) {
      this.#fail('METER_FRAME', `${words.length} registers came, asked were ${pending.request.count}`);
      return;
    }
    this.#pending = undefined;
    pending.resolve(words);
  }

  #refused(pending: Pending, error: Error & { modbusCode?: number }): void {
    if (this.#pending !== pending) return;
    if (pending.check !== 'complete' || error.modbusCode === undefined) {
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
    this.#socket.destroy();
    pending?.reject(new AppError(code, text, { ...this.#endpoint, ...pending.request }, { cause }));
  }
}
