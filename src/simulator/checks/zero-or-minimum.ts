// A charger is told to stop or to charge, never anything in between that it would have to interpret; and an obeying one does one of the two.

import type { Command, CycleRecord } from '../../core/model/decision.ts';
import type { Evse } from '../../core/model/site.ts';
import { type SiteIndex, siteIndex } from '../../core/model/site-index.ts';
import type { Checker, CheckerOptions, Truth, Violation } from '../truth.ts';
import { shown } from './circuit-rows.ts';

/** Less than this is nothing, and less than this beneath the minimum is rounding of watts and steps. */
const TOLERANCE_AMPS = 0.1;
/** A car may take this long on its way between nothing and its minimum. */
const RAMP_MS = 10_000;
/** A limit in watts is sent for a low voltage, so that it never becomes more amperes than meant: at the nominal one it is this part of them. */
const WATTS_PART = 0.9;

export type ZeroOrMinimumOptions = CheckerOptions & { readonly rampMs?: number };

/** Commanded limits are 0 or between the EVSE's minimum and maximum; what an obeying EVSE draws is 0 or at least its minimum, once the car has had its ramp. */
export class ZeroOrMinimumChecker implements Checker {
  readonly name = 'zero-or-minimum';
  readonly #evses: readonly Evse[];
  readonly #evseAt: SiteIndex['evseAt'];
  readonly #rampMs: number;
  /** For each EVSE, the least that it may draw when it draws. */
  readonly #leastAmps: Float64Array;
  /** For each EVSE, how long it has drawn something in between. */
  readonly #betweenMs: Float64Array;
  #commands = 0;
  #longestMs = 0;

  constructor({ site, rampMs = RAMP_MS }: ZeroOrMinimumOptions) {
    this.#evses = site.evses;
    this.#evseAt = siteIndex(site).evseAt;
    this.#rampMs = rampMs;
    this.#betweenMs = new Float64Array(site.evses.length);
    const inWatts = new Set(site.stations.filter(({ profile }) => profile.unit === 'W').map(({ id }) => id));
    this.#leastAmps = Float64Array.from(
      site.evses,
      ({ station, minAmps }) => minAmps * (inWatts.has(station) ? WATTS_PART : 1) - TOLERANCE_AMPS,
    );
  }

  onCycle({ decision }: CycleRecord, { at }: Truth): readonly Violation[] {
    this.#commands += decision.commands.length;
    return decision.commands.flatMap((command) => {
      const fault = this.#fault(command);
      return fault === undefined ? [] : [{ checker: this.name, at, text: fault }];
    });
  }

  onTruth(truth: Truth): readonly Violation[] {
    let violations: Violation[] | undefined;
    for (let index = 0; index < this.#evses.length; index++) {
      const { amps, errs } = truth.evses[index]!;
      if (errs || !isBetween(amps, this.#leastAmps[index]!)) {
        this.#betweenMs[index] = 0;
        continue;
      }
      const before = this.#betweenMs[index]!;
      this.#betweenMs[index]! += truth.elapsedMs;
      this.#longestMs = Math.max(this.#longestMs, this.#betweenMs[index]!);
      if (before > this.#rampMs || this.#betweenMs[index]! <= this.#rampMs) continue;
      const { minAmps, id } = this.#evses[index]!;
      const text = `${id} has drawn ${amps.map(shown).join(', ')} for ${this.#betweenMs[index]! / 1000} s; it had to be 0 A or at least ${shown(minAmps)}.`;
      violations ??= [];
      violations.push({ checker: this.name, at: truth.at, text });
    }
    return violations ?? [];
  }

  figures(): Readonly<Record<string, number>> {
    return { commandCount: this.#commands, longestBetweenSeconds: this.#longestMs / 1000 };
  }

  #fault({ evse: id, role, limitAmps, profile }: Command): string | undefined {
    const evse = this.#evses[this.#evseAt.get(id) ?? -1];
    if (!evse) return `A ${role} was commanded to ${id}, which the site does not have.`;
    if (!isAllowed(limitAmps, evse))
      return `${id} was commanded a ${role} of ${limitAmps} A; it had to be 0 A or from ${evse.minAmps} A to ${evse.maxAmps} A.`;
    for (const { limit } of profile.schedule.periods) {
      if (profile.schedule.unit === 'A' ? isAllowed(limit, evse) : Number.isFinite(limit) && limit >= 0) continue;
      return `${id} was commanded a ${role} with a period of ${limit} ${profile.schedule.unit}; it had to be 0 or within what it can charge with.`;
    }
    return undefined;
  }
}

const isAllowed = (amps: number, { minAmps, maxAmps }: Evse) =>
  amps === 0 || (amps >= minAmps - 1e-6 && amps <= maxAmps + 1e-6);

/** Some phase carries something that is neither nothing nor enough. */
function isBetween(amps: readonly number[], leastAmps: number): boolean {
  for (const one of amps) if (!(one <= TOLERANCE_AMPS || one >= leastAmps)) return true;
  return false;
}
