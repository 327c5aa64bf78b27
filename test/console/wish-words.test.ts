// The line about a wish: what was asked, how far it is, and whether the car will be ready, by the clock at the site.
import { describe, expect, test } from 'vitest';
import { nearDay } from '../../src/console/format.ts';
import { wishWords } from '../../src/console/wish-words.ts';
import type { WishView } from '../../src/core/model/state-view.ts';

const BERLIN = 'Europe/Berlin';
/** Monday 19:00 in Berlin. */
const NOW = Date.UTC(2026, 10, 23, 18);
const HALF_PAST_FIVE = Date.UTC(2026, 10, 24, 4, 30);

const words = (part: Partial<WishView>, targetAmps = 16) =>
  wishWords(
    { author: 'the facility manager', isWaiting: false, ...part },
    { targetAmps, minAmps: 6, maxAmps: 32 },
    NOW,
    BERLIN,
  );

describe('one line for a tired dispatcher', () => {
  const bus = { energyWh: 120_000, deliveredWh: 12_440, departureWallMs: HALF_PAST_FIVE, note: 'line 12' };
  test.each<[string, Partial<WishView>, number, string]>([
    [
      'on its way',
      { ...bus, neededAmps: 14.96 },
      16,
      'Leaves tomorrow 05:30 · 12.4 of 120 kWh · needs 15 A from now on · line 12',
    ],
    [
      'a step of rounding below its need is on its way too',
      { ...bus, neededAmps: 16.4 },
      16,
      'Leaves tomorrow 05:30 · 12.4 of 120 kWh · needs 16.4 A from now on · line 12',
    ],
    [
      'full',
      { ...bus, deliveredWh: 120_000, neededAmps: 0 },
      0,
      'Leaves tomorrow 05:30 · 120 of 120 kWh · has all it asked for · line 12',
    ],
    [
      'paused, with time to spare',
      { energyWh: 9_000, deliveredWh: 0, departureWallMs: HALF_PAST_FIVE, neededAmps: 5.9 },
      0,
      'Leaves tomorrow 05:30 · 0 of 9 kWh · needs 5.9 A from now on',
    ],
    ['energy without a hurry', { energyWh: 500, deliveredWh: 0 }, 6, '0 of 0.5 kWh'],
    ['energy without a hurry, full', { energyWh: 500, deliveredWh: 501 }, 6, '0.5 of 0.5 kWh · has all it asked for'],
    ['a charger that does not report energy', { energyWh: 30_000 }, 6, 'Wants 30 kWh'],
    ['before its car has come', { energyWh: 30_000, isWaiting: true }, 0, 'For the next car · wants 30 kWh'],
    ['manner and rank', { onlySurplus: true, priority: 0 }, 0, 'From surplus only · priority 0'],
    ['surplus not asked for', { onlySurplus: false, priority: 9 }, 0, 'Priority 9'],
  ])('%s', (_story, wish, targetAmps, text) => {
    expect(words(wish, targetAmps)).toEqual({ text, isShort: false });
  });

  test.each<[string, Partial<WishView>, number, string]>([
    [
      'given less than it needs',
      { ...bus, neededAmps: 17 },
      10,
      'Leaves tomorrow 05:30 · 12.4 of 120 kWh · needs 17 A from now on, is given 10 A: falls behind · line 12',
    ],
    [
      'beyond its charger',
      { energyWh: 90_000, deliveredWh: 0, departureWallMs: NOW + 3_600_000, neededAmps: 160 },
      32,
      'Leaves today 20:00 · 0 of 90 kWh · cannot be ready: it would take 160 A',
    ],
    [
      'paused although it has to charge now',
      { energyWh: 9_000, deliveredWh: 0, departureWallMs: HALF_PAST_FIVE, neededAmps: 6 },
      0,
      'Leaves tomorrow 05:30 · 0 of 9 kWh · needs 6 A from now on, is given 0 A: falls behind',
    ],
    [
      'still there after its departure',
      { energyWh: 9_000, deliveredWh: 8_000, departureWallMs: NOW - 60_000, neededAmps: 17 },
      0,
      'Should have left today 18:59 · 8 of 9 kWh · needs 17 A from now on, is given 0 A: falls behind',
    ],
  ])('%s is a warning', (_story, wish, targetAmps, text) => {
    expect(words(wish, targetAmps)).toEqual({ text, isShort: true });
  });
});

describe('a day near now', () => {
  test.each([
    ['the last minute of today', Date.UTC(2026, 10, 23, 22, 59), 'today 23:59'],
    ['the first minute of tomorrow', Date.UTC(2026, 10, 23, 23), 'tomorrow 00:00'],
    ['the day after', Date.UTC(2026, 10, 24, 23), 'Wed 25 Nov 00:00'],
    ['the same day next week', Date.UTC(2026, 10, 30, 4, 30), 'Mon 30 Nov 05:30'],
    ['the last minute of yesterday', Date.UTC(2026, 10, 22, 22, 59), 'yesterday 23:59'],
  ])('%s', (_story, at, text) => {
    expect(nearDay(at, NOW, BERLIN)).toBe(text);
  });

  test('tomorrow is tomorrow also over the night that is an hour shorter', () => {
    expect(nearDay(Date.UTC(2026, 2, 29, 3, 30), Date.UTC(2026, 2, 28, 12), BERLIN)).toBe('tomorrow 05:30');
    expect(nearDay(Date.UTC(2026, 2, 30, 22), Date.UTC(2026, 2, 28, 23), BERLIN)).toBe('Tue 31 Mar 00:00');
  });
});
