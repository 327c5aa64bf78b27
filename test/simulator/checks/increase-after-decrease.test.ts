// Decreases first: an increase is measured against what the chargers may truly still draw, not against what is believed of them.
import { describe, expect, test } from 'vitest';
import type { Decision, Reason } from '../../../src/core/model/decision.ts';
import { IncreaseAfterDecreaseChecker } from '../../../src/simulator/checks/increase-after-decrease.ts';
import type { TrueEvse } from '../../../src/simulator/truth.ts';
import { circuitReport, cycleRecord, share, T0 } from '../../support/cycle-record.ts';
import { buildSite, circuit, evse } from '../../support/site-builder.ts';
import { installProfile, type TruthParts, truth } from '../../support/truth.ts';

const site = buildSite();
const base = (baseLoadAmps: number, limitAmps = 63) => [
  circuitReport('main', () => ({ baseLoadAmps, limitAmps, marginAmps: 0 })),
];
const might = (mightAmps: number, part: Partial<TrueEvse> = {}) => ({ mightAmps, limitAmps: mightAmps, ...part });
const raise = (evseId: string, limitAmps: number) => installProfile(evseId, { limitAmps });

function judge(decision: Partial<Decision>, evses: NonNullable<TruthParts['evses']>) {
  const checker = new IncreaseAfterDecreaseChecker({ site });
  const record = cycleRecord(site, { decision: { circuits: base(20), ...decision } });
  return { checker, found: checker.onCycle(record, truth(site, { evses })) };
}

describe('an increase', () => {
  test('that fits beside what the others may draw is sound, to the last milliampere', () => {
    const { found, checker } = judge({ commands: [raise('A/1', 31)] }, { 'B/1': might(6), 'C/1': might(6) });
    expect(found).toEqual([]);
    expect(checker.figures()).toEqual({ increaseCount: 1, leastHeadroomAmps: 0 });
  });

  test('is a violation on each phase while another may still draw what it is to give up', () => {
    const commands = [installProfile('B/1', { change: 'decrease', limitAmps: 6 }), raise('A/1', 20)];
    const { found } = judge({ commands }, { 'B/1': might(20), 'C/1': might(6) });
    expect(found.map(({ text }) => text)).toEqual(
      ['L1', 'L2', 'L3'].map(
        (phase) =>
          `main ${phase}: an increase left while its chargers may still draw 46.0 A and the building 20.0 A; together at most 63.0 A were free.`,
      ),
    );
    expect(found[0]).toMatchObject({ checker: 'increase-after-decrease', at: T0 });
  });

  test('together with another one is counted with it', () => {
    const commands = [raise('A/1', 20), raise('B/1', 20)];
    expect(judge({ commands }, { 'C/1': might(6) }).found).toHaveLength(3);
    expect(judge({ commands: commands.slice(1) }, { 'C/1': might(6) }).found).toEqual([]);
  });

  test('below what its own charger may still draw does not lessen that', () => {
    expect(
      judge({ commands: [raise('A/1', 10)] }, { 'A/1': might(32), 'B/1': might(12), 'C/1': might(0) }).found,
    ).toHaveLength(3);
  });

  test('has to keep the margin and a lower limit, and not more than the rating', () => {
    const one = [raise('A/1', 10)];
    const others = { 'B/1': might(6), 'C/1': might(6) };
    expect(judge({ commands: one, circuits: base(20, 41) }, others).found).toHaveLength(3);
    expect(judge({ commands: one, circuits: base(20, 42) }, others).found).toEqual([]);
    expect(judge({ commands: one, circuits: base(45, 100) }, others).found).toHaveLength(3);
    const margined = buildSite({ circuits: [circuit({ id: 'main', marginAmps: { L1: 0, L2: 22, L3: 0 } })] });
    const record = cycleRecord(margined, { decision: { commands: one, circuits: base(20) } });
    const found = new IncreaseAfterDecreaseChecker({ site: margined }).onCycle(
      record,
      truth(margined, { evses: others }),
    );
    expect(found.map(({ text }) => text)).toEqual([expect.stringMatching(/^main L2: .* at most 41\.0 A were free\.$/)]);
  });

  test('that is not a number is a violation', () => {
    expect(judge({ commands: [raise('A/1', Number.NaN)] }, {}).found).toHaveLength(3);
  });
});

test('a full circuit without an increase is no violation: the others are not asked', () => {
  const commands = [installProfile('A/1', { change: 'renewal', limitAmps: 32 })];
  expect(judge({ commands }, { 'A/1': might(32), 'B/1': might(32) }).found).toEqual([]);
});

