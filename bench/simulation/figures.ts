// What the tables of several runs show: their figures as those of one site for one day.
import { mergeFigures } from '../../src/simulator/checks/all.ts';
import type { Outcome } from './run-job.ts';

export type DayFigures = {
  readonly days: number;
  readonly aboveSeconds: number;
  readonly farAboveSeconds: number;
  readonly longestRunSeconds: number;
  readonly worstRatio: number;
  /** Protective devices that may have tripped by the earliest curve that the standards permit, and that must have by the latest. */
  readonly couldTrips: number;
  readonly mustTrips: number;
  /** Days in which a run was longer than a minute, of those that were begun. */
  readonly longRunDays: number;
  readonly begunDays: number;
  readonly deliveredKwh: number;
  readonly commandsPerEvse: number;
};

/** Sums are per site and day, what is longest or worst is of all runs, and trips and days are counted over all of them. */
export function dayFigures(outcomes: readonly Outcome[]): DayFigures {
  const merged = mergeFigures(outcomes.map(({ report }) => report.figures));
  const of = (name: string) => {
    const value = merged[name];
    if (value === undefined) throw new Error(`the runs have no figure ${name}`);
    return value;
  };
  const sum = (amount: (outcome: Outcome) => number) => outcomes.reduce((all, one) => all + amount(one), 0);
  const days = sum(({ report }) => report.hours) / 24;
  return {
    days,
    aboveSeconds: of('fuse-law.aboveLimitSeconds') / days,
    farAboveSeconds: of('fuse-law.above113PercentSeconds') / days,
    longestRunSeconds: of('fuse-law.longestRunSeconds'),
    worstRatio: of('fuse-law.worstRatio'),
    couldTrips: of('thermal.couldTripCount'),
    mustTrips: of('thermal.mustTripCount'),
    longRunDays: of('fuse-law.longRunDays'),
    begunDays: sum(({ report }) => Math.ceil(report.hours / 24)),
    deliveredKwh: sum(({ report }) => report.counts.deliveredWh) / 1_000 / days,
    commandsPerEvse:
      sum(({ report }) => report.counts.commands) / sum(({ report, evses }) => (evses * report.hours) / 24),
  };
}

/** Laws that were broken, each with where it was found, for whoever must look into it. */
export function brokenLaws(outcomes: readonly Outcome[]): readonly string[] {
  return outcomes.flatMap(({ report }) =>
    report.violations.first.map(
      ({ checker, text }) => `${report.site}, seed ${report.seed}, ${report.hours} h: ${checker}: ${text}`,
    ),
  );
}
