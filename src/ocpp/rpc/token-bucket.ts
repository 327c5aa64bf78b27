// A token bucket: how much of something a peer may still do now, and how long until it may do one more.

import type { Instant } from '../../core/model/units.ts';

export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #at: Instant;

  /** Starts full. */
  constructor(perSecond: number, burst: number, now: Instant) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = now;
  }

  /** Takes one token, going into debt by at most a second's worth; answers how long the peer must be left unread: 0 within its rate. */
  take(now: Instant): number {
    const filled = Math.min(this.#burst, this.#tokens + ((now - this.#at) / 1_000) * this.#perSecond);
    this.#tokens = Math.max(-this.#perSecond, filled - 1);
    this.#at = now;
    return this.#tokens >= 0 ? 0 : Math.ceil((-this.#tokens / this.#perSecond) * 1_000);
  }
}
