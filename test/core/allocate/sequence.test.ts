// What the sequence asks of an engine, number by number, and by which name it fails when the answers are wrong.
import { describe, expect, test } from 'vitest';
import type { LinearProgram } from '../../../src/core/allocate/linear-program.ts';
import { TIGHT_AMPS } from '../../../src/core/allocate/linear-program.ts';
import type { LpEngine, LpModel } from '../../../src/core/allocate/lp-model.ts';
import {
  columnsOf,
  highestCommon,
  limitOf,
  oversteps,
  scaledRows,
  type Work,
} from '../../../src/core/allocate/rising.ts';
import { solveBySequence } from '../../../src/core/allocate/sequence.ts';
import { askSimplex } from '../../../src/core/allocate/solve.ts';

const row = (limit: number, coefficients: Readonly<Record<number, number>>) => ({
  limit,
  terms: Object.entries(coefficients).map(([variable, coefficient]) => ({ variable: Number(variable), coefficient })),
});
const rises = (...members: readonly (readonly [variable: number, upper: number, weight?: number])[]) =>
  members.map(([variable, upper, weight = 1]) => ({ variable, upper, weight }));
const byVariable = (stage: ReturnType<typeof rises>) => new Map(stage.map((riser) => [riser.variable, riser]));
const free = (count: number) => Array.from({ length: count }, () => ({ lower: 0, upper: 32 }));

function recorded(answer: LpEngine = askSimplex) {
  const models: LpModel[] = [];
  const engine: LpEngine = (model) => {
    models.push(model);
    return answer(model);
  };
  return { engine, models };
}
const onRow = (at: number) => ({ kind: 'row', row: at });
const upper = { kind: 'upper' };

describe('where no row is signed', () => {
  test.each<readonly [string, LinearProgram, readonly number[], readonly object[], number]>([
    [
      'members of a row that is full already stop without a question, and are bound by it',
      { variables: free(2), rows: [row(20, { 0: 1 }), row(0, { 0: 1, 1: 1 })], stages: [rises([0, 32], [1, 32])] },
      [0, 0],
      [onRow(1), onRow(1)],
      0,
    ],
    [
      'so do those whose minima fill it',
      {
        variables: [6, 8].map((lower) => ({ lower, upper: 32 })),
        rows: [row(14, { 0: 1, 1: 1 })],
        stages: [rises([0, 32], [1, 32])],
      },
      [6, 8],
      [onRow(0), onRow(0)],
      0,
    ],
    [
      'a full row does not stop one that does not load it',
      { variables: free(2), rows: [row(0, { 0: 1, 1: 0 }), row(9, { 1: 1 })], stages: [rises([0, 32], [1, 32])] },
      [0, 9],
      [onRow(0), onRow(1)],
      1,
    ],
    [
      'nor does a row that becomes full on the way',
      { variables: free(2), rows: [row(5, { 0: 1, 1: 0 }), row(9, { 1: 1 })], stages: [rises([0, 32], [1, 32])] },
      [5, 9],
      [onRow(0), onRow(1)],
      2,
    ],
    [
      'a row with just the slack of a full one is asked about',
      { variables: free(1), rows: [row(TIGHT_AMPS, { 0: 1 })], stages: [rises([0, 32])] },
      [TIGHT_AMPS],
      [onRow(0)],
      1,
    ],
    [
      'a row of a car that stopped at its own maximum names only the other',
      { variables: free(2), rows: [row(14, { 0: 1, 1: 1 })], stages: [rises([0, 7], [1, 32])] },
      [7, 7],
      [upper, onRow(0)],
      1,
    ],
    [
      'one that stands above what a later stage wants stays, and is no reason to stop the others',
      {
        variables: free(3),
        rows: [row(30, { 0: 1, 1: 1, 2: 1 })],
        stages: [rises([0, 20]), rises([0, 4], [1, 32], [2, 32])],
      },
      [20, 5, 5],
      [upper, onRow(0), onRow(0)],
      2,
    ],
    ['one in no stage is at its minimum', { variables: free(1), rows: [], stages: [] }, [0], [upper], 0],
  ])('%s', (_story, program, amps, bindings, count) => {
    const asked = recorded();
    expect(solveBySequence(program, asked.engine)).toEqual({
      kind: 'solved',
      amps: amps.map((value) => expect.closeTo(value, 9)),
      bindings,
    });
    expect(asked.models).toHaveLength(count);
  });

  test('the height may rise until the first is at its maximum', () => {
    const asked = recorded();
    const stages = [rises([0, 32, 2], [1, 30], [2, 12, 3])];
    solveBySequence({ variables: free(3), rows: [row(70, { 0: 1, 1: 1, 2: 1 })], stages }, asked.engine);
    expect(asked.models.map(({ columns }) => columns.at(-1))).toEqual([
      { upper: 12, objective: 1 },
      { upper: 32, objective: 1 },
      { upper: 30, objective: 1 },
    ]);
  });
});

