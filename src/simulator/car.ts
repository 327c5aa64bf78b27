// A car on a charger, stepped in time: follows the limit with a delay, tapers when nearly full, and takes nothing below its minimum.

/** What a car is. Amperes per phase; a battery of `batteryWh`. Plain data: scripts keep it. */
export type Car = {
  /** How many of the EVSE's phases it uses, from its L1 on. */
  readonly phases: 1 | 2 | 3;
  readonly maxAmps: number;
  /** It stops below this: 6 A by IEC 61851-1, and more for some models. */
  readonly minAmps: number;
  readonly batteryWh: number;
  /** How long it takes to notice another limit; absent: `REACTION_MS`. With the ramp after it, IEC 61851-1 allows 5 s down. */
  readonly reactionMs?: number;
  /** Once paused by a limit it sleeps until it is offered this much; absent: its minimum wakes it. */
  readonly wakesAtAmps?: number;
  /** Above this state of charge it takes less and less; absent: `TAPER_FROM`. */
  readonly taperFrom?: number;
};

export type CarState = {
  readonly storedWh: number;
  /** Drawn now on each of its phases. */
  readonly amps: number;
  /** How long the limit has been another one than it follows. */
  readonly waitedMs: number;
  /** The limit that it has noticed and follows; absent for one that just arrived: what it draws. */
  readonly heardAmps?: number;
  /** Paused by a limit while it charged, and not yet offered what wakes it. */
  readonly isAsleep?: boolean;
};

/** A car notices a new limit after this long. */
export const REACTION_MS = 2_000;
/** IEC 61851-1: from the change of the limit until the current has followed it down. */
export const MAX_RESPONSE_MS = 5_000;
/** Then it ramps: down steeply, up gently. */
export const DOWN_AMPS_PER_SECOND = 20;
export const UP_AMPS_PER_SECOND = 5;
const TAPER_FROM = 0.8;
/** What it still takes just before it is full, as a part of its maximum. */
const TAPER_TO = 0.2;

/** The most the car would take now, in amperes per phase, whatever it is offered; 0 when it is full. */
export function appetiteAmps(car: Car, state: CarState): number {
  const charge = state.storedWh / car.batteryWh;
  if (charge >= 1) return 0;
  const from = car.taperFrom ?? TAPER_FROM;
  if (charge <= from) return car.maxAmps;
  const part = 1 - ((charge - from) / (1 - from)) * (1 - TAPER_TO);
  return Math.max(car.minAmps, car.maxAmps * part);
}

/**
 * The car `elapsedMs` later, all of that time under `limitAmps` per phase at `volts` per phase. It goes on as before until it has noticed
 * another limit, rising included; then it ramps, and below its minimum its contactor opens.
 */
export function stepCar(car: Car, state: CarState, limitAmps: number, volts: number, elapsedMs: number): CarState {
  const heardAmps = state.heardAmps ?? state.amps;
  const isAsleep = state.isAsleep ?? false;
  // Most steps of a day: nothing flows and nothing is new.
  if (heardAmps === limitAmps && state.amps === 0 && state.waitedMs === 0 && isStill(car, state, limitAmps, isAsleep))
    return state;

  const storedWh = Math.min(car.batteryWh, state.storedWh + (state.amps * car.phases * volts * elapsedMs) / 3_600_000);
  if (heardAmps === limitAmps)
    return follow(car, state, { heardAmps, isAsleep, forMs: elapsedMs, waitedMs: 0, storedWh });

  const waitedMs = state.waitedMs + elapsedMs;
  const lateMs = waitedMs - (car.reactionMs ?? REACTION_MS);
  // Until it notices, it goes on towards what it heard before.
  if (lateMs < 0) return follow(car, state, { heardAmps, isAsleep, forMs: elapsedMs, waitedMs, storedWh });
  const forMs = Math.min(elapsedMs, lateMs);
  const before =
    forMs < elapsedMs
      ? follow(car, state, { heardAmps, isAsleep, forMs: elapsedMs - forMs, waitedMs: 0, storedWh })
      : state;
  return follow(car, before, {
    heardAmps: limitAmps,
    isAsleep: before.isAsleep ?? false,
    forMs,
    waitedMs: 0,
    storedWh,
  });
}

function isStill(car: Car, state: CarState, limitAmps: number, isAsleep: boolean): boolean {
  if (isAsleep) return limitAmps < (car.wakesAtAmps ?? car.minAmps);
  return Math.min(limitAmps, appetiteAmps(car, state)) < car.minAmps;
}

/** Towards what it has heard for `forMs`; `storedWh` is what the whole step has brought. */
function follow(
  car: Car,
  state: CarState,
  to: {
    readonly heardAmps: number;
    readonly isAsleep: boolean;
    readonly forMs: number;
    readonly waitedMs: number;
    readonly storedWh: number;
  },
): CarState {
  const { heardAmps, forMs, waitedMs, storedWh } = to;
  const sleeps = to.isAsleep && heardAmps < (car.wakesAtAmps ?? car.minAmps);
  const appetite = appetiteAmps(car, state);
  const offered = sleeps ? 0 : Math.min(heardAmps, appetite);
  const wanted = offered < car.minAmps ? 0 : offered;
  const amps = rampedAmps(car, state.amps, wanted, forMs);
  // Only a limit puts it to sleep: a full car is done, and one that never charged waits awake.
  const isAsleep = sleeps || (state.amps > 0 && amps === 0 && appetite > 0 && car.wakesAtAmps !== undefined);
  return { storedWh, amps, waitedMs, heardAmps, isAsleep };
}

function rampedAmps(car: Car, from: number, wanted: number, forMs: number): number {
  if (Math.abs(wanted - from) < 1e-9) return wanted;
  if (forMs <= 0) return from;
  if (wanted < from) {
    const amps = Math.max(wanted, from - (DOWN_AMPS_PER_SECOND * forMs) / 1000);
    // Between nothing and its minimum a car draws nothing: the contactor opens below the minimum.
    return amps < car.minAmps ? 0 : amps;
  }
  // And closes at it.
  return Math.min(wanted, Math.max(car.minAmps, from + (UP_AMPS_PER_SECOND * forMs) / 1000));
}
