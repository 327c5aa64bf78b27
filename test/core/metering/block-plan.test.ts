// The requests of a poll by number tables, and the laws of every plan over random register maps.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { knownMeterProfiles } from '../../../src/config/meter-profile.ts';
import { longestOf, planReads, type ReadRange } from '../../../src/core/metering/block-plan.ts';
import {
  type MeterPoint,
  type MeterProfile,
  REGISTERS_OF,
  type RegisterType,
} from '../../../src/core/model/meter-profile.ts';
import { profileDir, profileOf } from '../../support/meter-vectors.ts';

type Map = Pick<MeterProfile, 'points' | 'read' | 'maxRegisters'>;

describe('the plan of a known meter', () => {
  // biome-ignore format: a table
  test.each([
    // as the profile says: V, I, P of three phases, the total by itself; frequency and energy in turn
    ['eastron-sdm630', undefined, [[0, 18], [52, 2]], [[70, 6]]],
    // ten registers at most: five values a request, and the last three phases of P by themselves
    ['eastron-sdm630', 10, [[0, 10], [10, 8], [52, 2]], [[70, 6]]],
    // eleven split no value: five fit, not five and a half
    ['eastron-sdm630', 11, [[0, 10], [10, 8], [52, 2]], [[70, 6]]],
    // as much as the device wants to give is still no more than one block
    ['eastron-sdm630', 125, [[0, 18], [52, 2]], [[70, 6]]],
  ] as const)('%s, at most %s registers', (id, most, fast, slow) => {
    expect(planReads(profileOf(id), most)).toEqual({ fast, slow });
  });

  test.each(knownMeterProfiles(profileDir))('%s: no more requests than it has blocks, none longer', (id) => {
    const profile = profileOf(id);
    const plan = planReads(profile);
    expect(plan.fast.length).toBeLessThanOrEqual(profile.read.fast.length);
    expect(longestOf(plan)).toBeLessThanOrEqual(profile.maxRegisters);
  });

  test('what a fast block holds is not read again with a slow one that overlaps it', () => {
    const points = { i_l1: { address: 0, type: 'u16' }, f: { address: 1, type: 'u16' } } as const;
    const read = { fast: [[0, 1]], slow: [[0, 2]] } as const;
    expect(planReads({ points, read, maxRegisters: 10 })).toEqual({ fast: [[0, 1]], slow: [[1, 1]] });
  });

  test('a scale factor is read with its values, however far apart, even where that is more than would be served', () => {
    const { fast } = planReads(profileOf('sunspec-201-204'), 2);
    const { i_l1 } = profileOf('sunspec-201-204').points;
    const holds = ([start, count]: ReadRange, address: number) => start <= address && address < start + count;
    expect(fast.filter((one) => holds(one, i_l1!.address) && holds(one, i_l1!.scaleFactorAt!))).toHaveLength(1);
  });
});

