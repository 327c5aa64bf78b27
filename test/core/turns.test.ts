// Who charges when not all can: turns among equals, rest after a pause, waking, and what a car is seen to take.
import { describe, expect, test } from 'vitest';
import type { Policy } from '../../src/core/model/site.ts';
import { onEachPhase } from '../../src/core/model/units.ts';
import { buildSite, circuit, evse, genericAc } from '../support/site-builder.ts';
import { type Car, World } from '../support/world.ts';

const MINUTE = 60;

/** A fuse of `amps` for EVSEs with floors of 0 A, all with a car. */
function scarce(
  amps: number,
  stations: readonly Parameters<typeof evse>[0][],
  car?: Car,
  policy: Partial<Policy> = {},
) {
  const world = new World(
    buildSite({
      circuits: [
        circuit({ id: 'main', meter: 'main', ratingAmps: onEachPhase(amps), worstBaseLoadAmps: onEachPhase(0) }),
      ],
      evses: stations.map((one) => evse({ floorAmps: 0, ...one })),
      policy,
    }),
  );
  for (const one of world.site.evses) world.plugIn(one.id, car);
  return world;
}

/** Turns of three minutes, so that an hour shows many. */
const lively: Partial<Policy> = { pause: { minOnMs: 60_000, minOffMs: 60_000, turnMs: 180_000 } };

const targets = (world: World) => world.decisions.at(-1)!.shares.map((share) => share.targetAmps);
const share = (world: World, at: number) => world.decisions.at(-1)!.shares[at]!;

describe('turns among equals', () => {
  test('two cars, room for one: they change places with every turn and end up with equal energy', () => {
    const world = scarce(10, [{ station: 'A' }, { station: 'B' }], undefined, lively);
    world.step(MINUTE);
    let changes = 0;
    let lastOn = -1;
    let changedAt = world.now;
    for (let second = 0; second < 40 * MINUTE; second++) {
      world.step();
      expect(world.currents().L1).toBeLessThanOrEqual(10);
      const on = targets(world).findIndex((amps) => amps > 0);
      if (on === lastOn) continue;
      if (lastOn >= 0) {
        expect(world.now - changedAt).toBeGreaterThanOrEqual(world.site.policy.pause.minOnMs);
        changes += 1;
      }
      [lastOn, changedAt] = [on, world.now];
    }
    expect(changes).toBeGreaterThanOrEqual(9);
    expect(changes).toBeLessThanOrEqual(13);
    const [a, b] = ['A/1', 'B/1'].map((id) => world.charger(id).energyWh) as [number, number];
    expect(Math.abs(a - b) / Math.max(a, b)).toBeLessThan(0.15);
  });

  test('three cars, room for one: nobody is forgotten', () => {
    const world = scarce(10, [{ station: 'A' }, { station: 'B' }, { station: 'C' }], undefined, lively);
    world.step(60 * MINUTE);
    const energies = ['A/1', 'B/1', 'C/1'].map((id) => world.charger(id).energyWh);
    expect(Math.min(...energies) / Math.max(...energies)).toBeGreaterThan(0.85);
  });

  test('a higher priority does not take turns with a lower one', () => {
    const world = scarce(10, [{ station: 'A' }, { station: 'B', priority: 1 }]);
    for (let minute = 0; minute < 30; minute++) {
      world.step(MINUTE);
      expect(targets(world)[0]).toBe(0);
    }
    expect(share(world, 0).reason).toMatchObject({ kind: 'paused' });
    expect(share(world, 0).reason).not.toHaveProperty('dueAt');
  });

  test('a paused car is told when it is due again, and is on by then', () => {
    const world = scarce(10, [{ station: 'A' }, { station: 'B' }]);
    world.step(3 * MINUTE);
    const { reason } = share(world, 1);
    if (reason.kind !== 'paused' || reason.dueAt === undefined) throw new Error(`B is ${reason.kind}`);
    expect(reason.dueAt).toBeGreaterThan(world.now);
    while (world.now < Math.max(reason.dueAt, 1_000_000 + world.site.policy.pause.minOnMs) + 30_000) world.step();
    expect(targets(world)[1]).toBeGreaterThanOrEqual(6);
  });

  test('a car that had to pause rests for its minimum time, then goes on by itself', () => {
    const world = scarce(20, [{ station: 'A' }]);
    world.step(3 * MINUTE);
    world.caps = [
      { id: 'c', source: { kind: 'utility' }, scope: { kind: 'circuit', circuit: 'main' }, limitAmps: onEachPhase(3) },
    ];
    world.step(30);
    world.caps = [];
    const pausedAt = world.now;
    world.step(10);
    expect(share(world, 0).reason).toMatchObject({ kind: 'paused', by: { kind: 'rest' }, dueAt: expect.any(Number) });
    while (targets(world)[0] === 0) world.step();
    const restMs = world.now - pausedAt;
    expect(restMs).toBeGreaterThanOrEqual(world.site.policy.pause.minOffMs - 60_000);
    expect(restMs).toBeLessThanOrEqual(world.site.policy.pause.minOffMs + 10_000);
  });

  test('a car that was let start a moment ago keeps its place; safety does not wait', () => {
    const world = scarce(10, [{ station: 'A' }, { station: 'B' }], undefined, {
      pause: { minOnMs: 3_600_000, minOffMs: 300_000, turnMs: 300_000 },
    });
    world.step(40 * MINUTE);
    expect(targets(world)[1]).toBe(0);
    world.base = onEachPhase(8);
    world.step(2);
    expect(targets(world)).toEqual([0, 0]);
  });
});

