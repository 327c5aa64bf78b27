// A stack of OCPP charging profiles → what one EVSE may draw now (`limitAt`) and the schedule that is reported (`resolveComposite`).
//
// Both apply the same rules: within a purpose the highest stackLevel that is active at that instant rules, so a gap in a high level uncovers the
// lower; a TxProfile of the running transaction stands before TxDefaultProfile, and a TxDefaultProfile of the EVSE itself before the station's;
// over the purposes the lowest limit holds (OCPP 1.6 §3.13.2-3.13.3, 2.0.1 K08.FR.04).
//
// They differ in one disputed point, how watts become amperes where the profiles that apply name different numberPhases. What is reported converts
// with the lowest numberPhases of all purposes that apply, as 2.0.1's errata to K08 ask and others report: 2,070 W beside a station
// maximum on one phase reads 9 A. That is no limit to protect a circuit by: the same watts on three phases are 3 A. So `limitAt` spreads watts
// over the most phases that any reading allows and answers 3 A. Never use a reported schedule to protect anything.

import type { ChargingProfilePurpose, InstalledProfile } from '../model/charging-profile.ts';
import { floorToStep, type TransactionId, type WallTime } from '../model/units.ts';
import { profileTimeline, type Rate } from './profile-timeline.ts';
import { combine, constant, layer, type Timeline } from './timeline.ts';

const HOUR_MS = 3_600_000;
/** `limitAt` looks this far for the next change. */
export const LOOK_AHEAD_MS = 25 * HOUR_MS;
/** The longest window that is resolved; whatever is asked beyond it is left out, and the answer's `to` says so. */
export const MAX_WINDOW_MS = 31 * 24 * HOUR_MS;
/** OCPP 1.6 errata 3.69, 2.0.1 K01.FR.49. */
const DEFAULT_NUMBER_PHASES = 3;
/** OCPP 1.6 §7.13 and 2.0.1: a limit has one decimal. */
const REPORTED_STEP = 0.1;

/** `startedAt` absent: it began at some unknown time, and Relative schedules count from the start of the window. */
export type RunningTransaction = { readonly id?: TransactionId; readonly startedAt?: WallTime };

export type LimitNow =
  | { readonly limitAmps: number; readonly until?: WallTime; readonly profileId: number }
  | { readonly unlimited: true; readonly until?: WallTime };

/**
 * The limit in amperes per phase that the profiles give one EVSE at an instant, and the profile that binds. `evse` 0 asks for the station-wide
 * bounds alone; for `evse` n they are among its bounds, but that the EVSEs *together* stay below them is the caller's to see to.
 *
 * `phases` MUST be 1, 2 or 3: on how many phases the EVSE draws, or may draw. Watts are spread over the larger of it and the profile's
 * numberPhases (absent: 3), so that neither amperes nor total power exceed what was meant; amperes are taken as they are (errata 3.34).
 * As an *exposure* the result is right for limits in amperes only: a charger may put all its watts on one phase.
 *
 * Without `transaction` TxProfiles do not apply and TxDefaultProfiles do as if a transaction began at `at`. `until` is when the limit
 * changes; absent: it does not for at least `LOOK_AHEAD_MS`.
 */
export function limitAt(ask: {
  readonly profiles: readonly InstalledProfile[];
  readonly evse: number;
  readonly at: WallTime;
  readonly transaction?: RunningTransaction;
  readonly nominalVolts: number;
  readonly phases: number;
}): LimitNow {
  const { evse, at, nominalVolts, phases } = ask;
  const stack = stackOf(ask.profiles, evse, { from: at, to: at + LOOK_AHEAD_MS }, ask.transaction);
  const amps = combine(
    evse === 0 ? stack.stationBounds : [stack.transaction, ...stack.ownBounds, ...stack.stationBounds],
    (rates) => lowest(rates.flatMap((rate) => (rate ? [safeAmps(rate, nominalVolts, phases)] : []))),
    (a, b) => a.limitAmps === b.limitAmps,
  );
  const first = amps[0];
  if (!first) return { unlimited: true };
  if (first.from > at) return { unlimited: true, until: first.from };
  return first.to < at + LOOK_AHEAD_MS ? { ...first.value, until: first.to } : first.value;
}

export type CompositePeriod = {
  readonly startPeriodSeconds: number;
  readonly limit: number;
  readonly numberPhases?: number;
};

