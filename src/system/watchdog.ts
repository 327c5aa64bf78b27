// Keeps one process making progress: silence is answered with a kill and a new start, within bounds; existence alone satisfies it never.

import type { Clock, Log } from '../engine/ports.ts';
import { type RestartBounds, RestartPolicy } from './restart-policy.ts';
import { SilenceWatch } from './silence.ts';

/** A process that has told of no progress for this long hangs. */
export const SILENCE_MS = 10_000;
/** Its first progress may take this long: modules, files and ports come before it. */
export const FIRST_PROGRESS_MS = 30_000;
/** A process that was asked to stop and has not ended by then is killed. */
export const STOP_DEADLINE_MS = 5_000;

export type WatchedProcess = {
  /** Asks it to end cleanly; does not wait. */
  stop(): void;
  /** Ends it without its help, hung or halted. */
  kill(): void;
};

export type ProcessEvents = {
  readonly onProgress: () => void;
  /** Once, when it has ended. `code` is absent where a signal ended it. */
  readonly onEnd: (end: { readonly code?: number; readonly reason: string }) => void;
};

export type WatchdogOptions<Task> = RestartBounds & {
  readonly task: Task;
  /** Starts a process on `task`; a throw counts as a death. */
  readonly start: (task: Task, events: ProcessEvents) => WatchedProcess;
  readonly clock: Clock;
  readonly log: Log;
};

type State =
  | { readonly state: 'up'; readonly hasProgressed: boolean }
  /** Silent, and killed for it. */
  | { readonly state: 'killed'; readonly reason: string }
  /** Asked to stop, so that the next may begin with another task. */
  | { readonly state: 'replacing' }
  /** Down until the next start; after too many deaths for long, with an alarm. */
  | { readonly state: 'waiting' }
  | { readonly state: 'stopping' }
  | { readonly state: 'ended' };

/**
 * Watches one process at a time. A death is answered as a worker thread's is (`RestartPolicy`). A process that ends by itself before any has
 * ever made progress ends the watch with its exit code: what cannot begin needs a person, not a try more.
 */
export class Watchdog<Task> {
  readonly #options: WatchdogOptions<Task>;
  readonly #policy: RestartPolicy;
  readonly #silence: SilenceWatch;
  readonly #end = Promise.withResolvers<number>();
  #state: State = { state: 'waiting' };
  #process: WatchedProcess | undefined;
  #task: Task;
  /** What ran before the task at hand, until a process has made progress on that. */
  #proved: Task | undefined;
  #hasEverProgressed = false;
  #cancelTimer: (() => void) | undefined;

  constructor(options: WatchdogOptions<Task>) {
    this.#options = options;
    this.#policy = new RestartPolicy(options);
    this.#silence = new SilenceWatch(options.clock, 'watchdog.silence', (silentMs) => this.#killSilent(silentMs));
    this.#task = options.task;
  }

  /** Starts the first process. Resolves with the exit code for the whole when the watch has ended. */
  run(): Promise<number> {
    this.#begin();
    return this.#end.promise;
  }

  /** Ends the process cleanly, by force after `STOP_DEADLINE_MS`, and then the watch. May be called twice. */
  stop(): void {
    const { state } = this.#state;
    if (state === 'stopping' || state === 'ended') return;
    this.#options.log.info('watchdog.stopping');
    this.#cancelTimer?.();
    if (!this.#process) {
      this.#finish(0);
      return;
    }
    this.#state = { state: 'stopping' };
    // One that was killed is ending already.
    if (state !== 'killed') this.#askToStop(this.#process);
  }

  /** Ends the process cleanly and goes on with another task; when no process makes progress on that, with the one before. */
  replace(task: Task): void {
    const { state } = this.#state;
    if (state === 'stopping' || state === 'ended') return;
    // A task that was replaced before it was proved is nothing to go back to.
    this.#proved ??= this.#task;
    this.#task = task;
    if (state === 'waiting') {
      this.#cancelTimer?.();
      this.#begin();
    } else if (state === 'up' && this.#process) {
      this.#state = { state: 'replacing' };
      this.#askToStop(this.#process);
    }
  }

