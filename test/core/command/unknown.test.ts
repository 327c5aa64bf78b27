// After a start a charger may have a limit of which no disk has heard: nobody rises on its circuits until it follows one of ours, or until that
// limit must have ended.
import { describe, expect, test } from 'vitest';
import { recoverMemory } from '../../../src/core/command/recover.ts';
import type { Decision } from '../../../src/core/model/decision.ts';
import { buildSite, genericAc } from '../../support/site-builder.ts';
import { World } from '../../support/world.ts';

/** A controller is up, then A gets a car and a limit, and the controller starts again from a disk that knows nothing of that. */
function restarted(site = buildSite()) {
  const world = new World(site);
  world.step(30);
  const onDisk = world.memory;
  world.plugIn('A/1');
  world.step(60);
  expect(world.limitInForce('A/1')).toBe(32);
  const startedAt = world.now;
  world.memory = recoverMemory(site, onDisk, 'test-2', startedAt);
  return { world, startedAt };
}

const leasesOf = ({ commands }: Decision) =>
  commands
    .filter(({ role }) => role === 'lease')
    .map(({ evse, change, limitAmps }) => `${evse} ${change} ${limitAmps}`);

/** Seconds from the start until the first increase. */
function untilFirstIncrease(world: World, startedAt: number): number {
  for (let second = 0; second < 200; second++) {
    if (world.step().commands.some(({ change }) => change === 'increase')) return (world.now - startedAt) / 1_000;
  }
  return Number.POSITIVE_INFINITY;
}

describe('a controller that starts again', () => {
  test('tells everybody at once what it knows to be right, idle ones too, and raises nobody in that cycle', () => {
    const { world } = restarted();
    expect(leasesOf(world.step())).toEqual(['A/1 decrease 6', 'B/1 decrease 6', 'C/1 decrease 6']);
    expect(leasesOf(world.step())).toEqual([]);
  });

  test('raises again as soon as all have answered and had their time to follow', () => {
    const { world, startedAt } = restarted();
    world.plugIn('B/1');
    const seconds = untilFirstIncrease(world, startedAt);
    expect(seconds).toBeGreaterThanOrEqual(5);
    expect(seconds).toBeLessThanOrEqual(15);
  });

  test('waits for one that is silent until its last limit must have ended', () => {
    const { world, startedAt } = restarted();
    world.charger('C/1').manner = 'silent';
    world.plugIn('B/1');
    const seconds = untilFirstIncrease(world, startedAt);
    expect(seconds).toBeGreaterThanOrEqual(70);
    expect(seconds).toBeLessThanOrEqual(75);
  });

  test('says what a car waits for', () => {
    const { world } = restarted();
    world.charger('C/1').manner = 'silent';
    world.plugIn('B/1');
    const share = world.step(30).shares.find(({ evse }) => evse === 'B/1');
    expect(share?.reason).toMatchObject({ kind: 'rising', waitsFor: 'answer' });
  });

  test('never tells a model 0 A or less than its minimum that must not hear it', () => {
    const quirks = ['zero-amps-breaks-next-limit'] as const;
    const { world } = restarted(buildSite({ profile: { ...genericAc, quirks } }));
    expect(leasesOf(world.step()).every((text) => text.endsWith('decrease 6'))).toBe(true);
  });
});
