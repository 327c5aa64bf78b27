// The stand-in when the solvers fail: feasible by construction, simple enough to be read at a glance, fair only roughly.

import type { Binding, LinearProgram, Solution } from './linear-program.ts';
import { withoutSigns } from './linear-program.ts';

/** Rounds of equal increments a stage; each gives a variable at most this share of its range. */
const ROUNDS = 16;

/**
 * Starts from the lower bounds and hands out small equal increments stage by stage, each only where every row still has room. Never
 * exceeds a row; a row over its limit from the start simply gets nothing more. What a negative coefficient gives is not counted on.
 * Non-finite input counts as no room.
 */
export function allocateGreedily(program: LinearProgram): Extract<Solution, { kind: 'solved' }> {
  const { variables, rows, stages } = withoutSigns(program);
  const amps = variables.map((variable) => variable.lower);
  const room = rows.map((row) => row.limit - row.terms.reduce((sum, t) => sum + t.coefficient * amps[t.variable]!, 0));
  const rowsOf: { row: number; coefficient: number }[][] = variables.map(() => []);
  rows.forEach((row, at) => {
    for (const { variable, coefficient } of row.terms)
      if (coefficient > 0) rowsOf[variable]!.push({ row: at, coefficient });
  });
  const bindings: Binding[] = variables.map(() => ({ kind: 'upper' }));
  for (const stage of stages) {
    const from = [...amps];
    for (let round = 0; round < ROUNDS; round++) {
      for (const { variable: at, upper } of stage) {
        let gain = Math.min(upper - amps[at]!, (upper - from[at]!) / ROUNDS);
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
