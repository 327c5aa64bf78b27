// Meters that tell by themselves, as part of the one port of all meters; what is common to pushed ones, MQTT and stations.

import type { MeterState } from '../core/model/snapshot.ts';
import type { MeterId } from '../core/model/units.ts';
import type { MetersPort, Surroundings } from '../engine/ports.ts';
import { ToldMeter, type ToldParts } from './told-meter.ts';

export class ToldMeters implements Omit<MetersPort, 'start' | 'stop' | 'push'> {
  readonly #meters = new Map<MeterId, ToldMeter>();
  readonly #listeners: ((meter: MeterId) => void)[] = [];

  constructor(
    surroundings: Pick<Surroundings, 'clock' | 'log'>,
    meters: readonly ToldParts['meter'][],
    nominalVolts: number,
  ) {
    for (const meter of meters) {
      const onReading = () => this.#tell(meter.id, surroundings.log);
      this.#meters.set(meter.id, new ToldMeter(surroundings, { meter, nominalVolts, onReading }));
    }
  }

  get(id: MeterId): ToldMeter | undefined {
    return this.#meters.get(id);
  }

  states(): { readonly [meter: MeterId]: MeterState } {
    return Object.fromEntries([...this.#meters].map(([id, meter]) => [id, meter.state()]));
  }

  onReading(listener: (meter: MeterId) => void): void {
    this.#listeners.push(listener);
  }

  #tell(meter: MeterId, log: Surroundings['log']): void {
    for (const listener of this.#listeners) {
      try {
        listener(meter);
      } catch (error) {
        // A listener's mistake must not end the hearing of this meter; the reading stands and the next cycle sees it.
        log.error('meter.listener-failed', { meter, error: error instanceof Error ? error.stack : error });
      }
    }
  }
}
