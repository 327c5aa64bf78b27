// An emergency stop in the decision: everybody to 0 A in the very cycle, whatever is known of them, and nobody up until it is gone.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evseCaps } from '../../src/core/limits/caps.ts';
import { emergencyStop, stopCap, stopsInForce } from '../../src/core/limits/emergency-stop.ts';
import type { Cap } from '../../src/core/model/limit.ts';
import { onEachPhase } from '../../src/core/model/units.ts';
import { describeRemedy, describeShare } from '../../src/core/report/explain.ts';
import { breachBeforeDispatch } from '../../src/engine/dispatch-guard.ts';
import { floorsDecision } from '../../src/engine/floors.ts';
import { runs } from '../support/property-runs.ts';
import { buildSite, circuit, evse, genericAc } from '../support/site-builder.ts';
import { World } from '../support/world.ts';

const stop = emergencyStop('contact Door', 0);
const goE = { ...genericAc, quirks: ['zero-amps-breaks-next-limit'] as const };

/** Three cars charging for two minutes. */
function charging(site = buildSite()) {
  const world = new World(site);
  for (const { id } of site.evses) world.plugIn(id, { phases: 3, maxAmps: 16 });
  world.step(120);
  return world;
}
const offered = (world: World) => world.decisions.at(-1)!.shares.map(({ offeredAmps }) => offeredAmps);
const codes = (world: World) => world.decisions.at(-1)!.notices.map(({ code }) => code);

