// How long a lease and a cycle should be: the same sites, seeds and faults for each length, as a table and a picture.
//
// node bench/sweeps.ts [--days 1] [--seeds 4] [--no-write]   also: npm run bench:sweeps -- --days 2
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeBetween } from './measure.ts';
import { brokenLaws, dayFigures } from './simulation/figures.ts';
import { markdown, runSeconds, shown } from './simulation/markdown.ts';
import { runTasks } from './simulation/pool.ts';
import { jobsOf, runOptions, whatWasRun } from './simulation/sample.ts';
import { type Measured, picture, type Timing } from './sweeps/picture.ts';
import { SILENCE, STEP } from './sweeps/staged.ts';

const ROOT = resolve(import.meta.dirname, '..');

const LEASES: readonly Timing[] = [30, 60, 120, 300, 600].map((leaseSeconds) => ({ leaseSeconds, cycleSeconds: 1 }));
/** A cycle is at most a quarter of the lease, so that one of 20 s asks for a longer lease. */
const CYCLES: readonly Timing[] = [1, 2, 5, 10, 20].map((cycleSeconds) => ({
  leaseSeconds: Math.max(60, cycleSeconds * 4),
  cycleSeconds,
}));
const isSame = (a: Timing, b: Timing) => a.leaseSeconds === b.leaseSeconds && a.cycleSeconds === b.cycleSeconds;
const timings = [...LEASES, ...CYCLES.filter((cycle) => !LEASES.some((lease) => isSame(cycle, lease)))];

const { values } = parseArgs({ options: runOptions, allowNegative: true });
const days = jobsOf(values);
const jobs = [...days, SILENCE, STEP];
// The longest runs first, whatever the timing, so that no core waits for the last of them.
const tasks = jobs.flatMap((job) =>
  timings.map(({ leaseSeconds, cycleSeconds }) => ({
    dir: ROOT,
    job: { ...job, leaseMs: leaseSeconds * 1_000, cycleMs: cycleSeconds * 1_000 },
  })),
);
const outcomes = await runTasks('sweeps', tasks);
const measured = timings.map((timing, at): Measured => {
  const own = outcomes.filter((_, task) => task % timings.length === at);
  const [silence, step] = own.slice(days.length).map((outcome) => dayFigures([outcome]).longestRunSeconds);
  for (const broken of brokenLaws(own.slice(0, days.length))) {
    console.error(`Lease ${timing.leaseSeconds} s, cycle ${timing.cycleSeconds} s: a law was broken: ${broken}`);
    process.exitCode = 1;
  }
  return { ...timing, figures: dayFigures(own.slice(0, days.length)), silenceSeconds: silence!, stepSeconds: step! };
});
const of = (wanted: readonly Timing[]) => wanted.map((timing) => measured.find((one) => isSame(one, timing))!);
const text = [table(of(LEASES)), '', table(of(CYCLES)), '', whatWasRun('bench:sweeps', values)].join('\n');
console.log(text);
if (values.write) {
  writeBetween('sweeps', text, 'safety.md');
  writeFileSync(resolve(ROOT, 'docs', 'pictures', 'sweeps.svg'), picture(of(LEASES), of(CYCLES)));
}

function table(rows: readonly Measured[]): string {
  return markdown(
    [
      'lease',
      'cycle',
      'the building rises unseen',
      'the building rises',
      'longest run',
      's/day above the limit',
      's/day above 1.13 ×',
      'trips that could / must be',
      'commands per EVSE and day',
      'kWh/day',
    ],
    rows.map(({ leaseSeconds, cycleSeconds, figures, silenceSeconds, stepSeconds }) => [
      runSeconds(leaseSeconds),
      runSeconds(cycleSeconds),
      runSeconds(silenceSeconds),
      runSeconds(stepSeconds),
      runSeconds(figures.longestRunSeconds),
      shown(figures.aboveSeconds),
      shown(figures.farAboveSeconds),
      `${figures.couldTrips} / ${figures.mustTrips}`,
      shown(figures.commandsPerEvse),
      shown(figures.deliveredKwh),
    ]),
  );
}
