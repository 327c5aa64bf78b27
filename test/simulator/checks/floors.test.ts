// The floor is there in time, as commissioned; and where it is not, nobody relies on it.
import { describe, expect, test } from 'vitest';
import { FloorsChecker } from '../../../src/simulator/checks/floors.ts';
import type { TrueEvse } from '../../../src/simulator/truth.ts';
import { cycleRecord, share, T0 } from '../../support/cycle-record.ts';
import { buildSite, evse, genericAc } from '../../support/site-builder.ts';
import { truth, withoutFloor } from '../../support/truth.ts';

const site = buildSite();

/** `seconds` such seconds in which A/1 has no floor. */
function bare(checker: FloorsChecker, part: Partial<TrueEvse>, seconds: number, isControlled = true) {
  return Array.from({ length: seconds }, (_one, at) =>
    checker.onTruth(withoutFloor(truth(site, { at: T0 + at * 1_000, evses: { 'A/1': part }, isControlled }), 'A/1')),
  ).flat();
}

describe('a charger that answers', () => {
  test('and has no floor when its time is over is a violation, once', () => {
    const checker = new FloorsChecker({ site, floorWithinMs: 30_000 });
    expect(bare(checker, {}, 30)).toEqual([]);
    expect(bare(checker, {}, 100)).toEqual([
      {
        checker: 'floors',
        at: T0,
        text: 'A/1 has had no floor for 31 s while it answered; it had to be 6.0 A.',
      },
    ]);
    expect(checker.figures()).toMatchObject({ longestWithoutFloorSeconds: 130 });
  });

  test.each([
    ['has it', 6, 0],
    ['has it rounded down to its step', 5.9, 0],
    ['has another', 8, 1],
    ['has one that is too low', 5, 1],
    ['has one that is not a number', Number.NaN, 1],
  ])('and %s', (_name, floorAmps, violations) => {
    const checker = new FloorsChecker({ site, floorWithinMs: 5_000 });
    const found = Array.from({ length: 20 }, () => checker.onTruth(truth(site, { evses: { 'A/1': { floorAmps } } })));
    expect(found.flat()).toHaveLength(violations);
  });

  test.each([
    ['its link is gone', { isLinked: false }, true],
    ['it errs', { errs: true }, true],
    ['nobody commands', {}, false],
  ] as const)('has its time anew after %s', (_name, part, isControlled) => {
    const checker = new FloorsChecker({ site, floorWithinMs: 30_000 });
    expect(bare(checker, {}, 30)).toEqual([]);
    expect(bare(checker, part, 100, isControlled)).toEqual([]);
    expect(bare(checker, {}, 30)).toEqual([]);
    expect(bare(checker, {}, 1)).toHaveLength(1);
  });

  test('may hold it as watts for a low voltage and one phase', () => {
    const watts = buildSite({ profile: { ...genericAc, unit: 'W' }, evses: [evse({ station: 'A' })] });
    const of = (floorAmps: number) =>
      new FloorsChecker({ site: watts, floorWithinMs: 0 }).onTruth(truth(watts, { evses: { 'A/1': { floorAmps } } }));
    expect(of(5.4)).toEqual([]);
    expect(of(1.8)).toEqual([]);
    expect(of(1.6)).toHaveLength(1);
    expect(of(6.1)).toHaveLength(1);
  });
});

describe('an EVSE without a floor', () => {
  const decided = (exposureAmps: number, part: Partial<TrueEvse> = {}) => {
    const shares = [share({ evse: 'A/1', exposureAmps }), share({ evse: 'B/1' }), share({ evse: 'C/1' })];
    const checker = new FloorsChecker({ site });
    const found = checker.onCycle(
      cycleRecord(site, { decision: { shares } }),
      withoutFloor(truth(site, { evses: { 'A/1': part } }), 'A/1'),
    );
    return { found, count: checker.figures().uncountedFloorCount };
  };

  test('that is counted with less than its hardware maximum is a violation', () => {
    expect(decided(16)).toEqual({
      found: [
        {
          checker: 'floors',
          at: T0,
          text: "A/1 has no floor and was counted with 16.0 A; it had to be its hardware's 32.0 A.",
        },
      ],
      count: 1,
    });
  });

  test('that is counted with it is sound, and so is one whose charger errs', () => {
    expect(decided(32).found).toEqual([]);
    expect(decided(6, { errs: true }).found).toEqual([]);
    expect(decided(6, { isLinked: false }).found).toHaveLength(1);
  });

  test('is asked for in every cycle; those with one are not', () => {
    const shares = ['A/1', 'B/1', 'C/1'].map((id) => share({ evse: id, exposureAmps: 6 }));
    expect(new FloorsChecker({ site }).onCycle(cycleRecord(site, { decision: { shares } }), truth(site))).toEqual([]);
  });
});
