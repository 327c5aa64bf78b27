// `busbar run` as it runs on a site, parent and controller: heard by its log, found by its process ids, made to hang through Node's inspector.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';

const root = resolve(import.meta.dirname, '../..');

export type LogLine = { readonly event: string; readonly room?: string; readonly [field: string]: unknown };

/** The newest lines of the log that are kept. */
const MAX_LINES_KEPT = 2_000;

export class WatchedRun {
  readonly lines: LogLine[] = [];
  /** Everything on standard error that is no line of the log. */
  readonly complaints: string[] = [];
  readonly exited: Promise<number | null>;
  readonly #parent: ChildProcess;
  readonly #listeners = new Set<(line: LogLine | undefined) => void>();

  private constructor(parent: ChildProcess) {
    this.#parent = parent;
    this.exited = once(parent, 'exit').then(([code]) => code as number | null);
    createInterface({ input: parent.stderr! }).on('line', (text) => this.#take(text));
  }

  static start(siteFile: string, dataDir: string): WatchedRun {
    const parent = spawn(process.execPath, [resolve(root, 'src/cli.ts'), 'run', siteFile, '--data', dataDir], {
      stdio: ['ignore', 'ignore', 'pipe'],
      // Should an inspector be opened, then on a port of its own.
      env: { ...process.env, NODE_OPTIONS: '--inspect-port=0' },
    });
    return new WatchedRun(parent);
  }

  /** The parent's. */
  get pid(): number {
    return this.#parent.pid!;
  }

  /** The controller's newest. */
  get controllerPid(): number {
    return this.lines.findLast(({ event }) => event === 'watchdog.up')!.pid as number;
  }

  /** The first line from now on that satisfies `condition`. */
  next(condition: (line: LogLine) => boolean): Promise<LogLine> {
    return this.#wait((line) => (line && condition(line) ? line : undefined));
  }

  /** The next cycle of whichever controller runs. */
  cycle(): Promise<LogLine> {
    return this.next(({ event, room }) => event === 'cycle' && room === 'control');
  }

  /** Resolves when the newest controller has told its parent of progress: from then on its silence is noticed after `SILENCE_MS`. */
  async progress(): Promise<void> {
    const newest = this.lines.findLast(({ event }) => event === 'watchdog.up' || event === 'watchdog.progress');
    if (newest?.event !== 'watchdog.progress') await this.next(({ event }) => event === 'watchdog.progress');
  }

  signal(signal: NodeJS.Signals): void {
    this.#parent.kill(signal);
  }

  /** Makes the controller's main thread, or the worker of that name, loop for ever, through the inspector and nothing of its own. */
  async hang(worker?: string): Promise<void> {
    const told = this.complaints.length;
    const listening = this.#wait(() => this.#inspectorUrl(told));
    process.kill(this.controllerPid, 'SIGUSR1');
    const socket = new WebSocket(await listening);
    await once(socket, 'open');
    // The loop never answers, and the socket goes with the process.
    socket.on('error', () => {});
    const evaluate = { id: 2, method: 'Runtime.evaluate', params: { expression: 'for (;;) {}' } };
    if (worker === undefined) {
      socket.send(JSON.stringify(evaluate));
      return;
    }
    socket.on('message', (data) => {
      const { method, params } = JSON.parse(String(data)) as {
        method?: string;
        params?: { sessionId: string; workerInfo?: { title: string } };
      };
      if (method !== 'NodeWorker.attachedToWorker' || !params?.workerInfo?.title.includes(worker)) return;
      const { sessionId } = params;
      const send = { sessionId, message: JSON.stringify(evaluate) };
      socket.send(JSON.stringify({ id: 3, method: 'NodeWorker.sendMessageToWorker', params: send }));
    });
    socket.send(JSON.stringify({ id: 1, method: 'NodeWorker.enable', params: { waitForDebuggerOnStart: false } }));
  }

  /** Without mercy for either process. */
  async kill(): Promise<void> {
    if (this.#parent.exitCode === null && this.#parent.signalCode === null) {
      // A halted controller could not see that its parent is gone.
      if (this.lines.some(({ event }) => event === 'watchdog.up') && isAlive(this.controllerPid))
        process.kill(this.controllerPid, 'SIGKILL');
      this.#parent.kill('SIGKILL');
    }
    await this.exited;
  }

  /** Of a controller that said so after the first `told` complaints; one before it may have ended. */
  #inspectorUrl(told: number): string | undefined {
    const found = this.complaints
      .slice(told)
      .map((line) => /listening on (ws:\S+)/.exec(line)?.[1])
      .findLast((url) => url !== undefined);
    return found;
  }

  #wait<T>(look: (line: LogLine | undefined) => T | undefined): Promise<T> {
    return new Promise((done) => {
      const listener = (line: LogLine | undefined) => {
        const found = look(line);
        if (found === undefined) return;
        this.#listeners.delete(listener);
        done(found);
      };
      this.#listeners.add(listener);
    });
  }

  #take(text: string): void {
    let line: LogLine | undefined;
    try {
      line = JSON.parse(text) as LogLine;
      this.lines.push(line);
    } catch {
      this.complaints.push(text);
    }
    if (this.lines.length > MAX_LINES_KEPT) this.lines.shift();
    for (const listener of [...this.#listeners]) listener(line);
  }
}

/** Whether a process of that id runs; one that has ended and is only not yet buried by its new parent does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    // Without /proc the signal alone has to tell.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && process.platform !== 'linux';
  }
}
