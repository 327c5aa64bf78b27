// What one EVSE's memory learns from a snapshot: answers, reconnects and boots, and what has settled or run out.
import { describe, expect, test } from 'vitest';
import { absorb, blankEvseMemory } from '../../../src/core/command/absorb.ts';
import type { CommandProgress, StationLink } from '../../../src/core/model/snapshot.ts';
import { learn, NOW, type Told } from '../../support/learn.ts';
import { evseMemory, leaseEntry, settledLease } from '../../support/ledger.ts';
import { buildSite, evse, genericAc } from '../../support/site-builder.ts';

const { policy } = buildSite();
const progress = (state: CommandProgress['state'], commandId: string, at = NOW - 100): CommandProgress => ({
  commandId,
  state,
  at,
});

test('of a charger that was never seen nothing is known: no floor, no lease', () => {
  expect(blankEvseMemory).toEqual({ floor: { state: 'unproved' }, leases: [], failures: 0, disobeyedSamples: 0 });
});

describe('a link that comes and goes', () => {
  const lease = settledLease(16, NOW - 20_000);
  const { floor } = evseMemory();
  const again: StationLink = { state: 'connected', since: NOW, connection: 2 };
  const forgets = ['forgets-profiles-on-reconnect'] as const;
  test.each([
    ['an ordinary model keeps its profiles over a reconnect', { link: again }, 2, floor, [lease]],
    ['a forgetful one has lost them', { link: again, quirks: forgets }, 2, { state: 'unproved' }, []],
    ['but not while the connection lasts', { quirks: forgets }, 1, floor, [lease]],
    [
      'nor when it only drops',
      { link: { ...again, state: 'disconnected', connection: 1 }, quirks: forgets },
      1,
      floor,
      [lease],
    ],
    [
      'a station that has not called yet tells nothing',
      { link: { state: 'never' }, quirks: forgets },
      1,
      floor,
      [lease],
    ],
    ['another oddity forgets nothing', { link: again, quirks: ['slow-answers'] }, 2, floor, [lease]],
  ] as const)('%s', (_story, told, connection, expectedFloor, leases) => {
    expect(learn({ leases: [lease] }, told)).toMatchObject({ connection, floor: expectedFloor, leases });
  });

  test.each([
    // the transaction that runs, link, limits left
    ['its transaction runs', 'T1', undefined, [16]],
    ['its transaction has ended', undefined, undefined, []],
    ['another one has begun', 'T2', undefined, []],
    ['the cable is cut in another transaction', 'T2', { state: 'disconnected', since: 0, connection: 1 }, []],
    ['the station was not heard of since our start', undefined, { state: 'never' }, [16]],
  ] as const)('a lease by TxProfile when %s', (_story, transaction, link, left) => {
    const bound = settledLease(16, NOW - 20_000, { transaction: 'T1' });
    const told = { amps: [16, 16, 16], ...(transaction ? { transaction } : {}), ...(link ? { link } : {}) };
    const memory = learn({ leases: [bound] }, told);
    expect(memory.leases.map(({ limitAmps }) => limitAmps)).toEqual(left);
    expect(memory.disobeyedSamples).toBe(0);
  });

  test('a charger that the snapshot does not name is remembered as it was', () => {
    const memory = evseMemory({ connection: 1, bootedAt: 5, leases: [lease] });
    const input = {
      evse: evse({ station: 'A' }),
      profile: genericAc,
      station: undefined,
      state: undefined,
      now: NOW,
      policy,
    };
    expect(absorb({ ...input, memory })).toEqual(memory);
  });

  test('a boot unproves floor and leases, and forgets none of them', () => {
    const known = { bootedAt: NOW - 50_000, leases: [lease, leaseEntry(10, NOW - 2_000)] };
    const { acknowledgedAt: _a, settledAt: _s, ...bare } = lease;
    expect(learn(known, { bootedAt: NOW - 500 })).toEqual(
      evseMemory({
        connection: 1,
        bootedAt: NOW - 500,
        floor: { state: 'unproved' },
        leases: [bare, known.leases[1]!],
      }),
    );
    expect(learn(known, { bootedAt: NOW - 50_000 })).toEqual(evseMemory({ connection: 1, ...known }));
    expect(learn(known)).toEqual(evseMemory({ connection: 1, ...known }));
  });

  test('an answer from before a boot proves nothing after it, though it is still told', () => {
    const { acknowledgedAt: _a, settledAt: _s, ...bare } = lease;
    const old = progress('accepted', lease.commandId, NOW - 10_000);
    expect(learn({ leases: [lease] }, { bootedAt: NOW - 500, lease: old }).leases).toEqual([bare]);
    const fresh = progress('accepted', lease.commandId, NOW - 500);
    expect(learn({ leases: [lease] }, { bootedAt: NOW - 500, lease: fresh }).leases).toMatchObject([
      { acknowledgedAt: NOW - 500 },
    ]);
  });
});

