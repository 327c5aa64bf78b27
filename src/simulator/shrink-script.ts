// Shortens a script that makes a run fail to the shortest that still does, by trying shorter ones; it must know nothing of why a run fails.

import type { Happening, Script } from './script.ts';
import { subjectOf } from './script-subject.ts';

export type ShrinkOptions = {
  /** Runs of `fails` at most, the first included. */
  readonly maxRuns: number;
  /** Milliseconds after the start at which the failure was seen, where that is known: the first cut is tried there. */
  readonly failedAtMs?: number;
  /** After each run. */
  readonly onProgress?: (progress: ShrinkProgress) => void;
};

export type ShrinkProgress = {
  readonly runs: number;
  readonly maxRuns: number;
  /** What is being tried. */
  readonly step: 'check' | 'hours' | 'happenings' | 'durations';
  /** Of the shortest script so far. */
  readonly happenings: number;
  readonly hours: number;
};

export type Shrunk =
  /** The script as it was given does not fail. */
  | { readonly kind: 'passes'; readonly runs: number }
  | {
      readonly kind: 'shrunk';
      readonly script: Script;
      readonly runs: number;
      /** True: none of its happenings could be left out by itself. False: the runs were used up before that was known. */
      readonly isMinimal: boolean;
    };

const HOUR_MS = 3_600_000;
/** Hours are not cut finer than this. */
const FINEST_CUT_MS = 60_000;
/** Nothing is shortened below this. */
const SHORTEST_MS = 1_000;

/**
 * The shortest script for which `fails` still resolves to true: cut after the failure, then fewer happenings (delta debugging over kinds, then
 * subjects, then single ones), then a closer cut, then shorter durations. Every script tried is a part of the given one,
 * in its order. `fails` MUST give the same answer for the same script; where it rejects, so does this.
 */
export async function shrinkScript(
  script: Script,
  fails: (script: Script) => Promise<boolean>,
  options: ShrinkOptions,
): Promise<Shrunk> {
  const search = new Search(script, fails, options);
  if (!(await search.try(script, 'check'))) return { kind: 'passes', runs: search.runs };
  await cutHours(search, options.failedAtMs);
  await fewerHappenings(search);
  const isMinimal = !search.isOver;
  await cutHours(search);
  await shorterDurations(search);
  return { kind: 'shrunk', script: search.best, runs: search.runs, isMinimal };
}

/** The shortest so far, and how many runs are left. */
class Search {
  best: Script;
  runs = 0;
  readonly #fails: (script: Script) => Promise<boolean>;
  readonly #options: ShrinkOptions;

  constructor(script: Script, fails: (script: Script) => Promise<boolean>, options: ShrinkOptions) {
    this.best = script;
    this.#fails = fails;
    this.#options = options;
  }

  get isOver(): boolean {
    return this.runs >= this.#options.maxRuns;
  }

  /** Takes the script where it still fails; false as well when no run is left. */
  async try(script: Script, step: ShrinkProgress['step']): Promise<boolean> {
    if (this.isOver) return false;
    this.runs++;
    const isFailing = await this.#fails(script);
    if (isFailing) this.best = script;
    const { happenings, hours } = this.best;
    const { maxRuns, onProgress } = this.#options;
    onProgress?.({ runs: this.runs, maxRuns, step, happenings: happenings.length, hours });
    return isFailing;
  }

  tryHappenings(happenings: readonly Happening[], step: ShrinkProgress['step']): Promise<boolean> {
    return this.try({ ...this.best, happenings }, step);
  }
}

/** The earliest end at which it still fails, to a minute; what would begin later goes with it. */
async function cutHours(search: Search, failedAtMs?: number): Promise<void> {
  let longMs = endMs(search.best);
  let shortMs = 0;
  if (failedAtMs !== undefined) {
    const cutMs = (Math.floor(failedAtMs / FINEST_CUT_MS) + 1) * FINEST_CUT_MS;
    if (cutMs < longMs) {
      if (await search.try(cutAt(search.best, cutMs), 'hours')) longMs = cutMs;
      else shortMs = cutMs;
    }
  }
  while (!search.isOver && longMs - shortMs > FINEST_CUT_MS) {
    const cutMs = Math.ceil((shortMs + longMs) / 2 / FINEST_CUT_MS) * FINEST_CUT_MS;
    if (cutMs >= longMs) return;
    if (await search.try(cutAt(search.best, cutMs), 'hours')) longMs = cutMs;
    else shortMs = cutMs;
  }
}

function endMs({ hours }: Script): number {
  return hours * HOUR_MS;
}

function cutAt(script: Script, cutMs: number): Script {
  return {
    ...script,
    hours: cutMs / HOUR_MS,
    happenings: script.happenings.filter(({ atMs }) => atMs < cutMs),
  };
}

async function fewerHappenings(search: Search): Promise<void> {
  if (search.best.happenings.length === 0) return;
  // A fault of ours often needs none of it.
  if (await search.tryHappenings([], 'happenings')) return;
  await leaveOut(search, ({ kind }) => kind);
  await leaveOut(search, subjectOf);
  // Until no single one can go any more: what goes late may free what was tried before.
  while (await leaveOut(search, (happening) => happening));
}

/** Leaves out whatever has one of half of the keys, then of a quarter, down to a single key; true where something went at that last step. */
async function leaveOut(search: Search, keyOf: (happening: Happening) => unknown): Promise<boolean> {
  let keys = [...new Set(search.best.happenings.map(keyOf))];
  for (let size = Math.ceil(keys.length / 2); ; size = Math.ceil(size / 2)) {
    const before = keys.length;
    // From the end on, since what came last is most often what nothing depends on.
    for (let end = keys.length; end > 0 && !search.isOver; end -= size) {
      const gone = new Set(keys.slice(Math.max(0, end - size), end));
      const rest = search.best.happenings.filter((happening) => !gone.has(keyOf(happening)));
      // Nothing at all was tried first.
      if (rest.length === 0 || !(await search.tryHappenings(rest, 'happenings'))) continue;
      keys = keys.filter((key) => !gone.has(key));
    }
    if (size <= 1 || search.isOver) return keys.length < before && !search.isOver;
  }
}

/** Each by itself: halved for as long as it still fails. */
async function shorterDurations(search: Search): Promise<void> {
  for (let at = 0; at < search.best.happenings.length; at++) {
    for (let goesOn = true; goesOn && !search.isOver; ) {
      const { happenings } = search.best;
      const one = happenings[at]!;
      if (!('forMs' in one) || one.forMs <= SHORTEST_MS) break;
      const shorter = { ...one, forMs: Math.max(SHORTEST_MS, Math.floor(one.forMs / 2)) };
      goesOn = await search.tryHappenings(happenings.with(at, shorter), 'durations');
    }
  }
}
