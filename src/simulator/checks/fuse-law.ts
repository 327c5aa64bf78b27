// Law 1 against what truly flows: no circuit carries more than its limit for longer than silence may last. It believes nothing that was decided but the limit.

import type { CycleRecord } from '../../core/model/decision.ts';
import type { Site } from '../../core/model/site.ts';
import type { PhaseAmps } from '../../core/model/units.ts';
import type { Checker, CheckerOptions, Truth, Violation } from '../truth.ts';
import { type CircuitRow, circuitRows, shown, unavoidableAmps } from './circuit-rows.ts';

/** More than the limit by less than this is rounding of floating point, and no meter shows it. */
const TOLERANCE_AMPS = 0.01;
/** IEC 60898-1: what a breaker carries without tripping, in ratings. */
const CONVENTIONAL_NON_TRIPPING = 1.13;
/** A run that is longer than this marks its day. */
const LONG_RUN_MS = 60_000;
const DAY_MS = 24 * 3_600_000;
/** How far a charger's clock may be off at the end of a lease. */
const CLOCK_MARGIN_MS = 5_000;

export type FuseLawOptions = CheckerOptions & {
  /** The longest time above a limit that is no violation; absent: what silence may last on this site. */
  readonly maxRunMs?: number;
};

/** How long a limit may stay exceeded when the controller falls silent at the worst moment: a whole lease, a cycle, and the car's time to follow. */
export function longestSilenceMs(site: Site): number {
  const leased = site.stations.map(({ profile }) => profile.leaseMs + CLOCK_MARGIN_MS + profile.settleMs);
  return Math.max(0, ...leased) + site.policy.cycleMs;
}

/**
 * Watches the current of every circuit and phase against L: its rating, or what the last decision says is in force there while a controller runs.
 * A run is the time above L without a break. What exceeds L by the building alone, or by it and by chargers that nobody could have lowered
 * (they err, or hear nobody and draw their floor), is counted apart and adds to no run. So is what the building draws beyond its commissioned worst while
 * the cycle has no meter to see it by: that number is the electrician's word, and nobody else's.
 */
export class FuseLawChecker implements Checker {
  readonly name = 'fuse-law';
  readonly #rows: readonly CircuitRow[];
  readonly #maxRunMs: number;
  readonly #limits: Float64Array;
  /** What the building can draw at most where the cycle has to take it at its worst; Infinity where it is seen. */
  readonly #unseenAmps: Float64Array;
  readonly #worst: readonly PhaseAmps[];
  readonly #runMs: Float64Array;
  readonly #buildingRunMs: Float64Array;
  #aboveMs = 0;
  #farAboveMs = 0;
  #longestRunMs = 0;
  #worstRatio = 0;
  #buildingMs = 0;
  #longestBuildingRunMs = 0;
  #unavoidableMs = 0;
  #beyondWorstMs = 0;
  #daysWithLongRun = 0;
  #lastLongDay = -1;
  #startedAt: number | undefined;

  constructor({ site, maxRunMs = longestSilenceMs(site) }: FuseLawOptions) {
    this.#rows = circuitRows(site);
    this.#maxRunMs = maxRunMs;
    this.#limits = Float64Array.from(this.#rows, (row) => row.ratingAmps);
    this.#unseenAmps = new Float64Array(this.#rows.length).fill(Number.POSITIVE_INFINITY);
    this.#worst = site.circuits.map((circuit) => circuit.worstBaseLoadAmps);
    this.#runMs = new Float64Array(this.#rows.length);
    this.#buildingRunMs = new Float64Array(this.#rows.length);
  }

  /** The limits that this cycle says are in force. */
  onCycle({ decision }: CycleRecord): readonly Violation[] {
    for (let at = 0; at < this.#rows.length; at++) {
      const row = this.#rows[at]!;
      const report = decision.circuits[row.circuit];
      const decided = report?.phases[row.phase].limitAmps ?? row.ratingAmps;
      const isUnseen = report?.baseLoadFrom === 'worst';
      this.#unseenAmps[at] = isUnseen ? this.#worst[row.circuit]![row.phase] : Number.POSITIVE_INFINITY;
      this.#limits[at] = Math.min(row.ratingAmps, decided);
    }
    return [];
  }

