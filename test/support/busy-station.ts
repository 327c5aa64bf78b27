// A station that does nothing but transactions, one after the other as fast as it is answered, and says everything again until it is: what it
// says and is answered goes to a delivery checker.

import { WebSocket } from 'ws';
import type { Clock, Random } from '../../src/engine/ports.ts';
import { SOCKET_OPEN } from '../../src/engine/socket.ts';
import type { DeliveryChecker } from '../../src/simulator/checks/delivery.ts';
import { type Answered, RpcClient } from '../../src/simulator/rpc-client.ts';
import type { Violation } from '../../src/simulator/truth.ts';

/** A short back-off, so that a controller that is there again is found at once. */
const RETRY_MS = 150;
const MOST_SAMPLES = 5;

export type BusyStationOptions = {
  readonly id: string;
  readonly key: Buffer;
  readonly url: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly checker: DeliveryChecker;
  readonly note: (violations: readonly Violation[]) => void;
  readonly onAcknowledged: () => void;
};

export class BusyStation {
  readonly #options: BusyStationOptions;
  #socket: WebSocket | undefined;
  #rpc: RpcClient | undefined;
  #lastStampMs = 0;
  #isBootWanted = true;
  #isEnding = false;
  #isOver = false;

  constructor(options: BusyStationOptions) {
    this.#options = options;
  }

  /** Resolves when `end` was called and the transaction of that moment has been stopped and answered. */
  async run(): Promise<void> {
    this.#connect();
    while (!this.#isEnding) await this.#transaction();
  }

  /** No further transaction. It stays connected, for what waits for upstream goes there only while the station is. */
  end(): void {
    this.#isEnding = true;
  }

  close(): void {
    this.#isOver = true;
    this.#socket?.terminate();
  }

  async #transaction(): Promise<void> {
    const { random } = this.#options;
    const meterStart = Math.floor(random.next('busy.meter') * 1e6);
    const begin = { connectorId: 1, idTag: 'CARD', meterStart, timestamp: this.#stamp() };
    const transactionId = Number((await this.#say('StartTransaction', begin)).transactionId);
    const samples = Math.floor(random.next('busy.samples') * (MOST_SAMPLES + 1));
    for (let sample = 1; sample <= samples; sample++) {
      const sampledValue = [
        { value: String(meterStart + sample), measurand: 'Energy.Active.Import.Register', unit: 'Wh' },
      ];
      const meterValue = [{ timestamp: this.#stamp(), sampledValue }];
      await this.#say('MeterValues', { connectorId: 1, transactionId, meterValue });
    }
    await this.#say('StopTransaction', { transactionId, meterStop: meterStart + samples, timestamp: this.#stamp() });
  }

  /** Says it until it is answered with a result. */
  async #say(action: string, payload: Record<string, unknown>): Promise<Record<string, unknown>> {
    const { id, checker, note, clock, onAcknowledged } = this.#options;
    for (;;) {
      if (this.#isBootWanted && action !== 'BootNotification') await this.#boot();
      const answer = await this.#try(action, payload);
      if (answer.ok) {
        const given = action === 'StartTransaction' ? Number(answer.payload.transactionId) : undefined;
        note(checker.acknowledged(id, action, payload, clock.now(), given));
        onAcknowledged();
        return answer.payload;
      }
      // A controller that was killed before it had kept the boot wants it again (OCPP-J 1.6 errata 3.10).
      if (answer.code === 'SecurityError') this.#isBootWanted = true;
      await clock.sleep('busy.retry', RETRY_MS);
    }
  }

  #try(action: string, payload: Record<string, unknown>): Promise<Answered> {
    const { id, checker, note, clock } = this.#options;
    const rpc = this.#rpc;
    if (!rpc || this.#socket?.readyState !== SOCKET_OPEN) return Promise.resolve({ ok: false, code: 'closed' });
    note(checker.sent(id, action, payload, clock.now()));
    return new Promise((resolve) => rpc.call(action, payload, resolve));
  }

  async #boot(): Promise<void> {
    this.#isBootWanted = false;
    await this.#say('BootNotification', { chargePointVendor: 'Test', chargePointModel: 'Busy' });
  }

  #answer(action: string, payload: Record<string, unknown>) {
    if (action === 'SetChargingProfile' || action === 'ClearChargingProfile') return { status: 'Accepted' };
    if (action === 'GetConfiguration') return { configurationKey: [], unknownKey: [] };
    if (action !== 'TriggerMessage') return { error: 'NotImplemented' };
    if (payload.requestedMessage !== 'BootNotification') return { status: 'NotImplemented' };
    this.#isBootWanted = true;
    return { status: 'Accepted' };
  }

  /** No two alike, in milliseconds, never before the clock. */
  #stamp(): string {
    this.#lastStampMs = Math.max(this.#options.clock.wall(), this.#lastStampMs + 1);
    return new Date(this.#lastStampMs).toISOString();
  }

  #connect(): void {
    const { id, key, url, clock, random } = this.#options;
    const authorization = `Basic ${Buffer.concat([Buffer.from(`${id}:`), key]).toString('base64')}`;
    const socket = new WebSocket(`${url}/${id}`, 'ocpp1.6', { headers: { authorization }, handshakeTimeout: 3_000 });
    this.#socket = socket;
    socket.on('open', () => {
      this.#rpc = new RpcClient(
        socket,
        clock,
        () => random.uuid('busy.message'),
        (action, payload, reply) => reply(this.#answer(action, payload)),
      );
    });
    // Nobody listens while the controller is dead.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#rpc = undefined;
      if (!this.#isOver) clock.timer('busy.reconnect', RETRY_MS, () => this.#connect());
    });
  }
}
