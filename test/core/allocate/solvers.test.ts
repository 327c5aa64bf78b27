// The three solvers against each other, against every point of a grid, and against what makes a max-min share fair; no signed rows here.
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { fill } from '../../../src/core/allocate/fill.ts';
import { loadHighs } from '../../../src/core/allocate/highs.ts';
import type { LinearProgram, Solution } from '../../../src/core/allocate/linear-program.ts';
import { solveByLp } from '../../../src/core/allocate/solve.ts';
import { fairerPointOf, tinyPrograms } from '../../support/brute-force.ts';
import { ampsOf, loadOf, packingPrograms, worstExcess } from '../../support/programs.ts';
import { runs } from '../../support/property-runs.ts';

type Solve = (program: LinearProgram) => Solution;
let highs: Solve;
beforeAll(async () => {
  highs = await loadHighs();
});

type Car = { readonly lower: number; readonly upper: number; readonly weight: number; readonly level: number };
const cars = (...parts: Partial<Car>[]) =>
  parts.map((part): Car => ({ lower: 6, upper: 32, weight: 1, level: 0, ...part }));
const row = (limit: number, ...variables: number[]) => ({
  limit,
  terms: variables.map((variable) => ({ variable, coefficient: 1 })),
});

/** Cars that rise by level, the highest first, in proportion to their weight; one stage a level. */
function programOf(all: readonly Car[], rows: LinearProgram['rows']): LinearProgram {
  const levels = [...new Set(all.map((car) => car.level))].sort((a, b) => b - a);
  return {
    variables: all.map(({ lower, upper }) => ({ lower, upper })),
    rows,
    stages: levels.map((level) =>
      all.flatMap((car, variable) => (car.level === level ? [{ variable, upper: car.upper, weight: car.weight }] : [])),
    ),
  };
}

describe.each([
  ['filling', fill],
  ['lp', solveByLp],
  ['HiGHS', (program: LinearProgram) => highs(program)],
] as const)('%s', (_name, solve) => {
  const rounded = (program: LinearProgram) => ampsOf(solve(program)).map((value) => Number(value.toFixed(6)));

  test.each([
    // cars, rows, expected
    ['two equal cars on 40 A', cars({}, {}), [row(40, 0, 1)], [20, 20]],
    ['one small car leaves the rest to the other', cars({ upper: 10 }, {}), [row(40, 0, 1)], [10, 30]],
    ['double weight, double share', cars({ weight: 2 }, {}), [row(36, 0, 1)], [24, 12]],
    ['a higher level takes all but the minima', cars({ level: 1 }, {}), [row(30, 0, 1)], [24, 6]],
    ['a minimum above the fair share is kept', cars({ lower: 16 }, {}), [row(24, 0, 1)], [16, 8]],
    [
      'behind a 5 A board the others share the rest',
      cars({ lower: 0 }, {}, {}),
      [row(30, 0, 1, 2), row(5, 0)],
      [5, 12.5, 12.5],
    ],
    ['no room at all', cars({ lower: 0 }, { lower: 0 }), [row(0, 0, 1)], [0, 0]],
    ['no rows: everybody at the maximum', cars({}, {}), [], [32, 32]],
    ['nobody there', [], [row(10)], []],
    [
      'half-integral corner of a mixed tree',
      cars({ lower: 0 }, { lower: 0 }, { lower: 0 }),
      [row(1, 0, 1), row(1, 1, 2), row(1, 2, 0)],
      [0.5, 0.5, 0.5],
    ],
  ])('%s', (_story, variables, rows, expected) => {
    expect(rounded(programOf(variables, rows))).toEqual(expected);
  });

  test('what is needed comes first, each the same portion; then the rest, equal in amperes', () => {
    const stages = [
      [
        { variable: 0, upper: 20, weight: 20 },
        { variable: 1, upper: 10, weight: 10 },
      ],
      [0, 1, 2].map((variable) => ({ variable, upper: 32, weight: 1 })),
    ];
    const three = (limit: number): LinearProgram => ({
      variables: cars({ lower: 0 }, { lower: 0 }, { lower: 0 }),
      rows: [row(limit, 0, 1, 2)],
      stages,
    });
    expect(rounded(three(15))).toEqual([10, 5, 0]);
    expect(rounded(three(36))).toEqual([20, 10, 6]);
    expect(rounded(three(45))).toEqual([20, 12.5, 12.5]);
  });

  test.each<readonly [string, RegExp, Partial<LinearProgram>]>([
    ['minima that do not fit', /minima of row 0 need 12, its limit is 11/, { rows: [row(11, 0, 1)] }],
    ['a limit that is not a number', /row 0 has the limit NaN/, { rows: [row(Number.NaN, 0, 1)] }],
    ['a limit without end', /row 0 has the limit Infinity/, { rows: [row(Number.POSITIVE_INFINITY, 0, 1)] }],
    [
      'a coefficient that is not a number',
      /row 0 has the coefficient NaN/,
      { rows: [{ limit: 40, terms: [{ variable: 0, coefficient: Number.NaN }] }] },
    ],
    ['a variable twice in a row', /row 0 names variable 1 twice/, { rows: [row(40, 0, 1, 1)] }],
    ['a variable that there is not', /row 0 names variable 2, which there is not/, { rows: [row(40, 0, 2)] }],
    [
      'bounds that cross',
      /variable 1 has the bounds 6..5/,
      {
        variables: [
          { lower: 6, upper: 32 },
          { lower: 6, upper: 5 },
        ],
      },
    ],
    [
      'a maximum without end',
      /variable 1 has the bounds 6..Infinity/,
      {
        variables: [
          { lower: 6, upper: 32 },
          { lower: 6, upper: Number.POSITIVE_INFINITY },
        ],
      },
    ],
    [
      'a weight of nought',
      /variable 0 rises to 32 with the weight 0/,
      { stages: [[{ variable: 0, upper: 32, weight: 0 }]] },
    ],
    ['a rise beyond the maximum', /variable 0 rises to 33/, { stages: [[{ variable: 0, upper: 33, weight: 1 }]] }],
    [
      'a variable twice in a stage',
      /stage 0 names variable 0 amiss/,
      { stages: [[0, 0].map((variable) => ({ variable, upper: 32, weight: 1 }))] },
    ],
  ])('%s is refused by name', (_story, because, part) => {
    const program = { ...programOf(cars({}, {}), [row(40, 0, 1)]), ...part };
    expect(solve(program)).toEqual({ kind: 'failed', because: expect.stringMatching(because) });
  });

  test('whoever has less than another of the same stage is held by a full row or by the own maximum', () => {
    fc.assert(
      fc.property(packingPrograms(), (p) => {
        const solution = solve(p);
        const amps = ampsOf(solution);
        expect(worstExcess(p, amps)).toBeLessThan(1e-5);
        amps.forEach((own, at) => {
          expect(own).toBeGreaterThanOrEqual(p.variables[at]!.lower - 1e-6);
          expect(own).toBeLessThanOrEqual(p.variables[at]!.upper + 1e-6);
        });
        if (solution.kind === 'failed') return;
        const last = p.stages.at(-1)!;
        for (const { variable, upper, weight } of last) {
          const binding = solution.bindings[variable]!;
          const own = amps[variable]!;
          if (binding.kind === 'upper') {
            expect(own).toBeCloseTo(Math.max(upper, own), 5);
            continue;
          }
          const { terms, limit } = p.rows[binding.row]!;
          const scale = Math.max(...terms.map(({ coefficient }) => coefficient));
          expect((limit - loadOf({ terms, limit }, amps)) / scale).toBeCloseTo(0, 4);
          // Bottleneck certificate: in its full row nobody whom this stage lifted stands higher.
          for (const other of last) {
            if (!terms.some((term) => term.variable === other.variable)) continue;
            const before = ampsBefore(p, solve, other.variable);
            if (amps[other.variable]! <= before + 1e-6) continue;
            expect(amps[other.variable]! / other.weight).toBeLessThanOrEqual(own / weight + 1e-4);
          }
        }
      }),
      runs(200),
    );
  });
});