const twoOn40: LinearProgram = {
  variables: free(2),
  rows: [row(40, { 0: 1, 1: 1 })],
  stages: [rises([0, 32], [1, 32])],
};
const signed: LinearProgram = {
  variables: free(3),
  rows: [row(10, { 0: 1, 1: 1, 2: -1 })],
  stages: [rises([0, 32], [1, 32])],
};

/** Says that all have to stay, and then that each could go on. */
const liftsNobody: LpEngine = (model) =>
  model.columns.filter(({ objective }) => objective === 1).length > 1 ? askSimplex(model) : model.columns.map(() => 0);

describe.each([
  ['without signs', twoOn40],
  ['signed', signed],
] as const)('an engine that lies, %s', (_name, program) => {
  test.each<readonly [string, LpEngine, RegExp]>([
    ['is silent', () => 'nobody at home', /^nobody at home$/],
    ['answers too few values', () => [1, 1], /^column 2 came back NaN of 0\.\.32$/],
    ['answers too much', () => [32, 32, 32, 0], /^row 0 came back with \d+ of \d+$/],
    ['lifts nobody', liftsNobody, /^none of 2 shares stopped$/],
  ])('%s', (_story, engine, because) => {
    expect(solveBySequence(program, engine)).toEqual({ kind: 'failed', because: expect.stringMatching(because) });
  });
});

test('a program with a fault is refused before anybody is asked', () => {
  const asked = recorded();
  const program = { ...twoOn40, variables: [...free(1), { lower: 6, upper: 5 }] };
  expect(solveBySequence(program, asked.engine)).toEqual({
    kind: 'failed',
    because: 'variable 1 has the bounds 6..5',
  });
  expect(asked.models).toEqual([]);
});

test('columns that may move now are those of this stage, as far as any later stage lifts them, and those of later stages', () => {
  const asked = recorded();
  const variables = free(4);
  const rows = [row(1, { 0: 1, 1: -1, 2: -1, 3: -1 }), row(3, { 1: 1 }), row(2, { 2: 1 }), row(5, { 3: 1 })];
  const stages = [rises([0, 20]), rises([1, 9]), rises([0, 30], [2, 8]), rises([2, 6], [3, 7])];
  expect(solveBySequence({ variables, rows, stages }, asked.engine)).toMatchObject({ kind: 'solved' });
  expect(asked.models[0]!.columns.map(({ upper }) => upper)).toEqual([30, 9, 8, 7, 20]);
});

test('those of earlier stages do not move any more', () => {
  const asked = recorded();
  const rows = [row(20, { 0: 1, 1: -1 }), row(9, { 2: 1, 1: -1 })];
  solveBySequence({ variables: free(3), rows, stages: [rises([0, 32]), rises([2, 30])] }, asked.engine);
  expect(asked.models.map(({ columns }) => columns.map(({ upper }) => upper))).toEqual([
    [32, 30, 32],
    [30, 30],
  ]);
});

