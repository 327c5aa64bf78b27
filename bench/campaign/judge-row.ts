// What the runs of a simulated row come to: every figure beside its bound, every violation with its seed.
import { mergeFigures } from '../../src/simulator/checks/all.ts';
import type { Played } from './play-row.ts';
import { type Finding, isWithin, type Measure, type Outcome, type SimulatedRow } from './row.ts';

/** One run: what was found, or the error by which it ended. */
export type Run = { readonly seed: number } & ({ readonly played: Played } | { readonly error: string });

/** Findings kept for the report. */
const KEPT_FINDINGS = 5;

export function judgeRow(row: SimulatedRow, runs: readonly Run[]): Outcome {
  if (runs.length === 0) return { kind: 'not-run', because: 'the time was up before it' };
  const played = runs.flatMap((run) => ('played' in run ? [run.played] : []));
  const figures = mergeFigures(played.map((one) => one.figures));
  const measures = row.figures.map((bound): Measure => ({ ...bound, value: figures[bound.figure] }));
  const findings = runs.flatMap((run) => findingsOf(row, run));
  const isHeld = findings.length === 0 && measures.every(isWithin);
  const hours = played.reduce((sum, one) => sum + one.hours, 0);
  return {
    kind: isHeld ? 'held' : 'broken',
    measures,
    findings: oneOfEachSeed(findings).slice(0, KEPT_FINDINGS),
    // What of the violations was not kept is counted all the same.
    findingCount: runs.reduce((sum, run) => sum + Math.max(violationsOf(run), findingsOf(row, run).length), 0),
    ran: `${runs.length} ${runs.length === 1 ? 'run' : 'runs'}, ${hours.toFixed(1)} h of virtual time`,
    seeds: runs.map(({ seed }) => seed).sort((a, b) => a - b),
  };
}

const violationsOf = (run: Run) => ('played' in run ? run.played.violationCount : 0);

/** What is wrong with one run; a figure beyond its bound is told where no violation tells it already. */
function findingsOf(row: SimulatedRow, run: Run): readonly Finding[] {
  const { seed } = run;
  if ('error' in run) return [{ seed, text: `ended by an error: ${run.error.split('\n')[0]}` }];
  const { violations, figures } = run.played;
  if (violations.length > 0) return violations.map(({ checker, text }) => ({ seed, text: `${checker}: ${text}` }));
  return row.figures.flatMap((bound) => {
    const value = figures[bound.figure];
    if (value === undefined || !('most' in bound) || value <= bound.most) return [];
    return [{ seed, text: `${bound.what}: ${value} ${bound.unit}; at most ${bound.most} were allowed.` }];
  });
}

function oneOfEachSeed(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ seed }, at) => findings.findIndex((one) => one.seed === seed) === at);
}
