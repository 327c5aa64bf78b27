// The greedy stand-in: whatever it is given, what it answers fits.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allocateGreedily } from '../../../src/core/allocate/greedy.ts';
import type { LinearProgram } from '../../../src/core/allocate/linear-program.ts';
import { loadOf, packingPrograms, signedPrograms } from '../../support/programs.ts';
import { runs } from '../../support/property-runs.ts';

test('it fits always, with signed rows too, and also on numbers that make no sense', () => {
  const spoils = fc.constantFrom(1, -1, Number.NaN, Number.POSITIVE_INFINITY);
  fc.assert(
    fc.property(fc.oneof(packingPrograms(), signedPrograms()), spoils, (p, spoil) => {
      const rows = p.rows.map((one, at) => (at === 0 ? { ...one, limit: one.limit * spoil } : one));
      const spoilt: LinearProgram = { ...p, rows };
      const { amps } = allocateGreedily(spoilt);
      for (const row of p.rows.slice(1)) expect(loadOf(row, amps)).toBeLessThanOrEqual(row.limit + 1e-6);
      amps.forEach((value, at) => {
        expect(value).toBeGreaterThanOrEqual(p.variables[at]!.lower);
        expect(value).toBeLessThanOrEqual(p.variables[at]!.upper + 1e-6);
      });
    }),
    runs(500),
  );
});

test('equals get about the same, and nothing is left that somebody could have', () => {
  const program: LinearProgram = {
    variables: [0, 1, 2].map(() => ({ lower: 6, upper: 32 })),
    rows: [{ terms: [0, 1, 2].map((variable) => ({ variable, coefficient: 1 })), limit: 60 }],
    stages: [[0, 1, 2].map((variable) => ({ variable, upper: 32, weight: 1 }))],
  };
  const { amps } = allocateGreedily(program);
  expect(amps.reduce((sum, value) => sum + value, 0)).toBeCloseTo(60, 6);
  expect(Math.max(...amps) - Math.min(...amps)).toBeLessThan(2);
});

describe('in sixteenths of each range, round by round in the order of the stage', () => {
  const row = (limit: number, ...coefficients: number[]) => ({
    limit,
    terms: coefficients.map((coefficient, variable) => ({ variable, coefficient })),
  });
  const riser = (variable: number, upper = 32) => ({ variable, upper, weight: 1 });
  const from = (...lowers: number[]) => lowers.map((lower) => ({ lower, upper: 32 }));
  const held = (...by: (number | undefined)[]) =>
    by.map((at) => (at === undefined ? { kind: 'upper' } : { kind: 'row', row: at }));

  test.each<
    readonly [string, LinearProgram['variables'], LinearProgram['rows'], LinearProgram['stages'], number[], object[]]
  >([
    ['in no stage it stays', from(6), [row(40, 1)], [], [6], held(undefined)],
    ['room for all', from(0, 6), [row(64, 1, 1)], [[riser(0), riser(1)]], [32, 32], held(undefined, undefined)],
    ['room to the last sixteenth, exactly', from(0), [row(16, 1)], [[riser(0, 16)]], [16], held(undefined)],
    // Four rounds of 2 A + 2 A; of the last 3 A the first gets its 2 A.
    [
      'the first named gets the last sixteenth',
      from(0, 0),
      [row(19, 1, 1)],
      [[riser(0), riser(1)]],
      [10, 9],
      held(0, 0),
    ],
    ['whoever is first in the stage', from(0, 0), [row(19, 1, 1)], [[riser(1), riser(0)]], [9, 10], held(0, 0)],
    // Four rounds of 1.625 A + 2 A; the last 1.5 A go to the first.
    [
      'a sixteenth is of what is left of the range',
      from(6, 0),
      [row(22, 1, 1)],
      [[riser(0), riser(1)]],
      [14, 8],
      held(0, 0),
    ],
    ['counted twice, half as much', from(0), [row(20, 2)], [[riser(0)]], [10], held(0)],
    ['what counts nought is not held', from(0, 0), [row(0, 0, 1)], [[riser(0), riser(1)]], [32, 0], held(undefined, 0)],
    ['the tightest row holds', from(0), [row(20, 1), row(10, 1), row(15, 1)], [[riser(0)]], [10], held(1)],
    ['an earlier stage first', from(0, 0), [row(40, 1, 1)], [[riser(1)], [riser(0)]], [8, 32], held(0, undefined)],
    ['above its rise it stays', from(10), [row(40, 1)], [[riser(0, 4)]], [10], held(undefined)],
    ['a row over its limit gives nothing', from(6, 6), [row(10, 1, 1)], [[riser(0), riser(1)]], [6, 6], held(0, 0)],
    ['a limit that is not a number gives nothing', from(6), [row(Number.NaN, 1)], [[riser(0)]], [6], held(0)],
    [
      'what a negative term would give is not counted on',
      from(0, 0),
      [row(5, 1, -1)],
      [[riser(1), riser(0)]],
      [5, 32],
      held(0, undefined),
    ],
  ])('%s', (_story, variables, rows, stages, amps, bindings) => {
    expect(allocateGreedily({ variables, rows, stages })).toEqual({ kind: 'solved', amps, bindings });
  });

  test('sixteen roundings do not carry it beyond its own maximum', () => {
    for (let tenths = 1; tenths <= 320; tenths++) {
      const upper = tenths / 10;
      const variables = [{ lower: 0, upper }];
      const { amps } = allocateGreedily({ variables, rows: [], stages: [[riser(0, upper)]] });
      expect(amps[0]).toBeLessThanOrEqual(upper);
    }
  });
});
