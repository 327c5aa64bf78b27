// The answers to the last few programs, because one cycle often asks what the one before asked; it must never show but by the time it saves.

import type { LinearProgram, Solution } from './linear-program.ts';
import type { ScaledRow } from './rising.ts';

/** Programs remembered at most: two sharings out of a cycle each for a site and for another beside it. At the bound the oldest goes. */
export const MAX_RECENT_ANSWERS = 4;

/** Everything that the answer to a checked program depends on; the rows are those that can be full. */
export type Question = Pick<LinearProgram, 'variables' | 'stages'> & {
  readonly rows: readonly ScaledRow[];
  readonly signed: boolean;
};

/** Answers by the whole content of the question, number by number: the same question is never answered otherwise. */
export class RecentAnswers {
  readonly #known: { readonly question: Question; readonly answer: Solution }[] = [];

  /** The answer to this very question, where it was asked lately, else the one that `solve` gives now. */
  answerTo(question: Question, solve: (question: Question) => Solution): Solution {
    const known = this.#known.find((one) => isSame(one.question, question));
    if (known) return known.answer;
    const answer = solve(question);
    this.#known.unshift({ question, answer });
    if (this.#known.length > MAX_RECENT_ANSWERS) this.#known.pop();
    return answer;
  }
}

function isSame(a: Question, b: Question): boolean {
  return (
    a.signed === b.signed &&
    allSame(a.rows, b.rows, isSameRow) &&
    allSame(a.variables, b.variables, (x, y) => x.lower === y.lower && x.upper === y.upper) &&
    allSame(a.stages, b.stages, (x, y) => allSame(x, y, isSameRiser))
  );
}

type Riser = LinearProgram['stages'][number][number];

function isSameRiser(a: Riser, b: Riser): boolean {
  return a.variable === b.variable && a.upper === b.upper && a.weight === b.weight;
}

function isSameRow(a: ScaledRow, b: ScaledRow): boolean {
  return a.at === b.at && a.limit === b.limit && allSame(a.terms, b.terms, isSameTerm);
}

type Term = ScaledRow['terms'][number];

function isSameTerm(a: Term, b: Term): boolean {
  return a.variable === b.variable && a.coefficient === b.coefficient;
}

function allSame<T>(a: readonly T[], b: readonly T[], same: (x: T, y: T) => boolean): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (!same(a[at]!, b[at]!)) return false;
  return true;
}
