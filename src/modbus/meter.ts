// Polls one meter and keeps its last good reading; what is late, frozen or absurd never replaces a reading, it only lets it age.

import { type Attempt, believe, NOTHING_BELIEVED } from '../core/metering/believe.ts';
import { longestOf, planReads, type ReadPlan, SLOW_EVERY_MS } from '../core/metering/block-plan.ts';
import type { Bounds } from '../core/metering/plausibility.ts';
import type { MeterProfile } from '../core/model/meter-profile.ts';
import { coveredPhases, type MeterWiring } from '../core/model/meter-wiring.ts';
import type { ModbusMeter } from '../core/model/site-meters.ts';
import type { MeterState } from '../core/model/snapshot.ts';
import type { Instant } from '../core/model/units.ts';
import { AppError } from '../engine/app-error.ts';
import type { Clock, Log, Surroundings } from '../engine/ports.ts';
import { decodePoints, fingerprint, type RegisterBlock } from './decode.ts';
import { locate, readBlock } from './profile-read.ts';
import { FULL_LENGTH, isShort, nextLength, outcomeOf, type PollOutcome, SHORT_REGISTERS } from './read-length.ts';
import type { RegisterReader } from './register-reader.ts';
import { toSample } from './sample.ts';
import { type DatedBlock, valueAges } from './value-ages.ts';

/** What a slow block said is carried along for at most this long. */
const SLOW_KEEP_MS = 120_000;
/** Floats carry noise: the same bits in all of them for this long do not happen on a live connection. */
const FROZEN_FLOATS_MS = 10_000;
/** Integers are coarse: a quiet site may well repeat itself for a while. */
const FROZEN_INTEGERS_MS = 25_000;

export class Meter {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #meter: ModbusMeter;
  readonly #profile: MeterProfile;
  readonly #reader: RegisterReader;
  readonly #plans: { readonly full: ReadPlan; readonly short: ReadPlan };
  readonly #bounds: { readonly full: Bounds; readonly short: Bounds };
  readonly #onReading: () => void;
  #belief = NOTHING_BELIEVED;
  #base: number | undefined;
  #length = FULL_LENGTH;
  readonly #slow = new Map<string, DatedBlock>();
  #nextSlow = { index: 0, at: Number.NEGATIVE_INFINITY };

  /** `profile` MUST have passed `unfitness`. `onReading` is called after each new good reading. */
  constructor(
    { clock, log }: Pick<Surroundings, 'clock' | 'log'>,
    parts: {
      readonly meter: ModbusMeter;
      readonly profile: MeterProfile;
      readonly reader: RegisterReader;
      readonly nominalVolts: number;
      readonly onReading: () => void;
    },
  ) {
    this.#clock = clock;
    this.#log = log;
    this.#meter = parts.meter;
    this.#profile = parts.profile;
    this.#reader = parts.reader;
    this.#onReading = parts.onReading;
    this.#plans = { full: planReads(parts.profile), short: planReads(parts.profile, SHORT_REGISTERS) };
    const bounds = (read: ReadPlan) => boundsOf(parts.meter, { ...parts.profile, read }, parts.nominalVolts);
    this.#bounds = { full: bounds(this.#plans.full), short: bounds(this.#plans.short) };
  }

  state(): MeterState {
    return this.#belief.state;
  }

