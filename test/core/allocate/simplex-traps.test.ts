// The known traps of javascript-lp-solver, each one shown to be there by asking it directly and shown to be closed on our way to it.
import lp from 'javascript-lp-solver';
import { describe, expect, test } from 'vitest';
import { answerTo, type LpModel } from '../../../src/core/allocate/lp-model.ts';
import { askSimplex } from '../../../src/core/allocate/solve.ts';

type Reply = {
  readonly feasible?: boolean;
  readonly bounded?: boolean;
  readonly result?: unknown;
  readonly [name: string]: unknown;
};
const bare = lp as unknown as { readonly Solve: (model: object) => Reply };
const ask = (model: LpModel) => answerTo(model, askSimplex);

const column = (upper: number, objective = 1) => ({ upper, objective });
const row = (limit: number, ...coefficients: number[]) => ({
  limit,
  terms: coefficients.map((coefficient, at) => ({ column: at, coefficient })),
});

describe('traps of javascript-lp-solver', () => {
  test('a bound that is not a number comes back as an answer; here it does not go in', () => {
    const reply = bare.Solve({
      optimize: 'o',
      opType: 'max',
      constraints: { r: { max: Number.NaN } },
      variables: { x: { o: 1, r: 1 } },
    });
    expect(reply.feasible).toBe(true);
    expect(ask({ columns: [column(9)], rows: [row(Number.NaN, 1)] })).toBe('row 0 has the limit NaN');
    expect(ask({ columns: [column(Number.NaN)], rows: [] })).toBe('column 0 has the bound NaN and the weight 1');
    expect(ask({ columns: [column(9, Number.POSITIVE_INFINITY)], rows: [] })).toBe(
      'column 0 has the bound 9 and the weight Infinity',
    );
    expect(ask({ columns: [column(-1)], rows: [] })).toBe('column 0 has the bound -1 and the weight 1');
    expect(ask({ columns: [column(9)], rows: [row(5, Number.NaN)] })).toBe('row 0 has the coefficient NaN');
  });

  test('a misspelt name leaves a variable without its limit; here names are numbers that exist', () => {
    const reply = bare.Solve({
      optimize: 'o',
      opType: 'max',
      constraints: { r: { max: 5 } },
      variables: { x: { o: 1, R: 1 } },
    });
    expect(reply.bounded).toBe(false);
    expect(ask({ columns: [column(9)], rows: [{ limit: 5, terms: [{ column: 1, coefficient: 1 }] }] })).toBe(
      'row 0 names column 1, which there is not',
    );
  });

  test('a variable called like a field of the reply overwrites it; here none is', () => {
    const reply = bare.Solve({
      optimize: 'o',
      opType: 'max',
      constraints: { r: { max: 5 } },
      variables: { feasible: { o: 1, r: 1 } },
    });
    expect(reply.feasible).toBe(5);
    // More columns than the reply has fields, each on its own limit: all come back as themselves.
    const many = Array.from({ length: 40 }, (_, at) => at);
    const model = {
      columns: many.map(() => column(99)),
      rows: many.map((at) => ({ limit: at, terms: [{ column: at, coefficient: 1 }] })),
    };
    expect(ask(model)).toEqual(many);
  });

  test('an objective called like a limit hides the limit; here it is not', () => {
    const reply = bare.Solve({
      optimize: 'r',
      opType: 'max',
      constraints: { r: { max: 5 } },
      variables: { x: { r: 1, cap: 1 } },
    });
    expect(reply.result).not.toBe(5);
    expect(ask({ columns: [column(9)], rows: [row(5, 1)] })).toEqual([5]);
  });

  test('a column cannot be said to stand twice in a row; here it does not go in', () => {
    const terms = [
      { column: 0, coefficient: 1 },
      { column: 0, coefficient: 1 },
    ];
    expect(ask({ columns: [column(9)], rows: [{ limit: 5, terms }] })).toBe('row 0 names column 0 twice');
  });

  test('what cannot be met is said to be so', () => {
    expect(ask({ columns: [column(9)], rows: [row(-5, 1)] })).toBe('the linear program came back infeasible');
  });

  test('what has no end is said to be so', () => {
    expect(ask({ columns: [column(Number.POSITIVE_INFINITY)], rows: [] })).toBe(
      'the linear program came back unbounded',
    );
  });

  test('a limit a rounding below nought lets the solver forget the row; here it is nought', () => {
    // x0 ≤ 0, and x1 may be no more than x0.
    const rows = (least: number) => [row(0, 1), row(least, -1, 1)];
    const reply = bare.Solve({
      optimize: 'o',
      opType: 'max',
      constraints: { r0: { max: 0 }, r1: { max: -1e-8 }, b1: { max: 3 } },
      variables: { x0: { r0: 1, r1: -1 }, x1: { o: 1, r1: 1, b1: 1 } },
    });
    expect(reply).toMatchObject({ feasible: true, x1: 3 });
    expect(ask({ columns: [column(9, 0), column(3)], rows: rows(-1e-8) })).toEqual([0, 0]);
  });

  test('a limit of about its own precision is passed over; here limits are on a coarser grid', () => {
    const nearlyNought = 1e-7;
    const reply = bare.Solve({
      optimize: 'o',
      opType: 'max',
      constraints: {
        b0: { max: 16 },
        b1: { max: 4 },
        b2: { max: 15 / 49 },
        r0: { max: nearlyNought },
        r1: { max: 0 },
        r2: { max: 0 },
      },
      variables: { x0: { b0: 1, r0: 1, r1: -1 }, x1: { b1: 1, r2: -1 }, x2: { o: 1, b2: 1, r1: 16, r2: 1 } },
    });
    expect(reply.x0).toBeGreaterThan(4);
    const model: LpModel = {
      columns: [column(16, 0), column(4, 0), column(15 / 49)],
      rows: [row(nearlyNought, 1), row(0, -1, 0, 16), row(0, 0, -1, 1)],
    };
    expect(ask(model)).toEqual([0, 0, 0].map((value) => expect.closeTo(value, 5)));
  });
});

describe('an answer is believed only after every bound and row was checked', () => {
  const model: LpModel = { columns: [column(9), column(9)], rows: [row(10, 1, 1)] };

  test.each<readonly [string, readonly number[], string]>([
    ['beyond a row', [5, 5.1], 'row 0 came back with 10.1 of 10'],
    ['beyond a bound', [9.1, 0], 'column 0 came back 9.1 of 0..9'],
    ['below nought', [0, -0.1], 'column 1 came back -0.1 of 0..9'],
    ['not a number', [Number.NaN, 0], 'column 0 came back NaN of 0..9'],
    ['too short', [5], 'column 1 came back NaN of 0..9'],
  ])('%s', (_story, answer, because) => {
    expect(answerTo(model, () => answer)).toBe(because);
  });

  test('what only rounding did passes', () => {
    expect(answerTo(model, () => [5 + 1e-8, 5])).toEqual([5 + 1e-8, 5]);
  });
});
