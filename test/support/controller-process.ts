// The controller as a process of its own, as it runs on a site: started by its command line, watched by its live stream, killed without mercy.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import type { AgedStateView } from '../../src/core/model/state-view.ts';

const root = resolve(import.meta.dirname, '../..');

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Runs a verb to its end. */
export async function runVerb(
  args: readonly string[],
  input?: string,
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [resolve(root, 'src/cli.ts'), ...args], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => (out += chunk));
  child.stderr.on('data', (chunk) => (err += chunk));
  child.stdin.end(input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

export class ControllerProcess {
  readonly #child: ChildProcess;
  readonly #address: string;
  readonly #stopping = new AbortController();
  #listeners = new Set<(state: AgedStateView) => void>();
  log = '';

  private constructor(child: ChildProcess, address: string) {
    this.#child = child;
    this.#address = address;
  }

  /** Resolves when stations and people can reach it. */
  static async start(siteFile: string, dataDir: string): Promise<ControllerProcess> {
    const child = spawn(
      process.execPath,
      [resolve(root, 'src/cli.ts'), 'run', siteFile, '--data', dataDir, '--log-level', 'info'],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let log = '';
    child.stderr?.on('data', (chunk) => {
      log = (log + chunk).slice(-20_000);
      if (started) started.log = log;
    });
    let started: ControllerProcess | undefined;
    const address = await new Promise<string>((done, fail) => {
      let out = '';
      child.stdout?.on('data', (chunk) => {
        out += chunk;
        const found = /console on (http:\S+)/.exec(out);
        if (found) done(found[1]!);
      });
      child.once('exit', (code) => fail(new Error(`the controller ended with ${code}:\n${log}`)));
    });
    started = new ControllerProcess(child, address);
    void started.#listen();
    return started;
  }

  get address(): string {
    return this.#address;
  }

  async state(): Promise<AgedStateView> {
    return (await (await fetch(`${this.#address}/api/v1/state`)).json()) as AgedStateView;
  }

  /** Resolves with the first cycle from now on that satisfies `condition`; after 85 cycles without, it rejects and shows the last. */
  until(condition: (state: AgedStateView) => boolean, withinCycles = 85): Promise<AgedStateView> {
    return new Promise((done, fail) => {
      let cycles = 0;
      const listener = (state: AgedStateView) => {
        const isMet = condition(state);
        if (!isMet && ++cycles < withinCycles) return;
        this.#listeners.delete(listener);
        if (isMet) done(state);
        else
          fail(
            new Error(
              `not within ${withinCycles} cycles; the last one:\n${JSON.stringify({ ...state, circuits: state.circuits[0]?.phases.L1 }, null, 1)}`,
            ),
          );
      };
      this.#listeners.add(listener);
    });
  }

  async kill(): Promise<void> {
    this.#stopping.abort();
    this.#child.kill('SIGKILL');
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
  }

  /** As a person would: SIGTERM. Resolves with the exit code. */
  async stop(): Promise<number | null> {
    this.#stopping.abort();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    this.#child.kill('SIGTERM');
    await once(this.#child, 'exit');
    return this.#child.exitCode;
  }

  async #listen(): Promise<void> {
    try {
      const response = await fetch(`${this.#address}/api/v1/stream`, { signal: this.#stopping.signal });
      let text = '';
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        const events = text.split('\n\n');
        text = events.pop()!;
        for (const event of events) {
          const data = /^data: (.*)$/m.exec(event)?.[1];
          if (data) for (const listener of [...this.#listeners]) listener(JSON.parse(data) as AgedStateView);
        }
      }
    } catch (error) {
      if (!this.#stopping.signal.aborted) throw error;
    }
  }
}
