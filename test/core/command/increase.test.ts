// More is given only when everything speaks for it: answered, dwelt, ramped, and free on every row; and in a fixed order.
import { describe, expect, test } from 'vitest';
import { stopCap } from '../../../src/core/limits/emergency-stop.ts';
import type { EvseMemory } from '../../../src/core/model/memory.ts';
import { candidateRole } from '../../support/candidates.ts';
import { type Box, candidate, NOW, plan, told } from '../../support/command-plan.ts';
import { evseMemory, leaseEntry, settledLease } from '../../support/ledger.ts';

/** Long enough for the model's shortest interval, too short for a renewal to be due. */
const RENEWED_MS = 5_000;
/** Told `amps` fifteen seconds ago, which was renewed a moment ago, and wanting more for ten seconds. */
const wants = (amps: number, part: Partial<EvseMemory> = {}) =>
  evseMemory({
    leases: [settledLease(amps, NOW - RENEWED_MS)],
    changedAt: NOW - 15_000,
    wantsMoreSince: NOW - 10_000,
    ...part,
  });
const outcome = (box: Box, room?: number) => {
  const result = plan([box], room);
  return result.waiting.get(0) ?? told(result);
};

const byTransaction = { lease: { purpose: 'TxProfile', stackLevel: 0 } } as const;
const charging = { evse: 'A/1', connectorStatus: 'Occupied', transaction: { id: 'T1', startedAt: 0 } } as const;

const stopped = { amps: 0, source: stopCap('door', 'contact Door').source } as const;

