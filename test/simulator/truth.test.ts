// What rules at a charger by its own quick reading, against core's composite schedule, and what may come to rule when time goes by.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ChargingProfile, ChargingSchedule } from '../../src/core/model/charging-profile.ts';
import { limitAt } from '../../src/core/schedule/composite.ts';
import { type Asking, ProfileMemory } from '../../src/simulator/profile-memory.ts';
import { runs } from '../support/property-runs.ts';
import { CAR, ZooBench } from '../support/zoo-bench.ts';

const T0 = Date.UTC(2026, 2, 2, 6);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const schedule: fc.Arbitrary<ChargingSchedule> = fc
  .record({
    unit: fc.constantFrom('A', 'A', 'W'),
    startHours: fc.option(fc.integer({ min: -60, max: 60 }), { nil: undefined }),
    durationHours: fc.option(fc.integer({ min: 0, max: 40 }), { nil: undefined }),
    limits: fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 3 }),
    everyHours: fc.integer({ min: 1, max: 20 }),
  })
  .map(({ unit, startHours, durationHours, limits, everyHours }) => ({
    unit: unit as 'A' | 'W',
    ...(startHours === undefined ? {} : { startSchedule: T0 + startHours * HOUR_MS }),
    ...(durationHours === undefined ? {} : { durationSeconds: durationHours * 3_600 }),
    periods: limits.map((limit, at) => ({
      startPeriodSeconds: at * everyHours * 3_600,
      limit: unit === 'A' ? limit : limit * 690,
    })),
  }));

const profile: fc.Arbitrary<ChargingProfile> = fc
  .record({
    id: fc.integer({ min: 1, max: 1_000 }),
    stackLevel: fc.integer({ min: 0, max: 3 }),
    purpose: fc.constantFrom('TxDefaultProfile', 'TxProfile', 'ChargingStationMaxProfile'),
    kind: fc.constantFrom('Absolute', 'Absolute', 'Relative', 'Recurring'),
    recurrency: fc.constantFrom('Daily', 'Weekly'),
    fromHours: fc.option(fc.integer({ min: -50, max: 50 }), { nil: undefined }),
    toHours: fc.option(fc.integer({ min: -50, max: 90 }), { nil: undefined }),
    schedule,
  })
  .map(({ fromHours, toHours, kind, recurrency, ...rest }) => ({
    ...rest,
    kind,
    ...(kind === 'Recurring' ? { recurrency } : {}),
    ...(fromHours === undefined ? {} : { validFrom: T0 + fromHours * HOUR_MS }),
    ...(toHours === undefined ? {} : { validTo: T0 + toHours * HOUR_MS }),
  })) as fc.Arbitrary<ChargingProfile>;

const installed = fc.array(fc.record({ evse: fc.constantFrom(0, 1, 1, 1), profile }), { maxLength: 6 });
const startedAt = fc.option(
  fc.integer({ min: -100, max: 0 }).map((quarters) => T0 + quarters * (HOUR_MS / 4)),
  { nil: undefined },
);
const at = fc.integer({ min: 0, max: 400 }).map((quarters) => T0 + quarters * (HOUR_MS / 4));

function filled(profiles: readonly { readonly evse: number; readonly profile: ChargingProfile }[]): ProfileMemory {
  const memory = new ProfileMemory();
  for (const { evse, profile: one } of profiles) memory.install(evse, one);
  return memory;
}

function reference(memory: ProfileMemory, { evse, startedAt: since }: Asking, now: number): number {
  const transaction = since === undefined ? {} : { transaction: { startedAt: since } };
  const limit = limitAt({ profiles: memory.all(), evse, at: now, nominalVolts: 230, phases: 3, ...transaction });
  return 'unlimited' in limit ? Number.POSITIVE_INFINITY : limit.limitAmps;
}

const asking = (since: number | undefined): Asking => ({ evse: 1, startedAt: since, wattsPerAmp: 690 });

