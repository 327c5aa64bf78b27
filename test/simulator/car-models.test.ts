// The catalogue of cars: plausible, within IEC 61851-1, and never of more phases than an EVSE has.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PHASES } from '../../src/core/model/units.ts';
import { DOWN_AMPS_PER_SECOND, MAX_RESPONSE_MS, REACTION_MS } from '../../src/simulator/car.ts';
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
