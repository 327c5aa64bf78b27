// Timers of one owner, at most one per name: setting a name again takes the earlier one's place, so that no chain ever runs twice.

import type { Clock } from '../engine/ports.ts';

export class NamedTimers {
  readonly #clock: Clock;
  readonly #cancels = new Map<string, () => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  set(name: string, delayMs: number, work: () => void): void {
    this.cancel(name);
    const cancel = this.#clock.timer(name, delayMs, () => {
      this.#cancels.delete(name);
      work();
    });
    this.#cancels.set(name, cancel);
  }

  cancel(name: string): void {
    this.#cancels.get(name)?.();
    this.#cancels.delete(name);
  }

  clear(): void {
    for (const name of [...this.#cancels.keys()]) this.cancel(name);
  }
}
