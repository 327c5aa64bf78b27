// The order in which the admitted are served beyond what they were granted, as stages of the linear program.

import type { Policy } from '../model/site.ts';
import type { Candidate } from './situation.ts';

/** A candidate's part in one stage: it rises to `upper`, in proportion to `weight`. Stages are served in ascending `order`. */
export type Part = { readonly order: readonly [number, number]; readonly upper: number; readonly weight: number };

const NEEDS = 0;
const REST = 1;

/**
 * The stages in which a candidate takes part: what deadlines need now, by priority, each the same portion of its need; then the rest, by
 * priority, equal in amperes per phase by weight. Where the earliest departure is first, needs have been granted in admission already.
 */
export function partsOf({ role, evse }: Candidate, scarcity: Policy['scarcity']): readonly Part[] {
  const { upper, priority, needAmps } = role;
  const rest: Part = { order: [REST, -priority], upper, weight: evse.weight };
  if (scarcity === 'earliest-departure-first' || needAmps === undefined || !(needAmps > 0)) return [rest];
  const needed = Math.min(upper, needAmps);
  return [{ order: [NEEDS, -priority], upper: needed, weight: needed }, rest];
}
