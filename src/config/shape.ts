// The bricks of every schema here: strict objects, bounded numbers, and zod's issues turned into faults; no field is ever guessed.

import * as z from 'zod';
import { onEachPhase, type Phase, type PhaseAmps } from '../core/model/units.ts';
import { describePath, type Fault, shownValue } from './fault.ts';

/** No protective device of a charging site is larger; more is a slip of the pen. */
export const MAX_AMPS = 10_000;
export const MAX_KILOWATTS = 10_000;
export const MAX_KILOVOLT_AMPERES = 10_000;

/** An object with exactly these fields; `what` says in words what it is. */
export function strict<S extends z.core.$ZodLooseShape>(shape: S, what: string) {
  return z.strictObject(shape, {
    // The names travel in the message of an unknown key, so that `faultsOf` can list and suggest them.
    error: (issue) => (issue.code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : `an object: ${what}`),
  });
}

/** A text of 1 to 200 characters without control characters. */
export function words(what: string) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is kept out
  return z.string({ error: what }).regex(/^[^\u0000-\u001f\u007f]{1,200}$/, { error: what });
}

export function pattern(expression: RegExp, what: string) {
  return z.string({ error: what }).regex(expression, { error: what });
}

/** Name of a circuit, a meter, a profile: also usable in a URL and a metric's label. */
export const plainId = pattern(/^[A-Za-z0-9_.-]{1,48}$/, '1 to 48 letters, digits, dots, hyphens or underscores');

/** What people call a thing; absent: its id. */
export const name = words('a name of 1 to 200 characters').optional();
export const host = pattern(/^[A-Za-z0-9.:_-]{1,253}$/, 'a host name or an IP address');

/** A finite number within both bounds. */
export function within(least: number, most: number, what: string) {
  return z.number({ error: what }).min(least, { error: what }).max(most, { error: what });
}

/** A finite number above 0 and at most `most`. */
export function above0(most: number, what: string) {
  return z.number({ error: what }).gt(0, { error: what }).max(most, { error: what });
}

export function wholeWithin(least: number, most: number, what: string) {
  return z.int({ error: what }).min(least, { error: what }).max(most, { error: what });
}

export const port = wholeWithin(1, 65_535, 'a port number from 1 to 65535');

export function milliseconds(least: number, most: number) {
  return wholeWithin(least, most, `a whole number of milliseconds from ${least} to ${most}`);
}

export const ampsAbove0 = above0(MAX_AMPS, `a number of amperes above 0 and at most ${MAX_AMPS}`);
export const ampsFrom0 = within(0, MAX_AMPS, `a number of amperes from 0 to ${MAX_AMPS}`);
export const kilowattsAbove0 = above0(MAX_KILOWATTS, `a number of kilowatts above 0 and at most ${MAX_KILOWATTS}`);
export const kilovoltAmperesAbove0 = above0(
  MAX_KILOVOLT_AMPERES,
  `a number of kilovolt-amperes above 0 and at most ${MAX_KILOVOLT_AMPERES}`,
);

/** One number for all phases, or `{L1, L2, L3}`; the fault lies at the very number that is wrong. */
export function perPhase(one: z.ZodType<number>) {
  const each = strict({ L1: one, L2: one, L3: one }, 'one number for each of L1, L2, L3');
  return z.unknown().transform((value, context): PhaseAmps => {
    const result = typeof value === 'object' && value !== null ? each.safeParse(value) : one.safeParse(value);
    if (result.success) return typeof result.data === 'number' ? onEachPhase(result.data) : result.data;
    for (const issue of result.error.issues) context.issues.push({ ...issue, input: value } as z.core.$ZodRawIssue);
    return z.NEVER;
  });
}

/** Phases of the grid in a text, each once, in the order given: "L2 L3 L1". */
export function phaseList(what: string) {
  return z
    .string({ error: what })
    .regex(/^L[123](?:[ ,]+L[123]){0,2}$/, { error: what })
    .transform((text) => text.split(/[ ,]+/) as readonly Phase[])
    .refine((list) => new Set(list).size === list.length, { error: what });
}

/** Faults of one schema's issues: one for each place, one for each unknown field. `root` is what the paths start from. */
export function faultsOf(
  error: z.ZodError,
  where: { readonly file: string; readonly root: unknown; readonly prefix?: readonly PropertyKey[] },
): Fault[] {
  const faults = new Map<string, Fault>();
  const add = (path: readonly PropertyKey[], expected: string) => {
    const text = describePath(path);
    if (!faults.has(text))
      faults.set(text, { file: where.file, path: text, value: shownValue(where.root, path), expected });
  };
  for (const issue of error.issues) {
    const path = [...(where.prefix ?? []), ...issue.path];
    if (issue.code !== 'unrecognized_keys') add(path, issue.message);
    else for (const key of issue.keys) add([...path, key], explainUnknown(key, issue.message.split(' ')));
  }
  return [...faults.values()];
}

function explainUnknown(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  const suggestion = near === undefined ? '' : ` (did you mean ${near}?)`;
  return `no field of this name${suggestion}; the fields here are ${known.join(', ')}`;
}

/** The known name that is at most a third of its letters away from `given`, for "did you mean". */
export function nearest(given: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((name) => ({ name, distance: editDistance(given.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(name.length / 3)))
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.name;
}

/** Names looked through for a suggestion: a file with thousands of slips must not take minutes to tell of. */
export const MAX_COMPARED = 500;
const MAX_LISTED = 12;

/** ` (did you mean main?): main, sub`: what ends the text of a fault at a name that leads nowhere. */
export function listed(given: string, known: readonly string[]): string {
  const near = nearest(given, known.slice(0, MAX_COMPARED));
  const suggestion = near === undefined ? '' : ` (did you mean ${near}?)`;
  if (known.length === 0) return `${suggestion}: there are none`;
  const shown = known.slice(0, MAX_LISTED).join(', ');
  return `${suggestion}: ${shown}${known.length > MAX_LISTED ? `, and ${known.length - MAX_LISTED} more` : ''}`;
}

function editDistance(a: string, b: string): number {
  // A name of thousands of characters is no slip of the pen, and not worth the square of its length.
  if (a.length > 64) return a.length;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
