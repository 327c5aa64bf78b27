// The most that a charger may be drawing (law 1): every limit that can still be in force counts, the floor where nothing is certain.
import { describe, expect, test } from 'vitest';
import {
  acknowledgedAmps,
  exposureOf,
  floorExposure,
  newLease,
  offeredLease,
} from '../../../src/core/command/exposure.ts';
import type { ChargerProfile } from '../../../src/core/model/charger.ts';
import type { EvseMemory } from '../../../src/core/model/memory.ts';
import { evseMemory, leaseEntry, settledLease } from '../../support/ledger.ts';
import { evse, genericAc } from '../../support/site-builder.ts';

const NOW = 1_000_000;
const wallbox = evse({ station: 'A' });
const forgetful: ChargerProfile = { ...genericAc, holdsFloor: false };
const unproved = { state: 'unproved' } as const;
const unsettled = { state: 'proved', amps: 6, since: NOW - 1_000 } as const;
const sent = { state: 'sent', commandId: 'f', amps: 6, sentAt: NOW } as const;

describe('the life of a lease', () => {
  test.each([
    // lease and settling in seconds, then from when on it may have ended, and by when it certainly has
    ['a minute: five seconds for the clock', 60, 5, 55, 70],
    ['five minutes: still five seconds', 300, 5, 295, 310],
    ['twelve seconds: a twelfth of it, one second', 12, 3, 11, 16],
  ])('%s', (_story, leaseSeconds, settleSeconds, holds, ends) => {
    const profile = { ...genericAc, leaseMs: leaseSeconds * 1_000, settleMs: settleSeconds * 1_000 };
    expect(newLease('c-1', 16, NOW, profile)).toEqual({
      commandId: 'c-1',
      limitAmps: 16,
      sentAt: NOW,
      holdsUntil: NOW + holds * 1_000,
      endsBy: NOW + ends * 1_000,
    });
  });

  test('is bound to its transaction where it is a TxProfile, and to nobody otherwise', () => {
    const byTransaction = { ...genericAc, lease: { purpose: 'TxProfile', stackLevel: 0 } } as const;
    expect(newLease('c-1', 16, NOW, byTransaction, 'T1').transaction).toBe('T1');
    expect(newLease('c-1', 16, NOW, genericAc, 'T1')).not.toHaveProperty('transaction');
  });

  test.each([
    ['no lease was ever sent', [], undefined],
    ['the newest still rules', [settledLease(20, NOW - 20_000), leaseEntry(10, NOW - 1_000)], 10],
    ['it rules for one more millisecond', [leaseEntry(10, NOW - 54_999)], 10],
    ['the newest may have ended in this millisecond', [leaseEntry(10, NOW - 55_000)], undefined],
  ])('what is offered when %s', (_story, leases, expected) => {
    expect(offeredLease(evseMemory({ leases }), NOW)?.limitAmps).toBe(expected);
  });

  test.each([
    ['the newest is not yet answered, the one before counts', [settledLease(20, NOW - 9_000), leaseEntry(10, NOW)], 20],
    ['the newest was accepted', [settledLease(20, NOW - 9_000), settledLease(10, NOW - 8_000)], 10],
    ['the accepted one ends in a millisecond', [settledLease(20, NOW - 54_999)], 20],
    ['the accepted one has ended, the floor counts', [settledLease(20, NOW - 55_000)], 6],
    ['none was accepted, the floor counts', [leaseEntry(20, NOW)], 6],
  ])('what is acknowledged when %s', (_story, leases, expected) => {
    expect(acknowledgedAmps(evseMemory({ leases }), NOW)).toBe(expected);
  });

  test('a floor that was not accepted is not acknowledged', () => {
    expect(acknowledgedAmps(evseMemory({ floor: sent }), NOW)).toBeUndefined();
    expect(acknowledgedAmps(evseMemory({ floor: unproved }), NOW)).toBeUndefined();
    expect(acknowledgedAmps(evseMemory({ floor: unsettled }), NOW)).toBe(6);
  });
});

