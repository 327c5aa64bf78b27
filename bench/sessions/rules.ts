// Rules as pure functions with 6 A minimum and whole amperes, to find out which one the core should follow; none of them is the core.
import { MIN_AMPS } from './baselines.ts';
import type { Car, Rule, Step } from './simulate.ts';

/** Compared entry by entry; smaller is served first. */
export type Key = readonly number[];
/** Where a car stands that has so many amperes; it MUST grow with them, or the car keeps the turn. */
export type Level = (car: Car, amps: number, step: Step) => Key;

export const capOf = (car: Car): number => Math.max(MIN_AMPS, Math.ceil(car.usableAmps - 1e-9));
/** Amperes that would just fill it by its departure, if it had them all the time. */
export const neededAmps = (car: Car): number => car.remainingWh / (car.stayHours * car.bay.wattsPerAmp);
export const laxityHours = (car: Car): number =>
  car.stayHours - car.remainingWh / (car.bay.maxAmps * car.bay.wattsPerAmp);

export function compare(a: Key, b: Key): number {
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return a[at]! - b[at]!;
  return 0;
}

/**
 * First the minima, in the order of `admission`, to whom they fit; then ampere by ampere to the lowest level for which there is room.
 * Water-filling in whole amperes.
 */
export function increments(admission: (car: Car, step: Step) => Key, level: Level): Rule {
  return (cars, step) => {
    const room = [...step.limits];
    const amps = cars.map(() => 0);
    const give = (at: number, more: number): boolean => {
      const { rows } = cars[at]!.bay;
      if (rows.some((row) => room[row]! < more - 1e-9)) return false;
      for (const row of rows) room[row] = room[row]! - more;
      amps[at] = amps[at]! + more;
      return true;
    };
    const order = cars
      .map((car, at) => ({ at, key: admission(car, step) }))
      .sort((a, b) => compare(a.key, b.key) || cars[a.at]!.bay.number - cars[b.at]!.bay.number);
    let rising = order.filter(({ at }) => give(at, MIN_AMPS)).map(({ at }) => at);
    const keys = new Map(rising.map((at) => [at, level(cars[at]!, amps[at]!, step)]));
    rising = rising.filter((at) => amps[at]! < capOf(cars[at]!));
    while (rising.length > 0) {
      let first = rising[0]!;
      for (const at of rising) if (compare(keys.get(at)!, keys.get(first)!) < 0) first = at;
      const got = give(first, 1);
      if (got) keys.set(first, level(cars[first]!, amps[first]!, step));
      if (!got || amps[first]! >= capOf(cars[first]!)) rising = rising.filter((at) => at !== first);
    }
    return amps;
  };
}

/** Like `increments`, but a car's minimum is its first increment: it comes in when its level at 0 A is the lowest. */
export function entering(level: Level): Rule {
  return (cars, step) => {
    const room = [...step.limits];
    const amps = cars.map(() => 0);
    let rising = cars.map((_, at) => at).sort((a, b) => cars[a]!.bay.number - cars[b]!.bay.number);
    const keys = new Map(rising.map((at) => [at, level(cars[at]!, 0, step)]));
    while (rising.length > 0) {
      let first = rising[0]!;
      for (const at of rising) if (compare(keys.get(at)!, keys.get(first)!) < 0) first = at;
      const { rows } = cars[first]!.bay;
      const more = amps[first] === 0 ? MIN_AMPS : 1;
      const fits = rows.every((row) => room[row]! >= more - 1e-9);
      if (fits) {
        for (const row of rows) room[row] = room[row]! - more;
        amps[first] = amps[first]! + more;
        keys.set(first, level(cars[first]!, amps[first]!, step));
      }
      if (!fits || amps[first]! >= capOf(cars[first]!)) rising = rising.filter((at) => at !== first);
    }
    return amps;
  };
}
