// Shares out what is left: admission of minima, weighted max-min by LP or filling, rounding, and the checks around them.

import type { CircuitLimit } from '../limits/caps.ts';
import type { SolverReport } from '../model/decision.ts';
import type { Site } from '../model/site.ts';
import { type CircuitId, floorToStep } from '../model/units.ts';
import type { BaseLoad } from './base-load.ts';
import type { CapacityRow, RowTag, StationLimit } from './capacity.ts';
import { fill } from './fill.ts';
import { allocateGreedily } from './greedy.ts';
import type { Binding, LinearProgram, Solution } from './linear-program.ts';
import type { Situation } from './situation.ts';
import { solveByLp } from './solve.ts';
import { verify } from './verify.ts';

/** Programs with more variables than this (after merging) go to progressive filling; measured in docs/benchmarks.md. */
export const LP_MAX_VARIABLES = 150;

/** One row that an EVSE loads, and what one ampere per phase of it takes there. */
export type Load = { readonly row: number; readonly coefficient: number };

/** What holds a candidate's share where it is. */
export type ShareBinding =
  | { readonly kind: 'row'; readonly tag: RowTag }
  | { readonly kind: 'upper' }
  /** Its minimum did not fit beside those before it; without a tag its own cap is below its minimum. */
  | { readonly kind: 'not-admitted'; readonly tag: RowTag | undefined };

export type Allocation = {
  /** Amperes per phase by index into `site.evses`; reserved EVSEs at what they are reserved with. */
  readonly amps: readonly number[];
  readonly bindings: readonly (ShareBinding | undefined)[];
  readonly solver: SolverReport;
};

export type AllocateInput = {
  readonly site: Site;
  /** `capacityRows` of the three below. */
  readonly rows: readonly CapacityRow[];
  /** `loadsOf(rows, situations)`. */
  readonly loads: readonly (readonly Load[])[];
  readonly limits: ReadonlyMap<CircuitId, CircuitLimit>;
  readonly baseLoads: ReadonlyMap<CircuitId, BaseLoad>;
  readonly stationLimits: readonly StationLimit[];
  readonly situations: readonly Situation[];
};

type Candidate = Situation & { readonly role: Extract<Situation['role'], { kind: 'candidate' }> };

/**
 * The allocation of one cycle. Never throws on a checked site; each fallback says why in `solver.fellBackBecause`. A proposer that throws has
 * failed like one that says so.
 */
export function allocate(
  input: AllocateInput,
  proposersOf: (program: LinearProgram) => readonly Proposer[] = defaultProposers,
): Allocation {
  const { site, situations, rows, loads } = input;
  const room = rows.map((row) => row.room);
  const amps = situations.map(() => 0);
  for (const { at, role } of situations) {
    if (role.kind !== 'reserved') continue;
    amps[at] = role.amps;
    for (const { row, coefficient } of loads[at]!) room[row] = room[row]! - coefficient * role.amps;
  }
  const candidates = situations.filter((situation): situation is Candidate => situation.role.kind === 'candidate');
  const admission = admit(candidates, rows, loads, room);
  const { program, groups } = toProgram(admission.admitted, loads, room);

  let fellBackBecause: string | undefined;
  for (const proposer of proposersOf(program)) {
    const solution = solveSafely(proposer, program);
    if (solution.kind === 'failed') {
      fellBackBecause ??= `${proposer.name}: ${solution.because}`;
      continue;
    }
    const proposal = [...amps];
    groups.forEach((members, variable) => {
      for (const member of members) proposal[member.at] = solution.amps[variable]!;
    });
    roundToSteps(admission.admitted, loads, room, proposal);
    const breach = verify(site, input.limits, input.baseLoads, input.stationLimits, situations, proposal);
    if (breach !== undefined) {
      fellBackBecause ??= `${proposer.name}: ${breach}`;
      continue;
    }
    const bindings: (ShareBinding | undefined)[] = situations.map(() => undefined);
    for (const { at, tag } of admission.refused) bindings[at] = { kind: 'not-admitted', tag };
    groups.forEach((members, variable) => {
      for (const member of members) bindings[member.at] = toShareBinding(solution.bindings[variable]!, rows);
    });
    const solver = { answeredBy: proposer.name, variables: program.variables.length, rows: program.rows.length };
    return {
      amps: proposal,
      bindings,
      solver: fellBackBecause === undefined ? solver : { ...solver, fellBackBecause },
    };
  }
  return floorsOnly(situations, program, fellBackBecause ?? 'no proposer');
}

