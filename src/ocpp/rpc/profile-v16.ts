// Charging profiles between core's words and OCPP 1.6's wire (OCPP 1.6 §7.8 ChargingProfile, §5.16); pure, both directions.

import type {
  ChargingProfile,
  ChargingProfilePurpose,
  ChargingSchedule,
  SchedulePeriod,
} from '../../core/model/charging-profile.ts';
import { floorToStep } from '../../core/model/units.ts';
import type { Payload, RpcErrorCode } from './frames.ts';
import { parseTimestamp, writeTimestamp } from './timestamp.ts';

/** OCPP 1.6 knows one decimal for limits (§7.12 ChargingSchedulePeriod). */
const LIMIT_STEP = 0.1;
/** Periods in one schedule that we read; more is no schedule that a station would keep. */
export const MAX_SCHEDULE_PERIODS = 1_000;

const WIRE_PURPOSES: ReadonlyMap<ChargingProfilePurpose, string> = new Map([
  ['ChargingStationMaxProfile', 'ChargePointMaxProfile'],
  ['TxDefaultProfile', 'TxDefaultProfile'],
  ['TxProfile', 'TxProfile'],
]);
const CORE_PURPOSES: ReadonlyMap<unknown, ChargingProfilePurpose> = new Map(
  [...WIRE_PURPOSES].map(([core, wire]) => [wire, core]),
);

export type ProfileReading =
  | { readonly ok: true; readonly connector: number; readonly profile: ChargingProfile }
  | { readonly ok: false; readonly code: RpcErrorCode; readonly description: string };

/**
 * The payload of SetChargingProfile.req. Limits are truncated to 0.1, never rounded up. Absolute times are moved by `clockSkewMs`
 * (station's clock minus ours, counted in whole seconds) so that they happen when we mean them to. The purpose MUST be one that 1.6
 * knows, and a transactionId MUST be an integer as text.
 */
export function writeSetChargingProfile(connector: number, profile: ChargingProfile, clockSkewMs = 0): Payload {
  return { connectorId: connector, csChargingProfiles: writeChargingProfile(profile, clockSkewMs) };
}

export function writeChargingProfile(profile: ChargingProfile, clockSkewMs = 0): Payload {
  const purpose = WIRE_PURPOSES.get(profile.purpose);
  if (purpose === undefined) throw new TypeError(`OCPP 1.6 has no purpose ${profile.purpose}`);
  const skewMs = Math.round(clockSkewMs / 1_000) * 1_000;
  const { transactionId, recurrency, validFrom, validTo, schedule } = profile;
  if (transactionId !== undefined && !/^-?[0-9]{1,15}$/.test(transactionId))
    throw new TypeError(`OCPP 1.6 knows integers as transaction ids, not ${transactionId}`);
  return {
    chargingProfileId: profile.id,
    ...(transactionId === undefined ? {} : { transactionId: Number(transactionId) }),
    stackLevel: profile.stackLevel,
    chargingProfilePurpose: purpose,
    chargingProfileKind: profile.kind,
    ...(recurrency === undefined ? {} : { recurrencyKind: recurrency }),
    ...(validFrom === undefined ? {} : { validFrom: writeTimestamp(validFrom + skewMs) }),
    ...(validTo === undefined ? {} : { validTo: writeTimestamp(validTo + skewMs) }),
    chargingSchedule: writeSchedule(schedule, skewMs),
  };
}

function writeSchedule(schedule: ChargingSchedule, skewMs: number): Payload {
  const { durationSeconds, startSchedule, unit, periods } = schedule;
  return {
    ...(durationSeconds === undefined ? {} : { duration: Math.floor(durationSeconds) }),
    ...(startSchedule === undefined ? {} : { startSchedule: writeTimestamp(startSchedule + skewMs) }),
    chargingRateUnit: unit,
    chargingSchedulePeriod: periods.map(({ startPeriodSeconds, limit, numberPhases }) => ({
      startPeriod: Math.floor(startPeriodSeconds),
      limit: floorToStep(limit, LIMIT_STEP),
      ...(numberPhases === undefined ? {} : { numberPhases }),
    })),
  };
}

// ---------------------------------------------------------------- wire → core

class Fault extends Error {
  readonly code: RpcErrorCode;

  constructor(code: RpcErrorCode, description: string) {
    super(description);
    this.code = code;
  }
}

/**
 * Reads the payload of SetChargingProfile.req as a conformant station would: what it refuses, it refuses with the CALLERROR that
 * belongs to it (§3.13, errata 3.38, 3.45). Whether a transaction runs is not its business.
 */
export function readSetChargingProfile(payload: Payload): ProfileReading {
  try {
    const connector = integer(payload, 'connectorId', 0);
    return { ok: true, connector, profile: profileFrom(object(payload, 'csChargingProfiles')) };
  } catch (error) {
    if (error instanceof Fault) return { ok: false, code: error.code, description: error.message };
    throw error;
  }
}

/** The same for a bare ChargingProfile, as RemoteStartTransaction.req carries one. */
export function readChargingProfile(wire: Payload): ProfileReading {
  return readSetChargingProfile({ connectorId: 0, csChargingProfiles: wire });
}

