// Meters that are a station's own: what it says of its connection to the grid. Gone with the station, however young its last word is.

import type { Sample } from '../core/metering/sample.ts';
import type { Site } from '../core/model/site.ts';
import type { StationMeter } from '../core/model/site-meters.ts';
import type { MainsSample, MeterState } from '../core/model/snapshot.ts';
import { type Instant, type MeterId, mapPhases, PHASES, type PhaseAmps, type StationId } from '../core/model/units.ts';
import type { MainsSource, MetersPort, Surroundings } from '../engine/ports.ts';
import { ToldMeters } from './told-meters.ts';

export class StationMeters implements MetersPort {
  readonly #told: ToldMeters;
  readonly #meters: readonly StationMeter[];
  readonly #stations: MainsSource;
  readonly #takenAt = new Map<MeterId, Instant>();

  constructor(
    surroundings: Pick<Surroundings, 'clock' | 'log'>,
    { meters, nominalVolts }: Pick<Site, 'meters' | 'nominalVolts'>,
    stations: MainsSource,
  ) {
    this.#meters = meters.filter((meter) => meter.from === 'station');
    this.#told = new ToldMeters(surroundings, this.#meters, nominalVolts);
    this.#stations = stations;
    stations.onMains((station) => this.#hear(station));
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  states(): { readonly [meter: MeterId]: MeterState } {
    const told = this.#told.states();
    const stations = this.#stations.states();
    return Object.fromEntries(
      this.#meters.map(({ id, station }) => {
        const link = stations[station]?.link ?? { state: 'never' };
        return [id, link.state === 'disconnected' ? withoutStation(told[id]!, station, link.since) : told[id]!];
      }),
    );
  }

  onReading(listener: (meter: MeterId) => void): void {
    this.#told.onReading(listener);
  }

  #hear(station: StationId): void {
    const mains = this.#stations.states()[station]?.mains;
    if (!mains) return;
    for (const meter of this.#meters) {
      if (meter.station !== station || mains.measuredAt === this.#takenAt.get(meter.id)) continue;
      this.#takenAt.set(meter.id, mains.measuredAt);
      const sample = sampleOf(mains, meter);
      const told = this.#told.get(meter.id)!;
      if (sample) told.takeAt(sample, mains.measuredAt);
      else told.incomplete(`the station tells no current on all of its ${(meter.phases ?? PHASES).length} phases`);
    }
  }
}

/** On the grid's phases: the station's own L1 is the first of the meter's phases. */
function sampleOf(mains: MainsSample, { phases = PHASES }: StationMeter): Sample | undefined {
  const onGrid = (own: readonly (number | undefined)[] | undefined): PhaseAmps | undefined => {
    const known = mapPhases((phase) => (phases.includes(phase) ? own?.[phases.indexOf(phase)] : 0));
    const { L1, L2, L3 } = known;
    return L1 === undefined || L2 === undefined || L3 === undefined ? undefined : { L1, L2, L3 };
  };
  const currentAmps = onGrid(mains.amps);
  if (!currentAmps) return undefined;
  const volts = phases.length === PHASES.length ? onGrid(mains.volts) : undefined;
  const powerWatts = onGrid(mains.watts);
  return {
    currentAmps,
    ...(volts ? { volts } : {}),
    ...(powerWatts ? { powerWatts } : {}),
    ...(mains.totalWatts === undefined ? {} : { totalPowerWatts: mains.totalWatts }),
    ...(mains.energyImportWh === undefined ? {} : { energyImportWh: mains.energyImportWh }),
  };
}

function withoutStation({ reading }: MeterState, station: StationId, since: Instant): MeterState {
  const suspicion = { kind: 'unreachable', detail: `${station} is not connected`, since } as const;
  if (!reading) return { suspicion };
  const { fresh, held } = reading.until!;
  return { reading: { ...reading, until: { fresh: Math.min(fresh, since), held: Math.min(held, since) } }, suspicion };
}
