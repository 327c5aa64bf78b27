// Whole sites through `decide`, second by second, against the true currents.
import { describe, expect, test } from 'vitest';
import { onEachPhase, PHASES } from '../../src/core/model/units.ts';
import { buildSite, circuit, evse, genericAc } from '../support/site-builder.ts';
import { World } from '../support/world.ts';

const worstPhase = (world: World, id?: string) => Math.max(...PHASES.map((phase) => world.currents(id)[phase]));

/** Three cars on 63 A beside a base load of 10 A, in steady state. */
function steadyWorld() {
  const world = new World(buildSite());
  world.base = onEachPhase(10);
  for (const id of ['A/1', 'B/1', 'C/1']) world.plugIn(id);
  world.step(90);
  return world;
}

describe('a site with three cars', () => {
  test('installs the floor first, then shares the fuse equally among equal cars', () => {
    const world = new World(buildSite());
    world.base = onEachPhase(10);
    for (const id of ['A/1', 'B/1', 'C/1']) world.plugIn(id);
    const first = world.step();
    expect(first.commands.map((command) => [command.role, command.evse])).toEqual([
      ['floor', 'A/1'],
      ['floor', 'B/1'],
      ['floor', 'C/1'],
    ]);
    const last = world.step(90);
    expect(last.shares.map((share) => share.offeredAmps)).toEqual([17.7, 17.7, 17.6]);
    expect(last.solver.answeredBy).toBe('lp');
    expect(worstPhase(world)).toBeLessThanOrEqual(63);
    expect(worstPhase(world)).toBeGreaterThan(62);
  });

  test('a step of the base load lowers every car in the cycle that sees it', () => {
    const world = steadyWorld();
    world.base = onEachPhase(10 + 0.4 * 63);
    const decision = world.step();
    expect(decision.commands.filter((command) => command.change === 'decrease').map((command) => command.evse)).toEqual(
      ['A/1', 'B/1', 'C/1'],
    );
    expect(decision.commands.every((command) => command.change !== 'increase')).toBe(true);
    world.step(2);
    expect(worstPhase(world)).toBeLessThanOrEqual(63);
  });

  test('when the base load falls, increases wait for their dwell', () => {
    const world = steadyWorld();
    world.base = onEachPhase(35.2);
    world.step(30);
    world.base = onEachPhase(0);
    const fallAt = world.now;
    let firstIncreaseAt: number | undefined;
    for (let second = 0; second < 120; second++) {
      const decision = world.step();
      if (decision.commands.some((command) => command.change === 'increase')) firstIncreaseAt ??= world.now;
      expect(worstPhase(world)).toBeLessThanOrEqual(63);
    }
    expect(firstIncreaseAt! - fallAt).toBeGreaterThanOrEqual(world.site.policy.increase.dwellMs);
    expect(worstPhase(world)).toBeGreaterThan(55);
  });

  test('a car that leaves frees its share only when its charger has confirmed the lower limit', () => {
    const world = steadyWorld();
    world.unplug('A/1');
    const decision = world.step();
    expect(decision.commands.filter((c) => c.evse === 'A/1')).toMatchObject([{ change: 'decrease', limitAmps: 6 }]);
    expect(decision.commands.filter((c) => c.change === 'increase')).toEqual([]);
    const later = world.step(60);
    expect(later.shares.map((share) => share.exposureAmps)).toEqual([6, 23.5, 23.5]);
    // Dead band: 63 − 10 − 6 leaves 23.5 for each of the two.
  });

  test('nothing changes: no commands but renewals, each at about a third of the lease', () => {
    const world = steadyWorld();
    const before = world.decisions.length;
    world.step(300);
    const commands = world.decisions.slice(before).flatMap((decision) => decision.commands);
    expect(new Set(commands.map((command) => command.change))).toEqual(new Set(['renewal']));
    expect(commands.length).toBeGreaterThanOrEqual((3 * 300) / 20);
    expect(commands.length).toBeLessThanOrEqual((3 * 300) / 18 + 3);
  });
});

