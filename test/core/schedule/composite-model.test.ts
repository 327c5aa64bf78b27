// Every resolved schedule against a model that walks second by second and knows no timelines.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ChargingProfile, InstalledProfile } from '../../../src/core/model/charging-profile.ts';
import { limitAt, resolveComposite } from '../../../src/core/schedule/composite.ts';
import { runs } from '../../support/property-runs.ts';

const t0 = Date.UTC(2026, 2, 2, 6);
const WINDOW_SECONDS = 240;
const DAY_SECONDS = 86_400;
const second = (n: number) => t0 + n * 1_000;

const periods = fc.uniqueArray(fc.integer({ min: 1, max: 200 }), { maxLength: 4 }).chain((starts) =>
  fc.tuple(
    ...[0, ...starts.sort((a, b) => a - b)].map((startPeriodSeconds) =>
      fc.record(
        {
          startPeriodSeconds: fc.constant(startPeriodSeconds),
          limit: fc.integer({ min: 0, max: 40 }),
          numberPhases: fc.integer({ min: 1, max: 3 }),
        },
        { requiredKeys: ['startPeriodSeconds', 'limit'] },
      ),
    ),
  ),
);
const installed: fc.Arbitrary<InstalledProfile> = fc
  .record({
    evse: fc.integer({ min: 0, max: 2 }),
    purpose: fc.constantFrom(
      'ChargingStationExternalConstraints' as const,
      'ChargingStationMaxProfile' as const,
      'TxDefaultProfile' as const,
      'TxProfile' as const,
    ),
    kind: fc.constantFrom('Absolute' as const, 'Recurring' as const, 'Relative' as const),
    stackLevel: fc.integer({ min: 0, max: 3 }),
    unit: fc.constantFrom('A' as const, 'W' as const),
    start: fc.option(fc.integer({ min: -300, max: 200 }), { nil: undefined }),
    duration: fc.option(fc.integer({ min: 0, max: 300 }), { nil: undefined }),
    dayShift: fc.integer({ min: -2, max: 2 }),
    validFrom: fc.option(fc.integer({ min: -50, max: 200 }), { nil: undefined }),
    validTo: fc.option(fc.integer({ min: 0, max: 300 }), { nil: undefined }),
    transactionId: fc.option(fc.constantFrom('7', '8'), { nil: undefined }),
    periods,
  })
  .map((one) => {
    const shift = one.kind === 'Recurring' ? one.dayShift * DAY_SECONDS : 0;
    const profile: ChargingProfile = {
      id: 1,
      stackLevel: one.stackLevel,
      purpose: one.purpose,
      kind: one.kind,
      ...(one.kind === 'Recurring' ? { recurrency: 'Daily' as const } : {}),
      ...(one.validFrom === undefined ? {} : { validFrom: second(one.validFrom) }),
      ...(one.validTo === undefined ? {} : { validTo: second(one.validTo) }),
      ...(one.transactionId === undefined ? {} : { transactionId: one.transactionId }),
      schedule: {
        unit: one.unit,
        ...(one.start === undefined || one.kind === 'Relative' ? {} : { startSchedule: second(one.start + shift) }),
        ...(one.duration === undefined ? {} : { durationSeconds: one.duration }),
        periods: one.periods.map((period) => ({ ...period, limit: period.limit * (one.unit === 'W' ? 690 : 1) })),
      },
    };
    return { evse: one.evse, profile };
  });
const transaction = fc.option(fc.record({ startedSeconds: fc.integer({ min: -100, max: 0 }) }), { nil: undefined });

type Asked = { unit: 'A' | 'W'; limit: number; numberPhases?: number };

