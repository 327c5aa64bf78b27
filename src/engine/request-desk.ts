// Carries out what people ask of the control room, each by the book that keeps it; a change asks for a cycle at once.

import type { LimitBook } from './limit-book.ts';
import type { Fields, StationsPort, Surroundings } from './ports.ts';
import type { ControlAnswer, ControlRequest } from './requests.ts';
import type { SignalDesk } from './signal-desk.ts';
import type { WishBook } from './wish-book.ts';

export type RequestBooks = {
  readonly limits: LimitBook;
  readonly signals: SignalDesk;
  readonly wishes: WishBook;
  readonly stations: Pick<StationsPort, 'states'>;
};

export class RequestDesk {
  readonly #surroundings: Surroundings;
  readonly #books: RequestBooks;
  readonly #askForCycle: (reason: string) => void;

  constructor(surroundings: Surroundings, books: RequestBooks, askForCycle: (reason: string) => void) {
    this.#surroundings = surroundings;
    this.#books = books;
    this.#askForCycle = askForCycle;
  }

  /** The answer comes once the change is durable; it is in force before that. */
  async carryOut(request: ControlRequest): Promise<ControlAnswer> {
    const { limits, signals, wishes, stations } = this.#books;
    const { clock } = this.#surroundings;
    if (request.kind === 'set-circuit-limit' || request.kind === 'clear-circuit-limit') {
      const { kind, circuit, who } = request;
      return this.#settled(kind, { circuit, who }, limits.change(request, clock.now()));
    }
    if (request.kind === 'press-emergency-stop' || request.kind === 'clear-emergency-stop')
      return this.#settled(request.kind, { who: request.who }, signals.stop(request, clock.wall()));
    const { kind, evse, who } = request;
    const answer = await this.#settled(kind, { evse, who }, wishes.change(request, stations.states(), clock.wall()));
    return answer.ok ? { ...answer, caps: limits.caps() } : answer;
  }

  /** Logs a request, asks for a cycle when it changed something, and waits for its answer. */
  #settled<A>(
    kind: ControlRequest['kind'],
    subject: { readonly who: string } & Fields,
    change: { readonly kind: 'changed' | 'refused'; readonly answer: Promise<A> },
  ): Promise<A> {
    if (change.kind === 'changed') this.#askForCycle(`request.${kind}`);
    this.#surroundings.log.info('control.request', { kind, ...subject, change: change.kind });
    return change.answer;
  }
}
