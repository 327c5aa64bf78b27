// Writes the script of a simulated run: who comes and goes and what breaks, drawn from a seed and the site; it must not run anything.

import type { Site } from '../core/model/site.ts';
import type { WallTime } from '../core/model/units.ts';
import { HOUR_MS } from './draws.ts';
import type { BaseLoadKind, FaultLevel, Happening, Script } from './script.ts';
import { carsOf } from './script-cars.ts';
import { faultsOf } from './script-faults.ts';
import { MAX_HAPPENINGS, MAX_SCRIPT_HOURS } from './script-form.ts';
import { seededStreams } from './seeded-random.ts';

/** A run begins here unless told otherwise: 2026-03-02T06:00Z, a Monday on which people come to work. */
export const RUN_STARTS_AT: WallTime = Date.UTC(2026, 2, 2, 6);

export type ScriptWish = {
  readonly site: Site;
  /** A whole number; the same one gives the same script. */
  readonly seed: number;
  /** Above 0 and at most `MAX_SCRIPT_HOURS`. */
  readonly hours: number;
  readonly faults: FaultLevel;
  /** Absent: a walk where faults are harsh, else an office's day. */
  readonly baseLoad?: BaseLoadKind;
  /** The wall time of the start, for the time of day at which people come; absent: `RUN_STARTS_AT`. */
  readonly startsAtWall?: WallTime;
};

/**
 * Sorted by time; whatever happens, happens to what the site has, and nothing overlaps another of its kind on the same subject. Each
 * subject's happenings of a kind are drawn by themselves, so that one station more changes neither the cars nor the links of another.
 * Throws where `hours` is out of its bounds, or site and hours together would make more than `MAX_HAPPENINGS`.
 */
export function writeScript(wish: ScriptWish): Script {
  const { site, seed, hours, faults } = wish;
  if (!(hours > 0 && hours <= MAX_SCRIPT_HOURS))
    throw new RangeError(`script: hours is ${hours}; expected above 0 and at most ${MAX_SCRIPT_HOURS}`);
  const hoursMs = Math.floor(hours * HOUR_MS);
  const streams = seededStreams(seed);
  const happenings: Happening[] = [
    ...carsOf(site, streams, hoursMs, wish.startsAtWall ?? RUN_STARTS_AT),
    ...faultsOf(site, faults, streams, hoursMs),
  ];
  if (happenings.length > MAX_HAPPENINGS)
    throw new RangeError(
      `script: ${hours} h of ${site.stations.length} stations make ${happenings.length} happenings; expected at most ${MAX_HAPPENINGS}, so choose fewer hours`,
    );
  // Stable: what happens in the same millisecond stays in the order of the site.
  happenings.sort((a, b) => a.atMs - b.atMs);
  const baseLoad = wish.baseLoad ?? { kind: faults === 'harsh' ? 'walk' : 'office' };
  return { site: site.id, seed, hours, faults, baseLoad, happenings };
}
