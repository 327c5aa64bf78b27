// What random sites have found, as small stories that stay.
import { expect, test } from 'vitest';
import { allocate } from '../../../src/core/allocate/allocate.ts';
import { baseLoadOf } from '../../../src/core/allocate/base-load.ts';
import { fill } from '../../../src/core/allocate/fill.ts';
import { withoutSigns } from '../../../src/core/allocate/linear-program.ts';
import type { Proposer } from '../../../src/core/allocate/proposers.ts';
import { decide } from '../../../src/core/decide.ts';
import { onEachPhase } from '../../../src/core/model/units.ts';
import { candidateRole as candidate } from '../../support/candidates.ts';
import { NOW } from '../../support/random-sharing.ts';
import { shared, sharing } from '../../support/sharing.ts';
import { buildSite, circuit, evse } from '../../support/site-builder.ts';
import { World } from '../../support/world.ts';

const filling = (): readonly Proposer[] => [{ name: 'filling', solve: (program) => fill(withoutSigns(program)) }];

test('a charger that must never be sent 0 A has its minimum before all others, also where its car charges from surplus alone', () => {
  const input = sharing([{}, { role: candidate({ neverZero: true, onlySurplus: true }) }], {
    ratingAmps: onEachPhase(13),
  });
  expect(shared(input)).toEqual({ by: 'lp', because: undefined, amps: [7, 6] });
});

test('the minima of chargers that must never be sent 0 A are set aside before the first to leave is granted what it needs', () => {
  const one = candidate({ neverZero: true, needAmps: 7, departureAt: NOW });
  const other = candidate({ neverZero: true });
  const input = sharing(
    [{ role: one }, { role: other }],
    { ratingAmps: onEachPhase(12) },
    { scarcity: 'earliest-departure-first' },
  );
  expect(shared(input)).toEqual({ by: 'lp', because: undefined, amps: [6, 6] });
});

test('what a session on surplus would keep, were it not paused by another limit, goes to nobody else', () => {
  const keeps = candidate({ onlySurplus: true, isOn: true, keepsPlace: true });
  const input = sharing([{ role: keeps }, { evse: { phases: ['L1'] }, role: { ...keeps, priority: 1 } }], {
    ratingAmps: onEachPhase(11),
  });
  expect(shared(input)).toEqual({ by: 'lp', because: undefined, amps: [0, 6] });
});

test('an unbalance that reserved EVSEs make by themselves takes nothing from those who lessen it', () => {
  const input = sharing(
    [
      { evse: { phases: ['L1'] }, role: { kind: 'reserved', amps: 32 } },
      { evse: { phases: ['L2'] }, assuredAmps: 6 },
    ],
    { unbalanceAmps: 20 },
  );
  expect(shared(input)).toMatchObject({ by: 'lp', because: undefined, amps: [32, 20] });
  expect(shared(input, filling)).toEqual({ by: 'filling', because: undefined, amps: [32, 20] });
});

test('a patient car that balances a phase lets one in that was refused for it', () => {
  const input = sharing(
    [
      { evse: { phases: ['L3'] }, role: candidate({ lower: 13, upper: 13 }) },
      { evse: { phases: ['L2', 'L1'] }, role: candidate({ upper: 7, isPatient: true }), assuredAmps: 6 },
      { evse: { phases: ['L3'] }, role: candidate({ upper: 6 }) },
    ],
    { unbalanceAmps: 16 },
  );
  expect(shared(input).amps).toEqual([13, 7, 6]);
});

test('a turn among those who charge from surplus alone is told, so that the next one keeps its distance', () => {
  const served = candidate({ isOn: true, servedMs: 3_600_000, upper: 6 });
  const waits = candidate({ waitedMs: 3_600_000, upper: 6 });
  const onSun = { onlySurplus: true };
  const parts = [{ role: { ...served, ...onSun } }, { role: { ...waits, ...onSun } }];
  const own = sharing(parts, { ratingAmps: onEachPhase(6) }, { surplusWatts: 20_000 });
  expect(allocate({ ...own, mayRotate: true })).toMatchObject({ amps: [0, 6], rotated: { starts: 1, pauses: 0 } });
});

test('a step that makes room for another is followed by that other', () => {
  // Filling counts what the car on the other phases gives at its minimum; its steps come after those of the higher priority.
  const input = sharing(
    [
      { evse: { phases: ['L1'] }, role: candidate({ priority: 1 }) },
      { evse: { phases: ['L2', 'L3'] }, role: candidate({ upper: 9 }), assuredAmps: 6 },
    ],
    { unbalanceAmps: 16 },
  );
  expect(shared(input, filling).amps).toEqual([25, 9]);
});

test('a reading that is held when the first cycle sees it lifts the base load as far as cars cannot explain it', () => {
  const board = circuit({ id: 'main', meter: 'main', worstBaseLoadAmps: onEachPhase(60) });
  const { policy } = buildSite();
  const memory = { baseLoadAmps: onEachPhase(5), at: 11_000, readingAt: 9_000 };
  const draws = { low: 0, high: 10 };
  const base = (measuredAt: number) =>
    baseLoadOf(
      board,
      { reading: { currentAmps: onEachPhase(40), measuredAt } },
      { L1: draws, L2: draws, L3: draws },
      memory,
      12_000,
      policy,
    );
  expect(base(9_400)).toMatchObject({ from: 'held', amps: onEachPhase(30) });
  expect(base(9_000)).toMatchObject({ from: 'held', amps: onEachPhase(5) });
});

test('after a silence one new try is made, and its answer is awaited before the next', () => {
  const world = new World(buildSite({ evses: [evse({ station: 'A' })] }));
  world.step(10);
  world.plugIn('A/1');
  world.step(30);
  const charger = world.charger('A/1');
  charger.manner = 'silent';
  for (let waited = 0; waited < 60 && charger.progress.lease?.state !== 'unanswered'; waited++) world.step();
  const tries = Array.from({ length: 15 }, () => unheardCycle(world)).flat();
  expect(tries).toHaveLength(1);
});

/** A cycle whose commands reach nobody: they are queued. */
function unheardCycle(world: World) {
  world.now += 1_000;
  const { commands, memory } = decide(world.site, world.snapshot(), world.memory);
  world.memory = memory;
  return commands.filter(({ role }) => role === 'lease');
}
