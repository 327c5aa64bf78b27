// A row of the fault table as data: what is broken, what must hold all the same, how that is found out, and what came of it.
import type { Site } from '../../src/core/model/site.ts';
import type { StandardOptions } from '../../src/simulator/checks/all.ts';
import type { Script } from '../../src/simulator/script.ts';
import type { Checker } from '../../src/simulator/truth.ts';

/** `told`: the row sets no bound; the figure helps to judge the others. */
export type Bound = { readonly most: number } | { readonly least: number } | { readonly told: true };

/** A figure and what it must be; `figure` names it among the figures of a run, `<checker>.<figure>`. */
export type FigureBound = Bound & { readonly what: string; readonly figure: string; readonly unit: string };

/** A figure that was measured; without a number it never was, which is broken. */
export type Measure = Bound & { readonly what: string; readonly unit: string; readonly value: number | undefined };

export type Finding = { readonly seed?: number; readonly text: string };

export type Outcome =
  | {
      readonly kind: 'held' | 'broken';
      readonly measures: readonly Measure[];
      readonly findings: readonly Finding[];
      /** Of all runs, those that are not in `findings` included. */
      readonly findingCount: number;
      /** What was run, for people: how often, how long, with what. */
      readonly ran: string;
      readonly seeds: readonly number[];
    }
  | { readonly kind: 'not-run'; readonly because: string };

export type RowHead = {
  /** In the fault table, 1 to 48. */
  readonly number: number;
  readonly name: string;
  readonly fault: string;
  readonly required: string;
  /** What a reader must know to judge the figure: what was scaled, what stands for what. */
  readonly remark?: string;
};

/** One run of a simulated row. */
export type Play = {
  readonly site: Site;
  readonly script: Script;
  readonly checkers?: readonly RowChecker[];
  readonly bounds?: Omit<StandardOptions, 'site'>;
};

/** A checker that may also listen to the controller's log. */
export type RowChecker = Checker & { onLog?(level: string, event: string): void };

export type PlayWish = { readonly seed: number; readonly isShort: boolean };

export type SimulatedRow = RowHead & {
  readonly how: 'simulated';
  /** Seeds at most, where a run is long: the full campaign and the short one. */
  readonly mostSeeds?: { readonly full: number; readonly short: number };
  readonly figures: readonly FigureBound[];
  /** A function of the wish alone. */
  play(wish: PlayWish): Play | Promise<Play>;
};

export type OutsideContext = {
  readonly isShort: boolean;
  readonly seed: number;
  /** A file of vitest's JSON reporter, whose results count for tests of these sources. */
  readonly vitestResults?: string;
  readonly onProgress: (text: string) => void;
};

/** Run once, in processes of its own: a test, a bench. */
export type OutsideRow = RowHead & {
  readonly how: 'test' | 'processes';
  run(context: OutsideContext): Promise<Outcome>;
};

/** What it needs does not exist yet. */
export type MissingRow = RowHead & { readonly how: 'not-run'; readonly because: string };

export type Row = SimulatedRow | OutsideRow | MissingRow;

export const isWithin = ({ value, ...bound }: Measure): boolean => {
  if ('told' in bound) return true;
  if (value === undefined) return false;
  return 'most' in bound ? value <= bound.most : value >= bound.least;
};
