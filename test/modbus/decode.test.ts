// Registers in, physical values out, for every profile and its vectors; then everything again with the sign flipped.
import { describe, expect, test } from 'vitest';
import type { MeterProfile } from '../../src/core/model/meter-profile.ts';
import { PHASES } from '../../src/core/model/units.ts';
import { decodePoints, fingerprint } from '../../src/modbus/decode.ts';
import { toSample } from '../../src/modbus/sample.ts';
import { blocksOf, profileIds, profileOf, vectorsOf } from '../support/meter-vectors.ts';

/** Equal but for the last digits of a double: raw numbers times 0.1 are not the same everywhere. */
function expectNear(actual: number, expected: number, name: string): void {
  expect(Math.abs(actual - expected), `${name}: ${actual}, expected ${expected}`).toBeLessThanOrEqual(
    1e-12 * Math.max(1, Math.abs(expected)),
  );
}

describe.each(profileIds)('%s', (id) => {
  const profile = profileOf(id);

  test.each(vectorsOf(id).map((vector) => [vector.name, vector] as const))('%s', (_name, vector) => {
    const values = decodePoints(profile, blocksOf(profile, vector));
    expect(Object.keys(values).sort()).toEqual(Object.keys(vector.values).sort());
    for (const [name, expected] of Object.entries(vector.values)) {
      const actual = values[name as keyof typeof values];
      if (expected === 'NaN') expect(actual, name).toBeNaN();
      else if (typeof expected === 'number') expectNear(actual as number, expected, name);
      else expect(actual, name).toBe(expected);
    }
    const phases = PHASES.slice(0, vector.phases ?? 3);
    for (const [factor, expected] of [
      [1, vector.currentAmps],
      [-1, vector.turnedAmps],
    ] as const) {
      const result = toSample(values, profile, { factor, phases }, 230);
      if (!expected) {
        const isSound =
          result.kind === 'sample' && phases.every((phase) => Number.isFinite(result.sample.currentAmps[phase]));
        expect(isSound, 'a current that is missing or not a number').toBe(false);
        continue;
      }
      if (result.kind !== 'sample') throw new Error(result.detail);
      for (const [at, phase] of phases.entries())
        expectNear(result.sample.currentAmps[phase], expected[at]!, `${phase}, factor ${factor}`);
    }
  });

  test('there are vectors of import, export, both at once, the least and the most, and of each marker', () => {
    const names = vectorsOf(id).map(({ name }) => name);
    const usual = ['import', 'export', 'one phase feeds in', 'minus one', 'the largest', 'the smallest'];
    for (const begin of usual)
      expect(
        names.filter((name) => name.startsWith(begin)),
        begin,
      ).toHaveLength(1);
    const used = new Set(Object.values(profile.points).map(({ type }) => type));
    const marked = Object.keys(profile.invalid ?? {}).filter((type) => used.has(type as never));
    for (const type of marked)
      expect(
        names.some((name) => name.startsWith(`not available: ${type} `)),
        type,
      ).toBe(true);
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
    ['u16', [0xffff], 'ffff'],
    ['i16', [0x8000], '8000'],
    ['u32', [0xffff, 0xffff], 'ffffffff'],
    ['i32', [0x8000, 0x0000], '80000000'],
    ['i32', [0x7fff, 0x0000], '7fff0000..7fffffff'],
    ['i32', [0x7fff, 0xffff], '7fff0000..7fffffff'],
    ['f32', [0x7fc0, 0x0001], 'nan'],
    ['i64', [0x8000, 0, 0, 0], '8000000000000000'],
    ['u64', [0xffff, 0xffff, 0xffff, 0xffff], 'ffffffffffffffff'],
    ['f64', [0x7ff8, 0, 0, 0], 'nan'],
  ] as const)('the marker of %s is unavailable and never scaled', (type, words, marker) => {
    expect(decodeOne(type, [...words], { invalid: { [type]: [marker] } }, { factor: 0.1 })).toBe('unavailable');
  });

  test.each([
    ['i32', [0x7ffe, 0xffff], '7fff0000..7fffffff', 0x7ffeffff],
    ['i32', [0x8000, 0x0000], '7fff0000..7fffffff', -0x80000000],
    ['i64', [0x8000, 0, 0, 1], '8000000000000000', -(2 ** 63)],
    ['u16', [0xfffe], 'ffff', 0xfffe],
  ] as const)('%s %j beside the marker %s is a value', (type, words, marker, expected) => {
    expect(decodeOne(type, [...words], { invalid: { [type]: [marker] } })).toBe(expected);
    expect(decodeOne(type, words.toReversed(), { invalid: { [type]: [marker] }, wordOrder: 'lo' })).toBe(expected);
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
    const result = toSample(values(watts, amps), { currentSign }, { factor }, 230);
    expect(result.kind === 'sample' && result.sample.currentAmps.L1).toBe(expected);
  });

  test('a turned transformer swaps import and export energy', () => {
    const result = toSample(values(1_000), { currentSign: 'unsigned' }, { factor: -2 }, 230);
    expect(result).toMatchObject({
      sample: { energyImportWh: 14_000, energyExportWh: 10_000, totalPowerWatts: -2_000 },
    });
  });

  test('a missing current is said, never made up', () => {
    const result = toSample({ ...values(0), i_l2: 'unavailable' }, { currentSign: 'signed' }, { factor: 1 }, 230);
    expect(result).toEqual({ kind: 'missing', detail: 'the meter has no current on L2' });
  });
});
