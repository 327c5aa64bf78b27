// When a protective device may have tripped and when it must have, after what flowed through one of its poles; it protects nothing itself.

/**
 * A miniature circuit breaker of IEC 60898-1 (up to 125 A), or a gG fuse of IEC 60269-1. `holds` are points of the maker's own curve: the device
 * is known not to trip from cold within `forMs` at `ratio` times its rating, which the standard alone would permit.
 */
export type Device = {
  readonly kind: 'breaker-b' | 'breaker-c' | 'breaker-d' | 'fuse-gg';
  readonly ratedAmps: number;
  readonly holds?: readonly HoldPoint[];
};

export type HoldPoint = { readonly ratio: number; readonly forMs: number };

/** A body that the current heats: it settles at the square of current ÷ rating, and trips above `tripsAt`. */
type Body = { readonly tripsAt: number; readonly tauMs: number };

/** The device trips as soon as one of its bodies is too hot, or above `atOnceRatio` times its rating. */
type Curve = { readonly slow: Body; readonly fast: Body; readonly atOnceRatio: number };

/** `earliest`: no device of this kind trips sooner; `latest`: none trips later. */
export type TripCurves = { readonly ratedAmps: number; readonly earliest: Curve; readonly latest: Curve };

/** Heat of the bodies, in squares of current ÷ rating; and whether the device may, or must, have tripped by it in the last step. */
export type BreakerState = {
  readonly earliestSlow: number;
  readonly earliestFast: number;
  readonly latestSlow: number;
  readonly latestFast: number;
  readonly couldTrip: boolean;
  readonly mustTrip: boolean;
};

export const COLD: BreakerState = {
  earliestSlow: 0,
  earliestFast: 0,
  latestSlow: 0,
  latestFast: 0,
  couldTrip: false,
  mustTrip: false,
};

const HOUR_MS = 3_600_000;
/** Rounding of floating point: the conventional non-tripping current settles exactly at the threshold. */
const SLACK = 1e-9;
const NEVER: Body = { tripsAt: Number.POSITIVE_INFINITY, tauMs: 1_000 };

/** Up to this rating a branch is a miniature circuit breaker, above it gG fuses. */
export const BREAKER_UP_TO_AMPS = 63;

/**
 * What usually protects a circuit of this rating. The connection to the grid has gG fuses (the house connection's, IEC 60269-2 system A), so that
 * they are selective with what is behind them; a branch has a breaker of characteristic C up to 63 A, and gG fuses above.
 */
export function usualDevice(ratedAmps: number, isConnection: boolean): Device {
  return { kind: isConnection || ratedAmps > BREAKER_UP_TO_AMPS ? 'fuse-gg' : 'breaker-c', ratedAmps };
}

/** The curves of a device. `ratedAmps` MUST be above zero. */
export function tripCurves(device: Device): TripCurves {
  return device.kind === 'fuse-gg' ? fuseCurves(device) : breakerCurves(device, MAGNETIC[device.kind]);
}

/**
 * The pole `elapsedMs` later, `amps` having flowed through it all that time (either sign). Nothing cools it but a lower current: a trip is told,
 * and what flows afterwards is the caller's affair.
 */
export function stepBreaker(curves: TripCurves, state: BreakerState, amps: number, elapsedMs: number): BreakerState {
  const { earliest, latest, ratedAmps } = curves;
  const ratio = Math.abs(amps) / ratedAmps;
  const square = ratio * ratio;
  const earliestSlow = heated(earliest.slow, state.earliestSlow, square, elapsedMs);
  const earliestFast = heated(earliest.fast, state.earliestFast, square, elapsedMs);
  const latestSlow = heated(latest.slow, state.latestSlow, square, elapsedMs);
  const latestFast = heated(latest.fast, state.latestFast, square, elapsedMs);
  return {
    earliestSlow,
    earliestFast,
    latestSlow,
    latestFast,
    couldTrip:
      earliestSlow > earliest.slow.tripsAt * (1 + SLACK) ||
      earliestFast > earliest.fast.tripsAt * (1 + SLACK) ||
      ratio > earliest.atOnceRatio * (1 + SLACK),
    mustTrip:
      latestSlow >= latest.slow.tripsAt * (1 - SLACK) ||
      latestFast >= latest.fast.tripsAt * (1 - SLACK) ||
      ratio >= latest.atOnceRatio * (1 - SLACK),
  };
}

