// What each safety measure is worth: the same sites, seeds and faults on the sources as they are, and on copies with one measure taken away.
//
// node bench/ablation.ts [--days 1] [--seeds 4] [--no-write]   also: npm run bench:ablation -- --days 2
import { parseArgs } from 'node:util';
import { ABLATIONS, type Ablation, INSTRUMENT, WHOLE } from './ablation/ablations.ts';
import { copyWith } from './ablation/copy.ts';
import { writeBetween } from './measure.ts';
import { brokenLaws, dayFigures } from './simulation/figures.ts';
import { markdown, runSeconds, shown } from './simulation/markdown.ts';
import { runTasks } from './simulation/pool.ts';
import type { Outcome } from './simulation/run-job.ts';
import { jobsOf, runOptions, whatWasRun } from './simulation/sample.ts';

const { values } = parseArgs({ options: runOptions, allowNegative: true });
const jobs = jobsOf(values);
const copies = ABLATIONS.map(({ edits }) => copyWith([...INSTRUMENT, ...edits]));
try {
  // The longest runs first, whatever the variant, so that no core waits for the last of them.
  const tasks = jobs.flatMap((job) => copies.map(({ dir }) => ({ dir, job })));
  const outcomes = await runTasks('ablation', tasks);
  const byVariant = ABLATIONS.map((_, at) => outcomes.filter((_outcome, task) => task % copies.length === at));
  report(byVariant);
} finally {
  for (const copy of copies) copy.dispose();
}

function report(byVariant: readonly (readonly Outcome[])[]): void {
  const table = markdown(
    [
      'variant',
      's/day above the limit',
      's/day above 1.13 ×',
      'longest run',
      'worst',
      'trips that could / must be',
      'days (or parts of one) with a run > 60 s',
      'kWh/day',
    ],
    ABLATIONS.map((ablation, at) => row(ablation, byVariant[at]!)),
  );
  const explained = ABLATIONS.map(({ name, what }) => `- **${name}**: ${what}`);
  const text = [table, '', whatWasRun('bench:ablation', values), '', ...explained].join('\n');
  console.log(text);
  for (const broken of brokenLaws(byVariant[ABLATIONS.indexOf(WHOLE)]!)) {
    console.error(`With everything in place a law was broken: ${broken}`);
    process.exitCode = 1;
  }
  if (values.write) writeBetween('ablation', text, 'safety.md');
}

function row({ name }: Ablation, outcomes: readonly Outcome[]): readonly string[] {
  const figures = dayFigures(outcomes);
  return [
    name,
    shown(figures.aboveSeconds),
    shown(figures.farAboveSeconds),
    runSeconds(figures.longestRunSeconds),
    `${figures.worstRatio.toFixed(2)} ×`,
    `${figures.couldTrips} / ${figures.mustTrips}`,
    `${figures.longRunDays} of ${figures.begunDays}`,
    shown(figures.deliveredKwh),
  ];
}
