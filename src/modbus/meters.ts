// The meters of a site behind one port: each polled at its own pace, those that share a gateway taking turns on one connection.

import type { MeterProfile } from '../core/model/meter-profile.ts';
import { coveredPhases, unfitness } from '../core/model/meter-wiring.ts';
import type { ModbusMeter } from '../core/model/site-meters.ts';
import type { MeterState } from '../core/model/snapshot.ts';
import type { MeterId } from '../core/model/units.ts';
import { AppError } from '../engine/app-error.ts';
import type { Log, MetersPort, Surroundings } from '../engine/ports.ts';
import { ModbusLinks } from './links.ts';
import { Meter } from './meter.ts';

export class Meters implements MetersPort {
  readonly #meters = new Map<MeterId, Meter>();
  readonly #links: ModbusLinks;
  readonly #listeners: ((meter: MeterId) => void)[] = [];
  readonly #stopping = new AbortController();
  #loops: readonly Promise<void>[] | undefined;

  /**
   * `nominalVolts`: phase to neutral, the site's. Throws AppError METER_PROFILE when a meter's profile is missing or cannot protect a
   * circuit: better at the start than in the night. `links`: the room's own, closed by `stop`.
   */
  constructor(
    surroundings: Surroundings,
    meters: readonly ModbusMeter[],
    profilesById: { readonly [profile: string]: MeterProfile },
    nominalVolts = 230,
    links = new ModbusLinks(surroundings),
  ) {
    this.#links = links;
    for (const meter of meters) {
      const profile = profilesById[meter.profile];
      const fields = { meter: meter.id, profile: meter.profile };
      if (!profile)
        throw new AppError('METER_PROFILE', `meter ${meter.id}: there is no profile ${meter.profile}`, fields);
      const why = unfitness(profile, coveredPhases(meter).length);
      if (why)
        throw new AppError('METER_PROFILE', `meter ${meter.id}: profile ${meter.profile} does not do, ${why}`, fields);
      const { endpoint, unitId, wireBaud } = meter.connection;
      const onReading = () => this.#tell(meter.id, surroundings.log);
      const reader = this.#links.at(endpoint, wireBaud).unit(unitId, profile.gapMs);
      this.#meters.set(meter.id, new Meter(surroundings, { meter, profile, reader, nominalVolts, onReading }));
    }
  }

  /** Starts polling and returns at once: a meter that cannot be reached is a state, not an error. */
  async start(signal: AbortSignal): Promise<void> {
    if (this.#loops) throw new Error('meters: started twice');
    signal.addEventListener('abort', () => this.#stopping.abort(), { once: true });
    if (signal.aborted) this.#stopping.abort();
    this.#loops = [...this.#meters.values()].map((meter) => meter.run(this.#stopping.signal));
  }

  /** Closes every connection and waits for the polls; they end at once, because a closed link refuses what waits. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#links.close();
    await Promise.all(this.#loops ?? []);
  }

  states(): { readonly [meter: MeterId]: MeterState } {
    return Object.fromEntries([...this.#meters].map(([id, meter]) => [id, meter.state()]));
  }

  #tell(meter: MeterId, log: Log): void {
    for (const listener of this.#listeners) {
      try {
        listener(meter);
      } catch (error) {
        // A listener's mistake must not end the polling of this meter; the reading stands and the next cycle sees it.
        log.error('meter.listener-failed', { meter, error: error instanceof Error ? error.stack : error });
      }
    }
  }

  onReading(listener: (meter: MeterId) => void): void {
    this.#listeners.push(listener);
  }
}