const heated = ({ tauMs }: Body, heat: number, square: number, elapsedMs: number) =>
  square + (heat - square) * Math.exp(-elapsedMs / tauMs);

/** How long a device that has carried `beforeAmps` for ever carries `amps` at least and at most, in milliseconds; Infinity: for ever. */
export function tripWindow(
  { ratedAmps, earliest, latest }: TripCurves,
  amps: number,
  beforeAmps = 0,
): { readonly earliestMs: number; readonly latestMs: number } {
  const ratio = Math.abs(amps) / ratedAmps;
  const before = (beforeAmps / ratedAmps) ** 2;
  const first = ({ slow, fast, atOnceRatio }: Curve) =>
    ratio > atOnceRatio ? 0 : Math.min(untilTrip(slow, before, ratio ** 2), untilTrip(fast, before, ratio ** 2));
  return { earliestMs: first(earliest), latestMs: first(latest) };
}

function untilTrip({ tripsAt, tauMs }: Body, before: number, square: number): number {
  if (before > tripsAt) return 0;
  return square > tripsAt ? tauMs * Math.log((square - before) / (square - tripsAt)) : Number.POSITIVE_INFINITY;
}

/** The time constant of a body that trips at `tripsAt` after exactly `ms` at `ratio`, from cold. */
function tauThrough(tripsAt: number, ratio: number, ms: number): number {
  return ms / -Math.log(1 - tripsAt / ratio ** 2);
}

// ---------------------------------------------------------------- IEC 60898-1

/** IEC 60898-1 Table 7, tests d and e: the band of currents, in ratings, in which the magnetic release acts within 0.1 s. */
const MAGNETIC = {
  'breaker-b': { holdsRatio: 3, tripsRatio: 5 },
  'breaker-c': { holdsRatio: 5, tripsRatio: 10 },
  'breaker-d': { holdsRatio: 10, tripsRatio: 20 },
} as const;
/** Table 7, test a: carried for the conventional time without a trip; test b: trips within it, right after test a. */
const BREAKER_HOLDS = 1.13;
const BREAKER_TRIPS = 1.45;
/** Table 7, test c: trips from cold between 1 s and 60 s, above 32 A between 1 s and 120 s. */
const TEST_C = {
  ratio: 2.55,
  earliestMs: 1_000,
  latestMs: (rated: number) => (rated <= 32 ? 60_000 : 120_000),
} as const;

/**
 * IEC 60898-1 Table 7. Earliest: the fastest single body that holds at every point at which the device must hold, so one that carries 1.13
 * ratings for ever and trips after 1 s at 2.55. The standard asks nothing between the two points, so this is what it permits and not what a maker
 * sells: `holds` takes the points of his curve. Latest: trips at 1.45 just within the conventional time (1 h up to 63 A, 2 h above) after 1.13
 * ratings, and at 2.55 just within 60 s or 120 s from cold.
 */
function breakerCurves(
  { ratedAmps, holds = [] }: Device,
  magnetic: (typeof MAGNETIC)['breaker-b' | 'breaker-c' | 'breaker-d'],
): TripCurves {
  const least = BREAKER_HOLDS ** 2;
  const points = [
    { ratio: TEST_C.ratio, forMs: TEST_C.earliestMs },
    { ratio: magnetic.holdsRatio, forMs: 100 },
    ...holds,
  ];
  const conventionalMs = ratedAmps <= 63 ? HOUR_MS : 2 * HOUR_MS;
  let most = BREAKER_TRIPS ** 2;
  let latestTauMs = tauThrough(most, TEST_C.ratio, TEST_C.latestMs(ratedAmps));
  // The threshold lies so close beneath 1.45² that it is reached in time; the time constant hardly moves with it.
  for (let round = 0; round < 3; round++) {
    most = BREAKER_TRIPS ** 2 - (BREAKER_TRIPS ** 2 - least) * Math.exp((-0.99 * conventionalMs) / latestTauMs);
    latestTauMs = tauThrough(most, TEST_C.ratio, TEST_C.latestMs(ratedAmps));
  }
  return {
    ratedAmps,
    earliest: {
      slow: { tripsAt: least, tauMs: leastTauMs(least, points) },
      fast: NEVER,
      atOnceRatio: magnetic.holdsRatio,
    },
    latest: { slow: { tripsAt: most, tauMs: latestTauMs }, fast: NEVER, atOnceRatio: magnetic.tripsRatio },
  };
}

