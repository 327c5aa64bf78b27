// Holds what stations were told against what the central system took: all of it, in order, with one effect each, nothing else, and every
// transaction under its own id.

import type { Instant, StationId } from '../../core/model/units.ts';
import type { OutboxRow } from '../../engine/ports.ts';
import type { Payload } from '../station-wire.ts';
import type { Checker, Violation } from '../truth.ts';
import { type Entry, Ledger, MAX_WAITING_MESSAGES, type Transaction } from './delivery-ledger.ts';
import { readMessage, type Said } from './delivery-message.ts';

/** What the central system did with a message; `transactionId` is its answer to a StartTransaction. */
export type CentralAnswer =
  /** Answered at once on a link that held. */
  | { readonly kind: 'result'; readonly transactionId?: number }
  | { readonly kind: 'error' }
  /** Not, too late, or on a link that broke: the controller cannot know and has to say it again. */
  | { readonly kind: 'unsure'; readonly transactionId?: number };

/** Stands for the id that was never given (OCPP 1.6 errata 3.18). */
const NO_TRANSACTION_ID = -1;
const SOUND: readonly Violation[] = [];

/**
 * Feed it with everything that stations say of their transactions (`sent`, each try), what they are answered (`acknowledged`), what the central
 * system reads (`taken`), and what breaks (`interrupted`). Messages of no transaction are ignored. A message in another station's transaction,
 * which the controller answers and drops, MUST NOT be fed.
 */
export class DeliveryChecker implements Checker {
  readonly name = 'delivery';
  readonly #ledgers = new Map<StationId, Ledger>();
  #acknowledged = 0;
  #arrived = 0;
  #repeats = 0;
  #lost = 0;

  /** The station says it, for the first time or again. */
  sent(station: StationId, action: string, payload: Payload, at: Instant): readonly Violation[] {
    const said = readMessage(action, payload);
    if (!said) return SOUND;
    const ledger = this.#ledger(station);
    const wasFull = ledger.isFull;
    this.#enter(ledger, said, payload);
    return ledger.isFull && !wasFull
      ? [this.#violation(at, `${station}: more than ${MAX_WAITING_MESSAGES} messages wait, the oldest is not checked`)]
      : SOUND;
  }

  /** The station has its result; `transactionId` is the controller's answer to a StartTransaction. */
  acknowledged(
    station: StationId,
    action: string,
    payload: Payload,
    at: Instant,
    transactionId?: number,
  ): readonly Violation[] {
    const said = readMessage(action, payload);
    if (!said) return SOUND;
    const ledger = this.#ledger(station);
    const entry =
      ledger.find(ledger.key(said, transactionOf(ledger, said, payload))) ?? this.#enter(ledger, said, payload);
    if (!entry.isAcknowledged) this.#acknowledged += 1;
    entry.isAcknowledged = true;
    if (action !== 'StartTransaction' || transactionId === undefined) return SOUND;
    const transaction = entry.transaction!;
    const other = ledger.byLocalId(transactionId);
    const isWrong = (other && other !== transaction) || (transaction.localId ?? transactionId) !== transactionId;
    ledger.tellLocalId(transaction, transactionId);
    return isWrong
      ? [
          this.#violation(
            at,
            `${station}: id ${transactionId} was given to a second transaction, or a second id to one (${said.stamp})`,
          ),
        ]
      : SOUND;
  }

