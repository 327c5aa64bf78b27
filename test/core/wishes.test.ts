// What sessions want: deadlines, priorities, surplus alone; and what the meter's sign means for them.
import { describe, expect, test } from 'vitest';
import type { Policy, Site } from '../../src/core/model/site.ts';
import { onEachPhase } from '../../src/core/model/units.ts';
import type { Wish } from '../../src/core/model/wish.ts';
import { READY_BEFORE_MS } from '../../src/core/plan/need.ts';
import { buildSite, circuit, evse } from '../support/site-builder.ts';
import { World } from '../support/world.ts';

const HOUR = 3_600_000;
const source = { kind: 'user' } as const;

/** Cars at A, B, … on one fuse of `amps`, each with its wish (departure in milliseconds from now). */
function depot(amps: number, wishes: readonly Partial<Wish>[], policy: Partial<Policy> = {}, part: Partial<Site> = {}) {
  const names = wishes.map((_wish, at) => String.fromCharCode(65 + at));
  const world = new World(
    buildSite({
      circuits: [
        circuit({ id: 'main', meter: 'main', ratingAmps: onEachPhase(amps), worstBaseLoadAmps: onEachPhase(0) }),
      ],
      evses: names.map((station) => evse({ station, floorAmps: 0 })),
      policy,
      ...('policy' in part ? {} : part),
    }),
  );
  world.step(10);
  wishes.forEach((wish, at) => {
    world.plugIn(`${names[at]}/1`);
    const { departureAt } = wish;
    world.wishes[`${names[at]}/1`] = {
      source,
      ...wish,
      ...(departureAt === undefined ? {} : { departureAt: world.now + departureAt }),
    };
  });
  return world;
}

const targets = (world: World) => world.decisions.at(-1)!.shares.map((share) => share.targetAmps);

describe('deadlines', () => {
  test('what a deadline needs now comes before the equal share', () => {
    // 11.04 kWh in an hour on three phases of 230 V is 16 A; it is to be ready ten minutes before it leaves.
    const world = depot(30, [{ energyWh: 11_040, departureAt: HOUR + READY_BEFORE_MS }, {}, {}]);
    world.step(1);
    expect(targets(world)[0]).toBeCloseTo(16, 0);
    expect(targets(world)[1]).toBeCloseTo(7, 0);
  });

  test('needs that do not all fit are met in equal parts', () => {
    const world = depot(30, [
      { energyWh: 22_080, departureAt: HOUR + READY_BEFORE_MS },
      { energyWh: 11_040, departureAt: HOUR + READY_BEFORE_MS },
    ]);
    world.step(1);
    expect(targets(world)).toEqual([20, 10]);
  });

  test('the bus is full when it leaves', () => {
    const world = depot(32, [{ energyWh: 20_000, departureAt: 2 * HOUR }, {}, {}]);
    world.step((2 * HOUR) / 1_000);
    expect(world.charger('A/1').energyWh).toBeGreaterThanOrEqual(20_000);
  });

  test('earliest departure first: what each needs, the sooner first, then equal parts of the rest', () => {
    const world = depot(
      44,
      [{ energyWh: 30_000, departureAt: 6 * HOUR }, { energyWh: 30_000, departureAt: 2 * HOUR }, {}],
      { scarcity: 'earliest-departure-first' },
    );
    world.step(1);
    // B: 30 kWh within 110 minutes is 23.8 A.
    expect(targets(world)).toEqual([10.1, 23.8, 10.1]);
  });

  test('earliest departure first: when it is not enough for all, those who leave later wait', () => {
    const wishes = [2, 3, 4].map((hours) => ({ energyWh: 20_000, departureAt: hours * HOUR }));
    const world = depot(24, wishes, { scarcity: 'earliest-departure-first' });
    world.step(1);
    // The first needs 15.9 A; what is left is less than the second needs, and too little for the third to start.
    expect(targets(world)).toEqual([15.9, 8.1, 0]);
  });

  test('a session that has what it came for is served after those that have not', () => {
    const wishes = [
      { energyWh: 30_000, departureAt: 6 * HOUR },
      { energyWh: 1_000, departureAt: HOUR },
    ];
    const world = depot(12, wishes, { scarcity: 'earliest-departure-first' });
    world.charger('B/1').energyWh = 2_000;
    world.step(1);
    expect(targets(world)).toEqual([12, 0]);
  });

  test('everybody a part: a car that can still pause waits while others need the room, and starts in time', () => {
    const world = depot(10, [{}, { energyWh: 14_000, departureAt: 4 * HOUR }]);
    world.step(20);
    expect(targets(world)).toEqual([10, 0]);
    world.step((4 * HOUR) / 1_000);
    expect(world.charger('B/1').energyWh).toBeGreaterThanOrEqual(14_000);
  });

  test('an urgent car takes the place of one that is not', () => {
    const world = depot(10, [{}, {}, {}]);
    world.step(60);
    expect(targets(world)).toEqual([10, 0, 0]);
    world.wishes['C/1'] = { source, energyWh: 40_000, departureAt: world.now + HOUR };
    world.step(60);
    expect(targets(world)).toEqual([0, 0, 10]);
  });

  test('a wish raises the priority of its session', () => {
    const world = depot(20, [{}, { priority: 5 }]);
    world.step(1);
    expect(targets(world)).toEqual([6, 14]);
  });
});

