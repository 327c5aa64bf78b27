// Keeps the wishes of people over cycles and restarts: in force before they are durable, and a failing disk never reaches the cycle.

import type { Site } from '../core/model/site.ts';
import type { Snapshot } from '../core/model/snapshot.ts';
import type { Instant, WallTime } from '../core/model/units.ts';
import type { ControlStore, Log } from './ports.ts';
import type { ControlRefusal, KeptWish, WishRequest } from './requests.ts';
import { changeWishes, settleWishes, stateOfEvse, wishesAt } from './wish-requests.ts';

export type WishAnswer = { readonly ok: true; readonly wish?: KeptWish } | ControlRefusal;
/** Whether a request changed what the next cycle decides by, and the answer once that is durable. */
export type WishOutcome = { readonly kind: 'changed' | 'refused'; readonly answer: Promise<WishAnswer> };

export class WishBook {
  readonly #site: Site;
  readonly #store: Pick<ControlStore, 'saveWishes'>;
  readonly #log: Log;
  #wishes: readonly KeptWish[] = [];

  constructor(site: Site, store: Pick<ControlStore, 'saveWishes'>, log: Log) {
    this.#site = site;
    this.#store = store;
    this.#log = log;
  }

  /** Takes back what was kept before a restart; what has ended since is dropped by the first cycles. */
  recover(wishes: readonly KeptWish[]): void {
    this.#wishes = wishes;
  }

  /** Carries out a request at once. The answer tells when the disk did not take it; the wish is in force all the same. */
  change(request: WishRequest, stations: Snapshot['stations'], wallNow: WallTime): WishOutcome {
    const running = stateOfEvse(this.#site, stations, request.evse)?.transaction?.id;
    const change = changeWishes(this.#site, this.#wishes, request, wallNow, running);
    if (!change.ok) return { kind: 'refused', answer: Promise.resolve(change) };
    this.#wishes = change.wishes;
    const wish = change.wish === undefined ? {} : { wish: change.wish };
    return { kind: 'changed', answer: this.#save().then((durable) => (durable ? { ok: true, ...wish } : notDurable)) };
  }

  /** What the cycle at this moment decides by. Wishes that have ended are dropped for good. */
  at(
    stations: Snapshot['stations'],
    moment: { readonly now: Instant; readonly wallNow: WallTime },
  ): Snapshot['wishes'] {
    const standing = settleWishes(this.#site, this.#wishes, stations, moment.wallNow);
    if (standing !== this.#wishes) {
      this.#wishes = standing;
      // Not waited for: what the disk missed is found again by the same rules after a restart.
      void this.#save();
    }
    return wishesAt(standing, moment);
  }

  async #save(): Promise<boolean> {
    try {
      await this.#store.saveWishes(this.#wishes);
      return true;
    } catch (error) {
      this.#log.error('control.wishes-not-durable', { code: 'STORE_WRITE_FAILED', error: String(error) });
      return false;
    }
  }
}

const notDurable: ControlRefusal = {
  ok: false,
  code: 'STORE_WRITE_FAILED',
  text: 'The change is in force, but it could not be written to the disk and will be undone by a restart. Check the disk and make it again.',
};
