// Why a car is paused, what would let it start, and when its turn comes: over whole sites, by every kind of limit.
import { describe, expect, test } from 'vitest';
import { onEachPhase } from '../../../src/core/model/units.ts';
import { circuit, evse } from '../../support/site-builder.ts';
import type { World } from '../../support/world.ts';
import {
  busy,
  byUtility,
  onA,
  onMain,
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
  readonly before?: (world: World) => void;
  /** The EVSE that is paused. */
  readonly at: number;
  readonly by: (world: World) => object;
  readonly missingAmps?: number;
  readonly remedy: RegExp;
  /** Does what the remedy says; the car must then be let start. */
  readonly follow: (world: World) => void;
};

const free = { source: { kind: 'fuse' } } as const;

const stories: readonly Story[] = [
  {
    story: 'a phase has no room for one more minimum',
    setting: { main: { ratingAmps: onEachPhase(10) } },
    at: 1,
    by: () => ({ kind: 'circuit', circuit: 'main', phase: 'L1', limitAmps: 10, ...free }),
    missingAmps: 2,
    remedy: /^starts when 2 A more are free on main, L1, or when its turn comes in \d+ min$/,
    follow: (world) => world.unplug('A/1'),
  },
  {
    story: 'the watts of a circuit are used up',
    setting: { main: { limitWatts: 6_900 } },
    at: 1,
    by: () => ({ kind: 'circuit', circuit: 'main', limitWatts: 6_900, ...free }),
    missingAmps: 2,
    remedy: /^starts when 2 A more are free on main, or when its turn/,
    follow: (world) => world.unplug('A/1'),
  },
  {
    story: 'the volt-amperes of a circuit are used up',
    setting: { main: { limitVoltAmperes: 6_900 } },
    at: 1,
    by: () => ({ kind: 'circuit', circuit: 'main', limitVoltAmperes: 6_900, ...free }),
    missingAmps: 2,
    remedy: /^starts when 2 A more are free on main/,
    follow: (world) => world.unplug('A/1'),
  },
  {
    story: 'the utility has lowered a circuit below the minimum',
    setting: {},
    before: (world) => {
      world.caps = [utility(world, { scope: onMain, limitAmps: onEachPhase(4) })];
    },
    at: 0,
    by: (world) => ({
      kind: 'circuit',
      circuit: 'main',
      phase: 'L1',
      limitAmps: 4,
      ...byUtility(world.caps[0]!.until!),
    }),
    missingAmps: 2,
    remedy:
      /^starts when the utility, evt-7 lifts the limit \(it ends in 9 min\), or when 2 A more are free on main, L1$/,
    follow: (world) => {
      world.caps = [];
    },
  },
  {
    story: 'the meter is lost and the worst base load takes it all',
    setting: { main: { worstBaseLoadAmps: onEachPhase(38) } },
    before: (world) => {
      world.meterWorks = false;
    },
    at: 0,
    by: () => ({ kind: 'circuit', circuit: 'main', phase: 'L1', limitAmps: 40, meter: 'lost', ...free }),
    missingAmps: 4,
    remedy: /^starts when Main meter is read again, or when 4 A more are free on main, L1$/,
    follow: (world) => {
      world.meterWorks = true;
    },
  },
  {
    story: 'a group has no amperes left',
    setting: { groups: tenant({ limitAmps: onEachPhase(10) }) },
    at: 1,
    by: () => ({ kind: 'group', group: 't', phase: 'L1', limitAmps: 10, source: { kind: 'permit' } }),
    missingAmps: 2,
    remedy: /^starts when the permit allows more, or when 2 A more are free in tenant, L1, or when its turn/,
    follow: (world) => world.unplug('A/1'),
  },
  {
    story: 'a group has no watts left',
    setting: { groups: tenant({ limitWatts: 6_900 }) },
    at: 1,
    by: () => ({ kind: 'group', group: 't', limitWatts: 6_900, source: { kind: 'permit' } }),
    missingAmps: 2,
    remedy: /^starts when the permit allows more, or when 2 A more are free in tenant, or when its turn/,
    follow: (world) => world.unplug('A/1'),
  },
  {
    story: 'the utility has lowered a group below the minimum',
    setting: { groups: tenant({}) },
    before: (world) => {
      world.caps = [utility(world, { scope: onTenant, limitWatts: 2_070 })];
    },
    at: 0,
    by: (world) => ({ kind: 'group', group: 't', limitWatts: 2_070, ...byUtility(world.caps[0]!.until!) }),
    missingAmps: 3,
    remedy:
      /^starts when the utility, evt-7 lifts the limit \(it ends in 9 min\), or when 3 A more are free in tenant$/,
    follow: (world) => {
      world.caps = [];
    },
  },
  {
    story: 'upstream leaves a station room for one of its two',
    setting: { evses: twins },
    before: (world) => world.setUpstreamProfiles('A', stationMaximum(10)),
    at: 1,
    by: () => ({ kind: 'station', station: 'A', limitAmps: 10, source: { kind: 'upstream' } }),
    missingAmps: 2,
    remedy:
      /^starts when the operator's back office lifts the limit, or when the other EVSEs of its station draw 2 A less/,
    follow: (world) => world.unplug('A/1'),
  },
  {
    story: 'its phase would be too far above another',
    setting: {
      evses: [
        evse({ station: 'A', phases: ['L1'], floorAmps: 0 }),
        evse({ station: 'B', phases: ['L2', 'L3'], floorAmps: 0 }),
      ],
      main: { unbalanceAmps: 4 },
    },
    before: (world) => world.unplug('B/1'),
    at: 0,
    by: () => ({ kind: 'unbalance', circuit: 'main', phase: 'L1', against: 'L2' }),
    missingAmps: 2,
    remedy: /^starts when cars draw 2 A more on L2$/,
    // A car on the others' phases alone is as unbalanced; one on all three that draws is no help either. The board has to allow more.
    follow: (world) => {
      Object.assign(world, {
        site: { ...world.site, circuits: world.site.circuits.map((one) => ({ ...one, unbalanceAmps: 6 })) },
      });
    },
  },
  {
    story: 'there is too little surplus for its minimum',
    setting: { evses: [evse({ station: 'A', floorAmps: 0 })] },
    before: (world) => {
      sunny(world, 2_070);
      world.step(400);
    },
    at: 0,
    by: () => ({ kind: 'surplus', surplusWatts: expect.closeTo(2_070, -1) }),
    missingAmps: 3,
    remedy: /^starts when there is surplus for 3 A more$/,
    follow: (world) => sunny(world, 8_280),
  },
  {
    story: 'a cap on itself is below its minimum',
    setting: {},
    before: (world) => {
      world.caps = [utility(world, { scope: onA, limitAmps: onEachPhase(5) })];
    },
    at: 0,
    by: (world) => ({ kind: 'cap', limitAmps: 5, ...byUtility(world.caps[0]!.until!) }),
    remedy: /^starts when the utility, evt-7 lifts the limit \(it ends in 9 min\)$/,
    follow: (world) => {
      world.caps = [];
    },
  },
];

