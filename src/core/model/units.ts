// The units every other file counts in; it must never hold behaviour beyond arithmetic on them.
//
// Signs: import is positive at the grid, charging is positive at the EVSE. Amperes per phase are the canonical unit.

type Flavour<T, Name extends string> = T & { readonly __flavour?: Name };

/** Milliseconds on the controller's steady time line: it never jumps and never runs back, so ages and leases are counted on it. */
export type Instant = Flavour<number, 'Instant'>;
/** Milliseconds since 1970-01-01T00:00Z by the wall clock: for people, calendars and wire protocols only, never for an age. */
export type WallTime = Flavour<number, 'WallTime'>;

/**
 * The time that stations are told, and by which their leases are written: our steady time line, which began at the wall clock's time. Were they told
 * a wall clock that is set an hour ahead, every lease would be over in that moment; one set back would let them live for an hour longer.
 */
export function stationTime(now: Instant): WallTime {
  return Number(now);
}

export type SiteId = Flavour<string, 'SiteId'>;
export type CircuitId = Flavour<string, 'CircuitId'>;
/** A group of EVSEs that share a limit of their own, wherever they hang in the tree. */
export type GroupId = Flavour<string, 'GroupId'>;
export type MeterId = Flavour<string, 'MeterId'>;
export type ContactId = string;
/** A line that Modbus devices share. */
export type BusId = Flavour<string, 'BusId'>;
export type StationId = Flavour<string, 'StationId'>;
/** `<station id>/<OCPP evse number>`, such as `depot-03/1`. */
export type EvseId = Flavour<string, 'EvseId'>;
export type CommandId = Flavour<string, 'CommandId'>;
/** OCPP 2.x transactionId, or our own positive integer as text for OCPP 1.6. */
export type TransactionId = Flavour<string, 'TransactionId'>;

export type Phase = 'L1' | 'L2' | 'L3';
export const PHASES: readonly Phase[] = ['L1', 'L2', 'L3'];

/** One value for each phase of the grid. */
export type PerPhase<T> = { readonly L1: T; readonly L2: T; readonly L3: T };

export type PhaseAmps = PerPhase<number>;

/** The same value on each phase. */
export function onEachPhase<T>(value: T): PerPhase<T> {
  return { L1: value, L2: value, L3: value };
}

/** One value for each phase, computed from the phase's name. */
export function mapPhases<T>(compute: (phase: Phase) => T): PerPhase<T> {
  return { L1: compute('L1'), L2: compute('L2'), L3: compute('L3') };
}

/**
 * Largest multiple of `step` that is not above `value`; amperes in, amperes out. `step` MUST be positive.
 * A value that is within a billionth of a step below the next multiple counts as that multiple: 6.000000000001 − 1e-12 is 6.
 */
export function floorToStep(value: number, step: number): number {
  const steps = Math.floor(value / step + 1e-9);
  return Number((steps * step).toFixed(6));
}

/** Smallest multiple of `step` that is not below `value`, within the same billionth of a step; amperes in, amperes out. `step` MUST be positive. */
export function ceilToStep(value: number, step: number): number {
  const steps = Math.ceil(value / step - 1e-9);
  return Number((steps * step).toFixed(6));
}