describe('the floor counts as far as it is proved', () => {
  test.each([
    // floor, profile, link, amperes, because
    ['proved and settled', evseMemory().floor, genericAc, 'connected', 6, 'floor'],
    ['and the cable is cut', evseMemory().floor, genericAc, 'disconnected', 6, 'floor'],
    ['accepted a second ago, the car may still follow', unsettled, genericAc, 'connected', 32, 'floor-not-proved'],
    ['sent and not answered', sent, genericAc, 'connected', 32, 'floor-not-proved'],
    ['never sent', unproved, genericAc, 'connected', 32, 'floor-not-proved'],
    ['a forgetful model that is here', evseMemory().floor, forgetful, 'connected', 6, 'floor'],
    ['a forgetful model that is gone', evseMemory().floor, forgetful, 'disconnected', 32, 'floor-not-proved'],
    ['a forgetful model, nothing proved', unsettled, forgetful, 'connected', 32, 'floor-not-proved'],
    ['a floor above the hardware', { ...evseMemory().floor, amps: 40 }, genericAc, 'connected', 32, 'floor'],
  ] as const)('%s', (_story, floor, profile, link, amps, because) => {
    expect(floorExposure(wallbox, profile, evseMemory({ floor }), link)).toEqual({ amps, because });
  });
});

