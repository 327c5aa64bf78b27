// Finds a SunSpec model by walking the chain from its marker; it only reads headers and never guesses an address.

import { AppError } from '../engine/app-error.ts';
import type { RegisterReader } from './register-reader.ts';

/** Where the marker may stand, the commonest place first (SunSpec Device Information Model 1.1 §6.1). */
export const SUNSPEC_STARTS: readonly number[] = [40_000, 0, 50_000];
/** "SunS" */
const MARKER: readonly [number, number] = [0x5375, 0x6e53];
const END_OF_CHAIN = 0xffff;
/** Real devices have about a dozen models; a chain that is longer leads in circles or nowhere. */
const MAX_MODELS = 64;
const LAST_ADDRESS = 0xffff;

export type SunspecModel = {
  readonly id: number;
  /** Of the ID register: the points of a profile count from here. */
  readonly address: number;
  /** Registers after the two of the header. */
  readonly length: number;
};

/**
 * The first model in the chain whose id is wanted. Throws AppError METER_SUNSPEC, with what was found instead, and whatever `reader`
 * throws, but for Modbus exceptions at a place where the marker is looked for: many devices refuse addresses that they do not have.
 */
export async function findModel(
  reader: RegisterReader,
  functionCode: 3 | 4,
  wanted: readonly number[],
): Promise<SunspecModel> {
  for (const start of SUNSPEC_STARTS) {
    if (!(await hasMarker(reader, functionCode, start))) continue;
    const models = await walk(reader, functionCode, start + 2, wanted);
    const last = models.at(-1);
    if (last && wanted.includes(last.id)) return last;
    const found = models.map(({ id }) => id);
    throw new AppError('METER_SUNSPEC', `no SunSpec model ${wanted.join(' or ')}; the device has ${found.join(', ')}`, {
      start,
      wanted,
      found,
    });
  }
  throw new AppError('METER_SUNSPEC', `no "SunS" at ${SUNSPEC_STARTS.join(', ')}`, { wanted });
}

async function hasMarker(reader: RegisterReader, functionCode: 3 | 4, start: number): Promise<boolean> {
  try {
    const words = await reader.read(functionCode, start, 2);
    return words[0] === MARKER[0] && words[1] === MARKER[1];
  } catch (error) {
    if (error instanceof AppError && error.code === 'METER_EXCEPTION') return false;
    throw error;
  }
}

/** All models up to the first wanted one, or up to the end of the chain. */
async function walk(
  reader: RegisterReader,
  functionCode: 3 | 4,
  from: number,
  wanted: readonly number[],
): Promise<readonly SunspecModel[]> {
  const models: SunspecModel[] = [];
  for (let address = from; models.length < MAX_MODELS && address < LAST_ADDRESS; ) {
    const [id = END_OF_CHAIN, length = 0] = await reader.read(functionCode, address, 2);
    if (id === END_OF_CHAIN) return models;
    models.push({ id, address, length });
    if (wanted.includes(id)) return models;
    address += 2 + length;
  }
  throw new AppError('METER_SUNSPEC', `the model chain has no end after ${models.length} models`, { from });
}