  /** Ends the process at hand without its help; what follows is as after every death, or the end of a stop. */
  kill(): void {
    this.#process?.kill();
  }

  /** What the process at hand works on, or the next one will. */
  get task(): Task {
    return this.#task;
  }

  /** The process found its task to be better described thus; it is what the next one gets. */
  refineTask(task: Task): void {
    this.#task = task;
  }

  #begin(): void {
    const { start, clock, log } = this.#options;
    this.#policy.began(clock.now());
    this.#state = { state: 'up', hasProgressed: false };
    let isOver = false;
    try {
      this.#process = start(this.#task, {
        onProgress: () => {
          if (!isOver) this.#heard();
        },
        onEnd: (end) => {
          if (isOver) return;
          isOver = true;
          this.#ended(end);
        },
      });
      this.#silence.expect(FIRST_PROGRESS_MS);
    } catch (error) {
      isOver = true;
      log.error('watchdog.start-failed', { error: String(error) });
      this.#ended({ reason: `it could not be started: ${error}` });
    }
  }

  #heard(): void {
    if (this.#state.state !== 'up') return;
    if (!this.#state.hasProgressed) {
      this.#state = { state: 'up', hasProgressed: true };
      this.#hasEverProgressed = true;
      this.#proved = undefined;
      // From now on it is watched closely.
      this.#options.log.info('watchdog.progress');
    }
    this.#silence.expect(SILENCE_MS);
  }

  #killSilent(silentMs: number): void {
    const reason = `it made no progress for ${Math.round(silentMs / 100) / 10} s`;
    this.#options.log.error('watchdog.silent', { code: 'CONTROLLER_SILENT', silentMs });
    const hadProgressed = this.#state.state === 'up' && this.#state.hasProgressed;
    this.#state = { state: 'killed', reason };
    if (!hadProgressed) this.#goBack();
    this.#process?.kill();
  }

  #askToStop(process: WatchedProcess): void {
    this.#silence.end();
    this.#cancelTimer = this.#options.clock.timer('watchdog.stop-deadline', STOP_DEADLINE_MS, () => {
      this.#options.log.warn('watchdog.stop-deadline', { deadlineMs: STOP_DEADLINE_MS });
      process.kill();
    });
    process.stop();
  }

  #ended({ code, reason }: { readonly code?: number; readonly reason: string }): void {
    this.#silence.end();
    this.#cancelTimer?.();
    this.#process = undefined;
    const before = this.#state;
    switch (before.state) {
      case 'stopping':
        // Without a code it was killed: no clean end.
        this.#finish(code ?? 1);
        return;
      case 'replacing':
        this.#begin();
        return;
      case 'killed':
        this.#answerDeath(before.reason, true);
        return;
      case 'up':
        if (!this.#hasEverProgressed && code !== undefined) {
          this.#finish(code);
          return;
        }
        if (!before.hasProgressed) this.#goBack();
        this.#answerDeath(reason, false);
        return;
      case 'waiting':
      case 'ended':
    }
  }

  #goBack(): void {
    if (this.#proved === undefined) return;
    this.#options.log.error('watchdog.went-back', { code: 'SITE_RELOAD_FAILED' });
    this.#task = this.#proved;
    this.#proved = undefined;
  }

  /** One that hung has had its pause: the chargers have waited for long enough. */
  #answerDeath(reason: string, hasHung: boolean): void {
    const { clock, log } = this.#options;
    const answer = this.#policy.died(clock.now());
    if (answer.kind === 'pause') {
      log.error('watchdog.paused', { code: 'CONTROLLER_PAUSED', reason, forMs: answer.inMs });
    } else {
      log.error('watchdog.died', { reason, restart: answer.restart, maxRestarts: answer.maxRestarts });
    }
    this.#state = { state: 'waiting' };
    const inMs = hasHung && answer.kind === 'restart' ? 0 : answer.inMs;
    this.#cancelTimer = clock.timer('watchdog.restart', inMs, () => this.#begin());
  }

  #finish(code: number): void {
    this.#state = { state: 'ended' };
    this.#end.resolve(code);
  }
}
