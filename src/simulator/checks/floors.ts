// Law 2: where nobody commands, a permanent floor remains; and as long as it is not there, the decision counts on the worst.

import type { CycleRecord } from '../../core/model/decision.ts';
import type { Evse, Station } from '../../core/model/site.ts';
import { siteIndex } from '../../core/model/site-index.ts';
import type { Checker, CheckerOptions, TrueEvse, Truth, Violation } from '../truth.ts';
import { shown } from './circuit-rows.ts';

/** Time enough for a charger that answers: the longest wait between two tries is five minutes, and a lost command is missed after one. */
const FLOOR_WITHIN_MS = 400_000;
const TOLERANCE_AMPS = 1e-3;
/** A limit in watts is sent for a low voltage and the fewest phases that may be in use. */
const WATTS_PART = 0.9;

export type FloorsOptions = CheckerOptions & {
  /** How long a charger that is linked and does not err may be without its floor, while a controller runs. */
  readonly floorWithinMs?: number;
};

/** What a charger may hold as its floor, in amperes per phase: as commissioned, rounded down to its step, or as watts. */
type Floor = { readonly evse: Evse; readonly leastAmps: number; readonly mostAmps: number };

export class FloorsChecker implements Checker {
  readonly name = 'floors';
  readonly #floors: readonly Floor[];
  readonly #withinMs: number;
  /** For each EVSE, how long its charger has been linked, sound and commanded without its floor. */
  readonly #withoutMs: Float64Array;
  #longestMs = 0;
  #uncountedCycles = 0;

  constructor({ site, floorWithinMs = FLOOR_WITHIN_MS }: FloorsOptions) {
    const { stationAt } = siteIndex(site);
    this.#floors = site.evses.map((evse) => floorOf(evse, site.stations[stationAt.get(evse.station)!]!));
    this.#withinMs = floorWithinMs;
    this.#withoutMs = new Float64Array(site.evses.length);
  }

  onTruth(truth: Truth): readonly Violation[] {
    let violations: Violation[] | undefined;
    for (let at = 0; at < this.#floors.length; at++) {
      const floor = this.#floors[at]!;
      const evse = truth.evses[at]!;
      if (!truth.isControlled || !evse.isLinked || evse.errs || holds(evse, floor)) {
        this.#withoutMs[at] = 0;
        continue;
      }
      const before = this.#withoutMs[at]!;
      this.#withoutMs[at]! += truth.elapsedMs;
      this.#longestMs = Math.max(this.#longestMs, this.#withoutMs[at]!);
      if (before > this.#withinMs || this.#withoutMs[at]! <= this.#withinMs) continue;
      const has = evse.floorAmps === undefined ? 'no floor' : `a floor of ${shown(evse.floorAmps)}`;
      const text = `${evse.evse} has had ${has} for ${this.#withoutMs[at]! / 1000} s while it answered; it had to be ${shown(floor.evse.floorAmps)}.`;
      violations ??= [];
      violations.push({ checker: this.name, at: truth.at, text });
    }
    return violations ?? [];
  }

  onCycle({ decision }: CycleRecord, truth: Truth): readonly Violation[] {
    let violations: Violation[] | undefined;
    for (let at = 0; at < this.#floors.length; at++) {
      const { evse, floorAmps, errs } = truth.evses[at]!;
      if (floorAmps !== undefined || errs) continue;
      const countedAmps = decision.shares[at]?.exposureAmps ?? 0;
      const { maxAmps } = this.#floors[at]!.evse;
      if (countedAmps >= maxAmps - TOLERANCE_AMPS) continue;
      this.#uncountedCycles += 1;
      const text = `${evse} has no floor and was counted with ${shown(countedAmps)}; it had to be its hardware's ${shown(maxAmps)}.`;
      violations ??= [];
      violations.push({ checker: this.name, at: truth.at, text });
    }
    return violations ?? [];
  }

  figures(): Readonly<Record<string, number>> {
    return { longestWithoutFloorSeconds: this.#longestMs / 1000, uncountedFloorCount: this.#uncountedCycles };
  }
}

function floorOf(evse: Evse, { profile }: Station): Floor {
  const part = profile.unit === 'W' ? WATTS_PART / evse.phases.length : 1;
  return {
    evse,
    leastAmps: evse.floorAmps * part - Math.max(evse.stepAmps, profile.stepAmps) - TOLERANCE_AMPS,
    mostAmps: evse.floorAmps + TOLERANCE_AMPS,
  };
}

function holds({ floorAmps }: TrueEvse, { leastAmps, mostAmps }: Floor): boolean {
  return floorAmps !== undefined && floorAmps >= leastAmps && floorAmps <= mostAmps;
}
