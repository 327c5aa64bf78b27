// One site-day: a small site drawn from a seed, a day of it drawn from the same seed, and what its checkers found.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FaultLevel } from '../../src/simulator/script.ts';
import { writeScriptText } from '../../src/simulator/script-form.ts';
import type { Violation } from '../../src/simulator/truth.ts';
import { writeScript } from '../../src/simulator/write-script.ts';
import { setStage, simulate } from '../../src/wiring/simulation/simulate.ts';
import { randomSite } from './random-site.ts';

export type DayWish = { readonly seed: number; readonly hours: number; readonly faults: FaultLevel };

/** Plain data: one line of the results file. */
export type SiteDay = DayWish & {
  readonly build: string;
  readonly node: string;
  readonly stations: number;
  /** The first of each checker at most. */
  readonly violations: readonly Violation[];
  readonly violationCount: number;
  readonly figures: Readonly<Record<string, number>>;
  readonly trace: string;
  readonly cpuSeconds: number;
  /** The run ended by an error of the program: nothing else of this line is known. */
  readonly error?: string;
};

const SHOWN_VIOLATIONS = 5;

/** Runs it. A day with a violation keeps its site and its script in `keepIn`, ready for `busbar simulate --site … --replay …`. */
export async function runSiteDay(wish: DayWish, build: string, keepIn: string): Promise<SiteDay> {
  const { site, file } = randomSite(wish.seed);
  const script = writeScript({ site, ...wish });
  const before = process.cpuUsage();
  const about = { ...wish, build, node: process.version, stations: site.stations.length };
  const cpuSeconds = () => {
    const { user, system } = process.cpuUsage(before);
    return Math.round((user + system) / 1_000) / 1_000;
  };
  const keep = () => {
    mkdirSync(keepIn, { recursive: true });
    writeFileSync(join(keepIn, `${site.id}.site.json`), `${JSON.stringify(file, undefined, 2)}\n`);
    writeFileSync(join(keepIn, `${site.id}.script.json`), writeScriptText(script));
  };
  try {
    const report = await simulate(await setStage(site), script, {});
    if (report.violations.count > 0) keep();
    return {
      ...about,
      violations: report.violations.first.slice(0, SHOWN_VIOLATIONS),
      violationCount: report.violations.count,
      figures: report.figures,
      trace: report.trace.slice(0, 16),
      cpuSeconds: cpuSeconds(),
    };
  } catch (error) {
    // A run that throws is a finding like any other, and the days after it still count.
    keep();
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return {
      ...about,
      ...{ violations: [], violationCount: 0, figures: {}, trace: '', cpuSeconds: cpuSeconds(), error: text },
    };
  }
}
