// Charging profiles in core's words written as OCPP 2.0.1 has them (2.0.1 Part 2, K01, ChargingProfileType); pure.

import type { ChargingProfile, ChargingSchedule } from '../../core/model/charging-profile.ts';
import { floorToStep } from '../../core/model/units.ts';
import type { Payload } from '../rpc/frames.ts';
import { writeTimestamp } from '../rpc/timestamp.ts';

/** Limits have one decimal at most (ChargingSchedulePeriodType). */
const LIMIT_STEP = 0.1;
/** ChargingScheduleType.id: one of ours for each profile. */
const SCHEDULE_ID = 1;
/** transactionId is an identifierString of at most so many characters. */
export const MAX_TRANSACTION_ID_CHARACTERS = 36;

/**
 * The payload of SetChargingProfileRequest. Limits are truncated to 0.1, never rounded up. Absolute times are moved by `clockSkewMs` (station's
 * clock minus ours, counted in whole seconds) so that they happen when we mean them to.
 * @throws TypeError for a TxProfile that names no transaction (K01.FR.03), and for a purpose that no controller may install (K03.FR.08)
 */
export function writeSetChargingProfile(evse: number, profile: ChargingProfile, clockSkewMs = 0): Payload {
  const { id, stackLevel, purpose, kind, transactionId, recurrency, validFrom, validTo, schedule } = profile;
  const skewMs = Math.round(clockSkewMs / 1_000) * 1_000;
  if (purpose === 'ChargingStationExternalConstraints')
    throw new TypeError('a controller never installs ChargingStationExternalConstraints');
  if (purpose === 'TxProfile' && (transactionId === undefined || transactionId === ''))
    throw new TypeError('a TxProfile names its transaction');
  if ((transactionId?.length ?? 0) > MAX_TRANSACTION_ID_CHARACTERS)
    throw new TypeError(`a transaction id of OCPP 2.0.1 has at most ${MAX_TRANSACTION_ID_CHARACTERS} characters`);
  return {
    evseId: evse,
    chargingProfile: {
      id,
      stackLevel,
      chargingProfilePurpose: purpose,
      chargingProfileKind: kind,
      ...(recurrency === undefined ? {} : { recurrencyKind: recurrency }),
      ...(validFrom === undefined ? {} : { validFrom: writeTimestamp(validFrom + skewMs) }),
      ...(validTo === undefined ? {} : { validTo: writeTimestamp(validTo + skewMs) }),
      ...(transactionId === undefined ? {} : { transactionId }),
      chargingSchedule: [writeSchedule(schedule, skewMs)],
    },
  };
}

function writeSchedule(schedule: ChargingSchedule, skewMs: number): Payload {
  const { durationSeconds, startSchedule, unit, periods } = schedule;
  return {
    id: SCHEDULE_ID,
    ...(startSchedule === undefined ? {} : { startSchedule: writeTimestamp(startSchedule + skewMs) }),
    ...(durationSeconds === undefined ? {} : { duration: Math.floor(durationSeconds) }),
    chargingRateUnit: unit,
    chargingSchedulePeriod: periods.map(({ startPeriodSeconds, limit, numberPhases }) => ({
      startPeriod: Math.floor(startPeriodSeconds),
      limit: floorToStep(limit, LIMIT_STEP),
      ...(numberPhases === undefined ? {} : { numberPhases }),
    })),
  };
}