  onTruth(truth: Truth): readonly Violation[] {
    this.#startedAt ??= truth.at - truth.elapsedMs;
    let violations: Violation[] | undefined;
    let [above, farAbove, building, unavoidable, beyondWorst] = [false, false, false, false, false];
    for (let at = 0; at < this.#rows.length; at++) {
      const row = this.#rows[at]!;
      const { amps, baseAmps } = truth.circuits[row.circuit]!;
      const drawn = amps[row.phase];
      // A limit below the rating is the controller's to keep; without one, only the protective device counts.
      if (!truth.isControlled) this.#limits[at] = row.ratingAmps;
      const most = this.#limits[at]! + TOLERANCE_AMPS;
      if (baseAmps[row.phase] > most) {
        building = true;
        this.#buildingRunMs[at]! += truth.elapsedMs;
        this.#longestBuildingRunMs = Math.max(this.#longestBuildingRunMs, this.#buildingRunMs[at]!);
        continue;
      }
      this.#buildingRunMs[at] = 0;
      // Not a number is too much.
      if (drawn <= most) {
        this.#runMs[at] = 0;
        continue;
      }
      if (unavoidableAmps(row, baseAmps[row.phase], truth.evses, truth.isControlled) > most) {
        unavoidable = true;
        continue;
      }
      if (drawn - Math.max(0, baseAmps[row.phase] - this.#unseenAmps[at]!) <= most) {
        beyondWorst = true;
        continue;
      }
      above = true;
      farAbove ||= !(drawn <= CONVENTIONAL_NON_TRIPPING * this.#limits[at]! + TOLERANCE_AMPS);
      if (this.#limits[at]! > 0) this.#worstRatio = Math.max(this.#worstRatio, drawn / this.#limits[at]!);
      const violation = this.#prolong(at, drawn, truth);
      if (violation) {
        violations ??= [];
        violations.push(violation);
      }
    }
    if (above) this.#aboveMs += truth.elapsedMs;
    if (farAbove) this.#farAboveMs += truth.elapsedMs;
    if (building) this.#buildingMs += truth.elapsedMs;
    if (unavoidable) this.#unavoidableMs += truth.elapsedMs;
    if (beyondWorst) this.#beyondWorstMs += truth.elapsedMs;
    return violations ?? [];
  }

  figures(): Readonly<Record<string, number>> {
    return {
      aboveLimitSeconds: this.#aboveMs / 1000,
      above113PercentSeconds: this.#farAboveMs / 1000,
      longestRunSeconds: this.#longestRunMs / 1000,
      worstRatio: round(this.#worstRatio),
      longRunDays: this.#daysWithLongRun,
      buildingAloneAboveLimitSeconds: this.#buildingMs / 1000,
      buildingAloneLongestRunSeconds: this.#longestBuildingRunMs / 1000,
      unavoidableAboveLimitSeconds: this.#unavoidableMs / 1000,
      buildingBeyondWorstSeconds: this.#beyondWorstMs / 1000,
    };
  }

  /** Adds the step to the row's run; tells the violation once a run. */
  #prolong(at: number, drawn: number, { at: now, elapsedMs }: Truth): Violation | undefined {
    const before = this.#runMs[at]!;
    const runMs = before + elapsedMs;
    this.#runMs[at] = runMs;
    this.#longestRunMs = Math.max(this.#longestRunMs, runMs);
    if (runMs > LONG_RUN_MS) this.#markDay(now);
    if (!(before <= this.#maxRunMs && runMs > this.#maxRunMs)) return undefined;
    const limit = this.#limits[at]!;
    const text = `${this.#rows[at]!.name} carried more than ${shown(limit)} for ${runMs / 1000} s, now ${shown(drawn)}; at most ${this.#maxRunMs / 1000} s were allowed.`;
    return { checker: this.name, at: now, text };
  }

  #markDay(now: number): void {
    const day = Math.floor((now - 1 - this.#startedAt!) / DAY_MS);
    if (day === this.#lastLongDay) return;
    this.#lastLongDay = day;
    this.#daysWithLongRun += 1;
  }
}

const round = (value: number) => Math.round(value * 1000) / 1000;
