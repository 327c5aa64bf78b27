// The contacts of a site behind one port: polled, debounced, and told as limits; what cannot be read counts as active, never as released.

import type { ContactState } from '../core/model/contact.ts';
import type { Cap } from '../core/model/limit.ts';
import type { SiteInput } from '../core/model/site.ts';
import type { ModbusConnection } from '../core/model/site-meters.ts';
import type { ContactId, Instant } from '../core/model/units.ts';
import { AppError } from '../engine/app-error.ts';
import type { SignalsPort, Surroundings } from '../engine/ports.ts';
import { type ContactGroup, groupContacts, planSpans } from './contact-reads.ts';
import { afterReading, afterSilence, type ContactMemory, type ContactRule, neverRead } from './contact-state.ts';

/** All that the contacts know of Modbus: 1 = coils, 2 = discrete inputs, from `address` on. Throws AppError as every read does. */
export interface BitReader {
  readBits(functionCode: 1 | 2, address: number, count: number): Promise<readonly boolean[]>;
}

/** A contact whose newest reading is three polls old is not read; never sooner than the least, never later than the most. */
const STALE_MS = { polls: 3, least: 5_000, most: 10_000 };
/** The start waits so long for the first readings, so that a restart finds released contacts released and pauses nobody. */
export const FIRST_READING_MS = 1_000;

export function contactRule({ debounceMs, pollMs }: Pick<SiteInput, 'debounceMs' | 'pollMs'>): ContactRule {
  return { debounceMs, staleAfterMs: Math.min(STALE_MS.most, Math.max(STALE_MS.least, STALE_MS.polls * pollMs)) };
}

type Contact = {
  readonly input: SiteInput;
  readonly rule: ContactRule;
  memory: ContactMemory;
  trouble: string | undefined;
  /** The last state that listeners and the log heard of. */
  told: ContactState['state'];
};
type Group = ContactGroup & { readonly reader: BitReader; apart: boolean };

export class Contacts implements SignalsPort {
  readonly #surroundings: Surroundings;
  readonly #contacts: ReadonlyMap<ContactId, Contact>;
  readonly #groups: readonly Group[];
  readonly #listeners: ((reason: string) => void)[] = [];
  readonly #stopping = new AbortController();
  #loops: readonly Promise<void>[] | undefined;

