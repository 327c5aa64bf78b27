// How one step of the EVs' current comes out at the meter: number tables, by phase.
import { expect, test } from 'vitest';
import { outcomeOf, STEP_AMPS } from '../../../src/core/metering/step-outcome.ts';

type Three = readonly [number, number, number];
const at = ([L1, L2, L3]: Three) => ({ L1, L2, L3 });

test.each<readonly [string, Three, Three, number, string | undefined, string]>([
  // name, EVs, meter, noise, outcome, phases
  ['felt as it is', [10, 10, 10], [10.5, 9, 12], 0.5, 'agrees', 'L1 L2 L3'],
  ['felt on one phase', [0, -16, 0], [0.3, -15, 1], 0.5, 'agrees', 'L2'],
  ['a quarter off', [16, 16, 16], [20, 20, 20], 0.5, 'agrees', 'L1 L2 L3'],
  ['more than a quarter off', [16, 16, 16], [20.1, 20.1, 20.1], 0.5, 'unclear', 'L1 L2 L3'],
  ['too small', [3.9, 3.9, 3.9], [-3.9, -3.9, -3.9], 0, undefined, ''],
  ['just large enough', [STEP_AMPS, 0, 0], [4, 0, 0], 0, 'agrees', 'L1'],
  ['within what the building does by itself', [10, 10, 10], [-10, -10, -10], 2.6, undefined, ''],
  ['above what it does', [10, 10, 10], [-10, -10, -10], 2.5, 'sign', 'L1 L2 L3'],
  ['reversed', [10, 10, 10], [-10, -10, -10], 0.5, 'sign', 'L1 L2 L3'],
  ['one transformer reversed', [10, 10, 10], [10, -10, 10], 0.5, 'sign', 'L2'],
  ['one reversed, the car falls', [-10, -10, -10], [-10, 10, -10], 0.5, 'sign', 'L2'],
  ['on another phase', [16, 0, 0], [0, 16, 0], 0.5, 'phase', 'L1'],
  ['two phases swapped', [20, 8, 0], [8, 20, 0], 0.5, 'phase', 'L1'],
  ['turned round', [20, 12, 0], [0, 20, 12], 0.5, 'phase', 'L1 L2'],
  ['ten times', [6, 6, 6], [60, 60, 60], 0.5, 'scale', 'L1 L2 L3'],
  ['ten times, of a building that is ten times as loud', [6, 6, 6], [60, 60, 60], 10, 'scale', 'L1 L2 L3'],
  ['a third of it', [15, 15, 15], [5, 5, 5], 0.5, 'scale', 'L1 L2 L3'],
  ['a tenth is hardly felt', [15, 15, 15], [1.5, 1.5, 1.5], 0.5, 'unmoved', 'L1 L2 L3'],
  ['not felt', [8, 8, 8], [0.2, -0.3, 0], 0.5, 'unmoved', 'L1 L2 L3'],
  ['not felt on one phase', [8, 8, 8], [8, 0, 8], 0.5, 'unmoved', 'L2'],
  ['the building stepped too', [8, 8, 8], [21, 3.5, 14], 0.5, 'unclear', 'L1 L2 L3'],
])('%s', (_name, ev, meter, noise, kind, phases) => {
  const outcome = outcomeOf(at(ev), at(meter), noise);
  expect(outcome?.kind).toBe(kind);
  expect(outcome?.phases.join(' ') ?? '').toBe(phases);
});

test('the proportion is that of the largest step', () => {
  expect(outcomeOf(at([6, 8, 6]), at([60, 82, 58]), 0.5)?.ratio).toBeCloseTo(10.25);
});
