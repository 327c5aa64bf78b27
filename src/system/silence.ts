// Finds out that something has gone silent; it must never take its own sleep for the silence of another.

import type { Clock } from '../engine/ports.ts';

/** A timer that comes later than this was held up, and what it waits for may be lying unread: it waits once more. */
export const LATE_MS = 500;
/** How long it then waits for what lies unread. */
export const SECOND_HEARING_MS = 2_000;

export class SilenceWatch {
  readonly #clock: Clock;
  readonly #name: string;
  readonly #onSilent: (silentMs: number) => void;
  #heardAt = 0;
  #cancel: (() => void) | undefined;

  /** `name` says in traces who waits. `onSilent` is called once for each `expect`, with how long nothing was heard. */
  constructor(clock: Clock, name: string, onSilent: (silentMs: number) => void) {
    this.#clock = clock;
    this.#name = name;
    this.#onSilent = onSilent;
  }

  /** Something is to be heard within `withinMs` from now; the expectation before is void. */
  expect(withinMs: number): void {
    this.#heardAt = this.#clock.now();
    this.#wait(withinMs);
  }

  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #wait(forMs: number): void {
    this.end();
    const dueAt = this.#clock.now() + forMs;
    this.#cancel = this.#clock.timer(this.#name, forMs, () => {
      const now = this.#clock.now();
      if (now - dueAt > LATE_MS) this.#wait(SECOND_HEARING_MS);
      else {
        this.#cancel = undefined;
        this.#onSilent(now - this.#heardAt);
      }
    });
  }
}