describe('the answer to a floor', () => {
  const sent = { state: 'sent', commandId: 'f', amps: 7, sentAt: NOW - 900 } as const;
  const unproved = { state: 'unproved' } as const;
  test.each([
    ['accepted', { floor: { state: 'proved', amps: 7, since: NOW - 100 }, failures: 0 }, undefined],
    ['refused', { floor: unproved, failures: 4 }, NOW - 100],
    ['unanswered', { floor: unproved, failures: 4 }, NOW - 100],
    ['dropped', { floor: unproved, failures: 3 }, undefined],
    ['queued', { floor: sent, failures: 3 }, undefined],
    ['sent', { floor: sent, failures: 3 }, undefined],
  ] as const)('%s', (state, expected, failedAt) => {
    const memory = learn({ floor: sent, failures: 3 }, { floor: progress(state, 'f') });
    expect(memory).toMatchObject(expected);
    expect(memory.failedAt).toBe(failedAt);
  });

  test('is believed only for the command that was sent, and only once', () => {
    expect(learn({ floor: sent }, { floor: progress('accepted', 'older') }).floor).toEqual(sent);
    expect(learn({ floor: sent }).floor).toEqual(sent);
    const proved = { state: 'proved', amps: 7, since: NOW - 90_000, settledAt: NOW - 80_000 } as const;
    expect(learn({ floor: proved }, { floor: progress('refused', 'f') }).floor).toEqual(proved);
    expect(learn({ floor: proved }).floor).toEqual(proved);
  });

  test('failures are counted up to sixteen', () => {
    const counted = (failures: number) =>
      learn({ floor: sent, failures }, { floor: progress('refused', 'f') }).failures;
    expect([counted(0), counted(14), counted(15), counted(16)]).toEqual([1, 15, 16, 16]);
  });
});

describe('the answer to a lease', () => {
  const old = settledLease(16, NOW - 30_000);
  const waiting = leaseEntry(10, NOW - 900);
  const accepted = { ...waiting, acknowledgedAt: NOW - 100 };
  test.each([
    ['accepted', [old, accepted], 0, undefined],
    ['refused: the old limit still stands', [old], 4, NOW - 100],
    ['unanswered: it may have been applied', [old, waiting], 4, NOW - 100],
    ['dropped: it never left', [old], 3, undefined],
    ['queued', [old, waiting], 3, undefined],
    ['sent', [old, waiting], 3, undefined],
  ] as const)('%s', (story, leases, failures, failedAt) => {
    const state = story.split(':')[0] as CommandProgress['state'];
    const memory = learn({ leases: [old, waiting], failures: 3 }, { lease: progress(state, waiting.commandId) });
    expect(memory).toMatchObject({ leases, failures });
    expect(memory.failedAt).toBe(failedAt);
  });

  test('one silence is one failure, however often it is told', () => {
    const first = learn({ leases: [waiting] }, { lease: progress('unanswered', waiting.commandId) });
    expect(learn(first, { lease: progress('unanswered', waiting.commandId) })).toMatchObject({ failures: 1 });
    expect(learn(first, { lease: progress('unanswered', waiting.commandId, NOW - 50) })).toMatchObject({
      failures: 2,
      failedAt: NOW - 50,
    });
  });

  test('goes to its own lease, and no later word takes it back', () => {
    const [first, second] = [leaseEntry(16, NOW - 3_000), leaseEntry(10, NOW - 900)];
    const told = learn({ leases: [first, second] }, { lease: progress('accepted', first.commandId) });
    expect(told.leases).toEqual([{ ...first, acknowledgedAt: NOW - 100 }, second]);
    expect(learn({ leases: [accepted] }, { lease: progress('refused', accepted.commandId) }).leases).toEqual([
      accepted,
    ]);
    expect(learn({ leases: [waiting] }, { lease: progress('accepted', 'unknown') }).leases).toEqual([waiting]);
  });
});

