// Cycles in which nothing happens: what is not new is remembered as it was, and what is amiss is said though nobody charges.
import { describe, expect, test } from 'vitest';
import { allocate } from '../../src/core/allocate/allocate.ts';
import { onEachPhase } from '../../src/core/model/units.ts';
import { sharing } from '../support/sharing.ts';
import { buildSite } from '../support/site-builder.ts';
import { World } from '../support/world.ts';

/** A car at A that has been charging for a while, nobody at B and C; renewals and new samples are seconds away. */
function quietWorld() {
  const world = new World(buildSite());
  world.base = onEachPhase(10);
  world.plugIn('A/1');
  world.step(120);
  const isStill = () => {
    const before = world.memory.evses['A/1'];
    const { commands, memory } = world.step();
    return commands.length === 0 && memory.evses['A/1'] === before;
  };
  while (!isStill());
  return world;
}

describe('the memory of a quiet cycle', () => {
  test('is the very memory of the cycle before, whether a car charges or none is there', () => {
    const world = quietWorld();
    const before = world.memory.evses;
    const { evses } = world.step().memory;
    for (const id of ['A/1', 'B/1', 'C/1']) expect(evses[id]).toBe(before[id]);
    expect(evses['A/1']).toMatchObject({ service: { state: 'on' }, seenPhases: 7 });
  });

  test('forgets the session when the car has gone, once', () => {
    const world = quietWorld();
    world.unplug('A/1');
    const { evses } = world.step().memory;
    for (const key of ['service', 'takes', 'wake', 'seenPhases', 'seenSamples', 'seenInTransaction'])
      expect(evses['A/1']).not.toHaveProperty(key);
  });
});

describe('nobody takes part', () => {
  const reserved = (amps: number) => ({ role: { kind: 'reserved', amps } }) as const;
  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1])('and an EVSE that would count with %s A is named', (amps) => {
    const { solver } = allocate(sharing([reserved(6), reserved(amps)]));
    expect(solver).toMatchObject({ answeredBy: 'floors', fellBackBecause: expect.stringContaining('lp: ') });
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('and a row with room for %s A is named', (amps) => {
    const { solver } = allocate(sharing([reserved(6)], { ratingAmps: onEachPhase(amps) }));
    expect(solver).toMatchObject({ fellBackBecause: expect.stringContaining('lp: ') });
  });

  test('no program is put to anybody', () => {
    const solve = () => {
      throw new Error('asked');
    };
    const { solver } = allocate(sharing([reserved(6), reserved(0)]), () => [{ name: 'filling', solve }]);
    expect(solver).toEqual({ answeredBy: 'filling', variables: 0, rows: 3 });
  });

  test('and there is nobody to put one to', () => {
    const { solver } = allocate(sharing([reserved(6)]), () => []);
    expect(solver).toMatchObject({ answeredBy: 'floors', fellBackBecause: 'no proposer' });
  });
});
