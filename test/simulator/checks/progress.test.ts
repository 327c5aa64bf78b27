// Cycles follow each other as long as a controller runs, and are not asked for while none does.
import { expect, test } from 'vitest';
import { ProgressChecker } from '../../../src/simulator/checks/progress.ts';
import { cycleRecord, T0 } from '../../support/cycle-record.ts';
import { buildSite } from '../../support/site-builder.ts';
import { truth } from '../../support/truth.ts';

const site = buildSite();

/** Seconds of a run: `c` with a cycle, `.` without, `x` without a controller; the seconds of its violations. */
function play(seconds: string, checker = new ProgressChecker({ site })): readonly number[] {
  return [...seconds].flatMap((what, index) => {
    const step = truth(site, { at: T0 + (index + 1) * 1_000, isControlled: what !== 'x' });
    const found = [...checker.onTruth(step), ...(what === 'c' ? checker.onCycle(cycleRecord(site), step) : [])];
    return found.map(({ at }) => (at - T0) / 1_000);
  });
}

test.each([
  ['every second', 'cccccccc', []],
  ['every other second, within the tolerance', 'c.c.c.c.c', []],
  ['with a gap of three seconds: one violation', 'cc..c.ccc', [5]],
  ['never: one violation', '..........', [3]],
  ['with two gaps: two violations', 'cc...cc....c', [5, 10]],
  ['not while no controller runs', 'ccxxxxxxxxcc', []],
  ['with a first one that is late after a start', 'ccxxxx...cc', [9]],
  ['with none before a hang, and none asked for during it', 'c.xxxx.c', []],
])('cycles come %s', (_what, seconds, found) => {
  expect(play(seconds)).toEqual(found);
});

test('the gap is told in words, and the longest is kept', () => {
  const checker = new ProgressChecker({ site, toleranceMs: 500 });
  play('cc', checker);
  const step = truth(site, { at: T0 + 3_600 });
  expect(checker.onCycle(cycleRecord(site), step)).toEqual([
    {
      checker: 'progress',
      at: T0 + 3_600,
      text: 'No cycle for 1.6 s while a controller runs; at most 1.5 s were allowed.',
    },
  ]);
  expect(checker.figures()).toEqual({ cycleCount: 3, longestGapSeconds: 1.6 });
});

test("a slower cycle of the site's policy is waited for", () => {
  const slow = new ProgressChecker({ site: buildSite({ policy: { cycleMs: 5_000 } }) });
  expect(play('c.....c.....c......c', slow)).toEqual([20]);
});
