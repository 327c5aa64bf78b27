// Seeded dice: the same seed repeats them on every Node, and what one label draws shifts no other.
import { describe, expect, test } from 'vitest';
import type { Random } from '../../src/engine/ports.ts';
import { labelledRandom, MAX_LABELS, seededRandom, seededStreams } from '../../src/simulator/seeded-random.ts';

const draws = (random: Random, many: number, label = 'x') => Array.from({ length: many }, () => random.next(label));

test('a sequence is the same on every Node: these words are kept', () => {
  const words = draws(seededStreams(7).stream('link-lost/depot-03'), 4).map((draw) => draw * 2 ** 32);
  expect(words).toEqual([4_191_464_396, 2_035_093_014, 3_345_900_422, 4_129_003_798]);
  expect(draws(seededRandom(7), 2).map((draw) => draw * 2 ** 32)).toEqual([3_486_779_211, 4_228_302_217]);
});

describe('streams', () => {
  test('the same seed and name give the same draws, each time from the beginning', () => {
    const streams = seededStreams(1);
    const first = draws(streams.stream('a'), 20);
    streams.stream('b').next('x');
    expect(draws(streams.stream('a'), 20)).toEqual(first);
    expect(draws(seededStreams(1).stream('a'), 20)).toEqual(first);
  });

  test('another name, another seed, and a seed above 32 bits each give other draws', () => {
    const all = [
      seededStreams(1).stream('a'),
      seededStreams(1).stream('b'),
      seededStreams(2).stream('a'),
      seededStreams(1 + 2 ** 32).stream('a'),
      seededStreams(-1).stream('a'),
      seededStreams(1).stream(''),
    ].map((random) => draws(random, 3).join());
    expect(new Set(all).size).toBe(all.length);
  });

  test('the first draws of many names and seeds fill [0, 1) evenly', () => {
    const first = Array.from({ length: 10_000 }, (_none, at) =>
      seededStreams(at % 100)
        .stream(`evse-${at}`)
        .next('x'),
    );
    const tenths = Array.from({ length: 10 }, (_none, at) => first.filter((x) => Math.floor(x * 10) === at).length);
    // Ten standard deviations of a binomial count of 10,000 draws.
    for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(300);
    expect(Math.min(...first)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...first)).toBeLessThan(1);
  });
});

describe('a labelled random', () => {
  test('draws of one label do not shift those of another', () => {
    const alone = draws(labelledRandom(3), 10, 'upstream.back-off');
    const mixed = labelledRandom(3);
    const among = alone.map(() => {
      draws(mixed, 3, 'simulator.ripple');
      mixed.uuid('gateway.id');
      return mixed.next('upstream.back-off');
    });
    expect(among).toEqual(alone);
  });

  test('uuids are of version 4 and follow their label', () => {
    const uuid = labelledRandom(3).uuid('id');
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(labelledRandom(3).uuid('id')).toBe(uuid);
    expect(labelledRandom(3).uuid('other')).not.toBe(uuid);
  });

  test('one label more than its bound is a fault of ours, and says so', () => {
    const random = labelledRandom(3);
    for (let at = 0; at < MAX_LABELS; at++) random.next(`label-${at}`);
    expect(() => random.next('label-0')).not.toThrow();
    expect(() => random.next('one-more')).toThrow(/'one-more' is one label more than 65536/);
  });
});
