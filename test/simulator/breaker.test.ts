// Protective devices by the points of their standards: what they must hold, by when they must have tripped, and what past load does to that.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type BreakerState,
  COLD,
  type Device,
  GG_GATES,
  stepBreaker,
  tripCurves,
  tripWindow,
  usualDevice,
} from '../../src/simulator/breaker.ts';

const HOUR = 3_600_000;

/** What is told of a device after `ratio` times its rating for `ms`, in steps of `stepMs`. */
function carry(device: Device, ratio: number, ms: number, { from = COLD, stepMs = 1_000 } = {}): BreakerState {
  const curves = tripCurves(device);
  let state = from;
  for (let at = 0; at < ms; at += stepMs) {
    state = stepBreaker(curves, state, ratio * device.ratedAmps, Math.min(stepMs, ms - at));
  }
  return state;
}

const breakers = (['breaker-b', 'breaker-c', 'breaker-d'] as const).flatMap((kind) =>
  [6, 16, 32, 40, 63, 80, 125].map((ratedAmps): Device => ({ kind, ratedAmps })),
);
const conventionalMs = (ratedAmps: number) => (ratedAmps <= 63 ? HOUR : 2 * HOUR);

describe('IEC 60898-1 Table 7', () => {
  test.each(breakers)('a: $kind $ratedAmps A carries 1.13 ratings for the conventional time', (device) => {
    const after = carry(device, 1.13, conventionalMs(device.ratedAmps));
    expect([after.couldTrip, after.mustTrip]).toEqual([false, false]);
    expect(carry(device, 1.14, conventionalMs(device.ratedAmps)).couldTrip).toBe(true);
  });

  test.each(breakers)(
    'b: $kind $ratedAmps A trips at 1.45 ratings within the conventional time right after',
    (device) => {
      const soaked = carry(device, 1.13, conventionalMs(device.ratedAmps));
      expect(carry(device, 1.45, conventionalMs(device.ratedAmps), { from: soaked }).mustTrip).toBe(true);
      expect(carry(device, 1.44, 10 * HOUR, { from: soaked, stepMs: 10_000 }).mustTrip).toBe(false);
    },
  );

  test.each(breakers)(
    'c: $kind $ratedAmps A trips at 2.55 ratings from cold after 1 s, and within 60 s or 120 s',
    (device) => {
      const latestMs = device.ratedAmps <= 32 ? 60_000 : 120_000;
      expect(carry(device, 2.55, 999, { stepMs: 100 }).couldTrip).toBe(false);
      expect(carry(device, 2.55, latestMs - 1_000).mustTrip).toBe(false);
      expect(carry(device, 2.55, latestMs + 1).mustTrip).toBe(true);
      if (device.kind !== 'breaker-d') expect(carry(device, 2.55, 1_001, { stepMs: 1_001 }).couldTrip).toBe(true);
    },
  );

  test.each([
    ['breaker-b', 32, 3, 45_000],
    ['breaker-b', 63, 3, 90_000],
    ['breaker-c', 32, 5, 15_000],
    ['breaker-c', 63, 5, 30_000],
    ['breaker-d', 32, 10, 4_000],
    ['breaker-d', 63, 10, 8_000],
  ] as const)('d: %s %d A at %d ratings trips after 0.1 s, and within %d ms', (kind, ratedAmps, ratio, latestMs) => {
    const { earliestMs, latestMs: must } = tripWindow(tripCurves({ kind, ratedAmps }), ratio * ratedAmps);
    expect(earliestMs).toBeGreaterThanOrEqual(100 - 1e-6);
    expect(must).toBeLessThanOrEqual(latestMs);
  });

  test.each([
    ['breaker-b', 5],
    ['breaker-c', 10],
    ['breaker-d', 20],
  ] as const)('e: %s trips at once at %d ratings', (kind, ratio) => {
    expect(carry({ kind, ratedAmps: 16 }, ratio, 100, { stepMs: 100 }).mustTrip).toBe(true);
  });
});

