// The fault campaign: every row of the fault table with its bound, run with fixed and fresh seeds, and told as held, broken or not run.
//
//   npm run campaign                                all rows; prints the table and writes docs/campaign.md
//   npm run campaign -- --short                     at most five minutes on two cores
//   npm run campaign -- --rows 1,2,9-14 --seeds 20
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { anchorClock, systemClock, systemRandom } from '../src/system/clock.ts';
import { allRows } from './campaign/all-rows.ts';
import { buildId } from './campaign/build-id.ts';
import { runCampaign } from './campaign/campaign.ts';
import { chooseRows, drawSeeds } from './campaign/choose.ts';
import { campaignPage, campaignText } from './campaign/report.ts';

const FULL_SEEDS = 200;
const SHORT_SEEDS = 3;
/** Of five minutes; the rest is for the rows that are tests. */
const SHORT_SIMULATED_MS = 150_000;

const { values } = parseArgs({
  options: {
    rows: { type: 'string' },
    seeds: { type: 'string' },
    seed: { type: 'string' },
    fresh: { type: 'string' },
    short: { type: 'boolean', default: false },
    processes: { type: 'string', default: String(availableParallelism()) },
    minutes: { type: 'string' },
    'vitest-results': { type: 'string' },
    write: { type: 'boolean' },
  },
  allowNegative: true,
});
const fail = (text: string): never => {
  console.error(text);
  process.exit(2);
};
const whole = (name: 'seeds' | 'seed' | 'fresh' | 'processes' | 'minutes', least: number): number => {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= least) return value;
  return fail(`--${name} is "${values[name]}"; expected a whole number of at least ${least}`);
};
const isShort = values.short;
const chosen = chooseRows(allRows, values.rows);
if (!chosen.ok) fail(chosen.fault);
const rows = chosen.ok ? chosen.rows : [];
const fixed = values.seeds === undefined ? (isShort ? SHORT_SEEDS : FULL_SEEDS) : whole('seeds', 1);
const first = values.seed === undefined ? 1 : whole('seed', 0);
// Whoever names a seed wants that one.
const usualFresh = values.seed === undefined ? Math.ceil(fixed / 4) : 0;
const fresh = values.fresh === undefined ? usualFresh : whole('fresh', 0);
const seeds = drawSeeds({ first, fixed, fresh }, systemRandom);
const freshSeeds = seeds.slice(fixed);
const mostMs = values.minutes === undefined ? (isShort ? SHORT_SIMULATED_MS : undefined) : whole('minutes', 1) * 60_000;
const say = (text: string) => console.error(`campaign: ${text}`);

let isEnded = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    isEnded = true;
    say('ending after the runs that are under way');
  });
const clock = systemClock(anchorClock());
const startedAt = clock.now();
say(`${rows.length} rows, ${seeds.length} seeds${freshSeeds.length > 0 ? `, fresh ones ${freshSeeds.join(' ')}` : ''}`);
const reports = await runCampaign({
  ...{ rows, seeds, isShort, clock, processes: whole('processes', 1), onProgress: say, isEnded: () => isEnded },
  ...(mostMs === undefined ? {} : { mostMs }),
  ...(values['vitest-results'] === undefined ? {} : { vitestResults: values['vitest-results'] }),
});
const head = {
  build: buildId(),
  date: new Date(clock.wall()).toISOString().slice(0, 10),
  node: process.version,
  hardware: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`,
  ...{ isShort, seeds, freshSeeds },
};
console.log(campaignText(head, reports));
say(`took ${Math.round((clock.now() - startedAt) / 1_000)} s`);
if (values.write ?? (values.rows === undefined && !isShort && !isEnded))
  writeFileSync(new URL('../docs/campaign.md', import.meta.url), campaignPage(head, reports));
if (isEnded || reports.some(({ outcome }) => outcome.kind === 'broken')) process.exitCode = 1;