describe('against core’s own reading', () => {
  test('the same limit rules, and goes on ruling until the next edge', () => {
    fc.assert(
      fc.property(
        installed,
        startedAt,
        at,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (profiles, since, now, part) => {
          const memory = filled(profiles);
          const { limitAmps, until } = memory.rulingAt(asking(since), now);
          expect(limitAmps).toBeCloseTo(reference(memory, asking(since), now), 9);
          expect(until).toBeGreaterThan(now);
          const later = now + Math.floor((Math.min(until, now + DAY_MS) - now - 1) * part);
          expect(reference(memory, asking(since), later)).toBeCloseTo(limitAmps, 9);
        },
      ),
      runs(3_000),
    );
  });

  test('nothing that rules later is above the highest, and the highest comes to rule', () => {
    fc.assert(
      fc.property(installed, startedAt, at, (profiles, since, now) => {
        const memory = filled(profiles);
        const highest = memory.highestAmps(asking(since), now);
        const later = instantsAfter(now);
        const limits = later.map((instant) => reference(memory, asking(since), instant));
        expect(Math.max(...limits)).toBeCloseTo(highest, 9);
      }),
      runs(60),
    );
  });
});

/** Every edge of the profiles above lies on a full quarter of an hour, and nothing changes after five days but what recurs each week. */
function instantsAfter(now: number): number[] {
  const instants: number[] = [];
  for (let instant = now; instant <= now + 13 * DAY_MS; instant += HOUR_MS / 4) instants.push(instant);
  return instants;
}

describe('at a charger', () => {
  test('a lease that ends onto a higher floor: the floor may come to rule, and then does', async () => {
    const bench = await new ZooBench().charging();
    await bench.limit(16, { level: 0 });
    await bench.limit(8, { forSeconds: 60 });
    expect(bench.truth).toMatchObject({ limitAmps: 8, mightAmps: 16, floorAmps: 16 });
    await bench.run(61_000);
    expect(bench.truth).toMatchObject({ limitAmps: 16, mightAmps: 16, floorAmps: 16 });
  });

  test('a lease without a floor may end in the hardware’s maximum', async () => {
    const bench = await new ZooBench().charging();
    await bench.limit(8, { forSeconds: 60 });
    expect(bench.truth).toMatchObject({ limitAmps: 8, mightAmps: 32 });
    expect('floorAmps' in bench.truth).toBe(false);
  });

  test('a lease above its floor counts until it has ended', async () => {
    const bench = await new ZooBench().charging();
    await bench.limit(6, { level: 0 });
    await bench.limit(20, { forSeconds: 60 });
    expect(bench.truth).toMatchObject({ limitAmps: 20, mightAmps: 20, floorAmps: 6 });
    await bench.run(61_000);
    expect(bench.truth).toMatchObject({ limitAmps: 6, mightAmps: 6, floorAmps: 6 });
  });

  test('what has an end, or lies on another level, is no floor', async () => {
    const bench = await new ZooBench().booted();
    await bench.limit(6, { level: 0, forSeconds: 600 });
    await bench.limit(7, { level: 1 });
    expect('floorAmps' in bench.truth).toBe(false);
    await bench.limit(6, { level: 0, connectorId: 0 });
    expect(bench.truth.floorAmps).toBe(6);
  });

  test('a floor in watts is read with the phases that are used', async () => {
    const bench = await new ZooBench({ profile: { unit: 'W' } }).charging({ ...CAR, phases: 1 });
    await bench.limit(2_300, { unit: 'W', level: 0 });
    expect(bench.truth).toMatchObject({ limitAmps: 10, floorAmps: 10 });
    bench.station.unplug('A/1');
    await bench.plugIn();
    expect(bench.truth.limitAmps).toBeCloseTo(10 / 3, 9);
    expect(bench.truth.floorAmps).toBeCloseTo(10 / 3, 9);
  });

  test('a car of other phases makes other amperes of the same watts, also before it may charge', async () => {
    const bench = await new ZooBench({ profile: { unit: 'W' } }).booted();
    bench.answers.Authorize = () => ({ idTagInfo: { status: 'Blocked' } });
    await bench.limit(2_300, { unit: 'W' });
    await bench.plugIn({ ...CAR, phases: 1 });
    expect(bench.truth.limitAmps).toBe(10);
    bench.station.unplug('A/1');
    await bench.plugIn();
    expect(bench.truth.limitAmps).toBeCloseTo(10 / 3, 9);
  });

  test('an end that its own clock has jumped over is felt at once, and one that it is put back before rules again', async () => {
    const bench = await new ZooBench().charging();
    await bench.limit(6, { level: 0 });
    await bench.limit(20, { forSeconds: 60 });
    bench.station.stepClock(120_000);
    expect(bench.truth.limitAmps).toBe(6);
    bench.station.stepClock(-120_000);
    expect(bench.truth.limitAmps).toBe(20);
  });
});
