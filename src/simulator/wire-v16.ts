// OCPP 1.6-J as the simulated station speaks it: its own small reading of the wire, so that it is an independent peer.

import type { ChargingProfile, ChargingProfilePurpose } from '../core/model/charging-profile.ts';
import type { Payload, Sample, StationWire, Told } from './station-wire.ts';

const purposes: Readonly<Record<string, ChargingProfilePurpose>> = {
  ChargePointMaxProfile: 'ChargingStationMaxProfile',
  TxDefaultProfile: 'TxDefaultProfile',
  TxProfile: 'TxProfile',
};

export const purposeOf = (text: unknown): ChargingProfilePurpose | undefined => purposes[String(text)];

/** csChargingProfiles of SetChargingProfile.req, or undefined when it makes no sense to this charger. */
function readProfile(wire: Payload | undefined): ChargingProfile | undefined {
  const schedule = wire?.chargingSchedule as Payload | undefined;
  const periods = schedule?.chargingSchedulePeriod as readonly Payload[] | undefined;
  const purpose = purposeOf(wire?.chargingProfilePurpose);
  if (!wire || !schedule || !Array.isArray(periods) || periods.length === 0 || !purpose) return undefined;
  const time = (value: unknown) => (typeof value === 'string' ? Date.parse(value) : undefined);
  const optional = <K extends string, V>(key: K, value: V | undefined) =>
    value === undefined ? {} : ({ [key]: value } as { [P in K]: V });
  return {
    id: Number(wire.chargingProfileId),
    stackLevel: Number(wire.stackLevel),
    purpose,
    kind: wire.chargingProfileKind as ChargingProfile['kind'],
    ...optional('recurrency', wire.recurrencyKind as 'Daily' | 'Weekly' | undefined),
    ...optional('validFrom', time(wire.validFrom)),
    ...optional('validTo', time(wire.validTo)),
    ...optional('transactionId', wire.transactionId === undefined ? undefined : String(wire.transactionId)),
    schedule: {
      unit: schedule.chargingRateUnit as 'A' | 'W',
      ...optional('startSchedule', time(schedule.startSchedule)),
      ...optional('durationSeconds', schedule.duration as number | undefined),
      periods: periods.map((period) => ({
        startPeriodSeconds: Number(period.startPeriod),
        limit: Number(period.limit),
        ...optional('numberPhases', period.numberPhases as number | undefined),
      })),
    },
  };
}

/** One meterValue with the sampled values that a sound charger sends. `amps` per wired phase. */
function meterValue({ timestamp, energyWh }: Told, { amps, offeredAmps, volts }: Sample): Payload {
  const value = (text: string, measurand: string, unit: string, phase?: string) => ({
    value: text,
    context: 'Sample.Periodic',
    measurand,
    unit,
    ...(phase === undefined ? {} : { phase }),
  });
  const watts = amps.reduce((sum, one) => sum + one * volts, 0);
  return {
    timestamp,
    sampledValue: [
      ...amps.map((one, at) => value(one.toFixed(2), 'Current.Import', 'A', `L${at + 1}`)),
      value(offeredAmps.toFixed(1), 'Current.Offered', 'A'),
      value(watts.toFixed(0), 'Power.Active.Import', 'W'),
      value(energyWh.toFixed(0), 'Energy.Active.Import.Register', 'Wh'),
    ],
  };
}

function mainsValue(timestamp: string, amps: readonly number[], volts: number): Payload {
  const value = (measurand: string, unit: string, text: string, phase?: string) => ({
    value: text,
    context: 'Sample.Clock',
    location: 'Inlet',
    measurand,
    unit,
    ...(phase === undefined ? {} : { phase }),
  });
  return {
    timestamp,
    sampledValue: [
      ...amps.map((one, at) => value('Current.Import', 'A', Math.max(0, one).toFixed(2), `L${at + 1}`)),
      ...amps.map((one, at) => value('Current.Export', 'A', Math.max(0, -one).toFixed(2), `L${at + 1}`)),
      value('Power.Active.Import', 'W', amps.reduce((sum, one) => sum + one * volts, 0).toFixed(0)),
    ],
  };
}

export const wireV16: StationWire = {
  version: '1.6',
  subprotocol: 'ocpp1.6',
  boot: { chargePointVendor: 'Busbar', chargePointModel: 'Simulated station', firmwareVersion: '1.0' },
  authorize: (idTag) => ({ idTag }),
  isWelcome: ({ idTagInfo }) => (idTagInfo as Payload | undefined)?.status === 'Accepted',
  status: (connectorId, status) => ({ connectorId, errorCode: 'NoError', status }),
  begun: ({ evse, transaction, timestamp }) => {
    const { idTag, meterStartWh } = transaction;
    const payload = { connectorId: evse, idTag, meterStart: meterStartWh, timestamp };
    return { action: 'StartTransaction', payload: () => payload, isSample: false };
  },
  mains: (timestamp, amps, volts) => ({ connectorId: 0, meterValue: [mainsValue(timestamp, amps, volts)] }),
  begunAnswered: (transaction, { transactionId }) => {
    transaction.id = String(Number(transactionId));
  },
  sampled: (told, sample) => {
    const { evse, transaction } = told;
    const value = meterValue(told, sample);
    return {
      action: 'MeterValues',
      payload: () => ({
        connectorId: evse,
        meterValue: [value],
        ...(transaction.id === undefined ? {} : { transactionId: Number(transaction.id) }),
      }),
      isSample: true,
    };
  },
  ended: ({ transaction, timestamp, energyWh }, reason) => {
    const rest = { idTag: transaction.idTag, meterStop: Math.round(energyWh), timestamp, reason };
    return {
      action: 'StopTransaction',
      payload: () => ({ ...rest, transactionId: transaction.id === undefined ? -1 : Number(transaction.id) }),
      isSample: false,
    };
  },
  changed: () => undefined,
  readInstall: ({ connectorId, csChargingProfiles }) => {
    const profile = readProfile(csChargingProfiles as Payload | undefined);
    return { evse: Number(connectorId), ...(profile ? { profile } : {}) };
  },
};
