// Each reason as the sentence a person reads, and what would have to change; the tables are the specification.
import { describe, expect, test } from 'vitest';
import type { PausedBy, Reason } from '../../../src/core/model/decision.ts';
import { describeReason, describeRemedy, describeShare } from '../../../src/core/report/explain.ts';
import { buildSite, circuit } from '../../support/site-builder.ts';

const plain = buildSite();
const site = buildSite({
  circuits: [
    circuit({ id: 'main', name: 'main board', meter: 'main', limitWatts: 43_000 }),
    circuit({ id: 'b', name: 'sub-board B', parent: 'main', ratingAmps: { L1: 50, L2: 63, L3: 63 } }),
  ],
  meters: plain.meters,
  groups: [{ id: 't', name: 'tenant North', evses: ['A/1'] }],
});
const NOW = 1_000_000;
const IN_TWO_HOURS = NOW + 7_200_000;

const fuse = { kind: 'fuse' } as const;
const anna = { kind: 'facility-manager', id: 'anna' } as const;
const event = { source: { kind: 'utility', id: 'evt-7' }, note: 'grid emergency', until: IN_TWO_HOURS } as const;
const moreAmps = 14.25;
const couldTake = 'it could take 14.3 A more';

const sentences: readonly (readonly [Reason, string, string | undefined])[] = [
  [{ kind: 'no-car' }, 'no car is connected', undefined],
  [
    { kind: 'not-started' },
    'a car is connected, and no transaction is running',
    'starts when its driver starts a transaction',
  ],
  [
    { kind: 'out-of-service', status: 'Faulted' },
    'the charger reports a fault',
    'look at the charger: it has to clear its fault',
  ],
  [
    { kind: 'out-of-service', status: 'Unavailable' },
    'the charger is out of service',
    'put it back into service, at the charger or in the back office',
  ],
  // a row of a circuit is full: the commissioned number, or the author of a tighter one, with the note and the end
  [
    { kind: 'circuit-full', circuit: 'b', phase: 'L2', limitAmps: 63, source: fuse, moreAmps },
    'sub-board B, L2 is full (fuse 63 A)',
    `more when other loads or chargers on sub-board B, L2 draw less; ${couldTake}`,
  ],
  [
    { kind: 'circuit-full', circuit: 'main', limitWatts: 43_000, source: fuse, moreAmps },
    'main board is full (power limit 43 kW)',
    `more when other loads or chargers on main board draw less; ${couldTake}`,
  ],
  [
    { kind: 'circuit-full', circuit: 'main', limitVoltAmperes: 50_000, source: fuse, moreAmps },
    'main board is full (power limit 50 kVA)',
    `more when other loads or chargers on main board draw less; ${couldTake}`,
  ],
  [
    { kind: 'circuit-full', circuit: 'main', phase: 'L3', limitAmps: 40, source: anna, moreAmps },
    'main board, L3 is full (40 A by the facility manager, anna)',
    `more when the facility manager, anna lifts the limit, or when other loads or chargers on main board, L3 draw less; ${couldTake}`,
  ],
  [
    { kind: 'circuit-full', circuit: 'main', limitWatts: 20_000, ...event, moreAmps },
    'main board is full (20 kW by the utility, evt-7 (grid emergency))',
    `more when the utility, evt-7 lifts the limit (it ends in 2 h), or when other loads or chargers on main board draw less; ${couldTake}`,
  ],
  [
    { kind: 'circuit-full', circuit: 'main', phase: 'L1', limitAmps: 63, source: fuse, meter: 'lost', moreAmps },
    'main board, L1 is full (fuse 63 A), its meter is lost and the worst is assumed',
    `more when Main meter is read again, or when other loads or chargers on main board, L1 draw less; ${couldTake}`,
  ],
  [
    { kind: 'circuit-full', circuit: 'gone', phase: 'L1', limitAmps: 9, source: fuse, meter: 'late', moreAmps },
    'gone, L1 is full (fuse 9 A), its meter is late',
    `more when the meter is read again, or when other loads or chargers on gone, L1 draw less; ${couldTake}`,
  ],
  // a group
  [
    { kind: 'group-full', group: 't', phase: 'L2', limitAmps: 32, source: { kind: 'permit' }, moreAmps },
    'tenant North, L2 has used up its limit (32 A by the permit)',
    `more when the permit allows more, or when other chargers of tenant North, L2 draw less; ${couldTake}`,
  ],
  [
    { kind: 'group-full', group: 'gone', limitWatts: 4_200, ...event, moreAmps },
    'gone has used up its limit (4.2 kW by the utility, evt-7 (grid emergency))',
    `more when the utility, evt-7 lifts the limit (it ends in 2 h), or when other chargers of gone draw less; ${couldTake}`,
  ],
  [
    { kind: 'unbalanced', circuit: 'main', phase: 'L1', against: 'L2', limitAmps: 20, moreAmps },
    'main board: L1 may carry at most 20 A more than L2',
    `more when cars draw more on L2; ${couldTake}`,
  ],
  [
    { kind: 'surplus-used', surplusWatts: 3_680, moreAmps },
    'charges from surplus alone, and there is 3.7 kW of it',
    `more when there is more sun, or when the building draws less; ${couldTake}`,
  ],
  // own maximum
  [
    { kind: 'own-maximum', source: { kind: 'charger' }, limitAmps: 32 },
    'the charger gives at most 32 A',
    'nothing: it has all that it can take',
  ],
  [
    { kind: 'own-maximum', source: { kind: 'car' }, limitAmps: 16 },
    'the car takes at most 16 A',
    'by itself, as soon as the car takes more',
  ],
  // caps on one EVSE, by each author that may set one
  [
    { kind: 'capped', source: { kind: 'upstream' }, limitAmps: 10.04 },
    "at most 10 A by the operator's back office",
    "more when the operator's back office lifts the limit",
  ],
  [
    { kind: 'capped', source: { kind: 'upstream' }, limitAmps: 16, station: 'A' },
    "at most 16 A for its whole station by the operator's back office",
    "more when the operator's back office lifts the limit, or when the other EVSEs of its station draw less",
  ],
  [
    { kind: 'capped', limitAmps: 0, ...event, keptAtAmps: 6 },
    'at most 0 A by the utility, evt-7 (grid emergency), but never less than 6 A for this model of charger',
    'more when the utility, evt-7 lifts the limit (it ends in 2 h)',
  ],
  [
    { kind: 'capped', limitAmps: 20, source: anna },
    'at most 20 A by the facility manager, anna',
    'more when the facility manager, anna lifts the limit',
  ],
  [
    { kind: 'capped', limitAmps: 20, source: { kind: 'cable' } },
    'at most 20 A by the cable',
    'more when a cable that carries more is used',
  ],
  [
    { kind: 'capped', limitAmps: 16, source: { kind: 'car' } },
    'at most 16 A by the car',
    'more when the car asks for more',
  ],
  [
    { kind: 'capped', limitAmps: 10, source: { kind: 'user', id: 'Kim' }, until: NOW + 600_000 },
    'at most 10 A by the driver, Kim',
    'more when the driver, Kim asks for more (it ends in 10 min)',
  ],
  [
    { kind: 'capped', limitAmps: 16, source: { kind: 'permit' } },
    'at most 16 A by the permit',
    'more when the permit allows more',
  ],
  // rising
  [
    { kind: 'rising', waitsFor: 'decreases' },
    'rising: waits for others to come down',
    'nothing to do: it rises by itself',
  ],
  [
    { kind: 'rising', waitsFor: 'dwell' },
    'rising: waits until the free capacity has lasted',
    'nothing to do: it rises by itself',
  ],
  [
    { kind: 'rising', waitsFor: 'meter' },
    'rising: waits for a fresh meter reading',
    "by itself, once the meter is read again; if this lasts, check the meter's supply and network",
  ],
  [
    { kind: 'rising', waitsFor: 'answer' },
    "rising: waits for the charger's answer",
    "by itself, once the charger answers; if this lasts, check the charger's network",
  ],
  [
    { kind: 'rising', waitsFor: 'write-budget' },
    "rising: waits, because the charger's memory takes only so many writes a day",
    'by itself, as soon as the charger may be written to again',
  ],
  // not under control: what a person does
  [
    { kind: 'unreachable', reservedAmps: 16 },
    'unreachable: 16 A reserved',
    "check the charger's power and network; it is served again once it answers",
  ],
  [
    { kind: 'floor-not-proved', reservedAmps: 32 },
    'safe floor not confirmed yet: 32 A reserved',
    'by itself, once the charger confirms its safe floor; if this lasts, restart it and see whether it takes charging profiles',
  ],
  [
    { kind: 'disobedient', reservedAmps: 32 },
    'draws more than it was told: 32 A reserved',
    'restart the charger or unplug the car; it is served again a minute after it keeps to its limit',
  ],
  [
    { kind: 'failsafe', detail: 'the main meter is lost' },
    'failsafe: the main meter is lost',
    'report this with the journal of this cycle; until then every charger keeps its safe floor',
  ],
];

