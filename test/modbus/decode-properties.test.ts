// What holds for every number, type, word order, factor and layout: decoding undoes encoding, and a map that contradicts itself is refused.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseMeterProfile } from '../../src/config/meter-profile.ts';
import { type MeterProfile, REGISTERS_OF, type RegisterType } from '../../src/core/model/meter-profile.ts';
import { decodePoints } from '../../src/modbus/decode.ts';
import { encodePoint } from '../support/encode-point.ts';
import { profileOf } from '../support/meter-vectors.ts';

const base = profileOf('block-19000');
const TYPES = Object.keys(REGISTERS_OF) as RegisterType[];
const RAW: { readonly [T in RegisterType]: fc.Arbitrary<number | bigint> } = {
  u16: fc.integer({ min: 0, max: 0xffff }),
  i16: fc.integer({ min: -0x8000, max: 0x7fff }),
  u32: fc.integer({ min: 0, max: 0xffffffff }),
  acc32: fc.integer({ min: 0, max: 0xffffffff }),
  i32: fc.integer({ min: -0x80000000, max: 0x7fffffff }),
  u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  i64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  f32: fc.float({ noNaN: true }),
  f64: fc.double({ noNaN: true }),
};
const wordOrder = fc.constantFrom('hi' as const, 'lo' as const);
const factor = fc.constantFrom(1, 0.1, 0.01, 0.001, 0.0001, 10, 1000, -1);

describe.each(TYPES)('%s', (type) => {
  test('what is written is what is read, in either word order, times the factor, wherever it stands in the block', () => {
    fc.assert(
      fc.property(RAW[type], wordOrder, factor, fc.nat(20), fc.nat(20), (raw, order, times, before, after) => {
        const profile: MeterProfile = {
          ...base,
          wordOrder: order,
          points: { f: { address: 100 + before, type, factor: times } },
        };
        const words = [...Array(before).fill(0xa5a5), ...encodePoint(type, raw, order), ...Array(after).fill(0xa5a5)];
        expect(decodePoints(profile, [{ start: 100, words }]).f).toBe(Number(raw) * times);
      }),
    );
  });

  test('its marker is unavailable, whatever the factor, and every other number is itself', () => {
    const digits = (raw: number | bigint) =>
      encodePoint(type, raw, 'hi')
        .map((word) => word.toString(16).padStart(4, '0'))
        .join('');
    fc.assert(
      fc.property(RAW[type], RAW[type], wordOrder, (marker, raw, order) => {
        const profile: MeterProfile = {
          ...base,
          wordOrder: order,
          invalid: { [type]: [digits(marker)] },
          points: { f: { address: 0, type } },
        };
        const decoded = (number: number | bigint) =>
          decodePoints(profile, [{ start: 0, words: encodePoint(type, number, order) }]).f;
        expect(decoded(marker)).toBe('unavailable');
        if (!Object.is(marker, raw)) expect(decoded(raw)).toBe(Number(raw));
      }),
    );
  });
});

test('a scale factor is a power of ten of the value beside it, and beyond 10 it is none', () => {
  fc.assert(
    fc.property(RAW.i16, fc.integer({ min: -20, max: 20 }), (raw, exponent) => {
      const profile: MeterProfile = { ...base, points: { f: { address: 0, type: 'i16', scaleFactorAt: 1 } } };
      const words = [...encodePoint('i16', raw, 'hi'), exponent & 0xffff];
      const { f } = decodePoints(profile, [{ start: 0, words }]);
      if (Math.abs(exponent) > 10) expect(f).toBe('unavailable');
      else expect(f).toBeCloseTo(Number(raw) * 10 ** exponent, 6);
    }),
  );
});

const half = fc.oneof({ weight: 3, arbitrary: RAW.u32 }, fc.constant(0xffffffff));

test('a power in two halves is their difference, and nothing without one of them', () => {
  fc.assert(
    fc.property(half, half, fc.boolean(), (positive, negative, isWhole) => {
      const points = {
        p_l1_pos: { address: 0, type: 'u32', factor: 0.1 },
        p_l1_neg: { address: 2, type: 'u32', factor: 0.1 },
      } as const;
      const words = [positive, negative].flatMap((raw) => encodePoint('u32', raw, 'hi'));
      const profile: MeterProfile = { ...base, points, invalid: { u32: ['ffffffff'] } };
      const values = decodePoints(profile, [{ start: 0, words: isWhole ? words : words.slice(0, 3) }]);
      const isKnown = ![positive, negative].includes(0xffffffff);
      const power = isKnown ? Number(positive) * 0.1 - Number(negative) * 0.1 : 'unavailable';
      expect(values).toEqual(isWhole ? { p_l1: power } : {});
    }),
  );
});

/** A map that is in order: points one after the other with gaps, each block around whole points. */
const layout = fc
  .array(fc.record({ type: fc.constantFrom(...TYPES), gap: fc.nat(3) }), { minLength: 2, maxLength: 8 })
  .map((parts) => {
    const names = ['i_l1', 'i_l2', 'i_l3', 'v_l1', 'v_l2', 'v_l3', 'p_l1', 'p_l2'] as const;
    let at = 1_000;
    const points = parts.map(({ type, gap }, index) => {
      const address = at + gap;
      at = address + REGISTERS_OF[type];
      return [names[index]!, { address, type }] as const;
    });
    return { points, end: at };
  });

/** The profile as a file, with these points and blocks. */
const parsed = (points: readonly (readonly [string, object])[], fast: readonly (readonly [number, number])[]) =>
  parseMeterProfile(
    JSON.stringify({ ...base, points: Object.fromEntries(points), read: { fast, slow: [] } }),
    'layout.json',
  );
const paths = (result: ReturnType<typeof parsed>) =>
  result.kind === 'profile' ? [] : result.faults.map(({ path }) => path);

test('a map in order is taken; with an overlap, a point outside or a block that cuts a value it is refused at its place', () => {
  fc.assert(
    fc.property(layout, fc.nat(), ({ points, end }, pick) => {
      const whole = [[1_000, end - 1_000]] as const;
      expect(paths(parsed(points, whole))).toEqual([]);

      const [name, point] = points[pick % points.length]!;
      const [next, after] = points[(pick + 1) % points.length]!;
      const overlapping = points.map(
        ([one, its]) => [one, one === next ? { ...its, address: point.address } : its] as const,
      );
      expect(
        paths(parsed(overlapping, whole)).filter(
          (path) => path === `points.${name}.address` || path === `points.${next}.address`,
        ),
      ).not.toEqual([]);
      expect(after).toBeDefined();

      const outside = points.map(([one, its]) => [one, one === name ? { ...its, address: end + 7 } : its] as const);
      expect(paths(parsed(outside, whole))).toEqual([`points.${name}.address`]);

      const width = REGISTERS_OF[point.type];
      if (width === 1) return;
      const cut = [
        [1_000, point.address + 1 - 1_000],
        [point.address + 1, end - point.address - 1],
      ] as const;
      expect(paths(parsed(points, cut))).toEqual(['read.fast.0', 'read.fast.1', `points.${name}.address`]);
    }),
  );
});
