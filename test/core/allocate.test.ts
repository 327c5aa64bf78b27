// The solvers against each other and against what makes a max-min share fair; the greedy stand-in and the checks around them.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fill } from '../../src/core/allocate/fill.ts';
import { allocateGreedily } from '../../src/core/allocate/greedy.ts';
import type { LinearProgram, Solution } from '../../src/core/allocate/linear-program.ts';
import { solveByLp } from '../../src/core/allocate/solve.ts';
import { runs } from '../support/property-runs.ts';

type Car = { readonly lower: number; readonly upper: number; readonly weight: number; readonly level: number };
const cars = (...parts: Partial<Car>[]) =>
  parts.map((part): Car => ({ lower: 6, upper: 32, weight: 1, level: 0, ...part }));

/** Cars that rise by level, the highest first, in proportion to their weight; one stage a level. */
function programOf(
  all: readonly Car[],
  rows: LinearProgram['rows'],
): LinearProgram & { readonly cars: readonly Car[] } {
  const levels = [...new Set(all.map((car) => car.level))].sort((a, b) => b - a);
  return {
    cars: all,
    variables: all.map(({ lower, upper }) => ({ lower, upper })),
    rows,
    stages: levels.map((level) =>
      all.flatMap((car, variable) => (car.level === level ? [{ variable, upper: car.upper, weight: car.weight }] : [])),
    ),
  };
}

const row = (limit: number, ...variables: number[]) => ({
  limit,
  terms: variables.map((variable) => ({ variable, coefficient: 1 })),
});

const amps = (solution: Solution) =>
  solution.kind === 'solved' ? solution.amps.map((a) => Number(a.toFixed(6))) : solution.because;

// One tree with three phases: a root row per phase and boards beneath, 1- and 3-phase cars, minima that fit.
const program = fc
  .record({
    root: fc.integer({ min: 0, max: 120 }),
    boards: fc.array(fc.integer({ min: 0, max: 80 }), { minLength: 1, maxLength: 3 }),
    cars: fc.array(
      fc.record({
        board: fc.nat(2),
        phases: fc.constantFrom<number[]>([0], [1], [2], [0, 1], [0, 1, 2]),
        lower: fc.constantFrom(0, 6),
        range: fc.integer({ min: 0, max: 26 }),
        weight: fc.constantFrom(1, 1, 2, 0.5),
        level: fc.constantFrom(0, 0, 1),
      }),
      { minLength: 1, maxLength: 12 },
    ),
  })
  .map(({ root, boards, cars: all }) => {
    const variables = all.map(({ lower, range, weight, level }) => ({ lower, upper: lower + range, weight, level }));
    const rows = [0, 1, 2].flatMap((phase) => [
      { limit: root, members: all.flatMap((car, at) => (car.phases.includes(phase) ? [at] : [])) },
      ...boards.map((limit, board) => ({
        limit,
        members: all.flatMap((car, at) =>
          car.board % boards.length === board && car.phases.includes(phase) ? [at] : [],
        ),
      })),
    ]);
    return programOf(
      variables,
      rows.map(({ limit, members }) => ({
        limit: Math.max(
          limit,
          members.reduce((sum, at) => sum + variables[at]!.lower, 0),
        ),
        terms: members.map((variable) => ({ variable, coefficient: 1 })),
      })),
    );
  });

const loadOf = (solution: readonly number[], terms: LinearProgram['rows'][number]['terms']) =>
  terms.reduce((sum, { variable, coefficient }) => sum + coefficient * solution[variable]!, 0);

describe.each([
  ['filling', fill],
  ['lp', solveByLp],
] as const)('%s', (_name, solve) => {
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
    [
      'half-integral corner of a mixed tree',
      cars({ lower: 0 }, { lower: 0 }, { lower: 0 }),
      [row(1, 0, 1), row(1, 1, 2), row(1, 2, 0)],
      [0.5, 0.5, 0.5],
    ],
  ])('%s', (_story, variables, rows, expected) => {
    expect(amps(solve(programOf(variables, rows)))).toEqual(expected);
  });

  test('minima that do not fit are refused by name, never squeezed', () => {
    expect(solve(programOf(cars({}, {}), [row(11, 0, 1)]))).toMatchObject({ kind: 'failed' });
  });

  test('every answer fits, and whoever has less than another is held by a full row or by the own maximum', () => {
    fc.assert(
      fc.property(program, (p) => {
        const solution = solve(p);
        if (solution.kind === 'failed') throw new Error(solution.because);
        for (const { terms, limit } of p.rows) expect(loadOf(solution.amps, terms)).toBeLessThanOrEqual(limit + 1e-5);
        solution.bindings.forEach((binding, at) => {
          const { lower, upper, weight, level } = p.cars[at]!;
          const own = solution.amps[at]!;
          expect(own).toBeGreaterThanOrEqual(lower - 1e-6);
          expect(own).toBeLessThanOrEqual(upper + 1e-6);
          if (binding.kind === 'upper') {
            expect(own).toBeCloseTo(upper, 5);
            return;
          }
          const { terms, limit } = p.rows[binding.row]!;
          expect(loadOf(solution.amps, terms)).toBeCloseTo(limit, 4);
          // Bottleneck certificate: in its full row nobody of its level that could be lowered stands higher.
          for (const { variable } of terms) {
            const other = p.cars[variable]!;
            if (other.level !== level || solution.amps[variable]! <= other.lower + 1e-6) continue;
            expect(solution.amps[variable]! / other.weight).toBeLessThanOrEqual(Math.max(own, lower) / weight + 1e-4);
          }
        });
      }),
      runs(400),
    );
  });
});

test('the LP and filling agree within a hundred-thousandth of an ampere on random programs', () => {
  fc.assert(
    fc.property(program, (p) => {
      const [a, b] = [fill(p), solveByLp(p)];
      if (a.kind === 'failed') throw new Error(a.because);
      if (b.kind === 'failed') throw new Error(b.because);
      a.amps.forEach((value, at) => {
        expect(Math.abs(value - b.amps[at]!)).toBeLessThan(1e-5);
      });
    }),
    runs(3000),
  );
});

test('limits that differ by the rounding of earlier answers do not make the solver pass over a row', () => {
  // Level 1 fills the second row to 1e-8; asked for level 0, javascript-lp-solver 1.0.3 then lifted beyond the first row.
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
  expect(amps(fill(p))).toEqual([18.666667, 9.333333, 6, 6, 6]);
  expect(amps(solveByLp(p))).toEqual([18.666667, 9.333333, 6, 6, 6]);
});

test('the greedy stand-in fits always, also on numbers that make no sense', () => {
  fc.assert(
    fc.property(program, fc.constantFrom(1, -1, Number.NaN, Number.POSITIVE_INFINITY), (p, spoil) => {
      const spoilt: LinearProgram = {
        ...p,
        rows: p.rows.map((one, at) => (at === 0 ? { ...one, limit: one.limit * spoil } : one)),
      };
      const { amps: given } = allocateGreedily(spoilt);
      p.rows.slice(1).forEach(({ terms, limit }) => {
        expect(loadOf(given, terms)).toBeLessThanOrEqual(limit + 1e-6);
      });
      given.forEach((value, at) => {
        expect(value).toBeGreaterThanOrEqual(p.variables[at]!.lower);
        expect(value).toBeLessThanOrEqual(p.variables[at]!.upper + 1e-6);
      });
    }),
    runs(100),
  );
});
