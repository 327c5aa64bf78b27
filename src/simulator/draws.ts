// What a script is drawn with: spans, chances and decks over one stream of chance; whole milliseconds, and no function that Nodes may round
// differently.

import type { Random } from '../engine/ports.ts';

/** From and to, both included. */
export type Span = readonly [from: number, to: number];

const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const seconds = (from: number, to: number): Span => [from * SECOND_MS, to * SECOND_MS];
export const minutes = (from: number, to: number): Span => [from * MINUTE_MS, to * MINUTE_MS];
export const hours = (from: number, to: number): Span => [from * HOUR_MS, to * HOUR_MS];

/** The draws of one subject, one after the other. */
export class Draws {
  readonly #random: Random;
  readonly #decks = new Map<readonly unknown[], unknown[]>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** A whole number of the span. */
  within([from, to]: Span): number {
    return Math.floor(from + this.#random.next('script.within') * (to - from + 1));
  }

  /** A part from `from` to below `to`, in hundredths. */
  part([from, to]: Span): number {
    return Math.floor((from + this.#random.next('script.part') * (to - from)) * 100) / 100;
  }

  /** A whole number of the span, small ones far more often. */
  mostlyShort([from, to]: Span): number {
    const draw = this.#random.next('script.short');
    return Math.floor(from + draw * draw * draw * (to - from + 1));
  }

  chance(part: number): boolean {
    return this.#random.next('script.chance') < part;
  }

  /** One of `cards`, each once before any comes again. `cards` MUST be the same array each time. */
  card<T>(cards: readonly T[]): T {
    let left = this.#decks.get(cards) as T[] | undefined;
    if (!left || left.length === 0) {
      left = [...cards];
      this.#decks.set(cards, left);
    }
    return left.splice(this.within([0, left.length - 1]), 1)[0]!;
  }
}
