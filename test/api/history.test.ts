// The chart's past: bounded in points and in time, and honest about gaps.
import { expect, test } from 'vitest';
import { HISTORY_MS, History, MAX_HISTORY_POINTS } from '../../src/api/history.ts';
import { circuitReport, cycleRecord, T0 } from '../support/cycle-record.ts';
import { buildSite } from '../support/site-builder.ts';

const site = buildSite();

test('the past is a quarter of an hour and never more points than it has seconds', () => {
  const history = new History('main');
  for (let cycle = 1; cycle <= 2_000; cycle++) history.add(cycleRecord(site, { cycle }));
  const { atWallMs, limitAmps, meteredAmps } = history.view();
  expect(atWallMs).toHaveLength(MAX_HISTORY_POINTS);
  expect(atWallMs.at(-1)).toBe(T0 + 2_000_000);
  expect(atWallMs[0]).toBeGreaterThanOrEqual(T0 + 2_000_000 - HISTORY_MS);
  expect([limitAmps.length, meteredAmps.L2.length]).toEqual([MAX_HISTORY_POINTS, MAX_HISTORY_POINTS]);
});

test('cycles asked for in between do not shorten the past', () => {
  const history = new History('main');
  for (let cycle = 1; cycle <= 100; cycle++)
    for (const offset of [0, 100, 200])
      history.add(cycleRecord(site, { cycle, snapshot: { now: T0 + cycle * 1_000 + offset } }));
  expect(history.view().atWallMs).toHaveLength(100);
});

test('a meter that tells nothing is a gap, and the lowest phase is the limit', () => {
  const history = new History('main');
  const { meteredAmps: _none, ...silent } = circuitReport('main').phases.L2;
  const report = circuitReport('main', (phase) => ({ limitAmps: phase === 'L3' ? 40 : 63 }));
  const circuits = [{ ...report, phases: { ...report.phases, L2: silent } }];
  history.add(cycleRecord(site, { decision: { circuits } }));
  expect(history.view()).toMatchObject({ limitAmps: [40], meteredAmps: { L1: [46], L2: [null], L3: [46] } });
});