describe('unknown is bad news', () => {
  test('a lost meter means the worst base load: everybody falls, nobody rises', () => {
    const world = steadyWorld();
    world.meterWorks = false;
    world.step(3);
    expect(world.decisions.at(-1)!.mode).toBe('cautious');
    world.step(4);
    const decision = world.decisions.at(-1)!;
    expect(decision.mode).toBe('failsafe');
    expect(decision.circuits[0]!.phases.L1.baseLoadAmps).toBe(20);
    expect(decision.notices.map((notice) => notice.code)).toContain('METER_LOST');
    world.step(5);
    expect(world.decisions.at(-1)!.shares.map((share) => share.offeredAmps)).toEqual([14.4, 14.3, 14.3]);
  });

  test('a charger that drops off the network stays reserved, and falls to its floor when its lease ends', () => {
    const world = steadyWorld();
    world.disconnect('A/1');
    const exposures = () => world.step().shares.map((share) => share.exposureAmps);
    expect(exposures()[0]).toBe(17.7);
    const seen: number[] = [];
    for (let second = 0; second < 90; second++) seen.push(exposures()[0]!);
    expect(seen.at(-1)).toBe(6);
    expect(world.limitInForce('A/1')).toBe(6);
    // Never below what the charger itself still allowed.
    expect(Math.max(...seen)).toBe(17.7);
  });

  test('a paused charger that drops off comes back to its floor: room is made before its lease ends', () => {
    const world = new World(buildSite({ evses: [evse({ station: 'A' }), evse({ station: 'B' })] }));
    world.plugIn('A/1');
    world.plugIn('B/1');
    world.step(60);
    const cap = { id: 'c', source: { kind: 'utility' as const }, scope: { kind: 'circuit' as const, circuit: 'main' } };
    world.caps = [{ ...cap, limitAmps: onEachPhase(10) }];
    world.step(60);
    expect(world.currents().L1).toBe(10);
    const paused = world.decisions.at(-1)!.shares.find((share) => share.targetAmps === 0)!.evse;
    world.disconnect(paused);
    for (let second = 0; second < 90; second++) {
      world.step();
      expect(worstPhase(world)).toBeLessThanOrEqual(10);
    }
    expect(world.charger(paused).drawn).toBe(6);
  });

  test('a charger that never connected is reserved at its hardware maximum', () => {
    const world = new World(buildSite());
    world.plugIn('B/1');
    const never = world.charger('A/1');
    never.connectedSince = undefined;
    never.connection = 0;
    const decision = world.step(30);
    expect(decision.shares[0]).toMatchObject({ exposureAmps: 32, reason: { kind: 'unreachable', reservedAmps: 32 } });
  });

  test('a charger that refuses profiles is reserved at its maximum and asked again ever more rarely', () => {
    const world = new World(buildSite());
    for (const id of ['A/1', 'B/1']) world.plugIn(id);
    world.charger('A/1').manner = 'refuses';
    world.step(300);
    expect(world.decisions.at(-1)!.shares[0]!.exposureAmps).toBe(32);
    const tries = world.decisions.flatMap((decision) => decision.commands).filter((command) => command.evse === 'A/1');
    expect(tries.length).toBeGreaterThan(3);
    expect(tries.length).toBeLessThan(10);
    expect(worstPhase(world)).toBeLessThanOrEqual(63);
  });

  test('a charger that accepts and does not obey is found out, reserved at its maximum, and the others make room', () => {
    const world = steadyWorld();
    world.charger('A/1').manner = 'accepts-without-applying';
    world.charger('A/1').lease = undefined;
    world.charger('A/1').floor = undefined;
    let found: number | undefined;
    for (let second = 0; second < 60; second++) {
      const decision = world.step();
      if (decision.shares[0]!.reason.kind === 'disobedient') found ??= second;
    }
    expect(found).toBeLessThanOrEqual(40);
    expect(worstPhase(world)).toBeLessThanOrEqual(63);
    expect(world.decisions.at(-1)!.notices.map((notice) => notice.code)).toContain('STATION_DISOBEDIENT');

    // It obeys again: trusted only when a minute has passed since it last did not.
    world.charger('A/1').manner = 'obeys';
    world.charger('A/1').floor = 6;
    world.step(50);
    expect(world.decisions.at(-1)!.shares[0]!.reason.kind).toBe('disobedient');
    world.step(40);
    expect(world.decisions.at(-1)!.shares[0]!.reason.kind).not.toBe('disobedient');
  });
});

describe('who is first', () => {
  const scarce = (part: Parameters<typeof evse>[0][]) => {
    const world = new World(
      buildSite({
        circuits: [
          circuit({ id: 'main', meter: 'main', ratingAmps: onEachPhase(20), worstBaseLoadAmps: onEachPhase(0) }),
        ],
        evses: part.map((one) => evse({ floorAmps: 0, ...one })),
      }),
    );
    for (const one of world.site.evses) world.plugIn(one.id);
    return world;
  };

  test('priority is served before the rest gets more than its minimum', () => {
    const world = scarce([{ station: 'A' }, { station: 'B', priority: 1 }]);
    expect(world.step(120).shares.map((share) => share.offeredAmps)).toEqual([6, 14]);
  });

  test('when not all minima fit, the others pause and are told why', () => {
    const world = scarce(['A', 'B', 'C', 'D'].map((station) => ({ station })));
    const decision = world.step(120);
    expect(decision.shares.map((share) => share.targetAmps)).toEqual(
      [6.7, 6.7, 6.6, 0].map((amps) => expect.closeTo(amps, 5)),
    );
    expect(decision.shares[3]!.reason).toMatchObject({
      kind: 'paused',
      by: { kind: 'circuit', circuit: 'main', phase: 'L1' },
      neededAmps: 6,
      missingAmps: 4,
    });
  });

  test('single-phase cars load only their phase, through the rotation', () => {
    const world = scarce([
      { station: 'A', phases: ['L2', 'L3', 'L1'] },
      { station: 'B', phases: ['L1', 'L2', 'L3'] },
    ]);
    world.unplug('A/1');
    world.unplug('B/1');
    world.plugIn('A/1', { phases: 1, maxAmps: 32 });
    world.plugIn('B/1', { phases: 1, maxAmps: 32 });
    const decision = world.step(180);
    expect(decision.shares.map((share) => share.phases)).toEqual([['L2'], ['L1']]);
    expect(decision.shares.map((share) => share.offeredAmps)).toEqual([20, 20]);
    expect(world.currents()).toEqual({ L1: 20, L2: 20, L3: 0 });
  });
});

