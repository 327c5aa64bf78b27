// Which rows each EVSE loads and by how much, and the arithmetic of taking something out of them.

import type { CapacityRow } from './capacity.ts';
import type { Situation } from './situation.ts';

/** One row that an EVSE loads, and what one ampere per phase of it takes there; below 0 where it makes room. */
export type Load = { readonly row: number; readonly coefficient: number };

/** The loads of every situation, by its index. */
export function loadsOf(rows: readonly CapacityRow[], situations: readonly Situation[]): readonly (readonly Load[])[] {
  const loads: Load[][] = situations.map(() => []);
  rows.forEach(({ members, coefficient }, row) => {
    for (const member of members) {
      const own = coefficient(situations[member]!);
      if (own !== 0) loads[member]!.push({ row, coefficient: own });
    }
  });
  return loads;
}

/** Takes `amps` of one EVSE out of `room`; where it makes room for others, just `assuredAmps` count when they are given. */
export function take(room: number[], loads: readonly Load[], amps: number, assuredAmps?: number): void {
  for (const { row, coefficient } of loads) {
    const taken = coefficient < 0 && assuredAmps !== undefined ? -assuredAmps : coefficient * amps;
    room[row] = room[row]! - taken;
  }
}

/** The row in which most is missing for `amps` more; undefined when they fit in all. */
export function blockingRow(room: readonly number[], loads: readonly Load[], amps: number): number | undefined {
  let blocking: { readonly row: number; readonly fits: number } | undefined;
  for (const { row, coefficient } of loads) {
    if (!(coefficient > 0) || coefficient * amps <= room[row]! + 1e-9) continue;
    const fits = room[row]! / coefficient;
    if (!(fits >= (blocking?.fits ?? Number.POSITIVE_INFINITY))) blocking = { row, fits };
  }
  return blocking?.row;
}
