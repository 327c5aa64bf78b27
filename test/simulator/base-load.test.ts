// The building's draw: within what was commissioned, the same whoever asks when, and shaped as its kind says.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PHASES, type PhaseAmps } from '../../src/core/model/units.ts';
import { baseLoadOf, MAX_MINUTES } from '../../src/simulator/base-load.ts';
import { MAX_SERIES_PARTS, readLoadSeries } from '../../src/simulator/load-series.ts';
import type { BaseLoadKind } from '../../src/simulator/script.ts';
import { seededStreams } from '../../src/simulator/seeded-random.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** 2026-03-02T00:00Z, a Monday. */
const MONDAY = Date.UTC(2026, 2, 2);
const peak: PhaseAmps = { L1: 80, L2: 60, L3: 40 };
const series: BaseLoadKind = { kind: 'series', name: 'day', stepMs: 6 * HOUR_MS, parts: [0, 1, 0.5, 0.25] };
const kinds: readonly BaseLoadKind[] = [{ kind: 'flat', part: 0.6 }, { kind: 'walk' }, { kind: 'office' }, series];

const baseLoad = (kind: BaseLoadKind, seed = 1, startsAt = MONDAY) =>
  baseLoadOf(kind, peak, seededStreams(seed).stream('base-load/main'), startsAt);

describe.each(kinds)('$kind', (kind) => {
  test('stays between nothing and the commissioned worst, on every phase at any time', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.array(fc.integer({ min: 0, max: 48 * HOUR_MS }), { maxLength: 50 }),
        (seed, times) => {
          const load = baseLoad(kind, seed);
          for (const atMs of times)
            for (const phase of PHASES) {
              expect(load.amps(atMs)[phase]).toBeGreaterThanOrEqual(0);
              expect(load.amps(atMs)[phase]).toBeLessThanOrEqual(peak[phase] + 1e-9);
            }
        },
      ),
      { numRuns: 30 },
    );
  });

  test('is the same whether it is asked each second, backwards or once', () => {
    const [each, once] = [baseLoad(kind), baseLoad(kind)];
    for (let atMs = 0; atMs < HOUR_MS; atMs += 1_000) each.amps(atMs);
    const late = once.amps(50 * MINUTE_MS + 30_000);
    expect(each.amps(50 * MINUTE_MS + 30_000)).toEqual(late);
    expect(each.amps(90_000)).toEqual(once.amps(90_000));
  });

  test('changes by little within a minute, so that no reading is far from the next', () => {
    const load = baseLoad(kind, 5);
    for (let atMs = 0; atMs < 6 * HOUR_MS - MINUTE_MS; atMs += MINUTE_MS) {
      const moved = Math.abs(load.amps(atMs + 59_999).L1 - load.amps(atMs).L1);
      expect(moved).toBeLessThan(0.07 * peak.L1);
    }
  });
});

test('flat is its part', () => {
  expect(baseLoad({ kind: 'flat', part: 0.5 }).amps(123_456)).toEqual({ L1: 40, L2: 30, L3: 20 });
  expect(baseLoad({ kind: 'flat', part: 1.2 }).amps(0)).toEqual(peak);
});

test('a walk reaches low and high within some days, jumps between minutes, and differs by seed', () => {
  const load = baseLoad({ kind: 'walk' });
  const minutes = Array.from({ length: 3 * 24 * 60 }, (_none, at) => load.amps(at * MINUTE_MS).L1);
  expect(Math.min(...minutes)).toBeLessThan(0.1 * peak.L1);
  expect(Math.max(...minutes)).toBeGreaterThan(0.9 * peak.L1);
  const jumps = minutes.filter(
    (amps, at) => at > 0 && Math.abs(amps - load.amps(at * MINUTE_MS - 1).L1) > 0.2 * peak.L1,
  );
  // One step in 30 minutes, on L1 in half of the cases, this far in half of those.
  expect(jumps.length).toBeGreaterThan(10);
  expect(jumps.length).toBeLessThan(100);
  expect(baseLoad({ kind: 'walk' }, 2).amps(HOUR_MS)).not.toEqual(load.amps(HOUR_MS));
});

test('an office draws little by night, most at noon, and little on Sunday', () => {
  const load = baseLoad({ kind: 'office' });
  expect(load.amps(3 * HOUR_MS).L1).toBeLessThan(0.3 * peak.L1);
  expect(load.amps(12 * HOUR_MS).L1).toBeGreaterThan(0.85 * peak.L1);
  expect(load.amps(6 * 24 * HOUR_MS + 12 * HOUR_MS).L1).toBeLessThan(0.4 * peak.L1);
  expect(baseLoad({ kind: 'office' }, 1, MONDAY + 12 * HOUR_MS).amps(0).L1).toBeGreaterThan(0.85 * peak.L1);
});