  /** The central system has read it. */
  taken(
    station: StationId,
    action: string,
    payload: Payload,
    at: Instant,
    answer: CentralAnswer,
  ): readonly Violation[] {
    const said = readMessage(action, payload);
    if (!said) return SOUND;
    const ledger = this.#ledger(station);
    const faults: string[] = [];
    const entry = this.#arrival(ledger, said, payload, faults);
    if (entry) {
      entry.takes += 1;
      if (answer.kind !== 'result') entry.mayRepeat = true;
      if (said.action === 'StartTransaction' && answer.kind !== 'error' && answer.transactionId !== undefined)
        ledger.giveId(entry.transaction!, answer.transactionId);
      ledger.last = entry;
    }
    return faults.map((fault) => this.#violation(at, `${station}: ${describe(said)} ${fault}`));
  }

  /**
   * The controller, its link to the central system or its disk broke (of one station, or of all): what was just taken, or is just under way, may
   * come once more, because its answer may not have been kept.
   */
  interrupted(station?: StationId): void {
    const ledgers = station === undefined ? this.#ledgers.values() : [this.#ledger(station)];
    for (const ledger of ledgers) {
      if (ledger.last) ledger.last.mayRepeat = true;
      ledger.nextMayRepeat = true;
    }
  }

  /** So many MeterValues of the station were acknowledged and thinned away at the controller's bound, and told. */
  thinned(station: StationId, count: number): void {
    this.#ledger(station).thinned += count;
  }

  /** Before `onEnd`: what the controller's outbox still holds has not been lost. */
  stillHeld(rows: Iterable<Pick<OutboxRow, 'station' | 'action' | 'rawPayload'>>): void {
    for (const { station, action, rawPayload } of rows) {
      const payload = JSON.parse(rawPayload) as Payload;
      const said = readMessage(action, payload);
      const ledger = this.#ledger(station);
      const key = said && ledger.key(said, transactionOf(ledger, said, payload));
      if (key === undefined) continue;
      ledger.waiting.delete(key);
      ledger.overtaken.delete(key);
    }
  }

  onEnd(at: Instant): readonly Violation[] {
    const violations: Violation[] = [];
    for (const [station, ledger] of this.#ledgers) {
      let mayBeThinned = ledger.thinned;
      for (const { said, isAcknowledged } of [...ledger.overtaken.values(), ...ledger.waiting.values()]) {
        if (!isAcknowledged) continue;
        if (said.action === 'MeterValues' && mayBeThinned-- > 0) continue;
        this.#lost += 1;
        violations.push(this.#violation(at, `${station}: ${describe(said)} was acknowledged and never arrived`));
      }
    }
    return violations;
  }

  figures() {
    return {
      messagesAcknowledged: this.#acknowledged,
      messagesArrived: this.#arrived,
      messagesRepeated: this.#repeats,
      messagesLost: this.#lost,
    };
  }

  #enter(ledger: Ledger, said: Said, payload: Payload): Entry {
    const transaction =
      said.action === 'StartTransaction' ? ledger.begin(said.stamp) : ledger.byLocalId(payload.transactionId);
    const key = ledger.key(said, transaction);
    const known = ledger.find(key);
    if (known) {
      known.sends += 1;
      known.contents.add(said.content);
      // What is not acknowledged is in its place only when it is said for the last time.
      if (known.takes === 0 && !known.isAcknowledged) ledger.wait(key, known);
      return known;
    }
    const entry: Entry = {
      said,
      ...(transaction && { transaction }),
      contents: new Set([said.content]),
      sends: 1,
      takes: 0,
      excused: 0,
      isAcknowledged: false,
      mayRepeat: false,
    };
    ledger.wait(key, entry);
    return entry;
  }

  /** Books one arrival; what is wrong with it goes into `faults`. */
  #arrival(ledger: Ledger, said: Said, payload: Payload, faults: string[]): Entry | undefined {
    const [key, entry] = this.#addressed(ledger, said, payload, faults);
    if (!entry) return undefined;
    if (!entry.contents.has(said.content)) faults.push('does not say what the station said');
    if (entry.takes > 0) {
      this.#repeats += 1;
      if (ledger.last !== entry) faults.push('has its effect a second time, after others');
      else if (entry.mayRepeat) entry.excused += 1;
      else if (!saidAgain(entry)) faults.push('has its effect a second time, though it was answered');
      entry.mayRepeat = false;
      return entry;
    }
    this.#arrived += 1;
    entry.mayRepeat = ledger.nextMayRepeat;
    ledger.nextMayRepeat = false;
    if (ledger.overtaken.has(key)) faults.push('arrived after what the station said later');
    const passed = ledger.arrive(key, entry).filter((one) => one.isAcknowledged && one.said.action !== 'MeterValues');
    for (const one of passed) faults.push(`arrived before ${describe(one.said)}, which the station said earlier`);
    if (!entry.transaction) return entry;
    if (said.action === 'StartTransaction') entry.transaction.hasArrived = true;
    if (said.action === 'StopTransaction') ledger.end(entry.transaction);
    return entry;
  }

  /** The entry that an arriving message stands for, found by the id that it bears. */
  #addressed(ledger: Ledger, said: Said, payload: Payload, faults: string[]): [string, Entry | undefined] {
    if (said.action === 'StartTransaction') return this.#known(ledger, said, ledger.started(said.stamp), faults);
    const id = Number(payload.transactionId);
    if (id === NO_TRANSACTION_ID) return this.#withoutId(ledger, said, faults);
    const transaction = ledger.byGivenId(id);
    if (!transaction) {
      faults.push(`bears the id ${id}, which the central system never gave for this station`);
      return ['', undefined];
    }
    if ((transaction.usedId ?? id) !== id)
      faults.push(`bears the id ${id}, earlier ones of its transaction ${transaction.usedId}`);
    transaction.usedId = id;
    return this.#known(ledger, said, transaction, faults);
  }

  #known(
    ledger: Ledger,
    said: Said,
    transaction: Transaction | undefined,
    faults: string[],
  ): [string, Entry | undefined] {
    const key = ledger.key(said, transaction);
    const entry = ledger.find(key);
    if (entry) return [key, entry];
    const elsewhere = transaction && ledger.findSame(said);
    faults.push(elsewhere ? 'bears the id of another transaction' : 'was said by nobody');
    return elsewhere ?? [key, undefined];
  }

  /** A message without an id is right only where the central system has not given one. */
  #withoutId(ledger: Ledger, said: Said, faults: string[]): [string, Entry | undefined] {
    const key = ledger.key(said, undefined);
    const [foundKey, entry] = ledger.findSame(said) ?? [key, ledger.find(key) ?? sameAsLast(ledger, said)];
    const { transaction } = entry ?? {};
    if (!entry) faults.push('was said by nobody');
    else if (transaction && transaction.givenIds.size > 0)
      faults.push(`bears no id, though the central system gave ${[...transaction.givenIds].join(' or ')}`);
    else if (transaction && !transaction.hasArrived) faults.push('arrived before its StartTransaction');
    return [foundKey, entry];
  }

  #ledger(station: StationId): Ledger {
    const known = this.#ledgers.get(station);
    if (known) return known;
    const ledger = new Ledger();
    this.#ledgers.set(station, ledger);
    return ledger;
  }

  #violation(at: Instant, text: string): Violation {
    return { checker: this.name, at, text };
  }
}

/** As the station names it. */
function transactionOf(ledger: Ledger, said: Said, payload: Payload): Transaction | undefined {
  return said.action === 'StartTransaction' ? ledger.started(said.stamp) : ledger.byLocalId(payload.transactionId);
}

/** The station had no answer and said it again: the controller knows a start and a stop again, but a sample twice is a sample twice. */
function saidAgain({ said, transaction, sends, takes, excused }: Entry): boolean {
  return (said.action === 'MeterValues' || !transaction) && sends > takes - excused;
}

function sameAsLast({ last }: Ledger, said: Said): Entry | undefined {
  return last?.said.action === said.action && last.said.stamp === said.stamp ? last : undefined;
}

function describe({ action, stamp }: Said): string {
  return `${action} (${stamp})`;
}
