// HiGHS as a guest: alike for alike, nothing left behind, trouble by name.
import { beforeAll, expect, test } from 'vitest';
import { loadHighs, loadHighsEngine } from '../../../src/core/allocate/highs.ts';
import type { LinearProgram, Solution } from '../../../src/core/allocate/linear-program.ts';
import { answerTo, type LpEngine, type LpModel } from '../../../src/core/allocate/lp-model.ts';

let highs: (program: LinearProgram) => Solution;
let engine: LpEngine;
beforeAll(async () => {
  [highs, engine] = await Promise.all([loadHighs(), loadHighsEngine()]);
});

/** Many best corners: any split of 40 A is one. */
const tie = (count: number): LpModel => ({
  columns: Array.from({ length: count }, () => ({ upper: 32, objective: 1 })),
  rows: [{ terms: Array.from({ length: count }, (_, column) => ({ column, coefficient: 1 })), limit: 40 }],
});

test('the same program has the same answer, to the last bit, whatever was asked in between', () => {
  const first = JSON.stringify(engine(tie(7)));
  for (const between of [1, 2, 3, 50]) {
    engine(tie(between));
    expect(JSON.stringify(engine(tie(7)))).toBe(first);
  }
});

test('two that were loaded apart answer alike', async () => {
  const program: LinearProgram = {
    variables: [6, 8, 10].map((lower) => ({ lower, upper: 32 })),
    rows: [{ terms: [0, 1, 2].map((variable) => ({ variable, coefficient: variable === 2 ? -1 : 1 })), limit: 17 }],
    stages: [[0, 1, 2].map((variable) => ({ variable, upper: 30, weight: 1 + variable }))],
  };
  const other = await loadHighs();
  expect(JSON.stringify(other(program))).toBe(JSON.stringify(highs(program)));
});

test('what cannot be met and what has no end are said to be so', () => {
  const column = (upper: number) => [{ upper, objective: 1 }];
  const most = (limit: number) => [{ terms: [{ column: 0, coefficient: 1 }], limit }];
  expect(answerTo({ columns: column(9), rows: most(-5) }, engine)).toBe('the linear program came back infeasible');
  expect(answerTo({ columns: column(Number.POSITIVE_INFINITY), rows: [] }, engine)).toMatch(/came back unbounded/);
});

test('a model that HiGHS will not take is an error, and the next is answered all the same', () => {
  expect(() => engine({ columns: [{ upper: 1, objective: Number.NaN }], rows: [] })).toThrow();
  expect(engine(tie(1))).toEqual([32]);
});
