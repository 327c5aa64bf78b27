// What the site would export if no EV charged: it rises slowly, falls at once, and is none where the meter is not believed.
import { describe, expect, test } from 'vitest';
import { type Surplus, surplusOf } from '../../../src/core/allocate/surplus.ts';
import type { MeterReading } from '../../../src/core/model/snapshot.ts';
import { onEachPhase } from '../../../src/core/model/units.ts';
import { buildSite } from '../../support/site-builder.ts';

const NOW = 1_000_000;
const { policy } = buildSite({ policy: { baseLoadReleaseMs: 30_000 } });
const reading = (part: Partial<MeterReading>): MeterReading => ({
  currentAmps: onEachPhase(0),
  measuredAt: NOW,
  ...part,
});
/** What is believed where the meter imports `importWatts`, EVs draw between `low` and `high`, and `before` was believed a second ago. */
function believed(importWatts: number, low: number, high: number, before?: number, agoMs = 1_000): Surplus {
  const memory = before === undefined ? undefined : { watts: before, at: NOW - agoMs };
  return surplusOf(reading({ totalPowerWatts: importWatts }), { low, high }, 230, memory, NOW, policy);
}

test('without a reading to believe there is no surplus, whatever was believed', () => {
  expect(surplusOf(undefined, { low: 0, high: 9_000 }, 230, { watts: 5_000, at: 0 }, NOW, policy)).toEqual({
    watts: 0,
    at: NOW,
  });
});

describe('falls at once', () => {
  test.each([
    // import, EVs draw at least and at most, belief, surplus
    ['what is exported beside EVs is surplus', -2_000, 0, 0, 5_000, 2_000],
    ['what EVs draw is surplus too', -2_000, 3_000, 3_000, 9_000, 5_000],
    ['all that EVs may draw may be surplus', -2_000, 3_000, 7_000, 9_500, 9_000],
    ['a belief that EVs explain stands', -2_000, 3_000, 7_000, 6_000, 6_000],
    ['at the lower edge', -2_000, 3_000, 7_000, 5_000, 5_000],
    ['at the upper edge', -2_000, 3_000, 7_000, 9_000, 9_000],
    ['what the site imports is taken off', 1_000, 3_000, 3_000, 9_000, 2_000],
    ['an import that is more than EVs draw leaves none, not less', 4_000, 3_000, 3_500, 900, 0],
    ['at night there was none and is none', 4_000, 3_000, 3_500, 0, 0],
  ])('%s', (_story, imported, low, high, before, expected) => {
    expect(believed(imported, low, high, before)).toEqual({ watts: expected, at: NOW });
  });
});

describe('rises slowly', () => {
  test.each([
    // belief of so long ago, what of the 4,000 W between it and the surplus is not believed yet
    ['at once nothing is believed', 0, 4_000],
    ['after half a minute, the time constant, a third is left', 30_000, 4_000 / Math.E],
    ['after a minute, a seventh', 60_000, 4_000 / Math.E ** 2],
    ['a belief of the future does not rise', -30_000, 4_000],
  ])('from 1,000 W to 5,000 W: %s', (_story, agoMs, left) => {
    const { watts, at } = believed(-2_000, 3_000, 7_000, 1_000, agoMs);
    expect(watts).toBeCloseTo(5_000 - left, 6);
    expect(at).toBe(NOW);
  });

  test('at first from nothing', () => {
    expect(believed(-2_000, 0, 0)).toEqual({ watts: 0, at: NOW });
  });
});

describe('the power at the meter', () => {
  const powerWatts = { L1: -3_000, L2: 500, L3: -1_000 };
  const currentAmps = { L1: -10, L2: 2, L3: -5 };
  test.each<readonly [string, Partial<MeterReading>, number]>([
    ['is its own total', { totalPowerWatts: -2_000, powerWatts, currentAmps }, 2_000],
    ['a total of nothing is nothing', { totalPowerWatts: 0, powerWatts, currentAmps }, 0],
    ['or the sum of its phases', { powerWatts, currentAmps }, 3_500],
    ['or, with their sign, its currents', { currentAmps }, 13 * 230],
  ])('%s', (_story, part, expected) => {
    const { watts } = surplusOf(reading(part), { low: 0, high: 0 }, 230, { watts: 9_000, at: NOW }, NOW, policy);
    expect(watts).toBe(expected);
  });
});
