// Puts the admitted candidates and what is left of each row into a linear program; interchangeable EVSEs become one variable.

import type { Policy } from '../model/site.ts';
import type { Admission } from './admit.ts';
import type { LinearProgram, Riser } from './linear-program.ts';
import type { Load } from './rows.ts';
import type { Candidate } from './situation.ts';
import { type Part, partsOf } from './stages.ts';

/** Less than this below zero is arithmetic. */
const OVERDRAWN = 1e-9;

/** The candidates behind each variable. */
export type Groups = readonly (readonly Candidate[])[];

/**
 * The program of the admitted, and who stands behind each variable. EVSEs that load the same rows alike and rise alike in every stage are
 * interchangeable: their fair shares are equal, so one variable stands for all of them.
 */
export function toProgram(
  { admitted, granted, room }: Admission,
  loads: readonly (readonly Load[])[],
  scarcity: Policy['scarcity'],
): { readonly program: LinearProgram; readonly groups: Groups } {
  const byKey = new Map<string, { readonly members: Candidate[]; readonly parts: readonly Part[] }>();
  for (const candidate of [...admitted].sort((a, b) => a.at - b.at)) {
    const parts = partsOf(candidate, scarcity);
    const key = `${keyOfLoads(loads[candidate.at]!)}|${granted.get(candidate.at)}|${candidate.role.upper}|${keyOfParts(parts)}`;
    const group = byKey.get(key);
    if (group) group.members.push(candidate);
    else byKey.set(key, { members: [candidate], parts });
  }
  const all = [...byKey.values()];
  const variables = all.map(({ members }) => ({ lower: granted.get(members[0]!.at)!, upper: members[0]!.role.upper }));
  const terms = room.map((): { variable: number; coefficient: number }[] => []);
  const stages = new Map<string, { readonly order: Part['order']; readonly risers: Riser[] }>();
  all.forEach(({ members, parts }, variable) => {
    for (const { row, coefficient } of loads[members[0]!.at]!) {
      terms[row]!.push({ variable, coefficient: coefficient * members.length });
    }
    for (const { order, upper, weight } of parts) {
      const riser = { variable, upper, weight };
      const name = `${order[0]},${order[1]}`;
      const known = stages.get(name);
      if (known) known.risers.push(riser);
      else stages.set(name, { order, risers: [riser] });
    }
  });
  const rows = room.map((left, row) => {
    const own = terms[row]!;
    // A row that is overdrawn by what nobody can be denied simply leaves nothing to share: whoever makes room in it pays that debt first.
    const counted = left < -OVERDRAWN ? own.filter((term) => term.coefficient > 0) : own;
    const minima = counted.reduce((sum, term) => sum + term.coefficient * variables[term.variable]!.lower, 0);
    return { terms: counted, limit: minima + Math.max(0, left) };
  });
  return {
    program: { variables, rows, stages: inOrder([...stages.values()]).map((stage) => stage.risers) },
    groups: all.map(({ members }) => members),
  };
}

function keyOfLoads(loads: readonly Load[]): string {
  let key = '';
  for (const { row, coefficient } of loads) key += `${row}:${coefficient},`;
  return key;
}

function keyOfParts(parts: readonly Part[]): string {
  let key = '';
  for (const { order, upper, weight } of parts) key += `${order[0]}:${order[1]}:${upper}:${weight},`;
  return key;
}

function inOrder<T extends { readonly order: Part['order'] }>(stages: readonly T[]): readonly T[] {
  return [...stages].sort((a, b) => a.order[0] - b.order[0] || a.order[1] - b.order[1]);
}
