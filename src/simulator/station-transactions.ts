// A simulated station's transactions and their messages: begun, sampled and ended by its own clock, and kept until they are answered.

import type { Clock } from '../engine/ports.ts';
import { type MessageWatch, OfflineQueue } from './offline-queue.ts';
import type { RpcClient } from './rpc-client.ts';
import type { SimulatedEvse, SimulatedTransaction } from './simulated-evse.ts';
import type { SmartCharging } from './smart-charging.ts';
import type { StationClock } from './station-clock.ts';
import { meterValue, type Payload } from './wire-v16.ts';
import type { Model } from './zoo.ts';

export type TransactionOptions = {
  readonly clock: Clock;
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
    line.call('Authorize', { idTag }, (answer) => {
      const refused = answer.ok && (answer.payload.idTagInfo as Payload | undefined)?.status !== 'Accepted';
      if (refused) done();
      else begin();
    });
  }

  begin(evse: SimulatedEvse, idTag: string): void {
    const timestamp = this.#options.ownClock.stamp();
    const meterStart = Math.round(evse.energyWh);
    const transaction: SimulatedTransaction = {
      key: this.#nextKey++,
      idTag,
      startedAt: Date.parse(timestamp),
      meterStartWh: meterStart,
    };
    evse.transaction = transaction;
    evse.isAuthorized = true;
    const payload = { connectorId: evse.evse.number, idTag, meterStart, timestamp };
    this.queue.add({
      action: 'StartTransaction',
      payload: () => payload,
      onAnswer: (answer) => this.#started(evse, transaction, answer),
    });
    this.sampleOn();
    this.#options.onChange(evse);
  }

  end(evse: SimulatedEvse, reason: string): void {
    const { transaction } = evse;
    if (!transaction) return;
    const { ownClock, charging, onChange } = this.#options;
    const rest = {
      idTag: transaction.idTag,
      meterStop: Math.round(evse.energyWh),
      timestamp: ownClock.stamp(),
      reason,
    };
    evse.transaction = undefined;
    charging.endTransaction(evse.evse.number);
    this.queue.add({
      action: 'StopTransaction',
      payload: () => ({ ...rest, transactionId: transaction.id ?? -1 }),
    });
    onChange(evse);
  }

  sample(evse: SimulatedEvse): void {
    const { transaction } = evse;
    if (!transaction) return;
    const { ownClock, model, volts } = this.#options;
    const offered = model.liesAboutOffer ? evse.evse.maxAmps : evse.limitAmps(ownClock.time());
    const value = meterValue(ownClock.stamp(), evse.drawn(), offered, volts, evse.energyWh);
    const payload = () => ({
      connectorId: evse.evse.number,
      meterValue: [value],
      ...(transaction.id === undefined ? {} : { transactionId: transaction.id }),
    });
    this.queue.add({ action: 'MeterValues', payload });
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
  beginAnew(evse: SimulatedEvse, reason: string): void {
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

  /** The central system's id for the transaction, and its word on the driver, which may end it (OCPP 1.6 §4.8). */
  #started(evse: SimulatedEvse, transaction: SimulatedTransaction, answer: Payload): void {
    transaction.id = Number(answer.transactionId);
    const status = (answer.idTagInfo as Payload | undefined)?.status;
    if (status !== 'Accepted' && evse.transaction === transaction) this.end(evse, 'DeAuthorized');
  }
}
