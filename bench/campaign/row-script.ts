// Scripts made by hand for the rows of the fault table: cars everywhere that take all they get, a time to settle, and then what the row is about.
import type { Site } from '../../src/core/model/site.ts';
import { onEachPhase, type PhaseAmps } from '../../src/core/model/units.ts';
import type { BaseLoadKind, Happening, Script } from '../../src/simulator/script.ts';
import { seededStreams } from '../../src/simulator/seeded-random.ts';
import { ratingOf } from './row-site.ts';

/** By then every car charges, and whatever wanted to rise has risen. */
export const SETTLED_MS = 240_000;
const HOUR_MS = 3_600_000;
const BATTERY_WH = 20_000_000;

/** Everything that a happening needs besides its time. */
export type Told = Happening extends infer H ? (H extends Happening ? Omit<H, 'atMs'> : never) : never;

export type Dice = {
  /** A whole number from `from` to `to`, both included. */
  readonly whole: (from: number, to: number) => number;
  readonly one: <T>(list: readonly T[]) => T;
  /** As many different ones of the list, in its order. */
  readonly some: <T>(list: readonly T[], count: number) => readonly T[];
};

/** What a row draws from its seed. */
export function diceOf(seed: number): Dice {
  const random = seededStreams(seed).stream('row');
  const whole = (from: number, to: number) => from + Math.floor(random.next('') * (to - from + 1));
  return {
    whole,
    one: (list) => list[whole(0, list.length - 1)]!,
    some: (list, count) => {
      const left = list.map((_, at) => at);
      while (left.length > count) left.splice(whole(0, left.length - 1), 1);
      return left.map((at) => list[at]!);
    },
  };
}

export type ScriptWish = {
  readonly seed: number;
  readonly site: Site;
  readonly minutes: number;
  /** What the building draws as a part of its worst; absent: a fifth, so that it has room to rise. */
  readonly baseLoad?: BaseLoadKind;
  readonly happenings: readonly Happening[];
  /** Absent: a car on every EVSE from the first minute to the end. */
  readonly cars?: readonly Happening[];
};

export function scriptOf({ seed, site, minutes, happenings, ...rest }: ScriptWish): Script {
  const { baseLoad = { kind: 'flat', part: 0.2 }, cars = carsEverywhere(site, minutes) } = rest;
  const all = [...cars, ...happenings].sort((a, b) => a.atMs - b.atMs);
  return { site: site.id, seed, hours: minutes / 60, faults: 'none', baseLoad, happenings: all };
}

/** Cars that never get full and take as much as their EVSE has. */
export function carsEverywhere(site: Site, minutes: number): readonly Happening[] {
  return site.evses.map((evse, at) => ({
    ...{ atMs: 15_000 + ((at * 271) % 30_000), kind: 'car-comes', evse: evse.id },
    car: {
      phases: evse.phases.length as 1 | 3,
      maxAmps: 32,
      minAmps: evse.supply === 'dc' ? 0 : 6,
      batteryWh: BATTERY_WH,
    },
    ...{ storedWh: BATTERY_WH / 10, idTag: `ROW-${at + 1}`, forMs: Math.ceil(minutes / 60 + 1) * HOUR_MS },
  }));
}

/** Short visits on every EVSE, so that transactions begin and end all the time; the last car has left two minutes before the end. */
export function comingAndGoing(site: Site, minutes: number, { whole }: Dice): readonly Happening[] {
  const endMs = (minutes - 2) * 60_000;
  return carsEverywhere(site, minutes).flatMap((first, at) => {
    const visits: Happening[] = [];
    for (let atMs = whole(12_000, 60_000); atMs < endMs - 60_000; ) {
      const forMs = Math.min(endMs - atMs, whole(40_000, 240_000));
      visits.push({ ...first, idTag: `ROW-${at + 1}-${visits.length + 1}`, atMs, forMs } as Happening);
      atMs += forMs + whole(20_000, 60_000);
    }
    return visits;
  });
}

/** The building draws more by this part of L on all phases. */
export function buildingStep(site: Site, atMs: number, part: number, forMs: number): Happening {
  const amps: PhaseAmps = onEachPhase(Math.floor(ratingOf(site) * part * 10) / 10);
  return { atMs, kind: 'building-steps', amps, forMs };
}
