// The writes a charger's memory is spared: what refills, what is counted, who goes first, and who waits.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { afterWrite, hasSpareWrite, withBudget, writesLeft } from '../../../src/core/command/budget.ts';
import type { Command } from '../../../src/core/model/decision.ts';
import { onEachPhase } from '../../../src/core/model/units.ts';
import { blank, lease, NOW, plan, situation } from '../../support/command-bench.ts';
import { buildSite, evse, genericAc } from '../../support/site-builder.ts';
import { World } from '../../support/world.ts';

const HOUR_MS = 3_600_000;
const spared = { ...genericAc, writesPerDay: 240 };
const { writesPerDay: _none, ...free } = spared;

describe('a bucket of 240 writes a day', () => {
  test.each([
    // left, hours ago, left now
    ['fills by ten an hour', 100, 1, 110],
    ['a part of an hour counts', 100, 0.05, 100.5],
    ['never above a day', 239, 12, 240],
    ['a debt is paid back in the same way', -40, 3, -10],
    ['an instant that lies ahead fills nothing', 100, -5, 100],
  ])('%s', (_story, left, hours, expected) => {
    expect(writesLeft({ left, at: NOW - hours * HOUR_MS }, 240, NOW)).toEqual({ left: expected, at: NOW });
  });

  test('is half full where nothing is remembered, as after a restart', () => {
    expect(writesLeft(undefined, 240, NOW)).toEqual({ left: 120, at: NOW });
    expect(withBudget(blank(), spared, NOW).writes).toEqual({ left: 120, at: NOW });
    const known = blank({ writes: { left: 7, at: 5 } });
    expect(withBudget(known, spared, NOW)).toBe(known);
    expect(withBudget(blank(), free, NOW)).toEqual(blank());
  });

  test.each([
    ['takes one write out', { left: 100, at: NOW }, 99],
    ['refills first', { left: 100, at: NOW - HOUR_MS }, 109],
    ['goes into debt', { left: 0.5, at: NOW }, -0.5],
    ['for a day at most', { left: -239.5, at: NOW }, -240],
    ['begins half full', undefined, 119],
  ])('%s', (_story, writes, left) => {
    const memory = blank(writes ? { writes } : {});
    expect(afterWrite(memory, spared, NOW)).toEqual({ ...memory, writes: { left, at: NOW } });
  });

  test('does not exist where the model has no bound', () => {
    expect(afterWrite(blank(), free, NOW)).toEqual(blank());
    expect(hasSpareWrite(blank({ writes: { left: -9, at: NOW } }), free, 1_000, NOW)).toBe(true);
  });

  // Renewals of 12 minutes take 120 of 240 a day: with `left` in the bucket, (240 − left) / 2 of them come before it is full again.
  test.each([
    [240, true],
    [81, true],
    [80.7, true],
    [80.6, false],
    [80, false],
    [1, false],
    [-240, false],
  ])('with %f left a write is to spare: %s', (left, expected) => {
    expect(hasSpareWrite(blank({ writes: { left, at: NOW } }), spared, 12 * 60_000, NOW)).toBe(expected);
  });

  test('a full one with renewals that take all of it has its own last write to spare and no more', () => {
    expect(hasSpareWrite(blank({ writes: { left: 240, at: NOW } }), spared, 6 * 60_000, NOW)).toBe(true);
    expect(hasSpareWrite(blank({ writes: { left: 120, at: NOW } }), spared, 6 * 60_000, NOW)).toBe(false);
    expect(hasSpareWrite(blank({ writes: { left: 110, at: NOW - HOUR_MS } }), spared, 6 * 60_000, NOW)).toBe(false);
    expect(hasSpareWrite(blank({ writes: { left: 111, at: NOW - HOUR_MS } }), spared, 6 * 60_000, NOW)).toBe(true);
  });
});

describe('an empty budget', () => {
  const site = buildSite({ evses: [evse({ station: 'A' })], profile: { ...genericAc, writesPerDay: 6_000 } });
  const empty = { writes: { left: 0, at: NOW }, wantsMoreSince: NOW - 60_000, changedAt: NOW - 60_000 };
  const young = (amps: number) => [lease(site, amps, 5_500)];
  const old = (amps: number) => [lease(site, amps, 20_000)];
  const told = (leases: ReturnType<typeof young>, target: number, part = {}) => {
    const { commands, waiting, memories } = plan(site, [situation(site, 0, blank({ ...empty, leases, ...part }))], {
      targets: [target],
    });
    return {
      told: commands.map(({ role, change, limitAmps }) => [role, change, limitAmps]),
      waits: waiting.get(0),
      left: memories[0]!.writes!.left,
    };
  };

  test('lets a rise wait and says so', () => {
    expect(told(young(10), 20)).toEqual({ told: [], waits: 'write-budget', left: 0 });
  });
  test('lets it go when a write is to spare', () => {
    const writes = { left: 6_000, at: NOW };
    expect(told(young(10), 20, { writes })).toMatchObject({ told: [['lease', 'increase', 20]], left: 5_999 });
  });
  test('lets a rise go in place of a renewal, which costs no write more', () => {
    expect(told(old(10), 20)).toEqual({ told: [['lease', 'increase', 20]], waits: undefined, left: -1 });
  });
  test('never holds up a renewal', () => {
    expect(told(old(10), 10)).toEqual({ told: [['lease', 'renewal', 10]], waits: undefined, left: -1 });
  });
  test('never holds up a decrease', () => {
    expect(told(young(10), 8)).toEqual({ told: [['lease', 'decrease', 8]], waits: undefined, left: -1 });
  });
  test('never holds up a floor, and counts it', () => {
    expect(told(young(10), 10, { floor: { state: 'unproved' } })).toEqual({
      told: [['floor', 'decrease', 6]],
      waits: undefined,
      left: -1,
    });
  });
});

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
    const { commands, waited } = restless(writesPerDay, 3, 1);
    const freely = restless(100_000, 3, 1);
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
        const { commands } = restless(writesPerDay, 1, seed);
        const leases = commands.filter(({ role }) => role === 'lease');
        // A rise that came sooner after the command before it than a renewal would have took a spare write: half the bucket at first, less
        // what must stay in it, and what fills in within the hour.
        const early = leases.filter(
          ({ change, at }, before) => change === 'increase' && at - (leases[before - 1]?.at ?? 0) < PERIOD_MS / 4,
        );
        expect(early.length).toBeLessThanOrEqual(writesPerDay / 2 + writesPerDay / 24 + 1);
        return true;
      }),
      { numRuns: 5 },
    );
  }, 30_000);
});
