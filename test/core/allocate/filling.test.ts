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

/** The least processor time of a few runs, in milliseconds. */
function leastCostMs(work: () => void): number {
  const costs = Array.from({ length: 15 }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  return Math.min(...costs);
}

test("many stages cost filling no more than a few of a cycle's milliseconds", () => {
  const [one, most] = [programOf(1), programOf(STAGES)];
  for (const program of [one, most]) expect(worstExcess(program, ampsOf(fill(program)))).toBeLessThan(1e-6);
  // A tenth of the cycle's budget on a quiet machine; the bound leaves room for a slow one.
  expect(leastCostMs(() => fill(most))).toBeLessThan(40);
  expect(leastCostMs(() => fill(most))).toBeLessThan(10 * leastCostMs(() => fill(one)));
});
