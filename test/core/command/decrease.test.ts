// What leaves at once: floors where none is proved, decreases in the cycle that finds them, renewals before a lease grows old.
import { describe, expect, test } from 'vitest';
import { offeredAmps } from '../../../src/core/command/draft.ts';
import type { StationState } from '../../../src/core/model/snapshot.ts';
import { type Box, NOW, plan, told } from '../../support/command-plan.ts';
import { evseMemory, leaseEntry, settledLease } from '../../support/ledger.ts';
import { buildSite } from '../../support/site-builder.ts';
import { situationsOf } from '../../support/situation.ts';

const unproved = { state: 'unproved' } as const;
const gone: StationState = {
  station: 'A',
  link: { state: 'disconnected', since: 0, connection: 1 },
  evses: [],
  upstreamProfiles: [],
  upstreamLink: 'none',
};
/** Nothing proved: it is counted in full and shares nothing. */
const reserved = { kind: 'reserved', amps: 32 } as const;
/** Told `amps` ten seconds ago, accepted and settled. */
const at = (amps: number, part = {}) => evseMemory({ leases: [settledLease(amps, NOW - 10_000)], ...part });
const sentFloor = (ageMs: number) => ({ state: 'sent', commandId: 'f', amps: 6, sentAt: NOW - ageMs }) as const;

describe('a floor is sent', () => {
  test.each([
    ['where none is proved', { role: reserved, memory: evseMemory({ floor: unproved }) }, ['floor A decrease 6']],
    ['not where it is', {}, []],
    ['where another is proved', { evse: { floorAmps: 8 }, memory: at(6), target: 6 }, ['floor A decrease 8']],
    ['not while an answer may still come', { memory: evseMemory({ floor: sentFloor(60_000) }) }, []],
    [
      'nor while another than the wanted is on its way',
      { memory: evseMemory({ floor: { ...sentFloor(1_000), amps: 8 } }), target: 8 },
      [],
    ],
    ['when none has come for a minute', { memory: evseMemory({ floor: sentFloor(60_001) }) }, ['floor A decrease 6']],
    ['not to a station that is gone', { station: gone, memory: evseMemory({ floor: unproved }) }, []],
    ['not to one that was never seen', { station: undefined, memory: evseMemory({ floor: unproved }) }, []],
  ] as [string, Box, string[]][])('%s', (_story, box, expected) => {
    expect(told(plan([box]))).toEqual(expected);
  });

  test('and remembered as sent', () => {
    const { commands, memories } = plan([{ memory: evseMemory({ floor: unproved }) }]);
    expect(memories[0]!.floor).toEqual({ state: 'sent', commandId: commands[0]!.id, amps: 6, sentAt: NOW });
  });

  test.each([
    // failures in a row, seconds until the next try
    [1, 5],
    [2, 10],
    [3, 20],
    [6, 160],
    [7, 300],
    [16, 300],
  ])('after %i failures in a row the next try waits %i s', (failures, seconds) => {
    const tried = (sinceMs: number) =>
      told(plan([{ role: reserved, memory: evseMemory({ floor: unproved, failures, failedAt: NOW - sinceMs }) }]))
        .length;
    expect([tried(seconds * 1_000 - 1), tried(seconds * 1_000)]).toEqual([0, 1]);
  });

  test('at once where a failure was made good, or its time is not known', () => {
    expect(
      told(plan([{ role: reserved, memory: evseMemory({ floor: unproved, failures: 0, failedAt: NOW }) }])),
    ).toHaveLength(1);
    expect(told(plan([{ role: reserved, memory: evseMemory({ floor: unproved, failures: 3 }) }]))).toHaveLength(1);
  });
});