/** Where a variable stood before the last stage. */
function ampsBefore(p: LinearProgram, solve: Solve, variable: number): number {
  const solution = solve({ ...p, stages: p.stages.slice(0, -1) });
  return solution.kind === 'solved' ? solution.amps[variable]! : Number.POSITIVE_INFINITY;
}

test('the LP, filling and HiGHS agree within a ten-thousandth of an ampere on random programs of several stages', () => {
  fc.assert(
    fc.property(packingPrograms(), (p) => {
      const [byFilling, byHighs] = [ampsOf(fill(p)), ampsOf(highs(p))];
      const byLp = ampsOf(solveByLp(p));
      byFilling.forEach((value, at) => {
        expect(Math.abs(value - byLp[at]!)).toBeLessThan(1e-4);
        expect(Math.abs(value - byHighs[at]!)).toBeLessThan(1e-4);
      });
    }),
    runs(2500),
  );
});

test('no point of a grid is fairer than what the LP, filling and HiGHS answer to tiny programs', () => {
  fc.assert(
    fc.property(tinyPrograms({ signed: false }), (p) => {
      for (const solve of [fill, solveByLp, highs]) expect(fairerPointOf(p, ampsOf(solve(p)))).toBeUndefined();
    }),
    runs(150),
  );
});

test('limits that differ by the rounding of earlier answers do not make javascript-lp-solver pass over a row', () => {
  // Level 1 fills the second row to 1e-8; asked for level 0, version 1.0.3 then lifted beyond the first row.
  const p = programOf(
    cars(
      { lower: 0, upper: 22, weight: 2, level: 1 },
      { upper: 16, level: 1 },
      { lower: 0, upper: 13 },
      { upper: 7 },
      { upper: 14, weight: 0.5 },
    ),
    [row(46, 0, 1, 2, 3, 4), row(34, 0, 1, 4)],
  );
  const expected = [18.666667, 9.333333, 6, 6, 6].map((value) => expect.closeTo(value, 5));
  expect(ampsOf(fill(p))).toEqual(expected);
  expect(ampsOf(highs(p))).toEqual(expected);
  expect(ampsOf(solveByLp(p))).toEqual(expected);
});