  /** Polls every `pollMs` until `signal` aborts. A poll that takes longer delays the next one; none is made up for. */
  async run(signal: AbortSignal): Promise<void> {
    let next = this.#clock.now();
    while (!signal.aborted) {
      await this.poll(signal);
      next = Math.max(next + this.#meter.pollMs, this.#clock.now());
      await this.#clock.sleep('modbus.poll', next - this.#clock.now(), signal);
    }
  }

  /** Reads the fast blocks once and, when it is time, one slow block. Never throws: what goes wrong is in `state()`. */
  async poll(signal?: AbortSignal): Promise<void> {
    let isNew = false;
    const plan = this.#plans[this.#kind()];
    try {
      this.#base ??= await this.#locate();
      const fast: RegisterBlock[] = [];
      let arrivedAt: Instant | undefined;
      for (const range of plan.fast) {
        fast.push(await readBlock(this.#reader, this.#profile, this.#base, range));
        // Of several requests the first: a reading is as old as its oldest part.
        arrivedAt ??= this.#clock.now();
      }
      isNew = this.#take(fast, arrivedAt ?? this.#clock.now());
      this.#learn('good');
    } catch (error) {
      if (!signal?.aborted) {
        this.#failed(error);
        this.#learn(outcomeOf(error, longestOf({ fast: plan.fast, slow: [] })));
      }
    }
    if (isNew) this.#onReading();
    if (isNew && !signal?.aborted) await this.#pollSlow(plan.slow);
  }

  #kind(): 'full' | 'short' {
    return isShort(this.#length) ? 'short' : 'full';
  }

  /** Remembers for as long as the device answers whether it serves long reads. */
  #learn(outcome: PollOutcome): void {
    const before = this.#length;
    this.#length = nextLength(before, outcome);
    if (before.stage === 'short' || this.#length.stage !== 'short') return;
    const { maxRegisters } = this.#profile;
    this.#log.warn('meter.reads-shortened', { meter: this.#meter.id, from: maxRegisters, to: SHORT_REGISTERS });
  }

  async #locate(): Promise<number> {
    const wanted = { ...this.#meter, phases: coveredPhases(this.#meter).length };
    return (await locate(this.#reader, this.#profile, wanted)).base;
  }

  /** True when the blocks made a new good reading. */
  #take(fast: readonly RegisterBlock[], arrivedAt: Instant): boolean {
    const carried = [...this.#slow.values()].filter(({ at }) => arrivedAt - at <= SLOW_KEEP_MS);
    const values = decodePoints(this.#profile, [...fast, ...carried.map(({ block }) => block)]);
    // What a device collects from others was true a while before it answered.
    const { lagMs = 0 } = this.#profile;
    const dated = [...fast.map((block) => ({ block, at: arrivedAt })), ...carried];
    const ages = valueAges(this.#profile, dated, lagMs);
    const result = toSample(values, this.#profile, this.#meter, this.#bounds.full.nominalVolts);
    return this.#believe(
      result.kind === 'sample'
        ? { kind: 'sample', sample: { ...result.sample, ...ages }, fingerprint: fingerprint(this.#profile, fast) }
        : { kind: 'incomplete', detail: result.detail },
      arrivedAt - lagMs,
    );
  }

  #believe(attempt: Attempt, now: Instant): boolean {
    const { belief, isNew, event } = believe(this.#bounds[this.#kind()], this.#belief, attempt, now);
    this.#belief = belief;
    if (event) {
      const { event: name, ...fields } = event;
      this.#log[name === 'meter.suspect' ? 'warn' : 'info'](name, { meter: this.#meter.id, ...fields });
    }
    return isNew;
  }

  #failed(error: unknown): void {
    // The device may have restarted with another model chain: look again before the next read.
    if (!isException(error)) this.#base = undefined;
    if (!(error instanceof AppError)) {
      // Our own mistake must not end the polling: the reading ages, which is safe, and the log has the trace.
      this.#log.error('meter.poll-broke', {
        meter: this.#meter.id,
        error: error instanceof Error ? error.stack : error,
      });
    }
    this.#believe(
      { kind: 'unreachable', detail: error instanceof Error ? error.message : String(error) },
      this.#clock.now(),
    );
  }

  async #pollSlow(slow: ReadPlan['slow']): Promise<void> {
    const { index, at } = this.#nextSlow;
    const range = slow[index % Math.max(1, slow.length)];
    if (range === undefined || this.#base === undefined || this.#clock.now() < at) return;
    this.#nextSlow = { index: (index + 1) % slow.length, at: this.#clock.now() + SLOW_EVERY_MS };
    try {
      const block = await readBlock(this.#reader, this.#profile, this.#base, range);
      this.#slow.set(range.join(), { block, at: this.#clock.now() });
    } catch (error) {
      // Energy and frequency protect nothing: the reading of the fast blocks stands, and the next poll tells when the link is gone.
      if (!isException(error)) this.#base = undefined;
      this.#log.debug('meter.slow-block-failed', { meter: this.#meter.id, range, detail: String(error) });
    }
  }
}

const isException = (error: unknown): boolean => error instanceof AppError && error.code === 'METER_EXCEPTION';

/** What is plausible for a meter at its place. */
export function boundsOf(
  {
    factor,
    voltageFactor = 1,
    plausibleAmps,
    mayExport,
  }: MeterWiring & Pick<ModbusMeter, 'plausibleAmps' | 'mayExport'>,
  profile: MeterProfile,
  nominalVolts: number,
): Bounds {
  const blockOf = (address: number) =>
    [...profile.read.fast, ...profile.read.slow].findIndex(
      ([start, count]) => start <= address && address < start + count,
    );
  const powers = Object.entries(profile.points).filter(([name]) => name.startsWith('p_'));
  const points = Object.values(profile.points).filter(({ address }) =>
    profile.read.fast.some(([start, count]) => start <= address && address < start + count),
  );
  const isFloat = points.every(({ type }) => type === 'f32' || type === 'f64');
  return {
    nominalVolts,
    plausibleAmps,
    mayExport: mayExport === true,
    factor: factor * voltageFactor,
    frozenAfterMs: isFloat ? FROZEN_FLOATS_MS : FROZEN_INTEGERS_MS,
    isTotalReadApart: new Set(powers.map(([, { address }]) => blockOf(address))).size > 1,
  };
}