/** Who is asked, in order: the LP while the program is small, filling, and the stand-in. */
export type Proposer = {
  readonly name: 'lp' | 'filling' | 'greedy';
  readonly solve: (program: LinearProgram) => Solution;
};

function defaultProposers(program: LinearProgram): readonly Proposer[] {
  const beyondLp: readonly Proposer[] = [
    { name: 'filling', solve: fill },
    { name: 'greedy', solve: allocateGreedily },
  ];
  return program.variables.length <= LP_MAX_VARIABLES ? [{ name: 'lp', solve: solveByLp }, ...beyondLp] : beyondLp;
}

function solveSafely({ solve }: Proposer, program: LinearProgram): Solution {
  try {
    return solve(program);
  } catch (error) {
    // A solver is somebody else's code: whatever it throws, the next in line answers and the report names it.
    return { kind: 'failed', because: `it threw ${String(error)}` };
  }
}

/** Which rows each EVSE loads, and by how much per ampere. */
export function loadsOf(rows: readonly CapacityRow[], situations: readonly Situation[]): readonly (readonly Load[])[] {
  const loads: Load[][] = situations.map(() => []);
  rows.forEach((capacity, row) => {
    for (const member of capacity.members) {
      const coefficient = capacity.coefficient(situations[member]!.phases);
      if (coefficient > 0) loads[member]!.push({ row, coefficient });
    }
  });
  return loads;
}

type Refusal = { readonly at: number; readonly tag: RowTag | undefined };

/**
 * Minimum service in a strict total order: priority, those already on, fewest phases, id. Each minimum that still fits on all its rows is
 * admitted, which is the lexicographic optimum of that order. One that must never be sent 0 A comes first and cannot be refused. Takes the admitted minima out of `room`.
 */
function admit(
  candidates: readonly Candidate[],
  rows: readonly CapacityRow[],
  loads: readonly (readonly Load[])[],
  room: number[],
): { readonly admitted: readonly Candidate[]; readonly refused: readonly Refusal[] } {
  const order = [...candidates].sort(
    (a, b) =>
      Number(b.role.neverZero) - Number(a.role.neverZero) ||
      b.evse.priority - a.evse.priority ||
      Number(b.role.isOn) - Number(a.role.isOn) ||
      a.phases.length - b.phases.length ||
      (a.evse.id < b.evse.id ? -1 : 1),
  );
  const admitted: Candidate[] = [];
  const refused: Refusal[] = [];
  for (const candidate of order) {
    const { lower, upper, neverZero } = candidate.role;
    const blocking = neverZero
      ? undefined
      : loads[candidate.at]!.find(({ row, coefficient }) => !(coefficient * lower <= room[row]! + 1e-9));
    if (upper < lower) refused.push({ at: candidate.at, tag: undefined });
    else if (blocking) refused.push({ at: candidate.at, tag: rows[blocking.row]!.tag });
    else {
      admitted.push(candidate);
      for (const { row, coefficient } of loads[candidate.at]!) room[row] = room[row]! - coefficient * lower;
    }
  }
  return { admitted, refused };
}

/**
 * The program of the admitted. EVSEs that load the same rows alike and have the same bounds, weight and level are interchangeable: their
 * fair shares are equal, so one variable stands for all of them. `room` is what the minima have left.
 */
