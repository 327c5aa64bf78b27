// OCPP 1.6-J as the simulated station speaks it: its own small reading of the wire, so that it is an independent peer.

import type { ChargingProfile, ChargingProfilePurpose } from '../core/model/charging-profile.ts';

export type Payload = Record<string, unknown>;

const purposes: Readonly<Record<string, ChargingProfilePurpose>> = {
  ChargePointMaxProfile: 'ChargingStationMaxProfile',
  TxDefaultProfile: 'TxDefaultProfile',
  TxProfile: 'TxProfile',
};

export const purposeOf = (text: unknown): ChargingProfilePurpose | undefined => purposes[String(text)];

/** csChargingProfiles of SetChargingProfile.req, or undefined when it makes no sense to this charger. */
export function readProfile(wire: Payload | undefined): ChargingProfile | undefined {
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
export function meterValue(
  timestamp: string,
  amps: readonly number[],
  offeredAmps: number,
  volts: number,
  energyWh: number,
): Payload {
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
