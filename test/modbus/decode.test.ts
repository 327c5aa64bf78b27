// Registers in, physical values out, for every profile and its vectors; then everything again with the sign flipped.
import { describe, expect, test } from 'vitest';
import type { MeterProfile } from '../../src/core/model/meter-profile.ts';
import { decodePoints, fingerprint } from '../../src/modbus/decode.ts';
import { toSample } from '../../src/modbus/sample.ts';
import { profileOf, toWords, type Vector, vectorsOf } from '../support/meter-vectors.ts';

const IDS = ['eastron-sdm630', 'block-19000', 'sunspec-203', 'sunspec-213'];

function blocksOf(profile: MeterProfile, vector: Vector) {
  if (vector.blocks) return vector.blocks.map(({ start, words }) => ({ start, words: toWords(words) }));
  const memory = toWords(vector.memory!.words);
  const base = vector.base! - vector.memory!.start;
  return [...profile.read.fast, ...profile.read.slow].map(([start, count]) => ({
    start,
    words: memory.slice(base + start, base + start + count),
  }));
}

describe.each(IDS)('%s', (id) => {
  const profile = profileOf(id);
  test.each(vectorsOf(id).map((vector) => [vector.name, vector] as const))('%s', (_name, vector) => {
    const values = decodePoints(profile, blocksOf(profile, vector));
    expect(Object.keys(values).sort()).toEqual(Object.keys(vector.values).sort());
    for (const [name, expected] of Object.entries(vector.values)) {
      const actual = values[name as keyof typeof values];
      if (expected === 'NaN') expect(actual, name).toBeNaN();
      else if (expected === 'unavailable') expect(actual, name).toBe('unavailable');
      else expect(actual, name).toBeCloseTo(expected, 6);
    }
    if (!vector.currentAmps) return;
    const result = toSample(values, profile, 1, 230);
    if (result.kind !== 'sample') throw new Error(result.detail);
    const { L1, L2, L3 } = result.sample.currentAmps;
    for (const [at, amps] of [L1, L2, L3].entries()) expect(amps).toBeCloseTo(vector.currentAmps[at]!, 6);
  });
});

