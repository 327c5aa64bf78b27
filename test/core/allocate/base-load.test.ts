// The base load rises at once and sinks slowly, is never below zero, and is the worst when the meter cannot be asked.
import { describe, expect, test } from 'vitest';
import { baseLoadOf, type DrawRange, meterFreshness } from '../../../src/core/allocate/base-load.ts';
import type { CircuitMemory } from '../../../src/core/model/memory.ts';
import type { MeterState } from '../../../src/core/model/snapshot.ts';
import { onEachPhase, type PhaseAmps } from '../../../src/core/model/units.ts';
import { buildSite, circuit } from '../../support/site-builder.ts';

const NOW = 1_000_000;
const { policy } = buildSite({ policy: { meter: { holdAfterMs: 2_500, staleAfterMs: 5_000 } } });
const board = circuit({ id: 'main', meter: 'main', worstBaseLoadAmps: onEachPhase(20) });
const meter = (amps: number | PhaseAmps, ageMs = 0): MeterState => ({
  reading: { currentAmps: typeof amps === 'number' ? onEachPhase(amps) : amps, measuredAt: NOW - ageMs },
});
/** A belief, and the reading that it was made of. */
const believed = (amps: number, ageMs = 1_000): CircuitMemory => ({
  baseLoadAmps: onEachPhase(amps),
  at: NOW - ageMs,
  readingAt: NOW - ageMs,
});
const cars = (low: number, high = low, followed = high) => onEachPhase<DrawRange>({ low, high, followed });

test.each([
  // policy: fresh up to 2.5 s, lost from beyond 5 s
  ['a reading of now', meter(10, 0), 'fresh'],
  ['at the last fresh millisecond', meter(10, 2_500), 'fresh'],
  ['the next is held', meter(10, 2_501), 'held'],
  ['the last held millisecond', meter(10, 5_000), 'held'],
  ['the next is lost', meter(10, 5_001), 'lost'],
  ['a reading of the future', meter(10, -1), 'lost'],
  ['a reading of no time', meter(10, Number.NaN), 'lost'],
  ['a meter that was never read', {}, 'lost'],
  ['a meter that nobody knows', undefined, 'lost'],
])('%s', (_story, state, expected) => {
  expect(meterFreshness(state, NOW, policy)).toBe(expected);
});

describe('a reading above the limit', () => {
  const limit = onEachPhase(30);
  test.each([
    // reading, cars draw at least, at most, and at most if they have followed; belief before, base load
    ['is not explained by cars that should have followed long since', 31, 5, 20, 8, 11, 23],
    ['at the limit it still is', 30, 5, 20, 8, 11, 11],
    ['nor does it lift what is believed already', 31, 5, 20, 8, 24, 24],
    ['is explained by those who have not had their time', 31, 5, 20, 20, 11, 11],
  ])('%s', (_story, amps, low, high, followed, before, expected) => {
    const load = baseLoadOf(board, meter(amps), cars(low, high, followed), believed(before), NOW, policy, limit);
    expect(load.amps).toEqual(onEachPhase(expected));
  });

  test('is believed no less for its age', () => {
    const load = (ageMs: number) =>
      baseLoadOf(board, meter(31, ageMs), cars(5, 20, 8), believed(11, 4_000), NOW, policy, limit);
    expect(load(0).amps).toEqual(onEachPhase(23));
    expect(load(3_000)).toMatchObject({ from: 'held', amps: onEachPhase(23) });
  });
});

describe('with a fresh reading', () => {
  test.each([
    // reading, cars draw at least and at most, belief of a second ago, base load
    ['no cars: the reading', 30, 0, 0, undefined, 30],
    ['cars whose current is known are taken off', 30, 12, 12, undefined, 18],
    ['at first, what cars may not draw counts as base load', 30, 5, 12, undefined, 25],
    ['a belief that cars explain stands', 30, 5, 12, 20, 20],
    ['a belief at the lower edge stands', 30, 5, 12, 18, 18],
    ['a belief at the upper edge stands', 30, 5, 12, 25, 25],
    ['below that, it is lifted at once, and no higher than it must', 30, 5, 12, 10, 18],
    ['cars that draw more than the meter says leave nothing, not less', 10, 12, 14, undefined, 0],
    ['nor is a belief taken below zero', 10, 12, 14, 0, 0],
    ['a reading of export counts as nothing', -5, 0, 0, undefined, 0],
  ])('%s', (_story, amps, low, high, before, expected) => {
    const memory = before === undefined ? undefined : believed(before);
    expect(baseLoadOf(board, meter(amps), cars(low, high), memory, NOW, policy)).toEqual({
      from: 'meter',
      amps: onEachPhase(expected),
      memory: { baseLoadAmps: onEachPhase(expected), at: NOW, readingAt: NOW },
    });
  });

  test.each([
    // belief so long ago, what is left of the 20 A between the belief and the reading
    ['at once nothing is believed', 0, 20],
    ['after half a minute, the time constant, a third is left', 30_000, 20 / Math.E],
    ['after a minute, a seventh', 60_000, 20 / Math.E ** 2],
    ['a belief of the future does not sink', -30_000, 20],
  ])('a fall from 30 A to 10 A: %s', (_story, ageMs, left) => {
    const { amps } = baseLoadOf(board, meter(15), cars(5), believed(30, ageMs), NOW, policy);
    expect(amps.L1).toBeCloseTo(10 + left, 9);
  });

  test('each phase for itself', () => {
    const reading = meter({ L1: 30, L2: 8, L3: 20 });
    const drawn = { L1: { low: 0, high: 0 }, L2: { low: 2, high: 4 }, L3: { low: 16, high: 16 } };
    expect(baseLoadOf(board, reading, drawn, undefined, NOW, policy).amps).toEqual({ L1: 30, L2: 6, L3: 4 });
  });
});