export type Composite = {
  readonly unit: 'A' | 'W';
  readonly from: WallTime;
  /** As asked, but never more than `MAX_WINDOW_MS` after `from`. */
  readonly to: WallTime;
  /** Ascending, the first at 0; empty only for an empty window. Neighbours differ. */
  readonly periods: readonly CompositePeriod[];
};

/**
 * The schedule that GetCompositeSchedule reports for `scope` (an EVSE, or 0 for the whole station: what it takes from the grid) between `from`
 * (inclusive) and `to` (exclusive), in amperes per phase or watts in total. Follows OCPP 1.6 §5.7, 2.0.1 K08 with its errata.
 *
 * `defaultLimit`, in `unit`, is what an EVSE takes where no profile of its transaction is active: its hardware maximum. The station's
 * schedule is the lower of its own bounds and the sum over `evses`. numberPhases is the lowest that the purposes name and, over EVSEs, the
 * highest; absent where nobody names one. Limits are floored to 0.1; where something changes within a second, the lowest limit of that
 * second is reported.
 */
export function resolveComposite(ask: {
  readonly profiles: readonly InstalledProfile[];
  readonly scope: number;
  /** The station's EVSE numbers; read for scope 0 alone. */
  readonly evses: readonly number[];
  readonly from: WallTime;
  readonly to: WallTime;
  readonly unit: 'A' | 'W';
  readonly transactions?: readonly (RunningTransaction & { readonly evse: number })[];
  readonly defaultLimit: number;
  readonly nominalVolts: number;
}): Composite {
  const { scope, unit, from, defaultLimit, nominalVolts } = ask;
  const to = Math.max(from, Math.min(ask.to, from + MAX_WINDOW_MS));
  const window = { from, to };
  const stacks = (scope === 0 ? ask.evses : [scope]).map((evse) =>
    stackOf(
      ask.profiles,
      evse,
      window,
      ask.transactions?.find((one) => one.evse === evse),
    ),
  );
  const { stationBounds } = stackOf(ask.profiles, 0, window, undefined);
  const convert = (rate: Rate, numberPhases: number | undefined) =>
    inUnit(rate, unit, nominalVolts * (numberPhases ?? DEFAULT_NUMBER_PHASES));

  const ofEvses = stacks.map(({ transaction, ownBounds }) =>
    combine([constant<Rate | 'window'>(from, to, 'window'), transaction, ...ownBounds, ...stationBounds], (values) => {
      const [, ofTransaction, ...bounds] = values as (Rate | undefined)[];
      const own = [ofTransaction, ...bounds.slice(0, ownBounds.length)].filter((rate) => rate !== undefined);
      const lowestPhases = fewestPhases([ofTransaction, ...bounds]);
      const limits = own.map((rate) => convert(rate, lowestPhases));
      return {
        limit: Math.min(...limits, ...(ofTransaction ? [] : [defaultLimit])),
        numberPhases: fewestPhases(own),
      };
    }),
  );
  type Part = { readonly limit: number; readonly numberPhases: number | undefined };
  // A station without EVSEs takes nothing; its schedule has no gaps either.
  const parts: Timeline<Part>[] = [constant(from, to, { limit: 0, numberPhases: undefined }), ...ofEvses];
  const total = combine<Part | Rate, Part>(
    [...parts, ...stationBounds],
    (values) => {
      const taken = values.slice(0, parts.length).filter((part) => part !== undefined);
      const bounds = values.slice(parts.length).filter((bound) => bound !== undefined) as Rate[];
      const named = taken.flatMap((part) => part.numberPhases ?? []);
      const numberPhases = fewestPhases([...bounds, { numberPhases: named.length ? Math.max(...named) : undefined }]);
      const sum = taken.reduce((soFar, part) => soFar + part.limit, 0);
      const limit = Math.min(sum, ...bounds.map((bound) => convert(bound, numberPhases)));
      return { limit: floorToStep(limit, REPORTED_STEP), numberPhases };
    },
    isSamePart,
  );
  return { unit, from, to, periods: inWholeSeconds(total, from, to) };

  function isSamePart(a: Part, b: Part): boolean {
    return a.limit === b.limit && a.numberPhases === b.numberPhases;
  }
}

