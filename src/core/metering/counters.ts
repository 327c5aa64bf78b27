// What the energy counters of a meter say about it: that they never run back or jump, and that they count what its power adds up to.

import { type Instant, PHASES } from '../model/units.ts';
import type { Sample } from './sample.ts';

/** What is possible at the meter's place. */
export type CounterBounds = {
  readonly nominalVolts: number;
  readonly plausibleAmps: number;
  readonly factor: number;
};

const COUNTERS = ['energyImportWh', 'energyExportWh'] as const;
type Counter = (typeof COUNTERS)[number];

/** What must be remembered of the counters from one sample to the next. */
export type CounterState = {
  /** What each said last, and since when it has said so. */
  readonly stands: { readonly [C in Counter]?: { readonly wh: number; readonly since: Instant } };
  /** The stretch over which the import counter is held against the power. */
  readonly stretch?: Stretch;
  /** How the last stretch that could tell came out, where it did not agree. */
  readonly contradiction?: Contradiction;
};

type Stretch = {
  /** The import counter had just moved: it is exact at that moment. */
  readonly from: { readonly wh: number; readonly at: Instant };
  /** What the power adds up to since then: netted over the phases, and the drawing phases alone. Meters count the one or the other. */
  readonly leastWh: number;
  readonly mostWh: number;
  readonly last: { readonly leastWatts: number; readonly mostWatts: number; readonly at: Instant };
};

/** `counts-more` than the power says: the currents may be too low. `counts-less`: they may be too high, or the counter stands. */
export type Contradiction = { readonly kind: 'counts-more' | 'counts-less'; readonly detail: string };

export const NO_COUNTERS: CounterState = { stands: {} };

/** Rounding of a counter kept in a 32-bit float is no step back. */
const FLOAT_SHARE = 1e-6;
/** Voltage may be this much above nominal. */
const VOLTS_SHARE = 1.5;
/** A slow block may be this much older than the sample that carries it. */
const CARRIED_MS = 20_000;
/** The coarsest usual step of a counter; behind transformers it grows with their ratio. */
const COARSE_WH = 1_000;
/** Counter and power are one meter's own: they differ by more than this only when one of them is scaled wrongly. */
const SCALE_SHARE = 1.5;
/** The shortest stretch: what a counter read a while ago leaves out is small beside it. */
const SHORTEST_MS = 180_000;
/** A stretch that could not tell by then is begun anew. */
const LONGEST_MS = 3_600_000;
/** So many coarse steps of energy tell a scale apart. */
const TELLING_STEPS = 4;
/** A counter that stands is only then one that does not count. */
const STANDING_STEPS = 25;
/** Power is known up to the next sample, if that comes within this. */
const GAP_MS = 30_000;

/** A step back or a jump that nothing at this connection can have drawn meanwhile, in words for a person. */
export function counterFault(
  bounds: CounterBounds,
  { stands }: CounterState,
  sample: Sample,
  now: Instant,
): string | undefined {
  for (const name of COUNTERS) {
    const [before, wh] = [stands[name], sample[name]];
    if (before === undefined || wh === undefined || wh === before.wh) continue;
    if (wh < before.wh * (1 - FLOAT_SHARE))
      return `${name} went back from ${show(before.wh)} to ${show(wh)}: it wrapped, or the meter was cleared or exchanged`;
    const mostWatts = PHASES.length * VOLTS_SHARE * bounds.nominalVolts * bounds.plausibleAmps;
    const mostWh = (mostWatts * (now - before.since + CARRIED_MS)) / 3_600_000 + coarseWh(bounds);
    if (wh - before.wh > mostWh)
      return `${name} jumped by ${show(wh - before.wh)} Wh, possible are at most ${show(mostWh)} Wh`;
  }
  return undefined;
}

