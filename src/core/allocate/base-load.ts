// What the loads other than EVs draw on a circuit: believed at once when it rises, slowly when it falls, the worst when unknown.

import type { CircuitMemory } from '../model/memory.ts';
import type { Circuit, Policy } from '../model/site.ts';
import type { MeterState } from '../model/snapshot.ts';
import { type Instant, mapPhases, type Phase, type PhaseAmps } from '../model/units.ts';

export type Freshness = 'fresh' | 'held' | 'lost';

/** How far a meter can be believed at `now`: fresh, held (nothing is raised), lost (worst base load). A future stamp is lost. */
export function meterFreshness(meter: MeterState | undefined, now: Instant, policy: Policy): Freshness {
  const reading = meter?.reading;
  if (!reading) return 'lost';
  const ageMs = now - reading.measuredAt;
  if (!(ageMs >= 0) || ageMs > policy.meter.staleAfterMs) return 'lost';
  return ageMs > policy.meter.holdAfterMs ? 'held' : 'fresh';
}

/** What the EVs below a circuit draw on one phase: certainly at least `low`, at most `high`. */
export type DrawRange = { readonly low: number; readonly high: number };

export type BaseLoad = {
  readonly from: 'meter' | 'held' | 'allowance' | 'worst';
  readonly amps: PhaseAmps;
  /** What the next cycle remembers; absent for a circuit without a meter. */
  readonly memory?: CircuitMemory;
};

/**
 * Base load of one circuit in amperes per phase.
 *
 * With a fresh reading it lies between `meter − high` and `meter − low`. As long as the last belief fits in between, it stands: a rise on
 * the meter that cars just allowed to draw more explain is not yet base load. Below that range it is lifted at once, above it it sinks
 * with `baseLoadReleaseMs`. It is never taken below zero, unless generation on the circuit may be used. A held reading keeps the belief; a lost meter means the commissioned worst,
 * or more if more has been seen.
 */
export function baseLoadOf(
  circuit: Circuit,
  meter: MeterState | undefined,
  drawn: { readonly [P in Phase]: DrawRange },
  memory: CircuitMemory | undefined,
  now: Instant,
  policy: Policy,
): BaseLoad {
  if (circuit.meter === undefined) return { from: 'allowance', amps: circuit.allowanceAmps };
  const freshness = meterFreshness(meter, now, policy);
  // A reading that grew old before any cycle saw it still counts once.
  const reading = meter?.reading;
  const unseen = reading !== undefined && reading.measuredAt > (memory?.at ?? Number.NEGATIVE_INFINITY);
  if (freshness === 'lost' || (freshness === 'held' && !memory)) {
    const amps = mapPhases((phase) =>
      Math.max(
        circuit.worstBaseLoadAmps[phase],
        memory?.baseLoadAmps[phase] ?? 0,
        unseen ? reading.currentAmps[phase] - drawn[phase].low : 0,
      ),
    );
    // A meter that has never been read is no reason to disbelieve its first reading.
    return memory || unseen
      ? { from: 'worst', amps, memory: { baseLoadAmps: amps, at: now } }
      : { from: 'worst', amps };
  }
  if (freshness === 'held') {
    const believed = memory!.baseLoadAmps;
    const amps = unseen
      ? mapPhases((phase) => Math.max(believed[phase], reading.currentAmps[phase] - drawn[phase].high))
      : believed;
    return { from: 'held', amps, memory: { baseLoadAmps: amps, at: now } };
  }
  const { currentAmps } = meter!.reading!;
  const amps = mapPhases((phase) => {
    const lowest = circuit.usesGeneration ? Number.NEGATIVE_INFINITY : 0;
    const least = Math.max(lowest, currentAmps[phase] - drawn[phase].high);
    const most = Math.max(lowest, currentAmps[phase] - drawn[phase].low);
    const before = memory?.baseLoadAmps[phase];
    if (before === undefined || before < least) return before === undefined ? most : least;
    if (before <= most) return before;
    const elapsedMs = Math.max(0, now - memory!.at);
    return most + (before - most) * Math.exp(-elapsedMs / policy.baseLoadReleaseMs);
  });
  return { from: 'meter', amps, memory: { baseLoadAmps: amps, at: now } };
}