const pauses: readonly (readonly [PausedBy, { missingAmps?: number; dueAt?: number }, string, string])[] = [
  [
    { kind: 'circuit', circuit: 'b', phase: 'L1', limitAmps: 50, source: fuse },
    { missingAmps: 4 },
    'paused: needs 6 A, sub-board B L1 has no room',
    'starts when 4 A more are free on sub-board B, L1',
  ],
  [
    { kind: 'circuit', circuit: 'main', limitWatts: 43_000, source: fuse },
    { missingAmps: 2.5, dueAt: NOW + 720_000 },
    'paused: needs 6 A, main board has no power left; due again in 12 min',
    'starts when 2.5 A more are free on main board, or when its turn comes in 12 min',
  ],
  [
    { kind: 'circuit', circuit: 'main', phase: 'L1', limitAmps: 3, ...event, meter: 'lost' },
    { missingAmps: 6 },
    'paused: needs 6 A, main board L1 has no room (3 A by the utility, evt-7 (grid emergency)), its meter is lost and the worst is assumed',
    'starts when Main meter is read again, or when the utility, evt-7 lifts the limit (it ends in 2 h), or when 6 A more are free on main board, L1',
  ],
  [
    { kind: 'group', group: 't', phase: 'L1', limitAmps: 32, source: { kind: 'permit' } },
    { missingAmps: 1 },
    'paused: needs 6 A, tenant North L1 has used up its limit (32 A by the permit)',
    'starts when the permit allows more, or when 1 A more are free in tenant North, L1',
  ],
  [
    { kind: 'unbalance', circuit: 'main', phase: 'L1', against: 'L3' },
    { missingAmps: 2 },
    'paused: needs 6 A, main board L1 would be too far above L3',
    'starts when cars draw 2 A more on L3',
  ],
  [
    { kind: 'station', station: 'A', limitAmps: 10, source: { kind: 'upstream' } },
    { missingAmps: 2 },
    "paused: needs 6 A, its station may have 10 A by the operator's back office",
    "starts when the operator's back office lifts the limit, or when the other EVSEs of its station draw 2 A less",
  ],
  [
    { kind: 'surplus', surplusWatts: 900 },
    { missingAmps: 4.7 },
    'paused: needs 6 A of surplus, there is 0.9 kW',
    'starts when there is surplus for 4.7 A more',
  ],
  [
    { kind: 'cap', limitAmps: 0, ...event },
    { dueAt: IN_TWO_HOURS },
    'paused: needs 6 A, at most 0 A by the utility, evt-7 (grid emergency); due again in 2 h',
    'starts when the utility, evt-7 lifts the limit (it ends in 2 h)',
  ],
  [
    { kind: 'rest' },
    { dueAt: NOW + 240_000 },
    'paused: it rests after charging; due again in 4 min',
    'starts by itself in 4 min',
  ],
];