type Stack = {
  /** TxProfile over TxDefaultProfile: what the transaction is given. */
  readonly transaction: Timeline<Rate>;
  /** Bounds installed on this EVSE, a timeline per purpose. */
  readonly ownBounds: readonly Timeline<Rate>[];
  /** Bounds on the station as a whole, a timeline per purpose. */
  readonly stationBounds: readonly Timeline<Rate>[];
};

const BOUNDS: readonly ChargingProfilePurpose[] = ['ChargingStationExternalConstraints', 'ChargingStationMaxProfile'];

function stackOf(
  profiles: readonly InstalledProfile[],
  evse: number,
  window: { readonly from: WallTime; readonly to: WallTime },
  transaction: RunningTransaction | undefined,
): Stack {
  const startedAt = transaction?.startedAt ?? window.from;
  const level = (purpose: ChargingProfilePurpose, installedOn: number, anchor = startedAt) => {
    const found = profiles.filter(({ evse, profile }) => evse === installedOn && profile.purpose === purpose);
    const mine = purpose === 'TxProfile' ? found.filter(({ profile }) => isFor(profile.transactionId)) : found;
    // A later one of the same level stands for an earlier one, as if it had replaced it; the sort is stable.
    const highestFirst = mine.reverse().sort((a, b) => b.profile.stackLevel - a.profile.stackLevel);
    return layer(highestFirst.map(({ profile }) => profileTimeline(profile, { ...window, anchor })));
  };
  const isFor = (id: TransactionId | undefined) =>
    transaction !== undefined && (id === undefined || transaction.id === undefined || id === transaction.id);
  return {
    transaction: layer([level('TxProfile', evse), level('TxDefaultProfile', evse), level('TxDefaultProfile', 0)]),
    ownBounds: evse === 0 ? [] : BOUNDS.map((purpose) => level(purpose, evse)),
    // No transaction is the station's own, so nothing else is left to count a bound without startSchedule from.
    stationBounds: BOUNDS.map((purpose) => level(purpose, 0, window.from)),
  };
}

function safeAmps(rate: Rate, nominalVolts: number, phases: number) {
  const divisor = nominalVolts * Math.max(rate.numberPhases ?? DEFAULT_NUMBER_PHASES, phases);
  return { limitAmps: inUnit(rate, 'A', divisor), profileId: rate.profileId };
}

/** `voltsTimesPhases` turns amperes per phase into watts in total and back. */
function inUnit(rate: Rate, unit: 'A' | 'W', voltsTimesPhases: number): number {
  if (rate.unit === unit) return rate.limit;
  return unit === 'W' ? rate.limit * voltsTimesPhases : rate.limit / voltsTimesPhases;
}

function lowest<T extends { readonly limitAmps: number }>(limits: readonly T[]): T | undefined {
  return limits.reduce<T | undefined>(
    (least, one) => (!least || one.limitAmps < least.limitAmps ? one : least),
    undefined,
  );
}

function fewestPhases(rates: readonly ({ readonly numberPhases?: number | undefined } | undefined)[]) {
  const named = rates.flatMap((rate) => rate?.numberPhases ?? []);
  return named.length ? Math.min(...named) : undefined;
}

/** Cuts a gapless timeline into whole seconds from `from`, the lowest limit of each second, equal neighbours merged. */
function inWholeSeconds(
  timeline: Timeline<{ readonly limit: number; readonly numberPhases: number | undefined }>,
  from: WallTime,
  to: WallTime,
): CompositePeriod[] {
  const starts = timeline.flatMap((span) => {
    const seconds = (span.from - from) / 1_000;
    return [Math.floor(seconds), Math.ceil(seconds)];
  });
  const seconds = [...new Set(starts)].filter((second) => from + second * 1_000 < to);
  const periods: CompositePeriod[] = [];
  let place = 0;
  seconds.forEach((second, index) => {
    const begin = from + second * 1_000;
    const end = from + (seconds[index + 1] ?? Number.POSITIVE_INFINITY) * 1_000;
    while (timeline[place]!.to <= begin) place++;
    let least = timeline[place]!.value;
    for (let next = place; next < timeline.length && timeline[next]!.from < end; next++)
      if (timeline[next]!.value.limit < least.limit) least = timeline[next]!.value;
    const last = periods.at(-1);
    if (last && last.limit === least.limit && last.numberPhases === least.numberPhases) return;
    const { limit, numberPhases } = least;
    periods.push({ startPeriodSeconds: second, limit, ...(numberPhases === undefined ? {} : { numberPhases }) });
  });
  return periods;
}
