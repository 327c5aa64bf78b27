// What a person who watches a meter sees: the picture of all readings so far as text of a fixed height; it reads nothing and keeps no time.

import { mapPhases, type PerPhase, PHASES } from '../core/model/units.ts';
import type { MeterShot } from '../modbus/read-once.ts';
import { figuresOf, fixed, totalWattsOf } from './meter-figures.ts';
import { phasesOf, restOf } from './meter-text.ts';

type Range = { readonly least: number; readonly most: number };

/** What has been seen since the watching began. */
export type Watched = {
  readonly reads: number;
  readonly failed: number;
  /** Amperes per phase, of what was believed and what was not. */
  readonly amps: PerPhase<Range | undefined>;
  readonly last?: { readonly shot: MeterShot; readonly readMs: number };
  /** Why the newest try gave nothing, in words. */
  readonly trouble?: string;
};

export const NOTHING_WATCHED: Watched = { reads: 0, failed: 0, amps: { L1: undefined, L2: undefined, L3: undefined } };

export function watchedRead(before: Watched, shot: MeterShot, readMs: number): Watched {
  const { phases } = figuresOf(shot);
  const amps = mapPhases((phase): Range | undefined => {
    const [range, now] = [before.amps[phase], phases[phase].amps];
    // A current that is no number has no place in a range.
    if (now === undefined || !Number.isFinite(now)) return range;
    return { least: Math.min(now, range?.least ?? now), most: Math.max(now, range?.most ?? now) };
  });
  return { reads: before.reads + 1, failed: before.failed, amps, last: { shot, readMs } };
}

export function watchedFailure(before: Watched, trouble: string): Watched {
  return { ...before, failed: before.failed + 1, trouble };
}

const BAR = 20;
/** A bar is never scaled to less: a meter at rest must not look busy. */
const LEAST_SCALE_AMPS = 1;

/** `ageMs`: of the newest reading. `ratingAmps`: what a full bar stands for; absent: the greatest current seen. */
export function frameText(title: string, watched: Watched, ageMs: number, ratingAmps?: number): string {
  const { last, reads, failed, trouble } = watched;
  const tries = `${reads} read, ${failed} failed`;
  if (!last) return [title, trouble ?? 'reading …', tries].join('\n');
  const figures = figuresOf(last.shot);
  const seen = PHASES.flatMap((phase) => {
    const range = watched.amps[phase];
    return range ? [Math.abs(range.least), Math.abs(range.most)] : [];
  });
  const scaleAmps = ratingAmps ?? Math.max(LEAST_SCALE_AMPS, ...seen);
  const full = `full bar: ${fixed(scaleAmps, scaleAmps < 10 ? 1 : 0)} A${ratingAmps === undefined ? ' (most seen)' : ' (rating)'}`;
  const rows = phasesOf(last.shot).map((phase) => {
    const { volts, amps, watts, powerFactor } = figures.phases[phase];
    const range = watched.amps[phase];
    const numbers = [fixed(volts, 1).padStart(6), fixed(amps, 2).padStart(8)].join(' ');
    const ends = [fixed(range?.least, 2).padStart(8), fixed(range?.most, 2).padStart(8)].join(' ');
    return `${phase}  ${numbers}  ${bar(amps, scaleAmps)}  ${ends}  ${fixed(watts, 0).padStart(8)} ${fixed(powerFactor, 2).padStart(5)}`;
  });
  const state = trouble ?? (last.shot.doubt === undefined ? 'believed' : `not believed: ${last.shot.doubt}`);
  return [
    title,
    `         V        A  ${full.padEnd(BAR + 5)}       min      max         W    PF`,
    ...rows,
    `sum${fixed(totalWattsOf(figures), 0).padStart(72)}`,
    restOf(figures),
    `newest ${ageMs} ms old, read in ${last.readMs} ms; ${tries}`,
    state,
  ].join('\n');
}

/** `█` is import and `▒` export. */
function bar(amps: number | undefined, scaleAmps: number): string {
  if (amps === undefined || !Number.isFinite(amps)) return ' '.repeat(BAR + 5);
  const share = Math.abs(amps) / scaleAmps;
  const filled = Math.min(BAR, Math.round(share * BAR));
  const drawn = (amps < 0 ? '▒' : '█').repeat(filled).padEnd(BAR, '·');
  return `${drawn} ${share > 999 ? '>999' : `${Math.round(share * 100)}%`.padStart(4)}`;
}
