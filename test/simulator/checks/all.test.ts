// The checkers together: each is fed what it looks at, one that finds much hides no other, and figures of runs add up.
import { describe, expect, test } from 'vitest';
import { CheckRun, MAX_KEPT_PER_CHECKER, mergeFigures, standardCheckers } from '../../../src/simulator/checks/all.ts';
import type { Checker, Violation } from '../../../src/simulator/truth.ts';
import { circuitReport, cycleRecord, share, T0 } from '../../support/cycle-record.ts';
import { buildSite } from '../../support/site-builder.ts';
import { installProfile, truth } from '../../support/truth.ts';

const site = buildSite();
const sound = () => ({
  record: cycleRecord(site, { decision: { circuits: [circuitReport('main', () => ({ marginAmps: 0 }))] } }),
  parts: { base: 20, evses: { 'A/1': { drawn: 10 } } },
});

test('a sound run has no violation, and figures of every checker', () => {
  const run = new CheckRun(standardCheckers({ site }));
  const { record, parts } = sound();
  for (let second = 1; second <= 1_000; second++) {
    const step = truth(site, { ...parts, at: T0 + second * 1_000 });
    run.onTruth(step);
    run.onCycle(record, step);
    run.onQueues([{ queue: 'outbox', size: 3, bound: 10 }], step.at);
  }
  run.onEnd(T0 + 1_000_000);
  expect(run.violations).toEqual([]);
  expect(run.violationCount).toBe(0);
  const figures = run.figures();
  expect(figures).toMatchObject({
    'progress.cycleCount': 1_000,
    'bounds.fullestPercent': 30,
    'fuse-law.violationCount': 0,
  });
  expect(Object.keys(figures).filter((name) => name.endsWith('.violationCount'))).toHaveLength(8);
  expect(Object.values(figures).every(Number.isFinite)).toBe(true);
});

test('every standard checker is fed and heard', () => {
  const devices = { main: { kind: 'breaker-c' } } as const;
  const run = new CheckRun(standardCheckers({ site, devices, maxRunMs: 5_000, floorWithinMs: 5_000 }));
  const floorless = { drawn: 32, floorAmps: 3 };
  const bad = { base: 20, evses: { 'A/1': floorless, 'B/1': { drawn: 32 }, 'C/1': { drawn: 4, mightAmps: 32 } } };
  for (let second = 1; second <= 30; second++) run.onTruth(truth(site, { ...bad, at: T0 + second * 1_000 }));
  const commands = [installProfile('A/1', { limitAmps: 3 })];
  const decision = { commands, shares: [share({ evse: 'A/1' }), share({ evse: 'B/1' })] };
  run.onCycle(cycleRecord(site, { decision }), truth(site, { ...bad, at: T0 + 31_000 }));
  run.onQueues([{ queue: 'outbox', size: 11, bound: 10 }], T0 + 31_000);
  run.onEnd(T0 + 31_000);
  const found = [...new Set(run.violations.map(({ checker }) => checker))].sort();
  expect(found).toEqual(
    standardCheckers({ site })
      .map(({ name }) => name)
      .sort(),
  );
});

describe('violations', () => {
  const noisy = (name: string, count: number): Checker => ({
    name,
    onQueues: (_queues, at) =>
      Array.from({ length: count }, (_one, index): Violation => ({ checker: name, at, text: `${index}` })),
    onEnd: (at) => [{ checker: name, at, text: 'end' }],
    figures: () => ({ fullestPercent: 5 }),
  });

  test('are kept up to a number of each checker, and all are counted', () => {
    const run = new CheckRun([noisy('loud', 15), noisy('quiet', 1)]);
    for (let turn = 0; turn < 3; turn++) run.onQueues([], turn);
    run.onEnd(9);
    expect(run.violations.filter(({ checker }) => checker === 'loud')).toHaveLength(MAX_KEPT_PER_CHECKER);
    expect(run.violations.filter(({ checker }) => checker === 'quiet')).toHaveLength(4);
    expect(run.violationCount).toBe(46 + 4);
    expect(run.figures()).toEqual({
      'loud.violationCount': 46,
      'loud.fullestPercent': 5,
      'quiet.violationCount': 4,
      'quiet.fullestPercent': 5,
    });
  });
});

test('figures of several runs are those of one: sums, the greatest and the smallest', () => {
  const [a, b] = [
    { 'fuse-law.aboveLimitSeconds': 3, 'fuse-law.worstRatio': 1.2, 'fuse-law.buildingAloneLongestRunSeconds': 7 },
    {
      'fuse-law.aboveLimitSeconds': 4,
      'fuse-law.worstRatio': 1.1,
      'fuse-law.buildingAloneLongestRunSeconds': 9,
      'increase-after-decrease.leastHeadroomAmps': 2,
    },
  ];
  expect(mergeFigures([a, b, { 'increase-after-decrease.leastHeadroomAmps': 1 }])).toEqual({
    'fuse-law.aboveLimitSeconds': 7,
    'fuse-law.worstRatio': 1.2,
    'fuse-law.buildingAloneLongestRunSeconds': 9,
    'increase-after-decrease.leastHeadroomAmps': 1,
  });
  expect(mergeFigures([])).toEqual({});
});