describe('an emergency stop', () => {
  test('tells everybody 0 A in the cycle that sees it, cars that were let start a moment ago included', () => {
    const world = charging();
    // What each takes, and a margin.
    expect(offered(world)).toEqual([18, 18, 18]);
    world.caps = [stop];
    const { commands, stops } = world.step();
    expect(commands.map(({ evse: id, change, limitAmps }) => [id, change, limitAmps])).toEqual([
      ['A/1', 'decrease', 0],
      ['B/1', 'decrease', 0],
      ['C/1', 'decrease', 0],
    ]);
    expect(stops).toEqual([]);
    world.step(2);
    expect(world.currents()).toEqual(onEachPhase(0));
  });

  test('is kept for as long as it lasts, over many leases, and ends with a rise that is no jump', () => {
    const world = charging();
    world.caps = [stop];
    world.step(3);
    for (let second = 0; second < 1_800; second++) {
      world.step();
      expect(world.currents().L1).toBe(0);
    }
    world.caps = [];
    world.step(600);
    expect(offered(world)).toEqual([18, 18, 18]);
  });

  test('says who stopped and what has to be done, at each charger and in one alarm', () => {
    const world = charging();
    world.caps = [{ ...stop, note: 'smoke' }];
    world.step(30);
    const decision = world.decisions.at(-1)!;
    const share = decision.shares[0]!;
    expect(describeShare(share, world.site, world.now)).toBe('paused: the emergency stop, contact Door (smoke)');
    expect(describeRemedy(share.reason, world.site, world.now)).toBe('starts when a person clears the emergency stop');
    expect(decision.notices).toEqual([
      {
        severity: 'alarm',
        code: 'EMERGENCY_STOP',
        text: 'Emergency stop by contact Door (smoke): every charger is told 0 A. No charger may draw. It stays until a person clears it.',
      },
    ]);
  });

  test('names those who may draw in spite of it', () => {
    const world = charging();
    world.disconnect('B/1');
    world.step();
    world.caps = [stop];
    world.step(30);
    const { text } = world.decisions.at(-1)!.notices.find(({ code }) => code === 'EMERGENCY_STOP')!;
    expect(text).toContain('These may still draw: B 18 A.');
  });

  test('a charger without a car is told too, so that the next car finds 0 A; again and again', () => {
    const world = new World(buildSite());
    world.step(120);
    world.caps = [stop];
    world.step(10);
    expect(world.limitInForce('A/1')).toBe(0);
    world.step(1_800);
    world.plugIn('A/1');
    expect(world.limitInForce('A/1')).toBe(0);
    world.step(60);
    expect(world.currents()).toEqual(onEachPhase(0));
  });

  test('one whose floor is not proved yet is told all the same', () => {
    const world = new World(buildSite());
    world.charger('A/1').manner = 'silent';
    world.plugIn('A/1');
    world.step(5);
    world.charger('A/1').manner = 'obeys';
    world.caps = [stop];
    world.step(60);
    expect(world.limitInForce('A/1')).toBe(0);
  });

  test('a model that must never be told 0 A keeps its minimum, and its session is ended', () => {
    const world = charging(buildSite({ profile: goE }));
    world.caps = [stop];
    const { commands, stops } = world.step();
    expect(commands.map(({ limitAmps }) => limitAmps)).toEqual([6, 6, 6]);
    expect(stops.map(({ evse: id, because }) => [id, because])).toEqual([
      ['A/1', 'emergency-stop'],
      ['B/1', 'emergency-stop'],
      ['C/1', 'emergency-stop'],
    ]);
    // Asked once, not each second.
    expect(world.step().stops).toEqual([]);
  });

  test('one that refuses the 0 A has its session ended; one that takes it keeps its session', () => {
    const world = charging();
    world.charger('B/1').manner = 'refuses';
    world.caps = [stop];
    const asked = Array.from({ length: 10 }, () => world.step().stops.map(({ evse: id }) => id)).flat();
    expect(asked).toEqual(['B/1']);
  });

  test('one that draws on has its session ended at once, not after two minutes', () => {
    const world = charging();
    world.charger('B/1').manner = 'accepts-without-applying';
    world.caps = [stop];
    const asked: [number, string][] = [];
    for (let second = 1; second <= 60; second++) for (const one of world.step().stops) asked.push([second, one.evse]);
    expect(asked.map(([, id]) => id)).toEqual(['B/1']);
    expect(asked[0]![0]).toBeLessThan(45);
  });

  test('no allocation that holds is no way out: the floors of a fallback are 0 A as well', () => {
    const world = charging();
    world.caps = [stop];
    const snapshot = { ...world.snapshot(), now: world.now + 1_000 };
    const decision = floorsDecision({
      site: world.site,
      snapshot,
      memory: world.memory,
      last: undefined,
      notice: { severity: 'alarm', code: 'DECISION_FAILED', text: '' },
      fellBackBecause: 'a test',
    });
    expect(decision.commands.map(({ limitAmps }) => limitAmps)).toEqual([0, 0, 0]);
  });

  test('in place of a decision that failed, chargers on their floor are told 0 A too, once', () => {
    const world = new World(buildSite());
    world.step(120);
    expect(world.limitInForce('A/1')).toBe(6);
    const floors = (caps: readonly Cap[]) =>
      floorsDecision({
        site: world.site,
        snapshot: { ...world.snapshot(), caps },
        memory: world.memory,
        last: undefined,
        notice: { severity: 'alarm', code: 'DECISION_FAILED', text: '' },
        fellBackBecause: 'a test',
      });
    expect(floors([]).commands).toEqual([]);
    const stopped = floors([stop]);
    expect(stopped.commands.map(({ limitAmps, change }) => [limitAmps, change])).toEqual([
      [0, 'decrease'],
      [0, 'decrease'],
      [0, 'decrease'],
    ]);
    world.memory = stopped.memory;
    expect(floors([stop]).commands).toEqual([]);
  });

  test('the last look before dispatch lets nobody rise while it holds', () => {
    const world = new World(buildSite());
    world.plugIn('A/1');
    let decision = world.step();
    while (!decision.commands.some(({ change, role }) => change === 'increase' && role === 'lease'))
      decision = world.step();
    const snapshot = world.snapshot();
    expect(breachBeforeDispatch(world.site, snapshot, decision)).toBeUndefined();
    expect(breachBeforeDispatch(world.site, { ...snapshot, caps: [stop] }, decision)).toMatch(
      /^A\/1 would be raised to .* in an emergency stop$/,
    );
  });

  test('rules over every cap and upstream profile of the same number, and has no end by the clock', () => {
    const site = buildSite();
    const own: Cap = {
      id: 'a',
      source: { kind: 'utility' },
      scope: { kind: 'evse', evse: 'A/1' },
      limitAmps: onEachPhase(0),
    };
    for (const caps of [
      [own, stop],
      [stop, own],
    ])
      expect(evseCaps(site, caps, 0).get('A/1')).toMatchObject({ amps: 0, source: { kind: 'emergency-stop' } });
    expect(evseCaps(site, [own, stop], 0).size).toBe(3);
    const held = stopCap('contact:x', 'contact X');
    // Who latched it is named, not whoever holds it besides.
    expect(evseCaps(site, [stop, held], 0).get('B/1')).toMatchObject({ source: { id: 'contact Door' } });
    expect(stopsInForce([held, own, stop], Number.MIN_SAFE_INTEGER).map(({ id }) => id)).toEqual([
      'emergency-stop',
      'contact:x',
    ]);
  });

  test('an upstream profile below zero does not take its place', () => {
    const world = charging();
    const schedule = { unit: 'A', startSchedule: 0, periods: [{ startPeriodSeconds: 0, limit: -1 }] } as const;
    const profile = { id: 7, stackLevel: 0, purpose: 'TxDefaultProfile', kind: 'Absolute', schedule } as const;
    world.setUpstreamProfiles('A', [{ evse: 1, profile }]);
    world.caps = [stop];
    world.step(5);
    const share = world.decisions.at(-1)!.shares[0]!;
    expect(describeShare(share, world.site, world.now)).toBe('paused: the emergency stop, contact Door');
  });

  test('whenever it comes and whoever is plugged in, nobody is raised and nobody draws once all have followed', () => {
    const car = fc.record({
      id: fc.constantFrom('A/1', 'B/1', 'C/1'),
      at: fc.nat(90),
      maxAmps: fc.integer({ min: 6, max: 32 }),
    });
    fc.assert(
      fc.property(fc.array(car, { maxLength: 6 }), fc.nat(60), fc.integer({ min: 0, max: 40 }), (cars, from, base) => {
        const world = new World(buildSite());
        world.base = onEachPhase(base);
        for (let second = 0; second < 90; second++) {
          for (const { id, at, maxAmps } of cars) if (at === second) world.plugIn(id, { phases: 3, maxAmps });
          if (second === from) world.caps = [stop];
          const { commands } = world.step();
          if (second >= from) expect(commands.filter(({ change }) => change === 'increase')).toEqual([]);
          if (second >= from + 20) expect(world.currents()).toEqual(onEachPhase(base));
        }
      }),
      runs(60),
    );
  });
});

