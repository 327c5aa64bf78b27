// Walks a JSON text before anybody parses it: finds where the elements of its outer array stand, and refuses what would
// harm a relay (depth, size, duplicate keys, prototype keys, numbers that do not fit); it must never build a value itself.

/** Nesting of the whole text, outer array included. */
export const MAX_JSON_DEPTH = 16;
/** Values of any kind in one text. */
export const MAX_JSON_NODES = 4096;

export type JsonFault = {
  readonly kind: 'syntax' | 'depth' | 'nodes' | 'duplicate-key' | 'forbidden-key' | 'number';
  readonly text: string;
};
export type JsonScan =
  | { readonly ok: true; readonly outer: 'array' | 'other'; readonly elements: readonly string[] }
  | { readonly ok: false; readonly fault: JsonFault };

class Refused extends Error {
  readonly fault: JsonFault;

  constructor(fault: JsonFault) {
    super(fault.text);
    this.fault = fault;
  }
}

const SPACE = /[ \t\n\r]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids exactly these inside strings.
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /true|false|null/y;
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

class Scanner {
  readonly text: string;
  position = 0;
  nodes = 0;

  constructor(text: string) {
    this.text = text;
  }

  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.position += found.length;
    return found;
  }

  skip(character: string): boolean {
    this.take(SPACE);
    if (this.text[this.position] !== character) return false;
    this.position += 1;
    return true;
  }

  refuse(kind: JsonFault['kind'], text: string): never {
    throw new Refused({ kind, text: `${text} at character ${this.position}` });
  }

  value(depth: number): void {
    this.take(SPACE);
    this.nodes += 1;
    if (this.nodes > MAX_JSON_NODES) this.refuse('nodes', `more than ${MAX_JSON_NODES} values`);
    const first = this.text[this.position];
    if (first === '{' || first === '[') {
      if (depth >= MAX_JSON_DEPTH) this.refuse('depth', `nested deeper than ${MAX_JSON_DEPTH}`);
      if (first === '{') this.object(depth + 1);
      else this.array(depth + 1);
    } else if (first === '"') this.take(STRING) ?? this.refuse('syntax', 'a broken string');
    else if (this.take(WORD) === undefined) this.number();
  }

  number(): void {
    const found = this.take(NUMBER);
    if (found === undefined) this.refuse('syntax', 'no JSON value');
    const isInteger = !/[.eE]/.test(found);
    if (isInteger ? !Number.isSafeInteger(Number(found)) : !Number.isFinite(Number(found)))
      this.refuse('number', `the number ${found.slice(0, 40)} does not fit`);
  }

  object(depth: number): void {
    this.position += 1;
    if (this.skip('}')) return;
    const keys = new Set<string>();
    do {
      this.take(SPACE);
      const quoted = this.take(STRING) ?? this.refuse('syntax', 'no key');
      const key = quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
      if (keys.has(key))
        this.refuse('duplicate-key', `the key ${JSON.stringify(key.slice(0, 40))} twice in one object`);
      if (FORBIDDEN_KEYS.has(key)) this.refuse('forbidden-key', `the key ${JSON.stringify(key)}`);
      keys.add(key);
      if (!this.skip(':')) this.refuse('syntax', 'no ":"');
      this.value(depth);
    } while (this.skip(','));
    if (!this.skip('}')) this.refuse('syntax', 'no "}"');
  }

  /** Gives the texts of the elements, byte for byte. */
  array(depth: number): string[] {
    this.position += 1;
    const elements: string[] = [];
    if (this.skip(']')) return elements;
    do {
      this.take(SPACE);
      const start = this.position;
      this.value(depth);
      elements.push(this.text.slice(start, this.position));
    } while (this.skip(','));
    if (!this.skip(']')) this.refuse('syntax', 'no "]"');
    return elements;
  }
}

/** Scans a whole JSON text; `elements` are the exact texts of the outer array's elements. Never throws. */
export function scanJson(text: string): JsonScan {
  const scanner = new Scanner(text);
  try {
    scanner.take(SPACE);
    const outer = text[scanner.position] === '[' ? 'array' : 'other';
    scanner.nodes = 1;
    let elements: readonly string[] = [];
    if (outer === 'array') elements = scanner.array(1);
    else scanner.value(0);
    scanner.take(SPACE);
    if (scanner.position !== text.length) scanner.refuse('syntax', 'text after the end');
    return { ok: true, outer, elements };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, fault: error.fault };
    throw error;
  }
}
