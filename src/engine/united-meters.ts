// All meters of a site behind one port, by whatever way their values come, and those that are combined of others; it judges no sample.

import { type Combination, combine, type Member, NOTHING_COMBINED } from '../core/metering/combine.ts';
import type { Site } from '../core/model/site.ts';
import type { CombinedMeter } from '../core/model/site-meters.ts';
import type { MeterState } from '../core/model/snapshot.ts';
import { type MeterId, PHASES } from '../core/model/units.ts';
import type { MetersPort, Surroundings } from './ports.ts';
import type { PushedReading, PushOutcome } from './requests.ts';

type States = { readonly [meter: MeterId]: MeterState };

export class UnitedMeters implements MetersPort {
  readonly #surroundings: Pick<Surroundings, 'clock' | 'log'>;
  readonly #site: Pick<Site, 'meters' | 'policy' | 'nominalVolts'>;
  readonly #sources: readonly MetersPort[];
  readonly #combined: readonly CombinedMeter[];
  readonly #combinations = new Map<MeterId, Combination>();

  /** Each meter of the site that is not combined MUST be of exactly one source. */
  constructor(
    surroundings: Pick<Surroundings, 'clock' | 'log'>,
    site: Pick<Site, 'meters' | 'policy' | 'nominalVolts'>,
    sources: readonly MetersPort[],
  ) {
    this.#surroundings = surroundings;
    this.#site = site;
    this.#sources = sources;
    this.#combined = site.meters.filter((meter) => meter.from === 'combined');
  }

  /** Rejects with what the first source that cannot begin rejects with; those before it are stopped again. */
  async start(signal: AbortSignal): Promise<void> {
    for (const [at, source] of this.#sources.entries()) {
      try {
        await source.start(signal);
      } catch (error) {
        await Promise.allSettled(this.#sources.slice(0, at).map((one) => one.stop()));
        throw error;
      }
    }
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#sources.map((source) => source.stop()));
  }

  states(): States {
    const single = this.#single();
    if (this.#combined.length === 0) return single;
    const combined = this.#combined.map((meter) => [meter.id, this.#combine(meter, single)] as const);
    return { ...single, ...Object.fromEntries(combined) };
  }

  push(reading: PushedReading): PushOutcome {
    const source = this.#sources.find((one) => one.push !== undefined && Object.hasOwn(one.states(), reading.meter));
    if (source?.push) return source.push(reading);
    const text = `${reading.meter} is no meter whose values are pushed`;
    return { ok: false, code: 'METER_NOT_PUSHED', text, expected: 'a meter with "push" in the site file' };
  }

  onReading(listener: (meter: MeterId) => void): void {
    for (const source of this.#sources) {
      source.onReading((meter) => {
        listener(meter);
        for (const { id, members } of this.#combined) if (members.includes(meter)) listener(id);
      });
    }
  }

  #single(): States {
    return Object.assign({}, ...this.#sources.map((source) => source.states()));
  }

  #combine(meter: CombinedMeter, states: States): MeterState {
    const { policy, nominalVolts, meters } = this.#site;
    const members = meter.members.map((id): Member => {
      const one = meters.find((other) => other.id === id);
      return { id, name: one?.name ?? id, phases: one?.phases ?? PHASES, state: states[id] };
    });
    const before = this.#combinations.get(meter.id) ?? NOTHING_COMBINED;
    const next = combine(members, before, this.#surroundings.clock.now(), policy.meter, nominalVolts);
    this.#combinations.set(meter.id, next);
    this.#tellChange(meter.id, before.state.suspicion, next.state.suspicion);
    return next.state;
  }

  #tellChange(meter: MeterId, before: MeterState['suspicion'], after: MeterState['suspicion']): void {
    if (before?.kind === after?.kind) return;
    const { log, clock } = this.#surroundings;
    if (after) log.warn('meter.suspect', { meter, kind: after.kind, detail: after.detail });
    else if (before) log.info('meter.recovered', { meter, after: before.kind, lostMs: clock.now() - before.since });
  }
}