/** The shortest time constant with which a body still holds at every point. */
function leastTauMs(tripsAt: number, points: readonly HoldPoint[]): number {
  return Math.max(...points.map(({ ratio, forMs }) => (ratio ** 2 > tripsAt ? tauThrough(tripsAt, ratio, forMs) : 0)));
}

// ---------------------------------------------------------------- IEC 60269-1

/**
 * IEC 60269-1 Table 3, gates of gG fuse-links in amperes: holds 10 s at the first, has melted after 5 s at the second, holds 0.1 s at the third,
 * has melted after 0.1 s at the fourth.
 */
export const GG_GATES: readonly (readonly [
  ratedAmps: number,
  holds10s: number,
  melts5s: number,
  holds100ms: number,
  melts100ms: number,
])[] = [
  [16, 33, 65, 85, 150],
  [20, 42, 85, 110, 200],
  [25, 52, 110, 150, 260],
  [32, 75, 150, 200, 350],
  [40, 95, 190, 260, 450],
  [50, 125, 250, 350, 610],
  [63, 160, 320, 450, 820],
  [80, 215, 425, 610, 1_100],
  [100, 290, 580, 820, 1_450],
  [125, 355, 715, 1_100, 1_910],
  [160, 460, 950, 1_450, 2_590],
  [200, 610, 1_250, 1_910, 3_420],
  [250, 750, 1_650, 2_590, 4_500],
  [315, 1_050, 2_200, 3_420, 6_000],
  [400, 1_420, 2_840, 4_500, 8_060],
  [500, 1_780, 3_800, 6_000, 10_600],
  [630, 2_200, 5_100, 8_060, 14_140],
  [800, 3_060, 7_000, 10_600, 19_000],
  [1_000, 4_000, 9_500, 14_140, 24_000],
  [1_250, 5_000, 13_000, 19_000, 35_000],
];

/**
 * IEC 60269-1 Table 2: carried for the conventional time (1 h up to 63 A, 2 h up to 160 A, 3 h up to 400 A, 4 h above) without melting, and
 * melted within it, in ratings. Below 16 A the two lie further apart.
 */
function conventional(ratedAmps: number): { readonly holds: number; readonly melts: number } {
  if (ratedAmps >= 16) return { holds: 1.25, melts: 1.6 };
  return { holds: 1.5, melts: ratedAmps > 4 ? 1.9 : 2.1 };
}

/**
 * IEC 60269-1 Tables 2 and 3. One body is held to the conventional current and the gate of seconds, the other to the gates of seconds and of
 * 0.1 s; whichever is hot first melts. A rating between two of the table is taken as the more sensitive of both for `earliest` and the less
 * sensitive for `latest`.
 */
function fuseCurves({ ratedAmps, holds: own = [] }: Device): TripCurves {
  const gates = gatesOf(ratedAmps);
  const { holds, melts } = conventional(ratedAmps);
  const points = [{ ratio: gates.holds10s, forMs: 10_000 }, ...own];
  const atOnceRatio = Number.POSITIVE_INFINITY;
  return {
    ratedAmps,
    earliest: {
      slow: { tripsAt: holds ** 2, tauMs: leastTauMs(holds ** 2, points) },
      fast: { tripsAt: gates.holds10s ** 2, tauMs: tauThrough(gates.holds10s ** 2, gates.holds100ms, 100) },
      atOnceRatio,
    },
    latest: {
      slow: { tripsAt: melts ** 2, tauMs: tauThrough(melts ** 2, gates.melts5s, 5_000) },
      fast: { tripsAt: gates.melts5s ** 2, tauMs: tauThrough(gates.melts5s ** 2, gates.melts100ms, 100) },
      atOnceRatio,
    },
  };
}

/** The gates in ratings. */
function gatesOf(ratedAmps: number) {
  const below = GG_GATES.findLast(([rated]) => rated <= ratedAmps) ?? GG_GATES[0]!;
  const above = GG_GATES.find(([rated]) => rated >= ratedAmps) ?? GG_GATES.at(-1)!;
  const ratio = (gate: 1 | 2 | 3 | 4) => [below[gate] / below[0], above[gate] / above[0]];
  return {
    holds10s: Math.min(...ratio(1)),
    melts5s: Math.max(...ratio(2)),
    holds100ms: Math.min(...ratio(3)),
    melts100ms: Math.max(...ratio(4)),
  };
}