describe('a decrease', () => {
  const byTransaction = { lease: { purpose: 'TxProfile', stackLevel: 1 } } as const;
  const waiting = { failures: 1, failedAt: NOW - 1_000 };
  test.each([
    ['leaves in the cycle that finds it', { memory: at(16), target: 10 }, ['lease A decrease 10']],
    ['to nothing', { memory: at(16), target: 0 }, ['lease A decrease 0']],
    ['below the floor, where no lease was sent yet', { target: 0 }, ['lease A decrease 0']],
    ['by a millionth is none', { memory: at(16), target: 16 - 1e-6 }, []],
    ['waits after a refusal', { memory: at(16, waiting), target: 10 }, []],
    ['but not before the first lease', { memory: evseMemory(waiting), target: 0 }, ['lease A decrease 0']],
    [
      'never to 0 A where that breaks the next limit',
      { memory: at(16), target: 0, profile: { quirks: ['zero-amps-breaks-next-limit'] } },
      ['lease A decrease 6'],
    ],
    ['not to a station that is gone', { station: gone, memory: at(16), target: 10 }, []],
    ['not by a profile of a transaction that is not there', { memory: at(16), target: 10, profile: byTransaction }, []],
    [
      'of a charger that shares no more: to its floor',
      { memory: at(16), role: reserved, target: 20 },
      ['lease A decrease 6'],
    ],
    ['of one that is below its floor: none', { memory: at(4), role: reserved, target: 0 }, []],
    ['of one that was told nothing: none', { role: reserved, target: 0 }, []],
  ] as [string, Box, string[]][])('%s', (_story, box, expected) => {
    expect(told(plan([box]))).toEqual(expected);
  });

  test('names its transaction, carries its limit and is remembered with its time', () => {
    const transaction = { id: '7', startedAt: 0 };
    const memory = at(16, { changedAt: 5, wantsMoreSince: 9 });
    const state = { evse: 'A/1', connectorStatus: 'Occupied', transaction } as const;
    const { commands, memories, nextCommandNumber } = plan([{ memory, target: 10, state, profile: byTransaction }]);
    expect(commands).toMatchObject([
      {
        kind: 'install-profile',
        id: 'box/1-41',
        station: 'A',
        evse: 'A/1',
        profile: { transactionId: '7', purpose: 'TxProfile' },
      },
    ]);
    expect(commands[0]!.profile.schedule.periods).toEqual([{ startPeriodSeconds: 0, limit: 10 }]);
    expect(nextCommandNumber).toBe(42);
    expect(memories).toEqual([
      {
        ...evseMemory(),
        changedAt: NOW,
        leases: [...memory.leases, { ...leaseEntry(10, NOW), commandId: 'box/1-41', transaction: '7' }],
      },
    ]);
  });

  test('at the bound of eight leases makes the two oldest one, as high and as long as either', () => {
    const leases = [20, 24, 3, 4, 5, 6, 7, 16].map((amps, n) => settledLease(amps, NOW - 9_000 + n));
    const { memories } = plan([{ memory: evseMemory({ leases }), target: 10 }]);
    expect(memories[0]!.leases).toHaveLength(8);
    const { acknowledgedAt: _a, settledAt: _s, ...second } = leases[1]!;
    expect(memories[0]!.leases.slice(0, 2)).toEqual([second, leases[2]]);
    expect(memories[0]!.leases.at(-1)).toMatchObject({ limitAmps: 10 });

    const oldest = [settledLease(30, NOW - 9_000, { endsBy: NOW + 99_000 }), ...leases.slice(1)];
    const [merged] = plan([{ memory: evseMemory({ leases: oldest }), target: 10 }]).memories[0]!.leases;
    expect(merged).toEqual({ ...second, limitAmps: 30, endsBy: NOW + 99_000 });
    expect(plan([{ memory: evseMemory({ leases: leases.slice(1) }), target: 10 }]).memories[0]!.leases[0]).toEqual(
      leases[1],
    );
  });
});

describe('a renewal', () => {
  const aged = (ageMs: number): Box => ({
    memory: evseMemory({ leases: [settledLease(10, NOW - ageMs)] }),
    target: 10,
  });
  test('leaves a third of the lease after it at the latest, the cycle that finds it included; never in the first quarter of that', () => {
    expect(told(plan([aged(4_749)]))).toEqual([]);
    expect(told(plan([aged(19_000)]))).toEqual(['lease A renewal 10']);
  });

  test('changes no limit and no time of change', () => {
    const { memories } = plan([{ ...aged(20_000), memory: { ...aged(20_000).memory!, changedAt: 5 } }]);
    expect(memories[0]).toMatchObject({ changedAt: 5, leases: [{}, { limitAmps: 10, sentAt: NOW }] });
  });

  test.each([
    ['a silence of five seconds: once more', { failures: 1, failedAt: NOW - 5_000 }, ['lease A renewal 10']],
    ['a shorter one', { failures: 1, failedAt: NOW - 4_999 }, []],
    ['a failure of an older try: this one may still be answered', { failures: 1, failedAt: NOW - 9_001 }, []],
    ['no failure yet', { failures: 0 }, []],
    ['a failure that nobody knows the time of', { failures: 1 }, []],
    ['a failure from before it was sent', { failures: 1, failedAt: NOW - 9_001 }, []],
  ])('of a lease that was never answered: %s', (_story, part, expected) => {
    const memory = evseMemory({ leases: [leaseEntry(10, NOW - 9_000)], ...part });
    expect(told(plan([{ memory, target: 10 }]))).toEqual(expected);
  });

  test.each([
    [9_001, []],
    [9_000, ['lease A renewal 10']],
  ])('of a lease that was never answered keeps an interval of %i ms', (minIntervalMs, expected) => {
    const memory = evseMemory({ leases: [leaseEntry(10, NOW - 9_000)], failures: 1, failedAt: NOW - 5_000 });
    expect(told(plan([{ memory, target: 10, profile: { minIntervalMs } }]))).toEqual(expected);
  });

  test('is not for a charger that shares no more: its lease is left to run out', () => {
    expect(told(plan([{ memory: evseMemory({ leases: [settledLease(4, NOW - 20_000)] }), role: reserved }]))).toEqual(
      [],
    );
  });

  test('of an answered one does not come sooner for an old failure', () => {
    expect(told(plan([{ memory: at(10, { failures: 1, failedAt: NOW - 9_000 }), target: 10 }]))).toEqual([]);
  });
});

test.each([
  ['the newest lease', { leases: [settledLease(10, NOW - 10_000)] }, 10],
  ['the floor, when the lease may have ended', { leases: [settledLease(10, NOW - 60_000)] }, 6],
  ['a floor that was sent', { floor: sentFloor(0) }, 6],
  ['the hardware maximum, when there is no floor', { floor: unproved }, 32],
])('what a charger was told last: %s', (_story, part, expected) => {
  const [situation] = situationsOf(buildSite(), { 'A/1': { memory: evseMemory(part) } });
  expect(offeredAmps(situation!, NOW)).toBe(expected);
});
