// The rules of the literature: nobody in control, equal shares, and the three sorted ones; each either continuous or as chargers are (6 A, 1 A).
import { fill } from '../../src/core/allocate/fill.ts';
import { rowLoads } from './car-park.ts';
import type { Car, Rule, Step } from './simulate.ts';

/** IEC 61851-1: a car charges with 6 A or not at all. */
export const MIN_AMPS = 6;
/** After a trip a person comes and resets the breaker: so long past the step in which it tripped. */
const RESET_MS = 2 * 3_600_000;

/**
 * Everybody draws the maximum. A circuit with a phase over its limit trips: nothing below it is delivered in that step and for two hours
 * after. Boards trip before the root, which then sees what is left.
 */
export function uncontrolled(): Rule {
  const offUntilMs = [0, 0, 0];
  return (cars, { atMs, hours, limits }) => {
    const rowsOf = [
      [0, 1, 2],
      [3, 4, 5],
      [6, 7, 8],
    ];
    const drawn = (): number[] =>
      cars.map(({ bay }) => (offUntilMs[0]! > atMs || offUntilMs[1 + bay.board]! > atMs ? 0 : bay.maxAmps));
    for (const circuit of [1, 2, 0]) {
      const amps = drawn();
      const loads = rowLoads(cars.map(({ bay }, at) => ({ bay, amps: amps[at]! })));
      if (rowsOf[circuit]!.some((row) => loads[row]! > limits[row]! + 1e-9))
        offUntilMs[circuit] = atMs + hours * 3_600_000 + RESET_MS;
    }
    return drawn();
  };
}

/** Max-min in amperes per phase, by the core's own progressive filling. */
export const equalShare: Rule = (cars, { limits }) => {
  const solution = fill({
    variables: cars.map((car) => ({ lower: 0, upper: car.usableAmps })),
    rows: limits.map((limit, row) => ({
      limit,
      terms: cars.flatMap(({ bay }, variable) => (bay.rows.includes(row) ? [{ variable, coefficient: 1 }] : [])),
    })),
    stages: [cars.map((car, variable) => ({ variable, upper: car.usableAmps, weight: 1 }))],
  });
  if (solution.kind === 'failed') throw new Error(`equal share: ${solution.because}`);
  return solution.amps;
};

/** Smaller comes first. */
export type Order = (car: Car) => number;
export const byArrival: Order = ({ session }) => session.arrivesMs;
export const byDeparture: Order = ({ session }) => session.departsMs;
/** Hours that it could stand idle and still be full in time. */
export const byLaxity: Order = (car) => car.stayHours - car.remainingWh / (car.bay.maxAmps * car.bay.wattsPerAmp);

/** In that order, each takes all it can; `whole` with 6 A or nothing, and whole amperes. */
export function sorted(order: Order, current: 'continuous' | 'whole'): Rule {
  return (cars, step: Step) => {
    const room = [...step.limits];
    const amps = cars.map(() => 0);
    const sequence = cars
      .map((car, at) => ({ at, key: order(car) }))
      .sort((a, b) => a.key - b.key || cars[a.at]!.bay.number - cars[b.at]!.bay.number);
    for (const { at } of sequence) {
      const { bay, usableAmps } = cars[at]!;
      const free = Math.max(0, Math.min(...bay.rows.map((row) => room[row]!)));
      const wanted = current === 'whole' ? Math.max(MIN_AMPS, Math.ceil(usableAmps - 1e-9)) : usableAmps;
      const given = current === 'whole' ? Math.floor(Math.min(wanted, free) + 1e-9) : Math.min(wanted, free);
      if (current === 'whole' && given < MIN_AMPS) continue;
      amps[at] = given;
      for (const row of bay.rows) room[row] = room[row]! - given;
    }
    return amps;
  };
}
