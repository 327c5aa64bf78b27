// The controller under a storm: started by its command line, watched by its log and by the kernel, and nothing in it is changed for that.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const root = resolve(import.meta.dirname, '../../..');
const MAX_TAIL_LINES = 200;
/** Linux counts processor time in hundredths of a second for everybody. */
const TICKS_PER_SECOND = 100;

/** What a window of cycles came to. */
export type Pace = {
  readonly cycles: number;
  /** Between the starts of two cycles that follow each other; sorted. */
  readonly distanceMs: readonly number[];
  /** From a cycle's start until everything was handed on; sorted. */
  readonly tookMs: readonly number[];
  /** Warnings and errors, by event, and why where they say so. */
  readonly troubles: Readonly<Record<string, number>>;
};

export class StormController {
  readonly #child: ChildProcess;
  readonly #logFile: string;
  readonly ended: Promise<unknown>;

  private constructor(child: ChildProcess, logFile: string) {
    this.#child = child;
    this.#logFile = logFile;
    this.ended = once(child, 'exit');
  }

  /** `logFile` takes its log: whoever reads a pipe too slowly would hold up who writes it. */
  static async start(siteFile: string, dataDir: string, logFile: string): Promise<StormController> {
    const extra = (process.env.BUSBAR_STORM_NODE_OPTIONS ?? '').split(' ').filter((option) => option !== '');
    const log = openSync(logFile, 'w');
    const child = spawn(
      process.execPath,
      [...extra, resolve(root, 'src/cli.ts'), 'run', siteFile, '--data', dataDir, '--log-level', 'info'],
      { stdio: ['ignore', 'pipe', log] },
    );
    closeSync(log);
    const controller = new StormController(child, logFile);
    const isUp = new Promise<void>((done) => {
      createInterface(child.stdout!).on('line', (line) => {
        if (line.includes('console on')) done();
      });
    });
    await Promise.race([
      isUp,
      controller.ended.then(() => {
        throw new Error(`the controller did not begin:\n${controller.tail()}`);
      }),
    ]);
    return controller;
  }

  /** The last lines of its log. */
  tail(): string {
    return readFileSync(this.#logFile, 'utf8').split('\n').slice(-MAX_TAIL_LINES).join('\n');
  }

  /** The cycles that began from `from` to `to`, both by the wall clock. */
  pace(from: number, to: number): Pace {
    const starts: number[] = [];
    const tookMs: number[] = [];
    const troubles: Record<string, number> = {};
    let lastBefore: number | undefined;
    for (const { time, event, level, ...fields } of this.#entries()) {
      // A cycle's line is its last deed.
      const at = Date.parse(String(time)) - (event === 'cycle' ? Number(fields.tookMs) : 0);
      if (event === 'cycle' && at < from) lastBefore = at;
      if (at < from || at > to) continue;
      if (event === 'cycle') {
        starts.push(at);
        tookMs.push(Number(fields.tookMs));
      } else if (level !== 'info') {
        const what = [event, fields.state, fields.detail].filter((part) => part !== undefined).join(' ');
        troubles[what] = (troubles[what] ?? 0) + 1;
      }
    }
    const all = lastBefore === undefined ? starts : [lastBefore, ...starts];
    return {
      cycles: starts.length,
      distanceMs: all
        .slice(1)
        .map((start, at) => start - all[at]!)
        .sort((a, b) => a - b),
      tookMs: tookMs.sort((a, b) => a - b),
      troubles,
    };
  }

  *#entries(): Iterable<Record<string, unknown>> {
    for (const line of readFileSync(this.#logFile, 'utf8').split('\n'))
      if (line.startsWith('{')) yield JSON.parse(line) as Record<string, unknown>;
  }

  /** Resident memory of all its processes, in MB; undefined where there is no /proc. */
  residentMb(): number | undefined {
    return this.#sum(({ pid }) => Number(/VmRSS:\s+(\d+)/.exec(readProc(`${pid}/status`) ?? '')?.[1] ?? 0) / 1_024);
  }

  /** Seconds of processor time so far, of all its processes and threads; undefined where there is no /proc. */
  processorSeconds(): number | undefined {
    return this.#sum(({ fields }) => (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND);
  }

  /** Seconds that the control room's thread was ready to run and had to wait for a processor; undefined where the kernel does not count it. */
  starvedSeconds(): number | undefined {
    const control = this.#family().find(({ pid }) => readProc(`${pid}/cmdline`)?.includes('controller-process'));
    const counted = control && readProc(`${control.pid}/task/${control.pid}/schedstat`)?.split(' ')[1];
    return counted === undefined ? undefined : Number(counted) / 1e9;
  }

  #sum(figure: (one: Running) => number): number | undefined {
    const family = this.#family();
    return family.length === 0 ? undefined : family.reduce((total, one) => total + figure(one), 0);
  }

  /** The watchdog's process and those below it. */
  #family(): readonly Running[] {
    const all = runningProcesses();
    const family = new Set([this.#child.pid]);
    // A child has a higher number than its parent, but where the numbers have begun anew.
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
    return all.filter(({ pid }) => family.has(pid));
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGTERM');
    await this.ended;
  }
}

type Running = { readonly pid: number; readonly parent: number; readonly fields: readonly string[] };

/** By number; none where there is no /proc. */
function runningProcesses(): readonly Running[] {
  return (existsSync('/proc/self/stat') ? readdirSync('/proc') : [])
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
    .flatMap((pid) => {
      // What follows the name, which may hold spaces: state, parent, …
      const fields = readProc(`${pid}/stat`)?.split(') ').at(-1)?.split(' ');
      return fields ? [{ pid, parent: Number(fields[1]), fields }] : [];
    });
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    // The process has gone.
    return undefined;
  }
}