describe('what was accepted settles', () => {
  const settledAt = (acceptedAgoMs: number, told: Told = {}) =>
    learn({ leases: [leaseEntry(10, NOW - 9_000, { acknowledgedAt: NOW - acceptedAgoMs })] }, told).leases[0]!
      .settledAt;
  test.each([
    // accepted so long ago, the sample on the three phases, taken so long after the acceptance, settled?
    ['a car has five seconds to follow', 4_999, undefined, 0, false],
    ['then it is taken to have followed', 5_000, undefined, 0, true],
    ['a sample a second later proves it sooner', 1_500, [10, 10, 10], 1_000, true],
    ['a sample within the second may still be of before', 1_500, [10, 10, 10], 999, false],
    ['a little more is within the tolerance', 1_500, [11.5, 11.5, 11.5], 1_000, true],
    ['more is not', 1_500, [11.6, 11.6, 11.6], 1_000, false],
    ['nor on one phase alone', 1_500, [0, 11.6, 0], 1_000, false],
    ['a sample that says too much delays nothing', 5_000, [16, 16, 16], 1_000, true],
  ] as const)('%s', (_story, acceptedAgoMs, amps, sampleAfterMs, settles) => {
    const told = amps ? { amps, measuredAt: NOW - acceptedAgoMs + sampleAfterMs } : {};
    expect(settledAt(acceptedAgoMs, told)).toBe(settles ? NOW : undefined);
  });

  test('once, and never before the answer', () => {
    const settled = settledLease(10, NOW - 30_000);
    expect(learn({ leases: [settled] }).leases).toEqual([settled]);
    const silent = leaseEntry(10, NOW - 30_000);
    expect(learn({ leases: [silent] }, { amps: [10, 10, 10] }).leases).toEqual([silent]);
  });

  test('a floor settles by its time alone', () => {
    const floor = (sinceMs: number, told: Told = {}) =>
      learn({ floor: { state: 'proved', amps: 7, since: NOW - sinceMs } }, told).floor;
    expect(floor(4_999, { amps: [0, 0, 0] })).toEqual({ state: 'proved', amps: 7, since: NOW - 4_999 });
    expect(floor(5_000)).toEqual({ state: 'proved', amps: 7, since: NOW - 5_000, settledAt: NOW });
    const sent = { state: 'sent', commandId: 'f', amps: 7, sentAt: NOW - 30_000 } as const;
    expect(learn({ floor: sent }).floor).toEqual(sent);
    expect(learn({ floor: { state: 'unproved' } }).floor).toEqual({ state: 'unproved' });
  });
});

describe('the ledger forgets only what cannot be in force', () => {
  const [a, b, c] = [settledLease(8, NOW - 30_000), settledLease(9, NOW - 20_000), leaseEntry(10, NOW - 2_000)];
  test.each([
    ['what the last settled one has replaced', [a, b, c], [b, c]],
    ['and what has certainly ended', [leaseEntry(20, NOW - 70_000), c], [c]],
    ['not a millisecond sooner', [leaseEntry(20, NOW - 69_999), c], [leaseEntry(20, NOW - 69_999), c]],
    ['nothing, while none has settled', [leaseEntry(20, NOW - 9_000), c], [leaseEntry(20, NOW - 9_000), c]],
    ['a lone settled one that has ended', [settledLease(20, NOW - 70_000)], []],
  ])('%s', (_story, before, expected) => {
    expect(learn({ leases: before }).leases).toEqual(expected);
  });
});
