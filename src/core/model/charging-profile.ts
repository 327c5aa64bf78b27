// Charging profiles in OCPP 2.0.1's words, free of any version's wire format (OCPP 2.0.1 Part 2, ChargingProfileType).

import type { TransactionId, WallTime } from './units.ts';

export type ChargingProfilePurpose =
  | 'ChargingStationExternalConstraints'
  | 'ChargingStationMaxProfile'
  | 'TxDefaultProfile'
  | 'TxProfile';

export type SchedulePeriod = {
  /** Seconds from the start of the schedule. */
  readonly startPeriodSeconds: number;
  /** Amperes per phase, or watts in total, as the schedule's unit says. Zero means zero. */
  readonly limit: number;
  readonly numberPhases?: number;
};

export type ChargingSchedule = {
  readonly unit: 'A' | 'W';
  /** Absent for Relative profiles. */
  readonly startSchedule?: WallTime;
  /** Absent: the last period holds for ever. */
  readonly durationSeconds?: number;
  /** At least one; the first starts at 0; ascending. */
  readonly periods: readonly SchedulePeriod[];
};

export type ChargingProfile = {
  readonly id: number;
  readonly stackLevel: number;
  readonly purpose: ChargingProfilePurpose;
  readonly kind: 'Absolute' | 'Recurring' | 'Relative';
  readonly recurrency?: 'Daily' | 'Weekly';
  readonly validFrom?: WallTime;
  readonly validTo?: WallTime;
  readonly transactionId?: TransactionId;
  readonly schedule: ChargingSchedule;
};

/** A profile and where it is installed; evse 0 is the whole station. */
export type InstalledProfile = { readonly evse: number; readonly profile: ChargingProfile };
