// The CALLs that wait for the link's one slot: our own limits first, then upstream's, then our polls; first come first served inside each.

export type CallPriority = 'limit' | 'upstream' | 'poll';
const ORDER: readonly CallPriority[] = ['limit', 'upstream', 'poll'];

export const MAX_QUEUED_CALLS = 64;

export class CallQueue<T> {
  readonly #waiting: { readonly [P in CallPriority]: T[] } = { limit: [], upstream: [], poll: [] };

  get size(): number {
    return ORDER.reduce((sum, priority) => sum + this.#waiting[priority].length, 0);
  }

  /**
   * Adds one and answers which one had to go: when the queue is full, the newest of the lowest priority below the new one's, so that
   * a limit is never refused for a poll; otherwise the new one itself.
   */
  add(item: T, priority: CallPriority): T | undefined {
    if (this.size < MAX_QUEUED_CALLS) {
      this.#waiting[priority].push(item);
      return undefined;
    }
    const lower = ORDER.slice(ORDER.indexOf(priority) + 1).findLast((below) => this.#waiting[below].length > 0);
    if (lower === undefined) return item;
    const evicted = this.#waiting[lower].pop();
    this.#waiting[priority].push(item);
    return evicted;
  }

  next(): T | undefined {
    for (const priority of ORDER) {
      const item = this.#waiting[priority].shift();
      if (item !== undefined) return item;
    }
    return undefined;
  }

  /** Takes one out again; false when its turn has come already. */
  remove(item: T): boolean {
    for (const priority of ORDER) {
      const at = this.#waiting[priority].indexOf(item);
      if (at < 0) continue;
      this.#waiting[priority].splice(at, 1);
      return true;
    }
    return false;
  }
}
