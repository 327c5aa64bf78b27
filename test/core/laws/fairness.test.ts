// The laws of fair shares, on the exact programs that random sites lead to: the bottleneck certificate of max-min, what more room and fewer
// cars must do, scale, and how far rounding may stray.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { admit } from '../../../src/core/allocate/admit.ts';
import { allocate } from '../../../src/core/allocate/allocate.ts';
import { fill } from '../../../src/core/allocate/fill.ts';
import {
  isSigned,
  type LinearProgram,
  type Solution,
  withoutSigns,
} from '../../../src/core/allocate/linear-program.ts';
import { toProgram } from '../../../src/core/allocate/program.ts';
import { take } from '../../../src/core/allocate/rows.ts';
import type { Candidate, Situation } from '../../../src/core/allocate/situation.ts';
import { solveByLp } from '../../../src/core/allocate/solve.ts';
import { lawRuns } from '../../support/law-runs.ts';
import { randomSharing, type Sharing } from '../../support/random-sharing.ts';

const isCandidate = (situation: Situation): situation is Candidate => situation.role.kind === 'candidate';

/** The sharing's sessions all served alike, none from surplus alone, so that one program holds them all. */
function programOf({ site, input }: Sharing) {
  const room = input.rows.map((row) => row.room);
  const situations = input.situations.map(
    (one): Situation => (isCandidate(one) ? { ...one, role: { ...one.role, onlySurplus: false } } : one),
  );
  for (const { at, role, assuredAmps } of situations) {
    if (role.kind === 'reserved') take(room, input.loads[at]!, role.amps, Math.min(role.amps, assuredAmps));
  }
  const { scarcity } = site.policy;
  const admission = admit(situations.filter(isCandidate), { rows: input.rows, loads: input.loads, room }, { scarcity });
  return { ...toProgram(admission, input.loads, scarcity), input: { ...input, situations, mayRotate: false } };
}

const SOLVERS: readonly (readonly [string, (program: LinearProgram) => Solution])[] = [
  ['filling', fill],
  ['the LP', solveByLp],
];

/** Everybody's amperes after each stage; empty where the LP names its own failure. */
function afterEachStage(
  program: LinearProgram,
  solve: (program: LinearProgram) => Solution,
): readonly (readonly number[])[] {
  const all: (readonly number[])[] = [];
  for (let count = 1; count <= program.stages.length; count++) {
    const solution = solve({ ...program, stages: program.stages.slice(0, count) });
    if (solution.kind === 'failed') return [];
    all.push(solution.amps);
  }
  return all;
}

const lowest = ({ variables }: LinearProgram) => variables.map(({ lower }) => lower);

/** The levels (amps ÷ weight) of each stage's members in ascending order, stage after stage: what leximin compares, first to last. */
function levelsOf(
  { stages }: LinearProgram,
  after: readonly (readonly number[])[],
  without?: number,
): readonly number[] {
  return stages.flatMap((stage, at) =>
    stage
      .filter(({ variable }) => variable !== without)
      .map(({ variable, weight }) => after[at]![variable]! / weight)
      .sort((a, b) => a - b),
  );
}

/** At the first place where two lists of levels differ by more than arithmetic, the second MUST be the higher. */
function expectNoWorse(before: readonly number[], after: readonly number[], tolerance: number): void {
  const at = before.findIndex((level, place) => Math.abs(level - after[place]!) > tolerance);
  if (at >= 0)
    expect(after[at], `level ${at} of ${before.join(' ')} and ${after.join(' ')}`).toBeGreaterThan(before[at]!);
}

