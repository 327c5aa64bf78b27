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

function later(state: CarState, limitAmps: number, forMs: number, stepMs = 100): CarState {
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
  expect(later(charging(from), limit, forMs).amps).toBeCloseTo(amps, 6);
});

test('the battery takes what flows, and never more than it holds', () => {
  const hour = later(charging(10), 10, 3_600_000, 1_000);
  expect(hour.storedWh - charging(10).storedWh).toBeCloseTo(3 * 10 * 230, 3);
  const full = later(charging(16, 0.999), 16, 3_600_000, 1_000);
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

describe('a change of the limit', () => {
  test('while it rises, it goes on rising until it has noticed the lower limit', () => {
    const rising = later(later(charging(6), 16, REACTION_MS + 400), 6, REACTION_MS);
    expect(rising.amps).toBeCloseTo(16, 6);
    expect(later(rising, 6, 500).amps).toBeCloseTo(6, 6);
  });

  test('that is taken back before it was noticed changes nothing', () => {
    const dipped = later(later(charging(16), 6, REACTION_MS - 100), 16, 60_000);
    expect(dipped.amps).toBe(16);
    expect(later(dipped, 6, REACTION_MS).amps).toBe(16);
  });

  test.each([50, 100, 500, 1_000, 2_500])('is followed alike in steps of %d ms', (stepMs) => {
    expect(later(charging(16), 6, 5_000, stepMs).amps).toBe(6);
    expect(later(charging(6), 11, 5_000, stepMs).amps).toBe(11);
  });
});

describe('a car that sleeps after a pause', () => {
  const sleeper: Car = { ...car, wakesAtAmps: 10 };
  const run = (state: CarState, limitAmps: number, forMs = 30_000) => {
    let now = state;
    for (let ms = 0; ms < forMs; ms += 500) now = stepCar(sleeper, now, limitAmps, 230, 500);
    return now;
  };

  test('does not begin again at its minimum, only at what wakes it; awake, its minimum keeps it going', () => {
    const paused = run(charging(16), 0);
    expect([paused.amps, paused.isAsleep]).toEqual([0, true]);
    const offered = run(paused, 9.9);
    expect([offered.amps, offered.isAsleep]).toEqual([0, true]);
    const woken = run(offered, 10);
    expect([woken.amps, woken.isAsleep]).toEqual([10, false]);
    expect(run(woken, 6).amps).toBe(6);
  });

  test('begins at its minimum when it has just come, however long nothing was offered', () => {
    expect(run(run(charging(0), 0), 6).amps).toBe(6);
  });

  test('is not asleep because it is full', () => {
    const full = run(charging(16, 0.9999), 16, 600_000);
    expect([full.amps, full.isAsleep]).toEqual([0, false]);
  });
});

test('a car that needs 10 A stops at 9.9 A and takes 10 A', () => {
  const needy: Car = { ...car, minAmps: 10 };
  let state = charging(16);
  for (let ms = 0; ms < 10_000; ms += 500) state = stepCar(needy, state, 9.9, 230, 500);
  expect(state.amps).toBe(0);
  for (let ms = 0; ms < 10_000; ms += 500) state = stepCar(needy, state, 10, 230, 500);
  expect(state.amps).toBe(10);
});

test('where nothing flows and nothing is new, a step is the state it was given', () => {
  const idle = later(charging(0), 0, 5_000);
  expect(stepCar(car, idle, 0, 230, 1_000)).toBe(idle);
});