function profileFrom(wire: Payload): ChargingProfile {
  const purpose = CORE_PURPOSES.get(wire.chargingProfilePurpose);
  if (purpose === undefined)
    throw bad(wire, 'chargingProfilePurpose', [...CORE_PURPOSES.keys()].join(' or '), 'string');
  const validFrom = time(wire, 'validFrom');
  const validTo = time(wire, 'validTo');
  const transactionId = wire.transactionId === undefined ? undefined : integer(wire, 'transactionId');
  const recurrency = wire.recurrencyKind === undefined ? undefined : oneOf(wire, 'recurrencyKind', ['Daily', 'Weekly']);
  const kind = oneOf(wire, 'chargingProfileKind', ['Absolute', 'Recurring', 'Relative']);
  if (kind === 'Recurring' && recurrency === undefined)
    throw new Fault(
      'OccurenceConstraintViolation',
      'recurrencyKind is missing: a Recurring profile needs Daily or Weekly',
    );
  return {
    id: integer(wire, 'chargingProfileId'),
    stackLevel: integer(wire, 'stackLevel', 0),
    purpose,
    kind,
    ...(recurrency === undefined ? {} : { recurrency }),
    ...(validFrom === undefined ? {} : { validFrom }),
    ...(validTo === undefined ? {} : { validTo }),
    ...(transactionId === undefined ? {} : { transactionId: String(transactionId) }),
    schedule: scheduleFrom(object(wire, 'chargingSchedule')),
  };
}

function scheduleFrom(wire: Payload): ChargingSchedule {
  const startSchedule = time(wire, 'startSchedule');
  const durationSeconds = wire.duration === undefined ? undefined : integer(wire, 'duration', 0);
  const list = wire.chargingSchedulePeriod;
  if (!Array.isArray(list)) throw bad(wire, 'chargingSchedulePeriod', 'a list of periods');
  if (list.length === 0 || list.length > MAX_SCHEDULE_PERIODS)
    throw new Fault(
      'OccurenceConstraintViolation',
      `chargingSchedulePeriod has 1 to ${MAX_SCHEDULE_PERIODS} periods, not ${list.length}`,
    );
  const periods = list.map(periodFrom);
  if (periods[0]!.startPeriodSeconds !== 0)
    throw new Fault('PropertyConstraintViolation', 'the first startPeriod is 0 (OCPP 1.6 errata 3.45)');
  if (periods.some((period, i) => i > 0 && period.startPeriodSeconds <= periods[i - 1]!.startPeriodSeconds))
    throw new Fault('PropertyConstraintViolation', 'startPeriod must rise from period to period');
  return {
    unit: oneOf(wire, 'chargingRateUnit', ['A', 'W']),
    ...(startSchedule === undefined ? {} : { startSchedule }),
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    periods,
  };
}

function periodFrom(wire: unknown): SchedulePeriod {
  if (!isObject(wire)) throw new Fault('TypeConstraintViolation', 'a period of chargingSchedulePeriod is an object');
  const { limit } = wire;
  if (typeof limit !== 'number' || !Number.isFinite(limit)) throw bad(wire, 'limit', 'a number');
  if (limit < 0) throw new Fault('PropertyConstraintViolation', `limit is ${limit}; expected 0 or more`);
  const numberPhases = wire.numberPhases === undefined ? undefined : integer(wire, 'numberPhases', 1, 3);
  return {
    startPeriodSeconds: integer(wire, 'startPeriod', 0),
    limit,
    ...(numberPhases === undefined ? {} : { numberPhases }),
  };
}

const isObject = (value: unknown): value is Payload =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function object(wire: Payload, field: string): Payload {
  const value = wire[field];
  if (!isObject(value)) throw bad(wire, field, 'an object');
  return value;
}

function integer(wire: Payload, field: string, min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER): number {
  const value = wire[field];
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw bad(wire, field, 'an integer');
  if (value < min || value > max)
    throw new Fault('PropertyConstraintViolation', `${field} is ${value}; expected ${min} to ${max}`);
  return value;
}

function oneOf<const T extends string>(wire: Payload, field: string, values: readonly T[]): T {
  const found = values.find((value) => value === wire[field]);
  if (found === undefined) throw bad(wire, field, values.join(' or '), 'string');
  return found;
}

function time(wire: Payload, field: string): number | undefined {
  if (wire[field] === undefined) return undefined;
  const at = parseTimestamp(wire[field]);
  if (at === undefined) throw bad(wire, field, 'a date-time such as 2026-03-02T06:00:00Z', 'string');
  return at;
}

/** Missing, of the wrong type, or of the right type and no allowed value: three codes of OCPP-J 1.6 §4.2.3. */
function bad(wire: Payload, field: string, expected: string, rightType?: 'string'): Fault {
  const value = wire[field];
  if (value === undefined)
    return new Fault('OccurenceConstraintViolation', `${field} is missing; expected ${expected}`);
  const shown = JSON.stringify(value).slice(0, 60);
  const code = typeof value === rightType ? 'PropertyConstraintViolation' : 'TypeConstraintViolation';
  return new Fault(code, `${field} is ${shown}; expected ${expected}`);
}