describe('value types', () => {
  const decodeOne = (
    type: NonNullable<MeterProfile['points']['f']>['type'],
    words: number[],
    part: Partial<MeterProfile> = {},
    point: { factor?: number; scaleFactorAt?: number } = {},
  ) =>
    decodePoints({ ...profileOf('block-19000'), ...part, points: { f: { address: 10, type, ...point } } }, [
      { start: 10, words },
    ]).f;

  test.each([
    ['u16', [0xfffe], 65_534],
    ['i16', [0xfffe], -2],
    ['u32', [0x0001, 0x0002], 65_538],
    ['i32', [0xffff, 0xfffe], -2],
    ['acc32', [0x8000, 0x0000], 2_147_483_648],
    ['f32', [0x4248, 0x0000], 50],
    ['u64', [0, 0, 1, 0], 65_536],
    ['i64', [0xffff, 0xffff, 0xffff, 0xfffe], -2],
    ['f64', [0x4049, 0, 0, 0], 50],
  ] as const)('%s, most significant word first', (type, words, expected) => {
    expect(decodeOne(type, [...words])).toBe(expected);
    expect(decodeOne(type, words.toReversed(), { wordOrder: 'lo' })).toBe(expected);
  });

  test('a low-word-first current of a real map: 0x2904 0x0000 × 0.001 is 10.5 A', () => {
    expect(decodeOne('i32', [0x2904, 0x0000], { wordOrder: 'lo' }, { factor: 0.001 })).toBeCloseTo(10.5, 9);
  });

  test.each([
    ['u16', [0xffff], 0xffff],
    ['i16', [0x8000], 0x8000],
    ['u32', [0xffff, 0xffff], 0xffffffff],
    ['i32', [0x8000, 0x0000], 0x80000000],
    ['f32', [0x7fc0, 0x0001], 'nan'],
    ['i64', [0x8000, 0, 0, 0], 2 ** 63],
    ['u64', [0xffff, 0xffff, 0xffff, 0xffff], 2 ** 64 - 1],
    ['f64', [0x7ff8, 0, 0, 0], 'nan'],
  ] as const)('the marker of %s is unavailable and never scaled', (type, words, marker) => {
    expect(decodeOne(type, [...words], { invalid: { [type]: [marker] } }, { factor: 0.1 })).toBe('unavailable');
  });

  test.each([
    [0xfffe, 10.5],
    [0x0000, 1_050],
    [0x0001, 10_500],
    [0x8000, 'unavailable'],
    [0x000b, 'unavailable'],
    [0xfff5, 'unavailable'],
  ])('1050 under scale factor word %i is %s', (scale, expected) => {
    expect(decodeOne('i16', [1_050, scale], {}, { scaleFactorAt: 11 })).toBe(expected);
  });

  test('a value that is not whole in one block is absent, also when two blocks hold its halves', () => {
    const profile = { ...profileOf('block-19000'), points: { f: { address: 10, type: 'f32' } } } as MeterProfile;
    const halves = [
      { start: 10, words: [0x4248] },
      { start: 11, words: [0] },
    ];
    expect(decodePoints(profile, halves)).toEqual({});
  });

  test('the fingerprint sees every point and its scale factor, and no other register', () => {
    const profile = {
      ...profileOf('block-19000'),
      points: { f: { address: 10, type: 'i16', scaleFactorAt: 12 } },
    } as MeterProfile;
    const of = (words: number[]) => fingerprint(profile, [{ start: 10, words }]);
    expect(of([5, 0, 1])).toBe(of([5, 9, 1]));
    expect(of([5, 0, 1])).not.toBe(of([6, 0, 1]));
    expect(of([5, 0, 1])).not.toBe(of([5, 0, 2]));
  });
});

describe('signs and ratio', () => {
  const values = (watts: number, amps = 10) => ({
    i_l1: amps,
    i_l2: 1,
    i_l3: 1,
    v_l1: 230,
    v_l2: 230,
    v_l3: 230,
    p_l1: watts,
    p_l2: 0,
    p_l3: 0,
    p_total: watts,
    e_imp: 5,
    e_exp: 7,
  });
  // 3 % of 230 V × 10 A is 69 W.
  test.each([
    ['unsigned', 2_000, 10, 1, 10],
    ['unsigned', -2_000, 10, 1, -10],
    ['unsigned', -68, 10, 1, 10],
    ['unsigned', -70, 10, 1, -10],
    ['unsigned', -2_000, 10, -1, 10],
    ['unsigned', 2_000, 10, -1, -10],
    ['unsigned', 60, 10, -1, 10],
    ['unsigned', Number.NaN, 10, 1, 10],
    ['unknown', -2_000, -10, 1, -10],
    ['unknown', 2_000, 10, 1, 10],
    ['unknown', 10, -10, 1, 10],
    ['signed', -2_000, -10, 1, -10],
    ['signed', 0, -10, 1, -10],
    ['signed', -2_000, -10, -40, 400],
  ] as const)('%s current, %d W, %d A, factor %d: %d A', (currentSign, watts, amps, factor, expected) => {
    const result = toSample(values(watts, amps), { currentSign }, factor, 230);
    expect(result.kind === 'sample' && result.sample.currentAmps.L1).toBe(expected);
  });

  test('a turned transformer swaps import and export energy', () => {
    const result = toSample(values(1_000), { currentSign: 'unsigned' }, -2, 230);
    expect(result).toMatchObject({
      sample: { energyImportWh: 14_000, energyExportWh: 10_000, totalPowerWatts: -2_000 },
    });
  });

  test('a missing current is said, never made up', () => {
    const result = toSample({ ...values(0), i_l2: 'unavailable' }, { currentSign: 'signed' }, 1, 230);
    expect(result).toEqual({ kind: 'missing', detail: 'the meter has no current on L2' });
  });
});
