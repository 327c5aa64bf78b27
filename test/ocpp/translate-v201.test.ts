// OCPP 2.0.1's wire and core's words: profiles as they are written, samples as they are read, statuses of several connectors.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ChargingProfile } from '../../src/core/model/charging-profile.ts';
import type { ConnectorStatus, EvseState } from '../../src/core/model/snapshot.ts';
import { stationKeyOf, transactionIdOf } from '../../src/ocpp/transactions.ts';
import { readMeterValues } from '../../src/ocpp/v201/meter-values.ts';
import { MAX_TRANSACTION_ID_CHARACTERS, writeSetChargingProfile } from '../../src/ocpp/v201/profile.ts';
import { loadV201Schemas } from '../../src/ocpp/v201/schemas.ts';
import { chargingStateFrom, connectorStatusFrom, evseStatusFrom } from '../../src/ocpp/v201/translate.ts';
import { evse } from '../support/site-builder.ts';

const schemas = await loadV201Schemas();

test('128 schemas of OCPP 2.0.1, and all of them compile', () => {
  expect(schemas.names).toHaveLength(128);
  for (const name of schemas.names) {
    const [, action, message] = /^(.*)(Request|Response)$/.exec(name)!;
    for (const direction of ['inbound', 'outbound'] as const)
      expect(() => schemas.check(direction, action!, message as 'Request' | 'Response', {})).not.toThrow();
  }
});

describe('a profile on the wire', () => {
  const profile: ChargingProfile = {
    id: 9_011,
    stackLevel: 0,
    purpose: 'TxProfile',
    kind: 'Absolute',
    transactionId: 'tx-1',
    schedule: {
      unit: 'A',
      startSchedule: Date.UTC(2026, 2, 2, 6),
      durationSeconds: 120.9,
      periods: [{ startPeriodSeconds: 0, limit: 13.37, numberPhases: 3 }],
    },
  };

  test('all its fields, moved by the clock skew in whole seconds', () => {
    expect(writeSetChargingProfile(2, profile, 90_400)).toEqual({
      evseId: 2,
      chargingProfile: {
        id: 9_011,
        stackLevel: 0,
        chargingProfilePurpose: 'TxProfile',
        chargingProfileKind: 'Absolute',
        transactionId: 'tx-1',
        chargingSchedule: [
          {
            id: 1,
            startSchedule: '2026-03-02T06:01:30Z',
            duration: 120,
            chargingRateUnit: 'A',
            chargingSchedulePeriod: [{ startPeriod: 0, limit: 13.3, numberPhases: 3 }],
          },
        ],
      },
    });
  });

  test.each<[string, Partial<ChargingProfile>, RegExp]>([
    ['a TxProfile of no transaction', { transactionId: '' }, /names its transaction/],
    ['constraints that are not ours to set', { purpose: 'ChargingStationExternalConstraints' }, /never installs/],
    ['an id that is too long', { transactionId: 'x'.repeat(MAX_TRANSACTION_ID_CHARACTERS + 1) }, /36 characters/],
  ])('%s is not written', (_story, part, words) => {
    expect(() => writeSetChargingProfile(1, { ...profile, ...part })).toThrow(words);
  });

  test('whatever we write follows the schema, and no limit is rounded up', () => {
    const time = fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2040, 0) });
    const optional = <K extends string, V>(key: K, value: fc.Arbitrary<V>) =>
      fc.option(
        value.map((one) => ({ [key]: one })),
        { nil: {} },
      );
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 500, noNaN: true }),
        fc.integer({ min: 0, max: 50_000 }),
        time,
        fc.integer({ min: -5_000_000, max: 5_000_000 }),
        fc.string({ minLength: 1, maxLength: MAX_TRANSACTION_ID_CHARACTERS }),
        optional('durationSeconds', fc.double({ min: 1, max: 1e6, noNaN: true })),
        optional('validTo', time),
        (limit, evseNumber, startSchedule, skewMs, transactionId, duration, validTo) => {
          const schedule = {
            ...profile.schedule,
            startSchedule,
            ...duration,
            periods: [{ startPeriodSeconds: 0, limit }],
          };
          const payload = writeSetChargingProfile(
            evseNumber,
            { ...profile, transactionId, ...validTo, schedule },
            skewMs,
          );
          expect(schemas.check('outbound', 'SetChargingProfile', 'Request', payload)).toBeUndefined();
          const [written] = (
            payload.chargingProfile as { chargingSchedule: { chargingSchedulePeriod: { limit: number }[] }[] }
          ).chargingSchedule[0]!.chargingSchedulePeriod;
          expect(written!.limit).toBeLessThanOrEqual(limit + 1e-9);
          expect(written!.limit).toBeGreaterThan(limit - 0.1 - 1e-9);
        },
      ),
    );
  });
});

