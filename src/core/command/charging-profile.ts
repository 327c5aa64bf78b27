// Builds the charging profiles that carry a floor or a lease, in the unit and on the stack level that the charger's model obeys.

import type { ChargerProfile } from '../model/charger.ts';
import type { ChargingProfile } from '../model/charging-profile.ts';
import type { Evse } from '../model/site.ts';
import { floorToStep, type TransactionId, type WallTime } from '../model/units.ts';

/** A lease begins this long ago, so that a charger whose clock is a little late applies it at once. */
const LEASE_BACK_DATE_MS = 60_000;
/** The floor begins a day ago: a charger whose clock is off by hours must still hold it. */
const FLOOR_BACK_DATE_MS = 24 * 3_600_000;
/** Our profile ids: one fixed id per EVSE and role, high enough to stay clear of others. */
const FIRST_PROFILE_ID = 9_000;
/** The lowest credible voltage as a part of the nominal one: a watt limit must not become more amperes than meant. */
const LOWEST_VOLTAGE = 0.9;

export type ProfileInput = {
  readonly role: 'floor' | 'lease';
  readonly evse: Evse;
  readonly profile: ChargerProfile;
  readonly limitAmps: number;
  /** How many phases carry the current: for chargers that take watts. MUST be the least that is possible. */
  readonly phases: number;
  readonly nominalVolts: number;
  /** What stations have been told the time is. */
  readonly stationNow: WallTime;
  readonly transactionId?: TransactionId;
};

/**
 * The profile to install. A floor has no end; a lease ends `leaseMs` after `stationNow`, by absolute times, so that a late delivery shortens it.
 * `Relative` would count from the start of the transaction and is no lease (OCPP 1.6 §3.13.3).
 */
export function buildProfile({
  role,
  evse,
  profile,
  limitAmps,
  phases,
  nominalVolts,
  stationNow,
  transactionId,
}: ProfileInput): ChargingProfile {
  const { purpose, stackLevel } = profile[role];
  const limit =
    profile.unit === 'A'
      ? floorToStep(limitAmps, profile.stepAmps)
      : Math.floor(limitAmps * phases * nominalVolts * LOWEST_VOLTAGE * (evse.efficiency ?? 1));
  const backDateMs = role === 'floor' ? FLOOR_BACK_DATE_MS : LEASE_BACK_DATE_MS;
  return {
    id: FIRST_PROFILE_ID + evse.number * 10 + (role === 'floor' ? 0 : 1),
    stackLevel,
    purpose,
    kind: 'Absolute',
    ...(purpose === 'TxProfile' && transactionId !== undefined ? { transactionId } : {}),
    schedule: {
      unit: profile.unit,
      startSchedule: stationNow - backDateMs,
      ...(role === 'lease' ? { durationSeconds: Math.round((profile.leaseMs + LEASE_BACK_DATE_MS) / 1000) } : {}),
      periods: [{ startPeriodSeconds: 0, limit }],
    },
  };
}
