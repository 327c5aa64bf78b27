// The campaign's own logic: what is broken is told as broken, what was never measured is no success, and what is not there is named.
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { allRows } from '../../bench/campaign/all-rows.ts';
import { runCampaign } from '../../bench/campaign/campaign.ts';
import { chooseRows, drawSeeds, seedsOf } from '../../bench/campaign/choose.ts';
import { addDay, daysText, readDays, readyForDays } from '../../bench/campaign/day-results.ts';
import { judgeRow, type Run } from '../../bench/campaign/judge-row.ts';
import { type Played, playRow } from '../../bench/campaign/play-row.ts';
import { campaignPage, campaignText, countText } from '../../bench/campaign/report.ts';
import { isWithin, type Row, type SimulatedRow } from '../../bench/campaign/row.ts';
import { always, farAbove, noRise, soon } from '../../bench/campaign/row-checkers.ts';
import { scriptOf } from '../../bench/campaign/row-script.ts';
import { carPark } from '../../bench/campaign/row-site.ts';
import type { SiteDay } from '../../bench/campaign/site-day.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { truthAt } from '../support/campaign-truth.ts';

const site = carPark(1, { stations: 2 });
const minutes = 2;
const script = scriptOf({ seed: 1, site, minutes, happenings: [] });
const demanding: SimulatedRow = {
  number: 99,
  name: 'a test',
  fault: 'none',
  required: 'what cannot be',
  how: 'simulated',
  figures: [
    { what: 'cycles', figure: 'progress.cycleCount', unit: 'cycles', most: 1 },
    { what: 'longest gap', figure: 'progress.longestGapSeconds', unit: 's', most: 2 },
  ],
  play: () => ({ site, script }),
};
const head = {
  ...{ build: '1.2.3', date: '2026-11-23', node: 'v24.0.0', hardware: '2 × test', isShort: true },
  ...{ seeds: [1, 2], freshSeeds: [2] },
};
const played = (part: Partial<Played> = {}): Played => ({
  ...{ violations: [], violationCount: 0, figures: {}, hours: 1, trace: '' },
  ...part,
});

describe('a simulated row', () => {
  test('whose bound cannot be met is broken, with the figure beside its bound', async () => {
    const run: Run = { seed: 1, played: await playRow(await demanding.play({ seed: 1, isShort: true })) };
    const outcome = judgeRow(demanding, [run]);
    expect(outcome).toMatchObject({ kind: 'broken', findingCount: 1, seeds: [1], findings: [{ seed: 1 }] });
    const text = campaignText(head, [{ row: demanding, outcome, seconds: 1 }]);
    expect(text).toMatch(/99 {2}a test {2}BROKEN +1 {2}cycles: \d+ cycles \(at most 1\)/);
    expect(text.split('\n').at(-1)).toBe('0 held, 1 broken, 0 not run');
  });

  test('is broken by one violation in one of its seeds, which is told with the command that plays it again', () => {
    const row = { ...demanding, figures: [] };
    const violation = { checker: 'fuse-law', at: 0, text: 'main L1 carried too much.' };
    const outcome = judgeRow(row, [
      { seed: 4, played: played() },
      { seed: 5, played: played({ violations: [violation], violationCount: 7 }) },
    ]);
    expect(outcome).toMatchObject({ kind: 'broken', findingCount: 7 });
    const page = campaignPage(head, [{ row, outcome, seconds: 1 }]);
    expect(page).toContain('`npm run campaign -- --rows 99 --seed 5 --seeds 1`: fuse-law: main L1 carried too much.');
    expect(page).toContain('and 6 more');
    expect(page).toContain('**broken**');
  });

  test('is broken by a run that ends with an error', () => {
    const outcome = judgeRow({ ...demanding, figures: [] }, [{ seed: 3, error: 'Error: no floor\n  at x' }]);
    expect(outcome).toMatchObject({
      kind: 'broken',
      findings: [{ seed: 3, text: 'ended by an error: Error: no floor' }],
    });
  });

  test('is broken where a figure with a bound was never measured', () => {
    const outcome = judgeRow(demanding, [{ seed: 1, played: played({ figures: { 'progress.cycleCount': 1 } }) }]);
    expect(outcome.kind).toBe('broken');
    expect(isWithin({ what: 'x', unit: 's', value: undefined, told: true })).toBe(true);
  });

  test('takes the worst of all seeds for what is named the longest', () => {
    const runs = [1, 5, 3].map((gap, at) => ({
      seed: at,
      played: played({ figures: { 'progress.cycleCount': 0, 'progress.longestGapSeconds': gap } }),
    }));
    const outcome = judgeRow(demanding, runs);
    expect(outcome).toMatchObject({ kind: 'broken', measures: [{ value: 0 }, { value: 5 }] });
  });

  test('without a run is not run', () => {
    expect(judgeRow(demanding, [])).toEqual({ kind: 'not-run', because: 'the time was up before it' });
  });
});

