// Every share has a reason that names its bind; a record that leaves one out, doubles one or mumbles is found.
import { describe, expect, test } from 'vitest';
import type { Decision, Notice, Reason } from '../../../src/core/model/decision.ts';
import { ExplainedChecker } from '../../../src/simulator/checks/explained.ts';
import { cycleRecord, share, T0 } from '../../support/cycle-record.ts';
import { buildSite } from '../../support/site-builder.ts';
import { truth } from '../../support/truth.ts';

const site = buildSite();
const fuse = { source: { kind: 'fuse' }, limitAmps: 63 } as const;

function judge(decision: Partial<Decision>, checker = new ExplainedChecker({ site })): readonly string[] {
  return checker.onCycle(cycleRecord(site, { decision }), truth(site)).map(({ text }) => text);
}

/** A/1 has this reason. */
function judgeReason(reason: unknown, checker?: ExplainedChecker): readonly string[] {
  const shares = [share({ evse: 'A/1', reason: reason as Reason }), share({ evse: 'B/1' }), share({ evse: 'C/1' })];
  return judge({ shares }, checker);
}

describe('a reason', () => {
  test.each<Reason>([
    { kind: 'no-car' },
    { kind: 'out-of-service', status: 'Faulted' },
    { kind: 'circuit-full', circuit: 'main', phase: 'L2', ...fuse, moreAmps: 4 },
    { kind: 'paused', by: { kind: 'circuit', circuit: 'main', phase: 'L1', ...fuse, meter: 'lost' }, neededAmps: 6 },
    { kind: 'paused', by: { kind: 'rest' }, neededAmps: 6, dueAt: T0 + 60_000 },
    { kind: 'capped', limitAmps: 8, source: { kind: 'upstream' }, station: 'A' },
    { kind: 'rising', waitsFor: 'dwell' },
    { kind: 'unreachable', reservedAmps: 6 },
  ])('that says what binds is sound: %o', (reason) => {
    expect(judgeReason(reason)).toEqual([]);
  });

  test.each([
    ['a circuit that is not there', { kind: 'circuit-full', circuit: 'attic', ...fuse, moreAmps: 4 }, 'circuit'],
    ['a group that is not there', { kind: 'group-full', group: 'tenants', ...fuse, moreAmps: 4 }, 'group'],
    [
      'a station that is not there',
      { kind: 'capped', limitAmps: 8, source: { kind: 'upstream' }, station: 'Z' },
      'station',
    ],
    ['a number that is none', { kind: 'unreachable', reservedAmps: Number.NaN }, 'reservedAmps'],
    ['an author without a kind', { kind: 'capped', limitAmps: 8, source: { kind: undefined } }, 'source.kind'],
    ['an empty detail', { kind: 'failsafe', detail: '' }, 'detail'],
    [
      'nothing of what keeps it paused',
      { kind: 'paused', by: { kind: 'circuit', circuit: '' }, neededAmps: 6 },
      'by.circuit',
    ],
  ])('with %s is a violation', (_what, reason, part) => {
    expect(judgeReason(reason)).toEqual([`The share of A/1 is ${reason.kind} without saying ${part}.`]);
  });

  test('that makes no sentence is a violation, as soon as its kind appears', () => {
    const checker = new ExplainedChecker({ site });
    expect(judgeReason({ kind: 'no-car' }, checker)).toEqual([]);
    expect(judgeReason({ kind: 'rising', waitsFor: 'godot' }, checker)).toEqual([
      'The share of A/1 is rising, which reads "rising: undefined".',
    ]);
  });

  test('is read again every now and then while its kind stays', () => {
    const checker = new ExplainedChecker({ site });
    expect(judgeReason({ kind: 'rising', waitsFor: 'dwell' }, checker)).toEqual([]);
    const found = Array.from({ length: 120 }, () => judgeReason({ kind: 'rising', waitsFor: 'godot' }, checker));
    expect(found.flat()).toHaveLength(2);
  });
});

describe('shares', () => {
  const [a, b, c] = ['A/1', 'B/1', 'C/1'].map((id) => share({ evse: id })) as [Share, Share, Share];
  type Share = ReturnType<typeof share>;

  test.each([
    ['one is missing', [a, b], 'C/1 has 0'],
    ['one is there twice', [a, b, b, c], 'B/1 has 2'],
    ['one is of nobody', [a, b, c, share({ evse: 'Z/1' })], 'Z/1 has 1'],
  ])('of which %s are a violation', (_what, shares, wrong) => {
    expect(judge({ shares })).toEqual([`Shares do not fit the site: ${wrong}; each EVSE had to have 1.`]);
  });

  test('in another order are sound', () => {
    expect(judge({ shares: [c, b, a] })).toEqual([]);
  });
});

describe('notices', () => {
  const notice = (part: Partial<Notice> = {}): Notice => ({
    severity: 'warning',
    code: 'METER_LATE',
    text: 'Main meter is late: its last good reading is 4 s old.',
    ...part,
  });

  test('that can have a cause are sound; more are not', () => {
    const checker = new ExplainedChecker({ site });
    expect(judge({ notices: Array.from({ length: 15 }, () => notice()) }, checker)).toEqual([]);
    expect(judge({ notices: Array.from({ length: 16 }, () => notice()) }, checker)).toEqual([
      '16 notices in one cycle; at most 15 can have a cause.',
    ]);
    expect(checker.figures()).toEqual({ cycleCount: 2, mostNoticesCount: 16 });
  });

  test.each([
    ['no code', { code: '' }],
    ['no text', { text: ' ' }],
    ['a hole in the text', { text: 'undefined is late' }],
    ['a text that nobody reads', { text: 'late '.repeat(200) }],
  ])('with %s are a violation', (_what, part) => {
    expect(judge({ notices: [notice(part)] })).toHaveLength(1);
  });
});
