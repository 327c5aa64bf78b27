// OCPP 1.6 words into core's and back, as tables: status, amperes, profiles, stamps, clocks.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ChargingProfile } from '../../src/core/model/charging-profile.ts';
import { ClockSkew } from '../../src/ocpp/clock-skew.ts';
import { readSetChargingProfile, writeSetChargingProfile } from '../../src/ocpp/rpc/profile-v16.ts';
import { believableTime, parseTimestamp, writeTimestamp } from '../../src/ocpp/rpc/timestamp.ts';
import { readMeterValues } from '../../src/ocpp/v16/meter-values.ts';
import { evseStatusFrom } from '../../src/ocpp/v16/translate.ts';
import { evse } from '../support/site-builder.ts';

const wallNow = Date.UTC(2026, 2, 2, 6);

test.each([
  ['Available', 'Available', undefined],
  ['Preparing', 'Occupied', 'EVConnected'],
  ['Charging', 'Occupied', 'Charging'],
  ['SuspendedEV', 'Occupied', 'SuspendedEV'],
  ['SuspendedEVSE', 'Occupied', 'SuspendedEVSE'],
  ['Finishing', 'Occupied', 'Idle'],
  ['Reserved', 'Reserved', undefined],
  ['Unavailable', 'Unavailable', undefined],
  ['Faulted', 'Faulted', undefined],
  ['charging', 'Unknown', undefined],
  ['constructor', 'Unknown', undefined],
])('status %s is %s, %s', (status, connectorStatus, chargingState) => {
  expect(evseStatusFrom(status)).toEqual({
    connectorStatus,
    ...(chargingState === undefined ? {} : { chargingState }),
  });
});

describe('amperes drawn', () => {
  const three = evse({ station: 'A' });
  const one = evse({ station: 'A', phases: ['L2'] });
  const dc = evse({ station: 'A', supply: 'dc' });
  const amps = (value: string, phase?: string, unit?: string) => ({
    measurand: 'Current.Import',
    value,
    ...(phase ? { phase } : {}),
    ...(unit ? { unit } : {}),
  });
  const power = (value: string, unit?: string, phase?: string) => ({
    measurand: 'Power.Active.Import',
    value,
    ...(unit ? { unit } : {}),
    ...(phase ? { phase } : {}),
  });
  const volts = (value: string, phase?: string) => ({ measurand: 'Voltage', value, ...(phase ? { phase } : {}) });
  const read = (sampledValue: object[], at = three) =>
    readMeterValues([{ timestamp: 't', sampledValue }], at, 230).drawnAmps;

  test.each<[string, object[], typeof three, readonly number[] | undefined]>([
    ['per phase', [amps('10', 'L1'), amps('11', 'L2'), amps('12', 'L3')], three, [10, 11, 12]],
    [
      'per phase against neutral, in any order',
      [amps('12', 'L3-N'), amps('10', 'L1-N'), amps('11', 'L2-N'), amps('1', 'N')],
      three,
      [10, 11, 12],
    ],
    ['without a phase: on every wired one', [amps('16')], three, [16, 16, 16]],
    ["the EVSE's own L1, whatever grid phase is behind it", [amps('16', 'L1')], one, [16]],
    ['one phase of three and nothing to check by: not known', [amps('16', 'L1')], three, undefined],
    ['one phase of three and its power: the others idle', [amps('16', 'L1'), power('3.68', 'kW')], three, [16, 0, 0]],
    ['one phase of three and the power of three: by power', [amps('16', 'L1'), power('11040')], three, [16, 16, 16]],
    ['power alone in kW', [power('6.9', 'kW')], three, [10, 10, 10]],
    ['power alone without a unit is W', [power('2300')], one, [10]],
    [
      'power per phase by its own voltage',
      [power('2200', 'W', 'L1'), power('2300', 'W', 'L2'), power('0', 'W', 'L3'), volts('220', 'L1-N')],
      three,
      [10, 10, 0],
    ],
    ['a voltage that is none is not used', [power('2300'), volts('0')], one, [10]],
    ["the direct current of a battery is not the grid's", [amps('200')], dc, undefined],
    ['a DC station by its power', [amps('200'), power('69', 'kW')], dc, [100, 100, 100]],
    ['noise below zero is zero', [amps('-0.2')], one, [0]],
    ['a current out of the grid is not believed', [amps('-16')], one, undefined],
    ['an absurd one neither', [amps('16000')], one, undefined],
    ...['', 'NaN', 'Infinity', '0x10', '12abc', '1,5', '1e999'].map(
      (value): [string, object[], typeof three, undefined] => [
        `"${value}" is no number`,
        [amps(value)],
        one,
        undefined,
      ],
    ),
    ['signed data is not read', [{ ...amps('16'), format: 'SignedData' }], one, undefined],
    ['energy alone tells no current', [{ value: '1000' }], one, undefined],
  ])('%s', (_name, values, at, expected) => {
    expect(read(values, at)).toEqual(expected);
  });

  test('energy in Wh and kWh, default measurand and unit; offered current and power', () => {
    const of = (sampledValue: object[]) => readMeterValues([{ timestamp: 't', sampledValue }], three, 230);
    expect(of([{ value: '1500' }]).energyWh).toBe(1_500);
    expect(of([{ value: '1.5', unit: 'kWh', measurand: 'Energy.Active.Import.Register' }]).energyWh).toBe(1_500);
    expect(of([{ value: '16', measurand: 'Current.Offered' }]).offeredAmps).toBe(16);
    expect(of([{ value: '6900', measurand: 'Power.Offered' }]).offeredAmps).toBe(10);
  });

  test('of several meter values the last one with a current rules', () => {
    const values = ['5', '7'].map((value) => ({ timestamp: value, sampledValue: [amps(value)] }));
    expect(readMeterValues([...values, { timestamp: '9', sampledValue: [{ value: '1' }] }], one, 230)).toMatchObject({
      drawnAmps: [7],
      timestamp: '9',
    });
  });
});

