// Ends what cannot be steered: the transaction of a charger that goes on drawing more than it was told, after its operator was warned.

import type { Situation } from '../allocate/situation.ts';
import type { StopCommand } from '../model/decision.ts';
import type { Policy } from '../model/site.ts';
import type { Instant } from '../model/units.ts';

/** A transaction that goes on after it was asked to stop is asked again after this long. */
export const ASK_AGAIN_MS = 120_000;

/**
 * The transactions to be ended now: disobedient for `stopDisobedientAfterMs` up to the newest sample, and not asked to stop a moment ago.
 * A charger that is silent after a disobedient sample counts as disobedient still; one whose newest sample shows that it obeys goes on.
 */
export function stopsOf(
  situations: readonly Situation[],
  policy: Policy,
  now: Instant,
): readonly (Omit<StopCommand, 'id'> & { readonly at: number })[] {
  return situations.flatMap(({ at, evse, station, state, memory }) => {
    const transactionId = state?.transaction?.id;
    const { disobedientSince, disobeyedAt, judgedSampleAt, stopAsked } = memory;
    if (station?.link.state !== 'connected' || transactionId === undefined || disobedientSince === undefined) return [];
    if (now - disobedientSince < policy.stopDisobedientAfterMs) return [];
    if (disobeyedAt === undefined || (judgedSampleAt ?? Number.NEGATIVE_INFINITY) > disobeyedAt) return [];
    if (stopAsked?.transaction === transactionId && now - stopAsked.at < ASK_AGAIN_MS) return [];
    return [
      {
        at,
        kind: 'stop-transaction',
        station: evse.station,
        evse: evse.id,
        transactionId,
        because: 'disobedient',
      } as const,
    ];
  });
}
