// Remembers how the newest incoming CALLs were answered, so that one that comes twice is executed once; bounded in count and size.

import { createHash } from 'node:crypto';

export const MAX_REMEMBERED_ANSWERS = 32;
export const MAX_REMEMBERED_CHARACTERS = 128 * 1024;

type Entry = { readonly fingerprint: string; readonly answer?: string };

/** What is known of a message id that has come before. */
export type Earlier =
  | { readonly kind: 'new' | 'under-way' | 'other-content' }
  | { readonly kind: 'answered'; readonly answer: string };

export class AnsweredCalls {
  readonly #entries = new Map<string, Entry>();
  #characters = 0;

  /** Looks an incoming CALL up and remembers it as under way when it is new. `content` is everything but its id. */
  receive(messageId: string, content: string): Earlier {
    const fingerprint = createHash('sha256').update(content).digest('base64');
    const earlier = this.#entries.get(messageId);
    if (earlier === undefined) {
      this.#entries.set(messageId, { fingerprint });
      return { kind: 'new' };
    }
    if (earlier.fingerprint !== fingerprint) return { kind: 'other-content' };
    return earlier.answer === undefined ? { kind: 'under-way' } : { kind: 'answered', answer: earlier.answer };
  }

  /** Keeps the answer's text and forgets the oldest ones beyond the bounds. */
  answered(messageId: string, answer: string): void {
    const entry = this.#entries.get(messageId);
    if (entry === undefined) return;
    this.#entries.delete(messageId);
    this.#entries.set(messageId, { ...entry, answer });
    this.#characters += answer.length;
    for (const [id, old] of this.#entries) {
      if (this.#entries.size <= MAX_REMEMBERED_ANSWERS && this.#characters <= MAX_REMEMBERED_CHARACTERS) return;
      if (old.answer === undefined) continue;
      this.#characters -= old.answer.length;
      this.#entries.delete(id);
    }
  }

  get size(): number {
    return this.#entries.size;
  }
}