describe('charging profiles', () => {
  const lease: ChargingProfile = {
    id: 7,
    stackLevel: 1,
    purpose: 'TxProfile',
    kind: 'Absolute',
    transactionId: '12',
    validTo: wallNow + 60_000,
    schedule: {
      unit: 'A',
      startSchedule: wallNow - 60_000,
      durationSeconds: 180,
      periods: [{ startPeriodSeconds: 0, limit: 13.37, numberPhases: 3 }],
    },
  };

  test("on the wire: truncated to 0.1, times by the station's clock, ids as integers", () => {
    expect(writeSetChargingProfile(2, lease, 3_600_000 + 400)).toEqual({
      connectorId: 2,
      csChargingProfiles: {
        chargingProfileId: 7,
        transactionId: 12,
        stackLevel: 1,
        chargingProfilePurpose: 'TxProfile',
        chargingProfileKind: 'Absolute',
        validTo: '2026-03-02T07:01:00Z',
        chargingSchedule: {
          duration: 180,
          startSchedule: '2026-03-02T06:59:00Z',
          chargingRateUnit: 'A',
          chargingSchedulePeriod: [{ startPeriod: 0, limit: 13.3, numberPhases: 3 }],
        },
      },
    });
    expect(
      writeSetChargingProfile(0, { ...lease, purpose: 'ChargingStationMaxProfile' }).csChargingProfiles,
    ).toMatchObject({ chargingProfilePurpose: 'ChargePointMaxProfile' });
    expect(() => writeSetChargingProfile(0, { ...lease, purpose: 'ChargingStationExternalConstraints' })).toThrow(
      'no purpose',
    );
    expect(() => writeSetChargingProfile(0, { ...lease, transactionId: 'uuid' })).toThrow('integers');
  });

  test('a limit on the wire is never above the one meant, and never a whole step below', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 500, noNaN: true }), (limit) => {
        const wire = writeSetChargingProfile(1, {
          ...lease,
          schedule: { unit: 'A', periods: [{ startPeriodSeconds: 0, limit }] },
        });
        const [{ limit: written }] = (
          wire as { csChargingProfiles: { chargingSchedule: { chargingSchedulePeriod: [{ limit: number }] } } }
        ).csChargingProfiles.chargingSchedule.chargingSchedulePeriod;
        expect(written).toBeLessThanOrEqual(limit + 1e-6);
        expect(written).toBeGreaterThan(limit - 0.1);
      }),
    );
  });

  test('written and read again they are the same', () => {
    const { connectorId, csChargingProfiles } = writeSetChargingProfile(2, {
      ...lease,
      schedule: { ...lease.schedule, periods: [{ startPeriodSeconds: 0, limit: 13.3 }] },
    });
    expect(readSetChargingProfile({ connectorId, csChargingProfiles })).toEqual({
      ok: true,
      connector: 2,
      profile: { ...lease, schedule: { ...lease.schedule, periods: [{ startPeriodSeconds: 0, limit: 13.3 }] } },
    });
  });

  const wire = () =>
    structuredClone(writeSetChargingProfile(2, lease)) as {
      connectorId: unknown;
      csChargingProfiles: Record<string, unknown> & { chargingSchedule: Record<string, unknown> };
    };
  test.each<[string, (w: ReturnType<typeof wire>) => void, string]>([
    [
      'connectorId',
      (w) => {
        w.connectorId = '2';
      },
      'TypeConstraintViolation',
    ],
    [
      'connectorId',
      (w) => {
        w.connectorId = -1;
      },
      'PropertyConstraintViolation',
    ],
    [
      'purpose',
      (w) => {
        w.csChargingProfiles.chargingProfilePurpose = 'ChargingStationMaxProfile';
      },
      'PropertyConstraintViolation',
    ],
    [
      'kind',
      (w) => {
        delete w.csChargingProfiles.chargingProfileKind;
      },
      'OccurenceConstraintViolation',
    ],
    [
      'recurrency',
      (w) => {
        w.csChargingProfiles.chargingProfileKind = 'Recurring';
      },
      'OccurenceConstraintViolation',
    ],
    [
      'validTo',
      (w) => {
        w.csChargingProfiles.validTo = '2026-02-30T00:00:00Z';
      },
      'PropertyConstraintViolation',
    ],
    [
      'unit',
      (w) => {
        w.csChargingProfiles.chargingSchedule.chargingRateUnit = 'kW';
      },
      'PropertyConstraintViolation',
    ],
    [
      'no periods',
      (w) => {
        w.csChargingProfiles.chargingSchedule.chargingSchedulePeriod = [];
      },
      'OccurenceConstraintViolation',
    ],
    [
      'first period',
      (w) => {
        w.csChargingProfiles.chargingSchedule.chargingSchedulePeriod = [{ startPeriod: 1, limit: 6 }];
      },
      'PropertyConstraintViolation',
    ],
    [
      'order',
      (w) => {
        w.csChargingProfiles.chargingSchedule.chargingSchedulePeriod = [
          { startPeriod: 0, limit: 6 },
          { startPeriod: 0, limit: 7 },
        ];
      },
      'PropertyConstraintViolation',
    ],
    [
      'negative limit',
      (w) => {
        w.csChargingProfiles.chargingSchedule.chargingSchedulePeriod = [{ startPeriod: 0, limit: -6 }];
      },
      'PropertyConstraintViolation',
    ],
    [
      'text as limit',
      (w) => {
        w.csChargingProfiles.chargingSchedule.chargingSchedulePeriod = [{ startPeriod: 0, limit: '6' }];
      },
      'TypeConstraintViolation',
    ],
    [
      'limit missing',
      (w) => {
        w.csChargingProfiles.chargingSchedule.chargingSchedulePeriod = [{ startPeriod: 0 }];
      },
      'OccurenceConstraintViolation',
    ],
    [
      'phases',
      (w) => {
        w.csChargingProfiles.chargingSchedule.chargingSchedulePeriod = [{ startPeriod: 0, limit: 6, numberPhases: 4 }];
      },
      'PropertyConstraintViolation',
    ],
  ])("upstream's broken %s is refused", (_name, break_, code) => {
    const broken = wire();
    break_(broken);
    expect(readSetChargingProfile(broken)).toMatchObject({ ok: false, code });
  });
});

