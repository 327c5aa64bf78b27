// Whether a protective device may have tripped: one pole for each circuit and phase, heated by what truly flowed through it.

import type { Site } from '../../core/model/site.ts';
import type { CircuitId, Instant } from '../../core/model/units.ts';
import {
  type BreakerState,
  COLD,
  type Device,
  stepBreaker,
  type TripCurves,
  tripCurves,
  usualDevice,
} from '../breaker.ts';
import type { Checker, CheckerOptions, Truth, Violation } from '../truth.ts';
import { type CircuitRow, circuitRows, shown } from './circuit-rows.ts';

/** What protects a circuit, where it is not the usual device of its rating. */
export type ProtectedBy = Omit<Device, 'ratedAmps'>;

export type ThermalOptions = CheckerOptions & { readonly devices?: Readonly<Record<CircuitId, ProtectedBy>> };

/** An overload is over when the heat is below this part of that at which the device trips; another one may trip it again. */
const COOLED_PART = 0.9;

/** A trip of which it is not yet certain whether the building would have caused it alone. */
type Trip = { readonly at: Instant; readonly amps: number };

type Pole = {
  readonly row: CircuitRow;
  readonly curves: TripCurves;
  whole: BreakerState;
  /** A device of the building's own, through which no car draws. */
  building: BreakerState;
  /** It may have tripped in an overload that is not yet over. */
  isOpen: boolean;
  isBuildingOpen: boolean;
  trip: Trip | undefined;
};

/**
 * A device that may have tripped, by the earliest curve that its standard permits, is a violation; unless a device fed with the building's
 * load alone would have tripped in the same overload, which is counted apart. Time goes on as if nobody had lost power, and the same overload
 * counts once.
 */
export class ThermalChecker implements Checker {
  readonly name = 'thermal';
  readonly #poles: readonly Pole[];
  #couldTrips = 0;
  #mustTrips = 0;
  #buildingTrips = 0;
  #hottest = 0;

  constructor({ site, devices = {} }: ThermalOptions) {
    this.#poles = poles(site, devices);
  }

  onTruth(truth: Truth): readonly Violation[] {
    let violations: Violation[] | undefined;
    for (const pole of this.#poles) {
      const { row, curves } = pole;
      const { amps, baseAmps } = truth.circuits[row.circuit]!;
      const drawn = amps[row.phase];
      const wasSure = pole.whole.mustTrip;
      pole.whole = stepBreaker(curves, pole.whole, drawn, truth.elapsedMs);
      pole.building = stepBreaker(curves, pole.building, baseAmps[row.phase], truth.elapsedMs);
      this.#hottest = Math.max(this.#hottest, pole.whole.earliestSlow / curves.earliest.slow.tripsAt);
      if (pole.whole.mustTrip && !wasSure) this.#mustTrips += 1;
      const violation = this.#judge(pole, drawn, baseAmps[row.phase], truth.at);
      if (violation) {
        violations ??= [];
        violations.push(violation);
      }
    }
    return violations ?? [];
  }

  onEnd(): readonly Violation[] {
    return this.#poles.flatMap((pole) => (pole.trip ? [this.#blame(pole, pole.trip)] : []));
  }

  figures(): Readonly<Record<string, number>> {
    return {
      couldTripCount: this.#couldTrips,
      mustTripCount: this.#mustTrips,
      buildingAloneTripCount: this.#buildingTrips,
      /** Of the heat at which the most sensitive device that the standards permit would have tripped. */
      hottestPercent: Math.round(this.#hottest * 100),
    };
  }

  #judge(pole: Pole, amps: number, baseAmps: number, at: Instant): Violation | undefined {
    const { whole, building, curves } = pole;
    const cooled = COOLED_PART * curves.earliest.slow.tripsAt;
    if (building.couldTrip) pole.isBuildingOpen = true;
    else if (building.earliestSlow <= cooled) pole.isBuildingOpen = false;
    if (whole.couldTrip && !pole.isOpen) {
      pole.isOpen = true;
      pole.trip = { at, amps };
    } else if (!whole.couldTrip && whole.earliestSlow <= cooled) pole.isOpen = false;
    if (!pole.trip) return undefined;
    if (pole.isBuildingOpen) {
      pole.trip = undefined;
      this.#buildingTrips += 1;
      return undefined;
    }
    // As long as the building alone heats its device above the threshold, it is on the way to a trip of its own.
    if ((baseAmps / curves.ratedAmps) ** 2 > curves.earliest.slow.tripsAt) return undefined;
    return this.#blame(pole, pole.trip);
  }

  #blame(pole: Pole, { at, amps }: Trip): Violation {
    pole.trip = undefined;
    this.#couldTrips += 1;
    const { row } = pole;
    const text = `${row.name}: its device of ${shown(row.ratingAmps)} may have tripped at ${shown(amps)} after what it had carried before.`;
    return { checker: this.name, at, text };
  }
}

/** One pole for each circuit and phase that is there; a rating of 0 A says that the phase is not wired. */
function poles(site: Site, devices: Readonly<Record<CircuitId, ProtectedBy>>): readonly Pole[] {
  return circuitRows(site)
    .filter(({ ratingAmps }) => ratingAmps > 0)
    .map((row): Pole => {
      const own = devices[site.circuits[row.circuit]!.id];
      const device = own
        ? { ...own, ratedAmps: row.ratingAmps }
        : usualDevice(row.ratingAmps, site.circuits[row.circuit]!.parent === undefined);
      return {
        row,
        curves: tripCurves(device),
        whole: COLD,
        building: COLD,
        isOpen: false,
        isBuildingOpen: false,
        trip: undefined,
      };
    });
}
