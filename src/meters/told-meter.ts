// A meter that tells by itself, whenever it likes: each sample dated and judged before it is believed. Silence only ages what was said last.

import { believe, NOTHING_BELIEVED } from '../core/metering/believe.ts';
import type { Bounds } from '../core/metering/plausibility.ts';
import type { Sample } from '../core/metering/sample.ts';
import type { ToldMeterSettings } from '../core/model/site-meters.ts';
import type { MeterReading, MeterState } from '../core/model/snapshot.ts';
import { type Instant, type MeterId, mapPhases, PHASES, type WallTime } from '../core/model/units.ts';
import type { Surroundings } from '../engine/ports.ts';
import type { PushOutcome } from '../engine/requests.ts';

/** Clocks of two machines that are kept in time are no further apart; a stamp that is further ahead is of another time altogether. */
export const MAX_STAMP_LEAD_MS = 2_000;
/** A reading is lost at this many times the age up to which it is fresh, as in the default policy. */
export const LOST_AFTER_TIMES = 1.5;
/** Volts never stand still: the same values again and again for so long are no measurement. */
const FROZEN_WITH_VOLTS_MS = 60_000;
/** Currents alone may well, of a load that is regulated; for so long they do not, unless they are 0. */
const FROZEN_CURRENTS_MS = 600_000;

export type ToldParts = {
  readonly meter: ToldMeterSettings;
  readonly nominalVolts: number;
  readonly onReading: () => void;
};

export class ToldMeter {
  readonly #surroundings: Pick<Surroundings, 'clock' | 'log'>;
  readonly #parts: ToldParts;
  #belief = NOTHING_BELIEVED;
  #newestAt: Instant = Number.NEGATIVE_INFINITY;

  constructor(surroundings: Pick<Surroundings, 'clock' | 'log'>, parts: ToldParts) {
    this.#surroundings = surroundings;
    this.#parts = parts;
  }

  get id(): MeterId {
    return this.#parts.meter.id;
  }

  /**
   * Takes what was said to be so at `stamp`, or now. A stamp ahead of our clock by more than `MAX_STAMP_LEAD_MS`, one that is older than a reading
   * may be, and one that is not newer than the one before are refused.
   */
  take(sample: Sample, stamp?: WallTime): PushOutcome {
    const { clock } = this.#surroundings;
    if (stamp === undefined) return this.takeAt(sample, clock.now());
    const aheadMs = stamp - clock.wall();
    if (aheadMs > MAX_STAMP_LEAD_MS) {
      const detail = `it is stamped ${seconds(aheadMs)} ahead of our clock`;
      this.incomplete(detail);
      return refused('METER_READING_FUTURE', detail, 'a time that has come: set both clocks by the same server');
    }
    const measuredAt = clock.now() + Math.min(0, aheadMs);
    if (measuredAt <= this.#newestAt) return this.#outOfOrder(measuredAt);
    return this.takeAt(sample, measuredAt);
  }

  /** The same by the steady time line. `measuredAt` MUST not be ahead of now. */
  takeAt(sample: Sample, measuredAt: Instant): PushOutcome {
    const ageMs = this.#surroundings.clock.now() - measuredAt;
    const mostMs = LOST_AFTER_TIMES * this.#parts.meter.maxAgeMs;
    if (!(ageMs <= mostMs)) {
      const detail = `it was ${seconds(ageMs)} old when it came`;
      this.incomplete(detail);
      return refused('METER_READING_OLD', detail, `a reading of the last ${seconds(mostMs)}`);
    }
    if (measuredAt < this.#newestAt) return this.#outOfOrder(measuredAt);
    this.#newestAt = measuredAt;
    const { phases = PHASES } = this.#parts.meter;
    // What it does not measure is nothing; combined meters and sums do not look at it.
    const currentAmps = mapPhases((phase) => (phases.includes(phase) ? sample.currentAmps[phase] : 0));
    const judged = { ...sample, currentAmps };
    this.#attempt({ kind: 'sample', sample: judged, fingerprint: JSON.stringify(judged) }, measuredAt, judged);
    const { suspicion, reading } = this.#belief.state;
    if (suspicion)
      return refused('METER_READING_ABSURD', `${suspicion.kind}: ${suspicion.detail}`, 'values that can be true here');
    this.#parts.onReading();
    return { ok: true, measuredAt: reading!.measuredAt, ageMs };
  }

  /** Nothing more can come for now: why. */
  unreachable(detail: string): void {
    this.#attempt({ kind: 'unreachable', detail }, this.#surroundings.clock.now());
  }

  /** Something came that is no reading. */
  incomplete(detail: string): void {
    this.#attempt({ kind: 'incomplete', detail }, this.#surroundings.clock.now());
  }

  state(): MeterState {
    const { reading, suspicion } = this.#belief.state;
    if (!reading) return suspicion ? { suspicion } : {};
    const aged = this.#aged(reading);
    const now = this.#surroundings.clock.now();
    const silence = now > aged.until!.held ? silent(aged, now) : undefined;
    const why = suspicion ?? silence;
    return { reading: aged, ...(why ? { suspicion: why } : {}) };
  }

  #aged(reading: MeterReading): MeterReading {
    const { maxAgeMs } = this.#parts.meter;
    const { measuredAt } = reading;
    return { ...reading, until: { fresh: measuredAt + maxAgeMs, held: measuredAt + LOST_AFTER_TIMES * maxAgeMs } };
  }

  #attempt(attempt: Parameters<typeof believe>[2], now: Instant, sample?: Sample): void {
    const { belief, event } = believe(this.#bounds(sample), this.#belief, attempt, now);
    this.#belief = belief;
    if (!event) return;
    const { event: name, ...fields } = event;
    this.#surroundings.log[name === 'meter.suspect' ? 'warn' : 'info'](name, { meter: this.id, ...fields });
  }

  #bounds(sample: Sample | undefined): Bounds {
    const { plausibleAmps, mayExport } = this.#parts.meter;
    const isIdle = sample !== undefined && PHASES.every((phase) => sample.currentAmps[phase] === 0);
    return {
      nominalVolts: this.#parts.nominalVolts,
      plausibleAmps,
      mayExport: mayExport === true,
      factor: 1,
      frozenAfterMs: sample?.volts ? FROZEN_WITH_VOLTS_MS : isIdle ? Number.POSITIVE_INFINITY : FROZEN_CURRENTS_MS,
      isTotalReadApart: false,
    };
  }

  #outOfOrder(measuredAt: Instant): PushOutcome {
    const detail = `it is ${seconds(this.#newestAt - measuredAt)} older than the one before, or the same`;
    return refused('METER_READING_ORDER', detail, 'readings in the order in which they were measured, each once');
  }
}

function silent({ until, measuredAt }: MeterReading, now: Instant): NonNullable<MeterState['suspicion']> {
  return { kind: 'unreachable', detail: `nothing came for ${seconds(now - measuredAt)}`, since: until!.held };
}

function refused(code: string, detail: string, expected: string): PushOutcome {
  return { ok: false, code, text: detail, expected };
}

const seconds = (ms: number) => `${Math.round(ms / 100) / 10} s`;
