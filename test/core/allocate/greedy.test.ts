// The greedy stand-in: whatever it is given, what it answers fits.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allocateGreedily } from '../../../src/core/allocate/greedy.ts';
import type { LinearProgram } from '../../../src/core/allocate/linear-program.ts';
import { loadOf, packingPrograms, signedPrograms } from '../../support/programs.ts';
import { runs } from '../../support/property-runs.ts';

test('it fits always, with signed rows too, and also on numbers that make no sense', () => {
  const spoils = fc.constantFrom(1, -1, Number.NaN, Number.POSITIVE_INFINITY);
  fc.assert(
    fc.property(fc.oneof(packingPrograms(), signedPrograms()), spoils, (p, spoil) => {
      const rows = p.rows.map((one, at) => (at === 0 ? { ...one, limit: one.limit * spoil } : one));
      const spoilt: LinearProgram = { ...p, rows };
      const { amps } = allocateGreedily(spoilt);
      for (const row of p.rows.slice(1)) expect(loadOf(row, amps)).toBeLessThanOrEqual(row.limit + 1e-6);
      amps.forEach((value, at) => {
        expect(value).toBeGreaterThanOrEqual(p.variables[at]!.lower);
        expect(value).toBeLessThanOrEqual(p.variables[at]!.upper + 1e-6);
      });
    }),
    runs(500),
  );
});

test('equals get about the same, and nothing is left that somebody could have', () => {
  const program: LinearProgram = {
    variables: [0, 1, 2].map(() => ({ lower: 6, upper: 32 })),
    rows: [{ terms: [0, 1, 2].map((variable) => ({ variable, coefficient: 1 })), limit: 60 }],
    stages: [[0, 1, 2].map((variable) => ({ variable, upper: 32, weight: 1 }))],
  };
  const { amps } = allocateGreedily(program);
  expect(amps.reduce((sum, value) => sum + value, 0)).toBeCloseTo(60, 6);
  expect(Math.max(...amps) - Math.min(...amps)).toBeLessThan(2);
});