describe('a limit below what the building draws', () => {
  const zero: Cap = {
    id: 'contact:relay',
    source: { kind: 'utility', id: 'contact Relay' },
    scope: { kind: 'circuit', circuit: 'main' },
    limitAmps: onEachPhase(0),
  };

  test('is told once as what it is, and is no overload', () => {
    const world = charging(buildSite({ circuits: [circuit({ id: 'main', name: 'Main', meter: 'main' })] }));
    world.base = onEachPhase(12);
    world.caps = [zero];
    world.step(30);
    expect(world.decisions.at(-1)!.notices).toEqual([
      {
        severity: 'info',
        code: 'LIMIT_BELOW_BASE_LOAD',
        text: 'Main L1 carries 12 A, more than the 0 A by the utility, contact Relay, without any charger: the rest are other loads.',
      },
    ]);
  });

  test('while a charger may still draw it is an overload like others, and beyond the fuse always', () => {
    const world = charging();
    world.base = onEachPhase(12);
    world.caps = [zero];
    world.step();
    expect(codes(world)).toContain('CIRCUIT_OVERLOADED');
    world.step(30);
    world.base = onEachPhase(70);
    world.step();
    expect(codes(world)).toContain('CIRCUIT_OVERLOADED');
    expect(codes(world)).not.toContain('LIMIT_BELOW_BASE_LOAD');
  });

  test('an emergency stop is no limit of a circuit: the building alone is nothing to tell', () => {
    const world = charging();
    world.base = onEachPhase(12);
    world.caps = [stop];
    world.step(30);
    expect(codes(world)).toEqual(['EMERGENCY_STOP']);
  });
});

test('one EVSE of a site with others on one station is stopped with them', () => {
  const site = buildSite({ evses: [evse({ station: 'A' }), evse({ station: 'A', id: 'A/2', number: 2 })] });
  const world = charging(site);
  world.caps = [stop];
  world.step(5);
  expect(world.currents()).toEqual(onEachPhase(0));
});