/** What one profile asks for in one second, straight from the words of the specification. */
function asks({ profile }: InstalledProfile, at: number, anchor: number): Asked | undefined {
  if (profile.validFrom !== undefined && at < profile.validFrom) return undefined;
  if (profile.validTo !== undefined && at >= profile.validTo) return undefined;
  const start = profile.schedule.startSchedule ?? anchor;
  let into = (at - start) / 1_000;
  if (profile.kind === 'Recurring') into = ((into % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS;
  if (into < 0 || into >= (profile.schedule.durationSeconds ?? Number.POSITIVE_INFINITY)) return undefined;
  const period = profile.schedule.periods.filter(({ startPeriodSeconds }) => startPeriodSeconds <= into).at(-1)!;
  return { unit: profile.schedule.unit, ...period };
}

function model(
  profiles: readonly InstalledProfile[],
  evse: number,
  at: number,
  started: number | undefined,
  from: number,
): { asked: Asked[]; hasOwn: boolean } {
  const best = (purpose: string, on: number) => {
    let chosen: Asked | undefined;
    let level = -1;
    for (const one of profiles) {
      if (one.evse !== on || one.profile.purpose !== purpose || one.profile.stackLevel < level) continue;
      const id = one.profile.transactionId;
      if (purpose === 'TxProfile' && (started === undefined || (id !== undefined && id !== '7'))) continue;
      const isStationBound = on === 0 && !purpose.startsWith('Tx');
      const asked = asks(one, at, isStationBound ? from : (started ?? from));
      if (asked) {
        chosen = asked;
        level = one.profile.stackLevel;
      }
    }
    return chosen;
  };
  const own = best('TxProfile', evse) ?? best('TxDefaultProfile', evse) ?? best('TxDefaultProfile', 0);
  const bounds = ['ChargingStationExternalConstraints', 'ChargingStationMaxProfile'].flatMap((purpose) => [
    best(purpose, evse),
    best(purpose, 0),
  ]);
  return { asked: [own, ...bounds].filter((one) => one !== undefined), hasOwn: own !== undefined };
}

test('a resolved schedule says in every second what the second-by-second model says', () => {
  fc.assert(
    fc.property(
      fc.array(installed, { maxLength: 7 }),
      transaction,
      fc.constantFrom('A' as const, 'W' as const),
      (profiles, tx, unit) => {
        const started = tx && second(tx.startedSeconds);
        const defaultLimit = unit === 'A' ? 32 : 32 * 690;
        const { periods } = resolveComposite({
          profiles,
          scope: 1,
          evses: [1, 2],
          from: t0,
          to: second(WINDOW_SECONDS),
          unit,
          ...(started === undefined ? {} : { transactions: [{ evse: 1, id: '7', startedAt: started }] }),
          defaultLimit,
          nominalVolts: 230,
        });
        for (let n = 0; n < WINDOW_SECONDS; n++) {
          const { asked, hasOwn } = model(profiles, 1, second(n), started, t0);
          const named = asked.flatMap((one) => one.numberPhases ?? []);
          const volts = 230 * (named.length ? Math.min(...named) : 3);
          const limits = asked.map((one) =>
            one.unit === unit ? one.limit : unit === 'W' ? one.limit * volts : one.limit / volts,
          );
          const limit = Math.min(...limits, ...(hasOwn ? [] : [defaultLimit]));
          const said = periods.filter(({ startPeriodSeconds }) => startPeriodSeconds <= n).at(-1)!;
          expect(said.limit, `second ${n}`).toBeCloseTo(Math.floor(limit * 10 + 1e-6) / 10, 6);
          expect(said.numberPhases).toBe(named.length ? Math.min(...named) : undefined);
        }
      },
    ),
    runs(300),
  );
});

/** A station's bound that starts nowhere counts from whenever it is asked: no promise about its end can hold. */
const hasStart = ({ evse, profile }: InstalledProfile) =>
  evse !== 0 || profile.purpose.startsWith('Tx') || profile.schedule.startSchedule !== undefined;

test('the limit now holds until it says, and is never above what any profile that applies allows', () => {
  fc.assert(
    fc.property(
      fc.array(installed.filter(hasStart), { maxLength: 7 }),
      fc.integer({ min: -100, max: 0 }),
      fc.integer({ min: 1, max: 3 }),
      (profiles, startedSeconds, phases) => {
        const started = second(startedSeconds);
        for (let n = 0, until = 0, held = ''; n < WINDOW_SECONDS; n++) {
          const now = limitAt({
            profiles,
            evse: 1,
            at: second(n),
            transaction: { id: '7', startedAt: started },
            nominalVolts: 230,
            phases,
          });
          const amps = model(profiles, 1, second(n), started, second(n)).asked.map((one) =>
            one.unit === 'A' ? one.limit : one.limit / 230 / Math.max(one.numberPhases ?? 3, phases),
          );
          if ('unlimited' in now) expect(amps).toEqual([]);
          else expect(now.limitAmps).toBeCloseTo(Math.min(...amps), 9);
          const said = 'unlimited' in now ? 'unlimited' : now.limitAmps.toFixed(6);
          if (n > 0 && second(n) < until) expect(said).toBe(held);
          else if (n > 0) expect(said).not.toBe(held);
          until = now.until ?? Number.POSITIVE_INFINITY;
          held = said;
        }
      },
    ),
    runs(200),
  );
});
