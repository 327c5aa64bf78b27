// Answers that are remembered from one cycle to the next: the same question is not asked twice, and no other one is ever answered by them.
import { describe, expect, test } from 'vitest';
import type { LinearProgram } from '../../../src/core/allocate/linear-program.ts';
import { MAX_RECENT_ANSWERS, RecentAnswers } from '../../../src/core/allocate/recent-answers.ts';
import { solveBySequence } from '../../../src/core/allocate/sequence.ts';
import { askSimplex } from '../../../src/core/allocate/solve.ts';

const term = (variable: number, coefficient = 1) => ({ variable, coefficient });

/** Two that share `limit` amperes, and a row that can never be full. */
function program(limit = 20, { spare = 1_000, ...part }: Partial<LinearProgram> & { spare?: number } = {}) {
  return {
    variables: [
      { lower: 6, upper: 32 },
      { lower: 6, upper: 16 },
    ],
    rows: [
      { terms: [term(0), term(1)], limit: spare },
      { terms: [term(0), term(1)], limit },
    ],
    stages: [
      [
        { variable: 0, upper: 32, weight: 1 },
        { variable: 1, upper: 16, weight: 1 },
      ],
    ],
    ...part,
  } satisfies LinearProgram;
}

/** Solves one after the other; how often the solver was asked for each. */
function asked(programs: readonly LinearProgram[]): readonly boolean[] {
  const recent = new RecentAnswers();
  return programs.map((one) => {
    let wasAsked = false;
    const answer = solveBySequence(
      one,
      (model) => {
        wasAsked = true;
        return askSimplex(model);
      },
      recent,
    );
    expect(answer).toEqual(solveBySequence(one, askSimplex));
    return wasAsked;
  });
}

describe('the same question', () => {
  test('is asked once', () => {
    expect(asked([program(), program(), program()])).toEqual([true, false, false]);
  });

  test('is the same whatever room there is in rows that cannot be full', () => {
    expect(asked([program(20, { spare: 500 }), program(20, { spare: 400.5 })])).toEqual([true, false]);
  });

  test(`is remembered among the last ${MAX_RECENT_ANSWERS} and forgotten after them`, () => {
    const limits = Array.from({ length: MAX_RECENT_ANSWERS }, (_, at) => 20 + at);
    const all = [...limits, ...limits].map((limit) => program(limit));
    expect(asked(all)).toEqual([...limits.map(() => true), ...limits.map(() => false)]);
    expect(asked([...limits, 40, 20, 23].map((limit) => program(limit)))).toEqual([
      ...limits.map(() => true),
      true,
      true,
      false,
    ]);
  });
});

describe('a question that differs in one number is another one', () => {
  const [first, second] = program().stages[0]!;
  const { variables, rows } = program();
  const others: [string, LinearProgram][] = [
    ['a limit', program(20.000_001)],
    ['a coefficient', program(20, { rows: [rows[0]!, { terms: [term(0), term(1, 0.5)], limit: 20 }] })],
    ['who loads a row', program(20, { rows: [rows[0]!, { terms: [term(0)], limit: 20 }] })],
    ['which variable loads it', program(20, { rows: [rows[0]!, { terms: [term(1), term(0)], limit: 20 }] })],
    ['the place of a row', program(20, { rows: [rows[1]!] })],
    ['how many rows there are', program(20, { rows: [...rows, { terms: [term(1)], limit: 14 }] })],
    ['a minimum', program(20, { variables: [{ lower: 7, upper: 32 }, variables[1]!] })],
    ['a maximum', program(20, { variables: [{ lower: 6, upper: 33 }, variables[1]!] })],
    ['how many variables there are', program(20, { variables: [...variables, { lower: 0, upper: 9 }] })],
    ['a weight', program(20, { stages: [[first!, { ...second!, weight: 2 }]] })],
    ['how far one rises', program(20, { stages: [[first!, { ...second!, upper: 9 }]] })],
    ['who rises', program(20, { stages: [[first!]] })],
    ['who rises first', program(20, { stages: [[first!], [second!]] })],
    ['the order in a stage', program(20, { stages: [[second!, first!]] })],
  ];
  test.each(others)('%s', (_name, other) => {
    expect(asked([program(), other])).toEqual([true, true]);
  });

  test('that a row is signed, though it cannot be full', () => {
    const recent = new RecentAnswers();
    const question = { ...program(), rows: [], signed: false };
    const failed = (because: string) => ({ kind: 'failed', because }) as const;
    expect(recent.answerTo(question, () => failed('first'))).toEqual(failed('first'));
    expect(recent.answerTo({ ...question, signed: true }, () => failed('second'))).toEqual(failed('second'));
  });
});

test('a failure is remembered too', () => {
  const recent = new RecentAnswers();
  const fails = () => 'the linear program came back infeasible';
  expect(solveBySequence(program(), fails, recent)).toMatchObject({ kind: 'failed' });
  expect(solveBySequence(program(), askSimplex, recent)).toMatchObject({ kind: 'failed' });
});
