// The one form in which a cycle's sharing is put before a solver: bounds, rows, stages. Plain data.

/** One unknown: amperes per phase of one EVSE, or of each of several that are interchangeable. */
export type Variable = {
  /** It is served, so it has at least this. */
  readonly lower: number;
  /** The most over all stages. MUST NOT be below `lower`. */
  readonly upper: number;
};

/** A variable that rises in a stage. */
export type Riser = {
  readonly variable: number;
  /** It rises to here at most in this stage; where it stands higher already, it stays. MUST NOT be above the variable's `upper`. */
  readonly upper: number;
  /** Shares inside a stage are equal in amps ÷ weight. Positive. */
  readonly weight: number;
};

/**
 * One step of the lexicographic order: its members rise together from where the stages before left them. An earlier stage takes all it can
 * before a later one gets anything. A variable may rise in several stages: first what it needs, later what is left.
 */
export type Stage = readonly Riser[];

/** Σ coefficient × variable ≤ limit. Coefficients below zero make the program signed. */
export type Row = {
  readonly terms: readonly { readonly variable: number; readonly coefficient: number }[];
  readonly limit: number;
};

/** With every variable at its `lower` all rows MUST hold. A row names each variable at most once, and so does a stage. Variables in no stage stay at their `lower`. */
export type LinearProgram = {
  readonly variables: readonly Variable[];
  readonly rows: readonly Row[];
  readonly stages: readonly Stage[];
};

/** What holds a variable where it is: a row, or its own upper bound. */
export type Binding = { readonly kind: 'row'; readonly row: number } | { readonly kind: 'upper' };

export type Solution =
  | { readonly kind: 'solved'; readonly amps: readonly number[]; readonly bindings: readonly Binding[] }
  | { readonly kind: 'failed'; readonly because: string };

/** Amperes of slack within which a row counts as full. */
export const TIGHT_AMPS = 1e-6;

/** What makes a program none that can be solved, in words: numbers that are not finite, bounds that cross, minima that do not fit. */
export function faultOf({ variables, rows, stages }: LinearProgram): string | undefined {
  for (const [at, { lower, upper }] of variables.entries()) {
    if (!(Number.isFinite(lower) && Number.isFinite(upper) && lower >= 0 && upper >= lower))
      return `variable ${at} has the bounds ${lower}..${upper}`;
  }
  for (const [at, stage] of stages.entries()) {
    const seen = new Set<number>();
    for (const { variable, upper, weight } of stage) {
      if (seen.has(variable) || !(variable in variables)) return `stage ${at} names variable ${variable} amiss`;
      seen.add(variable);
      if (!(upper <= variables[variable]!.upper && Number.isFinite(upper) && Number.isFinite(weight) && weight > 0))
        return `variable ${variable} rises to ${upper} with the weight ${weight}`;
    }
  }
  // The last row that named each variable.
  const namedIn: (number | undefined)[] = [];
  for (const [at, { terms, limit }] of rows.entries()) {
    if (!Number.isFinite(limit)) return `row ${at} has the limit ${limit}`;
    let least = 0;
    for (const { variable, coefficient } of terms) {
      if (!Number.isFinite(coefficient)) return `row ${at} has the coefficient ${coefficient}`;
      if (!(variable in variables)) return `row ${at} names variable ${variable}, which there is not`;
      if (namedIn[variable] === at) return `row ${at} names variable ${variable} twice`;
      namedIn[variable] = at;
      least += coefficient * variables[variable]!.lower;
    }
    if (least > limit + TIGHT_AMPS * Math.max(1, terms.length))
      return `the minima of row ${at} need ${least}, its limit is ${limit}`;
  }
  return undefined;
}

/** Whether a row has a coefficient below zero, so that one share's rise makes room for another. */
export function isSigned({ rows }: LinearProgram): boolean {
  return rows.some((row) => row.terms.some((term) => term.coefficient < 0));
}

/**
 * A tighter program without signed rows: what a negative term gives is counted at the variable's `lower` only. Every answer to it answers the
 * original too; it is exact where the original has no signed row.
 */
export function withoutSigns(program: LinearProgram): LinearProgram {
  if (!isSigned(program)) return program;
  const rows = program.rows.map(({ terms, limit }): Row => {
    const given = terms.reduce(
      (sum, { variable, coefficient }) =>
        coefficient < 0 ? sum - coefficient * program.variables[variable]!.lower : sum,
      0,
    );
    return { terms: terms.filter((term) => term.coefficient > 0), limit: limit + given };
  });
  return { ...program, rows };
}
