// What is believed of a meter after each attempt to hear from it: a refused sample never replaces a reading, it only lets it age.

import type { MeterReading, MeterState, RefusedBy, RefusedCounts } from '../model/snapshot.ts';
import { type Instant, mapPhases, PHASES, type PhaseAmps } from '../model/units.ts';
import { type Bounds, judge, NOTHING_SEEN, type PlausibilityState } from './plausibility.ts';
import type { Sample } from './sample.ts';

export type Belief = {
  readonly state: MeterState;
  readonly plausibility: PlausibilityState;
  /** The last sample that was believed, as it came: less load is believed only when two in a row show it. */
  readonly newest?: Sample;
};

export const NOTHING_BELIEVED: Belief = { state: {}, plausibility: NOTHING_SEEN };

/** Where a count of refused samples stops. */
export const MAX_REFUSED = 1_000_000_000;

/** One attempt: a sample with the text of its raw values (equal texts: the meter said the same again), or why there is none. */
export type Attempt =
  | { readonly kind: 'sample'; readonly sample: Sample; readonly fingerprint: string }
  /** An answer without what is needed of it. */
  | { readonly kind: 'incomplete'; readonly detail: string }
  | { readonly kind: 'unreachable'; readonly detail: string };

/** What changed for the people who look after the meter. */
export type MeterEvent =
  | { readonly event: 'meter.suspect'; readonly kind: Suspicion['kind']; readonly detail: string }
  | { readonly event: 'meter.recovered'; readonly after: Suspicion['kind']; readonly lostMs: number };

type Suspicion = NonNullable<MeterState['suspicion']>;

/**
 * `now`: when the values arrived, or when it was clear that none would. `isNew`: the sample is the reading from now on. More load is believed
 * at once, less only when two samples in a row show it, so that one absurdly low sample raises nobody.
 */
export function believe(
  bounds: Bounds,
  before: Belief,
  attempt: Attempt,
  now: Instant,
): { readonly belief: Belief; readonly isNew: boolean; readonly event?: MeterEvent } {
  const { state, plausibility } = before;
  if (attempt.kind !== 'sample') {
    const kind = attempt.kind === 'incomplete' ? 'absurd' : 'unreachable';
    return refused(suspected(state, kind, attempt.detail, now), attempt.kind, plausibility, before);
  }
  const { sample, fingerprint } = attempt;
  const { verdict, next } = judge(bounds, plausibility, { sample, fingerprint, now });
  switch (verdict.kind) {
    case 'accepted': {
      const { suspicion, doubt, refused } = state;
      const since = doubt?.since ?? now;
      const accepted: MeterState = {
        reading: readingOf(sample, before.newest, now),
        ...(verdict.doubt && { doubt: { kind: 'scale', detail: verdict.doubt.detail, since } }),
        ...(refused && { refused }),
      };
      const belief = { state: accepted, plausibility: next, newest: sample };
      if (!suspicion) return { belief, isNew: true };
      const lostMs = now - suspicion.since;
      return { belief, isNew: true, event: { event: 'meter.recovered', after: suspicion.kind, lostMs } };
    }
    case 'absurd':
      return refused(suspected(state, 'absurd', verdict.detail, now), verdict.by, next, before);
    case 'frozen': {
      const frozen = suspected(state, 'frozen', verdict.detail, now);
      return refused(agedTo(verdict.since, frozen), verdict.by, next, before);
    }
  }
}

/** The higher load of the newest two samples, with what the newest said beside it where that is less. */
function readingOf(sample: Sample, before: Sample | undefined, now: Instant): MeterReading {
  const { energyExportWh: _, ...values } = sample;
  if (!before) return { ...values, measuredAt: now };
  const { currentAmps, powerWatts, totalPowerWatts } = sample;
  const isLess = PHASES.some((phase) => currentAmps[phase] < before.currentAmps[phase]);
  const watts = powerWatts && (before.powerWatts ? higher(powerWatts, before.powerWatts) : powerWatts);
  return {
    ...values,
    currentAmps: isLess ? higher(currentAmps, before.currentAmps) : currentAmps,
    ...(watts && { powerWatts: watts }),
    ...(totalPowerWatts !== undefined && {
      totalPowerWatts: Math.max(totalPowerWatts, before.totalPowerWatts ?? totalPowerWatts),
    }),
    ...(isLess && { newestAmps: currentAmps }),
    measuredAt: now,
  };
}

const higher = (a: PhaseAmps, b: PhaseAmps): PhaseAmps => mapPhases((phase) => Math.max(a[phase], b[phase]));

function refused(
  state: MeterState,
  by: RefusedBy,
  plausibility: PlausibilityState,
  before: Belief,
): ReturnType<typeof believe> {
  const { kind, detail } = state.suspicion!;
  const belief = { ...before, state: { ...state, refused: counted(before.state.refused, by) }, plausibility };
  if (before.state.suspicion?.kind === kind) return { belief, isNew: false };
  return { belief, isNew: false, event: { event: 'meter.suspect', kind, detail } };
}

function counted(counts: RefusedCounts | undefined, by: RefusedBy): RefusedCounts {
  return { ...counts, [by]: Math.min(MAX_REFUSED, (counts?.[by] ?? 0) + 1) };
}

function suspected(state: MeterState, kind: Suspicion['kind'], detail: string, now: Instant): MeterState {
  const since = state.suspicion?.kind === kind ? state.suspicion.since : now;
  return { ...state, suspicion: { kind, detail, since } };
}

/** The values of a frozen meter are those of the moment at which they last changed, however often they came since. */
function agedTo(since: Instant, state: MeterState): MeterState {
  if (!state.reading) return state;
  const aged: MeterReading = { ...state.reading, measuredAt: Math.min(state.reading.measuredAt, since) };
  return { ...state, reading: aged };
}
