// What people may wish for a car, how long a wish lives, and what the core sees of it.
import { describe, expect, test } from 'vitest';
import type { Snapshot, StationState } from '../../src/core/model/snapshot.ts';
import type { KeptWish, WishRequest } from '../../src/engine/requests.ts';
import {
  changeWishes,
  KEEP_AFTER_DEPARTURE_MS,
  KEEP_WAITING_MS,
  MAX_DEPARTURE_AHEAD_MS,
  settleWishes,
  wishesAt,
} from '../../src/engine/wish-requests.ts';
import { buildSite } from '../support/site-builder.ts';

const site = buildSite();
const T = Date.UTC(2026, 2, 2, 18);
const ask = (part: object): WishRequest => ({ kind: 'set-wish', evse: 'A/1', who: 'anna', ...part });
const wish = (part: Partial<KeptWish> = {}): KeptWish => ({ evse: 'A/1', who: 'anna', setAtWall: T, ...part });

function stations(transactionId?: string, link: StationState['link']['state'] = 'connected') {
  const state: StationState = {
    station: 'A',
    link: link === 'never' ? { state: link } : { state: link, since: 0, connection: 1 },
    evses: [
      {
        evse: 'A/1',
        connectorStatus: 'Occupied',
        ...(transactionId === undefined ? {} : { transaction: { id: transactionId, startedAt: 0 } }),
      },
    ],
    upstreamProfiles: [],
    upstreamLink: 'none',
  };
  return { A: state };
}

describe('asking', () => {
  test.each([
    ['an EVSE that is not there', { evse: 'A/2', priority: 1 }, 'UNKNOWN_EVSE', 'evse', /^one of A\/1, B\/1, C\/1$/],
    ['nothing at all', { note: 'please' }, 'WISH_EMPTY', 'energyWh', /at least one/],
    ['no energy', { energyWh: 0 }, 'WISH_OUT_OF_RANGE', 'energyWh', /above 0 and at most 2000 kWh/],
    ['energy below zero', { energyWh: -1 }, 'WISH_OUT_OF_RANGE', 'energyWh', /above 0/],
    ['more energy than a battery holds', { energyWh: 2_000_001 }, 'WISH_OUT_OF_RANGE', 'energyWh', /2000 kWh/],
    ['energy that is no number', { energyWh: Number.NaN }, 'WISH_OUT_OF_RANGE', 'energyWh', /above 0/],
    ['a departure now', { departureWall: T }, 'DEPARTURE_PAST', 'departureWall', /after 2026-03-02T18:00:00/],
    ['a departure that is no time', { departureWall: Number.NaN }, 'DEPARTURE_PAST', 'departureWall', /after/],
    [
      'a departure in more than a week',
      { departureWall: T + MAX_DEPARTURE_AHEAD_MS + 1 },
      'DEPARTURE_TOO_FAR',
      'departureWall',
      /until 2026-03-09T18:00:00/,
    ],
    ['a priority above 9', { priority: 10 }, 'WISH_OUT_OF_RANGE', 'priority', /from 0 to 9/],
    ['a priority below 0', { priority: -1 }, 'WISH_OUT_OF_RANGE', 'priority', /from 0 to 9/],
    ['half a priority', { priority: 0.5 }, 'WISH_OUT_OF_RANGE', 'priority', /whole number/],
  ])('%s is refused by field with what was expected', (_story, part, code, field, expected) => {
    const answer = changeWishes(site, [wish({ priority: 3 })], ask(part), T, undefined);
    expect(answer).toMatchObject({ ok: false, code, field, expected: expect.stringMatching(expected) });
  });

  test('the bounds themselves are taken', () => {
    for (const part of [
      { energyWh: 2_000_000 },
      { energyWh: 0.001 },
      { departureWall: T + 1 },
      { departureWall: T + MAX_DEPARTURE_AHEAD_MS },
      { priority: 0 },
      { priority: 9 },
      { onlySurplus: false },
    ]) {
      expect(changeWishes(site, [], ask(part), T, undefined)).toMatchObject({ ok: true, wish: part });
    }
  });

  test('one wish per EVSE: a new one replaces the old as a whole, and the others stay', () => {
    const other = wish({ evse: 'B/1', priority: 2 });
    const before = [wish({ energyWh: 5_000, note: 'old' }), other];
    const answer = changeWishes(site, before, ask({ priority: 1 }), T + 5, undefined);
    expect(answer).toEqual({
      ok: true,
      wishes: [other, wish({ priority: 1, setAtWall: T + 5 })],
      wish: wish({ priority: 1, setAtWall: T + 5 }),
    });
    expect(changeWishes(site, before, { kind: 'clear-wish', evse: 'A/1', who: 'anna' }, T, undefined)).toEqual({
      ok: true,
      wishes: [other],
    });
  });

  test('it belongs to the transaction that runs, and without one to the next', () => {
    expect(changeWishes(site, [], ask({ priority: 1 }), T, '7')).toMatchObject({ wish: { transactionId: '7' } });
    expect(changeWishes(site, [], ask({ priority: 1 }), T, undefined)).not.toHaveProperty('wish.transactionId');
  });
});