describe('samples', () => {
  const three = evse({ station: 'A' });
  const at = '2026-03-02T06:00:00Z';
  const read = (sampledValue: object[], own = three) => readMeterValues([{ timestamp: at, sampledValue }], own, 230);
  const amps = (value: number, phase: string, more: object = {}) => ({
    value,
    measurand: 'Current.Import',
    phase,
    ...more,
  });
  const unit = (name?: string, multiplier?: number) => ({
    unitOfMeasure: {
      ...(name === undefined ? {} : { unit: name }),
      ...(multiplier === undefined ? {} : { multiplier }),
    },
  });

  test.each<[string, object[], readonly number[] | undefined]>([
    ['amperes per phase', [amps(16, 'L1'), amps(15, 'L2'), amps(14, 'L3')], [16, 15, 14]],
    ['the same to neutral', [amps(16, 'L1-N'), amps(15, 'L2-N'), amps(14, 'L3-N')], [16, 15, 14]],
    ['milliamperes', ['L1', 'L2', 'L3'].map((phase) => amps(16_200, phase, unit('A', -3))), [16.2, 16.2, 16.2]],
    ['kilowatts in all', [{ value: 6.9, measurand: 'Power.Active.Import', ...unit('kW') }], [10, 10, 10]],
    ['watts times a thousand', [{ value: 6.9, measurand: 'Power.Active.Import', ...unit('W', 3) }], [10, 10, 10]],
    ['watts without a unit', [{ value: 6_900, measurand: 'Power.Active.Import' }], [10, 10, 10]],
    ['no phase: on each', [{ value: 9, measurand: 'Current.Import' }], [9, 9, 9]],
    ["the car's own values", [amps(16, 'L1', { location: 'EV' })], undefined],
    ["the building's", [{ value: 80, measurand: 'Current.Import', location: 'Body' }], undefined],
    ['an absurd multiplier', [{ value: 9, measurand: 'Current.Import', ...unit('A', 400) }], undefined],
    ['energy alone', [{ value: 9 }], undefined],
  ])('%s', (_story, sampledValue, expected) => {
    expect(read(sampledValue).drawnAmps).toEqual(expected);
  });

  test('the register in watt-hours, the offer, the stamp; a signed value counts by its number', () => {
    const signed = { signedMeterData: 'x', signingMethod: '', encodingMethod: 'OCMF', publicKey: '' };
    const sampledValue = [
      { value: 12.5, measurand: 'Energy.Active.Import.Register', signedMeterValue: signed, ...unit('kWh') },
      { value: 11, measurand: 'Current.Offered' },
    ];
    expect(read(sampledValue)).toEqual({ timestamp: at, energyWh: 12_500, offeredAmps: 11 });
    expect(read([{ value: 3 }]).energyWh).toBe(3);
  });
});

describe('statuses', () => {
  const shown = (part: Partial<EvseState> = {}): EvseState => ({ evse: 'A/1', connectorStatus: 'Unknown', ...part });
  const running = { transaction: { id: 'tx', startedAt: 0 }, chargingState: 'SuspendedEV' } as const;
  test.each<[string, ConnectorStatus[], EvseState, object]>([
    ['free', ['Available'], shown(), { connectorStatus: 'Available' }],
    [
      'one of two in use',
      ['Available', 'Occupied'],
      shown(),
      { connectorStatus: 'Occupied', chargingState: 'EVConnected' },
    ],
    ['one of two broken', ['Faulted', 'Available'], shown(), { connectorStatus: 'Available' }],
    ['both out of service', ['Faulted', 'Unavailable'], shown(), { connectorStatus: 'Faulted' }],
    [
      'in a transaction, which tells the state',
      ['Occupied'],
      shown(running),
      { connectorStatus: 'Occupied', chargingState: 'SuspendedEV' },
    ],
    [
      'broken in a transaction',
      ['Faulted'],
      shown(running),
      { connectorStatus: 'Faulted', chargingState: 'SuspendedEV' },
    ],
    [
      'a car that was charging in a transaction that is over',
      ['Occupied'],
      shown({ chargingState: 'Charging' }),
      { connectorStatus: 'Occupied', chargingState: 'EVConnected' },
    ],
    [
      'a cable alone',
      ['Occupied'],
      shown({ chargingState: 'Idle' }),
      { connectorStatus: 'Occupied', chargingState: 'Idle' },
    ],
    ['nothing is known', [], shown(), { connectorStatus: 'Unknown' }],
  ])('%s', (_story, connectors, before, expected) => {
    expect(evseStatusFrom(connectors, before)).toEqual(expected);
  });

  test('words that nobody knows are unknown', () => {
    expect([connectorStatusFrom('Preparing'), connectorStatusFrom('Reserved')]).toEqual(['Unknown', 'Reserved']);
    expect([chargingStateFrom('Dancing'), chargingStateFrom('Charging')]).toEqual([undefined, 'Charging']);
  });
});

test('a transaction is called by the id of its station, or by ours where that is 1.6', () => {
  const record = {
    localId: 7,
    station: 'A',
    connector: 1,
    startedAtWall: 0,
    meterStartWh: 0,
    idTokenHash: '',
    state: 'open',
  } as const;
  expect(transactionIdOf({ ...record, startKey: stationKeyOf('tx-1') })).toBe('tx-1');
  expect(transactionIdOf({ ...record, startKey: stationKeyOf('tx-1', '2026-03-02T06:00:00Z') })).toBe('tx-1');
  expect(transactionIdOf({ ...record, startKey: 'a'.repeat(64) })).toBe('7');
});
