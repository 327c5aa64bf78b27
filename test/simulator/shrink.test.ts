// Shrinking: from a day of many happenings to the few that a failure needs, within a bounded number of runs.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Happening, Script } from '../../src/simulator/script.ts';
import { type Shrunk, shrinkScript } from '../../src/simulator/shrink-script.ts';
import { writeScript } from '../../src/simulator/write-script.ts';
import { buildSite } from '../support/site-builder.ts';

const HOUR_MS = 3_600_000;
const day = writeScript({ site: buildSite(), seed: 7, hours: 24, faults: 'harsh' });
const has = (script: Script, test: (one: Happening) => boolean) => script.happenings.some(test);

async function shrink(script: Script, fails: (script: Script) => boolean, maxRuns = 2_000) {
  const tried: Script[] = [];
  const shrunk = await shrinkScript(
    script,
    async (one) => {
      tried.push(one);
      return fails(one);
    },
    { maxRuns },
  );
  return { shrunk, tried };
}
function scriptOf(shrunk: Shrunk): Script {
  if (shrunk.kind !== 'shrunk') throw new Error('it passes');
  return shrunk.script;
}

test('a script that passes is given back as such, after one run', async () => {
  expect((await shrink(day, () => false)).shrunk).toEqual({ kind: 'passes', runs: 1 });
});

test('a failure that needs nothing but time is cut to a minute without happenings, in few runs', async () => {
  const { shrunk } = await shrink(day, () => true);
  expect(scriptOf(shrunk).happenings).toEqual([]);
  expect(scriptOf(shrunk).hours * 60).toBeCloseTo(1, 9);
  expect(shrunk.runs).toBeLessThan(15);
});

test('a pair that must both be present is found, with the earliest end and the shortest durations', async () => {
  const crashes = day.happenings.filter(({ kind }) => kind === 'controller-dies');
  const links = day.happenings.filter(({ kind }) => kind === 'link-lost');
  const [crash, link] = [crashes[3]!, links[9]!];
  const lateMs = Math.max(crash.atMs, link.atMs);
  // Fails ten minutes after both, if the crash lasts for at least 5 s.
  const { shrunk } = await shrink(
    day,
    (script) =>
      script.hours * HOUR_MS >= lateMs + 600_000 &&
      has(script, (one) => one.atMs === link.atMs && one.kind === 'link-lost') &&
      has(script, (one) => one.atMs === crash.atMs && one.kind === 'controller-dies' && one.forMs >= 5_000),
  );
  const script = scriptOf(shrunk);
  expect(script.happenings.map(({ kind, atMs }) => `${kind} ${atMs}`).sort()).toEqual(
    [`controller-dies ${crash.atMs}`, `link-lost ${link.atMs}`].sort(),
  );
  expect(script.hours * HOUR_MS - lateMs - 600_000).toBeLessThanOrEqual(60_000);
  for (const one of script.happenings) {
    const least = one.kind === 'controller-dies' ? 5_000 : 1_000;
    expect('forMs' in one && one.forMs >= least && one.forMs < 2 * least).toBe(true);
  }
  expect(shrunk.kind === 'shrunk' && shrunk.isMinimal).toBe(true);
  expect(shrunk.runs).toBeLessThan(80);
});

