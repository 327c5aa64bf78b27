// Filling at its largest: two thousand variables that nobody could merge, in many stages.
import { expect, test } from 'vitest';
import { fill } from '../../../src/core/allocate/fill.ts';
import type { LinearProgram } from '../../../src/core/allocate/linear-program.ts';
import { ampsOf, worstExcess } from '../../support/programs.ts';

const COUNT = 2_000;
const STAGES = 192;

/** Site → feeders of 50 → boards of 10 by phase, each as scarce as the last. */
function programOf(stages: number): LinearProgram {
  const all = Array.from({ length: COUNT }, (_, at) => at);
  const variables = all.map((at) => ({ lower: 6, upper: [16, 20, 32][at % 3]! }));
  const uses = (at: number, phase: number) => at % 2 === 0 || at % 3 === phase;
  const rows = [
    [10, 130],
    [50, 600],
    [COUNT, 20_000],
  ].flatMap(([size, limit]) =>
    Array.from({ length: COUNT / size! }, (_, circuit) => circuit).flatMap((circuit) =>
      [0, 1, 2].map((phase) => {
        const members = all.slice(circuit * size!, (circuit + 1) * size!).filter((at) => uses(at, phase));
        return {
          terms: members.map((variable) => ({ variable, coefficient: 1 })),
          limit: Math.max(limit!, members.length * 6),
        };
      }),
    ),
  );
  const risers = all.map((variable) => ({
    variable,
    upper: variables[variable]!.upper,
    weight: 1 + (variable % 101) / 1_000,
  }));
  return {
    variables,
    rows,
    stages: Array.from({ length: stages }, (_, stage) => risers.filter(({ variable }) => variable % stages === stage)),
  };
}

test('two thousand cars in as many stages as two days have quarters of an hour are filled within every row', () => {
  const program = programOf(STAGES);
  const amps = ampsOf(fill(program));
  expect(worstExcess(program, amps)).toBeLessThan(1e-6);
  // Each of the first stage has risen before the last one began: nobody there stands below who came last beside it.
  expect(amps[0]).toBeGreaterThan(program.variables[0]!.lower);
});
