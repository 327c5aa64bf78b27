// Decides what becomes of a site file that changed while a controller runs: a sound one is taken over, one with faults changes nothing.

import type { Log } from '../engine/ports.ts';

export type SiteReloadOptions = {
  readonly log: Log;
  /** The file's text when a controller could run on it; undefined when not, every fault told. May reject: then nothing is taken. */
  readonly check: () => Promise<string | undefined>;
  /** The text that the controller runs on; undefined until it has accepted one. */
  readonly inForce: () => string | undefined;
  readonly take: (text: string) => void;
};

export class SiteReload {
  readonly #options: SiteReloadOptions;
  #isChecking = false;
  #isAskedAgain = false;
  #isStopped = false;

  constructor(options: SiteReloadOptions) {
    this.#options = options;
  }

  /** Asked while a check is under way it checks once more afterwards, however often: the newest file decides. */
  ask(): void {
    if (this.#isChecking) this.#isAskedAgain = true;
    else if (!this.#isStopped) void this.#checkUntilSettled();
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #checkUntilSettled(): Promise<void> {
    this.#isChecking = true;
    do {
      this.#isAskedAgain = false;
      await this.#checkOnce();
    } while (this.#isAskedAgain && !this.#isStopped);
    this.#isChecking = false;
  }

  async #checkOnce(): Promise<void> {
    const { log, check, inForce, take } = this.#options;
    log.info('site.reload');
    let text: string | undefined;
    try {
      text = await check();
    } catch (error) {
      // Going on with the site in force is what a refusal means.
      log.error('site.check-failed', { error: String(error) });
    }
    if (this.#isStopped) return;
    if (text === undefined) log.error('site.reload-refused', { code: 'SITE_RELOAD_REFUSED' });
    else if (text === inForce()) log.info('site.unchanged');
    else {
      log.info('site.reload-taken');
      take(text);
    }
  }
}
