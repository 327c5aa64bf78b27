// Progressive filling: the exact weighted max-min answer for programs whose coefficients are all ≥ 0, in one sweep a level.
//
// All shares of a level rise together, each from its lower bound on, in proportion to its weight; when a row is full, its members
// stop for good. With coefficients ≥ 0 this is the lexicographic max-min optimum (free disposal; Radunovic & Le Boudec).

import type { Binding, LinearProgram, Solution } from './linear-program.ts';
import { TIGHT_AMPS } from './linear-program.ts';

/** Solves `program` exactly. MUST have coefficients ≥ 0 and finite numbers; otherwise, or when the lower bounds do not fit, it fails by name. */
export function fill(program: LinearProgram): Solution {
  const { variables, rows } = program;
  const refusal = refusalOf(program);
  if (refusal) return { kind: 'failed', because: refusal };

  const amps = variables.map((variable) => variable.lower);
  const bindings: (Binding | undefined)[] = variables.map(() => undefined);
  const rowsOf: number[][] = variables.map(() => []);
  rows.forEach((row, at) => {
    for (const term of row.terms) if (term.coefficient > 0) rowsOf[term.variable]!.push(at);
  });

  for (const level of [...new Set(variables.map((variable) => variable.level))].sort((a, b) => b - a)) {
    fillLevel(program, level, amps, bindings, rowsOf);
  }
  return { kind: 'solved', amps, bindings: bindings.map((binding) => binding ?? { kind: 'upper' }) };
}

function refusalOf({ variables, rows }: LinearProgram): string | undefined {
  for (const [at, { lower, upper, weight }] of variables.entries()) {
    if (!(Number.isFinite(lower) && Number.isFinite(upper) && weight > 0 && lower >= 0 && upper >= lower)) {
      return `variable ${at} has bounds ${lower}..${upper} and weight ${weight}`;
    }
  }
  for (const [at, row] of rows.entries()) {
    if (!Number.isFinite(row.limit)) return `row ${at} has the limit ${row.limit}`;
    let least = 0;
    for (const { variable, coefficient } of row.terms) {
      if (!(coefficient >= 0 && Number.isFinite(coefficient))) return `row ${at} has the coefficient ${coefficient}`;
      least += coefficient * variables[variable]!.lower;
    }
    if (least > row.limit + TIGHT_AMPS) return `the minima of row ${at} need ${least}, its limit is ${row.limit}`;
  }
  return undefined;
}

function fillLevel(
  { variables, rows }: LinearProgram,
  level: number,
  amps: number[],
  bindings: (Binding | undefined)[],
  rowsOf: readonly (readonly number[])[],
): void {
  const rising = new Set<number>();
  variables.forEach((variable, at) => {
    if (variable.level === level) rising.add(at);
  });
  const share = (at: number, height: number) => {
    const { lower, upper, weight } = variables[at]!;
    return Math.min(upper, Math.max(lower, height * weight));
  };

  /** The height at which the row is full, or Infinity when it never is. */
  const fullAt = (row: number): number => {
    const { terms, limit } = rows[row]!;
    let load = 0;
    const corners: { readonly height: number; readonly slope: number }[] = [];
    for (const { variable: at, coefficient } of terms) {
      if (coefficient === 0) continue;
      if (!rising.has(at)) {
        load += coefficient * amps[at]!;
        continue;
      }
      const { lower, upper, weight } = variables[at]!;
      load += coefficient * lower;
      if (upper > lower) {
        corners.push({ height: lower / weight, slope: coefficient * weight });
        corners.push({ height: upper / weight, slope: -coefficient * weight });
      }
    }
    corners.sort((a, b) => a.height - b.height);
    let room = limit - load;
    let slope = 0;
    let height = 0;
    for (const corner of corners) {
      const rise = slope * (corner.height - height);
      if (slope > 0 && rise > room) return height + Math.max(0, room) / slope;
      room -= rise;
      height = corner.height;
      slope += corner.slope;
    }
    return room <= TIGHT_AMPS && corners.length > 0 ? height : Number.POSITIVE_INFINITY;
  };

  // Heights only rise while others stop, so a row whose cached height is still the lowest after a fresh look is the next to fill.
  const heights = new Map<number, number>();
  for (const at of rising) for (const row of rowsOf[at]!) if (!heights.has(row)) heights.set(row, fullAt(row));
  let order = [...heights.keys()].sort((a, b) => heights.get(a)! - heights.get(b)! || a - b);
  const stale = new Set<number>();
  while (rising.size > 0 && order.length > 0) {
    const row = order[0]!;
    if (stale.delete(row)) {
      heights.set(row, fullAt(row));
      order = reinsert(order, heights);
      continue;
    }
    const height = heights.get(row)!;
    order = order.slice(1);
    if (height === Number.POSITIVE_INFINITY) break;
    for (const { variable: at, coefficient } of rows[row]!.terms) {
      if (coefficient === 0 || !rising.has(at)) continue;
      amps[at] = share(at, height);
      bindings[at] = amps[at] >= variables[at]!.upper ? { kind: 'upper' } : { kind: 'row', row };
      rising.delete(at);
      for (const other of rowsOf[at]!) if (other !== row) stale.add(other);
    }
  }
  for (const at of rising) {
    amps[at] = variables[at]!.upper;
    bindings[at] = { kind: 'upper' };
  }
}

/** Moves the head of the list, whose height may have risen, to its place. */
function reinsert(order: readonly number[], heights: ReadonlyMap<number, number>): number[] {
  const [head, ...rest] = order as [number, ...number[]];
  const height = heights.get(head)!;
  const before = (row: number) => heights.get(row)! < height || (heights.get(row)! === height && row < head);
  let low = 0;
  let high = rest.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (before(rest[middle]!)) low = middle + 1;
    else high = middle;
  }
  rest.splice(low, 0, head);
  return rest;
}
