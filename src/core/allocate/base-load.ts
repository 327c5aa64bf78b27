// What the loads other than EVs draw on a circuit: believed at once when it rises, slowly when it falls, the worst when unknown.

import { type Freshness, freshnessOf } from '../metering/freshness.ts';
import type { CircuitMemory } from '../model/memory.ts';
import type { Circuit, Policy } from '../model/site.ts';
import type { MeterState } from '../model/snapshot.ts';
import { type Instant, mapPhases, onEachPhase, type Phase, type PhaseAmps } from '../model/units.ts';

/** How far a meter can be believed at `now`: fresh, held (nothing is raised), lost (worst base load). A future stamp is lost. */
export function meterFreshness(meter: MeterState | undefined, now: Instant, policy: Policy): Freshness {
  return freshnessOf(meter?.reading, now, policy.meter);
}

/**
 * What the EVs below a circuit draw on one phase: certainly at least `low`, at most `high`, and no more than `followed` (absent: than `high`) if
 * all of them have followed what they accepted as long ago as a car may take for it.
 */
export type DrawRange = { readonly low: number; readonly high: number; readonly followed?: number };

/** How far a fresh meter is trusted beside what stations measure. `no-release`: a base load that falls is not believed. `none`: taken for lost. */
export type Trust = 'full' | 'no-release' | 'none';

export type BaseLoad = {
  readonly from: 'meter' | 'sum' | 'held' | 'allowance' | 'worst';
  readonly amps: PhaseAmps;
  /** What the next cycle remembers; absent for a circuit without a meter of its own. */
  readonly memory?: CircuitMemory;
};

/** A circuit, or what a meter in a sum measures. */
export type Measured = Pick<Circuit, 'meter' | 'allowanceAmps' | 'worstBaseLoadAmps' | 'usesGeneration'>;

/**
 * Base load of one circuit in amperes per phase.
 *
 * With a fresh reading it lies between `meter − high` and `meter − low`. As long as the last belief fits in between, it stands: a rise on
 * the meter that cars just allowed to draw more explain is not yet base load. Below that range it is lifted at once, above it it sinks
 * with `baseLoadReleaseMs`. It is never taken below zero, unless generation on the circuit may be used. A held reading keeps the belief, or
 * lifts it when it is new; a lost meter means the commissioned worst, or more if more has been seen. While the reading itself is above `limitAmps`,
 * cars that should have followed explain nothing any more: what they should not draw is base load, so that they are lowered further at once.
 * A meter that is not trusted counts as lost however fresh it is; what it shows above the worst is still believed.
 */
export function baseLoadOf(
  circuit: Measured,
  meter: MeterState | undefined,
  drawn: { readonly [P in Phase]: DrawRange },
  memory: CircuitMemory | undefined,
  now: Instant,
  policy: Policy,
  limitAmps?: PhaseAmps,
  trust: Trust = 'full',
): BaseLoad {
  if (circuit.meter === undefined) return { from: 'allowance', amps: circuit.allowanceAmps };
  const byAge = meterFreshness(meter, now, policy);
  const freshness = trust === 'none' ? 'lost' : byAge;
  const reading = meter?.reading;
  // A reading that grew old before any cycle saw it still counts once.
  const newestAt = reading && (reading.newestAt ?? reading.measuredAt);
  const unseen = newestAt !== undefined && newestAt > (memory?.readingAt ?? Number.NEGATIVE_INFINITY);
  const readingAt = unseen ? newestAt : memory?.readingAt;
  const remember = (amps: PhaseAmps): CircuitMemory => ({
    baseLoadAmps: amps,
    at: now,
    ...(readingAt === undefined ? {} : { readingAt }),
  });
  /** The base load that a current leaves when the cars draw the most that they may. */
  const leastShown = (phase: Phase, amps: number) => {
    const { high, followed = high } = drawn[phase];
    return amps - (limitAmps !== undefined && amps > limitAmps[phase] ? followed : high);
  };
  const released = (before: number, to: number) =>
    to + (before - to) * Math.exp(-Math.max(0, now - memory!.at) / policy.baseLoadReleaseMs);
  const unseenAmps = unseen ? reading!.currentAmps : onEachPhase(Number.NEGATIVE_INFINITY);
  if (trust === 'none' && byAge === 'fresh') {
    const amps = mapPhases((phase) => {
      const least = Math.max(circuit.worstBaseLoadAmps[phase], meter!.reading!.currentAmps[phase] - drawn[phase].low);
      const before = memory?.baseLoadAmps[phase] ?? least;
      // It may stay so for hours: what it once showed sinks again, but not beneath what it shows now.
      return before <= least ? least : released(before, least);
    });
    return { from: 'worst', amps, memory: remember(amps) };
  }
  if (freshness === 'lost' || (freshness === 'held' && !memory)) {
    const amps = mapPhases((phase) =>
      Math.max(
        circuit.worstBaseLoadAmps[phase],
        memory?.baseLoadAmps[phase] ?? 0,
        unseenAmps[phase] - drawn[phase].low,
      ),
    );
    // A meter that was not read since our start is no reason to disbelieve its first reading, nor what was believed before.
    if (!reading) return { from: 'worst', amps, ...(memory ? { memory } : {}) };
    return { from: 'worst', amps, memory: remember(amps) };
  }
  if (freshness === 'held') {
    const amps = mapPhases((phase) => Math.max(memory!.baseLoadAmps[phase], leastShown(phase, unseenAmps[phase])));
    return { from: 'held', amps, memory: remember(amps) };
  }
  const { currentAmps, newestAmps = currentAmps } = meter!.reading!;
  const amps = mapPhases((phase) => {
    const lowest = circuit.usesGeneration ? Number.NEGATIVE_INFINITY : 0;
    const least = Math.max(lowest, leastShown(phase, newestAmps[phase]));
    const most = Math.max(lowest, currentAmps[phase] - drawn[phase].low);
    const before = memory?.baseLoadAmps[phase];
    if (before === undefined || before < least) return before === undefined ? most : least;
    if (before <= most || trust === 'no-release') return before;
    return released(before, most);
  });
  return { from: 'meter', amps, memory: remember(amps) };
}