describe('stamps', () => {
  test.each([
    ['2026-03-02T06:00:00Z', 0],
    ['2026-03-02T07:00:00.250+01:00', 250],
    ['2026-03-02T06:00:00', 0],
    ['2026-03-02T06:00:00.1234567Z', 123],
    ['2026-02-30T06:00:00Z', undefined],
    ['2026-03-02T24:00:00Z', undefined],
    ['222222017-01-01T00:00:00Z', undefined],
    ['1', undefined],
    ['', undefined],
    [1_772_431_200_000, undefined],
  ])('%s', (text, ms) => {
    expect(parseTimestamp(text)).toBe(ms === undefined ? undefined : wallNow + ms);
  });

  test('are believed from 30 days back to 5 minutes ahead, otherwise the time of receipt stands', () => {
    const day = 24 * 3_600_000;
    expect(believableTime(writeTimestamp(wallNow - 30 * day), wallNow)).toBe(wallNow - 30 * day);
    expect(believableTime(writeTimestamp(wallNow - 30 * day - 1_000), wallNow)).toBe(wallNow);
    expect(believableTime(writeTimestamp(wallNow + 300_000), wallNow)).toBe(wallNow + 300_000);
    expect(believableTime(writeTimestamp(wallNow + 301_000), wallNow)).toBe(wallNow);
  });
});

