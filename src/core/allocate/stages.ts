// The order in which the admitted are served beyond their minima, as stages of the linear program: the site's scarcity policy, in one place.

import type { Policy } from '../model/site.ts';
import type { Candidate } from './situation.ts';

/** Cars that leave within the same quarter of an hour are equals. */
const DEPARTURE_CLASS_MS = 15 * 60_000;
/** Departures later than this many classes from the first are equals, so that the number of stages is bounded: two days. */
export const MAX_DEPARTURE_CLASSES = 192;

/** A candidate's part in one stage: it rises to `upper`, in proportion to `weight`. */
export type Part = {
  readonly stage: string;
  readonly order: readonly number[];
  readonly upper: number;
  readonly weight: number;
};

/**
 * The stages in which a candidate takes part. Stages are served in ascending `order`.
 *
 * - part-for-everyone: what deadlines need now, by priority, each the same portion of its need; then the rest, by priority, equal in amperes
 *   per phase by weight.
 * - earliest-departure-first: by priority; within it those who leave sooner take all they can before those who leave later.
 */
export function partsOf(
  { role, evse }: Candidate,
  scarcity: Policy['scarcity'],
  firstDepartureAt: number,
): readonly Part[] {
  const { upper, priority, needAmps, departureAt } = role;
  const rank = -priority;
  if (scarcity === 'earliest-departure-first') {
    const isServed = needAmps === 0 || departureAt === undefined;
    const departure = isServed
      ? MAX_DEPARTURE_CLASSES
      : Math.min(MAX_DEPARTURE_CLASSES - 1, Math.floor((departureAt - firstDepartureAt) / DEPARTURE_CLASS_MS));
    return [{ stage: `leaves ${rank} ${departure}`, order: [rank, departure], upper, weight: evse.weight }];
  }
  const rest: Part = { stage: `rest ${rank}`, order: [1, rank], upper, weight: evse.weight };
  if (needAmps === undefined || !(needAmps > 0)) return [rest];
  const needed = Math.min(upper, needAmps);
  return [{ stage: `need ${rank}`, order: [0, rank], upper: needed, weight: needed }, rest];
}

/** The soonest departure, from which the classes of departures count. */
export function firstDeparture(candidates: readonly Candidate[]): number {
  return Math.min(...candidates.map(({ role }) => role.departureAt ?? Number.POSITIVE_INFINITY));
}
