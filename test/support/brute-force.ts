// The meaning of a sharing spelled out: every point of a whole-ampere grid, compared stage by stage, from the worst off upwards.
import fc from 'fast-check';
import type { LinearProgram, Row } from '../../src/core/allocate/linear-program.ts';
import { loadOf } from './programs.ts';

/** Levels closer than this are equal. */
const EQUAL = 1e-3;

/** Programs of two or three variables with a range of a few whole amperes, two rows or three, one to three stages. */
export const tinyPrograms = ({ signed }: { readonly signed: boolean }): fc.Arbitrary<LinearProgram> =>
  fc
    .integer({ min: 2, max: 3 })
    .chain((count) => {
      const riser = fc.record({
        variable: fc.nat(count - 1),
        part: fc.constantFrom(0.5, 1, 1),
        weight: fc.constantFrom(1, 1, 2, 0.5),
      });
      return fc.record({
        variables: fc.array(fc.record({ lower: fc.nat(3), range: fc.nat(9) }), { minLength: count, maxLength: count }),
        rows: fc.array(
          fc.record({
            coefficients: fc.array(signed ? fc.constantFrom(-2, -1, 0, 1, 1, 2) : fc.constantFrom(0, 1, 1, 2), {
              minLength: count,
              maxLength: count,
            }),
            room: fc.nat(14),
          }),
          { minLength: 1, maxLength: 4 },
        ),
        stages: fc.array(
          fc.uniqueArray(riser, { selector: ({ variable }) => variable, minLength: 1, maxLength: count }),
          { minLength: 1, maxLength: 3 },
        ),
      });
    })
    .map(({ variables: ranges, rows, stages }) => {
      const variables = ranges.map(({ lower, range }) => ({ lower, upper: lower + range }));
      return {
        variables,
        rows: rows.map(({ coefficients, room }): Row => {
          const terms = coefficients.flatMap((coefficient, variable) =>
            coefficient === 0 ? [] : [{ variable, coefficient }],
          );
          return {
            terms,
            limit: room + terms.reduce((sum, t) => sum + t.coefficient * variables[t.variable]!.lower, 0),
          };
        }),
        stages: stages.map((stage) =>
          stage.map(({ variable, part, weight }) => ({ variable, upper: variables[variable]!.upper * part, weight })),
        ),
      };
    });

/** A point of the grid that holds all rows and is fairer than `amps`; undefined when there is none. */
export function fairerPointOf(program: LinearProgram, amps: readonly number[]): readonly number[] | undefined {
  const own = levelsOf(program, amps);
  return gridOf(program).find((point) => {
    if (program.rows.some((row) => loadOf(row, point) > row.limit + 1e-9)) return false;
    const other = levelsOf(program, point);
    const at = other.findIndex((level, index) => Math.abs(level - own[index]!) > EQUAL);
    return at >= 0 && other[at]! > own[at]!;
  });
}

/** What one sharing is compared by: stage after stage, the levels of its members, the lowest first. */
function levelsOf({ stages }: LinearProgram, amps: readonly number[]): readonly number[] {
  return stages.flatMap((stage) =>
    stage.map(({ variable, upper, weight }) => Math.min(amps[variable]!, upper) / weight).sort((a, b) => a - b),
  );
}

/** Whole amperes from each one's minimum to as far as any stage lifts it. */
function gridOf({ variables, stages }: LinearProgram): readonly (readonly number[])[] {
  let points: (readonly number[])[] = [[]];
  for (const [variable, { lower }] of variables.entries()) {
    const uppers = stages.flat().flatMap((riser) => (riser.variable === variable ? [riser.upper] : []));
    const steps = Math.max(0, Math.floor(Math.max(lower, ...uppers) - lower));
    points = points.flatMap((point) => Array.from({ length: steps + 1 }, (_, step) => [...point, lower + step]));
  }
  return points;
}
