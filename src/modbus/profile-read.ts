// Reads the blocks of a profile, where the profile says they are; it asks for nothing that the profile does not name.

import type { MeterProfile } from '../core/model/meter-profile.ts';
import { AppError } from '../engine/app-error.ts';
import type { RegisterBlock } from './decode.ts';
import type { RegisterReader } from './register-reader.ts';
import { findModel } from './sunspec.ts';

/** The wire address from which the profile's addresses count: 0, or the ID register of the SunSpec model. Throws as `findModel` does. */
export async function findBase(reader: RegisterReader, profile: MeterProfile): Promise<number> {
  if (!profile.base) return 0;
  const model = await findModel(reader, profile.functionCode, profile.base.modelIds);
  const needed = Math.max(...[...profile.read.fast, ...profile.read.slow].map(([start, count]) => start + count));
  if (model.length + 2 < needed)
    throw new AppError(
      'METER_SUNSPEC',
      `SunSpec model ${model.id} has ${model.length} registers, expected ${needed - 2}`,
      {
        ...model,
      },
    );
  return model.address;
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
