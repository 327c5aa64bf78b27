// What is believed of a meter after each attempt to hear from it: a refused sample never replaces a reading, it only lets it age.

import type { MeterReading, MeterState } from '../model/snapshot.ts';
import type { Instant } from '../model/units.ts';
import { type Bounds, judge, NOTHING_SEEN, type PlausibilityState } from './plausibility.ts';
import type { Sample } from './sample.ts';

export type Belief = { readonly state: MeterState; readonly plausibility: PlausibilityState };

export const NOTHING_BELIEVED: Belief = { state: {}, plausibility: NOTHING_SEEN };

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

/** `now`: when the values arrived, or when it was clear that none would. `isNew`: the sample is the reading from now on. */
export function believe(
  bounds: Bounds,
  before: Belief,
  attempt: Attempt,
  now: Instant,
): { readonly belief: Belief; readonly isNew: boolean; readonly event?: MeterEvent } {
  const { state, plausibility } = before;
  if (attempt.kind !== 'sample') {
    const kind = attempt.kind === 'incomplete' ? 'absurd' : 'unreachable';
    return refused({ state: suspected(state, kind, attempt.detail, now), plausibility }, before);
  }
  const { sample, fingerprint } = attempt;
  const { verdict, next } = judge(bounds, plausibility, { sample, fingerprint, now });
  switch (verdict.kind) {
    case 'accepted': {
      const { energyExportWh: _, ...values } = sample;
      const belief = { state: { reading: { ...values, measuredAt: now } }, plausibility: next };
      const { suspicion } = state;
      if (!suspicion) return { belief, isNew: true };
      const lostMs = now - suspicion.since;
      return { belief, isNew: true, event: { event: 'meter.recovered', after: suspicion.kind, lostMs } };
    }
    case 'absurd':
      return refused({ state: suspected(state, 'absurd', verdict.detail, now), plausibility: next }, before);
    case 'frozen': {
      const frozen = suspected(state, 'frozen', verdict.detail, now);
      return refused({ state: agedTo(verdict.since, frozen), plausibility: next }, before);
    }
  }
}

function refused(belief: Belief, before: Belief): ReturnType<typeof believe> {
  const suspicion = belief.state.suspicion!;
  if (before.state.suspicion?.kind === suspicion.kind) return { belief, isNew: false };
  const { kind, detail } = suspicion;
  return { belief, isNew: false, event: { event: 'meter.suspect', kind, detail } };
}

function suspected(state: MeterState, kind: Suspicion['kind'], detail: string, now: Instant): MeterState {
  const { reading, suspicion } = state;
  const since = suspicion?.kind === kind ? suspicion.since : now;
  return { ...(reading && { reading }), suspicion: { kind, detail, since } };
}

/** The values of a frozen meter are those of the moment at which they last changed, however often they came since. */
function agedTo(since: Instant, state: MeterState): MeterState {
  if (!state.reading) return state;
  const aged: MeterReading = { ...state.reading, measuredAt: Math.min(state.reading.measuredAt, since) };
  return { ...state, reading: aged };
}