describe('a paused car', () => {
  test.each(stories)('$story', ({ setting, before, at, by, missingAmps, remedy, follow }) => {
    const world = busy(setting);
    before?.(world);
    world.step(70);
    const { reason, targetAmps } = shareOf(world, at);
    expect(targetAmps).toBe(0);
    expect(reason).toMatchObject({ kind: 'paused', neededAmps: 6 });
    if (reason.kind !== 'paused') throw new Error(reason.kind);
    expect(reason.by).toEqual(by(world));
    if (missingAmps === undefined) expect(reason).not.toHaveProperty('missingAmps');
    else expect(reason.missingAmps).toBeCloseTo(missingAmps, 1);
    expect(remedyOf(world, at)).toMatch(remedy);
    follow(world);
    world.step(180);
    expect(shareOf(world, at).targetAmps).toBeGreaterThanOrEqual(6);
  });

  test('is due when the cap on it ends, and starts then', () => {
    const world = busy();
    world.caps = [utility(world, { scope: onA, limitAmps: onEachPhase(0) })];
    world.step(70);
    const { reason } = shareOf(world);
    if (reason.kind !== 'paused') throw new Error(reason.kind);
    expect(reason.dueAt).toBe(world.caps[0]!.until);
    while (world.now < reason.dueAt! + 2_000) world.step();
    expect(shareOf(world).targetAmps).toBeGreaterThanOrEqual(6);
  });

  test('rests after charging until the time that it is told', () => {
    const world = busy();
    world.step(90);
    world.caps = [utility(world, { scope: onA, limitAmps: onEachPhase(0) })];
    world.step(30);
    world.caps = [];
    world.step(1);
    const { reason } = shareOf(world);
    if (reason.kind !== 'paused' || reason.dueAt === undefined) throw new Error(reason.kind);
    expect(reason.by).toEqual({ kind: 'rest' });
    expect(remedyOf(world)).toMatch(/^starts by itself in \d min$/);
    while (world.now < reason.dueAt - 1_000) world.step();
    expect(shareOf(world).targetAmps).toBe(0);
    world.step(2);
    expect(shareOf(world).targetAmps).toBeGreaterThanOrEqual(6);
  });
});

