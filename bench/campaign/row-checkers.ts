// What rows of the fault table ask besides the laws, put together from a few small checkers: soon enough, all the while, and counted.
import type { CycleRecord } from '../../src/core/model/decision.ts';
import type { Site } from '../../src/core/model/site.ts';
import type { Truth, Violation } from '../../src/simulator/truth.ts';
import { RUN_STARTS_AT } from '../../src/simulator/write-script.ts';
import type { RowChecker } from './row.ts';

/** Milliseconds after the start of the run. */
export const sinceStart = (truth: Truth): number => truth.at - RUN_STARTS_AT;

export type Soon = {
  readonly name: string;
  /** What has to come, for a person: `the first cycle`. */
  readonly what: string;
  /** Counted from this instant. */
  readonly fromMs: number;
  readonly mostMs: number;
  /** It has come: at a step of a second, or with a cycle. */
  readonly onTruth?: (truth: Truth) => boolean;
  readonly onCycle?: (record: CycleRecord, truth: Truth) => boolean;
};

/** It comes within `mostMs`; figures `longestSeconds` and `timesCount`. */
export function soon({ name, what, fromMs, mostMs, ...met }: Soon): RowChecker {
  let tookMs: number | undefined;
  let isTold = false;
  const look = (truth: Truth, has: boolean | undefined): readonly Violation[] => {
    const ms = sinceStart(truth) - fromMs;
    if (ms < 0 || tookMs !== undefined) return [];
    if (has === true) tookMs = ms;
    if (ms <= mostMs || isTold) return [];
    isTold = true;
    const text = `${what} ${has === true ? `came after ${ms / 1_000} s` : `has not come for ${ms / 1_000} s`}; at most ${mostMs / 1_000} s were allowed.`;
    return [{ checker: name, at: truth.at, text }];
  };
  return {
    name,
    onTruth: (truth) => look(truth, met.onTruth?.(truth)),
    onCycle: (record, truth) => look(truth, met.onCycle?.(record, truth)),
    onEnd: (at) =>
      tookMs === undefined && !isTold ? [{ checker: name, at, text: `${what} has not come until the end.` }] : [],
    figures: () => (tookMs === undefined ? { timesCount: 0 } : { longestSeconds: tookMs / 1_000, timesCount: 1 }),
  };
}

export type Always = {
  readonly name: string;
  readonly fromMs: number;
  readonly untilMs: number;
  /** What is wrong now, for a person; undefined where nothing is. */
  readonly onTruth?: (truth: Truth) => string | undefined;
  readonly onCycle?: (record: CycleRecord, truth: Truth) => string | undefined;
};

/** It holds from `fromMs` to before `untilMs`; figures `looksCount` and `wrongCount`. Only the first wrong look is told. */
export function always({ name, fromMs, untilMs, onTruth, onCycle }: Always): RowChecker {
  let [looks, wrongs] = [0, 0];
  const look = (truth: Truth, judge: () => string | undefined): readonly Violation[] => {
    const ms = sinceStart(truth);
    if (ms < fromMs || ms >= untilMs) return [];
    looks += 1;
    const text = judge();
    if (text === undefined) return [];
    wrongs += 1;
    return wrongs === 1 ? [{ checker: name, at: truth.at, text }] : [];
  };
  return {
    name,
    ...(onTruth && { onTruth: (truth: Truth) => look(truth, () => onTruth(truth)) }),
    ...(onCycle && { onCycle: (record: CycleRecord, truth: Truth) => look(truth, () => onCycle(record, truth)) }),
    figures: () => ({ looksCount: looks, wrongCount: wrongs }),
  };
}

/** Nothing but a number for the report: of the script, or of what `onCycle` counts. */
export function counted(name: string, figures: Readonly<Record<string, number>>): RowChecker {
  return { name, figures: () => figures };
}

/** An excess is rounding below this. */
const TOLERANCE_AMPS = 0.01;
const FAR_ABOVE = 1.13;

/**
 * Time above 1.13 L of a circuit's rating from `fromMs` on; figures `longestFarSeconds` and `farSeconds`. A run that is longer than `mostMs` is a
 * violation.
 */
export function farAbove({
  site,
  fromMs,
  mostMs,
}: {
  readonly site: Site;
  readonly fromMs: number;
  readonly mostMs: number;
}): RowChecker {
  const name = 'far-above';
  let [runMs, longestMs, allMs] = [0, 0, 0];
  return {
    name,
    onTruth: (truth) => {
      if (sinceStart(truth) <= fromMs) return [];
      const worst = truth.circuits.find(({ amps }, at) => {
        const { ratingAmps } = site.circuits[at]!;
        return (['L1', 'L2', 'L3'] as const).some((one) => amps[one] > FAR_ABOVE * ratingAmps[one] + TOLERANCE_AMPS);
      });
      if (!worst) {
        runMs = 0;
        return [];
      }
      const before = runMs;
      runMs += truth.elapsedMs;
      allMs += truth.elapsedMs;
      longestMs = Math.max(longestMs, runMs);
      if (before > mostMs || runMs <= mostMs) return [];
      const text = `${worst.circuit} has carried more than 1.13 of its rating for ${runMs / 1_000} s; at most ${mostMs / 1_000} s were allowed.`;
      return [{ checker: name, at: truth.at, text }];
    },
    figures: () => ({ longestFarSeconds: longestMs / 1_000, farSeconds: allMs / 1_000 }),
  };
}

/** From `fromMs` until `isOver`, no charger of `which` may draw more than it might at `fromMs`. */
export function noRise({
  fromMs,
  untilMs,
  which = () => true,
}: {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly which?: (station: string) => boolean;
}): RowChecker {
  let before: readonly number[] | undefined;
  return always({
    name: 'no-rise',
    fromMs,
    untilMs,
    onTruth: ({ evses }) => {
      before ??= evses.map(({ limitAmps, mightAmps }) => Math.max(limitAmps, mightAmps));
      const risen = evses.find(
        ({ station, limitAmps }, at) => which(station) && limitAmps > before![at]! + TOLERANCE_AMPS,
      );
      if (!risen) return undefined;
      const at = evses.indexOf(risen);
      return `${risen.evse} may draw ${risen.limitAmps.toFixed(1)} A; it could draw ${before[at]!.toFixed(1)} A before, and nobody may be raised meanwhile.`;
    },
  });
}
