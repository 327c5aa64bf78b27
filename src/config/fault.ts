// What is wrong in a configuration file, where, and what was expected there instead; it must never quote a secret or a whole file.

/** One fault in a file that people write. */
export type Fault = {
  /** The file as the person named it. */
  readonly file: string;
  /** Where in it: `circuits[2].ratingAmps.L1`, `line 12, column 5`, or empty for the file as a whole. */
  readonly path: string;
  /** What stands there; `undefined` when nothing does. */
  readonly value: unknown;
  /** What should stand there, and what to do when that is not plain. */
  readonly expected: string;
};

/** Longest piece of a file that a message repeats. */
const MAX_QUOTED_CHARACTERS = 80;

/** One line for people: `site-config/office.json: circuits[2].ratingAmps.L1: got "63A", expected a number of amperes above 0`. */
export function describeFault(fault: Fault): string {
  const place = fault.path === '' ? fault.file : `${fault.file}: ${fault.path}`;
  return `${place}: got ${quote(fault.value)}, expected ${fault.expected}`;
}

/** `['circuits', 2, 'ratingAmps', 'L1']` → `circuits[2].ratingAmps.L1`. */
export function describePath(path: readonly PropertyKey[]): string {
  return path
    .map((key, position) => {
      if (typeof key === 'number') return `[${key}]`;
      const name = String(key);
      if (!/^[A-Za-z_$][\w$]*$/.test(name)) return `[${quote(name)}]`;
      return position === 0 ? name : `.${name}`;
    })
    .join('');
}

/** What stands at `path` below `root`; own fields only, `undefined` where the path leads nowhere. */
export function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** Fields that hold a secret, or in which a person might have put one by mistake. */
const SECRET_FIELD = /^(?:authorization)?key|password|secret|^token/i;

/** What may be shown of the value at `path`: a text in a secret's place is told by its length alone. */
export function shownValue(root: unknown, path: readonly PropertyKey[]): unknown {
  const value = valueAt(root, path);
  if (typeof value !== 'string' || !SECRET_FIELD.test(String(path.at(-1)))) return value;
  return `${value.length} characters, not shown`;
}

/** The text with `…` for user, password and query of every address in it. */
export function withoutCredentials(text: string): string {
  return text.replace(/(\w:\/\/)[^/?#\s"\\]*@/g, '$1…@').replace(/(\w:\/\/[^?\s"\\]*\?)[^\s"\\]*/g, '$1…');
}

function quote(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = withoutCredentials(JSON.stringify(value) ?? String(value));
  return text.length <= MAX_QUOTED_CHARACTERS ? text : `${text.slice(0, MAX_QUOTED_CHARACTERS - 1)}…`;
}