describe('the campaign', () => {
  const wish = {
    ...{ seeds: [1], isShort: true, processes: 1, clock: new VirtualClock() },
    ...{ onProgress: () => {}, isEnded: () => false },
  };

  test('tells rows that cannot be run yet with the reason, and runs the others', async () => {
    const test: Row = {
      ...{ number: 98, name: 'a test', fault: 'x', required: 'y', how: 'test' },
      run: async ({ seed }) => ({
        kind: 'held',
        measures: [],
        findings: [],
        findingCount: 0,
        ran: `seed ${seed}`,
        seeds: [],
      }),
    };
    const missing: Row = {
      number: 97,
      name: 'later',
      fault: 'x',
      required: 'y',
      how: 'not-run',
      because: 'no such thing',
    };
    const reports = await runCampaign({ ...wish, rows: [missing, test] });
    expect(countText(reports)).toBe('1 held, 0 broken, 1 not run');
    expect(campaignText(head, reports)).toContain('97  later   not run         no such thing');
  });

  test('knows every row of the fault table once', () => {
    expect(allRows.map(({ number }) => number)).toEqual(Array.from({ length: 48 }, (_, at) => at + 1));
  });
});

describe('which rows', () => {
  const numbers = (text: string | undefined) => {
    const chosen = chooseRows(allRows, text);
    return chosen.ok ? chosen.rows.map(({ number }) => number) : chosen.fault;
  };

  test('are named by numbers and ranges, in the order of the table', () => {
    expect(numbers('12,1,9-11')).toEqual([1, 9, 10, 11, 12]);
    expect(numbers(undefined)).toHaveLength(48);
  });

  test('that are not there are named in the error, all of them', () => {
    expect(numbers('2,49,x,47-50')).toBe(
      '--rows has "49", "x", "47-50"; expected numbers of rows, 1 to 48, such as 1,2,9-14',
    );
  });
});

describe('seeds', () => {
  test('are the fixed ones and, above a million, fresh ones', () => {
    const seeds = drawSeeds({ first: 5, fixed: 2, fresh: 3 }, seededRandom(1));
    expect(seeds.slice(0, 2)).toEqual([5, 6]);
    expect(seeds.slice(2).every((seed) => seed >= 1_000_000 && Number.isSafeInteger(seed))).toBe(true);
    expect(new Set(seeds).size).toBe(5);
  });

  test('of a row with long runs are few, a fresh one among them where there is room', () => {
    const row = { ...demanding, mostSeeds: { full: 2, short: 1 } };
    expect(seedsOf(row, [1, 2, 3, 900], false)).toEqual([1, 900]);
    expect(seedsOf(row, [1, 2, 3, 900], true)).toEqual([1]);
    expect(seedsOf(demanding, [1, 2, 3], true)).toEqual([1, 2, 3]);
  });
});

