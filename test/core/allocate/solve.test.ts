// What javascript-lp-solver is asked, word by word, and what is made of its replies.
import lp from 'javascript-lp-solver';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { askSimplex } from '../../../src/core/allocate/solve.ts';

type Model = { usePresolve: boolean; isMinimization: boolean };
type Reply = { readonly feasible: boolean; readonly bounded: boolean };
type Prototype = {
  smallerThan: (limit: number) => { terms: readonly { variable: { id: string }; coefficient: number }[] };
  addVariable: (cost: number, id: string) => { value: number };
  solve: (this: Model) => Reply;
};
const { prototype } = (lp as unknown as { Model: { prototype: Prototype } }).Model;
const column = (upper: number, objective = 1) => ({ upper, objective });
const row = (limit: number, ...coefficients: number[]) => ({
  limit,
  terms: coefficients.map((coefficient, at) => ({ column: at, coefficient })),
});

afterEach(() => {
  vi.restoreAllMocks();
});

test('it is asked for limits, those of columns first and none where there is none, then for columns, upwards and without presolve', () => {
  const limits = vi.spyOn(prototype, 'smallerThan');
  const variables = vi.spyOn(prototype, 'addVariable');
  const solved = vi.spyOn(prototype, 'solve');
  const columns = [column(9, 2), column(Number.POSITIVE_INFINITY)];
  expect(askSimplex({ columns, rows: [row(10, 1, 1), row(30, 2, 3)] })).toEqual([9, 1]);
  expect(limits.mock.calls).toEqual([9, 10, 30].map((limit) => [expect.closeTo(limit, 9)]));
  const terms = limits.mock.results.map(({ value }) =>
    (value as ReturnType<Prototype['smallerThan']>).terms.map(({ variable, coefficient }) => [
      variable.id,
      coefficient,
    ]),
  );
  expect(terms).toEqual([
    [['x0', 1]],
    [
      ['x0', 1],
      ['x1', 1],
    ],
    [
      ['x0', 2],
      ['x1', 3],
    ],
  ]);
  expect(variables.mock.calls).toEqual([
    [2, 'x0'],
    [1, 'x1'],
  ]);
  expect(solved).toHaveBeenCalledOnce();
  expect(solved.mock.contexts[0]).toMatchObject({ usePresolve: false, isMinimization: false });
});

describe('limits go to the next millionth of an ampere above, but for a fiftieth of one', () => {
  test.each([
    // limit, millionths asked
    [0, 0],
    [1e-8, 0],
    [3e-8, 1],
    [1e-6, 1],
    [1.01e-6, 1],
    [1.03e-6, 2],
    [-1e-8, 0],
    [-0.97e-6, 0],
    [-0.99e-6, -1],
    [-1e-6, -1],
  ])('%f A', (limit, millionths) => {
    const asked = vi.spyOn(prototype, 'smallerThan');
    askSimplex({ columns: [column(Number.POSITIVE_INFINITY)], rows: [row(limit, 1)] });
    // `toBe` tells −0 from 0.
    expect(asked.mock.lastCall![0]).toBe(millionths * 1e-6);
  });
});

describe('its reply', () => {
  const reply = (feasible: boolean, bounded: boolean, ...values: readonly number[]) => {
    const variables = vi.spyOn(prototype, 'addVariable');
    vi.spyOn(prototype, 'solve').mockImplementation(() => {
      variables.mock.results.forEach(({ value }, at) => {
        (value as { value: number }).value = values[at]!;
      });
      return { feasible, bounded };
    });
    return askSimplex({ columns: [column(9), column(9)], rows: [] });
  };

  test('is the columns in their order, and no nought below nought', () => {
    const values = reply(true, true, -0, 4);
    expect(values).toEqual([0, 4]);
    expect(Object.is((values as readonly number[])[0], 0)).toBe(true);
  });

  test('may be that there is none', () => {
    expect(reply(false, true, 1, 1)).toBe('the linear program came back infeasible');
  });

  test('or that there is no end', () => {
    expect(reply(true, false, 1, 1)).toBe('the linear program came back unbounded');
  });
});
