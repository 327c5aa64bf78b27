// Maps charging profiles from OCPP 1.6 and 2.x JSON to the core's words, for tests alone; it checks nothing.
import type {
  ChargingProfile,
  ChargingProfilePurpose,
  ChargingSchedule,
} from '../../../src/core/model/charging-profile.ts';

type WireSchedule = {
  chargingRateUnit: 'A' | 'W';
  startSchedule?: string;
  duration?: number;
  chargingSchedulePeriod: { startPeriod: number; limit: number; numberPhases?: number }[];
};
export type WireProfile = {
  id?: number;
  chargingProfileId?: number;
  stackLevel: number;
  chargingProfilePurpose: string;
  chargingProfileKind: 'Absolute' | 'Recurring' | 'Relative';
  recurrencyKind?: 'Daily' | 'Weekly';
  validFrom?: string;
  validTo?: string;
  transactionId?: string | number;
  chargingSchedule: WireSchedule | WireSchedule[];
};

function scheduleFromWire(wire: WireSchedule): ChargingSchedule {
  return {
    unit: wire.chargingRateUnit,
    ...(wire.startSchedule === undefined ? {} : { startSchedule: Date.parse(wire.startSchedule) }),
    ...(wire.duration === undefined ? {} : { durationSeconds: wire.duration }),
    periods: wire.chargingSchedulePeriod.map(({ startPeriod, limit, numberPhases }) => ({
      startPeriodSeconds: startPeriod,
      limit,
      ...(numberPhases === undefined ? {} : { numberPhases }),
    })),
  };
}

export function profileFromWire(wire: WireProfile): ChargingProfile {
  const purpose =
    wire.chargingProfilePurpose === 'ChargePointMaxProfile' ? 'ChargingStationMaxProfile' : wire.chargingProfilePurpose;
  return {
    id: (wire.id ?? wire.chargingProfileId)!,
    stackLevel: wire.stackLevel,
    purpose: purpose as ChargingProfilePurpose,
    kind: wire.chargingProfileKind,
    ...(wire.recurrencyKind === undefined ? {} : { recurrency: wire.recurrencyKind }),
    ...(wire.validFrom === undefined ? {} : { validFrom: Date.parse(wire.validFrom) }),
    ...(wire.validTo === undefined ? {} : { validTo: Date.parse(wire.validTo) }),
    ...(wire.transactionId === undefined ? {} : { transactionId: String(wire.transactionId) }),
    schedule: scheduleFromWire([wire.chargingSchedule].flat()[0]!),
  };
}
