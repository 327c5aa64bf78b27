// While a controller runs, its cycles follow each other: nothing that happens outside may hold them up.

import type { CycleRecord } from '../../core/model/decision.ts';
import type { Checker, CheckerOptions, Truth, Violation } from '../truth.ts';

/** What a cycle may be late by: its own work, and the step of the simulation. */
const TOLERANCE_MS = 1_000;

export type ProgressOptions = CheckerOptions & { readonly toleranceMs?: number };

/** A gap between two cycles, or between the controller's start and its first, of more than the policy's cycle and a tolerance is one violation. */
export class ProgressChecker implements Checker {
  readonly name = 'progress';
  readonly #mostMs: number;
  /** The last cycle, or the start of the controller that has had none yet; absent while none runs. */
  #since: number | undefined;
  #isLate = false;
  #cycles = 0;
  #longestGapMs = 0;

  constructor({ site, toleranceMs = TOLERANCE_MS }: ProgressOptions) {
    this.#mostMs = site.policy.cycleMs + toleranceMs;
  }

  onCycle(_record: CycleRecord, { at }: Truth): readonly Violation[] {
    const violations = this.#judge(at);
    this.#cycles += 1;
    this.#since = at;
    this.#isLate = false;
    return violations;
  }

  onTruth({ at, elapsedMs, isControlled }: Truth): readonly Violation[] {
    if (isControlled) {
      this.#since ??= at - elapsedMs;
      return this.#judge(at);
    }
    this.#since = undefined;
    this.#isLate = false;
    return [];
  }

  figures(): Readonly<Record<string, number>> {
    return { cycleCount: this.#cycles, longestGapSeconds: this.#longestGapMs / 1000 };
  }

  #judge(at: number): readonly Violation[] {
    if (this.#since === undefined) return [];
    const gapMs = at - this.#since;
    this.#longestGapMs = Math.max(this.#longestGapMs, gapMs);
    if (gapMs <= this.#mostMs || this.#isLate) return [];
    this.#isLate = true;
    const text = `No cycle for ${gapMs / 1000} s while a controller runs; at most ${this.#mostMs / 1000} s were allowed.`;
    return [{ checker: this.name, at, text }];
  }
}
