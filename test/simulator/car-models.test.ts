// The catalogue of cars: plausible, within IEC 61851-1, and never of more phases than an EVSE has.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PHASES } from '../../src/core/model/units.ts';
import { type CarState, DOWN_AMPS_PER_SECOND, MAX_RESPONSE_MS, REACTION_MS, stepCar } from '../../src/simulator/car.ts';
import { AC_CAR_MODELS, drawCar } from '../../src/simulator/car-models.ts';
import { seededStreams } from '../../src/simulator/seeded-random.ts';
import { evse } from '../support/site-builder.ts';

describe.each(AC_CAR_MODELS)('$id', (model) => {
  test('has followed any limit down within the 5 s of IEC 61851-1', () => {
    const rampMs = (model.maxAmps / DOWN_AMPS_PER_SECOND) * 1_000;
    expect((model.reactionMs ?? REACTION_MS) + rampMs).toBeLessThanOrEqual(MAX_RESPONSE_MS);
  });

  test('its currents are in order', () => {
    expect(model.minAmps).toBeGreaterThanOrEqual(6);
    expect(model.maxAmps).toBeGreaterThan(model.minAmps);
    if (model.wakesAtAmps !== undefined) {
      expect(model.wakesAtAmps).toBeGreaterThan(model.minAmps);
      expect(model.wakesAtAmps).toBeLessThanOrEqual(model.maxAmps);
    }
  });
});

test('any model, whatever it was told before, has followed a limit within 5 s, and draws nothing or its minimum at least', () => {
  const change = fc.record({
    limitAmps: fc.double({ min: 0, max: 40, noNaN: true }),
    forMs: fc.integer({ min: 100, max: 8_000 }),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(...AC_CAR_MODELS),
      fc.array(change, { minLength: 1, maxLength: 20 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.constantFrom(100, 250, 1_000),
      (model, changes, charge, stepMs) => {
        let state: CarState = { storedWh: charge * model.batteryWh, amps: 0, waitedMs: 0 };
        for (const { limitAmps, forMs } of changes)
          for (let sinceMs = stepMs; sinceMs <= forMs; sinceMs += stepMs) {
            state = stepCar(model, state, limitAmps, 230, stepMs);
            expect(state.amps).toBeLessThanOrEqual(model.maxAmps);
            expect(state.amps === 0 || state.amps >= model.minAmps).toBe(true);
            if (sinceMs >= MAX_RESPONSE_MS) expect(state.amps).toBeLessThanOrEqual(limitAmps);
          }
      },
    ),
  );
});

test('the catalogue has cars of one, two and three phases, of minima of 6, 8 and 10 A, and sleepers', () => {
  expect(new Set(AC_CAR_MODELS.map((model) => model.phases))).toEqual(new Set([1, 2, 3]));
  expect(new Set(AC_CAR_MODELS.map((model) => model.minAmps))).toEqual(new Set([6, 8, 10]));
  expect(AC_CAR_MODELS.filter((model) => model.wakesAtAmps !== undefined).length).toBeGreaterThan(0);
  expect(new Set(AC_CAR_MODELS.map((model) => model.id)).size).toBe(AC_CAR_MODELS.length);
});

test('a car never has more phases than are wired, and on DC takes what the charger gives', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 3 }), fc.boolean(), (seed, wired, isDc) => {
      const place = evse({
        station: 'A',
        phases: PHASES.slice(0, wired),
        supply: isDc ? 'dc' : 'ac',
        minAmps: 9,
        maxAmps: 80,
      });
      const car = drawCar(place, seededStreams(seed).stream('car'));
      expect(car.phases).toBeLessThanOrEqual(wired);
      if (isDc) expect([car.minAmps, car.maxAmps]).toEqual([9, 80]);
      expect(Object.keys(car)).not.toContain('share');
    }),
  );
});
