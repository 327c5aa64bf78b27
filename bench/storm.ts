// Storms over real sockets: all stations of a site come back at once, and half of them never answer; how long until all are served, and how
// steadily the control room cycles meanwhile.
//
//   npm run bench:storm                                   all rows with 2,000 stations; prints the tables and writes docs/benchmarks.md
//   npm run bench:storm -- --stations 200 --rows plain,mutual --no-write
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { watchIdleTimer } from '../test/support/idle-clock.ts';
import type { HerdReport } from '../test/support/storm/herd.ts';
import { Storm, type StormOptions } from '../test/support/storm/storm.ts';
import type { Pace } from '../test/support/storm/storm-controller.ts';
import { writeBetween } from './measure.ts';

/** What the rows differ in. `silent`: the old links are found dead, as after a power cut; `closed`: the stations have closed them. */
type Row = Pick<StormOptions, 'security' | 'addresses' | 'isResuming'> & {
  readonly links: 'closed' | 'silent';
  /** Silent callers at one more address, who come before the storm and stay. */
  readonly crowd?: number;
};
const ROWS: Readonly<Record<string, Row>> = {
  plain: { security: 'plain', addresses: 'one', isResuming: false, links: 'closed' },
  'plain-power-cut': { security: 'plain', addresses: 'one', isResuming: false, links: 'silent' },
  tls: { security: 'tls', addresses: 'one', isResuming: false, links: 'closed' },
  'tls-tickets': { security: 'tls', addresses: 'one', isResuming: true, links: 'closed' },
  mutual: { security: 'mutual', addresses: 'one', isResuming: false, links: 'closed' },
  'mutual-many-addresses': { security: 'mutual', addresses: 'many', isResuming: false, links: 'closed' },
  'mutual-power-cut': { security: 'mutual', addresses: 'one', isResuming: false, links: 'silent' },
  'tls-and-a-crowd': { security: 'tls', addresses: 'many', isResuming: false, links: 'closed', crowd: 10_000 },
};

const { values: options } = parseArgs({
  options: {
    stations: { type: 'string', default: '2000' },
    rows: { type: 'string', default: Object.keys(ROWS).join(',') },
    'cycle-ms': { type: 'string', default: '1000' },
    'mute-seconds': { type: 'string', default: '120' },
    json: { type: 'string' },
    write: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const stations = wholeNumber('stations', 1);
const cycleMs = wholeNumber('cycle-ms', 1_000);
const muteMs = wholeNumber('mute-seconds', 0) * 1_000;
const names = options.rows.split(',');
const unknown = names.find((name) => ROWS[name] === undefined);
if (unknown !== undefined) throw new Error(`--rows has "${unknown}"; expected some of ${Object.keys(ROWS).join(', ')}`);

/** After the last station was served, the control room still has profiles to send. */
const AFTERMATH_MS = 10_000;
const SEED = 1;

type Window = {
  readonly name: string;
  readonly pace: Pace;
  readonly processorPercent: number | undefined;
  /** How much of the time the control room's thread was ready and had no processor: what others on the machine took from it. */
  readonly starvedPercent: number | undefined;
  /** How late timers were in this process, which is idle: the machine's own part. */
  readonly machineLateMs: readonly number[];
};
type Result = {
  readonly row: string;
  readonly boot: HerdReport;
  readonly storm: HerdReport;
  readonly windows: readonly Window[];
  /** Transactions that no stop has reached, and those that one has, on the controller's disk after the storm. */
  readonly transactions: { readonly open: number; readonly stopped: number };
  readonly residentMb: number | undefined;
};

async function run(name: string): Promise<Result> {
  const row = ROWS[name]!;
  const say = (text: string) => process.stderr.write(`storm: ${name}: ${text} …\n`);
  say(`preparing ${stations} stations`);
  const storm = await Storm.prepare({ stations, cycleMs, seed: SEED, ...row });
  const windows: Window[] = [];
  const window = async <T>(label: string, work: () => Promise<T>): Promise<T> => {
    const idle = watchIdleTimer();
    const [from, before] = [Date.now(), storm.controller.processorSeconds()];
    const starvedBefore = storm.controller.starvedSeconds();
    const result = await work();
    const [to, after] = [Date.now(), storm.controller.processorSeconds()];
    const processorPercent = before === undefined ? undefined : ((after! - before) * 100_000) / (to - from);
    const starvedAfter = storm.controller.starvedSeconds();
    const starvedPercent =
      starvedBefore === undefined ? undefined : ((starvedAfter! - starvedBefore) * 100_000) / (to - from);
    const machineLateMs = idle.stop();
    windows.push({
      name: label,
      pace: storm.controller.pace(from, to),
      processorPercent,
      starvedPercent,
      machineLateMs,
    });
    return result;
  };
  try {
    say('all come for the first time');
    const boot = await window('first', () => storm.order({ do: 'boot' }));
    say('half of them begin a transaction');
    await storm.order({ do: 'start', percent: 50 });
    await sleep(AFTERMATH_MS);
    say('steady for a while');
    await window('steady', () => sleep(15_000));
    const residentMb = storm.controller.residentMb();
    if (row.crowd !== undefined) {
      say(`${row.crowd} silent callers come and stay`);
      await storm.addCrowd(row.crowd);
      await sleep(5_000);
    }
    say(`all links end (${row.links}), all come back`);
    const report = await window('storm', async () => {
      const served = await storm.order({ do: 'storm', links: row.links });
      await sleep(AFTERMATH_MS);
      return served;
    });
    const transactions = storm.transactions();
    if (muteMs > 0 && name === names[0]) {
      say('all charge, half of them never answer');
      await storm.order({ do: 'start', percent: 100 });
      await storm.order({ do: 'mute', percent: 50 });
      await window('half mute', () => sleep(muteMs));
    }
    return { row: name, boot, storm: report, windows, transactions, residentMb };
  } finally {
    await storm.end();
  }
}

const quantile = (sorted: readonly number[], at: number) =>
  sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * at) - 1)] ?? Number.NaN;
