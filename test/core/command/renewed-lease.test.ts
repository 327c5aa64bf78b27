// A renewal tells a charger nothing new: what it was judged by before it is judged by on, and its disobedience cannot hide behind renewals.
import { describe, expect, test } from 'vitest';
import { absorb } from '../../../src/core/command/absorb.ts';
import type { LeaseEntry } from '../../../src/core/model/memory.ts';
import { onEachPhase } from '../../../src/core/model/units.ts';
import { acceptedLease, blank, lease, NOW } from '../../support/command-bench.ts';
import { buildSite, evse, genericAc } from '../../support/site-builder.ts';
import { World } from '../../support/world.ts';

const site = buildSite({ evses: [evse({ station: 'A' })] });
/** Sent 40 s ago and followed for 30 s. */
const first = (amps: number, part: Partial<LeaseEntry> = {}) =>
  lease(site, amps, 40_000, { settledAt: NOW - 30_000, ...part });
/** Sent six seconds ago and accepted; its five seconds of settling are over now. */
const second = (amps: number) => acceptedLease(site, amps, 6_000, { acknowledgedAt: NOW - 5_000 });

function absorbed(leases: readonly LeaseEntry[], drawnAmps?: number) {
  return absorb({
    evse: site.evses[0]!,
    profile: genericAc,
    station: undefined,
    state: {
      evse: 'A/1',
      connectorStatus: 'Occupied',
      ...(drawnAmps === undefined ? {} : { drawn: { amps: [drawnAmps], measuredAt: NOW } }),
    },
    memory: blank({ leases }),
    now: NOW,
    policy: site.policy,
  });
}
const settledAt = (leases: readonly LeaseEntry[]) => absorbed(leases).leases.at(-1)!.settledAt;

describe('a lease that is followed', () => {
  test('and renewed is followed since the first of them', () => {
    expect(settledAt([first(10), second(10)])).toBe(NOW - 30_000);
  });
  test('is followed since now when its limit is another', () => {
    expect(settledAt([first(12), second(10)])).toBe(NOW);
  });
  test('is followed since now when the one before it was not', () => {
    expect(settledAt([acceptedLease(site, 10, 7_000, { acknowledgedAt: NOW - 4_000 }), second(10)])).toBe(NOW);
  });
  test.each([
    ['may have ended when it was accepted', -5_000, NOW],
    ['held for a moment more', -4_999, NOW - 30_000],
  ])('is followed since the right moment when the one before it %s', (_story, holdsUntil, expected) => {
    expect(settledAt([first(10, { holdsUntil: NOW + holdsUntil }), second(10)])).toBe(expected);
  });
  test('is followed since now when it is the only one', () => {
    expect(settledAt([second(10)])).toBe(NOW);
  });
});

describe('a sample of 20 A', () => {
  const unsettled = (amps: number) => acceptedLease(site, amps, 2_000);
  test('is held against a charger that was told 10 A, and is being told it again', () => {
    expect(absorbed([first(10), unsettled(10)], 20).disobeyedSamples).toBe(1);
    expect(absorbed([first(10), unsettled(10), unsettled(10)], 20).disobeyedSamples).toBe(1);
  });
  test('is not held against one that is being told something else', () => {
    expect(absorbed([first(10), unsettled(24)], 20).disobeyedSamples).toBe(0);
    expect(absorbed([first(10), unsettled(10), unsettled(24)], 20).disobeyedSamples).toBe(0);
  });
});

test('a lease that is renewed sooner than a charger settles hides no disobedience', () => {
  const world = new World(buildSite({ profile: { ...genericAc, leaseMs: 18_000 }, evses: [evse({ station: 'A' })] }));
  world.base = onEachPhase(45);
  world.plugIn('A/1');
  world.step(60);
  Object.assign(world.charger('A/1'), { manner: 'accepts-without-applying', lease: undefined, floor: undefined });
  world.step(60);
  expect(world.decisions.at(-1)!.shares[0]!.reason.kind).toBe('disobedient');
});
