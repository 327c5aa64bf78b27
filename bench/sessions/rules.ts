// Candidate rules with 6 A minimum and whole amperes, as pure functions, to compare before the core follows one; none of them is the core.
import { MIN_AMPS } from './baselines.ts';
import type { Car, Rule, Step } from './simulate.ts';

const HOUR_MS = 3_600_000;

/** Compared entry by entry; smaller is served first. */
type Key = readonly number[];
/** Where a car stands that has so many amperes. */
type Level = (car: Car, amps: number, step: Step) => Key;

const capOf = (car: Car): number => Math.max(MIN_AMPS, Math.ceil(car.usableAmps - 1e-9));
/** Amperes that just fill it by its departure, held until then. */
const needOf = (car: Car): number => Math.min(car.bay.maxAmps, car.remainingWh / (car.stayHours * car.bay.wattsPerAmp));
/** The need as a charger can be told it: at least the minimum, whole amperes. */
const wholeNeedOf = (car: Car): number => Math.max(MIN_AMPS, Math.ceil(needOf(car) - 1e-9));
const laxityOf = (car: Car): number => car.stayHours - car.remainingWh / (car.bay.maxAmps * car.bay.wattsPerAmp);
/** Laxity in the next step if it has so many amperes in this one. */
const nextLaxityOf = (car: Car, amps: number, step: Step): number =>
  laxityOf(car) - step.hours * (1 - amps / car.bay.maxAmps);
const departureClass = (car: Car, hours: number): number => Math.floor(car.session.departsMs / (hours * HOUR_MS));
/** By hour of departure; inside it three phases first, because single-phase cars fill what they leave, but not the other way round. */
const byHour = (car: Car): Key => [departureClass(car, 1), -car.bay.phases.length, car.session.departsMs];

function compare(a: Key, b: Key): number {
  const length = Math.max(a.length, b.length);
  for (let at = 0; at < length; at++) if (a[at] !== b[at]) return (a[at] ?? 0) - (b[at] ?? 0);
  return 0;
}

/**
 * Ampere by ampere to the lowest level for which there is room; a car's minimum is its first increment. Water-filling in whole amperes, with
 * admission in the same order: nobody's minimum is held against a car that stands lower.
 */
function entering(level: Level): Rule {
  return (cars, step) => {
    const room = [...step.limits];
    const amps = cars.map(() => 0);
    let rising = cars.map((_car, at) => at).sort((a, b) => cars[a]!.bay.number - cars[b]!.bay.number);
    const keys = new Map(rising.map((at) => [at, level(cars[at]!, 0, step)]));
    while (rising.length > 0) {
      let first = rising[0]!;
      for (const at of rising) if (compare(keys.get(at)!, keys.get(first)!) < 0) first = at;
      const car = cars[first]!;
      const more = amps[first] === 0 ? MIN_AMPS : 1;
      const fits = car.bay.rows.every((row) => room[row]! >= more - 1e-9);
      if (fits) {
        for (const row of car.bay.rows) room[row] = room[row]! - more;
        amps[first] = amps[first]! + more;
        keys.set(first, level(car, amps[first]!, step));
      }
      if (!fits || amps[first]! >= capOf(car)) rising = rising.filter((at) => at !== first);
    }
    return amps;
  };
}

/** Everybody's minimum first, in that order, as far as they fit; then the levels. */
const minimaFirst = (order: (car: Car) => Key, level: Level): Rule =>
  entering((car, amps, step) => (amps === 0 ? [0, ...order(car)] : [1, ...level(car, amps, step)]));

/**
 * In `order`, each the more of its minimum and its need, those `atWork` with their minima before anybody's need; what is left in equal amperes.
 * The needs are taken one car at a time: filling them together changes nothing that counts.
 */
const needsInOrder = (order: (car: Car) => Key, atWork: (car: Car) => boolean = () => false): Rule =>
  entering((car, amps) => {
    const works = atWork(car);
    if (works && amps === 0) return [0, ...order(car)];
    if (amps < wholeNeedOf(car)) return [works ? 1 : 2, ...order(car), car.bay.number];
    return [3, amps];
  });

export type Candidate = { readonly name: string; readonly rule: Rule };

export const candidates: readonly Candidate[] = [
  {
    name: 'minima, then needs in equal parts, then equal amps',
    rule: minimaFirst(
      (car) => [laxityOf(car)],
      (car, amps) => (amps < needOf(car) ? [0, amps / needOf(car)] : [1, amps]),
    ),
  },
  {
    name: 'minima, then by quarter-hour of departure',
    rule: minimaFirst(
      (car) => [departureClass(car, 0.25)],
      (car, amps) => [departureClass(car, 0.25), amps],
    ),
  },
  {
    name: 'minima, then smoothed least laxity',
    rule: minimaFirst(
      (car) => [laxityOf(car)],
      (car, amps, step) => [nextLaxityOf(car, amps, step)],
    ),
  },
  { name: 'smoothed least laxity', rule: entering((car, amps, step) => [nextLaxityOf(car, amps, step)]) },
  {
    name: 'by hour of laxity, three phases first',
    rule: entering((car) => [Math.floor(laxityOf(car)), -car.bay.phases.length, laxityOf(car)]),
  },
  {
    name: 'by quarter-hour of departure, equal amps inside',
    rule: entering((car, amps) => [departureClass(car, 0.25), amps]),
  },
  { name: 'E: needs by hour of departure', rule: needsInOrder(byHour) },
  {
    name: 'E, by quarter-hour of departure',
    rule: needsInOrder((car) => [departureClass(car, 0.25), -car.bay.phases.length, car.session.departsMs]),
  },
  { name: 'E, without three phases first', rule: needsInOrder((car) => [car.session.departsMs]) },
  { name: 'E, one phase first', rule: needsInOrder((car) => [departureClass(car, 1), car.bay.phases.length]) },
  { name: 'E after minima of all', rule: needsInOrder(byHour, () => true) },
  {
    name: 'P: E after minima of who is on or needs the minimum',
    rule: needsInOrder(byHour, (car) => car.lastAmps > 0 || needOf(car) >= MIN_AMPS),
  },
  {
    name: 'E after minima of who needs the minimum',
    rule: needsInOrder(byHour, (car) => needOf(car) >= MIN_AMPS),
  },
  {
    name: 'E after minima of who has less than 1 h to spare',
    rule: needsInOrder(byHour, (car) => laxityOf(car) < 1),
  },
];
