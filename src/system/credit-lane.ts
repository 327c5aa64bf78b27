// Counts the messages that a peer has not handled yet and holds the newest image per key until there is room; it must never send without a credit.

export type CreditLaneOptions = {
  readonly capacity: number;
  readonly maxKeys: number;
  /** Throws when the payload cannot be sent; the credit is then not spent. */
  readonly send: (kind: string, payload: unknown) => void;
};

type Waiting = { readonly kind: string; readonly payload: unknown };

export class CreditLane {
  readonly #options: CreditLaneOptions;
  /** In the order in which the keys began to wait; a newer image takes its key's old place, so no key starves. */
  readonly #waiting = new Map<string, Waiting>();
  #credits: number;

  constructor(options: CreditLaneOptions) {
    this.#options = options;
    this.#credits = options.capacity;
  }

  /** False when there is no credit; nothing was sent then. */
  trySend(kind: string, payload: unknown): boolean {
    if (this.#credits === 0) return false;
    this.#options.send(kind, payload);
    this.#credits -= 1;
    return true;
  }

  /** Sends now, or keeps the newest per kind and key until a credit comes back; `full` when `maxKeys` others wait. */
  sendLatest(kind: string, key: string, payload: unknown): 'sent' | 'waiting' | 'full' {
    if (this.trySend(kind, payload)) return 'sent';
    const slot = JSON.stringify([kind, key]);
    if (!this.#waiting.has(slot) && this.#waiting.size >= this.#options.maxKeys) return 'full';
    this.#waiting.set(slot, { kind, payload });
    return 'waiting';
  }

  /** The peer has handled one message: the image that has waited longest may go. */
  giveBack(): void {
    this.#credits = Math.min(this.#credits + 1, this.#options.capacity);
    const [next] = this.#waiting;
    if (!next) return;
    const [slot, { kind, payload }] = next;
    this.#waiting.delete(slot);
    this.trySend(kind, payload);
  }

  forget(): void {
    this.#waiting.clear();
  }
}