describe('an engine that rounds', () => {
  test.each<readonly [string, LinearProgram['rows'], number, readonly number[], object]>([
    ['a millionth short of the maximum is the maximum', [], 32 - TIGHT_AMPS, [32, 32], upper],
    [
      'a millionth short of a row fills it',
      [row(20, { 0: 1 }), row(20, { 1: 1 })],
      20 - TIGHT_AMPS,
      [20 - TIGHT_AMPS, 20 - TIGHT_AMPS],
      { kind: 'row' },
    ],
    ['a row of two has room for two', [row(40, { 0: 1, 1: 1 })], 20 - 0.9e-6, [20 - 0.9e-6, 20 - 0.9e-6], onRow(0)],
  ])('%s', (_story, rows, answer, amps, binding) => {
    const asked = recorded(({ columns }) => columns.map(() => answer));
    const solution = solveBySequence({ variables: free(2), rows, stages: [rises([0, 32], [1, 32])] }, asked.engine);
    expect(solution).toMatchObject({ kind: 'solved', amps, bindings: [binding, binding] });
    expect(asked.models).toHaveLength(1);
  });
});

describe('one question', () => {
  const work = (part: Partial<Work>): Work => ({
    variables: free(2),
    rows: [],
    engine: askSimplex,
    amps: [0, 0],
    stands: [0, 0],
    bindings: [],
    free: new Map(),
    ...part,
  });

  test('rows that can be full are scaled to a largest coefficient of 1 and keep their place; others are left out', () => {
    const variables = [
      { lower: 6, upper: 32 },
      { lower: 8, upper: 16 },
    ];
    const rows = [row(48, { 0: 1, 1: 1 }), row(100, { 0: 2, 1: -4 }), row(20, { 0: 2, 1: -4 })];
    expect(scaledRows({ variables, rows, stages: [] })).toEqual([{ ...row(5, { 0: 0.5, 1: -1 }), at: 2 }]);
  });

  test('columns count from what each has for certain, and a row that nobody moves is left out unless it is broken', () => {
    const rows = [row(20, { 0: 1, 1: 1, 2: 1 }), row(9, { 3: 1 }), row(5, { 3: 1 }), row(4, { 3: 1 })].map(
      (one, at) => ({ ...one, at }),
    );
    const asked = columnsOf(
      work({
        rows,
        amps: [6, 2, 1, 5],
        stands: [6, 9, 3, 3],
        free: new Map([
          [0, 16],
          [2, 8],
        ]),
      }),
      byVariable(rises([0, 12], [1, 7])),
    );
    expect(asked).toEqual({
      columnOf: new Map([
        [0, 0],
        [1, 1],
        [2, 2],
      ]),
      columns: [10, 7, 7].map((most) => ({ upper: most, objective: 0 })),
      rows: [
        {
          terms: [0, 1, 2].map((column) => ({ column, coefficient: 1 })),
          limit: 11,
        },
        { terms: [], limit: -1 },
      ],
    });
  });

  test('the height is counted from where it starts, in units of the largest weight', () => {
    const asked = recorded(() => [8, 12, 12]);
    const rising = byVariable(rises([0, 32, 2], [1, 32, 4]));
    const all = work({ engine: asked.engine, amps: [1, 5], stands: [1, 5] });
    expect(highestCommon(all, rising, columnsOf(all, rising), { from: 1, to: 6 })).toEqual({
      height: 4,
      values: [8, 12, 12],
    });
    expect(asked.models).toEqual([
      {
        columns: [
          { upper: 31, objective: 0 },
          { upper: 27, objective: 0 },
          { upper: 20, objective: 1 },
        ],
        rows: [
          {
            terms: [
              { column: 2, coefficient: 0.5 },
              { column: 0, coefficient: -1 },
            ],
            limit: -1,
          },
          {
            terms: [
              { column: 2, coefficient: 1 },
              { column: 1, coefficient: -1 },
            ],
            limit: 1,
          },
        ],
      },
    ]);
  });

  test('with nobody left to rise the height goes as far as it may', () => {
    const all = work({});
    expect(highestCommon(all, new Map(), columnsOf(all, new Map()), { from: 2, to: 5 })).toEqual({
      height: 5,
      values: [3],
    });
  });

  test('an overdrawn row may carry what it carries; it is wrong beyond a hundred-thousandth of an ampere a term', () => {
    const one = { ...row(10, { 0: 1, 1: 1 }), at: 0 };
    expect([limitOf(one, [4, 5]), limitOf(one, [6, 5])]).toEqual([10, 11]);
    const zero = { ...one, limit: 0 };
    expect([1e-5, 10 * TIGHT_AMPS * 2, 2.1e-5].map((load) => oversteps(zero, load))).toEqual([false, false, true]);
  });
});
