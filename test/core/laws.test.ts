// The laws over random sites and random days: whatever people, cars and links do, the true currents stay under every fuse.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decide } from '../../src/core/decide.ts';
import type { Snapshot } from '../../src/core/model/snapshot.ts';
import { onEachPhase, PHASES } from '../../src/core/model/units.ts';
import { runs } from '../support/property-runs.ts';
import { buildSite, circuit, evse, rotations } from '../support/site-builder.ts';
import { World } from '../support/world.ts';

const site = fc
  .record({
    main: fc.integer({ min: 40, max: 100 }),
    board: fc.integer({ min: 20, max: 63 }),
    evses: fc.array(
      fc.record({
        onBoard: fc.boolean(),
        rotation: fc.nat(5),
        maxAmps: fc.constantFrom(16, 32),
        priority: fc.nat(1),
        step: fc.constantFrom(0.1, 1),
      }),
      {
        minLength: 2,
        maxLength: 6,
      },
    ),
  })
  .map(({ main, board, evses }) =>
    buildSite({
      circuits: [
        circuit({
          id: 'main',
          meter: 'main',
          ratingAmps: onEachPhase(main),
          marginAmps: onEachPhase(1),
          worstBaseLoadAmps: onEachPhase(30),
        }),
        circuit({ id: 'board', parent: 'main', ratingAmps: onEachPhase(board), worstBaseLoadAmps: onEachPhase(0) }),
      ],
      evses: evses.map((one, at) =>
        evse({
          station: `S${at}`,
          circuit: one.onBoard ? 'board' : 'main',
          phases: rotations[one.rotation]!,
          maxAmps: one.maxAmps,
          priority: one.priority,
          stepAmps: one.step,
          floorAmps: 0,
        }),
      ),
    }),
  );

const act = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('plug-in' as const),
      who: fc.nat(5),
      phases: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('unplug' as const), who: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('disconnect' as const), who: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reconnect' as const), who: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('silent' as const), who: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('obey' as const), who: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('meter' as const), works: fc.boolean() }) },
);
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

function perform(world: World, one: Act): void {
  if (one.kind === 'meter') {
    world.meterWorks = one.works;
    return;
  }
  const id = world.site.evses[one.who % world.site.evses.length]!.id;
  const charger = world.charger(id);
  if (one.kind === 'plug-in') {
    if (!charger.car) world.plugIn(id, { phases: one.phases, maxAmps: 32 });
  } else if (one.kind === 'unplug') world.unplug(id);
  else if (one.kind === 'disconnect') world.disconnect(id);
  else if (one.kind === 'reconnect')
    Object.assign(charger, { connectedSince: world.now, connection: charger.connection + 1 });
  else charger.manner = one.kind === 'silent' ? 'silent' : 'obeys';
}

test('with a steady base load no fuse is ever exceeded, on any circuit, phase or second', () => {
  fc.assert(
    fc.property(
      site,
      fc.array(fc.record({ act, wait: fc.integer({ min: 1, max: 40 }) }), { minLength: 5, maxLength: 25 }),
      fc.integer({ min: 0, max: 25 }),
      (s, acts, base) => {
        const world = new World(s);
        world.base = onEachPhase(base);
        world.step(10);
        for (const { act: one, wait } of acts) {
          perform(world, one);
          for (let second = 0; second < wait; second++) {
            const decision = world.step();
            expect(decision.solver.fellBackBecause).toBeUndefined();
            expect(decision.notices.map((notice) => notice.code)).not.toContain('FUSE_LAW_CHECK');
            for (const one of s.circuits) {
              const most = one.ratingAmps.L1 - one.marginAmps.L1;
              for (const phase of PHASES) expect(world.currents(one.id)[phase]).toBeLessThanOrEqual(most + 1e-6);
            }
          }
        }
      },
    ),
    runs(60),
  );
});

test('deciding twice on the same snapshot gives the same bytes, whatever the order of listing', () => {
  fc.assert(
    fc.property(site, fc.array(act, { maxLength: 12 }), (s, acts) => {
      const world = new World(s);
      for (const one of acts) {
        perform(world, one);
        world.step(3);
      }
      const snapshot = world.snapshot();
      const first = decide(s, snapshot, world.memory);
      expect(JSON.stringify(decide(s, snapshot, world.memory))).toBe(JSON.stringify(first));
      const reversed = { ...s, evses: [...s.evses].reverse(), stations: [...s.stations].reverse() };
      const other = decide(reversed, snapshot, world.memory);
      const byId = (decision: typeof first) =>
        new Map(decision.shares.map((share) => [share.evse, share.targetAmps.toFixed(6)]));
      expect([...byId(other)].sort()).toEqual([...byId(first)].sort());
    }),
    runs(100),
  );
});

test('ageing or losing a measurement never raises a share', () => {
  fc.assert(
    fc.property(
      site,
      fc.array(act, { maxLength: 12 }),
      fc.integer({ min: 0, max: 10_000 }),
      fc.boolean(),
      (s, acts, age, dropSamples) => {
        const world = new World(s);
        world.base = onEachPhase(5);
        for (const one of acts) {
          perform(world, one);
          world.step(3);
        }
        world.meterWorks = true;
        world.now += 1_000;
        const taken = world.snapshot();
        // The cycle comes late: once with a reading taken anew, once with the one of then, and without the stations' samples perhaps.
        const now = taken.now + age;
        const reading = taken.meters.main!.reading!;
        const snapshot: Snapshot = { ...taken, now, meters: { main: { reading: { ...reading, measuredAt: now } } } };
        const worse: Snapshot = {
          ...taken,
          now,
          stations: dropSamples
            ? Object.fromEntries(
                Object.entries(taken.stations).map(([id, station]) => [
                  id,
                  { ...station, evses: station.evses.map(({ drawn: _drawn, ...rest }) => rest) },
                ]),
              )
            : taken.stations,
        };
        const headroom = (snap: Snapshot) =>
          decide(s, snap, world.memory).circuits.flatMap((one) =>
            PHASES.map((phase) => one.phases[phase].headroomAmps),
          );
        const [before, after] = [headroom(snapshot), headroom(worse)];
        after.forEach((value, at) => {
          expect(value).toBeLessThanOrEqual(before[at]! + 1e-6);
        });
      },
    ),
    runs(300),
  );
});
