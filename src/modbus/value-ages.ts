// Says when the values that are not read in every poll were read: each is as old as the block that holds it.

import type { MeterPointName, MeterProfile } from '../core/model/meter-profile.ts';
import type { Instant } from '../core/model/units.ts';
import type { RegisterBlock } from './decode.ts';

export type DatedBlock = { readonly block: RegisterBlock; readonly at: Instant };

/**
 * Of the first block that holds the frequency, and of the one that holds the imported energy; absent where none does. `lagMs`: how old
 * values are when the device says them.
 */
export function valueAges(
  { points }: Pick<MeterProfile, 'points'>,
  blocks: readonly DatedBlock[],
  lagMs = 0,
): { readonly frequencyMeasuredAt?: Instant; readonly energyMeasuredAt?: Instant } {
  const readAt = (name: MeterPointName): Instant | undefined => {
    const address = points[name]?.address;
    if (address === undefined) return undefined;
    const home = blocks.find(({ block: { start, words } }) => start <= address && address < start + words.length);
    return home && home.at - lagMs;
  };
  const [frequencyMeasuredAt, energyMeasuredAt] = [readAt('f'), readAt('e_imp')];
  return {
    ...(frequencyMeasuredAt !== undefined && { frequencyMeasuredAt }),
    ...(energyMeasuredAt !== undefined && { energyMeasuredAt }),
  };
}