describe('without one', () => {
  test('a circuit without a meter has its allowance, and remembers nothing', () => {
    const unmetered = circuit({ id: 'east', allowanceAmps: onEachPhase(4) });
    const base = baseLoadOf(unmetered, meter(30), cars(0), believed(9), NOW, policy);
    expect(base).toStrictEqual({ from: 'allowance', amps: onEachPhase(4) });
  });

  test('a held reading keeps the belief, and its time goes on', () => {
    expect(baseLoadOf(board, meter(50, 3_000), cars(0), believed(12), NOW, policy)).toEqual({
      from: 'held',
      amps: onEachPhase(12),
      memory: { baseLoadAmps: onEachPhase(12), at: NOW, readingAt: NOW - 1_000 },
    });
  });

  test('a held reading that no cycle has seen lifts the belief, and never lowers it', () => {
    const late = (amps: number) => baseLoadOf(board, meter(amps, 3_000), cars(5, 9), believed(12, 4_000), NOW, policy);
    expect(late(50)).toEqual({
      from: 'held',
      // What cars may draw, 9 A, explains a part of it.
      amps: onEachPhase(41),
      memory: { baseLoadAmps: onEachPhase(41), at: NOW, readingAt: NOW - 3_000 },
    });
    expect(late(10).amps).toEqual(onEachPhase(12));
  });

  test.each([
    // reading of so long ago (undefined: none), belief of a second ago, base load; the commissioned worst is 20 A
    ['a lost meter means the worst', 9_000, 50, 12, 20],
    ['or more, where more is believed', 9_000, 50, 25, 25],
    ['a reading that no cycle has seen still counts, less what cars surely draw', 900, 50, 12, 45],
    ['one that is as old as the belief was seen', 1_000, 50, 12, 20],
    ['an unseen reading of little changes nothing', 900, 10, 12, 20],
  ])('%s', (_story, readAgoMs, amps, before, expected) => {
    // The reading grows old between the cycle of the belief and the one of its loss.
    const later = NOW + 5_000;
    const state = { reading: { currentAmps: onEachPhase(amps), measuredAt: NOW - readAgoMs } };
    expect(baseLoadOf(board, state, cars(5, 9), believed(before), later, policy)).toEqual({
      from: 'worst',
      amps: onEachPhase(expected),
      memory: {
        baseLoadAmps: onEachPhase(expected),
        at: later,
        readingAt: NOW - Math.min(1_000, readAgoMs),
      },
    });
  });

  test('a meter that was never read means the worst, and its first reading will be believed', () => {
    const base = baseLoadOf(board, {}, cars(0), undefined, NOW, policy);
    expect(base).toStrictEqual({ from: 'worst', amps: onEachPhase(20) });
    expect(baseLoadOf(board, undefined, cars(0), undefined, NOW, policy)).toStrictEqual(base);
    // What was believed before our start is neither confirmed nor refuted by a meter that has not been read yet.
    for (const before of [5, 30]) {
      const memory = { baseLoadAmps: onEachPhase(before), at: NOW - 1_000 };
      const load = baseLoadOf(board, undefined, cars(0), memory, NOW, policy);
      expect(load).toStrictEqual({ from: 'worst', amps: onEachPhase(Math.max(20, before)), memory });
    }
  });

  test.each([
    ['held', 3_000],
    ['lost', 9_000],
  ])('a first reading that is already %s counts where it is more than the worst', (_state, ageMs) => {
    expect(baseLoadOf(board, meter(50, ageMs), cars(5, 9), undefined, NOW, policy)).toEqual({
      from: 'worst',
      amps: onEachPhase(45),
      memory: { baseLoadAmps: onEachPhase(45), at: NOW, readingAt: NOW - ageMs },
    });
  });
});