describe('every limit that may be in force counts', () => {
  const rows: [string, Partial<EvseMemory>, number, string][] = [
    ['no lease: the floor', {}, 6, 'floor'],
    ['a settled lease rules alone', { leases: [settledLease(20, NOW - 20_000)] }, 20, 'lease'],
    ['paused at 0 A: nothing is drawn, the floor sleeps', { leases: [settledLease(0, NOW - 20_000)] }, 0, 'lease'],
    [
      'an increase counts from the moment it is sent',
      { leases: [settledLease(10, NOW - 20_000), leaseEntry(16, NOW)] },
      16,
      'lease',
    ],
    ['a decrease does not count yet', { leases: [settledLease(16, NOW - 20_000), leaseEntry(8, NOW)] }, 16, 'lease'],
    [
      'nor when it was accepted and the car has not followed',
      { leases: [settledLease(16, NOW - 20_000), leaseEntry(8, NOW - 3_000, { acknowledgedAt: NOW - 2_000 })] },
      16,
      'lease',
    ],
    [
      'it counts once it has settled',
      { leases: [settledLease(16, NOW - 20_000), settledLease(8, NOW - 7_000)] },
      8,
      'lease',
    ],
    [
      'one between two that settled is void',
      { leases: [settledLease(10, NOW - 30_000), leaseEntry(24, NOW - 20_000), settledLease(8, NOW - 7_000)] },
      8,
      'lease',
    ],
    ['the first of all beside the floor: the higher', { leases: [leaseEntry(16, NOW)] }, 16, 'lease'],
    ['the first of all below the floor: the floor', { leases: [leaseEntry(4, NOW)] }, 6, 'floor'],
    [
      'the first of all, accepted and not settled, below the floor: the floor',
      { leases: [leaseEntry(4, NOW - 3_000, { acknowledgedAt: NOW - 2_000 })] },
      6,
      'floor',
    ],
    [
      'two before any has settled: the highest',
      { leases: [leaseEntry(16, NOW - 2_000), leaseEntry(4, NOW)] },
      16,
      'lease',
    ],
    ['as high as the floor: the floor is named', { leases: [leaseEntry(6, NOW)] }, 6, 'floor'],
    [
      'without a proved floor a lease that has not settled helps nothing',
      { floor: unproved, leases: [leaseEntry(8, NOW)] },
      32,
      'floor-not-proved',
    ],
    [
      'a settled lease holds even where the floor is not proved',
      { floor: unproved, leases: [settledLease(8, NOW - 20_000)] },
      8,
      'lease',
    ],
    ['a lease above the hardware counts as the hardware', { leases: [settledLease(40, NOW - 20_000)] }, 32, 'lease'],
    [
      'a disobedient charger counts in full',
      { leases: [settledLease(8, NOW - 20_000)], disobeyedAt: NOW },
      32,
      'disobedient',
    ],
  ];
  test.each(rows)('%s', (_story, part, amps, because) => {
    expect(exposureOf(wallbox, genericAc, evseMemory(part), 'connected', NOW)).toEqual({ amps, because });
  });

  test.each([
    // lease of 3 A sent so long ago, in milliseconds
    ['more than ten seconds are certain', 44_999, 3, 'lease'],
    ['ten seconds are left: the floor may come back, so make room now', 45_000, 6, 'floor'],
    ['it may have ended', 69_999, 6, 'floor'],
  ])('a lease below the floor: %s', (_story, ageMs, amps, because) => {
    const memory = evseMemory({ leases: [settledLease(3, NOW - ageMs)] });
    expect(exposureOf(wallbox, genericAc, memory, 'connected', NOW)).toEqual({ amps, because });
  });

  test.each([
    ['a millisecond before its end', 69_999, 20, 'lease'],
    ['at its end', 70_000, 6, 'floor'],
  ])('a lease above the floor counts until it has certainly ended: %s', (_story, ageMs, amps, because) => {
    const memory = evseMemory({ leases: [settledLease(20, NOW - ageMs)] });
    expect(exposureOf(wallbox, genericAc, memory, 'disconnected', NOW)).toEqual({ amps, because });
  });

  test('a TxProfile may end with its transaction at any moment: the floor beneath it always counts', () => {
    const byTransaction = { ...genericAc, lease: { purpose: 'TxProfile', stackLevel: 0 } } as const;
    const exposure = (limitAmps: number, part: Partial<EvseMemory> = {}) => {
      const leases = [settledLease(limitAmps, NOW - 20_000, { transaction: 'T1' })];
      return exposureOf(wallbox, byTransaction, evseMemory({ leases, ...part }), 'connected', NOW);
    };
    expect(exposure(0)).toEqual({ amps: 6, because: 'floor' });
    expect(exposure(16)).toEqual({ amps: 16, because: 'lease' });
    expect(exposure(16, { floor: unproved })).toEqual({ amps: 32, because: 'floor-not-proved' });
  });

  test('only an accepted renewal keeps the floor asleep', () => {
    const old = settledLease(3, NOW - 46_000);
    const exposure = (part: object) =>
      exposureOf(wallbox, genericAc, evseMemory({ leases: [old, leaseEntry(3, NOW - 3_000, part)] }), 'connected', NOW);
    expect(exposure({})).toEqual({ amps: 6, because: 'floor' });
    expect(exposure({ acknowledgedAt: NOW - 2_000 })).toEqual({ amps: 3, because: 'lease' });
  });

  test('the guard before the end is a quarter of a short life', () => {
    const short: ChargerProfile = { ...genericAc, leaseMs: 12_000 };
    const exposure = (heldForMs: number) => {
      const lease = settledLease(3, NOW - 5_000, { holdsUntil: NOW + heldForMs, endsBy: NOW + 20_000 });
      return exposureOf(wallbox, short, evseMemory({ leases: [lease] }), 'connected', NOW).amps;
    };
    expect([exposure(3_001), exposure(3_000)]).toEqual([3, 6]);
  });

  test('a model that forgets its profiles counts in full while its link is down, whatever was sent', () => {
    const memory = evseMemory({ leases: [settledLease(8, NOW - 20_000)] });
    const exposure = (link: 'connected' | 'disconnected' | 'never') =>
      exposureOf(wallbox, forgetful, memory, link, NOW);
    expect(exposure('connected')).toEqual({ amps: 8, because: 'lease' });
    expect(exposure('disconnected')).toEqual({ amps: 32, because: 'floor-not-proved' });
    expect(exposure('never')).toEqual({ amps: 32, because: 'floor-not-proved' });
  });
});
