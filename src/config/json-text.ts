// Reads JSON that people write: a syntax error has its line and column, and a field that stands twice in one object is an error.
// JSON.parse alone tells neither: its positions differ between Node releases, and of two equal keys it silently takes the last.

export type JsonText =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      readonly line: number;
      readonly column: number;
      readonly found: string;
      readonly expected: string;
    };

/** Deepest nesting that is read; a configuration file needs six. */
export const MAX_JSON_DEPTH = 64;

const TOKEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them bare inside a text
  /[ \t\r\n]+|[{}[\]:,]|"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?![\w.])|(?:true|false|null)(?!\w)/y;

type Awaits = 'value' | 'first value or ]' | 'first field or }' | 'field' | 'colon' | 'comma or close' | 'end';
type Level = { readonly kind: 'object' | 'array'; readonly startsOfFields: Map<string, number> };

/** Parses `text`; never throws. Lines and columns count from 1. */
export function parseJsonText(text: string): JsonText {
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const fault = findFault(body);
  if (fault === undefined) return { ok: true, value: JSON.parse(body) };
  return { ok: false, ...placeOf(body, fault.at), found: fault.found, expected: fault.expected };
}

type TextFault = { readonly at: number; readonly found: string; readonly expected: string };

function findFault(body: string): TextFault | undefined {
  const levels: Level[] = [];
  let awaits: Awaits = 'value';
  let at = 0;
  while (at < body.length) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(body)?.[0];
    if (token === undefined) return { at, ...explainStray(body, at, awaits, levels) };
    if (!/^[ \t\r\n]/.test(token)) {
      const next = step(token, awaits, levels, at, (start) => placeOf(body, start).line);
      if (typeof next !== 'string') return { at, found: token, expected: next.expected };
      awaits = next;
    }
    at += token.length;
  }
  if (awaits === 'end') return undefined;
  return { at, found: 'the end of the file', expected: wanted(awaits, levels) };
}

/** What is awaited after `token`, or why it may not stand here. */
function step(
  token: string,
  awaits: Awaits,
  levels: Level[],
  at: number,
  lineOf: (start: number) => number,
): Awaits | { expected: string } {
  const level = levels.at(-1);
  const refused = { expected: wanted(awaits, levels) };
  switch (awaits) {
    case 'first field or }':
    case 'field': {
      if (token === '}' && awaits === 'first field or }') return close(levels);
      if (token === '}') return { expected: 'a further field after the comma, or no comma before the }' };
      if (!token.startsWith('"')) return refused;
      const name = JSON.parse(token) as string;
      const before = level!.startsOfFields.get(name);
      if (before !== undefined)
        return { expected: `each field once in its object; it stands in line ${lineOf(before)} already` };
      level!.startsOfFields.set(name, at);
      return 'colon';
    }
    case 'colon':
      return token === ':' ? 'value' : refused;
    case 'comma or close':
      if (token === ',') return level!.kind === 'object' ? 'field' : 'value';
      return token === (level!.kind === 'object' ? '}' : ']') ? close(levels) : refused;
    case 'first value or ]':
    case 'value':
      if (token === ']' && awaits === 'first value or ]') return close(levels);
      if (token === ']' && level?.kind === 'array') {
        return { expected: 'a further value after the comma, or no comma before the ]' };
      }
      if (/^[}\],:]/.test(token)) return refused;
      if (token !== '{' && token !== '[') return levels.length === 0 ? 'end' : 'comma or close';
      if (levels.length === MAX_JSON_DEPTH) return { expected: `at most ${MAX_JSON_DEPTH} levels of nesting` };
      levels.push({ kind: token === '{' ? 'object' : 'array', startsOfFields: new Map() });
      return token === '{' ? 'first field or }' : 'first value or ]';
    case 'end':
      return refused;
  }
}

function close(levels: Level[]): Awaits {
  levels.pop();
  return levels.length === 0 ? 'end' : 'comma or close';
}

function wanted(awaits: Awaits, levels: readonly Level[]): string {
  switch (awaits) {
    case 'first field or }':
      return 'a field name in double quotes, or }';
    case 'field':
      return 'a field name in double quotes';
    case 'colon':
      return 'a colon after the field name';
    case 'comma or close':
      return levels.at(-1)?.kind === 'object' ? 'a comma or }' : 'a comma or ]';
    case 'first value or ]':
      return 'a value, or ]';
    case 'value':
      return 'a value: a number, a text in double quotes, true, false, null, { or [';
    case 'end':
      return 'nothing after the end of the JSON value';
  }
}

/** Says what is wrong where no token begins: the slips that people make most. */
function explainStray(body: string, at: number, awaits: Awaits, levels: readonly Level[]) {
  const rest = body.slice(at, at + 20);
  const found = /^[\w.+-]+/.exec(rest)?.[0] ?? rest[0]!;
  if (/^\/[/*]/.test(rest)) return { found: rest.slice(0, 2), expected: 'no comment: JSON has none' };
  if (rest.startsWith("'")) return { found: "'", expected: 'double quotes round a text' };
  if (rest.startsWith('"')) {
    return { found: '"', expected: 'a text that ends with " in the same line, with \\\\ for a backslash' };
  }
  return { found, expected: wanted(awaits, levels) };
}

function placeOf(body: string, at: number): { readonly line: number; readonly column: number } {
  const before = body.slice(0, at).split('\n');
  return { line: before.length, column: before.at(-1)!.length + 1 };
}
