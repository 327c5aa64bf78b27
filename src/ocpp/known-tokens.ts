// Remembers which idTokens upstream has accepted lately, by their hash alone, so that they are no strangers while it cannot be asked.

import { createHash } from 'node:crypto';

export const MAX_KNOWN_TOKENS = 1_000;

/** The only form in which an idToken is kept. 1.6 compares them without regard to case (§3.1, CiString). */
export function idTokenHash(idToken: string): string {
  return createHash('sha256').update(idToken.toLowerCase()).digest('hex');
}

export class KnownTokens {
  readonly #hashes = new Set<string>();

  /** Upstream's verdict on a token. */
  judged(hash: string, isAccepted: boolean): void {
    this.#hashes.delete(hash);
    if (isAccepted) this.#hashes.add(hash);
    const [oldest] = this.#hashes;
    if (this.#hashes.size > MAX_KNOWN_TOKENS && oldest !== undefined) this.#hashes.delete(oldest);
  }

  has(hash: string): boolean {
    return this.#hashes.has(hash);
  }
}
