// Progressive filling: the exact weighted max-min answer for programs whose coefficients are all ≥ 0, in one sweep a stage.
//
// All members of a stage rise together, each from where it stands, in proportion to its weight; when a row is full, its members
// stop for good. With coefficients ≥ 0 this is the lexicographic max-min optimum (free disposal; Radunovic & Le Boudec).

import type { Binding, LinearProgram, Riser, Solution, Stage } from './linear-program.ts';
import { faultOf } from './linear-program.ts';

/** Solves `program` exactly. MUST have coefficients ≥ 0 and finite numbers; otherwise, or when the lower bounds do not fit, it fails by name. */
export function fill(program: LinearProgram): Solution {
  const { variables, rows, stages } = program;
  const refusal = refusalOf(program);
  if (refusal) return { kind: 'failed', because: refusal };

  const amps = variables.map((variable) => variable.lower);
  const bindings: (Binding | undefined)[] = variables.map(() => undefined);
  const room = roomIn(rows, amps);
  for (const stage of stages) fillStage(room, stage, amps, bindings);
  return { kind: 'solved', amps, bindings: bindings.map((binding) => binding ?? { kind: 'upper' }) };
}

function refusalOf(program: LinearProgram): string | undefined {
  const signed = program.rows.findIndex((row) => row.terms.some((term) => term.coefficient < 0));
  return faultOf(program) ?? (signed < 0 ? undefined : `row ${signed} has a coefficient below zero`);
}

/** What is left of each row, and which rows each variable loads by how much. */
export type Room = {
  readonly left: number[];
  readonly loads: readonly (readonly { readonly row: number; readonly coefficient: number }[])[];
};

/** The room that `amps` leave in `rows`, whose coefficients MUST be ≥ 0. */
export function roomIn(rows: LinearProgram['rows'], amps: readonly number[]): Room {
  const loads: { row: number; coefficient: number }[][] = amps.map(() => []);
  const left = rows.map(({ terms, limit }, row) => {
    let rest = limit;
    for (const { variable, coefficient } of terms) {
      rest -= coefficient * amps[variable]!;
      if (coefficient > 0) loads[variable]!.push({ row, coefficient });
    }
    return rest;
  });
  return { left, loads };
}

/** A riser in one row. */
type Member = { readonly riser: Riser; readonly coefficient: number };

/**
 * Lifts the members of `stage` in `amps` as far as the room lets them, takes that out of the room and writes down what holds each. Returns the
 * heights at which they stopped. Work grows with the members of the stage and not with the program, so that many stages cost little.
 */
export function fillStage(
  { left, loads }: Room,
  stage: Stage,
  amps: number[],
  bindings: (Binding | undefined)[],
): ReadonlyMap<number, number> {
  const stoppedAt = new Map<number, number>();
  const members = new Map<number, Member[]>();
  for (const riser of stage) {
    for (const { row, coefficient } of loads[riser.variable]!) {
      const known = members.get(row);
      if (known) known.push({ riser, coefficient });
      else members.set(row, [{ riser, coefficient }]);
    }
  }
  const isRising = ({ riser }: Member) => !stoppedAt.has(riser.variable);
  const stop = ({ variable, upper, weight }: Riser, height: number, row?: number) => {
    const before = amps[variable]!;
    const after = Math.max(before, Math.min(upper, height * weight));
    amps[variable] = after;
    bindings[variable] = row === undefined || after >= upper ? { kind: 'upper' } : { kind: 'row', row };
    stoppedAt.set(variable, Math.min(height, upper / weight));
    for (const load of loads[variable]!) left[load.row] = left[load.row]! - load.coefficient * (after - before);
  };

  // Heights only rise while others stop, so a row whose cached height is still the lowest after a fresh look is the next to fill.
  const heightOf = (row: number) => fullAt(members.get(row)!.filter(isRising), left[row]!, amps);
  const heights = new Map([...members.keys()].map((row) => [row, heightOf(row)]));
  const order = [...heights.keys()].sort((a, b) => heights.get(a)! - heights.get(b)! || a - b);
  const stale = new Set<number>();
  while (stoppedAt.size < stage.length && order.length > 0) {
    const row = order.shift()!;
    if (stale.delete(row)) {
      heights.set(row, heightOf(row));
      insert(row, order, heights);
      continue;
    }
    const height = heights.get(row)!;
    if (height === Number.POSITIVE_INFINITY) break;
    for (const { riser } of members.get(row)!.filter(isRising)) {
      stop(riser, height, row);
      for (const other of loads[riser.variable]!) stale.add(other.row);
    }
  }
  for (const riser of stage) if (!stoppedAt.has(riser.variable)) stop(riser, Number.POSITIVE_INFINITY);
  return stoppedAt;
}

/** The height at which a row with `room` left is full, all `members` rising from where they stand; Infinity when all arrive at their upper before it is. */
function fullAt(members: readonly Member[], room: number, amps: readonly number[]): number {
  const corners: { readonly height: number; readonly slope: number }[] = [];
  for (const { riser, coefficient } of members) {
    const { variable, upper, weight } = riser;
    if (!(upper > amps[variable]!)) continue;
    corners.push({ height: amps[variable]! / weight, slope: coefficient * weight });
    corners.push({ height: upper / weight, slope: -coefficient * weight });
  }
  corners.sort((a, b) => a.height - b.height);
  let rest = room;
  let slope = 0;
  let height = 0;
  for (const corner of corners) {
    const rise = slope * (corner.height - height);
    if (slope > 0 && rise > rest) return height + Math.max(0, rest) / slope;
    rest -= rise;
    height = corner.height;
    slope += corner.slope;
  }
  return Number.POSITIVE_INFINITY;
}

/** Puts `row` at its place among `order`: by height, among equals by index. */
function insert(row: number, order: number[], heights: ReadonlyMap<number, number>): void {
  const height = heights.get(row)!;
  const before = (other: number) => heights.get(other)! < height || (heights.get(other)! === height && other < row);
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (before(order[middle]!)) low = middle + 1;
    else high = middle;
  }
  order.splice(low, 0, row);
}
