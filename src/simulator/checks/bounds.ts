// Whatever may pile up stays within the bound that is named for it.

import type { Instant } from '../../core/model/units.ts';
import type { Checker, QueueSize, Violation } from '../truth.ts';

/** Queues told apart at most; more are judged all the same, each time anew. */
const MAX_QUEUES = 10_000;

/** A queue above its bound is a violation, once until it is within it again. */
export class BoundsChecker implements Checker {
  readonly name = 'bounds';
  readonly #over = new Set<string>();
  #fullest = 0;

  onQueues(queues: readonly QueueSize[], at: Instant): readonly Violation[] {
    let violations: Violation[] | undefined;
    for (const { queue, size, bound } of queues) {
      // A queue that may hold nothing and holds nothing is not full.
      if (bound > 0) this.#fullest = Math.max(this.#fullest, size / bound);
      // Not a number is no size and no bound.
      if (size >= 0 && size <= bound && Number.isFinite(bound)) {
        this.#over.delete(queue);
        continue;
      }
      if (this.#over.has(queue)) continue;
      if (this.#over.size < MAX_QUEUES) this.#over.add(queue);
      violations ??= [];
      violations.push({ checker: this.name, at, text: `${queue} holds ${size}; at most ${bound} were allowed.` });
    }
    return violations ?? [];
  }

  figures(): Readonly<Record<string, number>> {
    return { fullestPercent: Math.round(this.#fullest * 1000) / 10 };
  }
}
