// Every kind of binding leads to its reason, over whole sites; and doing what the reason asks for really gives more.
import { describe, expect, test } from 'vitest';
import { onEachPhase } from '../../../src/core/model/units.ts';
import { evse } from '../../support/site-builder.ts';
import type { World } from '../../support/world.ts';
import {
  busy,
  byUtility,
  onA,
  onMain,
  onOddPhases,
  onTenant,
  remedyOf,
  type Setting,
  shareOf,
  stationMaximum,
  sunny,
  tenant,
  twins,
  utility,
} from './busy-site.ts';

type Story = {
  readonly story: string;
  readonly setting: Setting;
  /** What happens before the cars have settled. */
  readonly before?: (world: World) => void;
  readonly reason: (world: World) => object;
  /** Does what the remedy says; the share must then be higher. */
  readonly remedy: RegExp;
  readonly follow: (world: World) => void;
};

const stories: readonly Story[] = [
  {
    story: 'a phase is full',
    setting: {},
    reason: () => ({
      kind: 'circuit-full',
      circuit: 'main',
      phase: 'L1',
      limitAmps: 40,
      source: { kind: 'fuse' },
      moreAmps: 12,
    }),
    remedy: /other loads or chargers on main, L1 draw less; it could take 12 A more/,
    follow: (world) => world.unplug('B/1'),
  },
  {
    story: 'the watts of a circuit are used up',
    setting: { main: { limitWatts: 13_800 } },
    reason: () => ({
      kind: 'circuit-full',
      circuit: 'main',
      limitWatts: 13_800,
      source: { kind: 'fuse' },
      moreAmps: 22,
    }),
    remedy: /chargers on main draw less; it could take 22 A more/,
    follow: (world) => world.unplug('B/1'),
  },
  {
    story: 'the volt-amperes of a circuit are used up before its watts',
    setting: { main: { limitWatts: 20_000, limitVoltAmperes: 13_800 } },
    reason: () => ({
      kind: 'circuit-full',
      circuit: 'main',
      limitVoltAmperes: 13_800,
      source: { kind: 'fuse' },
      moreAmps: 22,
    }),
    remedy: /chargers on main draw less/,
    follow: (world) => world.unplug('B/1'),
  },
  {
    story: 'the utility has lowered a circuit for a while',
    setting: {},
    before: (world) => {
      world.caps = [utility(world, { scope: onMain, limitAmps: onEachPhase(20) })];
    },
    reason: (world) => ({
      kind: 'circuit-full',
      circuit: 'main',
      phase: 'L1',
      limitAmps: 20,
      ...byUtility(world.caps[0]!.until!),
      moreAmps: 22,
    }),
    remedy: /^more when the utility, evt-7 lifts the limit \(it ends in 9 min\), or when other loads/,
    follow: (world) => world.step(600),
  },
  {
    story: 'the utility has lowered the power of a circuit',
    setting: {},
    before: (world) => {
      world.caps = [utility(world, { scope: onMain, limitVoltAmperes: 13_800 })];
    },
    reason: (world) => ({
      kind: 'circuit-full',
      circuit: 'main',
      limitVoltAmperes: 13_800,
      ...byUtility(world.caps[0]!.until!),
      moreAmps: 22,
    }),
    remedy: /^more when the utility, evt-7 lifts the limit/,
    follow: (world) => {
      world.caps = [];
    },
  },
  {
    story: 'the meter of a full circuit is lost',
    setting: { main: { worstBaseLoadAmps: onEachPhase(20) } },
    before: (world) => {
      world.step(60);
      world.meterWorks = false;
    },
    reason: () => ({
      kind: 'circuit-full',
      circuit: 'main',
      phase: 'L1',
      limitAmps: 40,
      source: { kind: 'fuse' },
      meter: 'lost',
      moreAmps: 22,
    }),
    remedy: /^more when Main meter is read again, or when other loads/,
    follow: (world) => {
      world.meterWorks = true;
    },
  },
  {
    story: 'a group has used up its amperes',
    setting: { groups: tenant({ limitAmps: onEachPhase(20) }) },
    reason: () => ({
      kind: 'group-full',
      group: 't',
      phase: 'L1',
      limitAmps: 20,
      source: { kind: 'permit' },
      moreAmps: 22,
    }),
    remedy:
      /^more when the permit allows more, or when other chargers of tenant, L1 draw less; it could take 22 A more/,
    follow: (world) => world.unplug('B/1'),
  },
  {
    story: 'a group has used up its watts',
    setting: { groups: tenant({ limitWatts: 13_800 }) },
    reason: () => ({
      kind: 'group-full',
      group: 't',
      limitWatts: 13_800,
      source: { kind: 'permit' },
      moreAmps: 22,
    }),
    remedy: /or when other chargers of tenant draw less/,
    follow: (world) => world.unplug('B/1'),
  },
  {
    story: 'the utility has lowered a group',
    setting: { groups: tenant({}) },
    before: (world) => {
      world.caps = [utility(world, { scope: onTenant, limitWatts: 13_800 })];
    },
    reason: (world) => ({
      kind: 'group-full',
      group: 't',
      limitWatts: 13_800,
      ...byUtility(world.caps[0]!.until!),
      moreAmps: 22,
    }),
    remedy:
      /^more when the utility, evt-7 lifts the limit \(it ends in \d min\), or when other chargers of tenant draw less/,
    follow: (world) => {
      world.caps = [];
    },
  },
  {
    story: 'upstream limits a whole station',
    setting: { evses: twins },
    before: (world) => world.setUpstreamProfiles('A', stationMaximum(20)),
    reason: () => ({ kind: 'capped', limitAmps: 20, station: 'A', source: { kind: 'upstream' } }),
    remedy: /^more when the operator's back office lifts the limit, or when the other EVSEs of its station draw less$/,
    follow: (world) => world.unplug('A/2'),
  },
  {
    story: 'one phase would carry too much more than another',
    setting: { evses: onOddPhases, main: { unbalanceAmps: 20 } },
    before: (world) => world.unplug('B/1'),
    reason: () => ({
      kind: 'unbalanced',
      circuit: 'main',
      phase: 'L1',
      against: 'L2',
      limitAmps: 20,
      moreAmps: 12,
    }),
    remedy: /^more when cars draw more on L2; it could take 12 A more$/,
    follow: (world) => world.plugIn('B/1'),
  },
  {
    story: 'the surplus is used up',
    setting: { evses: [evse({ station: 'A', floorAmps: 0 })] },
    before: (world) => {
      sunny(world, 8_280);
      world.step(400);
    },
    reason: () => ({
      kind: 'surplus-used',
      surplusWatts: expect.closeTo(8_280, -1),
      moreAmps: expect.closeTo(20, 0),
    }),
    remedy: /^more when there is more sun, or when the building draws less; it could take 20(\.\d)? A more$/,
    follow: (world) => sunny(world, 12_000),
  },
  ...(
    [
      ['cable', /^more when a cable that carries more is used$/],
      ['car', /^more when the car, x asks for more/],
      ['user', /^more when the driver, x asks for more \(it ends in 9 min\)$/],
      ['permit', /^more when the permit, x allows more/],
      ['upstream', /^more when the operator's back office, x lifts the limit \(it ends in 9 min\)$/],
      ['facility-manager', /^more when the facility manager, x lifts the limit/],
      ['utility', /^more when the utility, x lifts the limit/],
    ] as const
  ).map(
    ([kind, remedy]): Story => ({
      story: `one EVSE is capped by: ${kind}`,
      setting: {},
      before: (world) => {
        world.caps = [utility(world, { scope: onA, limitAmps: onEachPhase(10), source: { kind, id: 'x' } })];
      },
      reason: (world) => ({
        kind: 'capped',
        limitAmps: 10,
        source: { kind, id: 'x' },
        note: 'grid emergency',
        until: world.caps[0]!.until,
      }),
      remedy,
      follow: (world) => {
        world.caps = [];
      },
    }),
  ),
  {
    story: 'a model that must not be told 0 A is capped at 0 A',
    setting: { quirks: ['zero-amps-breaks-next-limit'], evses: [evse({ station: 'A' })] },
    before: (world) => {
      world.caps = [utility(world, { scope: onA, limitAmps: onEachPhase(0) })];
    },
    reason: (world) => ({ kind: 'capped', limitAmps: 0, keptAtAmps: 6, ...byUtility(world.caps[0]!.until!) }),
    remedy: /lifts the limit/,
    follow: (world) => {
      world.caps = [];
    },
  },
  {
    story: 'a car takes less than it is offered',
    setting: { car: { phases: 3, maxAmps: 9 } },
    before: (world) => world.step(120),
    reason: () => ({ kind: 'own-maximum', source: { kind: 'car' }, limitAmps: 11 }),
    remedy: /^by itself, as soon as the car takes more$/,
    follow: (world) => {
      world.charger('A/1').car = { phases: 3, maxAmps: 32 };
    },
  },
];

describe('a share that could be higher', () => {
  test.each(stories)('$story', ({ setting, before, reason, remedy, follow }) => {
    const world = busy(setting);
    before?.(world);
    world.step(70);
    const { targetAmps, reason: given } = shareOf(world);
    expect(given).toEqual(reason(world));
    expect(remedyOf(world)).toMatch(remedy);
    follow(world);
    world.step(180);
    expect(shareOf(world).targetAmps).toBeGreaterThan(targetAmps);
  });

  test('a car with all that its charger gives needs nothing', () => {
    const world = busy({ main: { ratingAmps: onEachPhase(80) } });
    world.step(60);
    expect(shareOf(world)).toMatchObject({
      targetAmps: 32,
      reason: { kind: 'own-maximum', source: { kind: 'charger' }, limitAmps: 32 },
    });
    expect(remedyOf(world)).toBe('nothing: it has all that it can take');
  });

  test('a car that rounding gave the last step to its maximum has all that it can take', () => {
    const small = { floorAmps: 0, maxAmps: 10, stepAmps: 1 };
    const world = busy({
      main: { ratingAmps: onEachPhase(19.5) },
      evses: [evse({ station: 'A', ...small }), evse({ station: 'B', ...small })],
    });
    world.step(60);
    expect(shareOf(world)).toMatchObject({ targetAmps: 10, reason: { kind: 'own-maximum' } });
    expect(shareOf(world, 1)).toMatchObject({ targetAmps: 9, reason: { kind: 'circuit-full', moreAmps: 1 } });
  });
});
