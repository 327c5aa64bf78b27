// What a car is seen to take: after a while of taking less than it is offered it is offered that and a margin, and more as soon as it uses it.

import type { TakeMemory } from '../model/memory.ts';
import type { Policy } from '../model/site.ts';
import type { EvseState } from '../model/snapshot.ts';
import type { Instant } from '../model/units.ts';

/** A sample taken sooner after a change of the offer shows the car on its way and not what it takes. */
const FOLLOW_MS = 10_000;
/** Some cars sleep at 6 A and begin at 8 A (Renault Zoe): one that takes nothing is left this much to begin with. */
const BEGIN_AMPS = 8;
/** Less than this is no charging. */
const AWAKE_AMPS = 1;
/** Less than this below the offer and the margin is measuring noise. */
const NOISE_AMPS = 0.5;

/**
 * The memory after the newest sample. `offeredAmps` is what the charger was told last, at `offeredAt`. Only what was measured counts: a
 * missing sample changes nothing. A new transaction or state of the car begins anew.
 */
export function takesAfter(
  before: TakeMemory | undefined,
  state: EvseState | undefined,
  offeredAmps: number,
  offeredAt: Instant | undefined,
  { rampDown }: Policy,
): TakeMemory | undefined {
  const transaction = state?.transaction?.id;
  if (transaction === undefined) return undefined;
  const statusSince = state?.statusSince;
  const same = before?.transaction === transaction && before.statusSince === statusSince;
  const known: TakeMemory = same ? before : { transaction, ...(statusSince === undefined ? {} : { statusSince }) };
  const drawn = state?.drawn;
  if (!drawn || drawn.measuredAt === known.judgedSampleAt) return known;
  const judged: TakeMemory = { ...known, judgedSampleAt: drawn.measuredAt };
  const settledAt = Math.max(offeredAt ?? Number.NEGATIVE_INFINITY, statusSince ?? Number.NEGATIVE_INFINITY);
  if (drawn.measuredAt < settledAt + FOLLOW_MS) return judged;
  const takenAmps = Math.max(0, ...drawn.amps);
  const { marginAmps, afterMs } = rampDown;
  const { belowSince: _since, peakAmps: _peak, ceilingAmps, ...rest } = judged;
  if (takenAmps >= offeredAmps - marginAmps - NOISE_AMPS) {
    if (ceilingAmps === undefined) return rest;
    // It uses its margin: twice as much of it, until the car stops using it.
    const used = takenAmps >= ceilingAmps - marginAmps / 2;
    return { ...rest, ceilingAmps: used ? Math.max(ceilingAmps, takenAmps) + 2 * marginAmps : ceilingAmps };
  }
  const belowSince = known.belowSince ?? drawn.measuredAt;
  const peakAmps = Math.max(known.peakAmps ?? 0, takenAmps);
  if (drawn.measuredAt - belowSince < afterMs) {
    return { ...rest, belowSince, peakAmps, ...(ceilingAmps === undefined ? {} : { ceilingAmps }) };
  }
  return { ...rest, ceilingAmps: (peakAmps < AWAKE_AMPS ? BEGIN_AMPS : peakAmps) + marginAmps };
}
