// Timelines by number tables.
import { describe, expect, test } from 'vitest';
import { clip, combine, constant, layer, spanAt, type Timeline, valueAt } from '../../../src/core/schedule/timeline.ts';

const steps: Timeline<number> = [
  { from: 0, to: 10, value: 1 },
  { from: 10, to: 20, value: 2 },
  { from: 30, to: 40, value: 3 },
];

describe('timelines', () => {
  test.each([
    [-1, undefined],
    [0, 1],
    [9.999, 1],
    [10, 2],
    [20, undefined],
    [29, undefined],
    [30, 3],
    [40, undefined],
  ])('at %d the value is %s: starts are inclusive, ends exclusive', (at, value) => {
    expect(valueAt(steps, at)).toBe(value);
    expect(spanAt(steps, at)?.value).toBe(value);
  });

  test('a clip keeps what lies inside and nothing of no length', () => {
    expect(clip(steps, 10, 35)).toEqual([
      { from: 10, to: 20, value: 2 },
      { from: 30, to: 35, value: 3 },
    ]);
    expect(constant(5, 5, 'x')).toEqual([]);
  });

  test('a gap in an upper layer uncovers the lower, and equal neighbours become one', () => {
    expect(layer([steps, constant(-5, 35, 2)])).toEqual([
      { from: -5, to: 0, value: 2 },
      { from: 0, to: 10, value: 1 },
      { from: 10, to: 30, value: 2 },
      { from: 30, to: 40, value: 3 },
    ]);
    expect(layer([])).toEqual([]);
  });

  test('combining sees one value per timeline on every stretch, undefined in a gap', () => {
    const sums = combine([steps, constant(5, 35, 10)], ([a, b]) => (a ?? 0) + (b ?? 0) || undefined);
    expect(sums.map(({ from, value }) => [from, value])).toEqual([
      [0, 1],
      [5, 11],
      [10, 12],
      [20, 10],
      [30, 13],
      [35, 3],
    ]);
  });
});
