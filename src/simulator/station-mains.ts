// The main meter of a simulated station: what flows through its connection, told as MeterValues of the station itself while the line stands.

import type { Clock } from '../engine/ports.ts';
import type { RpcClient } from './rpc-client.ts';
import type { StationClock } from './station-clock.ts';
import type { StationWire } from './station-wire.ts';

export type MainsOptions = {
  readonly clock: Clock;
  readonly ownClock: StationClock;
  /** The line on which the station is accepted, if there is one. */
  readonly line: () => RpcClient | undefined;
  readonly mains: StationMainsSource;
  readonly wire: StationWire;
  readonly volts: number;
};

export type StationMainsSource = {
  /** Amperes on the station's own phases now, import positive. */
  readonly amps: () => readonly number[];
  readonly everyMs: number;
};

export class StationMains {
  readonly #options: MainsOptions;
  #cancel: (() => void) | undefined;

  constructor(options: MainsOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, mains, line, wire, ownClock, volts } = this.#options;
    this.#cancel?.();
    this.#cancel = clock.timer('simulator.mains', mains.everyMs, () => {
      // What nobody hears is not kept: only messages of a transaction are (OCPP 1.6 §3.7).
      line()?.call('MeterValues', wire.mains(ownClock.stamp(), mains.amps(), volts), () => {});
      this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
