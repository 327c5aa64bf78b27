// The controller under a storm: started by its command line, watched by its log and by the kernel, and nothing in it is changed for that.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const root = resolve(import.meta.dirname, '../../..');
const MAX_TAIL_LINES = 200;
/** Linux counts processor time in hundredths of a second for everybody. */
const TICKS_PER_SECOND = 100;

/** What a window of cycles came to. */
export type Pace = {
  readonly cycles: number;
  /** Between the ends of two cycles that follow each other. */
  readonly distanceMs: readonly number[];
  readonly decideMs: readonly number[];
  /** Warnings and errors, by event. */
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

  /** The cycles that ended from `from` to `to`, both by the wall clock. */
  pace(from: number, to: number): Pace {
    const ends: number[] = [];
    const decideMs: number[] = [];
    const troubles: Record<string, number> = {};
    let lastBefore: number | undefined;
    for (const { time, event, level, ...fields } of this.#entries()) {
      const at = Date.parse(String(time));
      if (event === 'cycle' && at < from) lastBefore = at;
      if (at < from || at > to) continue;
      if (event === 'cycle') {
        ends.push(at);
        decideMs.push(Number(fields.decideMs));
      } else if (level !== 'info') troubles[String(event)] = (troubles[String(event)] ?? 0) + 1;
    }
    const all = lastBefore === undefined ? ends : [lastBefore, ...ends];
    return {
      cycles: ends.length,
      distanceMs: all
        .slice(1)
        .map((end, at) => end - all[at]!)
        .sort((a, b) => a - b),
      decideMs: decideMs.sort((a, b) => a - b),
      troubles,
    };
  }

  *#entries(): Iterable<Record<string, unknown>> {
    for (const line of readFileSync(this.#logFile, 'utf8').split('\n'))
      if (line.startsWith('{')) yield JSON.parse(line) as Record<string, unknown>;
  }

  /** Resident memory now and at its highest; undefined where there is no /proc. */
  memory(): { readonly residentMb: number; readonly highestMb: number } | undefined {
    const text = readProc(`${this.#child.pid}/status`);
    const read = (field: string) => Number(new RegExp(`${field}:\\s+(\\d+)`).exec(text ?? '')?.[1]) / 1_024;
    return text === undefined ? undefined : { residentMb: read('VmRSS'), highestMb: read('VmHWM') };
  }

  /** Seconds of processor time so far, all threads together; undefined where there is no /proc. */
  processorSeconds(): number | undefined {
    const fields = readProc(`${this.#child.pid}/stat`)?.split(') ')[1]?.split(' ');
    return fields && (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGTERM');
    await this.ended;
  }
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    // No Linux, or the process has gone.
    return undefined;
  }
}
