// What piles up stays within its bound.
import { expect, test } from 'vitest';
import { BoundsChecker } from '../../../src/simulator/checks/bounds.ts';

const queue = (size: number, bound = 10, name = 'outbox') => [{ queue: name, size, bound }];

test('a queue at its bound is sound, and one more is a violation', () => {
  const checker = new BoundsChecker();
  expect(checker.onQueues(queue(10), 1)).toEqual([]);
  expect(checker.figures()).toEqual({ fullestPercent: 100 });
  expect(checker.onQueues(queue(11), 2)).toEqual([
    { checker: 'bounds', at: 2, text: 'outbox holds 11; at most 10 were allowed.' },
  ]);
  expect(checker.figures()).toEqual({ fullestPercent: 110 });
});

test('the same queue is told again only after it was within its bound; another one at once', () => {
  const checker = new BoundsChecker();
  const found = [11, 12, 9, 13].map((size) => checker.onQueues(queue(size), 1).length);
  expect(found).toEqual([1, 0, 0, 1]);
  expect(checker.onQueues(queue(11, 10, 'audit'), 1)).toHaveLength(1);
});

test.each([
  ['a size that is no number', Number.NaN, 10],
  ['a negative size', -1, 10],
  ['no bound', 5, Number.POSITIVE_INFINITY],
  ['a bound that is no number', 5, Number.NaN],
])('%s is a violation', (_what, size, bound) => {
  expect(new BoundsChecker().onQueues(queue(size, bound), 1)).toHaveLength(1);
});

test('a queue that may hold nothing and holds nothing is sound', () => {
  const checker = new BoundsChecker();
  expect(checker.onQueues(queue(0, 0), 1)).toEqual([]);
  expect(checker.figures()).toEqual({ fullestPercent: 0 });
});