describe('explaining a share', () => {
  test.each(sentences)('%j', (reason, why, remedy) => {
    expect(describeReason(reason, site, NOW)).toBe(why);
    expect(describeRemedy(reason, site, NOW)).toBe(remedy);
  });

  test.each(pauses)('paused by %j, %j', (by, rest, why, remedy) => {
    const reason: Reason = { kind: 'paused', by, neededAmps: 6, ...rest };
    expect(describeReason(reason, site, NOW)).toBe(why);
    expect(describeRemedy(reason, site, NOW)).toBe(remedy);
  });

  const led: readonly (readonly [Reason, number, string])[] = [
    [
      { kind: 'circuit-full', circuit: 'b', phase: 'L2', limitAmps: 63, source: fuse, moreAmps },
      8,
      '8 A: sub-board B, L2 is full (fuse 63 A)',
    ],
    [{ kind: 'own-maximum', source: { kind: 'car' }, limitAmps: 16 }, 16, '16 A: the car takes at most 16 A'],
    [{ kind: 'capped', source: { kind: 'utility' }, limitAmps: 9.6 }, 9.6, '9.6 A: at most 9.6 A by the utility'],
    [{ kind: 'rising', waitsFor: 'dwell' }, 20, 'rising: waits until the free capacity has lasted'],
    [{ kind: 'unreachable', reservedAmps: 16 }, 6, 'unreachable: 16 A reserved'],
    [{ kind: 'out-of-service', status: 'Faulted' }, 6, 'the charger reports a fault'],
  ];
  test.each(led)('a limit is led by its amperes, a state is not: %j %d', (reason, targetAmps, sentence) => {
    expect(describeShare({ reason, targetAmps }, site, NOW)).toBe(sentence);
  });
});