describe("a station's clock", () => {
  test('is not called slow for messages that queue behind one another on a slow line', () => {
    const skew = new ClockSkew();
    // Each is under way for 2.1 s longer than the one before.
    for (let count = 0; count < 30; count++)
      skew.observe(writeTimestamp(wallNow + count * 10_000), wallNow + count * 12_100);
    expect(skew.measured?.stampsMinusOursMs).toBe(0);
  });

  test('is slow when its stamps keep their distance, whatever the line does meanwhile', () => {
    const skew = new ClockSkew();
    for (const [count, delayMs] of [0, 900, 1_800].entries()) {
      const saidAt = wallNow + count * 12_000;
      skew.observe(writeTimestamp(saidAt - 60_000), saidAt + delayMs);
    }
    expect(skew.measured?.stampsMinusOursMs).toBe(-60_000);
  });

  test('is an hour off when its stamps keep that distance while time goes on', () => {
    const skew = new ClockSkew();
    for (const [second, delay] of [
      [0, 400],
      [10, 100],
      [20, 900],
    ] as const) {
      expect(skew.measured).toBeUndefined();
      const receivedAt = wallNow + second * 1_000;
      skew.observe(writeTimestamp(receivedAt + 3_600_000 - delay), receivedAt);
    }
    expect(skew.measured).toEqual({ stampsMinusOursMs: 3_600_000 - 100, isZoned: true });
    expect(skew.ageMs(writeTimestamp(wallNow + 3_600_000 - 100), wallNow + 5_000)).toBe(5_000);
  });

  test('is not called slow for the messages of an offline queue, nor for old stamps said at once', () => {
    const skew = new ClockSkew();
    for (let minute = 0; minute < 60; minute++)
      skew.observe(writeTimestamp(wallNow - 3_600_000 + minute * 60_000), wallNow + minute * 10_000);
    expect(skew.measured).toBeUndefined();
    for (let i = 0; i < 5; i++) skew.observe(writeTimestamp(wallNow - 3_600_000), wallNow + 600_000 + i);
    expect(skew.measured).toBeUndefined();
  });
});