describe('an increase', () => {
  test.each([
    // the box, the room on its row (its own exposure of 6 A included), the command or what it waits for
    ['when all is well', { memory: wants(10), target: 20 }, 1_000, ['lease A increase 20']],
    [
      'from the floor, before any lease',
      { memory: wants(10, { leases: [] }), target: 20 },
      1_000,
      ['lease A increase 20'],
    ],
    ['while everybody is stopped is none', { memory: wants(0), target: 20, cap: stopped }, 1_000, 'dead-band'],
    ['by a millionth is none', { memory: wants(10), target: 10 + 1e-6 }, 1_000, []],
    [
      'waits for the answer to the last',
      { memory: wants(10, { leases: [leaseEntry(10, NOW - 15_000)] }), target: 20 },
      1_000,
      'answer',
    ],
    [
      'waits after a failure',
      { memory: wants(10, { failures: 1, failedAt: NOW - 4_999 }), target: 20 },
      1_000,
      'answer',
    ],
    [
      'until the next try is due',
      { memory: wants(10, { failures: 1, failedAt: NOW - 5_000 }), target: 20 },
      1_000,
      ['lease A increase 20'],
    ],
    [
      'waits while eight leases are open',
      { memory: wants(10, { leases: Array(8).fill(settledLease(10, NOW - 15_000)) }), target: 20 },
      1_000,
      'answer',
    ],
    [
      'seven are not too many',
      { memory: wants(10, { leases: Array(7).fill(settledLease(10, NOW - 15_000)) }), target: 20 },
      1_000,
      ['lease A increase 20'],
    ],
    ['waits for the meter', { memory: wants(10), target: 20, mayRise: false }, 1_000, 'meter'],
    ['is wished for ten seconds', { memory: wants(10, { wantsMoreSince: NOW - 9_999 }), target: 20 }, 1_000, 'dwell'],
    [
      'is ten seconds from the last change',
      { memory: wants(10, { changedAt: NOW - 9_999 }), target: 20 },
      1_000,
      'dwell',
    ],
    [
      'waits for as long after a renewal as the model asks for',
      { memory: wants(10), target: 20, profile: { minIntervalMs: RENEWED_MS + 1 } },
      1_000,
      'dwell',
    ],
    [
      'which then suffices',
      { memory: wants(10), target: 20, profile: { minIntervalMs: RENEWED_MS } },
      1_000,
      ['lease A increase 20'],
    ],
    [
      'and after the floor, which is a write like others',
      {
        memory: wants(10, { floor: { state: 'proved', amps: 6, since: NOW - 4_000 } }),
        target: 20,
        profile: { minIntervalMs: 4_500 },
      },
      1_000,
      'dwell',
    ],
    [
      'answered or not',
      {
        memory: wants(10, { floor: { state: 'sent', commandId: 'f', amps: 6, sentAt: NOW - 4_000 } }),
        target: 20,
        profile: { minIntervalMs: 4_500 },
      },
      1_000,
      'dwell',
    ],
    [
      'where a renewal is due that interval is over, whatever the model asks for',
      {
        memory: wants(10, { leases: [settledLease(10, NOW - 20_000)] }),
        target: 20,
        profile: { minIntervalMs: 60_000 },
      },
      1_000,
      ['lease A increase 20'],
    ],
    [
      'rises by 2 A a second since the last change',
      { memory: wants(6, { changedAt: NOW - 10_000 }), target: 32 },
      1_000,
      ['lease A increase 26'],
    ],
    [
      'as high as it likes when nothing ever changed',
      { memory: evseMemory({ wantsMoreSince: NOW - 10_000 }), target: 32 },
      1_000,
      ['lease A increase 32'],
    ],
    ['starts at the minimum, not on the ramp', { memory: wants(0), target: 20 }, 1_000, ['lease A increase 6']],
    [
      'takes what is free beside its exposure',
      { memory: wants(10), target: 20, exposureAmps: 10 },
      15,
      ['lease A increase 15'],
    ],
    ['on the step below', { memory: wants(10), target: 20, exposureAmps: 10 }, 15.19, ['lease A increase 15.1']],
    [
      'up to its exposure where nothing is free',
      { memory: wants(10), target: 20, exposureAmps: 14 },
      5,
      ['lease A increase 14'],
    ],
    [
      'not by transaction, where the floor beneath is counted and the row is more than full',
      { memory: wants(0), target: 6, exposureAmps: 6, profile: byTransaction, state: charging },
      5.9,
      'decreases',
    ],
    [
      'by transaction up to the floor that is counted, where the row is just full',
      { memory: wants(0), target: 6, exposureAmps: 6, profile: byTransaction, state: charging },
      6,
      ['lease A increase 6'],
    ],
    [
      'waits for decreases where its minimum is not free',
      { memory: wants(0), target: 20, exposureAmps: 0 },
      5.9,
      'decreases',
    ],
    ['and starts where just that is', { memory: wants(0), target: 20, exposureAmps: 0 }, 6, ['lease A increase 6']],
    ['of an ampere is worth a command', { memory: wants(10), target: 11 }, 1_000, ['lease A increase 11']],
    ['of less is not', { memory: wants(10), target: 10.9 }, 1_000, 'dead-band'],
    [
      'of more, of which less is free, waits for decreases',
      { memory: wants(10), target: 11, exposureAmps: 10 },
      10.9,
      'decreases',
    ],
    [
      'a small one travels with a renewal',
      { memory: wants(10, { leases: [settledLease(10, NOW - 20_000)] }), target: 10.5 },
      1_000,
      ['lease A increase 10.5'],
    ],
    [
      'a small one has no renewal to travel with before the first lease',
      { memory: wants(10, { leases: [] }), target: 6.5 },
      1_000,
      'dead-band',
    ],
    [
      'to the minimum it is always worth it',
      { memory: wants(5.5), target: 6, exposureAmps: 5.5 },
      1_000,
      ['lease A increase 6'],
    ],
  ] as [string, Box, number, unknown][])('%s', (_story, box, room, expected) => {
    expect(outcome(box, room)).toEqual(expected);
  });

  test('a row of watts is room for as many amperes as they carry', () => {
    expect(told(plan([{ memory: wants(10), target: 20, exposureAmps: 10 }], 15 * 690, 690))).toEqual([
      'lease A increase 15',
    ]);
  });

  test('with nothing free the lease is renewed as it is, and waits for decreases', () => {
    const memory = wants(10, { leases: [settledLease(10, NOW - 20_000)] });
    const result = plan([{ memory, target: 20, exposureAmps: 10 }], 10);
    expect([result.waiting.get(0), told(result)]).toEqual(['decreases', ['lease A renewal 10']]);
  });

  test('that waits renews the lease meanwhile', () => {
    const memory = wants(10, { leases: [settledLease(10, NOW - 20_000)], wantsMoreSince: NOW });
    const result = plan([{ memory, target: 20 }]);
    expect(result.waiting.get(0)).toBe('dwell');
    expect(told(result)).toEqual(['lease A renewal 10']);
  });

  test('is a wish from the first cycle that wants more until the first that does not', () => {
    const first = evseMemory({ leases: [settledLease(10, NOW - RENEWED_MS)] });
    expect(plan([{ memory: first, target: 20 }]).memories[0]).toEqual({ ...first, wantsMoreSince: NOW });
    const since = { ...first, wantsMoreSince: NOW - 3_000 };
    expect(plan([{ memory: since, target: 20 }]).memories[0]).toEqual(since);
    expect(plan([{ memory: since, target: 10 }]).memories[0]).toEqual(first);
    expect(plan([{ memory: since, target: 10 }]).memories[0]).not.toHaveProperty('wantsMoreSince');
  });
});

