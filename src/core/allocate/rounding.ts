// From exact shares to what chargers can be told: down to each one's step, then whole steps back for as long as anybody can take one.

import { floorToStep } from '../model/units.ts';
import type { Admission } from './admit.ts';
import { blockingRow, type Load, take } from './rows.ts';
import { byId, type Candidate } from './situation.ts';

/** Rounds in which overdrawn signed rows are put in order. */
const MAX_BALANCE_ROUNDS = 24;

/**
 * Rounds `proposal` (amperes by index into `site.evses`) for the admitted; nobody gets less than was granted. Steps go back by priority,
 * then by largest remainder, then to whoever has least, until nobody can take one more. Where a row is signed and rounding down took the
 * balance away, the larger side comes down too. Changes `proposal`.
 */
export function roundToSteps(
  { admitted, granted, room }: Admission,
  loads: readonly (readonly Load[])[],
  proposal: number[],
): void {
  const left = [...room];
  const remainders = admitted.map((candidate) => {
    const { upper } = candidate.role;
    const lower = granted.get(candidate.at)!;
    const { stepAmps } = candidate.evse;
    const exact = Math.min(upper, Math.max(lower, proposal[candidate.at]!));
    const rounded = Math.max(lower, floorToStep(exact, stepAmps));
    proposal[candidate.at] = rounded;
    take(left, loads[candidate.at]!, rounded - lower);
    return { candidate, remainder: (exact - rounded) / stepAmps };
  });
  restoreBalance({ admitted, granted }, loads, left, proposal);
  remainders.sort(
    (a, b) =>
      b.candidate.role.priority - a.candidate.role.priority ||
      b.remainder - a.remainder ||
      byId(a.candidate, b.candidate),
  );
  const all = remainders.map(({ candidate }) => candidate);
  let takers = all;
  // Bounded: each pass hands out at least one step or is the last, and a row's room is finite.
  while (takers.length > 0) {
    const took = takers.filter((candidate) => takeStep(candidate, loads[candidate.at]!, left, proposal));
    // Where a row is signed, one's step can be another's room.
    const makesRoom = took.some(({ at }) => loads[at]!.some((load) => load.coefficient < 0));
    takers = makesRoom ? [...all] : took;
    takers.sort((a, b) => b.role.priority - a.role.priority || level(a, proposal) - level(b, proposal) || byId(a, b));
  }
}

const level = ({ at, evse }: Candidate, amps: readonly number[]) => amps[at]! / evse.weight;

function takeStep({ at, evse, role }: Candidate, loads: readonly Load[], left: number[], proposal: number[]): boolean {
  const { stepAmps } = evse;
  if (proposal[at]! + stepAmps > role.upper + 1e-9 || blockingRow(left, loads, stepAmps) !== undefined) return false;
  proposal[at] = floorToStep(proposal[at]! + stepAmps, stepAmps);
  take(left, loads, stepAmps);
  return true;
}

/**
 * Lowers whoever loads an overdrawn signed row, the lowest priority and then the highest first, until it holds; what was granted stays. Other
 * rows only gain by rounding down: what overdraws them is a wrong proposal, which is for the check to find.
 */
function restoreBalance(
  { admitted, granted }: Pick<Admission, 'admitted' | 'granted'>,
  loads: readonly (readonly Load[])[],
  left: number[],
  proposal: number[],
): void {
  const signed = new Set<number>();
  for (const { at } of admitted) for (const { row, coefficient } of loads[at]!) if (coefficient < 0) signed.add(row);
  const loading = (at: number, row: number) => loads[at]!.find((load) => load.row === row && load.coefficient > 0);
  const usersOf = (row: number) => admitted.filter(({ at }) => loading(at, row) && proposal[at]! > granted.get(at)!);
  const isOverdrawn = (row: number) => left[row]! < -1e-9;
  // What only reserved EVSEs and grants overdraw cannot be put in order here.
  const nextRow = () => [...signed].find((row) => isOverdrawn(row) && usersOf(row).length > 0);
  // Lowering one row's users may overdraw another; a few rounds settle it or the check refuses the proposal.
  for (let row = nextRow(), rounds = 0; row !== undefined && rounds < MAX_BALANCE_ROUNDS; row = nextRow(), rounds++) {
    const users = usersOf(row).sort(
      (a, b) => a.role.priority - b.role.priority || level(b, proposal) - level(a, proposal) || byId(a, b),
    );
    for (const { at, evse } of users) {
      const steps = Math.ceil(-left[row]! / loading(at, row)!.coefficient / evse.stepAmps - 1e-9);
      const lowered = Math.max(granted.get(at)!, floorToStep(proposal[at]! - steps * evse.stepAmps, evse.stepAmps));
      take(left, loads[at]!, lowered - proposal[at]!);
      proposal[at] = lowered;
      if (!isOverdrawn(row)) break;
    }
  }
}
