// A simulated station's transactions and their messages: begun, sampled and ended by its own clock, and kept until they are answered.

import type { Clock, Random } from '../engine/ports.ts';
import { type MessageWatch, OfflineQueue } from './offline-queue.ts';
import type { RpcClient } from './rpc-client.ts';
import type { SimulatedEvse } from './simulated-evse.ts';
import type { SmartCharging } from './smart-charging.ts';
import type { StationClock } from './station-clock.ts';
import type { EndReason, Payload, SimulatedTransaction, StationWire, Told } from './station-wire.ts';
import type { Model } from './zoo.ts';

export type TransactionOptions = {
  readonly station: string;
  readonly wire: StationWire;
  readonly clock: Clock;
  readonly random: Random;
  readonly model: Model;
  readonly volts: number;
  readonly evses: readonly SimulatedEvse[];
  readonly charging: SmartCharging;
  /** The line on which the station is accepted, if there is one. */
  readonly line: () => RpcClient | undefined;
  readonly ownClock: StationClock;
  readonly sampleSeconds: () => number;
  /** In [0, 1): where in an interval this station samples, so that a site does not sample all at once. */
  readonly samplePhase: number;
  readonly onChange: (evse: SimulatedEvse) => void;
  readonly isOff: () => boolean;
  readonly watch?: MessageWatch;
};

export class StationTransactions {
  readonly queue: OfflineQueue;
  readonly #options: TransactionOptions;
  #nextKey = 1;
  #cancelSample: (() => void) | undefined;
  /** Cards that were shown while the station was off. */
  readonly #cards = new Map<SimulatedEvse, string>();

  constructor(options: TransactionOptions) {
    this.#options = options;
    this.queue = new OfflineQueue(options.clock, options.line, options.watch);
  }

  /** A driver shows a card: begins when the central system agrees, or at once while it cannot be asked. `done`: either way. */
  authorize(evse: SimulatedEvse, idTag: string, done: () => void): void {
    const { car } = evse;
    const begin = () => {
      if (this.#options.isOff()) this.#cards.set(evse, idTag);
      else if (car !== undefined && evse.car === car && !evse.transaction) this.begin(evse, idTag);
      done();
    };
    const line = this.#options.line();
    if (!line) {
      begin();
      return;
    }
    const { wire } = this.#options;
    line.call('Authorize', wire.authorize(idTag), (answer) => {
      if (answer.ok && !wire.isWelcome(answer.payload)) done();
      else begin();
    });
  }

  begin(evse: SimulatedEvse, idTag: string): void {
    const { ownClock, wire, station, random } = this.#options;
    const timestamp = ownClock.stamp();
    const key = this.#nextKey++;
    const id = wire.transactionId?.(random.next(`simulator.transaction ${station}`));
    const transaction: SimulatedTransaction = {
      key,
      idTag,
      startedAt: Date.parse(timestamp),
      meterStartWh: Math.round(evse.energyWh),
      events: 0,
      ...(id === undefined ? {} : { id }),
    };
    evse.transaction = transaction;
    evse.isAuthorized = true;
    this.queue.add({
      ...wire.begun(this.#tell(evse, transaction, timestamp)),
      onAnswer: (answer) => this.#started(evse, transaction, answer),
    });
    this.sampleOn();
    this.#options.onChange(evse);
  }

  end(evse: SimulatedEvse, reason: EndReason): void {
    const { transaction } = evse;
    if (!transaction) return;
    const { charging, onChange, wire } = this.#options;
    const told = this.#tell(evse, transaction);
    evse.transaction = undefined;
    charging.endTransaction(evse.evse.number);
    this.queue.add(wire.ended(told, reason));
    onChange(evse);
  }

  sample(evse: SimulatedEvse): void {
    const { transaction } = evse;
    if (!transaction) return;
    const { ownClock, model, volts, wire } = this.#options;
    const offeredAmps = model.liesAboutOffer ? evse.evse.maxAmps : evse.limitAmps(ownClock.time());
    this.queue.add(wire.sampled(this.#tell(evse, transaction), { amps: evse.drawn(), offeredAmps, volts }));
  }

  /** What its car does has changed. */
  changed(evse: SimulatedEvse): void {
    const { transaction } = evse;
    const message = transaction && this.#options.wire.changed(this.#tell(evse, transaction));
    if (message) this.queue.add(message);
  }

  #tell(evse: SimulatedEvse, transaction: SimulatedTransaction, timestamp = this.#options.ownClock.stamp()): Told {
    return {
      evse: evse.evse.number,
      transaction,
      timestamp,
      energyWh: evse.energyWh,
      isOffline: this.#options.line() === undefined,
      status: evse.status(this.#options.ownClock.time()),
    };
  }

  /** Samples in its interval as long as a transaction runs. */
  sampleOn(): void {
    const { clock, evses, sampleSeconds, samplePhase } = this.#options;
    if (this.#cancelSample || !evses.some((evse) => evse.transaction)) return;
    const everyMs = sampleSeconds() * 1_000;
    const sinceMs = (clock.now() - Math.floor(samplePhase * everyMs)) % everyMs;
    this.#cancelSample = clock.timer('simulator.meter', everyMs - sinceMs, () => {
      this.#cancelSample = undefined;
      for (const evse of evses) this.sample(evse);
      this.sampleOn();
    });
  }

  /** Ends a transaction, and lets the same driver begin another when the station is on again. */
  beginAnew(evse: SimulatedEvse, reason: EndReason): void {
    const idTag = evse.transaction?.idTag;
    if (idTag === undefined) return;
    this.end(evse, reason);
    this.#cards.set(evse, idTag);
  }

  /** The station is on again. */
  resume(): void {
    this.sampleOn();
    const cards = [...this.#cards];
    this.#cards.clear();
    for (const [evse, idTag] of cards) if (evse.car) this.authorize(evse, idTag, () => {});
  }

  /** The station is off. */
  pause(): void {
    this.#cancelSample?.();
    this.#cancelSample = undefined;
  }

  /** The central system's id for the transaction, and its word on the driver, which may end it (OCPP 1.6 §4.8, 2.x E05). */
  #started(evse: SimulatedEvse, transaction: SimulatedTransaction, answer: Payload): void {
    const { wire } = this.#options;
    wire.begunAnswered(transaction, answer);
    if (!wire.isWelcome(answer) && evse.transaction === transaction) this.end(evse, 'DeAuthorized');
  }
}