/** Random points without overlap, and blocks over some of them that cut no value. */
const maps: fc.Arbitrary<Map> = fc
  .record({
    values: fc.array(
      fc.record({
        type: fc.constantFrom<RegisterType>('u16', 'i16', 'u32', 'f32', 'i32', 'u64', 'f64'),
        gap: fc.integer({ min: 0, max: 6 }),
        block: fc.constantFrom('fast', 'fast', 'slow', 'none'),
        breaks: fc.boolean(),
        isScaled: fc.boolean(),
      }),
      { maxLength: 16 },
    ),
    maxRegisters: fc.integer({ min: 8, max: 125 }),
    start: fc.integer({ min: 0, max: 1_000 }),
  })
  .map(({ values, maxRegisters, start }) => {
    const names = [
      'v_l1',
      'v_l2',
      'v_l3',
      'i_l1',
      'i_l2',
      'i_l3',
      'p_l1',
      'p_l2',
      'p_l3',
      'p_total',
      'f',
      'e_imp',
      'e_exp',
    ];
    const points: Record<string, MeterPoint> = {};
    const read: { fast: ReadRange[]; slow: ReadRange[] } = { fast: [], slow: [] };
    let at = start;
    let open: { kind: 'fast' | 'slow'; from: number; to: number } | undefined;
    const close = () => {
      if (open) read[open.kind].push([open.from, open.to - open.from]);
      open = undefined;
    };
    values.forEach(({ type, gap, block, breaks, isScaled }, index) => {
      const from = at + gap;
      const to = from + REGISTERS_OF[type] + (isScaled ? 1 : 0);
      const scaled = isScaled ? { scaleFactorAt: to - 1 } : {};
      points[names[index] ?? `e_imp_ph_l${index}`] = { address: from, type, ...scaled };
      at = to;
      if (block === 'none') close();
      else if (open?.kind === block && !breaks && to - open.from <= maxRegisters) open.to = to;
      else {
        close();
        open = { kind: block as 'fast' | 'slow', from, to };
      }
    });
    close();
    return { points, read, maxRegisters };
  });

const needed = ({ points, read }: Map) =>
  Object.values(points).filter(({ address, type, scaleFactorAt = address }) =>
    [...read.fast, ...read.slow].some(
      ([start, count]) =>
        start <= address && Math.max(address + REGISTERS_OF[type], scaleFactorAt + 1) <= start + count,
    ),
  );
const spanOf = ({ address, type, scaleFactorAt = address }: MeterPoint) =>
  [address, Math.max(address + REGISTERS_OF[type], scaleFactorAt + 1)] as const;

describe('the laws of every plan', () => {
  const most = fc.integer({ min: 1, max: 130 });

  test('every value that is needed is read whole, in exactly one request, with its scale factor', () => {
    fc.assert(
      fc.property(maps, most, (map, limit) => {
        const { fast, slow } = planReads(map, limit);
        for (const point of needed(map)) {
          const [from, to] = spanOf(point);
          const whole = [...fast, ...slow].filter(([start, count]) => start <= from && to <= start + count);
          expect(whole).toHaveLength(1);
        }
        // None is cut: a request that touches a value holds it whole.
        for (const point of needed(map)) {
          const [from, to] = [point.address, point.address + REGISTERS_OF[point.type]];
          const touching = [...fast, ...slow].filter(([start, count]) => start < to && from < start + count);
          expect(touching).toHaveLength(1);
        }
      }),
    );
  });

  test('no request is longer than is served, but for one value that is longer by itself', () => {
    fc.assert(
      fc.property(maps, most, (map, limit) => {
        const { fast, slow } = planReads(map, limit);
        for (const [start, count] of [...fast, ...slow]) {
          expect(count).toBeLessThanOrEqual(map.maxRegisters);
          if (count <= limit) continue;
          const inside = needed(map)
            .map(spanOf)
            .filter(([from]) => start <= from && from < start + count);
          expect(inside).toHaveLength(1);
        }
      }),
    );
  });

  test('no request leaves a block of the profile, fast ones stay with fast ones, and none is empty', () => {
    fc.assert(
      fc.property(maps, most, (map, limit) => {
        const plan = planReads(map, limit);
        for (const kind of ['fast', 'slow'] as const)
          for (const [start, count] of plan[kind]) {
            expect(count).toBeGreaterThan(0);
            const homes = map.read[kind].filter(([from, size]) => from <= start && start + count <= from + size);
            expect(homes.length).toBeGreaterThanOrEqual(1);
          }
      }),
    );
  });

  test('a longer limit never makes more requests', () => {
    fc.assert(
      fc.property(maps, most, most, (map, a, b) => {
        const size = (limit: number) => {
          const { fast, slow } = planReads(map, limit);
          return fast.length + slow.length;
        };
        expect(size(Math.max(a, b))).toBeLessThanOrEqual(size(Math.min(a, b)));
      }),
    );
  });
});
