// Ends what cannot be steered: the transaction of a charger that goes on drawing more than it was told, after its operator was warned, and in an
// emergency stop at once.

import type { Situation } from '../allocate/situation.ts';
import { isStop } from '../limits/emergency-stop.ts';
import type { StopCommand } from '../model/decision.ts';
import type { Policy } from '../model/site.ts';
import type { Instant } from '../model/units.ts';

/** A transaction that goes on after it was asked to stop is asked again after this long. */
export const ASK_AGAIN_MS = 120_000;

/**
 * The transactions to be ended now: disobedient for `stopDisobedientAfterMs` up to the newest sample, and not asked to stop a moment ago.
 * A charger that is silent after a disobedient sample counts as disobedient still; one whose newest sample shows that it obeys goes on.
 * In an emergency stop nothing is waited for: who disobeys, has not taken the 0 A, or belongs to a model that must never be told 0 A, is
 * asked at once.
 */
export function stopsOf(
  situations: readonly Situation[],
  policy: Policy,
  now: Instant,
): readonly (Omit<StopCommand, 'id'> & { readonly at: number })[] {
  return situations.flatMap((situation) => {
    const { at, evse, station, state, memory } = situation;
    const transactionId = state?.transaction?.id;
    if (station?.link.state !== 'connected' || transactionId === undefined) return [];
    const because = reasonToStop(situation, policy, now);
    const { stopAsked } = memory;
    if (because === undefined) return [];
    if (stopAsked?.transaction === transactionId && now - stopAsked.at < ASK_AGAIN_MS) return [];
    return [{ at, kind: 'stop-transaction', station: evse.station, evse: evse.id, transactionId, because } as const];
  });
}

function reasonToStop(
  { memory, profile, cap }: Situation,
  policy: Policy,
  now: Instant,
): StopCommand['because'] | undefined {
  const { disobedientSince, disobeyedAt, judgedSampleAt } = memory;
  const isDisobedient =
    disobedientSince !== undefined &&
    disobeyedAt !== undefined &&
    (judgedSampleAt ?? Number.NEGATIVE_INFINITY) <= disobeyedAt;
  if (isStop(cap)) {
    // Counted until the next limit is accepted.
    const isRefused = memory.failures > 0;
    const isNeverZero = profile.quirks.includes('zero-amps-breaks-next-limit');
    return isDisobedient || isRefused || isNeverZero ? 'emergency-stop' : undefined;
  }
  return isDisobedient && now - disobedientSince >= policy.stopDisobedientAfterMs ? 'disobedient' : undefined;
}