describe('what a car takes', () => {
  test('a 16 A car is offered what it takes and a margin, and the other gets the rest', () => {
    const world = scarce(40, [{ station: 'A' }, { station: 'B' }]);
    world.plugIn('A/1', { phases: 3, maxAmps: 10 });
    world.step(5 * MINUTE);
    expect(targets(world)[0]).toBe(12);
    expect(targets(world)[1]).toBe(28);
    expect(share(world, 0).reason).toEqual({ kind: 'own-maximum', source: { kind: 'car' }, limitAmps: 12 });
    expect(world.charger('B/1').drawn).toBe(28);
  });

  test('when it takes more again, it is offered more until it has all it wants', () => {
    const world = scarce(40, [{ station: 'A' }, { station: 'B' }]);
    world.plugIn('A/1', { phases: 3, maxAmps: 10 });
    world.step(5 * MINUTE);
    world.charger('A/1').car = { phases: 3, maxAmps: 32 };
    world.step(5 * MINUTE);
    expect(world.charger('A/1').drawn).toBeCloseTo(20, 0);
    expect(world.charger('B/1').drawn).toBeCloseTo(20, 0);
  });

  test('without samples nothing is concluded', () => {
    const world = scarce(40, [{ station: 'A' }, { station: 'B' }]);
    world.plugIn('A/1', { phases: 3, maxAmps: 10 });
    world.charger('A/1').isMetered = false;
    world.step(5 * MINUTE);
    // What A draws unseen counts as base load; the offer to it is not cut for that.
    expect(targets(world)).toEqual([15, 15]);
    expect(world.decisions.at(-1)!.memory.evses['A/1']!.takes).not.toHaveProperty('ceilingAmps');
  });
});

describe('waking', () => {
  const sleeper: Car = { phases: 3, maxAmps: 32, wakesAtAmps: 8 };

  test('a car that does not begin again after a pause is offered more until it does', () => {
    const world = scarce(16, [{ station: 'A' }, { station: 'B' }], sleeper);
    world.step(3 * MINUTE);
    // Room for one minimum: B pauses and sleeps. Then there is room for two minima, but not for what wakes it.
    world.caps = [
      { id: 'c', source: { kind: 'utility' }, scope: { kind: 'circuit', circuit: 'main' }, limitAmps: onEachPhase(8) },
    ];
    world.step(MINUTE);
    const paused = targets(world).indexOf(0);
    expect(world.charger(world.site.evses[paused]!.id).asleep).toBe(true);
    world.caps = [{ ...world.caps[0]!, limitAmps: onEachPhase(14) }];
    world.step(5 * MINUTE);
    const id = world.site.evses[paused]!.id;
    expect(world.charger(id).asleep).toBe(true);
    world.step(5 * MINUTE);
    expect(world.charger(id).asleep).toBe(false);
    expect(world.charger(id).drawn).toBeGreaterThanOrEqual(6);
  });

  test('after three attempts it is left asleep, and the operator is told', () => {
    const world = scarce(40, [{ station: 'A' }], { ...sleeper, wakesAtAmps: 99 });
    world.step(3 * MINUTE);
    world.caps = [
      { id: 'c', source: { kind: 'utility' }, scope: { kind: 'circuit', circuit: 'main' }, limitAmps: onEachPhase(3) },
    ];
    world.step(MINUTE);
    world.caps = [];
    world.step(30 * MINUTE);
    expect(world.decisions.at(-1)!.memory.evses['A/1']!.wake?.attempts).toBe(3);
    expect(world.decisions.at(-1)!.notices.map((notice) => notice.code)).toContain('CAR_DOES_NOT_WAKE');
  });

  test('on a model whose cars do not wake, a charging car is not paused for an equal', () => {
    const site = buildSite({
      profile: { ...genericAc, quirks: ['needs-wake-up'] },
      circuits: [
        circuit({ id: 'main', meter: 'main', ratingAmps: onEachPhase(10), worstBaseLoadAmps: onEachPhase(0) }),
      ],
      evses: [evse({ station: 'A', floorAmps: 0 }), evse({ station: 'B', floorAmps: 0 })],
    });
    const world = new World(site);
    for (const one of site.evses) world.plugIn(one.id);
    for (let minute = 0; minute < 30; minute++) {
      world.step(MINUTE);
      expect(targets(world)[1]).toBe(0);
    }
  });
});
