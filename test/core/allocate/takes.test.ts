// What a car is seen to take: one that leaves a part of its offer for long is offered less, and one that uses its margin is offered more.
import { describe, expect, test } from 'vitest';
import { takesAfter } from '../../../src/core/allocate/takes.ts';
import type { TakeMemory } from '../../../src/core/model/memory.ts';
import type { EvseState } from '../../../src/core/model/snapshot.ts';
import { buildSite } from '../../support/site-builder.ts';

const { policy } = buildSite({ policy: { rampDown: { afterMs: 60_000, marginAmps: 2 } } });
const SINCE = 10_000;
const OFFERED_AT = 20_000;
const SAMPLE_AT = 160_000;

/** The session's memory, with its newest sample judged a second ago. */
const known = (part: Partial<TakeMemory> = {}): TakeMemory => ({
  transaction: '7',
  statusSince: SINCE,
  judgedSampleAt: SAMPLE_AT - 1_000,
  ...part,
});
const judged = (part: Partial<TakeMemory> = {}) => known({ judgedSampleAt: SAMPLE_AT, ...part });
const state = (part: Partial<EvseState> = {}): EvseState => ({
  evse: 'A/1',
  connectorStatus: 'Occupied',
  statusSince: SINCE,
  transaction: { id: '7', startedAt: 0 },
  ...part,
});
const drawing = (amps: readonly number[], measuredAt = SAMPLE_AT) => state({ drawn: { amps, measuredAt } });
const learnt = (before: TakeMemory | undefined, now: EvseState | undefined, offeredAmps = 32, offeredAt = OFFERED_AT) =>
  takesAfter(before, now, offeredAmps, offeredAt, policy);

describe('a session', () => {
  const before = known({ ceilingAmps: 18, belowSince: 90_000, peakAmps: 9 });

  test.each<readonly [string, EvseState | undefined]>([
    ['no word of the EVSE', undefined],
    ['no transaction', { evse: 'A/1', connectorStatus: 'Available', drawn: { amps: [9], measuredAt: SAMPLE_AT } }],
  ])('that is over leaves nothing: %s', (_story, now) => {
    expect(learnt(before, now)).toBeUndefined();
  });

  test.each<readonly [string, TakeMemory | undefined, Partial<EvseState>, TakeMemory]>([
    ['the first', undefined, {}, { transaction: '7', statusSince: SINCE }],
    [
      'another transaction',
      before,
      { transaction: { id: '8', startedAt: 0 } },
      { transaction: '8', statusSince: SINCE },
    ],
    ['another state of the car', before, { statusSince: SINCE + 1 }, { transaction: '7', statusSince: SINCE + 1 }],
  ])('begins anew: %s', (_story, had, part, expected) => {
    expect(learnt(had, state(part))).toStrictEqual(expected);
  });

  test('begins anew where the station never said since when', () => {
    const { statusSince: _none, ...silent } = state();
    expect(learnt(undefined, silent)).toStrictEqual({ transaction: '7' });
    expect(learnt(before, silent)).toStrictEqual({ transaction: '7' });
  });

  test.each([
    ['no sample', state()],
    ['a sample that was judged already', drawing([3], SAMPLE_AT - 1_000)],
  ])('stays as it was by %s', (_story, now) => {
    expect(learnt(before, now)).toBe(before);
  });
});

describe('a sample on the way to a new offer tells nothing', () => {
  const before = known({ ceilingAmps: 18, belowSince: 90_000, peakAmps: 9 });

  test.each([
    // story, offered so long before the sample, car changed its state so long before it, whether it counts
    ['ten seconds after the offer it counts', 10_000, 90_000, true],
    ['a millisecond sooner it does not', 9_999, 90_000, false],
    ['ten seconds after the car changed its state it counts', 90_000, 10_000, true],
    ['a millisecond sooner neither', 90_000, 9_999, false],
  ])('%s', (_story, offeredAgoMs, changedAgoMs, counts) => {
    const statusSince = SAMPLE_AT - changedAgoMs;
    const now = { ...drawing([18]), statusSince };
    const had = { ...before, statusSince };
    const { belowSince: _since, peakAmps: _peak, ...content } = had;
    expect(learnt(had, now, 18, SAMPLE_AT - offeredAgoMs)).toStrictEqual(
      counts ? { ...content, ceilingAmps: 22, judgedSampleAt: SAMPLE_AT } : { ...had, judgedSampleAt: SAMPLE_AT },
    );
  });

  test('where nothing was ever told and the station never said since when, every sample counts', () => {
    const { statusSince: _none, ...silent } = drawing([20]);
    const had: TakeMemory = { transaction: '7', belowSince: 90_000, peakAmps: 9 };
    expect(takesAfter(had, silent, 20, undefined, policy)).toStrictEqual({
      transaction: '7',
      judgedSampleAt: SAMPLE_AT,
    });
  });
});