describe('limits have authors', () => {
  test('a facility manager lowers the site: it holds in the next cycle, and the share names him', () => {
    const world = steadyWorld();
    world.caps = [
      {
        id: 'c1',
        source: { kind: 'facility-manager', id: 'anna' },
        scope: { kind: 'circuit', circuit: 'main' },
        limitAmps: onEachPhase(40),
      },
    ];
    const decision = world.step();
    expect(decision.commands.filter((command) => command.change === 'decrease')).toHaveLength(3);
    expect(decision.shares[0]!.reason).toMatchObject({
      kind: 'circuit-full',
      source: { kind: 'facility-manager', id: 'anna' },
    });
    world.step(3);
    expect(worstPhase(world)).toBeLessThanOrEqual(40);
  });

  test("upstream's profile is a bound, never more", () => {
    const world = steadyWorld();
    world.setUpstreamProfiles('A', [
      {
        evse: 1,
        profile: {
          id: 7,
          stackLevel: 0,
          purpose: 'TxDefaultProfile',
          kind: 'Absolute',
          schedule: { unit: 'A', startSchedule: 0, periods: [{ startPeriodSeconds: 0, limit: 8 }] },
        },
      },
      {
        evse: 1,
        profile: {
          id: 8,
          stackLevel: 1,
          purpose: 'TxDefaultProfile',
          kind: 'Absolute',
          schedule: {
            unit: 'A',
            startSchedule: 0,
            durationSeconds: 1,
            periods: [{ startPeriodSeconds: 0, limit: 80 }],
          },
        },
      },
    ]);
    const decision = world.step(60);
    expect(decision.shares[0]).toMatchObject({
      offeredAmps: 8,
      reason: { kind: 'capped', source: { kind: 'upstream' }, limitAmps: 8 },
    });
    expect(decision.shares[1]!.offeredAmps).toBeCloseTo(22.5, 5);
  });

  test('a rise below the dead band travels with the next renewal, and not before', () => {
    const world = steadyWorld();
    const cap = (amps: number) => [
      {
        id: 'c',
        source: { kind: 'car' as const },
        scope: { kind: 'evse' as const, evse: 'A/1' },
        limitAmps: onEachPhase(amps),
      },
    ];
    world.caps = cap(7.6);
    world.step(30);
    expect(world.decisions.at(-1)!.shares[0]!.offeredAmps).toBe(7.6);
    world.caps = cap(8);
    const before = world.decisions.length;
    world.step(40);
    const commands = world.decisions
      .slice(before)
      .flatMap((decision) => decision.commands.filter((c) => c.evse === 'A/1'));
    // One command where a renewal was due, and no other besides renewals.
    expect(commands.map((command) => [command.change, command.limitAmps])).toEqual([
      ['renewal', 7.6],
      ['increase', 8],
      ['renewal', 8],
    ]);
    expect(world.decisions.at(-1)!.shares[0]).toMatchObject({ offeredAmps: 8, acknowledgedAmps: 8 });
  });

  test('a charger that must never be told 0 A keeps its minimum, and the others pause for it', () => {
    const never = { ...genericAc, id: 'never-zero', quirks: ['zero-amps-breaks-next-limit' as const] };
    const world = new World(buildSite({ profile: never, evses: [evse({ station: 'A' }), evse({ station: 'B' })] }));
    world.base = onEachPhase(10);
    world.plugIn('A/1');
    world.step(60);
    world.caps = [
      { id: 'c', source: { kind: 'utility' }, scope: { kind: 'circuit', circuit: 'main' }, limitAmps: onEachPhase(5) },
    ];
    world.step(20);
    const told = world.decisions.flatMap((decision) => decision.commands).map((command) => command.limitAmps);
    expect(Math.min(...told)).toBe(6);
  });
});
