// How stacked charging profiles become one limit: conformance cases, leases and floors, and the two readings of watts.
import { describe, expect, test } from 'vitest';
import type {
  ChargingProfile,
  ChargingProfilePurpose,
  InstalledProfile,
} from '../../../src/core/model/charging-profile.ts';
import { LOOK_AHEAD_MS, limitAt, MAX_WINDOW_MS, resolveComposite } from '../../../src/core/schedule/composite.ts';

const t0 = Date.UTC(2026, 2, 2, 6);

/** `steps`: limit at second. */
function profile(
  purpose: ChargingProfilePurpose,
  steps: readonly (readonly [limit: number, at: number])[],
  part: Partial<ChargingProfile> & {
    readonly durationSeconds?: number;
    readonly unit?: 'A' | 'W';
    numberPhases?: number;
  } = {},
): ChargingProfile {
  const { durationSeconds, unit = 'A', numberPhases, ...rest } = part;
  return {
    id: 1,
    stackLevel: 0,
    purpose,
    kind: 'Absolute',
    schedule: {
      unit,
      startSchedule: t0,
      ...(durationSeconds === undefined ? {} : { durationSeconds }),
      periods: steps.map(([limit, startPeriodSeconds]) => ({
        limit,
        startPeriodSeconds,
        ...(numberPhases === undefined ? {} : { numberPhases }),
      })),
    },
    ...rest,
  };
}

const on = (evse: number, ...profiles: readonly ChargingProfile[]): InstalledProfile[] =>
  profiles.map((one) => ({ evse, profile: one }));

function steps(profiles: readonly InstalledProfile[], seconds: number, offset = 0, scope = 1) {
  const from = t0 + offset * 1_000;
  const { periods } = resolveComposite({
    profiles,
    scope,
    evses: [1],
    from,
    to: from + seconds * 1_000,
    unit: 'A',
    transactions: [{ evse: 1, id: '7', startedAt: t0 }],
    defaultLimit: 32,
    nominalVolts: 230,
  });
  return periods.map(({ limit, startPeriodSeconds }) => [limit, startPeriodSeconds]);
}

const now = (profiles: readonly InstalledProfile[], atSeconds: number, more: object = {}) =>
  limitAt({
    profiles,
    evse: 1,
    at: t0 + atSeconds * 1_000,
    transaction: { id: '7', startedAt: t0 },
    nominalVolts: 230,
    phases: 3,
    ...more,
  });

describe('the reported composite schedule', () => {
  test.each([0, 7])('TC_K_40: stack levels, asked %d s after the start', (x) => {
    const stack = on(
      1,
      profile(
        'TxDefaultProfile',
        [
          [6, 0],
          [8, 100],
          [10, 200],
        ],
        { durationSeconds: 400 },
      ),
      profile(
        'TxDefaultProfile',
        [
          [7, 0],
          [9, 100],
        ],
        { stackLevel: 1, durationSeconds: 150 },
      ),
    );
    expect(steps(stack, 350, x)).toEqual([
      [7, 0],
      [9, 100 - x],
      [8, 150 - x],
      [10, 200 - x],
    ]);
  });

  test.each([0, 7])(
    'TC_K_41: purposes combined, the default takes over when the TxProfile ends, asked %d s after',
    (x) => {
      const stack = [
        ...on(0, profile('ChargingStationMaxProfile', [[10, 0]])),
        ...on(
          1,
          profile(
            'TxDefaultProfile',
            [
              [6, 0],
              [10, 60],
              [8, 120],
              [15, 180],
              [8, 260],
            ],
            { durationSeconds: 300 },
          ),
          profile(
            'TxProfile',
            [
              [8, 0],
              [11, 50],
              [16, 140],
              [6, 200],
              [12, 240],
            ],
            { durationSeconds: 260 },
          ),
        ),
      ];
      const expected = [
        [8, 0],
        [10, 50 - x],
        [6, 200 - x],
        [10, 240 - x],
        [8, 260 - x],
        [10, 300 - x],
      ];
      expect(steps(stack, 400, x)).toEqual(expected);
    },
  );

  test('a change within a second is reported as the lower limit of that second', () => {
    const lease = profile('TxDefaultProfile', [
      [6, 0],
      [16, 10],
      [8, 20],
    ]);
    const half = { ...lease, schedule: { ...lease.schedule, startSchedule: t0 + 500 } };
    expect(steps(on(1, half), 60)).toEqual([[32, 0].with(0, 6), [16, 11], [8, 20]]);
  });

  test('limits are truncated to one decimal, never rounded up', () => {
    expect(steps(on(1, profile('TxDefaultProfile', [[4_200, 0]], { unit: 'W' })), 10)).toEqual([[6, 0]]);
  });

  test('a window longer than a month is cut, and the answer says so', () => {
    const ask = {
      profiles: on(
        1,
        profile(
          'TxDefaultProfile',
          [
            [6, 0],
            [8, 60],
          ],
          { kind: 'Recurring', recurrency: 'Daily' },
        ),
      ),
    };
    const to = t0 + 2_147_483_647_000;
    const composite = resolveComposite({
      ...ask,
      scope: 0,
      evses: [1, 2],
      from: t0,
      to,
      unit: 'A',
      defaultLimit: 32,
      nominalVolts: 230,
    });
    expect(composite.to).toBe(t0 + MAX_WINDOW_MS);
    expect(composite.periods.length).toBe(2 + 2 * 30);
  });

  test('an empty window has no periods, and a station without EVSEs takes nothing', () => {
    expect(steps([], 0)).toEqual([]);
    const none = { profiles: [], scope: 0, evses: [], from: t0, to: t0 + 1_000, defaultLimit: 32, nominalVolts: 230 };
    expect(resolveComposite({ ...none, unit: 'A' }).periods).toEqual([{ startPeriodSeconds: 0, limit: 0 }]);
  });
});

