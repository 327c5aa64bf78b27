// The main meter of a simulated station: what flows through its connection, told as MeterValues of connector 0 while the line stands.

import type { Clock } from '../engine/ports.ts';
import type { RpcClient } from './rpc-client.ts';
import type { StationClock } from './station-clock.ts';
import type { Payload } from './wire-v16.ts';

export type MainsOptions = {
  readonly clock: Clock;
  readonly ownClock: StationClock;
  /** The line on which the station is accepted, if there is one. */
  readonly line: () => RpcClient | undefined;
  readonly mains: StationMainsSource;
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
    const { clock, mains, line } = this.#options;
    this.#cancel?.();
    this.#cancel = clock.timer('simulator.mains', mains.everyMs, () => {
      // What nobody hears is not kept: only messages of a transaction are (OCPP 1.6 §3.7).
      line()?.call('MeterValues', { connectorId: 0, meterValue: [this.#value()] }, () => {});
      this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #value(): Payload {
    const { ownClock, mains, volts } = this.#options;
    const amps = mains.amps();
    const value = (measurand: string, unit: string, text: string, phase?: string) => ({
      value: text,
      context: 'Sample.Clock',
      location: 'Inlet',
      measurand,
      unit,
      ...(phase === undefined ? {} : { phase }),
    });
    return {
      timestamp: ownClock.stamp(),
      sampledValue: [
        ...amps.map((one, at) => value('Current.Import', 'A', Math.max(0, one).toFixed(2), `L${at + 1}`)),
        ...amps.map((one, at) => value('Current.Export', 'A', Math.max(0, -one).toFixed(2), `L${at + 1}`)),
        value('Power.Active.Import', 'W', amps.reduce((sum, one) => sum + one * volts, 0).toFixed(0)),
      ],
    };
  }
}
