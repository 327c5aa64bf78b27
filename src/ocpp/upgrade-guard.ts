// Counts the guesses of an address at the door, and slows down what it is told; it must never keep out a station that knows its key.

import type { Surroundings } from '../engine/ports.ts';

/** Wrong passwords of one address before its refusals are slowed down. */
export const MAX_FAILURES_PER_MINUTE = 5;
const FAILURE_WINDOW_MS = 60_000;
const FAILURE_DELAY_MS = 1_000;
/** Addresses whose failures are remembered; the oldest is forgotten first. */
const MAX_REMEMBERED_ADDRESSES = 1_024;

export class UpgradeGuard {
  readonly #surroundings: Surroundings;
  readonly #failures = new Map<string, readonly number[]>();

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  failed(address: string, identity: string): void {
    const now = this.#surroundings.clock.now();
    const recent = [...this.#recentFailures(address), now].slice(-MAX_FAILURES_PER_MINUTE - 1);
    this.#failures.delete(address);
    this.#failures.set(address, recent);
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > MAX_REMEMBERED_ADDRESSES && oldest !== undefined) this.#failures.delete(oldest);
    if (recent.length > MAX_FAILURES_PER_MINUTE) this.#surroundings.log.error('ocpp.guessing', { address, identity });
  }

  /** Slows refusals down for an address that guesses; the right key is never slowed down, so no station is locked out. */
  async delayAfterFailure(address: string): Promise<void> {
    if (this.#recentFailures(address).length > MAX_FAILURES_PER_MINUTE)
      await this.#surroundings.clock.sleep('ocpp.refusal', FAILURE_DELAY_MS);
  }

  #recentFailures(address: string): readonly number[] {
    const since = this.#surroundings.clock.now() - FAILURE_WINDOW_MS;
    return (this.#failures.get(address) ?? []).filter((at) => at >= since);
  }
}
