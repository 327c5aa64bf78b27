// The checkers of a run together: fed by one hand, their violations kept up to a number, their figures under one name each.

import type { CycleRecord } from '../../core/model/decision.ts';
import type { Instant } from '../../core/model/units.ts';
import type { Checker, QueueSize, Truth, Violation } from '../truth.ts';
import { BoundsChecker } from './bounds.ts';
import { ExplainedChecker } from './explained.ts';
import { FloorsChecker, type FloorsOptions } from './floors.ts';
import { FuseLawChecker, type FuseLawOptions } from './fuse-law.ts';
import { IncreaseAfterDecreaseChecker } from './increase-after-decrease.ts';
import { ProgressChecker, type ProgressOptions } from './progress.ts';
import { ThermalChecker, type ThermalOptions } from './thermal.ts';
import { ZeroOrMinimumChecker, type ZeroOrMinimumOptions } from './zero-or-minimum.ts';

export type StandardOptions = FuseLawOptions & ThermalOptions & FloorsOptions & ProgressOptions & ZeroOrMinimumOptions;

/** Every law that is checked on site and truth alone; what checks more (deliveries) is added by whoever has more. */
export function standardCheckers(options: StandardOptions): readonly Checker[] {
  return [
    new FuseLawChecker(options),
    new ThermalChecker(options),
    new IncreaseAfterDecreaseChecker(options),
    new ZeroOrMinimumChecker(options),
    new FloorsChecker(options),
    new ExplainedChecker(options),
    new BoundsChecker(),
    new ProgressChecker(options),
  ];
}

/** Violations of one checker kept at most, so that one that finds much hides none of the others; the rest is counted. */
export const MAX_KEPT_PER_CHECKER = 20;

export class CheckRun {
  readonly #checkers: readonly Checker[];
  readonly #ofTruth: readonly Checker[];
  readonly #ofCycles: readonly Checker[];
  readonly #ofQueues: readonly Checker[];
  readonly #counts: Map<string, number>;
  readonly #onViolation: (violation: Violation) => void;
  readonly #kept: Violation[] = [];
  #count = 0;

  /** Names of `checkers` MUST differ. `onViolation` hears of each, also of those that are not kept. */
  constructor(checkers: readonly Checker[], onViolation: (violation: Violation) => void = () => {}) {
    this.#checkers = checkers;
    this.#onViolation = onViolation;
    this.#ofTruth = checkers.filter((checker) => checker.onTruth);
    this.#ofCycles = checkers.filter((checker) => checker.onCycle);
    this.#ofQueues = checkers.filter((checker) => checker.onQueues);
    this.#counts = new Map(checkers.map(({ name }) => [name, 0]));
  }

  /** Kept violations in the order in which they became certain. */
  get violations(): readonly Violation[] {
    return this.#kept;
  }

  /** All violations, those that were not kept included. */
  get violationCount(): number {
    return this.#count;
  }

  onTruth(truth: Truth): void {
    for (const checker of this.#ofTruth) this.take(checker.onTruth!(truth));
  }

  onCycle(record: CycleRecord, truth: Truth): void {
    for (const checker of this.#ofCycles) this.take(checker.onCycle!(record, truth));
  }

  onQueues(queues: readonly QueueSize[], at: Instant): void {
    for (const checker of this.#ofQueues) this.take(checker.onQueues!(queues, at));
  }

  onEnd(at: Instant): void {
    for (const checker of this.#checkers) this.take(checker.onEnd?.(at) ?? []);
  }

  /** Every checker's figures as `<checker>.<figure>`, and how many violations it found as `<checker>.violationCount`. */
  figures(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      this.#checkers.flatMap((checker) => [
        [`${checker.name}.violationCount`, this.#counts.get(checker.name)!],
        ...Object.entries(checker.figures?.() ?? {}).map(([name, value]) => [`${checker.name}.${name}`, value]),
      ]),
    );
  }

  /** Takes what one of the checkers found when it was told something that only it wants to know. */
  take(violations: readonly Violation[]): void {
    for (const violation of violations) {
      const count = (this.#counts.get(violation.checker) ?? 0) + 1;
      this.#counts.set(violation.checker, count);
      this.#count += 1;
      this.#onViolation(violation);
      if (count <= MAX_KEPT_PER_CHECKER) this.#kept.push(violation);
    }
  }
}

/**
 * The figures of several runs as those of one: what is named `longest…`, `worst…`, `hottest…`, `fullest…` or `most…` is the greatest, `least…` the
 * smallest, everything else the sum.
 */
export function mergeFigures(runs: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const merged: Record<string, number> = {};
  for (const figures of runs) {
    for (const [key, value] of Object.entries(figures)) {
      const known = merged[key];
      merged[key] = known === undefined ? value : merge(key, known, value);
    }
  }
  return merged;
}

function merge(key: string, a: number, b: number): number {
  const figure = key.slice(key.lastIndexOf('.') + 1);
  if (/^(?:longest|worst|hottest|fullest|most)|LongestRun/.test(figure)) return Math.max(a, b);
  return figure.startsWith('least') ? Math.min(a, b) : a + b;
}
