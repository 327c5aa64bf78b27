// A site whose chargers bear few writes, second by second: rises wait, renewals never do, and the day's writes stay within their bound.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Command } from '../../../src/core/model/decision.ts';
import { onEachPhase } from '../../../src/core/model/units.ts';
import { runs } from '../../support/property-runs.ts';
import { buildSite, evse, genericAc } from '../../support/site-builder.ts';
import { World } from '../../support/world.ts';

const HOUR_MS = 3_600_000;

describe('a site whose chargers have a budget', () => {
  const LEASE_MS = 600_000;
  const PERIOD_MS = 199_000;
  const renewals = (24 * HOUR_MS) / PERIOD_MS;

  function restless(writesPerDay: number, hours: number, seed: number) {
    const profile = { ...genericAc, leaseMs: LEASE_MS, writesPerDay };
    const world = new World(buildSite({ profile, evses: [evse({ station: 'A' })] }));
    world.plugIn('A/1');
    const random = (at: number) => Math.abs(Math.sin(at * 12.9898 + seed) * 43_758.5453) % 1;
    const commands: (Command & { readonly at: number })[] = [];
    let waited = 0;
    for (let second = 0; second < hours * 3_600; second++) {
      // The building comes and goes every minute, so that the share would like to rise each time.
      if (second % 60 === 0) world.base = onEachPhase(30 + 25 * random(second));
      const decision = world.step();
      world.decisions.length = 0;
      const { reason } = decision.shares[0]!;
      if (reason.kind === 'rising' && reason.waitsFor === 'write-budget') waited += 1;
      for (const command of decision.commands) commands.push({ ...command, at: world.now });
    }
    return { commands, waited, limit: world.limitInForce('A/1') };
  }

  test('rises less often, tells why, and never lets a lease run out', () => {
    const writesPerDay = Math.ceil(renewals * 1.25);
    const { commands, waited } = restless(writesPerDay, 1, 1);
    const freely = restless(100_000, 1, 1);
    expect(waited).toBeGreaterThan(0);
    expect(freely.waited).toBe(0);
    const rises = commands.filter(({ change }) => change === 'increase');
    expect(rises.length).toBeLessThan(freely.commands.filter(({ change }) => change === 'increase').length / 2);
    expect(rises.length).toBeGreaterThan(3);
    const leases = commands.filter(({ role }) => role === 'lease').map(({ at }) => at);
    const gaps = leases.slice(1).map((at, before) => at - leases[before]!);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(LEASE_MS / 3);
  }, 30_000);

  test('whatever the building does, rises beyond the renewals stay within what the budget leaves', () => {
    fc.assert(
      fc.property(fc.nat({ max: 1_000 }), fc.double({ min: 1.05, max: 3, noNaN: true }), (seed, times) => {
        const writesPerDay = Math.ceil(renewals * times);
        const { commands } = restless(writesPerDay, 0.5, seed);
        const leases = commands.filter(({ role }) => role === 'lease');
        // A rise that came sooner after the command before it than a renewal would have took a spare write: half the bucket at first, less
        // what must stay in it, and what fills in within half an hour.
        const early = leases.filter(
          ({ change, at }, before) => change === 'increase' && at - (leases[before - 1]?.at ?? 0) < PERIOD_MS / 4,
        );
        expect(early.length).toBeLessThanOrEqual(writesPerDay / 2 + writesPerDay / 48 + 1);
        return true;
      }),
      runs(3),
    );
  }, 30_000);
});
