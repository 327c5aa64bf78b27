// The checkers beside the real core in a small world: silent over hours of comings, goings and losses, and loud when the core is deceived.
import { describe, expect, test } from 'vitest';
import type { CycleRecord } from '../../../src/core/model/decision.ts';
import type { Site } from '../../../src/core/model/site.ts';
import { mapPhases, onEachPhase } from '../../../src/core/model/units.ts';
import type { Random } from '../../../src/engine/ports.ts';
import { CheckRun, standardCheckers } from '../../../src/simulator/checks/all.ts';
import { seededRandom } from '../../../src/simulator/seeded-random.ts';
import { buildSite, circuit, evse } from '../../support/site-builder.ts';
import { truth } from '../../support/truth.ts';
import { World } from '../../support/world.ts';

const DISTURBED_AFTER_MS = 400_000;

/** A car park with a sub-board, one charger on one phase and one turned. */
const site = buildSite({
  circuits: [
    circuit({ id: 'main', meter: 'main', ratingAmps: onEachPhase(80), marginAmps: onEachPhase(4) }),
    circuit({ id: 'east', parent: 'main', ratingAmps: onEachPhase(40), worstBaseLoadAmps: onEachPhase(0) }),
  ],
  evses: [
    evse({ station: 'A' }),
    evse({ station: 'B', phases: ['L2', 'L3', 'L1'] }),
    evse({ station: 'C', phases: ['L2'] }),
    evse({ station: 'D', circuit: 'east' }),
    evse({ station: 'E', circuit: 'east', phases: ['L3', 'L1', 'L2'] }),
    evse({ station: 'F', circuit: 'east', floorAmps: 0 }),
  ],
});

/** What is true of the small world at its next cycle, `aheadMs` from now; the currents are those that flowed until now. */
function truthOf(world: World, aheadMs: number, errs: ReadonlySet<string>) {
  const at = world.now + aheadMs;
  const evses = world.site.evses.map(({ id, phases, maxAmps }) => {
    const charger = world.charger(id);
    const { lease, floor, car } = charger;
    const leased = lease && lease.endsAt > at ? lease.limit : 0;
    const limitAmps = Math.min(maxAmps, lease && lease.endsAt > at ? lease.limit : (floor ?? maxAmps));
    const part = {
      drawn: phases.map((_phase, phase) => (car && phase < car.phases ? charger.drawn : 0)),
      limitAmps,
      mightAmps: Math.min(maxAmps, Math.max(leased, floor ?? maxAmps)),
      isLinked: charger.connectedSince !== undefined,
      errs: errs.has(id),
    };
    return [id, part] as const;
  });
  const step = truth(world.site, { at, base: world.base, evses: Object.fromEntries(evses) });
  const bare = step.evses.map((one) => {
    const { floorAmps: _floor, ...rest } = one;
    const { floor } = world.charger(one.evse);
    return floor === undefined ? rest : { ...rest, floorAmps: floor };
  });
  return { ...step, evses: bare };
}

/** Plays `seconds` of the world; `disturb` is called before each. */
function play(
  world: World,
  run: CheckRun,
  seconds: number,
  errs = new Set<string>(),
  disturb?: (second: number) => void,
) {
  for (let second = 0; second < seconds; second++) {
    disturb?.(second);
    const before = truthOf(world, 1_000, errs);
    const decision = world.step();
    const record: CycleRecord = {
      site: world.site.id,
      controller: { id: 'test', epoch: 1 },
      snapshot: world.snapshot(),
      decision,
      durationMs: { collect: 1, decide: 1, dispatch: 1 },
    };
    run.onCycle(record, before);
    run.onTruth(truthOf(world, 0, errs));
  }
}

/** Cars come and go, links are lost for minutes, the meter fails, the building wanders. */
function disturber(world: World, random: Random) {
  const chance = (label: string, oncePerSeconds: number) => random.next(label) < 1 / oncePerSeconds;
  return () => {
    for (const { id } of site.evses) {
      const charger = world.charger(id);
      if (charger.car ? chance('leave', 1_800) : chance('come', 300)) {
        if (charger.car) world.unplug(id);
        else
          world.plugIn(id, {
            phases: 1 + Math.floor(random.next('phases') * 3),
            maxAmps: chance('small', 2) ? 16 : 32,
          });
      }
      if (charger.connectedSince === undefined) {
        if (chance('link-back', 120)) {
          charger.connectedSince = world.now;
          charger.connection += 1;
        }
      } else if (chance('link-lost', 1_500)) world.disconnect(id);
    }
    if (chance('meter', world.meterWorks ? 900 : 60)) world.meterWorks = !world.meterWorks;
    world.base = mapPhases((phase) => Math.max(0, Math.min(20, world.base[phase] + (random.next('base') - 0.5) * 2)));
  };
}

function start(ofSite: Site = site) {
  const world = new World(ofSite);
  const run = new CheckRun(standardCheckers({ site: ofSite, floorWithinMs: DISTURBED_AFTER_MS }));
  return { world, run };
}

test.each([1, 2, 3])('seed %d: an hour of an ordinary site has no violation', (seed) => {
  const { world, run } = start();
  play(world, run, 3_600, new Set(), disturber(world, seededRandom(seed)));
  run.onEnd(world.now);
  expect(run.violations).toEqual([]);
  const figures = run.figures();
  expect(figures['increase-after-decrease.increaseCount']).toBeGreaterThan(50);
  expect(figures['increase-after-decrease.leastHeadroomAmps']).toBeGreaterThanOrEqual(-1e-3);
});

describe('a core that is deceived', () => {
  const everyone = ['A/1', 'B/1', 'D/1', 'E/1'];

  test('by a meter that reads too little is found by what flows', () => {
    const { world, run } = start();
    for (const id of everyone) world.plugIn(id);
    play(world, run, 120);
    const liar = world.snapshot.bind(world);
    world.snapshot = () => {
      const snapshot = liar();
      const currentAmps = mapPhases((phase) => world.currents()[phase] - world.base[phase]);
      return { ...snapshot, meters: { main: { reading: { currentAmps, measuredAt: world.now } } } };
    };
    world.base = onEachPhase(40);
    play(world, run, 400);
    const found = new Set(run.violations.map(({ checker }) => checker));
    expect(found).toEqual(new Set(['fuse-law', 'thermal']));
  });

  test('by chargers that lose their floors is found before anything flows', () => {
    const { world, run } = start();
    play(world, run, 60);
    for (const id of everyone) world.charger(id).floor = undefined;
    play(world, run, 1);
    expect(new Set(run.violations.map(({ checker }) => checker))).toEqual(new Set(['floors']));
  });

  test('by a charger that takes decreases without applying them is found at the next increase', () => {
    const { world, run } = start();
    world.plugIn('D/1');
    play(world, run, 120);
    world.charger('D/1').manner = 'accepts-without-applying';
    world.charger('D/1').isMetered = false;
    world.plugIn('E/1');
    play(world, run, 30);
    expect(run.violations.map(({ checker }) => checker)).toContain('increase-after-decrease');
  });
});
