// The simulated car: what it takes under a limit, how soon it follows, and that it never stays above.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  appetiteAmps,
  type Car,
  type CarState,
  DOWN_AMPS_PER_SECOND,
  REACTION_MS,
  stepCar,
} from '../../src/simulator/car.ts';

const car: Car = { phases: 3, maxAmps: 16, minAmps: 6, batteryWh: 50_000 };
const charging = (amps: number, charge = 0.5): CarState => ({ storedWh: charge * car.batteryWh, amps, waitedMs: 0 });

function after(state: CarState, limitAmps: number, forMs: number, stepMs = 100): CarState {
  let now = state;
  for (let ms = 0; ms < forMs; ms += stepMs) now = stepCar(car, now, limitAmps, 230, stepMs);
  return now;
}

describe('appetite', () => {
  test.each([
    [0, 16],
    [0.5, 16],
    [0.8, 16],
    [0.9, 9.6],
    [0.95, 6.4],
    [0.99, 6],
    [1, 0],
  ])('at %d of its charge it takes %d A', (charge, amps) => {
    expect(appetiteAmps(car, charging(16, charge))).toBeCloseTo(amps, 9);
  });
});

test.each([
  ['nothing changes before it has reacted', 16, 10, REACTION_MS, 16],
  ['then it falls steeply', 16, 10, REACTION_MS + 200, 16 - 0.2 * DOWN_AMPS_PER_SECOND],
  ['and arrives', 16, 10, REACTION_MS + 400, 10],
  ['a limit below its minimum stops it', 16, 5.9, REACTION_MS + 1_000, 0],
  ['at its minimum it charges', 0, 6, REACTION_MS + 2_000, 6],
  ['below its minimum it does not begin', 0, 5.9, 60_000, 0],
  ['it rises gently', 6, 16, REACTION_MS + 1_000, 11],
  ['and takes no more than it can', 6, 32, 60_000, 16],
  ['zero is zero', 16, 0, REACTION_MS + 1_000, 0],
])('%s: from %d A under %d A after %d ms it draws %d A', (_what, from, limit, forMs, amps) => {
  expect(after(charging(from), limit, forMs).amps).toBeCloseTo(amps, 6);
});

test('the battery takes what flows, and never more than it holds', () => {
  const hour = after(charging(10), 10, 3_600_000, 1_000);
  expect(hour.storedWh - charging(10).storedWh).toBeCloseTo(3 * 10 * 230, 3);
  const full = after(charging(16, 0.999), 16, 3_600_000, 1_000);
  expect([full.storedWh, full.amps]).toEqual([car.batteryWh, 0]);
});

/** Longest way down: from its maximum to nothing. */
const fallMs = (car.maxAmps / DOWN_AMPS_PER_SECOND) * 1_000;

test('whatever happened before, once it has reacted and ramped it draws no more than the limit, and never more than it can', () => {
  const change = fc.record({
    limit: fc.double({ min: 0, max: 40, noNaN: true }),
    steps: fc.integer({ min: 1, max: 80 }),
  });
  fc.assert(
    fc.property(
      fc.array(change, { minLength: 1, maxLength: 20 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.constantFrom(50, 100, 500),
      (changes, charge, stepMs) => {
        let state = charging(0, charge);
        for (const { limit, steps } of changes) {
          let forMs = 0;
          for (let step = 0; step < steps; step++) {
            state = stepCar(car, state, limit, 230, stepMs);
            forMs += stepMs;
            expect(state.amps).toBeLessThanOrEqual(car.maxAmps + 1e-9);
            expect(state.amps === 0 || state.amps >= car.minAmps - 1e-9).toBe(true);
            if (forMs >= REACTION_MS + fallMs + stepMs) expect(state.amps).toBeLessThanOrEqual(limit + 1e-9);
          }
        }
      },
    ),
  );
});
