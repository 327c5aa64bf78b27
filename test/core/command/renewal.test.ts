// Leases are renewed in time, each EVSE at moments of its own: however many began at the same instant, no cycle is crowded.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renewalDueAt, renewalPeriodMs } from '../../../src/core/command/renewal.ts';
import type { EvseMemory } from '../../../src/core/model/memory.ts';
import { onEachPhase } from '../../../src/core/model/units.ts';
import { blank, lease, NOW, plan, situation } from '../../support/command-bench.ts';
import { buildSite, circuit, evse, genericAc } from '../../support/site-builder.ts';

const COUNT = 200;
const names = Array.from({ length: COUNT }, (_one, at) => `S${at}`);
const carPark = (leaseMs: number, cycleMs = 1_000) =>
  buildSite({
    profile: { ...genericAc, leaseMs },
    evses: names.map((station) => evse({ station })),
    circuits: [circuit({ id: 'main', ratingAmps: onEachPhase(10_000) })],
    policy: { cycleMs },
  });

/** Renewals in each cycle of `periods` periods after 200 leases were sent in the cycle `begin`. */
function crowd(leaseMs: number, periods: number, begin = NOW): number[] {
  const site = carPark(leaseMs);
  const { profile } = site.stations[0]!;
  const sent = new Map(site.evses.map(({ id }) => [id, begin]));
  const cycles = Math.floor((periods * renewalPeriodMs(profile, 1_000)) / 1_000);
  return Array.from({ length: cycles }, (_cycle, at) => {
    const now = begin + (at + 1) * 1_000;
    const due = site.evses.filter(({ id }) => now >= renewalDueAt(site, id, profile, sent.get(id)!));
    for (const { id } of due) sent.set(id, now);
    return due.length;
  });
}

describe('200 leases that began in the same cycle', () => {
  test.each([60, 90, 120, 180, 300, 450, 600])('of %i s: no cycle has many more renewals than the mean', (seconds) => {
    const periodCycles = renewalPeriodMs({ ...genericAc, leaseMs: seconds * 1_000 }, 1_000) / 1_000;
    const mean = COUNT / periodCycles;
    const counts = crowd(seconds * 1_000, 6);
    const first = counts.slice(0, Math.ceil(3 * periodCycles));
    const later = counts.slice(first.length);
    console.log(
      `lease ${seconds} s: mean ${mean.toFixed(1)} renewals a cycle, at most ${Math.max(...first)} at first and ${Math.max(...later)} later`,
    );
    expect(Math.max(...first)).toBeLessThanOrEqual(Math.ceil(mean * 1.5) + 2);
    expect(Math.max(...later)).toBeLessThanOrEqual(Math.ceil(mean) + 2);
    expect(Math.min(...later)).toBeGreaterThanOrEqual(Math.floor(mean) - 2);
  });

  test('are renewed by real cycles in the same even way', () => {
    const site = carPark(60_000);
    let memories: readonly EvseMemory[] = names.map(() => blank({ leases: [lease(site, 10, 0)] }));
    const counts: number[] = [];
    for (let second = 1; second <= 76; second++) {
      const now = NOW + second * 1_000;
      const { commands, memories: after } = plan(
        site,
        memories.map((memory, at) => situation(site, at, memory)),
        { targets: names.map(() => 10), now },
      );
      expect(commands.every(({ change, limitAmps }) => change === 'renewal' && limitAmps === 10)).toBe(true);
      counts.push(commands.length);
      memories = after.map((memory) => ({
        ...memory,
        leases: memory.leases.slice(-1).map((one) => ({ ...one, acknowledgedAt: one.sentAt + 100 })),
      }));
    }
    expect(counts.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(3 * COUNT);
    expect(Math.max(...counts)).toBeLessThanOrEqual(17);
    expect(Math.max(...counts.slice(57))).toBeLessThanOrEqual(12);
  });
});

const anyLease = {
  leaseMs: fc.integer({ min: 15, max: 900 }).map((seconds) => seconds * 1_000),
  sentAt: fc.oneof(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.double({ min: 0, max: 1e12, noNaN: true })),
  at: fc.nat({ max: COUNT - 1 }),
  cycleMs: fc.constantFrom(250, 1_000, 3_750),
  minIntervalMs: fc.constantFrom(0, 5_000, 15_000, 600_000),
};

test('a renewal is due a third of the life after its lease at the latest, the cycle that finds it included', () => {
  fc.assert(
    fc.property(fc.record(anyLease), ({ leaseMs, sentAt, at, cycleMs, minIntervalMs }) => {
      const site = carPark(leaseMs, cycleMs);
      const profile = { ...genericAc, leaseMs, minIntervalMs };
      const ageMs = renewalDueAt(site, site.evses[at]!.id, profile, sentAt) - sentAt;
      const period = renewalPeriodMs(profile, cycleMs);
      expect(period + Math.min(cycleMs, leaseMs / 12)).toBeCloseTo(leaseMs / 3, 6);
      expect(ageMs).toBeLessThanOrEqual(period + 1e-3);
      expect(ageMs).toBeGreaterThanOrEqual(Math.min(Math.max(period / 4, minIntervalMs), period / 2) - 1e-3);
    }),
    { numRuns: 60 },
  );
});

test('whatever came before, an EVSE is back at its own moments with the second renewal, and stays there', () => {
  fc.assert(
    fc.property(fc.record(anyLease), ({ leaseMs, sentAt, at, cycleMs, minIntervalMs }) => {
      const site = carPark(leaseMs, cycleMs);
      const profile = { ...genericAc, leaseMs, minIntervalMs };
      const id = site.evses[at]!.id;
      const period = renewalPeriodMs(profile, cycleMs);
      // A hundredth of a millisecond late, as every cycle is later than the moment that it finds due.
      const next = (from: number) => renewalDueAt(site, id, profile, from) + 0.01;
      const third = next(next(next(sentAt)));
      expect(next(third) - third).toBeCloseTo(period, 1);
    }),
    { numRuns: 60 },
  );
});

test('the order of listing says nothing about the moments', () => {
  const site = carPark(60_000);
  const reversed = { ...site, evses: site.evses.toReversed() };
  for (const { id } of site.evses) {
    expect(renewalDueAt(reversed, id, genericAc, NOW)).toBe(renewalDueAt(site, id, genericAc, NOW));
  }
});

test('a lease of 60 s: moments between a quarter of the period and the whole of it', () => {
  const site = carPark(60_000);
  const ages = site.evses.map(({ id }) => renewalDueAt(site, id, genericAc, NOW) - NOW);
  expect(renewalPeriodMs(genericAc, 1_000)).toBe(19_000);
  expect(Math.min(...ages)).toBeGreaterThanOrEqual(5_000);
  expect(Math.min(...ages)).toBeLessThan(5_200);
  expect(Math.max(...ages)).toBeLessThanOrEqual(19_000);
  expect(Math.max(...ages)).toBeGreaterThan(18_800);
});