describe.each(SOLVERS)('%s', (_name, solve) => {
  test('whoever stopped below its maximum is in a full row in which nobody who was raised stands higher', () => {
    fc.assert(
      fc.property(randomSharing(), (sharing) => {
        const program = withoutSigns(programOf(sharing).program);
        const after = afterEachStage(program, solve);
        for (const [at, amps] of after.entries()) {
          const before = after[at - 1] ?? lowest(program);
          const stage = program.stages[at]!;
          for (const { variable, upper, weight } of stage) {
            const own = amps[variable]!;
            if (own >= upper - 1e-5) continue;
            const bottleneck = program.rows.find(({ terms, limit }) => {
              const load = terms.reduce((sum, term) => sum + term.coefficient * amps[term.variable]!, 0);
              const scale = Math.max(1, ...terms.map(({ coefficient }) => coefficient));
              if (!terms.some((term) => term.variable === variable) || load < limit - 1e-4 * scale) return false;
              return stage.every(
                (other) =>
                  !terms.some((term) => term.variable === other.variable) ||
                  amps[other.variable]! <= before[other.variable]! + 1e-5 ||
                  amps[other.variable]! / other.weight <= own / weight + 1e-4,
              );
            });
            expect(bottleneck, `variable ${variable} on ${own} of ${upper} after stage ${at}`).toBeDefined();
          }
        }
      }),
      lawRuns(500),
    );
  });

  test('a later stage changes nothing for whoever rises in earlier ones alone', () => {
    fc.assert(
      fc.property(randomSharing(), (sharing) => {
        const program = withoutSigns(programOf(sharing).program);
        const after = afterEachStage(program, solve);
        const last = after.at(-1) ?? [];
        program.stages.slice(0, after.length).forEach((stage, at) => {
          const later = new Set(program.stages.slice(at + 1).flatMap((one) => one.map(({ variable }) => variable)));
          for (const { variable } of stage) {
            if (!later.has(variable)) expect(last[variable]).toBeCloseTo(after[at]![variable]!, 4);
          }
        });
      }),
      lawRuns(300),
    );
  });

  test('more room in any row, or one car fewer, is no worse for the others in leximin order', () => {
    fc.assert(
      fc.property(
        randomSharing(),
        fc.nat(99),
        fc.integer({ min: 1, max: 20 }),
        fc.nat(7),
        (sharing, row, more, who) => {
          const program = withoutSigns(programOf(sharing).program);
          const before = afterEachStage(program, solve);
          if (before.length === 0) return;
          const wider: LinearProgram = {
            ...program,
            rows: program.rows.map((one, at) => {
              const scale = Math.max(1, ...one.terms.map(({ coefficient }) => coefficient));
              return at === row % program.rows.length ? { ...one, limit: one.limit + more * scale } : one;
            }),
          };
          const withMore = afterEachStage(wider, solve);
          if (withMore.length > 0) expectNoWorse(levelsOf(program, before), levelsOf(program, withMore), 1e-4);

          const gone = who % program.variables.length;
          const fewer: LinearProgram = {
            variables: program.variables.with(gone, { lower: 0, upper: 0 }),
            rows: program.rows.map((one) => ({ ...one, terms: one.terms.filter(({ variable }) => variable !== gone) })),
            stages: program.stages.map((stage) => stage.filter(({ variable }) => variable !== gone)),
          };
          const withFewer = afterEachStage(fewer, solve);
          if (withFewer.length > 0)
            expectNoWorse(levelsOf(program, before, gone), levelsOf(program, withFewer, gone), 1e-4);
        },
      ),
      lawRuns(400),
    );
  });

  test('all amperes times k give all shares times k', () => {
    fc.assert(
      fc.property(randomSharing(), fc.constantFrom(0.25, 0.5, 3, 10), (sharing, k) => {
        const { program } = programOf(sharing);
        if (solve === fill && isSigned(program)) return;
        const scaled: LinearProgram = {
          variables: program.variables.map(({ lower, upper }) => ({ lower: lower * k, upper: upper * k })),
          rows: program.rows.map((one) => ({ ...one, limit: one.limit * k })),
          stages: program.stages.map((stage) => stage.map((riser) => ({ ...riser, upper: riser.upper * k }))),
        };
        const [one, other] = [solve(program), solve(scaled)];
        if (one.kind === 'failed' || other.kind === 'failed') return;
        // A signed program may stop a fiftieth of an ampere short.
        const tolerance = isSigned(program) ? 0.05 : 1e-4;
        one.amps.forEach((amps, variable) => {
          expect(Math.abs(other.amps[variable]! - amps * k)).toBeLessThanOrEqual(tolerance * Math.max(1, k));
        });
      }),
      lawRuns(300),
    );
  });
});

test('counting on what balances is no worse in leximin order than not counting on it', () => {
  fc.assert(
    fc.property(randomSharing(), (sharing) => {
      const { program } = programOf(sharing);
      if (!isSigned(program)) return;
      const careful = afterEachStage(withoutSigns(program), fill);
      const exact = afterEachStage(program, solveByLp);
      if (exact.length > 0)
        expectNoWorse(levelsOf(program, careful).slice(0, program.stages[0]?.length), levelsOf(program, exact), 0.05);
    }),
    lawRuns(400),
  );
});

test('rounding takes a whole step from nobody: each share is above its exact one less a step', () => {
  fc.assert(
    fc.property(randomSharing(), (sharing) => {
      const { program, groups, input } = programOf(sharing);
      if (isSigned(program)) return;
      const exact = fill(program);
      if (exact.kind === 'failed') expect.fail(exact.because);
      const { amps } = allocate(input, () => [{ name: 'filling', solve: fill }]);
      groups.forEach((members, variable) => {
        for (const { at, evse } of members) {
          expect(amps[at], evse.id).toBeGreaterThan(exact.amps[variable]! - evse.stepAmps - 1e-6);
        }
      });
    }),
    lawRuns(800),
  );
});
