// Small signed programs with answers known by hand, how many linear programs each costs, and what becomes of an engine that lies.
import { describe, expect, test } from 'vitest';
import {
  type Binding,
  type LinearProgram,
  type Solution,
  TIGHT_AMPS,
} from '../../../src/core/allocate/linear-program.ts';
import type { LpEngine, LpModel } from '../../../src/core/allocate/lp-model.ts';
import { solveBySequence } from '../../../src/core/allocate/sequence.ts';
import { askSimplex } from '../../../src/core/allocate/solve.ts';

type Answer = ReturnType<LpEngine>;

/** The simplex, with a note of all it was asked; `lies` replaces the answers of these calls, counted from 1. */
function witness(lies: Readonly<Record<number, (honest: Answer, model: LpModel) => Answer>> = {}) {
  const models: LpModel[] = [];
  const engine: LpEngine = (model) => {
    models.push(model);
    const honest = askSimplex(model);
    return lies[models.length]?.(honest, model) ?? honest;
  };
  return { engine, models };
}

/** How far each model let the height rise, or its probes. */
const sought = (models: readonly LpModel[]) =>
  models.map(({ columns }) =>
    columns.filter(({ objective }) => objective === 1).map(({ upper }) => Number(upper.toFixed(7))),
  );

const row = (limit: number, coefficients: Readonly<Record<number, number>>) => ({
  limit,
  terms: Object.entries(coefficients).map(([variable, coefficient]) => ({ variable: Number(variable), coefficient })),
});
const cars = (...uppers: number[]) => uppers.map((upper) => ({ lower: 6, upper }));
const rises = (...members: readonly (readonly [variable: number, upper: number, weight?: number])[]) =>
  members.map(([variable, upper, weight = 1]) => ({ variable, upper, weight }));

function inShort(solution: Solution) {
  if (solution.kind === 'failed') return solution.because;
  const named = (binding: Binding) => (binding.kind === 'row' ? `row ${binding.row}` : binding.kind);
  return solution.amps.map((value, at) => `${Number(value.toFixed(5))} ${named(solution.bindings[at]!)}`);
}

type Case = readonly [
  story: string,
  program: LinearProgram,
  answer: readonly string[],
  sought: readonly (readonly number[])[],
];

const oneHeld: LinearProgram = {
  variables: cars(32, 6),
  rows: [row(20, { 0: 1, 1: -1 })],
  stages: [rises([0, 32])],
};
const twoRise: LinearProgram = {
  variables: cars(32, 32, 8),
  rows: [row(2, { 0: 1, 2: -1 })],
  stages: [rises([0, 32], [1, 32])],
};
/** The plan stops cars 0 to 6 one after the other; car 7 is held at 17 A by the row. */
const staircase: LinearProgram = {
  variables: [...cars(8, 10, 12, 14, 16, 18, 20, 32, 6)],
  rows: [row(11, { 7: 1, 8: -1 })],
  stages: [rises(...[8, 10, 12, 14, 16, 18, 20, 32].map((upper, at) => [at, upper] as const))],
};