/** The state after a sample that is sound in itself. A counter that it does not carry stays where it stood. */
export function countersAfter(
  bounds: CounterBounds,
  previous: CounterState,
  sample: Sample,
  now: Instant,
): CounterState {
  const stands = { ...previous.stands };
  for (const name of COUNTERS) {
    const wh = sample[name];
    if (wh !== undefined && wh !== stands[name]?.wh) stands[name] = { wh, since: now };
  }
  const imported = sample.energyImportWh;
  const power = powerOf(sample);
  if (imported === undefined || power === undefined) return { ...previous, stands };
  const before = previous.stands.energyImportWh;
  const hasMoved = before !== undefined && imported !== before.wh;
  const { stretch } = previous;
  const elapsedMs = stretch ? now - stretch.last.at : 0;
  const isBroken = hasMoved && counterFault(bounds, previous, sample, now) !== undefined;
  if (!stretch || isBroken || !(elapsedMs >= 0 && elapsedMs <= GAP_MS)) {
    const begun = hasMoved && !isBroken ? { stretch: beginning(imported, power, now) } : {};
    return { stands, ...keptContradiction(previous), ...begun };
  }
  const added: Stretch = {
    from: stretch.from,
    leastWh: stretch.leastWh + (stretch.last.leastWatts * elapsedMs) / 3_600_000,
    mostWh: stretch.mostWh + (stretch.last.mostWatts * elapsedMs) / 3_600_000,
    last: { ...power, at: now },
  };
  const told = comparedWith(bounds, added, imported, hasMoved, now);
  if (told === 'not-yet') return { stands, ...keptContradiction(previous), stretch: added };
  const next = hasMoved ? { stretch: beginning(imported, power, now) } : {};
  if (told === 'cannot-tell') return { stands, ...keptContradiction(previous), ...next };
  return { stands, ...next, ...(told === 'agrees' ? {} : { contradiction: told }) };
}

/** How a stretch came out; `not-yet` while it goes on. */
function comparedWith(
  bounds: CounterBounds,
  { from, leastWh, mostWh, last }: Stretch,
  imported: number,
  hasMoved: boolean,
  now: Instant,
): Contradiction | 'agrees' | 'not-yet' | 'cannot-tell' {
  const lastedMs = now - from.at;
  if (lastedMs < SHORTEST_MS) return 'not-yet';
  const counted = imported - from.wh;
  const coarse = coarseWh(bounds);
  // Between two moves a coarse counter is behind: only what stands for very long does not count at all.
  const canTell = hasMoved ? Math.max(counted, mostWh) >= TELLING_STEPS * coarse : leastWh >= STANDING_STEPS * coarse;
  if (!canTell) return lastedMs > LONGEST_MS ? 'cannot-tell' : 'not-yet';
  const during = `in the last ${Math.round((last.at - from.at) / 60_000)} min the import counter rose by ${show(counted)} Wh`;
  if (counted > SCALE_SHARE * mostWh + coarse)
    return { kind: 'counts-more', detail: `${during}, its power adds up to ${show(mostWh)} Wh at most` };
  if (counted < leastWh / SCALE_SHARE - coarse)
    return { kind: 'counts-less', detail: `${during}, its power adds up to ${show(leastWh)} Wh at least` };
  return 'agrees';
}

function powerOf({ powerWatts, totalPowerWatts }: Sample): Omit<Stretch['last'], 'at'> | undefined {
  if (!powerWatts) {
    if (totalPowerWatts === undefined) return undefined;
    const watts = Math.max(0, totalPowerWatts);
    return { leastWatts: watts, mostWatts: watts };
  }
  const phases = PHASES.map((phase) => powerWatts[phase]);
  return {
    leastWatts: Math.max(
      0,
      phases.reduce((sum, watts) => sum + watts, 0),
    ),
    mostWatts: phases.reduce((sum, watts) => sum + Math.max(0, watts), 0),
  };
}

const beginning = (wh: number, power: Omit<Stretch['last'], 'at'>, at: Instant): Stretch => ({
  from: { wh, at },
  leastWh: 0,
  mostWh: 0,
  last: { ...power, at },
});

const keptContradiction = ({ contradiction }: CounterState) => (contradiction ? { contradiction } : {});
const coarseWh = ({ factor }: CounterBounds) => COARSE_WH * Math.max(1, Math.abs(factor));
const show = (value: number) => String(Math.round(value * 10) / 10);
