// The real clock with some timers held: they run when the test says so, and their asked delay can be looked at. Nobody sleeps in tests.
import type { Clock } from '../../src/engine/ports.ts';
import { anchorClock, systemClock } from '../../src/system/clock.ts';

type Held = { readonly name: string; readonly delayMs: number; readonly work: () => void };

export class HeldClock implements Clock {
  readonly #real = systemClock(anchorClock());
  readonly #names: ReadonlySet<string>;
  readonly #held = new Set<Held>();
  readonly #watchers = new Set<() => void>();

  constructor(...names: string[]) {
    this.#names = new Set(names);
  }

  now() {
    return this.#real.now();
  }

  wall() {
    return this.#real.wall();
  }

  timer(name: string, delayMs: number, work: () => void): () => void {
    if (!this.#names.has(name)) return this.#real.timer(name, delayMs, work);
    const held = { name, delayMs, work };
    this.#held.add(held);
    for (const look of [...this.#watchers]) look();
    return () => void this.#held.delete(held);
  }

  sleep(name: string, delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = () => {
        cancel();
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const cancel = this.timer(name, delayMs, wake);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }

  /** Delays asked for by the timers of that name that are set now. */
  held(name: string): number[] {
    return [...this.#held].filter((one) => one.name === name).map(({ delayMs }) => delayMs);
  }

  /** Resolves with the asked delay as soon as a timer of that name is set; with `run`, lets it go off at once. */
  async whenHeld(name: string, run: 'look' | 'run' = 'look'): Promise<number> {
    const find = () => [...this.#held].find((one) => one.name === name);
    if (!find())
      await new Promise<void>((resolve) => {
        const look = () => {
          if (!find()) return;
          this.#watchers.delete(look);
          resolve();
        };
        this.#watchers.add(look);
      });
    const held = find();
    if (!held) return this.whenHeld(name, run);
    if (run === 'run') {
      this.#held.delete(held);
      held.work();
    }
    return held.delayMs;
  }

  /** Lets the oldest timer of that name go off and gives the delay it asked for. */
  run(name: string): Promise<number> {
    return this.whenHeld(name, 'run');
  }
}