describe('signed programs answered by hand', () => {
  test.each<Case>([
    [
      'two phases at most 20 A apart that may both have all: nobody is asked',
      {
        variables: cars(32, 32),
        rows: [row(20, { 0: 1, 1: -1 }), row(20, { 1: 1, 0: -1 })],
        stages: [rises([0, 32], [1, 32])],
      },
      ['32 upper', '32 upper'],
      [],
    ],
    [
      'a plan that just fills the signed row: nobody is asked',
      {
        variables: cars(32, 12),
        rows: [row(20, { 0: 1, 1: -1 })],
        stages: [rises([0, 32], [1, 12])],
      },
      ['32 upper', '12 upper'],
      [],
    ],
    [
      'a fuse holds both before the signed row does: nobody is asked, and the fuse is named as the row that it is',
      {
        variables: cars(32, 32),
        rows: [row(20, { 0: 1, 1: -1 }), row(30, { 0: 1, 1: 1 })],
        stages: [rises([0, 32], [1, 32])],
      },
      ['15 row 1', '15 row 1'],
      [],
    ],
    ['one alone that a row holds costs one program', oneHeld, ['26 row 0', '6 upper'], [[32]]],
    [
      'the other phase stops at 7 A: one program up to there, one beyond',
      {
        variables: cars(32, 7),
        rows: [row(20, { 0: 1, 1: -1 })],
        stages: [rises([0, 32], [1, 7])],
      },
      ['27 row 0', '7 upper'],
      [[7], [25]],
    ],
    [
      'a chain of three, each making room for the one before',
      {
        variables: cars(32, 32, 10),
        rows: [row(5, { 0: 1, 1: -1 }), row(5, { 1: 1, 2: -1 })],
        stages: [rises([0, 32], [1, 32], [2, 10])],
      },
      ['20 row 0', '15 row 1', '10 upper'],
      [[10], [22], [0.001, 0.001], [32]],
    ],
    [
      'one held, the other goes on: a probe for each tells who',
      twoRise,
      ['8 row 0', '32 upper', '6 upper'],
      [[32], [0.001, 0.001]],
    ],
    [
      'a staircase of stops is climbed in growing strides, and the last one halved',
      staircase,
      ['8 upper', '10 upper', '12 upper', '14 upper', '16 upper', '18 upper', '20 upper', '17 row 0', '6 upper'],
      [[8], [2], [2], [12], [2], [0.001, 0.001, 0.001]],
    ],
    [
      'weights: held at 4 A a unit, the double weight has the double',
      {
        variables: [...cars(32, 32, 6)].map((car) => ({ ...car, lower: 0 })),
        rows: [row(12, { 0: 1, 1: 1, 2: -1 })],
        stages: [rises([0, 32, 2], [1, 32, 1])],
      },
      ['8 row 0', '4 row 0', '0 upper'],
      [[32], [0.001, 0.001]],
    ],
    [
      'a car of a later stage rises as far as the earlier needs, and then as far as it may',
      {
        variables: cars(32, 32),
        rows: [row(4, { 0: 1, 1: -1 }), row(40, { 0: 1, 1: 1 })],
        stages: [rises([0, 32]), rises([1, 32])],
      },
      ['22 row 0', '18 row 1'],
      [[32]],
    ],
    [
      'where the strides end at the last stop, the halving begins there',
      {
        variables: cars(8, 10, 12, 14, 32, 6),
        rows: [row(11, { 4: 1, 5: -1 })],
        stages: [rises([0, 8], [1, 10], [2, 12], [3, 14], [4, 32])],
      },
      ['8 upper', '10 upper', '12 upper', '14 upper', '17 row 0', '6 upper'],
      [[8], [2], [2], [0], [18]],
    ],
    [
      'half a millionth below its maximum one is there',
      {
        variables: cars(32, 32 - 5e-7),
        rows: [row(0, { 0: 1, 1: -1 })],
        stages: [rises([0, 32], [1, 32 - 5e-7])],
      },
      ['32 upper', '32 upper'],
      [[31.9999995], [5e-7], [0]],
    ],
    [
      'of the rows that one loads the fullest is named, and the first of two as full',
      {
        variables: [...cars(32, 6, 6), { lower: 50, upper: 50 }],
        rows: [row(30, { 0: 1 }), row(59, { 0: 1, 1: -1, 3: 1 }), row(59, { 0: 1, 2: -1, 3: 1 })],
        stages: [rises([0, 32])],
      },
      ['15 row 1', '6 upper', '6 upper', '50 upper'],
      [[30]],
    ],
    [
      'a full row that one relieves, or is in by name only, does not hold it',
      {
        variables: cars(32, 6, 32, 32),
        rows: [row(0, { 2: 1, 0: -1 }), row(9, { 3: 1, 1: -1, 0: 0 }), row(9, { 0: 1, 1: -1 })],
        stages: [rises([0, 32], [2, 32], [3, 32])],
      },
      ['15 row 2', '6 upper', '15 row 0', '15 row 1'],
      [[32], [0.001, 0.001, 0.001]],
    ],
  ])('%s', (_story, program, answer, models) => {
    const asked = witness();
    expect(inShort(solveBySequence(program, asked.engine))).toEqual(answer);
    expect(sought(asked.models)).toEqual(models);
  });

  test('25 who are probed together share two hundredths of an ampere', () => {
    const all = Array.from({ length: 25 }, (_, at) => at);
    const asked = witness();
    const program: LinearProgram = {
      variables: cars(...all.map(() => 32), 6),
      rows: all.map((at) => row(4, { [at]: 1, 25: -1 })),
      stages: [rises(...all.map((at) => [at, 32] as const))],
    };
    expect(inShort(solveBySequence(program, asked.engine))).toEqual([...all.map((at) => `10 row ${at}`), '6 upper']);
    expect(sought(asked.models)).toEqual([[32], all.map(() => 0.0008)]);
  });
});

describe('an engine that lies about signed programs', () => {
  test('that has no answer to the second height: the first counts, and only who is not at the maximum is probed', () => {
    const asked = witness({ 2: () => 'out of service' });
    const program: LinearProgram = {
      variables: cars(32, 7),
      rows: [row(20, { 0: 1, 1: -1 })],
      stages: [rises([0, 32], [1, 7])],
    };
    expect(inShort(solveBySequence(program, asked.engine))).toEqual(['27 row 0', '7 upper']);
    expect(sought(asked.models)).toEqual([[7], [25], [0.001], [32]]);
  });

  test('that misses the first stop by just a millionth: it counts as reached, and the next height is tried', () => {
    const answer = 7 - TIGHT_AMPS;
    const asked = witness({ 1: () => [answer, answer, answer], 2: () => 'out of service' });
    const program: LinearProgram = {
      variables: [32, 7].map((upper) => ({ lower: 0, upper })),
      rows: [row(20, { 0: 1, 1: -1 })],
      stages: [rises([0, 32], [1, 7])],
    };
    const solution = solveBySequence(program, asked.engine);
    expect(solution).toMatchObject({ kind: 'solved', bindings: [{ kind: 'row', row: 0 }, { kind: 'upper' }] });
    expect(sought(asked.models)).toEqual([[7], [25], [0.001], [32]]);
  });

  test('that has no answer to the probes: the sharing fails by its word', () => {
    const asked = witness({ 2: () => 'out of service' });
    expect(inShort(solveBySequence(twoRise, asked.engine))).toBe('out of service');
  });

  test.each<readonly [string, number, readonly string[]]>([
    ['half of a probe is a rise', 0.5, ['8 row 0', '32 upper', '6 upper']],
    ['less is none, and whom no row holds stops where it stands', 0.49, ['8 row 0', '10 upper', '6 upper']],
  ])('%s', (_story, part, answer) => {
    const asked = witness({ 2: (_honest, { columns }) => [2, 4, 0, part * columns[3]!.upper] });
    expect(inShort(solveBySequence(twoRise, asked.engine))).toEqual(answer);
  });
});