describe('the limit now', () => {
  const floor = profile('TxDefaultProfile', [[6, 0]], { id: 1 });
  const lease = profile('TxDefaultProfile', [[20, 0]], { id: 2, stackLevel: 1, durationSeconds: 60 });

  test('the lease rules until it ends, then the floor remains', () => {
    expect(now(on(1, floor, lease), 59.999)).toEqual({ limitAmps: 20, profileId: 2, until: t0 + 60_000 });
    expect(now(on(1, floor, lease), 60)).toEqual({ limitAmps: 6, profileId: 1 });
  });

  test('a lease alone leaves nothing behind: unlimited', () => {
    expect(now(on(1, lease), 60)).toEqual({ unlimited: true });
    expect(now(on(1, lease), -10)).toEqual({ unlimited: true, until: t0 });
  });

  test('a TxProfile is for its own transaction alone, and needs one', () => {
    const mine = on(1, floor, profile('TxProfile', [[16, 0]], { id: 3, transactionId: '7' }));
    expect(now(mine, 1)).toMatchObject({ limitAmps: 16 });
    expect(now(mine, 1, { transaction: { id: '8' } })).toMatchObject({ limitAmps: 6 });
    expect(now(mine, 1, { transaction: undefined })).toMatchObject({ limitAmps: 6 });
  });

  test('a default on the EVSE stands before the default of the station, whatever their levels', () => {
    const stack = [...on(0, profile('TxDefaultProfile', [[10, 0]], { stackLevel: 5 })), ...on(1, floor)];
    expect(now(stack, 1)).toMatchObject({ limitAmps: 6 });
    expect(now(stack, 1, { evse: 2 })).toMatchObject({ limitAmps: 10 });
  });

  test('the station maximum bounds each EVSE, and evse 0 asks for it alone', () => {
    const stack = [...on(0, profile('ChargingStationMaxProfile', [[8, 0]], { id: 9 })), ...on(1, lease)];
    expect(now(stack, 1)).toEqual({ limitAmps: 8, profileId: 9 });
    expect(now(stack, 1, { evse: 0 })).toEqual({ limitAmps: 8, profileId: 9 });
    expect(now(on(0, floor), 1, { evse: 0 })).toEqual({ unlimited: true });
  });

  test('zero means zero', () => {
    expect(now(on(1, profile('TxDefaultProfile', [[0, 0]])), 1)).toEqual({ limitAmps: 0, profileId: 1 });
  });

  test.each([
    // numberPhases of the profile, phases in use, amperes for 4,140 W
    [3, 3, 6],
    [undefined, 3, 6],
    [undefined, 1, 6],
    [1, 1, 18],
    [1, 3, 6],
    [2, 1, 9],
  ])('watts for %s phases on %d in use are spread over the larger', (numberPhases, phases, amps) => {
    const watts = profile('TxDefaultProfile', [[4_140, 0]], { unit: 'W', ...(numberPhases ? { numberPhases } : {}) });
    expect(now(on(1, watts), 1, { phases })).toMatchObject({ limitAmps: amps });
  });

  test('beside a maximum on one phase 2,070 W are reported as 9 A, and protect as 3 A', () => {
    const stack = [
      ...on(0, profile('ChargingStationMaxProfile', [[16, 0]], { numberPhases: 1 })),
      ...on(1, profile('TxDefaultProfile', [[2_070, 0]], { unit: 'W' })),
    ];
    expect(steps(stack, 10)).toEqual([[9, 0]]);
    expect(now(stack, 1)).toMatchObject({ limitAmps: 3 });
  });

  test('the look-ahead ends: a change beyond it is not promised', () => {
    const late = profile('TxDefaultProfile', [
      [6, 0],
      [7, LOOK_AHEAD_MS / 1_000],
    ]);
    expect(now(on(1, late), 0)).toEqual({ limitAmps: 6, profileId: 1 });
    expect(now(on(1, late), 1)).toMatchObject({ until: t0 + LOOK_AHEAD_MS });
  });
});
