// Keeps one worker thread alive: starts it again when it dies or hangs, with a limit, and stops it with a deadline; it must never restart in a tight loop.

import type { Worker } from 'node:worker_threads';
import type { Clock, Log } from '../engine/ports.ts';
import { type Pulse, watchPulse } from './heartbeat.ts';
import { type RestartBounds, RestartPolicy } from './restart-policy.ts';

/** A worker that was asked to stop and has not ended by then is terminated. */
export const STOP_DEADLINE_MS = 5_000;
/** Posted to the worker's own `parentPort` when it is to stop; it SHOULD finish its writes and let its thread end. */
export const STOP_MESSAGE = 'busbar.stop';

export type SupervisorState =
  | { readonly state: 'up'; readonly sinceMs: number }
  | { readonly state: 'restarting'; readonly because: string }
  /** An alarm: the room is down until `untilMs` on the steady time line. */
  | { readonly state: 'paused'; readonly because: string; readonly untilMs: number }
  | { readonly state: 'stopping' }
  | { readonly state: 'stopped' };

export type SuperviseOptions = RestartBounds & {
  readonly name: string;
  /** Makes a new worker each time it is called; a throw counts as a death. */
  readonly start: () => Worker;
  /** Called right after each start, to join the worker's ports; a throw counts as a death. */
  readonly onUp: (worker: Worker) => void;
  /** Called once for each `onUp`, when that worker has ended, whatever the reason. */
  readonly onDown: (reason: string) => void;
  readonly onState?: (state: SupervisorState) => void;
  /** The pulse that was given to a worker: one whose pulse stops is ended and started again. Absent: only death is noticed. */
  readonly pulseOf?: (worker: Worker) => Pulse | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly stopDeadlineMs?: number;
};

export type SupervisedWorker = {
  state(): SupervisorState;
  /** Ends a worker that lives but makes no progress; it is then started again like one that died. */
  restart(reason: string): void;
  /** Asks the worker to stop and waits for its end, by force after the deadline. No restart follows. May be called twice. */
  stop(): Promise<'clean' | 'terminated'>;
};

/**
 * Starts the worker at once and keeps it alive. Up to `maxRestarts` deaths within `withinMs` are answered by a restart after a moment; the next one
 * by a pause and an alarm (`worker.paused` in the log, state `paused`), after which it is tried afresh; from the third pause in a row on they are long.
 */
export function superviseWorker(options: SuperviseOptions): SupervisedWorker {
  const supervisor = new Supervisor(options);
  supervisor.begin();
  return supervisor;
}

class Supervisor implements SupervisedWorker {
  readonly #options: SuperviseOptions;
  #state: SupervisorState = { state: 'restarting', because: 'first start' };
  #worker: Worker | undefined;
  readonly #policy: RestartPolicy;
  #cancelTimer: (() => void) | undefined;
  #endWatch: (() => void) | undefined;
  /** Why the worker at hand is going to end, when that is known before it has. */
  #reason: string | undefined;
  #stopped: Promise<'clean' | 'terminated'> | undefined;
  #ended = Promise.resolve();

  constructor(options: SuperviseOptions) {
    this.#options = options;
    this.#policy = new RestartPolicy(options);
  }

  state(): SupervisorState {
    return this.#state;
  }

  begin(): void {
    const { start, onUp, clock, log, name } = this.#options;
    this.#reason = undefined;
    let worker: Worker;
    try {
      worker = start();
    } catch (error) {
      this.#answerDeath(`it could not be started: ${detailOf(error)}`);
      return;
    }
    this.#worker = worker;
    this.#ended = new Promise((resolve) => {
      worker.on('error', (error) => {
        this.#reason ??= detailOf(error);
      });
      worker.once('exit', (code) => {
        resolve();
        this.#down(this.#reason ?? `it ended with exit code ${code}`);
      });
    });
    const sinceMs = clock.now();
    this.#policy.began(sinceMs);
    this.#enter({ state: 'up', sinceMs });
    this.#watch(worker);
    try {
      onUp(worker);
      log.info('worker.up', { worker: name });
    } catch (error) {
      this.restart(`it could not be joined: ${detailOf(error)}`);
    }
  }

  restart(reason: string): void {
    if (!this.#worker || this.#stopped) return;
    this.#reason ??= reason;
    void this.#worker.terminate();
  }

  stop(): Promise<'clean' | 'terminated'> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<'clean' | 'terminated'> {
    const { clock, log, name, stopDeadlineMs = STOP_DEADLINE_MS } = this.#options;
    this.#cancelTimer?.();
    this.#endWatch?.();
    const worker = this.#worker;
    let how: 'clean' | 'terminated' = 'clean';
    if (worker) {
      this.#enter({ state: 'stopping' });
      this.#reason ??= 'it was asked to stop';
      const cancel = clock.timer('worker.stop-deadline', stopDeadlineMs, () => {
        how = 'terminated';
        log.warn('worker.stop-deadline', { worker: name, stopDeadlineMs });
        void worker.terminate();
      });
      worker.postMessage(STOP_MESSAGE);
      await this.#ended;
      cancel();
    }
    this.#enter({ state: 'stopped' });
    return how;
  }

  #watch(worker: Worker): void {
    const { pulseOf, clock, log, name } = this.#options;
    const pulse = pulseOf?.(worker);
    if (!pulse) return;
    this.#endWatch = watchPulse(pulse, clock, (silentMs) => {
      log.error('worker.silent', { code: 'WORKER_SILENT', worker: name, silentMs });
      this.restart(`it did nothing for ${Math.round(silentMs / 1000)} s`);
    });
  }

  #down(reason: string): void {
    this.#endWatch?.();
    this.#worker = undefined;
    this.#tell(() => this.#options.onDown(reason));
    if (!this.#stopped) this.#answerDeath(reason);
  }

  #answerDeath(reason: string): void {
    const { name, clock, log } = this.#options;
    const now = clock.now();
    const answer = this.#policy.died(now);
    if (answer.kind === 'pause') {
      log.error('worker.paused', { code: 'WORKER_PAUSED', worker: name, reason, forMs: answer.inMs });
      this.#enter({ state: 'paused', because: reason, untilMs: now + answer.inMs });
    } else {
      const { restart, maxRestarts } = answer;
      log.error('worker.died', { worker: name, reason, restart, maxRestarts });
      this.#enter({ state: 'restarting', because: reason });
    }
    this.#beginIn(answer.inMs);
  }

  #beginIn(delayMs: number): void {
    this.#cancelTimer = this.#options.clock.timer('worker.restart', delayMs, () => this.begin());
  }

  #enter(state: SupervisorState): void {
    this.#state = state;
    this.#tell(() => this.#options.onState?.(state));
  }

  /** A listener that throws is a mistake of ours; going on is safe, and stopping here would leave the room down for ever. */
  #tell(work: () => void): void {
    try {
      work();
    } catch (error) {
      const { log, name } = this.#options;
      log.error('worker.listener-failed', { code: 'WORKER_LISTENER_FAILED', worker: name, detail: detailOf(error) });
    }
  }
}

function detailOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