describe('surplus', () => {
  test('a session on surplus alone takes what the site would export, and not more', () => {
    const world = depot(63, [{ onlySurplus: true }]);
    world.step(30);
    expect(targets(world)).toEqual([0]);
    expect(world.decisions.at(-1)!.shares[0]!.reason).toMatchObject({ kind: 'paused', by: { kind: 'surplus' } });
    // 10 A of export on each phase: 6.9 kW.
    world.base = onEachPhase(-10);
    world.step(300);
    expect(world.charger('A/1').drawn).toBeGreaterThan(9);
    expect(world.charger('A/1').drawn).toBeLessThanOrEqual(10);
    expect(world.decisions.at(-1)!.shares[0]!.reason).toMatchObject({ kind: 'surplus-used' });
  });

  test('others come first, with surplus too', () => {
    const world = depot(63, [{ onlySurplus: true }, {}]);
    world.base = onEachPhase(-20);
    world.charger('B/1').car = { phases: 3, maxAmps: 10 };
    world.step(400);
    expect(world.charger('B/1').drawn).toBe(10);
    // The other's offer is its 10 A and the margin of 2 A.
    expect(world.charger('A/1').drawn).toBeGreaterThan(6.5);
    expect(world.charger('A/1').drawn).toBeLessThanOrEqual(8);
  });

  test('a cloud does not switch a car off that was let start a moment ago; a long one does', () => {
    const world = depot(63, [{ onlySurplus: true }]);
    world.base = onEachPhase(-10);
    world.step(120);
    expect(targets(world)[0]).toBeGreaterThan(8);
    world.base = onEachPhase(2);
    world.step(5);
    expect(targets(world)).toEqual([6]);
    world.step(600);
    expect(targets(world)).toEqual([0]);
  });

  test('when the meter is lost there is no surplus', () => {
    const world = depot(63, [{ onlySurplus: true }]);
    world.base = onEachPhase(-10);
    world.step(300);
    expect(targets(world)[0]).toBeGreaterThan(8);
    world.meterWorks = false;
    world.step(10);
    // Its minimum stays as long as that of a car which was just let start.
    expect(targets(world)).toEqual([6]);
    world.step(600);
    expect(targets(world)).toEqual([0]);
  });

  test('generation lifts a circuit only where it was commissioned for both sources', () => {
    const plain = circuit({
      id: 'main',
      meter: 'main',
      ratingAmps: onEachPhase(20),
      worstBaseLoadAmps: onEachPhase(0),
    });
    const drawn = [plain, { ...plain, usesGeneration: true }].map((one) => {
      const world = depot(20, [{}], {}, { circuits: [one] });
      world.base = onEachPhase(-10);
      world.step(200);
      return world.charger('A/1').drawn;
    });
    expect(drawn[0]).toBe(20);
    expect(drawn[1]).toBeGreaterThan(29);
  });
});

describe('groups and unbalance', () => {
  test('a group is held by its own limit, the others use the rest', () => {
    const world = depot(
      63,
      [{}, {}, {}],
      {},
      {
        groups: [{ id: 'tenant', name: 'Tenant', evses: ['A/1', 'B/1'], limitWatts: 11_040 }],
      },
    );
    world.step(60);
    expect(targets(world)).toEqual([8, 8, 32]);
    expect(world.decisions.at(-1)!.shares[0]!.reason).toMatchObject({ kind: 'group-full', group: 'tenant' });
  });

  test('a group that is limited in what the grid sees may use the surplus on top', () => {
    const world = depot(
      63,
      [{}, {}],
      {},
      {
        groups: [{ id: 'g', name: '§14a', evses: ['A/1', 'B/1'], limitWatts: 8_280, netOfSurplus: true }],
      },
    );
    world.step(100);
    expect(targets(world)).toEqual([6, 6]);
    world.base = onEachPhase(-10);
    world.step(300);
    expect(world.currents().L1).toBeGreaterThan(1);
    expect(world.currents().L1 + 10).toBeLessThanOrEqual(22.01);
    expect(world.currents().L1 + 10).toBeGreaterThan(20);
  });

  test('single-phase cars may differ by so much between phases, and balance each other when they draw', () => {
    const world = new World(
      buildSite({
        circuits: [
          circuit({
            id: 'main',
            meter: 'main',
            ratingAmps: onEachPhase(100),
            worstBaseLoadAmps: onEachPhase(0),
            unbalanceAmps: 20,
          }),
        ],
        evses: [
          evse({ station: 'A', phases: ['L1'], floorAmps: 0 }),
          evse({ station: 'B', phases: ['L2'], floorAmps: 0 }),
          evse({ station: 'C', phases: ['L3'], floorAmps: 0 }),
        ],
      }),
    );
    world.step(10);
    world.plugIn('A/1', { phases: 1, maxAmps: 32 });
    world.step(120);
    expect(world.currents()).toEqual({ L1: 20, L2: 0, L3: 0 });
    expect(world.decisions.at(-1)!.shares[0]!.reason).toMatchObject({ kind: 'unbalanced', phase: 'L1', limitAmps: 20 });
    world.plugIn('B/1', { phases: 1, maxAmps: 32 });
    // It is offered a margin above what it takes, which balances nobody.
    world.plugIn('C/1', { phases: 1, maxAmps: 8 });
    world.step(400);
    expect(world.currents().L1).toBeGreaterThan(25);
    expect(world.currents().L1 - world.currents().L3).toBeLessThanOrEqual(20);
  });
});
