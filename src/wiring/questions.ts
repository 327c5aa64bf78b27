// Asks a person at a terminal, or takes the answers from a file that was written beforehand; it never makes up an answer.

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { parseJsonText } from '../config/json-text.ts';

export type Question = 'who' | 'load' | 'display' | 'apply';

export interface Questions {
  /** The answer without blanks around it; empty when there is none, and once `signal` aborts. */
  ask(question: Question, text: string, signal: AbortSignal): Promise<string>;
  /** Resolves when the person presses Enter, with true; with false when `signal` aborts before. Nobody presses keys in a file. */
  pressed(signal: AbortSignal): Promise<boolean>;
  close(): void;
}

const MAX_ANSWERS_BYTES = 100_000;
/** More tests than this teach nothing more about three phases. */
export const MAX_LOADS = 12;
/** Lines that nobody has asked for yet; more are dropped. */
const MAX_EARLY_LINES = 100;
const line = z.string().max(200);

const answersForm = z.strictObject({
  who: line.optional(),
  loads: z.array(line).max(MAX_LOADS).optional(),
  display: line.optional(),
  apply: line.optional(),
});

export type ReadAnswers =
  | { readonly ok: true; readonly questions: Questions }
  | { readonly ok: false; readonly fault: string };

/** A JSON file with `who`, `loads` (a list), `display` and `apply`, each optional. */
export function answersFromFile(file: string): ReadAnswers {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    // A missing file is the person's slip, told like every other.
    return {
      ok: false,
      fault: `${file}: ${(error as NodeJS.ErrnoException).code}, expected a file with answers in JSON`,
    };
  }
  if (text.length > MAX_ANSWERS_BYTES)
    return { ok: false, fault: `${file}: ${text.length} bytes, expected at most ${MAX_ANSWERS_BYTES}` };
  const json = parseJsonText(text);
  if (!json.ok)
    return {
      ok: false,
      fault: `${file}: line ${json.line}, column ${json.column}: got ${json.found}, expected ${json.expected}`,
    };
  const parsed = answersForm.safeParse(json.value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return {
      ok: false,
      fault: `${file}: ${issue!.path.map(String).join('.') || 'the whole'}: ${issue!.message}, expected who, loads, display and apply`,
    };
  }
  const { who = '', loads = [], display = '', apply = '' } = parsed.data;
  const left = [...loads];
  const answers = { who: () => who, load: () => left.shift() ?? '', display: () => display, apply: () => apply };
  return {
    ok: true,
    questions: {
      ask: async (question) => answers[question]().trim(),
      pressed: (signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve(false), { once: true })),
      close: () => {},
    },
  };
}

/** Questions on `output`, answers from `input`, line by line. `interrupt` is called for Ctrl-C, which the line editor keeps to itself. */
export function questionsAt(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  interrupt: () => void,
): Questions {
  const reader = createInterface({ input, output, prompt: '> ' });
  // Lines may come before they are asked for, as from a pipe.
  const early: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  const ended = new AbortController();
  reader.on('SIGINT', interrupt);
  // The end of the input is an answer too: nobody is there any more.
  reader.on('close', () => ended.abort());
  reader.on('line', (line) => {
    const next = waiting.shift();
    if (next) next(line);
    else if (early.length < MAX_EARLY_LINES) early.push(line);
  });
  const nextLine = (signal: AbortSignal): Promise<string | undefined> =>
    new Promise((resolve) => {
      const first = early.shift();
      const either = AbortSignal.any([signal, ended.signal]);
      if (first !== undefined || either.aborted) return resolve(first);
      const take = (line: string | undefined) => {
        either.removeEventListener('abort', giveUp);
        resolve(line);
      };
      const giveUp = () => {
        waiting.splice(waiting.indexOf(take), 1);
        take(undefined);
      };
      waiting.push(take);
      either.addEventListener('abort', giveUp, { once: true });
    });
  return {
    ask: async (_, text, signal) => {
      output.write(`${text}\n`);
      reader.prompt();
      return ((await nextLine(signal)) ?? '').trim();
    },
    pressed: async (signal) => {
      // A key that was pressed before it was asked for says nothing about now.
      early.length = 0;
      return (await nextLine(signal)) !== undefined;
    },
    close: () => reader.close(),
  };
}