test('what is found is minimal: without any one of its happenings it passes', async () => {
  const many = day.happenings.length;
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.nat(many - 1), { minLength: 1, maxLength: 6 }),
      fc.uniqueArray(fc.nat(many - 1), { maxLength: 4 }),
      async (needed, either) => {
        const isIn = (script: Script, at: number) =>
          has(script, (one) => one.kind === day.happenings[at]!.kind && one.atMs === day.happenings[at]!.atMs);
        const fails = (script: Script) =>
          needed.every((at) => isIn(script, at)) && (either.length === 0 || either.some((at) => isIn(script, at)));
        const { shrunk } = await shrink(day, fails);
        const found = scriptOf(shrunk);
        expect(fails(found)).toBe(true);
        for (let at = 0; at < found.happenings.length; at++)
          expect(fails({ ...found, happenings: found.happenings.toSpliced(at, 1) })).toBe(false);
        expect(shrunk.kind === 'shrunk' && shrunk.isMinimal).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

test('what may go only when others are gone goes as well, however long that chain is', async () => {
  // Needed ones at odd minutes, so that no two neighbours can go together; of the even ones each may go only after the one before it.
  const happenings: readonly Happening[] = Array.from({ length: 12 }, (_none, at) => ({
    kind: 'gateway-dies',
    atMs: at * 60_000,
  }));
  const isIn = (script: Script, at: number) => has(script, ({ atMs }) => atMs === at * 60_000);
  const fails = (script: Script) =>
    [1, 3, 5, 7, 9, 11].every((at) => isIn(script, at)) &&
    [2, 4, 6, 8, 10].every((at) => isIn(script, at) || !isIn(script, at - 2));
  const found = scriptOf((await shrink({ ...day, happenings }, fails)).shrunk);
  expect(found.happenings.map(({ atMs }) => atMs / 60_000)).toEqual([1, 3, 5, 7, 9, 11]);
});

test('every script tried is a part of the first, in its order, with durations no longer than they were', async () => {
  const needed = day.happenings.find(({ kind }) => kind === 'disk-errs')!;
  const { tried } = await shrink(day, (script) =>
    has(script, (one) => one.kind === needed.kind && one.atMs === needed.atMs),
  );
  for (const script of tried) {
    expect(script.hours).toBeLessThanOrEqual(day.hours);
    let at = -1;
    for (const one of script.happenings) {
      const { forMs: _forMs, ...told } = one as Happening & { readonly forMs?: number };
      at = day.happenings.findIndex((other, index) => {
        const { forMs: _otherMs, ...rest } = other as Happening & { readonly forMs?: number };
        return index > at && JSON.stringify(rest) === JSON.stringify(told);
      });
      expect(at).toBeGreaterThanOrEqual(0);
      const whole = day.happenings[at]!;
      if ('forMs' in one && 'forMs' in whole) expect(one.forMs).toBeLessThanOrEqual(whole.forMs);
    }
    expect({ ...script, hours: 0, happenings: [] }).toEqual({ ...day, hours: 0, happenings: [] });
  }
});

describe('the bound of runs', () => {
  const needed = day.happenings[40]!;
  const fails = (script: Script) => has(script, ({ atMs }) => atMs === needed.atMs);

  test.each([1, 2, 5, 20])('of %d is kept, and what was found until then still fails', async (maxRuns) => {
    const { shrunk, tried } = await shrink(day, fails, maxRuns);
    expect(shrunk.runs).toBe(maxRuns);
    expect(tried).toHaveLength(maxRuns);
    expect(fails(scriptOf(shrunk))).toBe(true);
    expect(shrunk.kind === 'shrunk' && shrunk.isMinimal).toBe(false);
  });

  test('progress tells each run and the shortest so far', async () => {
    const told: string[] = [];
    await shrinkScript(day, async (script) => fails(script), {
      maxRuns: 30,
      onProgress: ({ runs, maxRuns, step, happenings }) => told.push(`${runs}/${maxRuns} ${step} ${happenings}`),
    });
    expect(told[0]).toBe(`1/30 check ${day.happenings.length}`);
    expect(told).toHaveLength(30);
    const sizes = told.map((line) => Number(line.split(' ')[2]));
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
  });
});

test('where the moment of the failure is known, the second run is cut there', async () => {
  const hours: number[] = [];
  const failsLate = async (script: Script) => {
    hours.push(script.hours);
    return script.hours >= 3.05;
  };
  await shrinkScript(day, failsLate, { maxRuns: 50, failedAtMs: 3.05 * HOUR_MS - 1 });
  expect(hours[0]).toBe(24);
  expect(hours[1]).toBeCloseTo(3.05, 9);
});

test('a run that rejects is not taken for a verdict', async () => {
  const rejects = shrinkScript(day, () => Promise.reject(new Error('no memory')), { maxRuns: 5 });
  await expect(rejects).rejects.toThrow('no memory');
});
