// The log of a simulated controller: every event is counted, and who wants to read the lines is given them.

import type { Fields, Log } from '../../engine/ports.ts';

/** Kinds of events that are counted; there are some hundred in the code. */
const MAX_EVENTS = 1_000;

export class CountingLog implements Log {
  readonly #counts = new Map<string, number>();
  readonly #onLine: ((level: string, event: string, fields: Fields) => void) | undefined;

  constructor(onLine?: (level: string, event: string, fields: Fields) => void) {
    this.#onLine = onLine;
  }

  /** Warnings and errors by name, commonest first. */
  get counts(): readonly { readonly event: string; readonly count: number }[] {
    return [...this.#counts]
      .map(([event, count]) => ({ event, count }))
      .sort((a, b) => b.count - a.count || (a.event < b.event ? -1 : 1));
  }

  debug(event: string, fields: Fields = {}): void {
    this.#onLine?.('debug', event, fields);
  }

  info(event: string, fields: Fields = {}): void {
    this.#onLine?.('info', event, fields);
  }

  warn(event: string, fields: Fields = {}): void {
    this.#count(`warn ${event}`);
    this.#onLine?.('warn', event, fields);
  }

  error(event: string, fields: Fields = {}): void {
    this.#count(`error ${event}`);
    this.#onLine?.('error', event, fields);
  }

  #count(name: string): void {
    const known = this.#counts.get(name);
    if (known !== undefined || this.#counts.size < MAX_EVENTS) this.#counts.set(name, (known ?? 0) + 1);
  }
}
