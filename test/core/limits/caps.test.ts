// Every limit that is in force, folded: the tightest of each circuit, all of each group, the tightest of each EVSE; none loosens a rating.
import { describe, expect, test } from 'vitest';
import { capsInForce, circuitLimits, evseCaps, groupLimits } from '../../../src/core/limits/caps.ts';
import type { Cap } from '../../../src/core/model/limit.ts';
import { onEachPhase } from '../../../src/core/model/units.ts';
import { buildSite, circuit, evse } from '../../support/site-builder.ts';

const utility = { kind: 'utility', id: 'evt-7' } as const;
const manager = { kind: 'facility-manager', id: 'anna' } as const;
const cap = (part: Partial<Cap>): Cap => ({
  id: 'c',
  source: utility,
  scope: { kind: 'circuit', circuit: 'main' },
  ...part,
});
const site = buildSite({
  circuits: [
    circuit({ id: 'main', limitWatts: 40_000, limitVoltAmperes: 43_000 }),
    circuit({ id: 'b', parent: 'main' }),
  ],
  evses: [evse({ station: 'A' }), evse({ station: 'B', phases: ['L2'] }), evse({ station: 'C' })],
  groups: [
    { id: 'g', name: 'G', evses: ['A/1'], limitWatts: 4_200, netOfSurplus: true },
    { id: 'h', name: 'H', evses: ['B/1', 'C/1'], limitAmps: { L1: 20, L2: 10, L3: 20 } },
  ],
});

describe('when a cap holds', () => {
  test.each([
    ['from its start on', { from: 100 }, [false, true, true]],
    ['until just before its end', { until: 100 }, [true, false, false]],
    ['always, when it says nothing', {}, [true, true, true]],
  ])('%s', (_story, part, expected) => {
    expect([99, 100, 101].map((now) => capsInForce([cap(part)], now).length === 1)).toEqual(expected);
  });
});

describe('a circuit', () => {
  const limitOf = (caps: readonly Cap[]) => circuitLimits(site, caps, 0).get('main')!;

  test('has the tightest of its fuse and its caps on each phase, with the author of each', () => {
    const { phases } = limitOf([
      cap({ limitAmps: { L1: 50, L2: 80, L3: 63 } }),
      cap({ source: manager, limitAmps: { L1: 40, L2: 60, L3: -5 } }),
      cap({ scope: { kind: 'circuit', circuit: 'b' }, limitAmps: onEachPhase(1) }),
    ]);
    expect(phases).toEqual({
      L1: { amps: 40, source: manager },
      L2: { amps: 60, source: manager },
      L3: { amps: 0, source: manager },
    });
  });

  test.each([
    [[], { watts: 40_000, unit: 'W', source: { kind: 'fuse' } }],
    [[cap({ limitVoltAmperes: 30_000 })], { watts: 30_000, unit: 'VA', source: utility }],
    [[cap({ limitVoltAmperes: 30_000, limitWatts: 20_000 })], { watts: 20_000, unit: 'W', source: utility }],
    [[cap({ limitWatts: 90_000 })], { watts: 40_000, unit: 'W', source: { kind: 'fuse' } }],
    [[cap({ limitWatts: -1 })], { watts: 0, unit: 'W', source: utility }],
  ] as const)('has the tightest of its power limits: %j', (caps, expected) => {
    expect(limitOf(caps).power).toEqual(expected);
  });

  test('without any power limit has none', () => {
    expect(circuitLimits(site, [], 0).get('b')).not.toHaveProperty('power');
  });
});

describe('groups', () => {
  const permit = { kind: 'permit' } as const;

  test('keep every limit of their own and every cap', () => {
    const scope = { kind: 'group', group: 'h' } as const;
    expect(groupLimits(site, [cap({ scope, limitWatts: 7_000 })], 0)).toEqual([
      { group: 'g', members: ['A/1'], watts: 4_200, netOfSurplus: true, source: permit },
      { group: 'h', members: ['B/1', 'C/1'], amps: { L1: 20, L2: 10, L3: 20 }, netOfSurplus: false, source: permit },
      { group: 'h', members: ['B/1', 'C/1'], watts: 7_000, netOfSurplus: false, source: utility },
    ]);
  });

  test('that may both use the surplus on top may use it once together', () => {
    const scope = { kind: 'group', group: 'h' } as const;
    const caps = [9_000, 5_000].map((limitWatts) => cap({ scope, limitWatts, netOfSurplus: true }));
    expect(groupLimits(site, caps, 0).at(-1)).toEqual({
      group: 'g',
      members: ['A/1', 'B/1', 'C/1'],
      watts: 9_200,
      netOfSurplus: true,
      source: permit,
    });
  });
});

describe('an EVSE', () => {
  const capOf = (id: string, part: Partial<Cap>) =>
    evseCaps(site, [cap({ scope: { kind: 'evse', evse: id }, ...part })], 0).get(id);

  test.each([
    ['A/1', { limitAmps: { L1: 16, L2: 10, L3: 12 } }, 10],
    ['B/1', { limitAmps: { L1: 16, L2: 10, L3: 4 } }, 10],
    ['A/1', { limitWatts: 6_900 }, 10],
    ['B/1', { limitWatts: 2_300 }, 10],
    ['A/1', { limitAmps: onEachPhase(8), limitWatts: 6_900 }, 8],
    ['A/1', { limitAmps: onEachPhase(-8) }, 0],
  ])('%s is capped by %j to %d A', (id, part, amps) => {
    expect(capOf(id, part)).toEqual({ amps, source: utility });
  });

  test('the tightest rules, and says its note and its end; an EVSE that there is not is passed over', () => {
    const scope = { kind: 'evse', evse: 'A/1' } as const;
    const caps = [
      cap({ scope, limitAmps: onEachPhase(12) }),
      cap({ scope, limitAmps: onEachPhase(9), source: manager, note: 'cable', until: 500 }),
      cap({ scope, limitAmps: onEachPhase(10) }),
      cap({ scope: { kind: 'evse', evse: 'gone/1' }, limitAmps: onEachPhase(1) }),
    ];
    expect([...evseCaps(site, caps, 0)]).toEqual([['A/1', { amps: 9, source: manager, note: 'cable', until: 500 }]]);
  });
});
