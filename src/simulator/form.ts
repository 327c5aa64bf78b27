// Small checked forms for plain data from outside: each says what it expects, and collects what is wrong by its path. Knows nothing of scripts.

export type FormFault = {
  /** `happenings[3].car.phases`; empty for the whole. */
  readonly path: string;
  /** What stands there, shortened; absent where nothing does. */
  readonly value?: unknown;
  readonly expected: string;
};

/** Faults that are told at most; who has mended these runs the check again. */
export const MAX_FORM_FAULTS = 20;
/** Longest piece of a text that a fault repeats. */
const MAX_QUOTED = 80;

/** Where the check stands, and what it has found so far. */
export class Findings {
  readonly faults: FormFault[] = [];
  readonly #path: (string | number)[] = [];

  get isFull(): boolean {
    return this.faults.length >= MAX_FORM_FAULTS;
  }

  /** Runs `check` one level below, at `key`. */
  below<T>(key: string | number, check: () => T): T {
    this.#path.push(key);
    const found = check();
    this.#path.pop();
    return found;
  }

  add(value: unknown, expected: string): void {
    if (this.isFull) return;
    const path = this.#path
      .map((key, at) => (typeof key === 'number' ? `[${key}]` : at === 0 ? key : `.${key}`))
      .join('');
    this.faults.push({ path, expected, ...(value === undefined ? {} : { value: shown(value) }) });
  }
}

/**
 * Checks `value` and gives it back as `T`, with its fields in the form's order. Where it has added a fault, what it gives back is not to be used.
 */
export type Form<T> = (value: unknown, findings: Findings) => T;
type Optional<T> = { readonly optional: Form<T> };
type FieldForm<T, K extends keyof T> = undefined extends T[K]
  ? Optional<Exclude<T[K], undefined>>
  : { [Only in K]?: T[K] } extends Pick<T, K>
    ? Optional<Exclude<T[K], undefined>>
    : Form<T[K]>;
export type Fields<T> = { readonly [K in keyof T]-?: FieldForm<T, K> };

export function optional<T>(form: Form<T>): Optional<T> {
  return { optional: form };
}

/** A whole number between two bounds, both included. */
export function whole(min: number, max: number, unit = ''): Form<number> {
  const expected = `a whole number${unit} from ${min} to ${max}`;
  return (value, findings) => {
    if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) findings.add(value, expected);
    return value as number;
  };
}

/** Any number between two bounds, both included. */
export function number(min: number, max: number, unit = ''): Form<number> {
  const expected = `a number${unit} from ${min} to ${max}`;
  return (value, findings) => {
    if (typeof value !== 'number' || !(value >= min && value <= max)) findings.add(value, expected);
    return value as number;
  };
}

export function text(most: number): Form<string> {
  const expected = `a text of 1 to ${most} characters`;
  return (value, findings) => {
    if (typeof value !== 'string' || value === '' || value.length > most) findings.add(value, expected);
    return value as string;
  };
}

export function oneOf<const T extends string | number | boolean>(...values: readonly T[]): Form<T> {
  const expected = `one of ${values.join(', ')}`;
  return (value, findings) => {
    if (!(values as readonly unknown[]).includes(value)) findings.add(value, expected);
    return value as T;
  };
}

export function list<T>(form: Form<T>, least: number, most: number): Form<readonly T[]> {
  return (value, findings) => {
    if (!Array.isArray(value)) findings.add(value, 'a list');
    else if (value.length < least || value.length > most)
      findings.add(`${value.length} of them`, `${least} to ${most} of them`);
    else {
      const found: T[] = [];
      for (let at = 0; at < value.length && !findings.isFull; at++)
        found.push(findings.below(at, () => form(value[at], findings)));
      return found;
    }
    return [];
  };
}

/** Exactly these fields: an unknown one is a fault, since it is most often a misspelt one. */
export function object<T extends object>(fields: Fields<T>): Form<T> {
  const forms = Object.entries(fields) as [string, Form<unknown> | Optional<unknown>][];
  const known = forms.map(([name]) => name);
  return (value, findings) => {
    const found: Record<string, unknown> = {};
    if (!isRecord(value)) {
      findings.add(value, `an object with ${known.join(', ')}`);
      return found as T;
    }
    for (const [name, form] of forms) {
      const field = Object.hasOwn(value, name) ? value[name] : undefined;
      if (typeof form === 'function') found[name] = findings.below(name, () => form(field, findings));
      else if (field !== undefined) found[name] = findings.below(name, () => form.optional(field, findings));
    }
    for (const name of Object.keys(value))
      if (!known.includes(name))
        findings.below(name, () => findings.add(value[name], `no such field: ${known.join(', ')}`));
    return found as T;
  };
}

/** The form that belongs to the value's `kind`. */
export function byKind<T extends { readonly kind: string }>(
  forms: {
    readonly [K in T['kind']]: Form<Extract<T, { readonly kind: K }>>;
  },
): Form<T> {
  const kinds = Object.keys(forms);
  return (value, findings) => {
    const kind = isRecord(value) ? value.kind : undefined;
    if (typeof kind === 'string' && Object.hasOwn(forms, kind))
      return forms[kind as T['kind']](value, findings) as unknown as T;
    if (isRecord(value)) findings.below('kind', () => findings.add(kind, `one of ${kinds.join(', ')}`));
    else findings.add(value, `an object whose kind is one of ${kinds.join(', ')}`);
    return value as T;
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): unknown {
  if (typeof value === 'string' && value.length > MAX_QUOTED) return `${value.slice(0, MAX_QUOTED)}…`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' && value !== null ? 'an object' : value;
}
