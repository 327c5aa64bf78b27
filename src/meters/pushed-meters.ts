// Meters whose values another program hands in over the API; nothing is asked of anybody.

import type { PushedMeter } from '../core/model/site-meters.ts';
import type { MeterState } from '../core/model/snapshot.ts';
import type { MeterId } from '../core/model/units.ts';
import type { MetersPort, Surroundings } from '../engine/ports.ts';
import type { PushedReading, PushOutcome } from '../engine/requests.ts';
import { ToldMeters } from './told-meters.ts';

export class PushedMeters implements MetersPort {
  readonly #told: ToldMeters;

  constructor(surroundings: Pick<Surroundings, 'clock' | 'log'>, meters: readonly PushedMeter[], nominalVolts: number) {
    this.#told = new ToldMeters(surroundings, meters, nominalVolts);
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  push({ meter, sample, measuredAtWall }: PushedReading): PushOutcome {
    const told = this.#told.get(meter);
    if (!told) {
      const text = `${meter} is no meter whose values are pushed`;
      return { ok: false, code: 'METER_NOT_PUSHED', text, expected: 'a meter with "push" in the site file' };
    }
    return told.take(sample, measuredAtWall);
  }

  states(): { readonly [meter: MeterId]: MeterState } {
    return this.#told.states();
  }

  onReading(listener: (meter: MeterId) => void): void {
    this.#told.onReading(listener);
  }
}
