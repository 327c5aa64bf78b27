// The external cap as the control room asks for it: keeps what was heard, gives the limit, and asks for a cycle when it changes by itself.

import type { Cap } from '../../core/model/limit.ts';
import type { ExternalCapTerms } from '../../core/model/modbus-server.ts';
import type { Instant } from '../../core/model/units.ts';
import type { SignalsPort, Surroundings } from '../../engine/ports.ts';
import { type CapLedger, type CapWrite, capOf, hear, NOTHING_HEARD, standingOf, valueInForce } from './external-cap.ts';

export class ExternalCapPort implements SignalsPort {
  readonly #surroundings: Pick<Surroundings, 'clock' | 'log'>;
  readonly #terms: ExternalCapTerms;
  #ledger: CapLedger = NOTHING_HEARD;
  #onChange: (reason: string) => void = () => {};
  #cancelEnd: () => void = () => {};

  constructor(surroundings: Pick<Surroundings, 'clock' | 'log'>, terms: ExternalCapTerms) {
    this.#surroundings = surroundings;
    this.#terms = terms;
  }

  get ledger(): CapLedger {
    return this.#ledger;
  }

  /**
   * Takes what a master wrote at `at` and gives the ledger as it is then. `write` MUST have passed `planWrite`. A cap that changes asks for a
   * cycle; a heartbeat asks for none.
   */
  take(write: CapWrite, at: Instant): CapLedger {
    const { clock, log } = this.#surroundings;
    const before = standingOf(this.#terms, this.#ledger, clock.now());
    this.#ledger = hear(this.#terms, this.#ledger, write, at);
    const after = standingOf(this.#terms, this.#ledger, clock.now());
    const [was, is] = [valueInForce(this.#terms, before), valueInForce(this.#terms, after)];
    const { circuit, unit } = this.#terms;
    if (before.state !== after.state) log.info('external-cap.heard', { circuit, after: before.state, value: is, unit });
    else if (was !== is) log.debug('external-cap.changed', { circuit, value: is, unit });
    if (before.state !== after.state || was !== is) this.#onChange(`external-cap.${circuit}`);
    this.#awaitEnd();
    return this.#ledger;
  }

  caps(): readonly Cap[] {
    return [capOf(this.#terms, this.#ledger, this.#surroundings.clock.now())];
  }

  onChange(listener: (reason: string) => void): void {
    this.#onChange = listener;
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    this.#cancelEnd();
  }

  /** `caps` counts for itself; the timer is there so that the cycle which takes the failsafe does not wait for its turn. */
  #awaitEnd(): void {
    const { clock, log } = this.#surroundings;
    this.#cancelEnd();
    const standing = standingOf(this.#terms, this.#ledger, clock.now());
    if (standing.state !== 'live') return;
    this.#cancelEnd = clock.timer('external-cap.end', standing.leftMs + 1, () => {
      const { state } = standingOf(this.#terms, this.#ledger, clock.now());
      // A timer may come early by the rounding of the clock.
      if (state === 'live') return this.#awaitEnd();
      const { circuit, failsafe, unit } = this.#terms;
      log.warn('external-cap.lost', { circuit, state, failsafe, unit });
      this.#onChange(`external-cap.${circuit}.${state}`);
    });
  }
}