test('a series begins with the midnight before the start, joins its values by lines, and repeats itself', () => {
  const at = (hours: number, startsAt = MONDAY) => baseLoad(series, 1, startsAt).amps(hours * HOUR_MS).L1 / peak.L1;
  const around = (part: number) => [part * 0.97 - 0.031, part * 0.97 + 0.031] as const;
  for (const [hours, part] of [
    [0, 0],
    [6, 1],
    [9, 0.75],
    [12, 0.5],
    [30, 1],
  ] as const) {
    const [low, high] = around(part);
    expect(at(hours)).toBeGreaterThanOrEqual(low);
    expect(at(hours)).toBeLessThanOrEqual(high);
  }
  expect(at(0, MONDAY + 6 * HOUR_MS)).toBeGreaterThan(0.93);
});

test('after a leap year it begins again, so that memory has an end', () => {
  const load = baseLoad({ kind: 'walk' });
  const first = load.amps(5 * MINUTE_MS);
  expect(load.amps((MAX_MINUTES + 5) * MINUTE_MS)).toEqual(first);
});

describe('reading a load curve', () => {
  const rows = Array.from({ length: 48 }, (_none, at) => {
    const day = at < 24 ? '01' : '02';
    return `2019-01-${day} ${String(at % 24).padStart(2, '0')}:00:00,${at},${at % 24}`;
  });
  const csv = ['datetime,a,b', ...rows, ''].join('\n');

  test('takes one column as parts of its greatest value', () => {
    const read = readLoadSeries(csv, { column: 'a' });
    expect(read.ok && [read.peak, read.baseLoad.stepMs, read.baseLoad.parts.length]).toEqual([47, HOUR_MS, 48]);
    expect(read.ok && read.baseLoad.parts.slice(0, 3)).toEqual([0, 0.0213, 0.0426]);
  });

  test('takes the days it is asked for', () => {
    const read = readLoadSeries(csv, { column: 'b', fromDay: '2019-01-02', days: 1 });
    expect(read.ok && [read.peak, read.baseLoad.parts.length, read.baseLoad.parts[23]]).toEqual([23, 24, 1]);
  });

  test.each([
    ['a column that is not there', csv, { column: 'c' }, 'column', 'c', /a, b/],
    ['the column of times', csv, { column: 'datetime' }, 'column', 'datetime', /a, b/],
    [
      'a day that is not there',
      csv,
      { column: 'a', fromDay: '2020-01-01' },
      'fromDay',
      '2020-01-01',
      /2019-01-01 to 2019-01-02/,
    ],
    ['more days than follow', csv, { column: 'a', days: 3 }, 'days', '3', /at most 2 days/],
    ['no days', csv, { column: 'a', days: 0 }, 'days', '0', /1 to \d+ days/],
    ['too many days', csv, { column: 'a', days: 2_000 }, 'days', '2000', /1 to 1464 days/],
    ['a word for a number', csv.replace('01:00:00,1,', '01:00:00,x,'), { column: 'a' }, 'line 3, a', 'x', /a number/],
    ['nothing but zeros', csv.replace(/,\d+,/g, ',0,'), { column: 'a' }, 'a', '0 throughout', /above 0/],
    [
      'times that stand still',
      csv.replaceAll(/ \d\d:00/g, ' 00:00'),
      { column: 'a' },
      'time',
      '2019-01-01 00:00:00',
      /equal steps/,
    ],
    ['an empty text', '', { column: 'a' }, 'column', 'a', /one of/],
  ])('refuses %s, naming field, value and what was expected', (_what, text, choice, field, value, expected) => {
    const read = readLoadSeries(text, choice);
    expect(read).toMatchObject({ ok: false, field, value });
    expect(!read.ok && read.expected).toMatch(expected);
  });

  test('takes a year of quarters of an hour at most', () => {
    const quarters = Array.from({ length: MAX_SERIES_PARTS + 96 }, (_none, at) => {
      const time = new Date(MONDAY + at * 15 * MINUTE_MS).toISOString();
      return `${time.slice(0, 10)} ${time.slice(11, 19)},${at % 7}`;
    });
    const read = readLoadSeries(['t,a', ...quarters].join('\n'), { column: 'a' });
    expect(read.ok && read.baseLoad.parts.length).toBe(MAX_SERIES_PARTS);
  });
});

describe('public data', () => {
  const dir = resolve(import.meta.dirname, '../../../shared/data');
  test.each([
    ['cambridge_buildings_2019_hourly_kWh.csv.gz', 'b36_kWh', HOUR_MS, 8_760],
    ['bdew_slp_15min_2007_h0_g0-g6_l0-l2.csv.gz', 'g1', 15 * MINUTE_MS, 2_016],
  ])('%s gives a base load', (name, column, stepMs, values) => {
    const path = join(dir, name);
    if (!existsSync(path)) return console.log(`skipped: ../shared/data/${name} is absent`);
    const read = readLoadSeries(gunzipSync(readFileSync(path)).toString('utf8'), { column });
    expect(read.ok && [read.baseLoad.stepMs, read.baseLoad.parts.length]).toEqual([stepMs, values]);
    expect(read.ok && Math.max(...read.baseLoad.parts)).toBe(1);
  });
});
