// What javascript-lp-solver is asked, word by word, and what is made of its replies.
import lp from 'javascript-lp-solver';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { askSimplex } from '../../../src/core/allocate/solve.ts';

type Reply = { readonly [name: string]: unknown };
const solver = lp as unknown as { Solve: (model: object) => Reply };
const column = (upper: number, objective = 1) => ({ upper, objective });
const row = (limit: number, ...coefficients: number[]) => ({
  limit,
  terms: coefficients.map((coefficient, at) => ({ column: at, coefficient })),
});

afterEach(() => {
  vi.restoreAllMocks();
});

test('it is asked for numbered names only, without a bound where there is none, and without presolve', () => {
  const asked = vi.spyOn(solver, 'Solve');
  expect(askSimplex({ columns: [column(9, 2), column(Number.POSITIVE_INFINITY)], rows: [row(10, 1, 1)] })).toEqual([
    9, 1,
  ]);
  expect(asked).toHaveBeenCalledExactlyOnceWith({
    optimize: 'o',
    opType: 'max',
    constraints: { b0: { max: expect.closeTo(9, 9) }, r0: { max: expect.closeTo(10, 9) } },
    variables: { x0: { o: 2, b0: 1, r0: 1 }, x1: { o: 1, r0: 1 } },
    options: { presolve: false },
  });
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
    const asked = vi.spyOn(solver, 'Solve').mockReturnValue({ feasible: true });
    askSimplex({ columns: [column(9)], rows: [row(limit, 1)] });
    const { constraints } = asked.mock.lastCall![0] as { constraints: { r0: { max: number } } };
    // `toBe` tells −0 from 0.
    expect(constraints.r0.max).toBe(millionths * 1e-6);
  });
});

describe('its reply', () => {
  test.each<readonly [string, Reply, readonly number[] | string]>([
    ['a column that is left out is at zero', { feasible: true, bounded: true, x1: 4 }, [0, 4]],
    ['a column that is no number is none', { feasible: true, x0: '4', x1: true }, [Number.NaN, Number.NaN]],
    ['infeasible', { feasible: false, x0: 1 }, 'the linear program came back infeasible'],
    ['not said to be feasible', { x0: 1 }, 'the linear program came back infeasible'],
    ['unbounded', { feasible: true, bounded: false, x0: 1 }, 'the linear program came back unbounded'],
  ])('%s', (_story, reply, expected) => {
    vi.spyOn(solver, 'Solve').mockReturnValue(reply);
    expect(askSimplex({ columns: [column(9), column(9)], rows: [] })).toEqual(expected);
  });
});
