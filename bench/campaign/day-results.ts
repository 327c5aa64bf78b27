// The results of many site-days: a file with one line for each, and what they come to together.
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { mergeFigures } from '../../src/simulator/checks/all.ts';
import { table } from '../../src/wiring/table.ts';
import type { DayWish, SiteDay } from './site-day.ts';

/** Failures that are told line by line. */
const SHOWN_FAILURES = 20;

/** What earlier runs of the same program have found for the same wish; a last line that was cut off is no result. */
export function readDays(file: string, isWanted: (day: SiteDay) => boolean): ReadonlyMap<number, SiteDay> {
  if (!existsSync(file)) return new Map();
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return new Map(
    lines
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as SiteDay)
      .filter(isWanted)
      .map((day) => [day.seed, day]),
  );
}

/** Makes the file ready for whole lines, also behind one that was cut off. */
export function readyForDays(file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  if (existsSync(file) && !readFileSync(file, 'utf8').endsWith('\n')) appendFileSync(file, '\n');
}

export function addDay(file: string, day: SiteDay): void {
  appendFileSync(file, `${JSON.stringify(day)}\n`);
}

export const isBroken = (day: SiteDay): boolean => day.violationCount > 0 || day.error !== undefined;

export type DaysReport = { readonly wish: Omit<DayWish, 'seed'>; readonly build: string };

export function daysText(days: readonly SiteDay[], { wish, build }: DaysReport): string {
  const figures = mergeFigures(days.map((day) => day.figures));
  const figure = (name: string) => figures[name] ?? 0;
  const siteDays = days.reduce((sum, { hours }) => sum + hours, 0) / 24;
  const perDay = (name: string) => (siteDays > 0 ? (figure(name) / siteDays).toFixed(3) : '–');
  const seeds = days.map(({ seed }) => seed);
  const broken = days.filter(isBroken);
  const whole = (value: number) => Math.round(value).toLocaleString('en');
  const cpuSeconds = days.reduce((sum, day) => sum + day.cpuSeconds, 0);
  const rows = [
    ['site-days', siteDays.toLocaleString('en', { maximumFractionDigits: 2 })],
    ['seeds', seeds.length === 0 ? 'none' : `${Math.min(...seeds)} to ${Math.max(...seeds)}`],
    ['trips that the earliest curve allows', whole(figure('thermal.couldTripCount'))],
    ['trips that the latest curve demands', whole(figure('thermal.mustTripCount'))],
    ['trips by the building alone', whole(figure('thermal.buildingAloneTripCount'))],
    ['hottest device, % of its earliest trip', whole(figure('thermal.hottestPercent'))],
    ['seconds a day above a limit', perDay('fuse-law.aboveLimitSeconds')],
    ['seconds a day above 1.13 of a limit', perDay('fuse-law.above113PercentSeconds')],
    ['longest time above a limit, seconds', whole(figure('fuse-law.longestRunSeconds'))],
    ['days with more than 60 s above a limit', whole(figure('fuse-law.longRunDays'))],
    ['highest current over its limit', figure('fuse-law.worstRatio').toFixed(3)],
    ['messages acknowledged to chargers', whole(figure('delivery.messagesAcknowledged'))],
    ['messages lost', whole(figure('delivery.messagesLost'))],
    ['processor seconds a site-day', siteDays > 0 ? (cpuSeconds / siteDays).toFixed(2) : '–'],
    ['runs with a violation', whole(broken.filter(({ violationCount }) => violationCount > 0).length)],
    ['runs ended by an error', whole(broken.filter(({ error }) => error !== undefined).length)],
  ];
  return [
    `${wish.hours} h each, faults ${wish.faults}, Busbar ${build}, Node ${process.version}`,
    '',
    table(['of all site-days', 'value'], rows, ['left', 'right']),
    ...brokenLines(broken),
  ].join('\n');
}

function brokenLines(broken: readonly SiteDay[]): readonly string[] {
  if (broken.length === 0) return ['', 'Every law held on every day.'];
  return [
    '',
    `Broken by ${broken.length} ${broken.length === 1 ? 'seed' : 'seeds'}:`,
    ...broken.slice(0, SHOWN_FAILURES).map(({ seed, error, violations }) => {
      const [first] = violations;
      return `  seed ${seed}: ${error?.split('\n')[0] ?? `${first?.checker}: ${first?.text}`}`;
    }),
    ...(broken.length > SHOWN_FAILURES ? [`  … and ${broken.length - SHOWN_FAILURES} more in the results file`] : []),
  ];
}
