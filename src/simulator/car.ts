// A car on a charger, stepped in time: follows the limit with a delay, tapers when nearly full, and takes nothing below its minimum.

/** What a car is. Amperes per phase; a battery of `batteryWh`. */
export type Car = {
  /** How many of the EVSE's phases it uses, from its L1 on. */
  readonly phases: 1 | 2 | 3;
  readonly maxAmps: number;
  /** IEC 61851-1: below 6 A an AC car stops. */
  readonly minAmps: number;
  readonly batteryWh: number;
};

export type CarState = {
  readonly storedWh: number;
  /** Drawn now on each of its phases. */
  readonly amps: number;
  /** How long the limit has asked for something else than is drawn. */
  readonly waitedMs: number;
};

/** A car notices a new limit after this long (IEC 61851-1 allows up to 5 s). */
export const REACTION_MS = 2_000;
/** Then it ramps: down steeply, up gently. */
export const DOWN_AMPS_PER_SECOND = 20;
export const UP_AMPS_PER_SECOND = 5;
/** Above this state of charge it takes less and less. */
const TAPER_FROM = 0.8;
/** What it still takes just before it is full, as a part of its maximum. */
const TAPER_TO = 0.2;

/** The most the car would take now, in amperes per phase, whatever it is offered; 0 when it is full. */
export function appetiteAmps(car: Car, state: CarState): number {
  const charge = state.storedWh / car.batteryWh;
  if (charge >= 1) return 0;
  if (charge <= TAPER_FROM) return car.maxAmps;
  const part = 1 - ((charge - TAPER_FROM) / (1 - TAPER_FROM)) * (1 - TAPER_TO);
  return Math.max(car.minAmps, car.maxAmps * part);
}

/** The car `elapsedMs` later under `limitAmps` per phase at `volts` per phase. Never draws above the limit for longer than its reaction. */
export function stepCar(car: Car, state: CarState, limitAmps: number, volts: number, elapsedMs: number): CarState {
  const offered = Math.min(limitAmps, appetiteAmps(car, state));
  const wanted = offered < car.minAmps ? 0 : offered;
  const storedWh = Math.min(car.batteryWh, state.storedWh + (state.amps * car.phases * volts * elapsedMs) / 3_600_000);
  if (Math.abs(wanted - state.amps) < 1e-9) return { storedWh, amps: wanted, waitedMs: 0 };
  const waitedMs = state.waitedMs + elapsedMs;
  const movingMs = Math.min(elapsedMs, waitedMs - REACTION_MS);
  if (movingMs <= 0) return { storedWh, amps: state.amps, waitedMs };
  const amps =
    wanted < state.amps
      ? Math.max(wanted, state.amps - (DOWN_AMPS_PER_SECOND * movingMs) / 1000)
      : Math.min(wanted, Math.max(state.amps, 0) + (UP_AMPS_PER_SECOND * movingMs) / 1000);
  // Between 0 and its minimum a car draws nothing: the contactor closes at the minimum and opens below it.
  const possible = amps < car.minAmps ? (wanted === 0 ? 0 : car.minAmps) : amps;
  return { storedWh, amps: Math.min(possible, Math.max(wanted, state.amps)), waitedMs };
}
