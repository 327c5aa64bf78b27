// Leases are written by the time that stations were told, which no setting of our wall clock moves.
import { expect, test } from 'vitest';
import { decide } from '../../../src/core/decide.ts';
import { buildSite } from '../../support/site-builder.ts';
import { World } from '../../support/world.ts';

test.each([3_600_000, -3_600_000])('a wall clock that is set by %d ms changes no lease', (byMs) => {
  const world = new World(buildSite());
  world.plugIn('A/1');
  world.step(30);
  const leasesAt = (wallNow: number) =>
    decide(world.site, { ...world.snapshot(), now: world.now + 15_000, wallNow }, world.memory).commands.map(
      ({ profile }) => profile,
    );
  const leases = leasesAt(world.now + 15_000);
  expect(leases.length).toBeGreaterThan(0);
  expect(leasesAt(world.now + 15_000 + byMs)).toEqual(leases);
});
