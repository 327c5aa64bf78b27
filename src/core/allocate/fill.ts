// Progressive filling: the exact weighted max-min answer for programs whose coefficients are all ≥ 0, in one sweep a stage.
//
// All members of a stage rise together, each from where it stands, in proportion to its weight; when a row is full, its members
// stop for good. With coefficients ≥ 0 this is the lexicographic max-min optimum (free disposal; Radunovic & Le Boudec).

import type { Binding, LinearProgram, Riser, Solution, Stage } from './linear-program.ts';
import { faultOf, TIGHT_AMPS } from './linear-program.ts';

/** Solves `program` exactly. MUST have coefficients ≥ 0 and finite numbers; otherwise, or when the lower bounds do not fit, it fails by name. */
export function fill(program: LinearProgram): Solution {
  const { variables, rows, stages } = program;
  const refusal = refusalOf(program);
  if (refusal) return { kind: 'failed', because: refusal };

  const amps = variables.map((variable) => variable.lower);
  const bindings: (Binding | undefined)[] = variables.map(() => undefined);
  const rowsOf: number[][] = variables.map(() => []);
  rows.forEach((row, at) => {
    for (const term of row.terms) if (term.coefficient > 0) rowsOf[term.variable]!.push(at);
  });
  for (const stage of stages) fillStage(program, stage, amps, bindings, rowsOf);
  return { kind: 'solved', amps, bindings: bindings.map((binding) => binding ?? { kind: 'upper' }) };
}

function refusalOf(program: LinearProgram): string | undefined {
  const signed = program.rows.findIndex((row) => row.terms.some((term) => term.coefficient < 0));
  return faultOf(program) ?? (signed < 0 ? undefined : `row ${signed} has a coefficient below zero`);
}

function fillStage(
  { rows }: LinearProgram,
  stage: Stage,
  amps: number[],
  bindings: (Binding | undefined)[],
  rowsOf: readonly (readonly number[])[],
): void {
  const rising = new Map<number, Riser>(stage.map((riser) => [riser.variable, riser]));
  const share = ({ variable, upper, weight }: Riser, height: number) =>
    Math.max(amps[variable]!, Math.min(upper, height * weight));

  /** The height at which the row is full, or Infinity when it never is. */
  const fullAt = (row: number): number => {
    const { terms, limit } = rows[row]!;
    let load = 0;
    const corners: { readonly height: number; readonly slope: number }[] = [];
    for (const { variable: at, coefficient } of terms) {
      if (coefficient === 0) continue;
      load += coefficient * amps[at]!;
      const riser = rising.get(at);
      if (riser === undefined) continue;
      const { upper, weight } = riser;
      if (upper > amps[at]!) {
        corners.push({ height: amps[at]! / weight, slope: coefficient * weight });
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
  for (const at of rising.keys()) for (const row of rowsOf[at]!) if (!heights.has(row)) heights.set(row, fullAt(row));
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
      const riser = rising.get(at);
      if (coefficient === 0 || riser === undefined) continue;
      amps[at] = share(riser, height);
      bindings[at] = amps[at] >= riser.upper ? { kind: 'upper' } : { kind: 'row', row };
      rising.delete(at);
      for (const other of rowsOf[at]!) if (other !== row) stale.add(other);
    }
  }
  for (const [at, { upper }] of rising) {
    amps[at] = Math.max(amps[at]!, upper);
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
