// Keeps the limits that people set, the emergency stop among them: in force before they are durable, and a failing disk never reaches the cycle.

import { EMERGENCY_STOP_ID, emergencyStop } from '../core/limits/emergency-stop.ts';
import type { ContactState } from '../core/model/contact.ts';
import type { Cap } from '../core/model/limit.ts';
import type { Site } from '../core/model/site.ts';
import type { Instant, WallTime } from '../core/model/units.ts';
import { changeCaps } from './limit-requests.ts';
import type { ControlStore, Log } from './ports.ts';
import type { ControlAnswer, LimitRequest, StopRequest } from './requests.ts';
import { changeStop } from './stop-requests.ts';

export class LimitBook {
  readonly #site: Site;
  readonly #store: Pick<ControlStore, 'saveCaps'>;
  readonly #log: Log;
  #caps: readonly Cap[] = [];

  constructor(site: Site, store: Pick<ControlStore, 'saveCaps'>, log: Log) {
    this.#site = site;
    this.#store = store;
    this.#log = log;
  }

  /** Takes back what was kept before a restart. */
  recover(caps: readonly Cap[]): void {
    this.#caps = caps;
  }

  caps(): readonly Cap[] {
    return this.#caps;
  }

  /** Carries out a request at once; the answer comes when the change is durable, or tells that the disk did not take it. */
  change(
    request: LimitRequest,
    now: Instant,
  ): { readonly kind: 'changed' | 'refused'; readonly answer: Promise<ControlAnswer> } {
    const result = changeCaps(this.#site, this.#caps, request, now);
    if (!result.ok) return { kind: 'refused', answer: Promise.resolve(result) };
    this.#caps = result.caps;
    return { kind: 'changed', answer: this.#save().then((durable) => (durable ? result : notDurable)) };
  }

  /** As `change`, for the emergency stop. `holders`: what keeps it from being cleared. */
  stop(
    request: StopRequest,
    holders: readonly string[],
    wallNow: WallTime,
  ): { readonly kind: 'changed' | 'refused'; readonly answer: Promise<ControlAnswer> } {
    const result = changeStop(this.#caps, request, holders, wallNow);
    if (!result.ok) return { kind: 'refused', answer: Promise.resolve(result) };
    this.#caps = result.caps;
    return { kind: 'changed', answer: this.#save().then((durable) => (durable ? result : notDurable)) };
  }

  /**
   * Latches the stop for the contacts that show it and are not latched yet; in force at once. Who latched it, in words, or undefined. Not waited
   * for: where the disk does not take it, the contact itself latches it again after a restart.
   */
  latch(contacts: readonly ContactState[], wallNow: WallTime): string | undefined {
    const pressed = contacts.find(({ emergencyStop, isSeenActive }) => emergencyStop && isSeenActive);
    if (!pressed || this.#caps.some(({ id }) => id === EMERGENCY_STOP_ID)) return undefined;
    const by = `contact ${pressed.name}`;
    this.#caps = [...this.#caps, emergencyStop(by, wallNow)];
    void this.#save();
    return by;
  }

  async #save(): Promise<boolean> {
    try {
      await this.#store.saveCaps(this.#caps);
      return true;
    } catch (error) {
      this.#log.error('control.caps-not-durable', { code: 'STORE_WRITE_FAILED', error: String(error) });
      return false;
    }
  }
}

const notDurable: ControlAnswer = {
  ok: false,
  code: 'STORE_WRITE_FAILED',
  text: 'The limit is in force, but it could not be written to the disk and will be gone after a restart. Check the disk and set it again.',
};
