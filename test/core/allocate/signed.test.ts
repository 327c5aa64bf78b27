// Signed rows, such as unbalance limits: one share's rise makes room for another's, so feasible, fair and alike whoever solves them is proved apart.
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { fill } from '../../../src/core/allocate/fill.ts';
import { loadHighs, loadHighsEngine } from '../../../src/core/allocate/highs.ts';
import {
  isSigned,
  type LinearProgram,
  type Solution,
  withoutSigns,
} from '../../../src/core/allocate/linear-program.ts';
import type { LpEngine } from '../../../src/core/allocate/lp-model.ts';
import { solveByLp } from '../../../src/core/allocate/solve.ts';
import { fairerPointOf, tinyPrograms } from '../../support/brute-force.ts';
import { ampsOf, signedPrograms, worstExcess } from '../../support/programs.ts';
import { runs } from '../../support/property-runs.ts';

let highs: (program: LinearProgram) => Solution;
let engine: LpEngine;
beforeAll(async () => {
  [highs, engine] = await Promise.all([loadHighs(), loadHighsEngine()]);
});

// javascript-lp-solver answers about one signed program in 2,000 wrongly; that is found out, named, and for others to answer.
const KNOWN_FAULT = /^(row|column) \d+ came back|^none of \d+ shares stopped|came back infeasible/;

const plus = (variable: number) => ({ variable, coefficient: 1 });
const minus = (variable: number) => ({ variable, coefficient: -1 });
const rises = (...variables: number[]) => variables.map((variable) => ({ variable, upper: 32, weight: 1 }));
const cars = (count: number) => Array.from({ length: count }, () => ({ lower: 6, upper: 32 }));

describe.each([
  ['lp', solveByLp],
  ['HiGHS', (program: LinearProgram) => highs(program)],
] as const)('%s', (_name, solve) => {
  test.each<readonly [string, LinearProgram, readonly number[]]>([
    [
      'a car of a later stage rises to balance one of an earlier',
      {
        variables: cars(2),
        rows: [
          { terms: [plus(0), minus(1)], limit: 10 },
          { terms: [plus(1)], limit: 14 },
        ],
        stages: [rises(0), rises(1)],
      },
      [24, 14],
    ],
    [
      'of what balances, only as much is taken as the fuse of the other phase leaves',
      {
        variables: cars(3),
        rows: [
          { terms: [plus(0), minus(1), minus(2)], limit: 2 },
          { terms: [plus(1), plus(2)], limit: 20 },
        ],
        stages: [rises(0, 1), rises(2)],
      },
      [22, 14, 6],
    ],
    [
      'a level that holds a signed row to the last digit is no impossible one',
      {
        variables: [
          { lower: 6, upper: 16 },
          { lower: 6, upper: 32 },
          { lower: 6, upper: 16 },
        ],
        rows: [
          { terms: [{ variable: 0, coefficient: 2 }, plus(2)], limit: 36 },
          { terms: [{ variable: 0, coefficient: 2 }], limit: 20 },
          { terms: [{ variable: 0, coefficient: 2 }, { variable: 1, coefficient: -0.35 }, plus(2)], limit: 20 },
          { terms: [plus(1), { variable: 2, coefficient: -0.5343511450381679 }], limit: 20 },
        ],
        stages: [
          [{ variable: 2, upper: 13.157970524707231, weight: 13.157970524707231 }],
          [
            { variable: 0, upper: 16, weight: 1 },
            { variable: 1, upper: 32, weight: 1 },
            { variable: 2, upper: 16, weight: 1 },
          ],
        ],
      },
      [8.151435, 27.030978, 13.157972],
    ],
    [
      'a car in no later stage balances with its minimum alone',
      { variables: cars(2), rows: [{ terms: [plus(0), minus(1)], limit: 10 }], stages: [rises(0)] },
      [16, 6],
    ],
    [
      'two phases against each other rise hand in hand',
      {
        variables: cars(2),
        rows: [
          { terms: [plus(0), minus(1)], limit: 0 },
          { terms: [plus(1), minus(0)], limit: 0 },
        ],
        stages: [rises(0), rises(1)],
      },
      [32, 32],
    ],
  ])('%s', (_story, program, expected) => {
    expect(ampsOf(solve(program))).toEqual(expected.map((value) => expect.closeTo(value, 5)));
  });

  test('a row that names what holds a share is full, or as good as', () => {
    const program: LinearProgram = {
      variables: cars(2),
      rows: [
        { terms: [plus(0), minus(1)], limit: 10 },
        { terms: [plus(1)], limit: 14 },
      ],
      stages: [rises(0), rises(1)],
    };
    expect(solve(program)).toMatchObject({
      bindings: [
        { kind: 'row', row: 0 },
        { kind: 'row', row: 1 },
      ],
    });
  });
});

