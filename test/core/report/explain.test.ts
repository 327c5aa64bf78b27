// Each reason as the sentence a person reads; the table is the specification.
import { describe, expect, test } from 'vitest';
import type { Reason } from '../../../src/core/model/decision.ts';
import type { Source } from '../../../src/core/model/limit.ts';
import { describeAmps, describeReason, describeShare, describeSource } from '../../../src/core/report/explain.ts';
import { buildSite, circuit } from '../../support/site-builder.ts';

const site = buildSite({
  circuits: [
    circuit({ id: 'main', name: 'main board', limitWatts: 43_000 }),
    circuit({ id: 'b', name: 'sub-board B', parent: 'main', ratingAmps: { L1: 50, L2: 63, L3: 63 } }),
  ],
});

const sentences: readonly (readonly [Reason, string])[] = [
  [{ kind: 'no-car' }, 'no car is connected'],
  // circuit full: the number when it is the commissioned one, the author when it is not
  [
    { kind: 'circuit-full', circuit: 'b', phase: 'L2', source: { kind: 'fuse' } },
    'sub-board B, L2 is full (fuse 63 A)',
  ],
  [
    { kind: 'circuit-full', circuit: 'b', phase: 'L1', source: { kind: 'fuse' } },
    'sub-board B, L1 is full (fuse 50 A)',
  ],
  [{ kind: 'circuit-full', circuit: 'main', source: { kind: 'fuse' } }, 'main board is full (power limit 43 kW)'],
  [
    { kind: 'circuit-full', circuit: 'b', source: { kind: 'fuse' } },
    'sub-board B is full (power limit set by the fuse)',
  ],
  [
    { kind: 'circuit-full', circuit: 'main', phase: 'L3', source: { kind: 'facility-manager', id: 'anna' } },
    'main board, L3 is full (limit set by the facility manager, anna)',
  ],
  [
    { kind: 'circuit-full', circuit: 'main', source: { kind: 'utility', id: 'evt-7' } },
    'main board is full (power limit set by the utility, evt-7)',
  ],
  [
    { kind: 'circuit-full', circuit: 'main', phase: 'L1', source: { kind: 'meter' } },
    'main board, L1 is full (as metered)',
  ],
  [
    { kind: 'circuit-full', circuit: 'gone', phase: 'L1', source: { kind: 'fuse' } },
    'gone, L1 is full (limit set by the fuse)',
  ],
  // own maximum
  [{ kind: 'own-maximum', source: { kind: 'charger' }, limitAmps: 32 }, 'the charger gives at most 32 A'],
  [{ kind: 'own-maximum', source: { kind: 'car' }, limitAmps: 16 }, 'the car takes at most 16 A'],
  [{ kind: 'own-maximum', source: { kind: 'cable' }, limitAmps: 20 }, 'the cable carries at most 20 A'],
  [{ kind: 'own-maximum', source: { kind: 'floor' }, limitAmps: 6 }, 'at most 6 A by the safe floor'],
  // caps
  [{ kind: 'capped', source: { kind: 'upstream' }, limitAmps: 10.04 }, "at most 10 A by the operator's back office"],
  [
    { kind: 'capped', source: { kind: 'utility', id: 'evt-7' }, limitAmps: 0, note: 'grid emergency' },
    'at most 0 A by the utility, evt-7 (grid emergency)',
  ],
  // waiting
  [
    { kind: 'paused', by: { kind: 'circuit', circuit: 'b', phase: 'L1', source: { kind: 'fuse' } }, neededAmps: 6 },
    'paused: needs 6 A, sub-board B L1 has no room',
  ],
  [
    { kind: 'paused', by: { kind: 'circuit', circuit: 'main', source: { kind: 'fuse' } }, neededAmps: 6 },
    'paused: needs 6 A, main board has no power left',
  ],
  [{ kind: 'rising', waitsFor: 'decreases' }, 'rising: waits for others to come down'],
  [{ kind: 'rising', waitsFor: 'dwell' }, 'rising: waits until the free capacity has lasted'],
  [{ kind: 'rising', waitsFor: 'meter' }, 'rising: waits for a fresh meter reading'],
  [{ kind: 'rising', waitsFor: 'answer' }, "rising: waits for the charger's answer"],
  // not under control
  [{ kind: 'unreachable', reservedAmps: 16 }, 'unreachable: 16 A reserved'],
  [{ kind: 'floor-not-proved', reservedAmps: 32 }, 'safe floor not confirmed yet: 32 A reserved'],
  [{ kind: 'disobedient', reservedAmps: 32 }, 'draws more than it was told: 32 A reserved'],
  [{ kind: 'failsafe', detail: 'the main meter is lost' }, 'failsafe: the main meter is lost'],
];

describe('explaining a share', () => {
  test.each(sentences)('%j', (reason, sentence) => {
    expect(describeReason(reason, site, 0)).toBe(sentence);
  });

  const led: readonly (readonly [Reason, number, string])[] = [
    [
      { kind: 'circuit-full', circuit: 'b', phase: 'L2', source: { kind: 'fuse' } },
      8,
      '8 A: sub-board B, L2 is full (fuse 63 A)',
    ],
    [{ kind: 'own-maximum', source: { kind: 'car' }, limitAmps: 16 }, 16, '16 A: the car takes at most 16 A'],
    [{ kind: 'capped', source: { kind: 'utility' }, limitAmps: 9.6 }, 9.6, '9.6 A: at most 9.6 A by the utility'],
    [{ kind: 'rising', waitsFor: 'dwell' }, 20, 'rising: waits until the free capacity has lasted'],
    [{ kind: 'unreachable', reservedAmps: 16 }, 6, 'unreachable: 16 A reserved'],
  ];
  test.each(led)('a limit is led by its amperes, a state is not: %j %d', (reason, targetAmps, sentence) => {
    expect(describeShare({ reason, targetAmps }, site, 0)).toBe(sentence);
  });

  const authors: readonly (readonly [Source, string])[] = [
    [{ kind: 'fuse' }, 'the fuse'],
    [{ kind: 'meter', id: 'main' }, 'the meter, main'],
    [{ kind: 'facility-manager', id: 'anna' }, 'the facility manager, anna'],
    [{ kind: 'utility', id: 'evt-7' }, 'the utility, evt-7'],
    [{ kind: 'upstream' }, "the operator's back office"],
    [{ kind: 'charger' }, 'the charger'],
    [{ kind: 'cable' }, 'the cable'],
    [{ kind: 'car' }, 'the car'],
    [{ kind: 'floor' }, 'the safe floor'],
    [{ kind: 'controller' }, 'Busbar'],
  ];
  test.each(authors)('every limit has an author: %j', (source, words) => {
    expect(describeSource(source)).toBe(words);
  });

  test.each([
    [8, '8 A'],
    [6.25, '6.3 A'],
    [0, '0 A'],
    [-0.01, '0 A'],
    [-4.4, '-4.4 A'],
  ])('amperes %d read %s', (amps, text) => {
    expect(describeAmps(amps)).toBe(text);
  });
});