const whole = (value: number | undefined) => (value === undefined ? '–' : value.toFixed(0));
const seconds = (ms: number) => (ms / 1_000).toFixed(1);
const both = (values: readonly number[]) =>
  `${whole(quantile(values, 0.5))} / ${whole(quantile(values, 0.99))} / ${whole(quantile(values, 1))}`;
/** How much later than a cycle after the one before: what comes sooner was asked for and is no jitter. */
const late = (pace: Pace) => pace.distanceMs.map((ms) => Math.max(0, ms - cycleMs)).sort((a, b) => a - b);
const total = (table: Readonly<Record<string, number>>) => Object.values(table).reduce((sum, times) => sum + times, 0);
const told = (table: Readonly<Record<string, number>>) =>
  Object.entries(table)
    .map(([what, times]) => `${what} ${times}`)
    .join(', ') || 'none';

const results: Result[] = [];
for (const name of names) results.push(await run(name));

const report = [
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, ${stations} stations, a cycle of ${cycleMs} ms; the stations run on the same machine.`,
  '',
  '| storm | all served after s | half of them | dials | refused, dialled again | CALLs | not answered | answer ms p50 / p99 / max | transactions stopped, left open | MB |',
  '|---|---:|---:|---:|---|---:|---:|---:|---:|---:|',
  ...results.map(({ row, storm, transactions, residentMb }) => {
    const served = `${seconds(quantile(storm.servedMs, 1))} | ${seconds(quantile(storm.servedMs, 0.5))}`;
    const missing = storm.calls - storm.answers;
    const answers = `${storm.calls} | ${missing}${missing > 0 ? ` (${told(storm.faults)})` : ''} | ${both(storm.answerMs)}`;
    const kept = `${transactions.stopped}, ${transactions.open}`;
    return `| ${row} | ${served} | ${storm.dials} | ${told(storm.refusals)} | ${answers} | ${kept} | ${whole(residentMb)} |`;
  }),
  '',
  'The control room, in milliseconds as p50 / p99 / max: from the start of one cycle to the start of the next, how much of that is beyond a cycle, and how long a cycle holds its thread. Beside it how late the timers of a process were that did nothing else: what the machine adds; and how much of the time the control room was ready to run and others had the processors.',
  '',
  '| storm | window | cycles | distance | late | took | machine late | processor % | starved % | warnings and errors |',
  '|---|---|---:|---:|---:|---:|---:|---:|---:|---|',
  ...results.flatMap(({ row, windows }) =>
    windows.map(({ name, pace, processorPercent, starvedPercent, machineLateMs }) => {
      const figures = [pace.distanceMs, late(pace), pace.tookMs, machineLateMs].map(both).join(' | ');
      return `| ${row} | ${name} | ${pace.cycles} | ${figures} | ${whole(processorPercent)} | ${whole(starvedPercent)} | ${told(pace.troubles)} |`;
    }),
  ),
].join('\n');
console.log(report);
if (options.json !== undefined)
  writeFileSync(options.json, JSON.stringify({ stations, cycleMs, results: results.map(summary) }, null, 2));
if (options.write) writeBetween('storm', report);

/** For the report of a campaign: the figures without the single measurements. */
function summary({ row, storm, windows, transactions, residentMb }: Result) {
  const spread = (values: readonly number[]) => ({
    p50: quantile(values, 0.5),
    p99: quantile(values, 0.99),
    max: quantile(values, 1),
  });
  const { dials, refusals, calls, answers, faults } = storm;
  return {
    row,
    servedMs: spread(storm.servedMs),
    answerMs: spread(storm.answerMs),
    ...{ dials, refusals, refusedDials: total(refusals), calls, answers, faults, transactions, residentMb },
    windows: windows.map(({ name, pace, machineLateMs, processorPercent, starvedPercent }) => ({
      ...{ name, processorPercent, starvedPercent },
      cycles: pace.cycles,
      distanceMs: spread(pace.distanceMs),
      lateMs: spread(late(pace)),
      tookMs: spread(pace.tookMs),
      machineLateMs: spread(machineLateMs),
      troubles: pace.troubles,
    })),
  };
}

function wholeNumber(name: 'stations' | 'cycle-ms' | 'mute-seconds', least: number): number {
  const value = Number(options[name]);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`--${name} is "${options[name]}"; expected a whole number of at least ${least}`);
  return value;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
