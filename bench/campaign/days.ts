// Many days of many small sites under harsh faults, one process per core; what was done is kept, so that a run that was ended goes on where it was.
//
//   npm run campaign:days -- --days 10000 --seed 1 --hours 24 --results test-results/campaign/days.jsonl
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { anchorClock, systemClock } from '../../src/system/clock.ts';
import { buildId } from './build-id.ts';
import { runCrew } from './crew.ts';
import { addDay, daysText, isBroken, readDays, readyForDays } from './day-results.ts';
import type { DayOrder } from './day-worker.ts';
import type { SiteDay } from './site-day.ts';

const PROGRESS_EVERY_MS = 20_000;

const { values } = parseArgs({
  options: {
    days: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    hours: { type: 'string', default: '24' },
    faults: { type: 'string', default: 'harsh' },
    results: { type: 'string', default: 'test-results/campaign/days.jsonl' },
    processes: { type: 'string', default: String(availableParallelism()) },
  },
});
const whole = (name: 'days' | 'seed' | 'processes', least: number): number => {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(`--${name} is "${values[name]}"; expected a whole number of at least ${least}`);
};
const [days, firstSeed, processes] = [whole('days', 1), whole('seed', 0), whole('processes', 1)];
const hours = Number(values.hours);
if (!(hours > 0 && hours <= 744)) throw new Error(`--hours is "${values.hours}"; expected above 0 and at most 744`);
const { faults, results } = values;
if (faults !== 'none' && faults !== 'field' && faults !== 'harsh')
  throw new Error(`--faults is "${faults}"; expected none, field or harsh`);

const wish = { hours, faults } as const;
const build = buildId();
const keepIn = join(dirname(results), 'broken-days');
const isOurs = (seed: number) => seed >= firstSeed && seed < firstSeed + days;
readyForDays(results);
const done = new Map(
  readDays(results, (day) => day.build === build && day.hours === hours && day.faults === faults && isOurs(day.seed)),
);
const earlier = done.size;
const clock = systemClock(anchorClock());
const startedAt = clock.now();
let next = firstSeed;
let isEnded = false;

function tell(): void {
  const [ran, seconds] = [done.size - earlier, (clock.now() - startedAt) / 1_000];
  const left = ran > 0 ? `${duration(((days - done.size) * seconds) / ran)} left` : 'rate not yet known';
  const rate = ran > 0 ? `${((ran * hours * 150) / seconds).toFixed(0)} site-days an hour` : '';
  const broken = [...done.values()].filter(isBroken).length;
  const part = ((100 * done.size) / days).toFixed(1).padStart(5);
  const count = done.size.toLocaleString('en').padStart(days.toLocaleString('en').length);
  console.error(
    `days: ${count} of ${days.toLocaleString('en')} runs, ${part} %, ${broken} broken, ${[rate, left].filter(Boolean).join(', ')}`,
  );
}

function duration(seconds: number): string {
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** The next seed that nobody has run; undefined when there is none, or the run is to end. */
function takeSeed(): number | undefined {
  while (done.has(next)) next += 1;
  if (isEnded || !isOurs(next)) return undefined;
  return next++;
}

function take(day: SiteDay): void {
  done.set(day.seed, day);
  addDay(results, day);
  if (!isBroken(day)) return;
  const [first] = day.violations;
  console.error(
    `days: seed ${day.seed} is broken: ${day.error?.split('\n')[0] ?? `${first?.checker}: ${first?.text}`}`,
  );
  console.error(
    `days: again with: busbar simulate --site ${keepIn}/random-${day.seed}.site.json --replay ${keepIn}/random-${day.seed}.script.json`,
  );
}

console.error(
  `days: ${days.toLocaleString('en')} runs of ${hours} h from seed ${firstSeed}, ${processes} processes, Busbar ${build}; ${earlier.toLocaleString('en')} are in ${results} already`,
);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    isEnded = true;
    console.error('days: ending after the runs that are under way; the same command goes on from there');
  });
const progress = setInterval(tell, PROGRESS_EVERY_MS);
await runCrew<DayOrder, SiteDay>({
  script: new URL('day-worker.ts', import.meta.url),
  processes: Math.min(processes, days),
  next: () => {
    const seed = takeSeed();
    return seed === undefined ? undefined : { wish: { seed, ...wish }, build, keepIn };
  },
  take,
  tell: ({ wish: { seed } }) => `seed ${seed}`,
});
clearInterval(progress);
tell();
const all = [...done.values()].sort((a, b) => a.seed - b.seed);
console.log(daysText(all, { wish, build }));
if (all.some(isBroken) || all.length < days) process.exitCode = 1;
