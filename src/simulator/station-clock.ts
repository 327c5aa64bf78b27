// A simulated station's own clock: it runs with the steady time line, may be set wrong, and is put right by its central system alone.

import type { WallTime } from '../core/model/units.ts';
import type { Clock } from '../engine/ports.ts';

/** A clock that is off by no more than this is left alone, as the time a message was under way is not known. */
export const CLOCK_TOLERANCE_MS = 1_000;

export class StationClock {
  readonly #clock: Clock;
  #offsetMs: number;
  #astrayMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = clock.wall() - clock.now();
  }

  /** What the station takes for the time of day. */
  time(): WallTime {
    return this.#clock.now() + this.#offsetMs;
  }

  /** The same as it is written on the wire. */
  stamp(): string {
    return new Date(this.time()).toISOString();
  }

  step(byMs: number): void {
    this.#offsetMs += byMs;
    this.#astrayMs += byMs;
  }

  /** It was set wrong, and nobody has told it the time since: whoever is at the other end cannot know yet. */
  get isAstray(): boolean {
    return Math.abs(this.#astrayMs) > CLOCK_TOLERANCE_MS;
  }

  /** `currentTime` of BootNotification.conf or Heartbeat.conf; what is no time is not believed. */
  tell(currentTime: unknown): void {
    const told = typeof currentTime === 'string' ? Date.parse(currentTime) : Number.NaN;
    if (Number.isNaN(told)) return;
    if (Math.abs(told - this.time()) > CLOCK_TOLERANCE_MS) this.#offsetMs += told - this.time();
    this.#astrayMs = 0;
  }
}
