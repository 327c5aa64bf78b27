// Joins two rooms of one thread as a MessageChannel joins two threads: what is said arrives a moment later, in order, or not at all.

import type { PortEnd } from '../../system/thread-port.ts';
import type { Life } from './life.ts';

/** A message between two threads takes about this long. */
const HOP_MS = 1;

type Listener = (value?: unknown) => void;

class End {
  readonly #life: Life;
  readonly #listeners = new Map<string, Listener[]>();
  #peer: End | undefined;
  #waiting: unknown[] = [];
  #isOpen = true;

  constructor(life: Life) {
    this.#life = life;
  }

  join(peer: End): void {
    this.#peer = peer;
  }

  on(event: string, listener: Listener): this {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    return this;
  }

  /** Nothing is cloned: what rooms say to each other is never changed afterwards. */
  postMessage(message: unknown): void {
    if (this.#isOpen && this.#life.isAlive) this.#peer?.take(message);
  }

  take(message: unknown): void {
    if (!this.#isOpen) return;
    this.#waiting.push(message);
    if (this.#waiting.length > 1) return;
    this.#life.timer('simulation.hop', HOP_MS, () => {
      const messages = this.#waiting;
      this.#waiting = [];
      for (const one of messages) this.#tell('message', one);
    });
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#peer?.close();
    this.#life.timer('simulation.hop', HOP_MS, () => this.#tell('close'));
  }

  #tell(event: string, value?: unknown): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(value);
  }
}

/** Two ends; each hears only while the life lasts that it was given. */
export function linePair(one: Life, other: Life): readonly [PortEnd, PortEnd] {
  const [a, b] = [new End(one), new End(other)];
  a.join(b);
  b.join(a);
  return [a as unknown as PortEnd, b as unknown as PortEnd];
}