describe('whose turn it is', () => {
  /** Board `b` of 10 A with cars C, D beneath a root on which A and B charge on the same phases. */
  const twoBoards = (extra: Partial<Parameters<typeof evse>[0]> = {}) =>
    busy({
      main: { ratingAmps: onEachPhase(60) },
      circuits: [circuit({ id: 'b', parent: 'main', ratingAmps: onEachPhase(10) })],
      evses: [
        evse({ station: 'A', floorAmps: 0 }),
        evse({ station: 'B', floorAmps: 0 }),
        evse({ station: 'C', circuit: 'b', floorAmps: 0, ...extra }),
        evse({ station: 'D', circuit: 'b', floorAmps: 0 }),
      ],
    });

  test('a turn is promised by an equal in the row that is full, and comes within a minute of its time', () => {
    const world = twoBoards();
    world.step(70);
    const { reason } = shareOf(world, 3);
    if (reason.kind !== 'paused' || reason.dueAt === undefined) throw new Error(`D is ${reason.kind}, never due`);
    expect(reason.dueAt - world.now).toBeGreaterThan(600_000);
    while (world.now < reason.dueAt - 1_000) world.step();
    expect(shareOf(world, 3).targetAmps).toBe(0);
    world.step(60);
    expect(shareOf(world, 3).targetAmps).toBeGreaterThanOrEqual(6);
  });

  test('those who charge on another board never give way, so none is promised', () => {
    const world = twoBoards({ priority: 1 });
    world.step(70);
    expect(shareOf(world, 3).reason).toMatchObject({ kind: 'paused', by: { circuit: 'b' } });
    expect(shareOf(world, 3).reason).not.toHaveProperty('dueAt');
  });

  test('the pause of one that makes too little room is not promised', () => {
    // A needs 10 A on each phase; of the two on L1 and L2 neither alone makes room for it.
    const world = busy({
      main: { ratingAmps: onEachPhase(10) },
      evses: [
        evse({ station: 'A', minAmps: 10, floorAmps: 0 }),
        evse({ station: 'B', phases: ['L1'], floorAmps: 0 }),
        evse({ station: 'C', phases: ['L1'], minAmps: 4, floorAmps: 0 }),
      ],
    });
    world.step(70);
    expect(shareOf(world, 0).reason).toMatchObject({ kind: 'paused' });
    expect(shareOf(world, 0).reason).not.toHaveProperty('dueAt');
  });

  test('a shorter turn than the time that a car keeps its place is not promised', () => {
    const world = busy({
      main: { ratingAmps: onEachPhase(10) },
      policy: { pause: { minOnMs: 600_000, minOffMs: 60_000, turnMs: 120_000 } },
    });
    world.step(70);
    const { reason } = shareOf(world, 1);
    if (reason.kind !== 'paused' || reason.dueAt === undefined) throw new Error(`B is ${reason.kind}, never due`);
    expect(reason.dueAt - world.now).toBeGreaterThan(480_000);
    while (world.now < reason.dueAt + 60_000) world.step();
    expect(shareOf(world, 1).targetAmps).toBeGreaterThanOrEqual(6);
  });

  test('a car that does not wake well keeps its place, so none is promised', () => {
    const world = busy({ main: { ratingAmps: onEachPhase(10) }, quirks: ['needs-wake-up'] });
    world.step(70);
    expect(shareOf(world, 1).reason).not.toHaveProperty('dueAt');
    world.step(1_800);
    expect(shareOf(world, 1).targetAmps).toBe(0);
  });

  test('who has waited longer is due first, and only those who wait for the same place count', () => {
    const world = busy({
      main: { ratingAmps: onEachPhase(20) },
      circuits: ['b', 'c'].map((id) => circuit({ id, parent: 'main', ratingAmps: onEachPhase(10) })),
      evses: ['A', 'B', 'C', 'D', 'E'].map((station, at) =>
        evse({ station, circuit: at < 3 ? 'b' : 'c', floorAmps: 0 }),
      ),
    });
    world.step(70);
    const due = [1, 2, 4].map((at) => {
      const { reason } = shareOf(world, at);
      return reason.kind === 'paused' ? reason.dueAt : undefined;
    });
    const { turnMs } = world.site.policy.pause;
    expect(due[1]! - due[0]!).toBe(turnMs);
    expect(Math.abs(due[2]! - due[0]!)).toBeLessThan(60_000);
  });

  test('a turn that is overdue, because one place is not enough, is not promised again', () => {
    // B on L1 and C on L2 would both have to give way to A.
    const world = busy({
      main: { ratingAmps: onEachPhase(10) },
      evses: [
        evse({ station: 'A', floorAmps: 0 }),
        evse({ station: 'B', phases: ['L1'], floorAmps: 0 }),
        evse({ station: 'C', phases: ['L2'], floorAmps: 0 }),
      ],
    });
    world.step(70 + world.site.policy.pause.turnMs / 1_000);
    expect(shareOf(world).reason).toMatchObject({ kind: 'paused' });
    expect(shareOf(world).reason).not.toHaveProperty('dueAt');
    expect(remedyOf(world)).toBe('starts when 2 A more are free on main, L1');
  });
});
