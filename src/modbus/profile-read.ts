// Reads the blocks of a profile, where the profile says they are; it asks for nothing that the profile does not name.

import type { MeterProfile } from '../core/model/meter-profile.ts';
import { AppError } from '../engine/app-error.ts';
import type { RegisterBlock } from './decode.ts';
import type { RegisterReader } from './register-reader.ts';
import { findModel } from './sunspec.ts';

/** Where a meter's values begin, and what there is to be found. */
export type MeterPlace = {
  /** The wire address from which the profile's addresses count: 0, the ID register of the SunSpec model, or that of the group. */
  readonly base: number;
  /** How many phases the meter measures: the profile's, or those of the SunSpec model that it has. */
  readonly phases: 1 | 2 | 3;
};

/**
 * Finds the place of the profile's values. `wanted.group`: which group of inputs, for a profile with groups, its first unless said.
 * `wanted.phases`: how many phases are expected of it. Throws AppError METER_SUNSPEC where its model measures fewer (the registers of
 * the others may well hold zeros), and as `findModel` does.
 */
export async function locate(
  reader: RegisterReader,
  profile: MeterProfile,
  wanted: { readonly group?: number; readonly phases?: number } = {},
): Promise<MeterPlace> {
  const { base } = profile;
  if (!base) return { base: 0, phases: profile.phases };
  if (base.kind === 'group')
    return { base: base.address + ((wanted.group ?? base.first) - base.first) * base.step, phases: profile.phases };
  const model = await findModel(
    reader,
    profile.functionCode,
    base.models.map(({ id }) => id),
  );
  const needed = Math.max(...[...profile.read.fast, ...profile.read.slow].map(([start, count]) => start + count));
  if (model.length + 2 < needed)
    throw new AppError(
      'METER_SUNSPEC',
      `SunSpec model ${model.id} has ${model.length} registers, expected ${needed - 2}`,
      { ...model },
    );
  const { phases } = base.models.find(({ id }) => id === model.id)!;
  if (phases < (wanted.phases ?? 1))
    throw new AppError(
      'METER_SUNSPEC',
      `SunSpec model ${model.id} measures ${phases} of the ${wanted.phases} phases that the site expects of it: name its own in "phases"`,
      { ...model, phases, wanted: wanted.phases },
    );
  return { base: model.address, phases };
}

/** One request, one block; `start` of the answer counts from `base`. */
export async function readBlock(
  reader: RegisterReader,
  { functionCode }: Pick<MeterProfile, 'functionCode'>,
  base: number,
  [start, count]: readonly [number, number],
): Promise<RegisterBlock> {
  return { start, words: await reader.read(functionCode, base + start, count) };
}
