// Loads meter profiles and their vectors: raw words made by another program, and the values a person reads out of them.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { knownMeterProfiles, loadMeterProfile } from '../../src/config/meter-profile.ts';
import type { MeterProfile } from '../../src/core/model/meter-profile.ts';
import type { RegisterBlock } from '../../src/modbus/decode.ts';

const root = resolve(import.meta.dirname, '../..');
export const profileDir = join(root, 'profiles', 'meters');

export type Vector = {
  readonly name: string;
  readonly blocks?: readonly { readonly start: number; readonly words: string }[];
  readonly memory?: { readonly start: number; readonly words: string };
  /** Where the profile's addresses begin: the ID register of a SunSpec model, or a group of inputs. */
  readonly base?: number;
  /** How many phases the meter of this case measures; absent: three. */
  readonly phases?: 1 | 2;
  readonly values: Readonly<Record<string, number | 'unavailable' | 'NaN'>>;
  /** After signing, with factor 1; absent where a current is missing or not a number. */
  readonly currentAmps?: readonly number[];
  /** The same with factor −1: everything again with the sign flipped. */
  readonly turnedAmps?: readonly number[];
};

/** Ids of all profiles that come with Busbar. */
export const profileIds = knownMeterProfiles(profileDir);

/** The blocks that the meter of a case answers with, in the order of the profile's reads. */
export function blocksOf(profile: MeterProfile, vector: Vector): readonly RegisterBlock[] {
  if (vector.blocks) return vector.blocks.map(({ start, words }) => ({ start, words: toWords(words) }));
  const memory = toWords(vector.memory!.words);
  const base = vector.base! - vector.memory!.start;
  return [...profile.read.fast, ...profile.read.slow].map(([start, count]) => ({
    start,
    words: memory.slice(base + start, base + start + count),
  }));
}

export function profileOf(id: string): MeterProfile {
  const result = loadMeterProfile(id, profileDir);
  if (result.kind === 'faults') throw new Error(JSON.stringify(result.faults, null, 2));
  return result.profile;
}

export function vectorsOf(id: string): readonly Vector[] {
  return JSON.parse(readFileSync(join(root, 'test', 'vectors', 'meters', `${id}.json`), 'utf8')).cases;
}

export const toWords = (hex: string): number[] => hex.split(' ').map((word) => Number.parseInt(word, 16));