function toProgram(
  admitted: readonly Candidate[],
  loads: readonly (readonly Load[])[],
  room: readonly number[],
): { readonly program: LinearProgram; readonly groups: readonly (readonly Candidate[])[] } {
  const byKey = new Map<string, Candidate[]>();
  for (const candidate of [...admitted].sort((a, b) => a.at - b.at)) {
    const { lower, upper } = candidate.role;
    const rowsKey = loads[candidate.at]!.map(({ row, coefficient }) => `${row}:${coefficient}`).join(',');
    const key = [rowsKey, lower, upper, candidate.evse.weight, candidate.evse.priority].join('|');
    const group = byKey.get(key);
    if (group) group.push(candidate);
    else byKey.set(key, [candidate]);
  }
  const groups = [...byKey.values()];
  const terms = new Map<number, { variable: number; coefficient: number }[]>();
  groups.forEach((members, variable) => {
    for (const { row, coefficient } of loads[members[0]!.at]!) {
      const term = { variable, coefficient: coefficient * members.length };
      const known = terms.get(row);
      if (known) known.push(term);
      else terms.set(row, [term]);
    }
  });
  const variables = groups.map(([first]) => ({
    lower: first!.role.lower,
    upper: first!.role.upper,
    weight: first!.evse.weight,
    level: first!.evse.priority,
  }));
  const programRows = room.map((left, row) => {
    const own = terms.get(row) ?? [];
    return {
      terms: own,
      limit: own.reduce((sum, t) => sum + t.coefficient * variables[t.variable]!.lower, Math.max(0, left)),
    };
  });
  return { program: { variables, rows: programRows }, groups };
}

/** Rounds down to each EVSE's step, then gives back whole steps by largest remainder while every row has room. Changes `proposal`. */
function roundToSteps(
  admitted: readonly Candidate[],
  loads: readonly (readonly Load[])[],
  room: readonly number[],
  proposal: number[],
): void {
  const left = [...room];
  const remainders = admitted.map((candidate) => {
    const { lower, upper } = candidate.role;
    const exact = Math.min(upper, Math.max(lower, proposal[candidate.at]!));
    const rounded = Math.max(lower, floorToStep(exact, candidate.evse.stepAmps));
    proposal[candidate.at] = rounded;
    for (const { row, coefficient } of loads[candidate.at]!) left[row] = left[row]! - coefficient * (rounded - lower);
    return { candidate, remainder: (exact - rounded) / candidate.evse.stepAmps };
  });
  remainders.sort((a, b) => b.remainder - a.remainder || (a.candidate.evse.id < b.candidate.evse.id ? -1 : 1));
  for (const { candidate, remainder } of remainders) {
    if (remainder < 1e-6) break;
    const { stepAmps } = candidate.evse;
    const fits = loads[candidate.at]!.every(({ row, coefficient }) => coefficient * stepAmps <= left[row]! + 1e-9);
    if (!fits || proposal[candidate.at]! + stepAmps > candidate.role.upper + 1e-9) continue;
    proposal[candidate.at] = floorToStep(proposal[candidate.at]! + stepAmps, stepAmps);
    for (const { row, coefficient } of loads[candidate.at]!) left[row] = left[row]! - coefficient * stepAmps;
  }
}

function toShareBinding(binding: Binding, rows: readonly CapacityRow[]): ShareBinding {
  return binding.kind === 'upper' ? { kind: 'upper' } : { kind: 'row', tag: rows[binding.row]!.tag };
}

/** Nobody's proposal held: everybody falls to the floor, which the site's commissioning proved to fit. */
function floorsOnly(situations: readonly Situation[], program: LinearProgram, because: string): Allocation {
  return {
    amps: situations.map(({ evse, role }) => (role.kind === 'reserved' ? role.amps : evse.floorAmps)),
    bindings: situations.map(() => undefined),
    solver: {
      answeredBy: 'floors',
      variables: program.variables.length,
      rows: program.rows.length,
      fellBackBecause: because,
    },
  };
}
