// A charger that draws more than it was told is found out by two samples, and trusted again only after a minute of obeying.
import { describe, expect, test } from 'vitest';
import type { EvseMemory } from '../../../src/core/model/memory.ts';
import { learn, NOW } from '../../support/learn.ts';
import { leaseEntry, settledLease } from '../../support/ledger.ts';

/** Told 10 A half a minute ago, and settled. */
const told10 = { leases: [settledLease(10, NOW - 30_000)] };
const judged = (part: Partial<EvseMemory>, amps: readonly number[], measuredAt = NOW) => {
  const { disobeyedSamples, disobeyedAt, judgedSampleAt } = learn(part, { amps, measuredAt });
  return { disobeyedSamples, disobeyedAt, judgedSampleAt };
};

describe('told 10 A', () => {
  test.each([
    // samples against it so far, what is drawn, samples against it now
    ['draws it', 0, [10, 10, 10], 0],
    ['draws as much more as the tolerance', 0, [11.5, 11.5, 11.5], 0],
    ['draws more than that', 0, [11.6, 11.6, 11.6], 1],
    ['draws more on one phase alone', 0, [0, 16, 0], 1],
    ['draws nothing', 0, [], 0],
    ['draws more a second time', 1, [16, 16, 16], 2],
    ['draws more for ever: counted no further', 2, [16, 16, 16], 2],
    ['obeys after one sample too high', 1, [10, 10, 10], 0],
  ])('%s', (_story, disobeyedSamples, amps, expected) => {
    expect(judged({ ...told10, disobeyedSamples }, amps)).toEqual({
      disobeyedSamples: expected,
      disobeyedAt: expected === 2 ? NOW : undefined,
      judgedSampleAt: NOW,
    });
  });

  test('one sample is judged once, and no sample proves nothing', () => {
    const once = { ...told10, disobeyedSamples: 1, judgedSampleAt: NOW - 500 };
    expect(judged(once, [16, 16, 16], NOW - 500)).toMatchObject({ disobeyedSamples: 1, judgedSampleAt: NOW - 500 });
    expect(learn(once)).toMatchObject({ disobeyedSamples: 1, judgedSampleAt: NOW - 500 });
  });

  test.each([
    ['obeys within a minute: not yet', 59_999, [10, 10, 10], 2, NOW - 59_999],
    ['obeys when the minute is over', 60_000, [10, 10, 10], 0, undefined],
    ['does it again: the minute starts anew', 59_999, [16, 16, 16], 2, NOW],
  ])('distrusted, and %s', (_story, agoMs, amps, disobeyedSamples, disobeyedAt) => {
    const memory = { ...told10, disobeyedSamples: 2, disobeyedAt: NOW - agoMs };
    expect(judged(memory, amps)).toEqual({ disobeyedSamples, disobeyedAt, judgedSampleAt: NOW });
  });
});

describe('a sample is held against a charger only when one limit certainly ruled as it was taken', () => {
  const high = [20, 20, 20];
  const guilty = { disobeyedSamples: 1, disobeyedAt: undefined, judgedSampleAt: NOW };
  const spared = { ...guilty, disobeyedSamples: 0 };
  const { floor } = learn({});
  test.each([
    ['a settled lease', told10, guilty],
    ['a floor alone', { leases: [] }, guilty],
    ['a newer lease is on its way', { leases: [...told10.leases, leaseEntry(24, NOW - 1_000)] }, spared],
    [
      'the lease is accepted, not settled',
      { leases: [leaseEntry(10, NOW - 3_000, { acknowledgedAt: NOW - 2_000 })] },
      spared,
    ],
    ['the lease is not answered', { leases: [leaseEntry(10, NOW - 30_000)] }, spared],
    ['the lease rules for a millisecond more', { leases: [settledLease(10, NOW - 54_999)] }, guilty],
    ['the lease may have ended', { leases: [settledLease(10, NOW - 55_000)] }, spared],
    ['the floor is accepted, not settled', { floor: { state: 'proved', amps: 6, since: NOW - 4_000 } }, spared],
    ['the floor is not answered', { floor: { state: 'sent', commandId: 'f', amps: 6, sentAt: NOW - 9_000 } }, spared],
    ['no floor was ever sent', { floor: { state: 'unproved' } }, spared],
  ] as [string, Partial<EvseMemory>, object][])('%s', (_story, part, expected) => {
    expect(judged(part, high)).toEqual(expected);
  });

  test('a floor of 6 A forbids 8 A and not 7.5 A', () => {
    expect(judged({ floor }, [8, 0, 0])).toEqual(guilty);
    expect(judged({ floor }, [7.5, 0, 0])).toEqual(spared);
  });

  test('the car must have had its time to follow the limit before the sample was taken', () => {
    const lease = { leases: [settledLease(10, NOW - 30_000, { settledAt: NOW - 8_000 })] };
    expect(judged(lease, high, NOW - 8_001)).toEqual({ ...spared, judgedSampleAt: NOW - 8_001 });
    expect(judged(lease, high, NOW - 8_000)).toEqual({ ...guilty, judgedSampleAt: NOW - 8_000 });
  });
});
