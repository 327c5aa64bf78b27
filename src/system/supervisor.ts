// Keeps one worker thread alive: starts it again when it dies, with a limit, and stops it with a deadline; it must never restart in a tight loop.

import type { Worker } from 'node:worker_threads';
import type { Clock, Log } from '../engine/ports.ts';

/** This many restarts within `RESTART_WINDOW_MS` are tried; the next death is answered with a pause. */
export const MAX_RESTARTS = 3;
export const RESTART_WINDOW_MS = 60_000;
/** Between a death and the next start, so that a worker that dies at once does not eat the machine. */
export const RESTART_DELAY_MS = 250;
/** How long the room stays down after too many restarts, with an alarm. */
export const PAUSE_MS = 60_000;
/** From this pause in a row on they are `LONG_PAUSE_MS`: still not for ever, for nobody may be on site. */
export const MAX_SHORT_PAUSES = 2;
export const LONG_PAUSE_MS = 15 * 60_000;
/** A worker that was up for this long has recovered: the next pause is a short one again. */
export const STEADY_AFTER_MS = 10 * 60_000;
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

export type SuperviseOptions = {
  readonly name: string;
  /** Makes a new worker each time it is called; a throw counts as a death. */
  readonly start: () => Worker;
  /** Called right after each start, to join the worker's ports; a throw counts as a death. */
  readonly onUp: (worker: Worker) => void;
  /** Called once for each `onUp`, when that worker has ended, whatever the reason. */
  readonly onDown: (reason: string) => void;
  readonly onState?: (state: SupervisorState) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxRestarts?: number;
  readonly withinMs?: number;
  readonly restartDelayMs?: number;
  readonly pauseMs?: number;
  readonly longPauseMs?: number;
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
  #restartedAt: number[] = [];
  #pausesInARow = 0;
  #upSinceMs: number | undefined;
  #cancelTimer: (() => void) | undefined;
  /** Why the worker at hand is going to end, when that is known before it has. */
  #reason: string | undefined;
  #stopped: Promise<'clean' | 'terminated'> | undefined;
  #ended = Promise.resolve();

  constructor(options: SuperviseOptions) {
    this.#options = options;
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
    this.#upSinceMs = clock.now();
    this.#enter({ state: 'up', sinceMs: this.#upSinceMs });
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

  #down(reason: string): void {
    this.#worker = undefined;
    this.#tell(() => this.#options.onDown(reason));
    if (!this.#stopped) this.#answerDeath(reason);
  }

  #answerDeath(reason: string): void {
    const { name, clock, log, maxRestarts = MAX_RESTARTS, withinMs = RESTART_WINDOW_MS } = this.#options;
    const now = clock.now();
    if (this.#upSinceMs !== undefined && now - this.#upSinceMs >= STEADY_AFTER_MS) this.#pausesInARow = 0;
    this.#upSinceMs = undefined;
    this.#restartedAt = this.#restartedAt.filter((at) => now - at < withinMs);
    if (this.#restartedAt.length >= maxRestarts) {
      this.#pause(reason, now);
      return;
    }
    this.#restartedAt.push(now);
    log.error('worker.died', { worker: name, reason, restart: this.#restartedAt.length, maxRestarts });
    this.#enter({ state: 'restarting', because: reason });
    this.#beginIn(this.#options.restartDelayMs ?? RESTART_DELAY_MS);
  }

  #pause(reason: string, now: number): void {
    const { name, log, pauseMs = PAUSE_MS, longPauseMs = LONG_PAUSE_MS } = this.#options;
    this.#pausesInARow += 1;
    const forMs = this.#pausesInARow > MAX_SHORT_PAUSES ? longPauseMs : pauseMs;
    this.#restartedAt = [];
    log.error('worker.paused', { code: 'WORKER_PAUSED', worker: name, reason, forMs });
    this.#enter({ state: 'paused', because: reason, untilMs: now + forMs });
    this.#beginIn(forMs);
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
