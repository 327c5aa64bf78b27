// Loads meter profiles and their vectors: raw words made by another program, and the values a person reads out of them.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadMeterProfile } from '../../src/config/meter-profile.ts';
import type { MeterProfile } from '../../src/core/model/meter-profile.ts';

const root = resolve(import.meta.dirname, '../..');
export const profileDir = join(root, 'profiles', 'meters');

export type Vector = {
  readonly name: string;
  readonly blocks?: readonly { readonly start: number; readonly words: string }[];
  readonly memory?: { readonly start: number; readonly words: string };
  /** SunSpec: where the ID register of the model stands. */
  readonly base?: number;
  readonly values: Readonly<Record<string, number | 'unavailable' | 'NaN'>>;
  /** After signing, with factor 1. */
  readonly currentAmps?: readonly [number, number, number];
};

export function profileOf(id: string): MeterProfile {
  const result = loadMeterProfile(id, profileDir);
  if (result.kind === 'faults') throw new Error(JSON.stringify(result.faults, null, 2));
  return result.profile;
}

export function vectorsOf(id: string): readonly Vector[] {
  return JSON.parse(readFileSync(join(root, 'test', 'vectors', 'meters', `${id}.json`), 'utf8')).cases;
}

export const toWords = (hex: string): number[] => hex.split(' ').map((word) => Number.parseInt(word, 16));
