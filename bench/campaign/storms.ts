// Rows that real sockets must answer: takes the figures of bench/storm.ts, which runs once for all of them.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/config/package-root.ts';
import { isWithin, type Measure, type Outcome, type OutsideContext } from './row.ts';

type Spread = { readonly p50: number; readonly p99: number; readonly max: number };
type StormResult = {
  readonly row: string;
  readonly servedMs: Spread;
  readonly refusedDials: number;
  readonly calls: number;
  readonly answers: number;
  readonly windows: readonly { readonly name: string; readonly lateMs: Spread }[];
};
type StormFile = { readonly stations: number; readonly results: readonly StormResult[] };

export type StormPart = 'half-mute' | 'reconnect' | 'power-cut';

const STATIONS = 2_000;
/** The first one is also run with half of the stations mute. */
const STORMS = ['mutual', 'mutual-power-cut'];
let running: Promise<StormFile | undefined> | undefined;

export async function storms(context: OutsideContext, part: StormPart): Promise<Outcome> {
  if (context.isShort)
    return { kind: 'not-run', because: 'a storm of 2,000 chargers takes longer than the short campaign has' };
  running ??= runStorms(context);
  const file = await running;
  const storm = file?.results.find(({ row }) => row === (part === 'power-cut' ? 'mutual-power-cut' : 'mutual'));
  if (!file || !storm) return { kind: 'not-run', because: 'bench/storm.ts has not come to its end on this machine' };
  const measures = measuresOf(storm, part);
  return {
    kind: measures.every(isWithin) ? 'held' : 'broken',
    measures,
    findings: [],
    findingCount: 0,
    ran: `bench/storm.ts, ${file.stations} stations, ${storm.row}, chargers and controller on this machine`,
    seeds: [],
  };
}

function measuresOf(storm: StormResult, part: StormPart): readonly Measure[] {
  const late = (window: string) => storm.windows.find(({ name }) => name === window)?.lateMs.p99;
  if (part === 'half-mute')
    return [{ what: 'a cycle comes later, p99', unit: 'ms', value: late('half mute'), most: 100 }];
  const served = { what: 'all served after', unit: 's', value: storm.servedMs.max / 1_000, most: 60 };
  const lost = { what: 'CALLs not answered', unit: 'CALLs', value: storm.calls - storm.answers, most: 0 };
  const jitter = { what: 'a cycle comes later, p99', unit: 'ms', value: late('storm'), most: 100 };
  if (part === 'reconnect')
    return [
      served,
      jitter,
      lost,
      { what: 'dials refused, then dialled again', unit: 'dials', value: storm.refusedDials, told: true },
    ];
  return [{ what: 'CALLs', unit: 'CALLs', value: storm.calls, told: true }, served, lost];
}

async function runStorms({ onProgress }: OutsideContext): Promise<StormFile | undefined> {
  const directory = join(packageRoot(), 'test-results/campaign');
  mkdirSync(directory, { recursive: true });
  const output = join(directory, `storm-${process.pid}.json`);
  onProgress(`running bench/storm.ts with ${STATIONS} stations: ${STORMS.join(', ')}`);
  const args = ['bench/storm.ts', '--stations', String(STATIONS), '--rows', STORMS.join(','), '--no-write'];
  const child = spawn(process.execPath, [...args, '--json', output], {
    cwd: packageRoot(),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await new Promise((done, failed) => child.once('exit', done).once('error', failed));
  return existsSync(output) ? (JSON.parse(readFileSync(output, 'utf8')) as StormFile) : undefined;
}
