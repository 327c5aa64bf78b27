// The site's scarcity policy as stages, and interchangeable EVSEs as one variable.
import { describe, expect, test } from 'vitest';
import { toProgram } from '../../../src/core/allocate/program.ts';
import type { Load } from '../../../src/core/allocate/rows.ts';
import type { Candidate } from '../../../src/core/allocate/situation.ts';
import { partsOf } from '../../../src/core/allocate/stages.ts';
import { allOnOneRow, candidate } from '../../support/candidates.ts';

/** The program of those admitted with their minima, where `room` is left of each row. */
function programOf(candidates: readonly Candidate[], loads: readonly (readonly Load[])[], room: readonly number[]) {
  const granted = new Map(candidates.map(({ at, role }) => [at, role.lower]));
  return toProgram({ admitted: candidates, granted, refused: [], room }, loads, 'part-for-everyone');
}

describe('stages', () => {
  const rest = { order: [1, -0], upper: 32, weight: 1 };
  test.each([
    ['without a deadline: the rest alone', {}, [rest]],
    [
      'what a deadline needs comes first, in proportion to the need',
      { needAmps: 12 },
      [{ order: [0, -0], upper: 12, weight: 12 }, rest],
    ],
    [
      'a need above the maximum is the maximum',
      { needAmps: 50, priority: 3 },
      [
        { order: [0, -3], upper: 32, weight: 32 },
        { order: [1, -3], upper: 32, weight: 1 },
      ],
    ],
    ['a need of nothing is none', { needAmps: 0 }, [rest]],
    ['weight', { evse: { weight: 2.5 }, upper: 16 }, [{ order: [1, -0], upper: 16, weight: 2.5 }]],
  ])('%s', (_story, part, expected) => {
    expect(partsOf(candidate(0, part), 'part-for-everyone')).toEqual(expected);
  });

  test('where the earliest departure is first, needs have been granted already', () => {
    expect(partsOf(candidate(0, { needAmps: 12 }), 'earliest-departure-first')).toEqual([rest]);
  });
});

describe('the program', () => {
  const program = (parts: readonly Parameters<typeof candidate>[1][], room = 20) => {
    const candidates = parts.map((part, at) => candidate(at, part));
    return programOf(candidates, allOnOneRow(candidates), [room]);
  };

  test('equals are one variable that loads the row for all of them', () => {
    const { program: p, groups } = program([{}, {}, {}]);
    expect(groups.map((group) => group.map(({ at }) => at))).toEqual([[0, 1, 2]]);
    expect(p).toEqual({
      variables: [{ lower: 6, upper: 32 }],
      // What the minima have left, and the minima themselves.
      rows: [{ terms: [{ variable: 0, coefficient: 3 }], limit: 38 }],
      stages: [[{ variable: 0, upper: 32, weight: 1 }]],
    });
  });

  test.each([
    ['lower', { lower: 7 }],
    ['upper', { upper: 16 }],
    ['weight', { evse: { weight: 2 } }],
    ['priority', { priority: 1 }],
    ['need', { needAmps: 8 }],
  ])('another %s is another variable', (_what, part) => {
    expect(program([{}, part]).groups.map((group) => group.length)).toEqual([1, 1]);
  });

  test('other rows, or the same with another coefficient, are another variable', () => {
    const candidates = [candidate(0), candidate(1), candidate(2)];
    const loads = [
      [{ row: 0, coefficient: 1 }],
      [{ row: 1, coefficient: 1 }],
      [
        { row: 0, coefficient: 1 },
        { row: 1, coefficient: 1 },
      ],
    ];
    const { program: p, groups } = programOf(candidates, loads, [10, 20]);
    expect(groups).toHaveLength(3);
    expect(p.rows).toEqual([
      {
        terms: [
          { variable: 0, coefficient: 1 },
          { variable: 2, coefficient: 1 },
        ],
        limit: 22,
      },
      {
        terms: [
          { variable: 1, coefficient: 1 },
          { variable: 2, coefficient: 1 },
        ],
        limit: 32,
      },
    ]);
  });

  test('stages stand in the order of service: needs by priority, then the rest by priority', () => {
    const { program: p } = program([{ priority: 0, needAmps: 8 }, { priority: 2, needAmps: 9 }, { priority: 1 }]);
    expect(p.stages.map((stage) => stage.map(({ variable }) => variable))).toEqual([[1], [0], [1], [2], [0]]);
  });

  test('who is in the same stage rises in it together', () => {
    const { program: p } = program([{ needAmps: 8 }, {}, { needAmps: 9, upper: 16 }]);
    const rest = (variable: number, upper = 32) => ({ variable, upper, weight: 1 });
    const need = (variable: number, upper: number) => ({ variable, upper, weight: upper });
    expect(p.stages).toEqual([
      [need(0, 8), need(2, 9)],
      [rest(0), rest(1), rest(2, 16)],
    ]);
  });

  test('a row that is full is not overdrawn: what is given to it makes room', () => {
    const candidates = [candidate(0), candidate(1)];
    const loads = [[{ row: 0, coefficient: 1 }], [{ row: 0, coefficient: -1 }]];
    const row = {
      terms: [
        { variable: 0, coefficient: 1 },
        { variable: 1, coefficient: -1 },
      ],
      limit: 0,
    };
    expect(programOf(candidates, loads, [0]).program.rows).toEqual([row]);
    // Nor is one that arithmetic has left a billionth below.
    expect(programOf(candidates, loads, [-1e-9]).program.rows).toEqual([row]);
  });

  test('a row that was overdrawn leaves nothing to whoever loads it, and whoever makes room in it pays that debt first', () => {
    expect(program([{}], -5).program.rows[0]!.limit).toBe(6);
    const candidates = [candidate(0), candidate(1)];
    const loads = [[{ row: 0, coefficient: 1 }], [{ row: 0, coefficient: -1 }]];
    expect(programOf(candidates, loads, [-5]).program.rows[0]).toEqual({
      terms: [{ variable: 0, coefficient: 1 }],
      limit: 6,
    });
    expect(programOf(candidates, loads, [5]).program.rows[0]).toMatchObject({ terms: { length: 2 }, limit: 5 });
  });

  test('what was granted is the least, and makes another variable', () => {
    const candidates = [candidate(0), candidate(1)];
    const granted = new Map([
      [0, 6],
      [1, 11],
    ]);
    const { program: p } = toProgram(
      { admitted: candidates, granted, refused: [], room: [4] },
      allOnOneRow(candidates),
      'earliest-departure-first',
    );
    expect(p.variables).toEqual([
      { lower: 6, upper: 32 },
      { lower: 11, upper: 32 },
    ]);
    expect(p.rows[0]!.limit).toBe(21);
  });

  test('the order of listing does not matter', () => {
    const parts = [{ upper: 16 }, {}, { priority: 1 }, { upper: 16 }];
    const candidates = parts.map((part, at) => candidate(at, part));
    const loads = allOnOneRow(candidates);
    const one = programOf(candidates, loads, [9]);
    const other = programOf([...candidates].reverse(), loads, [9]);
    expect(other.program).toEqual(one.program);
  });
});