describe('IEC 60269-1', () => {
  const fuses = GG_GATES.map(([ratedAmps, ...gates]) => ({ kind: 'fuse-gg' as const, ratedAmps, gates }));
  const hours = (rated: number) => (rated <= 63 ? 1 : rated <= 160 ? 2 : rated <= 400 ? 3 : 4);

  test.each(fuses)(
    'Table 2: a gG fuse of $ratedAmps A holds 1.25 ratings and melts at 1.6 within the conventional time',
    (device) => {
      const ms = hours(device.ratedAmps) * HOUR;
      const held = carry(device, 1.25, ms);
      expect([held.couldTrip, held.mustTrip]).toEqual([false, false]);
      expect(carry(device, 1.6, ms).mustTrip).toBe(true);
      expect(carry(device, 1.59, ms).mustTrip).toBe(false);
    },
  );

  test.each(fuses)('Table 3: a gG fuse of $ratedAmps A passes its four gates', ({ ratedAmps, kind, gates }) => {
    const window = (amps: number) => tripWindow(tripCurves({ kind, ratedAmps }), amps);
    const [holds10s, melts5s, holds100ms, melts100ms] = gates;
    expect(window(holds10s).earliestMs).toBeCloseTo(10_000, 3);
    expect(window(melts5s).latestMs).toBeCloseTo(5_000, 3);
    expect(window(holds100ms).earliestMs).toBeCloseTo(100, 3);
    expect(window(melts100ms).latestMs).toBeCloseTo(100, 3);
  });

  test.each([
    [16, 33, 65, 85, 150],
    [63, 160, 320, 450, 820],
    [100, 290, 580, 820, 1_450],
    [160, 460, 950, 1_450, 2_590],
    [630, 2_200, 5_100, 8_060, 14_140],
  ])('the gates of %d A are those of the standard', (...row) => {
    expect(GG_GATES).toContainEqual(row);
  });

  test('the gates rise with the rating, and fuses 1.6 apart are selective by them', () => {
    for (const gate of [0, 1, 2, 3, 4] as const) {
      const column = GG_GATES.map((row) => row[gate]);
      expect(column).toEqual([...column].sort((a, b) => a - b));
    }
    for (const [rated, , , , melts] of GG_GATES.filter(([rated]) => rated >= 50 && rated <= 800)) {
      const larger = GG_GATES.find(([other]) => other >= 1.55 * rated)!;
      expect(larger[3]).toBeGreaterThanOrEqual(melts);
    }
  });

  test.each([
    [10, 1.5, 1.9],
    [4, 1.5, 2.1],
  ])('below 16 A the conventional currents lie further apart: %d A', (ratedAmps, holds, melts) => {
    const device: Device = { kind: 'fuse-gg', ratedAmps };
    expect(carry(device, holds, HOUR).couldTrip).toBe(false);
    expect(carry(device, melts, HOUR).mustTrip).toBe(true);
  });

  test('a rating between two of the table is as sensitive as the more sensitive, and no more sure than the less', () => {
    const window = (ratedAmps: number, ratio: number) =>
      tripWindow(tripCurves({ kind: 'fuse-gg', ratedAmps }), ratio * ratedAmps);
    for (const ratio of [1.4, 2, 4, 10]) {
      const [below, between, above] = [32, 35, 40].map((rated) => window(rated, ratio)) as [Window, Window, Window];
      expect(between.earliestMs).toBeLessThanOrEqual(Math.min(below.earliestMs, above.earliestMs) + 1e-6);
      expect(between.latestMs).toBeGreaterThanOrEqual(Math.max(below.latestMs, above.latestMs) - 1e-6);
    }
  });
});

type Window = ReturnType<typeof tripWindow>;

test('what flowed before shortens the time, and rest gives it back', () => {
  const curves = tripCurves({ kind: 'breaker-c', ratedAmps: 63 });
  const cold = tripWindow(curves, 1.4 * 63).earliestMs;
  const loaded = tripWindow(curves, 1.4 * 63, 63).earliestMs;
  expect(loaded).toBeLessThan(cold / 2);
  const device: Device = { kind: 'breaker-c', ratedAmps: 63 };
  const rested = carry(device, 0, 600_000, { from: carry(device, 1, HOUR) });
  expect(carry(device, 1.4, cold - 50, { from: rested, stepMs: 10 }).couldTrip).toBe(false);
});

test("a maker's own curve makes a breaker slower, never faster", () => {
  const standard = tripCurves({ kind: 'breaker-c', ratedAmps: 63 });
  const own = tripCurves({ kind: 'breaker-c', ratedAmps: 63, holds: [{ ratio: 2, forMs: 10_000 }] });
  const weaker = tripCurves({ kind: 'breaker-c', ratedAmps: 63, holds: [{ ratio: 2.55, forMs: 10 }] });
  expect(tripWindow(own, 126).earliestMs).toBeCloseTo(10_000, 3);
  expect(weaker).toEqual(standard);
});

test.each([
  [16, 'branch', 'breaker-c'],
  [63, 'branch', 'breaker-c'],
  [80, 'branch', 'fuse-gg'],
  [250, 'branch', 'fuse-gg'],
  [35, 'connection', 'fuse-gg'],
  [160, 'connection', 'fuse-gg'],
] as const)('%d A of a %s are usually protected by a %s', (ratedAmps, place, kind) => {
  expect(usualDevice(ratedAmps, place === 'connection')).toEqual({ kind, ratedAmps });
});

const anyDevice = fc.oneof(
  fc.constantFrom(...breakers),
  fc.integer({ min: 2, max: 1_600 }).map((ratedAmps): Device => ({ kind: 'fuse-gg', ratedAmps })),
);
const anyLoad = fc.array(
  fc.record({ ratio: fc.double({ min: 0, max: 12, noNaN: true }), ms: fc.integer({ min: 10, max: 600_000 }) }),
  {
    minLength: 1,
    maxLength: 20,
  },
);

test('whatever flows, no device must have tripped before it could have, and more current only heats', () => {
  fc.assert(
    fc.property(anyDevice, anyLoad, (device, load) => {
      const curves = tripCurves(device);
      let [state, more, tripped] = [COLD, COLD, false];
      for (const { ratio, ms } of load) {
        state = stepBreaker(curves, state, ratio * device.ratedAmps, ms);
        more = stepBreaker(curves, more, (ratio + 0.1) * device.ratedAmps, ms);
        tripped ||= state.couldTrip;
        if (state.mustTrip) expect(tripped).toBe(true);
        if (state.couldTrip) expect(more.couldTrip).toBe(true);
        if (state.mustTrip) expect(more.mustTrip).toBe(true);
      }
    }),
  );
});

test('a long step says what many short ones say', () => {
  fc.assert(
    fc.property(
      anyDevice,
      fc.double({ min: 0, max: 5, noNaN: true }),
      fc.integer({ min: 2, max: 50 }),
      (device, ratio, parts) => {
        const long = carry(device, ratio, parts * 100, { stepMs: parts * 100 });
        const short = carry(device, ratio, parts * 100, { stepMs: 100 });
        expect(short.earliestSlow).toBeCloseTo(long.earliestSlow, 9);
        expect(short.latestFast).toBeCloseTo(long.latestFast, 9);
      },
    ),
  );
});
