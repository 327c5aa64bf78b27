// How a meter sits in an installation, and which phases of the grid it covers by that; it knows no register.

import type { MeterProfile } from './meter-profile.ts';
import { PHASES, type Phase } from './units.ts';

export type MeterWiring = {
  /** Multiplies currents and powers (current transformer ratio); negative where all transformers sit the wrong way round. */
  readonly factor: number;
  /** The grid phases behind the meter's own L1, L2, L3 in that order; absent: L1, L2, L3. Fewer: it measures no others. */
  readonly phases?: readonly Phase[];
  /** Grid phases whose transformer sits the wrong way round. */
  readonly invertPhases?: readonly Phase[];
  /** Multiplies voltages and powers (voltage transformer ratio); absent: 1. */
  readonly voltageFactor?: number;
};

/** The grid phases that a meter measures, known before it is read. */
export function coveredPhases({ phases }: Pick<MeterWiring, 'phases'>): readonly Phase[] {
  return phases ?? PHASES;
}

/** A device that collects values more slowly than this is no guard of a fuse, however often it is asked. */
export const MOST_LAG_MS = 2_000;

/**
 * Why a profile cannot protect circuits, in words for a person; absent when it can. `phases` is how many of the meter's own phases are
 * used, its L1 first.
 */
export function unfitness(profile: MeterProfile, phases: number = profile.phases): string | undefined {
  const needed = (['i_l1', 'i_l2', 'i_l3'] as const).slice(0, phases);
  for (const name of needed) {
    const address = profile.points[name]?.address;
    if (address === undefined)
      return `it has no point ${name}: without the current of each phase no fuse can be watched`;
    if (!profile.read.fast.some(([start, count]) => start <= address && address < start + count))
      return `its point ${name} is in no block of read.fast: a current must be read in every poll`;
  }
  if ((profile.lagMs ?? 0) > MOST_LAG_MS)
    return `its values may be ${profile.lagMs! / 1_000} s old when they are read: too old to watch a fuse`;
  return undefined;
}
