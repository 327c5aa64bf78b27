// The stand-in when the solvers fail: feasible by construction, simple enough to be read at a glance, fair only roughly.

import type { Binding, LinearProgram, Solution } from './linear-program.ts';

/** Rounds of equal increments; each gives a variable at most this share of its range. */
const ROUNDS = 16;

/**
 * Starts from the lower bounds and hands out small equal increments in order of level, each only where every row still has room. Never
 * exceeds a row; a row over its limit from the start simply gets nothing more. Non-finite input counts as no room.
 */
export function allocateGreedily({ variables, rows }: LinearProgram): Extract<Solution, { kind: 'solved' }> {
  const amps = variables.map((variable) => variable.lower);
  const room = rows.map((row) => row.limit - row.terms.reduce((sum, t) => sum + t.coefficient * amps[t.variable]!, 0));
  const rowsOf: { row: number; coefficient: number }[][] = variables.map(() => []);
  rows.forEach((row, at) => {
    for (const { variable, coefficient } of row.terms)
      if (coefficient > 0) rowsOf[variable]!.push({ row: at, coefficient });
  });
  const bindings: Binding[] = variables.map(() => ({ kind: 'upper' }));
  const order = variables.map((_, at) => at).sort((a, b) => variables[b]!.level - variables[a]!.level || a - b);
  const levels = [...new Set(order.map((at) => variables[at]!.level))];
  for (const level of levels) {
    for (let round = 0; round < ROUNDS; round++) {
      for (const at of order) {
        const { lower, upper, level: own } = variables[at]!;
        if (own !== level) continue;
        const wanted = Math.min(upper - amps[at]!, (upper - lower) / ROUNDS);
        let gain = wanted;
        for (const { row, coefficient } of rowsOf[at]!) {
          const most = Math.max(0, room[row]! / coefficient);
          if (!(most >= gain)) {
            gain = Number.isFinite(most) ? most : 0;
            bindings[at] = { kind: 'row', row };
          }
        }
        if (!(gain > 0)) continue;
        amps[at] = amps[at]! + gain;
        for (const { row, coefficient } of rowsOf[at]!) room[row] = room[row]! - coefficient * gain;
      }
    }
  }
  return { kind: 'solved', amps, bindings };
}