describe('days', () => {
  const day = (seed: number, part: Partial<SiteDay> = {}): SiteDay => ({
    ...{
      seed,
      hours: 12,
      faults: 'harsh',
      build: 'a',
      node: 'v24.0.0',
      stations: 2,
      violations: [],
      violationCount: 0,
    },
    ...{ figures: { 'fuse-law.aboveLimitSeconds': 6, 'fuse-law.longestRunSeconds': seed }, trace: 'ff', cpuSeconds: 3 },
    ...part,
  });

  test('that were done are found again, but for one that was cut off while it was written', () => {
    const directory = mkdtempSync(join(tmpdir(), 'busbar-days-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const file = join(directory, 'results', 'days.jsonl');
    readyForDays(file);
    addDay(file, day(1));
    addDay(file, day(2, { build: 'b' }));
    appendFileSync(file, JSON.stringify(day(3)).slice(0, 40));
    const ofOneBuild = () => [...readDays(file, ({ build }) => build === 'a').keys()];
    expect(ofOneBuild()).toEqual([1]);
    readyForDays(file);
    addDay(file, day(4));
    expect(ofOneBuild()).toEqual([1, 4]);
  });

  test('come to totals for each day of 24 h, and name the seeds that are broken', () => {
    const violation = { checker: 'fuse-law', at: 0, text: 'too much.' };
    const days = [
      day(7),
      day(8),
      day(9, { violations: [violation], violationCount: 1 }),
      day(10, { error: 'Error: x\n at' }),
    ];
    const text = daysText(days, { wish: { hours: 12, faults: 'harsh' }, build: 'a' });
    expect(text).toMatch(/site-days +2\n/);
    expect(text).toMatch(/seconds a day above a limit +12\.000\n/);
    expect(text).toMatch(/longest time above a limit, seconds +10\n/);
    expect(text).toContain('  seed 9: fuse-law: too much.\n  seed 10: Error: x');
  });
});

describe('the checkers of rows', () => {
  test('what comes too late is told once, what never comes at the end', () => {
    const make = () =>
      soon({ name: 'soon', what: 'it', fromMs: 2_000, mostMs: 3_000, onTruth: ({ evses }) => evses[0]!.isLinked });
    const late = make();
    const told = [1, 2, 3, 4, 5, 6, 7].flatMap((second) => late.onTruth!(truthAt(second, { isLinked: second >= 7 })));
    expect(told.map(({ text }) => text)).toEqual(['it has not come for 4 s; at most 3 s were allowed.']);
    expect(late.figures!()).toEqual({ longestSeconds: 5, timesCount: 1 });
    const never = make();
    expect(never.onTruth!(truthAt(3, { isLinked: false }))).toEqual([]);
    expect(never.onEnd!(0)).toHaveLength(1);
    expect(never.figures!()).toEqual({ timesCount: 0 });
  });

  test('what must hold all the while counts every wrong look and tells the first, within its time only', () => {
    const checker = always({
      name: 'a',
      fromMs: 2_000,
      untilMs: 5_000,
      onTruth: ({ evses }) => (evses[0]!.isLinked ? undefined : 'lost'),
    });
    const told = [1, 2, 3, 4, 5].flatMap((second) => checker.onTruth!(truthAt(second, { isLinked: false })));
    expect(told).toHaveLength(1);
    expect(checker.figures!()).toEqual({ looksCount: 3, wrongCount: 3 });
  });

  test('a charger that may draw more than before has risen', () => {
    const checker = noRise({ fromMs: 1_000, untilMs: 9_000 });
    expect(checker.onTruth!(truthAt(1, { limitAmps: 10, mightAmps: 12 }))).toEqual([]);
    expect(checker.onTruth!(truthAt(2, { limitAmps: 12, mightAmps: 12 }))).toEqual([]);
    expect(checker.onTruth!(truthAt(3, { limitAmps: 13, mightAmps: 13 }))).toHaveLength(1);
  });

  test('time above 1.13 of a rating is counted from its instant on, and too long a run is told once', () => {
    const rating = site.circuits[0]!.ratingAmps.L1;
    const checker = farAbove({ site, fromMs: 2_000, mostMs: 2_000 });
    const told = [1, 2, 3, 4, 5, 6].flatMap((second) => checker.onTruth!(truthAt(second, {}, 1.14 * rating)));
    expect(told).toHaveLength(1);
    expect(checker.onTruth!(truthAt(7, {}, 1.13 * rating))).toEqual([]);
    expect(checker.figures!()).toEqual({ longestFarSeconds: 4, farSeconds: 4 });
  });
});