describe('who comes first when not all can rise', () => {
  const box = (amps: number, part: Box = {}): Box => ({ memory: wants(amps), exposureAmps: amps, target: 20, ...part });
  test.each([
    [
      'the higher priority',
      [box(10), box(10, { role: candidateRole({ isOn: true, priority: 1 }) })],
      28,
      ['lease B increase 18'],
    ],
    ['then who has less', [box(12), box(10)], 30, ['lease B increase 18']],
    ['by its weight', [box(12, { evse: { weight: 2 } }), box(10)], 30, ['lease A increase 20']],
    ['then the name', [box(10), box(10)], 28, ['lease A increase 18']],
    ['the rest goes to the next', [box(10), box(10)], 34, ['lease A increase 20', 'lease B increase 14']],
    [
      'what a charger may draw already is free for nobody else',
      [box(10, { exposureAmps: 18 }), box(10)],
      32,
      ['lease A increase 20', 'lease B increase 12'],
    ],
  ] as [string, Box[], number, string[]][])('%s', (_story, boxes, room, expected) => {
    expect(told(plan(boxes, room))).toEqual(expected);
  });

  test('the order of names holds whatever the order of listing', () => {
    const named = (id: string) => box(10, { evse: { id } });
    expect(plan([named('Z/1'), named('Y/1')], 28).commands.map(({ evse }) => evse)).toEqual(['Y/1']);
    expect(plan([named('Y/1'), named('Z/1')], 28).commands.map(({ evse }) => evse)).toEqual(['Y/1']);
  });
});

test('decreases leave first, floors before leases, then renewals, then increases, numbered in that order', () => {
  const result = plan([
    { memory: wants(10), target: 12 },
    { memory: evseMemory({ leases: [settledLease(10, NOW - 20_000)] }), target: 10 },
    { memory: wants(10), target: 8 },
    { memory: wants(10, { floor: { state: 'unproved' } }), target: 8 },
  ]);
  expect(told(result)).toEqual([
    'floor D decrease 6',
    'lease C decrease 8',
    'lease D decrease 8',
    'lease B renewal 10',
    'lease A increase 12',
  ]);
  expect(result.commands.map(({ id }) => id)).toEqual([41, 42, 43, 44, 45].map((n) => `box/1-${n}`));
  expect(result.nextCommandNumber).toBe(46);
});

test('in watts an AC charger is told for one phase, a DC charger for all of its own', () => {
  const watts = (supply: 'ac' | 'dc') => {
    const box: Box = { memory: wants(20), target: 10, role: candidate, evse: { supply }, profile: { unit: 'W' } };
    return plan([box]).commands[0]!.profile.schedule.periods[0]!.limit;
  };
  expect([watts('ac'), watts('dc')]).toEqual([10 * 230 * 0.9, 3 * 10 * 230 * 0.9]);
});
