// What a share that is not bound by a limit is told: on its way up, out of reach, not trusted, out of service, or nobody there.
import { describe, expect, test } from 'vitest';
import type { Situation } from '../../../src/core/allocate/situation.ts';
import { decide } from '../../../src/core/decide.ts';
import type { EvseState } from '../../../src/core/model/snapshot.ts';
import { onEachPhase } from '../../../src/core/model/units.ts';
import { reasonFor } from '../../../src/core/report/reason.ts';
import type { World } from '../../support/world.ts';
import { busy, remedyOf, shareOf } from './busy-site.ts';

/** The reason of A when its charger says `state` of its EVSE. */
function reasonWhen(world: World, state: Partial<EvseState>, drop: readonly (keyof EvseState)[] = []) {
  const snapshot = world.snapshot();
  const station = snapshot.stations.A!;
  const evses = station.evses.map((one) => {
    const kept = Object.fromEntries(Object.entries(one).filter(([key]) => !drop.includes(key as keyof EvseState)));
    return { ...(kept as EvseState), ...state };
  });
  const stations = { ...snapshot.stations, A: { ...station, evses } };
  return decide(world.site, { ...snapshot, stations }, world.memory).shares[0]!.reason;
}

describe('nothing to share out', () => {
  test.each<[string, Partial<EvseState>, object]>([
    ['free', { connectorStatus: 'Available' }, { kind: 'no-car' }],
    ['reserved for somebody', { connectorStatus: 'Reserved' }, { kind: 'no-car' }],
    ['not heard of', { connectorStatus: 'Unknown' }, { kind: 'no-car' }],
    ['a car that waits for its driver', { connectorStatus: 'Occupied' }, { kind: 'not-started' }],
    [
      'a car that waits, told by its state alone',
      { connectorStatus: 'Unknown', chargingState: 'EVConnected' },
      { kind: 'not-started' },
    ],
    ['faulted', { connectorStatus: 'Faulted' }, { kind: 'out-of-service', status: 'Faulted' }],
    ['taken out of service', { connectorStatus: 'Unavailable' }, { kind: 'out-of-service', status: 'Unavailable' }],
  ])('%s', (_story, state, reason) => {
    const world = busy();
    world.step(70);
    expect(reasonWhen(world, state, ['transaction', 'chargingState'])).toEqual(reason);
  });

  test('a fault in the middle of a transaction is told before the car', () => {
    const world = busy();
    world.step(70);
    expect(reasonWhen(world, { connectorStatus: 'Faulted' })).toEqual({ kind: 'out-of-service', status: 'Faulted' });
  });
});

describe('not under control', () => {
  test('a station that has gone is reserved for, and a person is sent there', () => {
    const world = busy();
    world.step(70);
    world.disconnect('A/1');
    world.step(1);
    expect(shareOf(world).reason).toMatchObject({ kind: 'unreachable', reservedAmps: 20 });
    expect(remedyOf(world)).toMatch(/^check the charger's power and network/);
  });

  test('a floor that no answer confirms is said so', () => {
    const world = busy();
    world.memory = { ...world.memory, evses: {} };
    world.charger('A/1').manner = 'silent';
    world.step(70);
    expect(shareOf(world).reason).toEqual({ kind: 'floor-not-proved', reservedAmps: 32 });
  });

  test('a charger that accepts a limit and does not keep to it is told apart from one that cannot be reached', () => {
    const world = busy();
    world.step(70);
    world.charger('A/1').manner = 'accepts-without-applying';
    world.base = onEachPhase(20);
    world.step(60);
    expect(shareOf(world).reason).toEqual({ kind: 'disobedient', reservedAmps: 32 });
    world.disconnect('A/1');
    world.step(1);
    expect(shareOf(world).reason).toEqual({ kind: 'disobedient', reservedAmps: 32 });
  });
});

describe('on its way up', () => {
  const rising = (world: World) => {
    const { reason } = shareOf(world);
    return reason.kind === 'rising' ? reason.waitsFor : reason.kind;
  };

  test('the free capacity must last first', () => {
    const world = busy();
    world.step(70);
    world.unplug('B/1');
    // Until the charger of the car that left has confirmed less, its share is not free.
    while (rising(world) === 'circuit-full') world.step();
    expect(rising(world)).toBe('dwell');
    expect(remedyOf(world)).toBe('nothing to do: it rises by itself');
  });

  test('others come down first', () => {
    const world = busy({ policy: { increase: { dwellMs: 0, deadbandAmps: 1, rampAmpsPerSecond: 100 } } });
    world.step(70);
    world.wishes = { 'A/1': { source: { kind: 'user' }, priority: 1 } };
    world.step(1);
    expect(rising(world)).toBe('decreases');
    expect(remedyOf(world)).toBe('nothing to do: it rises by itself');
  });

  test("the charger's answer is awaited", () => {
    const world = busy({ policy: { increase: { dwellMs: 0, deadbandAmps: 1, rampAmpsPerSecond: 0.1 } } });
    world.step(300);
    world.charger('A/1').manner = 'silent';
    world.wishes = { 'A/1': { source: { kind: 'user' }, priority: 1 } };
    world.step(15);
    expect(rising(world)).toBe('answer');
    expect(remedyOf(world)).toMatch(/^by itself, once the charger answers/);
  });

  test('nothing rises on an old reading', () => {
    const world = busy();
    world.step(70);
    world.unplug('B/1');
    world.step(4);
    world.meterWorks = false;
    world.step(4);
    expect(rising(world)).toBe('meter');
  });
});

test('when nobody can share out, the share says so and why', () => {
  const world = busy();
  const { stations } = world.snapshot();
  const situation = { at: 0, station: stations.A, exposureBecause: 'lease', role: { kind: 'candidate' } };
  const solver = { answeredBy: 'floors', variables: 1, rows: 3, fellBackBecause: 'lp: out of its mind' } as const;
  expect(
    reasonFor({
      site: world.site,
      situation: situation as unknown as Situation,
      situations: [],
      targetAmps: 6,
      allocation: { amps: [6], bindings: [undefined], solver },
      waiting: undefined,
      now: world.now,
    }),
  ).toEqual({ kind: 'failsafe', detail: 'lp: out of its mind' });
});