  /** `readerAt` gives the unit behind a connection; its link is closed by whoever owns it. */
  constructor(
    surroundings: Surroundings,
    inputs: readonly SiteInput[],
    readerAt: (connection: ModbusConnection) => BitReader,
  ) {
    this.#surroundings = surroundings;
    const now = surroundings.clock.now();
    this.#contacts = new Map(
      inputs.map((input) => {
        const memory = neverRead(now);
        return [input.id, { input, rule: contactRule(input), memory, trouble: undefined, told: memory.state }];
      }),
    );
    this.#groups = groupContacts(inputs).map((group) => ({
      ...group,
      reader: readerAt(group.inputs[0]!.connection),
      apart: false,
    }));
  }

  /** Starts polling, and returns when each contact was asked once, or after a second: a module that cannot be reached is a state, not an error. */
  async start(signal: AbortSignal): Promise<void> {
    if (this.#loops) throw new Error('contacts: started twice');
    if (this.#groups.length === 0) return;
    signal.addEventListener('abort', () => this.#stopping.abort(), { once: true });
    if (signal.aborted) this.#stopping.abort();
    const first = this.#groups.map(() => Promise.withResolvers<void>());
    this.#loops = this.#groups.map((group, at) => this.#run(group, first[at]!.resolve));
    const asked = new AbortController();
    const all = Promise.all(first.map(({ promise }) => promise)).then(() => asked.abort());
    await Promise.race([all, this.#surroundings.clock.sleep('modbus.first-contacts', FIRST_READING_MS, asked.signal)]);
  }

  /** Ends the polls; a read under way ends by its own deadline, or with its link. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#loops ?? []);
  }

  onChange(listener: (reason: string) => void): void {
    this.#listeners.push(listener);
  }

  contacts(): readonly ContactState[] {
    const now = this.#surroundings.clock.now();
    return [...this.#contacts.values()].map((contact) => stateOf(contact, now));
  }

  /** The limits of every contact that is not known to be released. */
  caps(): readonly Cap[] {
    const now = this.#surroundings.clock.now();
    return [...this.#contacts.values()].flatMap(({ input: { cap }, memory, rule }) => {
      const { state } = afterSilence(memory, now, rule);
      if (state === 'released') return [];
      if (state === 'active') return [cap];
      const note = cap.note === undefined ? 'cannot be read' : `${cap.note}; cannot be read`;
      return [{ ...cap, note }];
    });
  }

  async #run(group: Group, onFirst: () => void): Promise<void> {
    const { clock } = this.#surroundings;
    const { signal } = this.#stopping;
    let next = clock.now();
    while (!signal.aborted) {
      await this.#poll(group);
      onFirst();
      next = Math.max(next + group.pollMs, clock.now());
      await clock.sleep('modbus.contacts', next - clock.now(), signal);
    }
  }

  /** Reads one group once. Never throws: what goes wrong is in the states. */
  async #poll(group: Group): Promise<void> {
    const { reader, functionCode, inputs } = group;
    const addresses = inputs.map(({ contact }) => contact.address);
    for (const { address, count } of planSpans(addresses, group.apart)) {
      const within = inputs.filter(({ contact }) => contact.address >= address && contact.address < address + count);
      // Dated by the asking: whatever happened since may be missing in the answer.
      const askedAt = this.#surroundings.clock.now();
      try {
        const bits = await reader.readBits(functionCode, address, count);
        for (const { id, contact } of within) this.#take(id, bits[contact.address - address], askedAt);
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        this.#failed(error, within, group);
      }
    }
  }

  #take(id: ContactId, bit: boolean | undefined, askedAt: Instant): void {
    const contact = this.#contacts.get(id)!;
    if (bit === undefined) {
      this.#settle(contact, 'the module sent fewer bits than were asked for');
      return;
    }
    const isActive = bit === (contact.input.activeWhen === 'closed');
    contact.memory = afterReading(contact.memory, isActive, askedAt, contact.rule);
    this.#settle(contact, undefined);
  }

  #failed(error: unknown, inputs: readonly SiteInput[], group: Group): void {
    if (error instanceof AppError) {
      // Something between two contacts may not exist in this module.
      if (error.code === 'METER_EXCEPTION' && inputs.length > 1) group.apart = true;
    } else {
      // Our own mistake must not end the polling: the contacts become unknown, which is safe, and the log has the trace.
      this.#surroundings.log.error('contact.poll-broke', { error: error instanceof Error ? error.stack : error });
    }
    const trouble = error instanceof Error ? error.message : String(error);
    for (const { id } of inputs) this.#settle(this.#contacts.get(id)!, trouble);
  }

  /** Notes a change of state, and asks for a cycle. */
  #settle(contact: Contact, trouble: string | undefined): void {
    const { clock, log } = this.#surroundings;
    contact.trouble = trouble;
    contact.memory = afterSilence(contact.memory, clock.now(), contact.rule);
    const { state } = contact.memory;
    if (state === contact.told) return;
    const fields = { contact: contact.input.id, from: contact.told, to: state };
    contact.told = state;
    if (state === 'unknown') log.warn('contact.unreadable', { ...fields, detail: trouble });
    else log.info('contact.changed', fields);
    for (const listener of this.#listeners) {
      try {
        listener(`contact.${contact.input.id}`);
      } catch (error) {
        // A listener's mistake must not end the polling; the next cycle sees the state all the same.
        log.error('contact.listener-failed', { error: error instanceof Error ? error.stack : error });
      }
    }
  }
}

function stateOf({ input, memory, rule, trouble }: Contact, now: Instant): ContactState {
  const { state, since, isSeenActive, readAt, activations } = afterSilence(memory, now, rule);
  return {
    id: input.id,
    name: input.name,
    state,
    since,
    ...(input.emergencyStop ? { emergencyStop: true } : {}),
    isSeenActive,
    ...(readAt === undefined ? {} : { readAt }),
    ...(state === 'unknown' ? { trouble: trouble ?? 'it has not been read yet' } : {}),
    activations,
  };
}
