// The one form in which a cycle's sharing is put before a solver: rows, bounds, levels. Plain data.

/** One unknown: amperes per phase of one EVSE, or of each of several that are interchangeable. */
export type Variable = {
  /** It is served, so it has at least this. */
  readonly lower: number;
  /** MUST NOT be below `lower`. */
  readonly upper: number;
  /** Shares inside a level are equal in amps ÷ weight. Positive. */
  readonly weight: number;
  /** Priority class; a higher level takes all it can before a lower one gets more than its `lower`. */
  readonly level: number;
};

/** Σ coefficient × variable ≤ limit. */
export type Row = {
  readonly terms: readonly { readonly variable: number; readonly coefficient: number }[];
  readonly limit: number;
};

export type LinearProgram = { readonly variables: readonly Variable[]; readonly rows: readonly Row[] };

/** What holds a variable where it is: a row, or its own upper bound. */
export type Binding = { readonly kind: 'row'; readonly row: number } | { readonly kind: 'upper' };

export type Solution =
  | { readonly kind: 'solved'; readonly amps: readonly number[]; readonly bindings: readonly Binding[] }
  | { readonly kind: 'failed'; readonly because: string };

/** Amperes of slack within which a row counts as full. */
export const TIGHT_AMPS = 1e-6;