test('only circuits and phases that the increase loads are asked', () => {
  const tree = buildSite({
    circuits: [
      circuit({ id: 'main', ratingAmps: { L1: 100, L2: 100, L3: 100 } }),
      circuit({ id: 'east', parent: 'main', ratingAmps: { L1: 16, L2: 16, L3: 16 } }),
      circuit({ id: 'west', parent: 'main', ratingAmps: { L1: 32, L2: 32, L3: 32 } }),
    ],
    evses: [evse({ station: 'A', circuit: 'east' }), evse({ station: 'B', circuit: 'west', phases: ['L2'] })],
  });
  const circuits = ['main', 'east', 'west'].map((id) => circuitReport(id, () => ({ baseLoadAmps: 1, limitAmps: 100 })));
  const shares = [share({ evse: 'A/1' }), share({ evse: 'B/1', phases: ['L2'] })];
  const record = cycleRecord(tree, { decision: { commands: [raise('B/1', 32)], circuits, shares } });
  const found = new IncreaseAfterDecreaseChecker({ site: tree }).onCycle(
    record,
    truth(tree, { evses: { 'A/1': might(32) } }),
  );
  expect(found.map(({ text }) => text)).toEqual([expect.stringMatching(/^west L2: .* at most 32\.0 A/)]);
});

test('phases that the decision has learnt to be unused do not count, and cycles do not add up', () => {
  const shares = [share({ evse: 'A/1' }), share({ evse: 'B/1', phases: ['L1'] }), share({ evse: 'C/1' })];
  const decision = { commands: [raise('A/1', 20)], shares, circuits: base(20) };
  const checker = new IncreaseAfterDecreaseChecker({ site });
  const record = cycleRecord(site, { decision });
  const step = truth(site, { evses: { 'B/1': might(20), 'C/1': might(6) } });
  for (let cycle = 0; cycle < 3; cycle++) {
    expect(checker.onCycle(record, step).map(({ text }) => text.slice(0, 7))).toEqual(['main L1']);
  }
  expect(checker.figures()).toEqual({ increaseCount: 3, leastHeadroomAmps: -3 });
});

describe('who is counted with the exposure of the decision', () => {
  const counted = (part: Partial<TrueEvse>, reason: Reason, exposureAmps: number) =>
    judge(
      {
        commands: [raise('A/1', 25)],
        shares: [share({ evse: 'A/1' }), share({ evse: 'B/1', exposureAmps, reason }), share({ evse: 'C/1' })],
      },
      { 'B/1': { ...might(32), ...part }, 'C/1': might(6) },
    ).found.length;
  const free: Reason = { kind: 'no-car' };

  test.each([
    ['one that errs', { errs: true }, free],
    ['one whose clock was set wrong', { isClockAstray: true }, free],
    ['one that is unreachable', {}, { kind: 'unreachable', reservedAmps: 6 }],
    ['one whose floor is not proved', {}, { kind: 'floor-not-proved', reservedAmps: 6 }],
    ['one that is disobedient', {}, { kind: 'disobedient', reservedAmps: 6 }],
  ] as const)('%s', (_name, part, reason) => {
    expect(counted(part, reason, 12)).toBe(0);
    expect(counted(part, reason, 13)).toBe(3);
  });

  test('nobody else', () => {
    expect(counted({}, free, 6)).toBe(3);
  });
});

describe('a paused car above its floor', () => {
  const others = { 'C/1': might(6) };
  const paused = (mightAmps: number, exposureAmps: number) =>
    judge(
      {
        commands: [raise('A/1', 37)],
        shares: [share({ evse: 'A/1' }), share({ evse: 'B/1', exposureAmps }), share({ evse: 'C/1' })],
      },
      { ...others, 'B/1': { mightAmps, limitAmps: 0, floorAmps: 6 } },
    ).found.length;

  test('is not counted with the floor while its lease is renewed in time', () => {
    expect(paused(6, 0)).toBe(0);
  });

  test('is, as soon as the decision expects the lease to end or something higher may rule', () => {
    expect(paused(6, 6)).toBe(3);
    expect(paused(7, 0)).toBe(3);
  });
});

test('an EVSE without a share counts with all it has', () => {
  const shares = [share({ evse: 'A/1' }), share({ evse: 'B/1' })];
  expect(judge({ commands: [raise('A/1', 6)], shares }, { 'B/1': might(5), 'C/1': might(0) }).found).toEqual([]);
  expect(judge({ commands: [raise('A/1', 6)], shares }, { 'B/1': might(6), 'C/1': might(0) }).found).toHaveLength(3);
});
