// Joins what people set with what contacts and other systems say into the limits of a cycle, and latches the emergency stop of a contact.

import type { ContactState } from '../core/model/contact.ts';
import type { Snapshot } from '../core/model/snapshot.ts';
import type { WallTime } from '../core/model/units.ts';
import { holdersOf } from '../core/report/contact-notices.ts';
import type { LimitBook } from './limit-book.ts';
import type { Log, SignalsPort } from './ports.ts';
import type { StopRequest } from './requests.ts';

export class SignalDesk {
  readonly #limits: LimitBook;
  readonly #signals: readonly SignalsPort[];
  readonly #log: Log;
  readonly #onLatched: (by: string) => void;

  constructor(limits: LimitBook, signals: readonly SignalsPort[], log: Log, onLatched: (by: string) => void) {
    this.#limits = limits;
    this.#signals = signals;
    this.#log = log;
    this.#onLatched = onLatched;
  }

  /** The limits and contacts that a cycle decides by. A contact that shows an emergency stop latches it, in force with this very cycle. */
  at(wallNow: WallTime): Pick<Snapshot, 'caps' | 'contacts'> {
    const contacts = this.#contacts();
    const latchedBy = this.#limits.latch(contacts, wallNow);
    if (latchedBy !== undefined) {
      this.#log.warn('control.emergency-stop', { by: latchedBy });
      this.#onLatched(latchedBy);
    }
    const caps = [...this.#limits.caps(), ...this.#signals.flatMap((signals) => signals.caps())];
    return { caps, ...(contacts.length === 0 ? {} : { contacts }) };
  }

  /** Carries out what a person asks of the emergency stop; it is not cleared while a contact holds it, or may hold it unread. */
  stop(request: StopRequest, wallNow: WallTime): ReturnType<LimitBook['stop']> {
    return this.#limits.stop(request, holdersOf({ contacts: this.#contacts() }), wallNow);
  }

  #contacts(): readonly ContactState[] {
    return this.#signals.flatMap((signals) => signals.contacts?.() ?? []);
  }
}
