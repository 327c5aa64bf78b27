// What makes a program unsolvable, each fault by its words with the last value before it; and the tighter program without signed rows.
import { describe, expect, test } from 'vitest';
import {
  faultOf,
  isSigned,
  type LinearProgram,
  type Row,
  withoutSigns,
} from '../../../src/core/allocate/linear-program.ts';

const row = (limit: number, ...coefficients: number[]): Row => ({
  limit,
  terms: coefficients.map((coefficient, variable) => ({ variable, coefficient })),
});
const riser = (variable: number, upper = 32, weight = 1) => ({ variable, upper, weight });
const bounds = (...pairs: [number, number][]) => pairs.map(([lower, upper]) => ({ lower, upper }));
const sound: LinearProgram = {
  variables: bounds([6, 32], [6, 32]),
  rows: [row(40, 1, 1), row(20, 1)],
  stages: [[riser(0), riser(1)], [riser(1)]],
};
const names = (...variables: number[]): Row => ({
  limit: 40,
  terms: variables.map((variable) => ({ variable, coefficient: 1 })),
});

describe('the fault of a program', () => {
  test.each<readonly [Partial<LinearProgram>, string]>([
    [{ variables: bounds([6, 32], [-1, 32]) }, 'variable 1 has the bounds -1..32'],
    [{ variables: bounds([6, 5], [6, 32]) }, 'variable 0 has the bounds 6..5'],
    [{ variables: bounds([Number.NaN, 32]) }, 'variable 0 has the bounds NaN..32'],
    [{ variables: bounds([6, Number.POSITIVE_INFINITY]) }, 'variable 0 has the bounds 6..Infinity'],
    [{ stages: [[], [riser(0), riser(0)]] }, 'stage 1 names variable 0 amiss'],
    [{ stages: [[riser(2)]] }, 'stage 0 names variable 2 amiss'],
    [{ stages: [[riser(1, 33)]] }, 'variable 1 rises to 33 with the weight 1'],
    [{ stages: [[riser(1, Number.NEGATIVE_INFINITY)]] }, 'variable 1 rises to -Infinity with the weight 1'],
    [{ stages: [[riser(1, 32, 0)]] }, 'variable 1 rises to 32 with the weight 0'],
    [{ stages: [[riser(1, 32, Number.POSITIVE_INFINITY)]] }, 'variable 1 rises to 32 with the weight Infinity'],
    [{ rows: [row(40, 1), row(Number.NaN, 1)] }, 'row 1 has the limit NaN'],
    [{ rows: [row(40, 1, Number.NaN)] }, 'row 0 has the coefficient NaN'],
    [{ rows: [names(0), names(1, 0, 1)] }, 'row 1 names variable 1 twice'],
    [{ rows: [names(0, 2)] }, 'row 0 names variable 2, which there is not'],
    [{ rows: [names(2, 2)] }, 'row 0 names variable 2, which there is not'],
    [{ rows: [row(40, 1), row(11, 1, 1)] }, 'the minima of row 1 need 12, its limit is 11'],
    [{ rows: [row(-1)] }, 'the minima of row 0 need 0, its limit is -1'],
  ])('%j: %s', (part, fault) => {
    expect(faultOf({ ...sound, ...part })).toBe(fault);
  });

  test.each<readonly [string, Partial<LinearProgram>]>([
    ['variables in several rows and stages', {}],
    ['a minimum of nought', { variables: bounds([0, 32], [0, 32]) }],
    ['a minimum that is the maximum', { variables: bounds([6, 6], [6, 6]), stages: [] }],
    ['a rise below the minimum', { stages: [[riser(0, 4)]] }],
    ['a small weight', { stages: [[riser(0, 32, 0.001)]] }],
    ['minima that fill the row', { rows: [row(12, 1, 1)] }],
    ['a negative term that makes room for the minima', { rows: [row(0, 1, -1)] }],
    // A millionth of an ampere for each term, and for a row without terms as for one.
    ['a rounding over, one term', { variables: bounds([1e-6, 32]), stages: [], rows: [row(0, 1)] }],
    ['two roundings over, two terms', { variables: bounds([1e-6, 32], [1e-6, 32]), rows: [row(0, 1, 1)] }],
    ['a rounding over, no term', { rows: [row(-1e-6)] }],
  ])('none: %s', (_story, part) => {
    expect(faultOf({ ...sound, ...part })).toBeUndefined();
  });

  test('more than a rounding for each term is one', () => {
    const variables = bounds([2e-6, 32], [1e-6, 32]);
    expect(faultOf({ variables, rows: [row(0, 1)], stages: [] })).toBe(
      'the minima of row 0 need 0.000002, its limit is 0',
    );
    expect(faultOf({ variables, rows: [row(0, 1, 1)], stages: [] })).toMatch(/^the minima of row 0 need/);
  });
});

test.each<readonly [string, Row[], boolean]>([
  ['no rows', [], false],
  ['coefficients above and at nought', [row(40, 1, 0)], false],
  ['one below nought in the last row', [row(40, 1, 1), row(40, 1, -0.1)], true],
])('signed or not: %s', (_story, rows, signed) => {
  expect(isSigned({ ...sound, rows })).toBe(signed);
});

describe('without signs', () => {
  test('a program that has none is left as it is', () => {
    const program = { ...sound, rows: [row(40, 1, 0)] };
    expect(withoutSigns(program)).toBe(program);
  });

  test('a negative term gives what its minimum gives, and terms of nought go', () => {
    const variables = bounds([6, 32], [8, 32], [10, 32]);
    const program = { ...sound, variables, rows: [row(5, 1, -2, 0), row(7, -1, 3, -0.5), row(40, 1, 1)] };
    expect(withoutSigns(program)).toEqual({
      ...program,
      rows: [
        { limit: 21, terms: [{ variable: 0, coefficient: 1 }] },
        { limit: 18, terms: [{ variable: 1, coefficient: 3 }] },
        row(40, 1, 1),
      ],
    });
  });
});