describe('a car that takes its offer', () => {
  test.each([
    // The margin is 2 A, noise half an ampere: from 32 A, 29.5 A is content.
    ['all of it', [32, 32, 32], true],
    ['all but the margin and noise', [29.5], true],
    ['a little less', [29.4], false],
    ['on its strongest phase', [3, 32, 3], true],
  ])('%s', (_story, amps, isContent) => {
    const before = known({ belowSince: 150_000, peakAmps: 20 });
    const expected = isContent ? judged() : judged({ belowSince: 150_000, peakAmps: Math.max(...amps) });
    expect(learnt(before, drawing(amps))).toStrictEqual(expected);
  });

  test.each([
    // The ceiling is 18 A; half of the margin of 2 A is in use from 17 A.
    ['leaves its margin alone and keeps its ceiling', 16.9, 18],
    ['uses the half of it and gets twice as much', 17, 22],
    ['uses it all', 18, 22],
    ['takes even more, and gets that and twice as much', 19, 23],
  ])('under a ceiling: it %s', (_story, taken, expected) => {
    const before = known({ ceilingAmps: 18, belowSince: 150_000, peakAmps: 9 });
    expect(learnt(before, drawing([taken]), 18)).toStrictEqual(judged({ ceilingAmps: expected }));
  });

  test('an offer below its ceiling shows nothing of the ceiling', () => {
    expect(learnt(known({ ceilingAmps: 18 }), drawing([10]), 10)).toStrictEqual(judged({ ceilingAmps: 18 }));
  });
});

describe('a car that leaves a part of its offer', () => {
  test('is watched from its first such sample on, and its highest counts', () => {
    expect(learnt(known(), drawing([16]))).toStrictEqual(judged({ belowSince: SAMPLE_AT, peakAmps: 16 }));
    const before = known({ belowSince: 150_000, peakAmps: 16 });
    expect(learnt(before, drawing([14]))).toStrictEqual(judged({ belowSince: 150_000, peakAmps: 16 }));
    expect(learnt(before, drawing([17]))).toStrictEqual(judged({ belowSince: 150_000, peakAmps: 17 }));
  });

  test('keeps the ceiling that it has until then', () => {
    const before = known({ ceilingAmps: 20 });
    expect(learnt(before, drawing([9]), 20)).toStrictEqual(
      judged({ ceilingAmps: 20, belowSince: SAMPLE_AT, peakAmps: 9 }),
    );
  });

  test.each([
    // below for so long, the most until now, takes now, ceiling
    ['a millisecond before the minute is over: none yet', 59_999, 16, 14, undefined],
    ['then the most that it took and the margin', 60_000, 16, 14, 18],
    ['the sample that ends the minute counts', 60_000, 14, 16, 18],
    ['a car that took little', 60_000, 3, 1, 5],
    ['one ampere is charging', 60_000, 1, 0, 3],
    ['one that took nothing is left enough to begin', 60_000, 0.9, 0, 10],
    ['a current below zero is none', 60_000, 0, -5, 10],
  ])('%s', (_story, belowMs, peakAmps, taken, expected) => {
    const belowSince = SAMPLE_AT - belowMs;
    const before = known({ ceilingAmps: 25, belowSince, peakAmps });
    expect(learnt(before, drawing([taken]))).toStrictEqual(
      expected === undefined ? judged({ ceilingAmps: 25, belowSince, peakAmps }) : judged({ ceilingAmps: expected }),
    );
  });

  test('a current below zero is none from the first sample on', () => {
    expect(learnt(known(), drawing([-5, -6]))).toStrictEqual(judged({ belowSince: SAMPLE_AT, peakAmps: 0 }));
  });
});