test('the LP and HiGHS agree on random signed programs of several stages, and what they answer holds every row', () => {
  let faults = 0;
  fc.assert(
    fc.property(signedPrograms(9), (p) => {
      const byHighs = ampsOf(highs(p));
      expect(worstExcess(p, byHighs)).toBeLessThan(1e-5);
      byHighs.forEach((value, at) => {
        expect(value).toBeGreaterThanOrEqual(p.variables[at]!.lower - 1e-6);
        expect(value).toBeLessThanOrEqual(p.variables[at]!.upper + 1e-6);
      });
      const lp = solveByLp(p);
      if (lp.kind === 'failed') {
        expect(lp.because).toMatch(KNOWN_FAULT);
        faults += 1;
        return;
      }
      expect(worstExcess(p, lp.amps)).toBeLessThan(1e-5);
      byHighs.forEach((value, at) => {
        expect(Math.abs(value - lp.amps[at]!)).toBeLessThan(0.02);
      });
    }),
    runs(1000),
  );
  expect(faults).toBeLessThanOrEqual(10);
});

test('nobody can have more without somebody having less who has no more already, or who comes first', () => {
  fc.assert(
    fc.property(
      signedPrograms(8).filter((p) => isSigned(p)),
      (p) => {
        const amps = ampsOf(highs(p));
        for (const [stage, members] of p.stages.entries()) {
          for (const { variable, upper } of members) {
            if (amps[variable]! >= upper - 1e-6) continue;
            expect(mostOf(p, amps, stage, variable) - amps[variable]!).toBeLessThan(0.05);
          }
        }
      },
    ),
    runs(400),
  );
});

test('no point of a grid is fairer than what the LP and HiGHS answer to tiny signed programs', () => {
  fc.assert(
    fc.property(tinyPrograms({ signed: true }), (p) => {
      expect(fairerPointOf(p, ampsOf(highs(p)))).toBeUndefined();
      const lp = solveByLp(p);
      if (lp.kind === 'solved') expect(fairerPointOf(p, lp.amps)).toBeUndefined();
      else expect(lp.because).toMatch(KNOWN_FAULT);
    }),
    runs(300),
  );
});

test('without its signs a program is tighter: what filling answers to it holds every row of the original', () => {
  fc.assert(
    fc.property(signedPrograms(12), (p) => {
      const plain = withoutSigns(p);
      expect(isSigned(plain)).toBe(false);
      expect(worstExcess(p, ampsOf(fill(plain)))).toBeLessThan(1e-6);
    }),
    runs(1000),
  );
});

/**
 * The most that `wanted` can have while all of earlier stages, and those of its own stage who have no more than it, keep what they have. One
 * linear program written from the meaning of max-min fairness, with nothing of the sequence in it.
 */
function mostOf(p: LinearProgram, amps: readonly number[], stage: number, wanted: number): number {
  const least = p.variables.map(({ lower }) => lower);
  const keep = (variable: number, value: number) => {
    least[variable] = Math.max(least[variable]!, value);
  };
  for (const { variable, upper } of p.stages.slice(0, stage).flat()) keep(variable, Math.min(amps[variable]!, upper));
  const own = p.stages[stage]!.find(({ variable }) => variable === wanted)!;
  for (const { variable, upper, weight } of p.stages[stage]!) {
    const value = Math.min(amps[variable]!, upper);
    if (value / weight <= amps[wanted]! / own.weight + 1e-3) keep(variable, value);
  }
  const highest = p.variables.map((_variable, at) =>
    Math.max(least[at]!, ...p.stages.flat().flatMap((riser) => (riser.variable === at ? [riser.upper] : []))),
  );
  const values = engine({
    columns: least.map((value, at) => ({ upper: highest[at]! - value, objective: at === wanted ? 1 : 0 })),
    rows: p.rows.map(({ terms, limit }) => ({
      terms: terms.map(({ variable, coefficient }) => ({ column: variable, coefficient })),
      limit: limit + 1e-6 * 700 - terms.reduce((sum, t) => sum + t.coefficient * least[t.variable]!, 0),
    })),
  });
  if (typeof values === 'string') throw new Error(values);
  return least[wanted]! + values[wanted]!;
}