describe('the life of a wish', () => {
  const departureWall = T + 3_600_000;
  const lives: readonly (readonly [string, KeptWish, Snapshot['stations'], number, KeptWish | 'gone'])[] = [
    ['waits while no transaction runs', wish(), stations(), T, wish()],
    ['is given to the transaction that begins', wish(), stations('7'), T, wish({ transactionId: '7' })],
    ['stays with its transaction', wish({ transactionId: '7' }), stations('7'), T, wish({ transactionId: '7' })],
    ['is gone when its transaction has ended', wish({ transactionId: '7' }), stations(), T, 'gone'],
    ['is not handed on to another transaction', wish({ transactionId: '7' }), stations('8'), T, 'gone'],
    [
      'is gone with another transaction, whatever has become of its station since',
      wish({ transactionId: '7' }),
      stations('8', 'disconnected'),
      T,
      'gone',
    ],
    [
      'outlives the silence of its station',
      wish({ transactionId: '7' }),
      stations(undefined, 'disconnected'),
      T,
      wish({ transactionId: '7' }),
    ],
    [
      'outlives a restart, until its station is heard again',
      wish({ transactionId: '7' }),
      stations(undefined, 'never'),
      T,
      wish({ transactionId: '7' }),
    ],
    ['outlives a station that nothing is known of', wish({ transactionId: '7' }), {}, T, wish({ transactionId: '7' })],
    ['waits for a day without a departure', wish(), stations(), T + KEEP_WAITING_MS - 1, wish()],
    ['is gone after a day without a car', wish(), stations(), T + KEEP_WAITING_MS, 'gone'],
    [
      'without a departure lives as long as its transaction',
      wish({ transactionId: '7' }),
      stations('7'),
      T + 90 * KEEP_WAITING_MS,
      wish({ transactionId: '7' }),
    ],
    [
      'with a departure waits until a day after it',
      wish({ departureWall }),
      stations(),
      departureWall + KEEP_AFTER_DEPARTURE_MS - 1,
      wish({ departureWall }),
    ],
    [
      'is gone a day after its departure, even if the car still stands there',
      wish({ departureWall, transactionId: '7' }),
      stations('7'),
      departureWall + KEEP_AFTER_DEPARTURE_MS,
      'gone',
    ],
    ['is gone with its EVSE', wish({ evse: 'X/1' }), stations(), T, 'gone'],
  ];
  test.each(lives)('%s', (_story, before, states, wallNow, after) => {
    expect(settleWishes(site, [before], states, wallNow)).toEqual(after === 'gone' ? [] : [after]);
  });

  test('where nothing changed it is the same array, so that nothing is written', () => {
    const wishes = [wish({ transactionId: '7' }), wish({ evse: 'B/1' })];
    expect(settleWishes(site, wishes, stations('7'), T)).toBe(wishes);
    expect(settleWishes(site, wishes, stations(), T)).toEqual([wishes[1]]);
  });
});

describe('what the core sees', () => {
  test('a departure by the wall clock, on the steady time line as the two stand to each other now', () => {
    const kept = wish({ departureWall: T + 60_000, energyWh: 30_000, transactionId: '7', note: 'line 12' });
    const seen = wishesAt([kept], { now: 500, wallNow: T });
    expect(seen).toEqual({
      'A/1': {
        source: { kind: 'facility-manager', id: 'anna' },
        energyWh: 30_000,
        departureAt: 60_500,
        note: 'line 12',
      },
    });
    // The clock was an hour slow and is set right: by its own words the car leaves an hour sooner.
    const late = wishesAt([kept], { now: 500, wallNow: T + 3_600_000 });
    expect(late['A/1']?.departureAt).toBe(60_500 - 3_600_000);
  });

  test('what was not asked is absent', () => {
    expect(wishesAt([wish({ onlySurplus: true, priority: 0 })], { now: 0, wallNow: T })).toEqual({
      'A/1': { source: { kind: 'facility-manager', id: 'anna' }, onlySurplus: true, priority: 0 },
    });
  });
});
