// Shares out what is left: admission of minima, the linear program by whoever can solve it, rounding, and the checks around them.

import { isStop } from '../limits/emergency-stop.ts';
import type { SolverReport } from '../model/decision.ts';
import type { Site } from '../model/site.ts';
import { type Admission, admit, type Field, type Refusal } from './admit.ts';
import { type CapacityRow, type Limits, type RowTag, surplusRow } from './capacity.ts';
import type { LinearProgram } from './linear-program.ts';
import { type Groups, toProgram } from './program.ts';
import { type Proposer, proposersOf, type Solvers, solveSafely } from './proposers.ts';
import { roundToSteps } from './rounding.ts';
import { type Load, loadsOf, take } from './rows.ts';
import type { Candidate, Situation } from './situation.ts';
import { verify } from './verify.ts';

/** What holds a candidate's share where it is. */
export type ShareBinding =
  | { readonly kind: 'row'; readonly tag: RowTag }
  | { readonly kind: 'upper' }
  | { readonly kind: 'not-admitted'; readonly because: Refusal['because'] };

export type Allocation = {
  /** Amperes per phase by index into `site.evses`; reserved EVSEs at what they are reserved with. */
  readonly amps: readonly number[];
  readonly bindings: readonly (ShareBinding | undefined)[];
  readonly solver: SolverReport;
  /** The turn that changed hands in this cycle. */
  readonly rotated?: Admission['rotated'];
};

export type AllocateInput = {
  readonly site: Site;
  readonly limits: Limits;
  /** `capacityRows(site, limits)`. */
  readonly rows: readonly CapacityRow[];
  /** `loadsOf(rows, situations)`. */
  readonly loads: readonly (readonly Load[])[];
  readonly situations: readonly Situation[];
  /** Whether a turn may change hands in this cycle. */
  readonly mayRotate: boolean;
  readonly solvers: Solvers;
};

/** What one sharing out works on; sessions that live on surplus are shared out after all others, from what those leave. */
type Round = Field & {
  readonly input: AllocateInput;
  readonly amps: readonly number[];
  readonly candidates: readonly Candidate[];
};

/**
 * The allocation of one cycle. Never throws on a checked site; each fallback says why in `solver.fellBackBecause`. A proposer that throws has
 * failed like one that says so.
 */
export function allocate(
  input: AllocateInput,
  proposers: (program: LinearProgram, solvers: Solvers) => readonly Proposer[] = proposersOf,
): Allocation {
  const { site, situations, rows, loads } = input;
  const [answering] = isQuiet(input) ? proposers(NOTHING, input.solvers) : [];
  if (answering) return nothingToShare(input, answering);
  const room = rows.map((row) => row.room);
  const amps = situations.map(() => 0);
  for (const { at, role, assuredAmps } of situations) {
    if (role.kind !== 'reserved') continue;
    amps[at] = role.amps;
    take(room, loads[at]!, role.amps, Math.min(role.amps, assuredAmps));
  }
  const candidates = situations.filter((situation): situation is Candidate => situation.role.kind === 'candidate');
  const usual = candidates.filter(({ role }) => !role.onlySurplus);
  const living = candidates.filter(({ role }) => role.onlySurplus);
  // Who must never be sent 0 A has its minimum before anybody, surplus or not.
  const undeniable = living.filter(({ role }) => role.neverZero);
  for (const { at, role } of undeniable) {
    amps[at] = role.lower;
    take(room, loads[at]!, role.lower);
  }
  const first = shareOut({ input, rows, loads, room, amps, candidates: usual }, proposers);
  if (first.solver.answeredBy === 'floors' || usual.length === candidates.length) return first;

  for (const { at, role } of undeniable) take(room, loads[at]!, -role.lower);
  const livingAt = new Set(living.map(({ at }) => at));
  for (const { at } of usual) take(room, loads[at]!, first.amps[at]!);
  // No fuse hangs on the surplus: what is merely reserved counts as far as it is drawn.
  const othersWatts = situations
    .filter(({ at }) => !livingAt.has(at))
    .reduce((sum, { at, phases, role, assuredAmps }) => {
      const amps = role.kind === 'reserved' ? Math.min(role.amps, assuredAmps) : first.amps[at]!;
      return sum + amps * phases.length * site.nominalVolts;
    }, 0);
  const second = shareOut(
    {
      input: { ...input, mayRotate: input.mayRotate && !first.rotated },
      ...withSurplusRow(input, room, living, othersWatts),
      amps: first.amps,
      candidates: living,
    },
    proposers,
  );
  const solver = together(first.solver, second.solver);
  // Then nobody has what the first sharing out gave, and no turn has changed hands.
  if (second.solver.answeredBy === 'floors') return { ...second, solver };
  const rotated = first.rotated ?? second.rotated;
  return {
    amps: second.amps,
    bindings: first.bindings.map((binding, at) => (livingAt.has(at) ? second.bindings[at] : binding)),
    solver,
    ...(rotated ? { rotated } : {}),
  };
}

/** Nobody takes part, and no number is amiss that the proposers and the check would have to name. */
function isQuiet({ situations, rows }: AllocateInput): boolean {
  return (
    situations.every(
      ({ role }) => role.kind === 'reserved' && role.amps >= 0 && role.amps < Number.POSITIVE_INFINITY,
    ) && rows.every(({ room }) => Number.isFinite(room))
  );
}

const NOTHING: LinearProgram = { variables: [], rows: [], stages: [] };

/** What comes of a program without variables, whoever is asked. */
function nothingToShare({ situations, rows }: AllocateInput, { name }: Proposer): Allocation {
  return {
    amps: situations.map(({ role }) => (role.kind === 'reserved' ? role.amps : 0)),
    bindings: situations.map(() => undefined),
    solver: { answeredBy: name, variables: 0, rows: rows.length },
  };
}

/**
 * The field of sessions on surplus. The minima of those that keep them without any count as far as they are served: what another limit pauses
 * leaves nothing to the others. Bounded: each look has fewer to keep than the one before.
 */
function withSurplusRow(
  { site, limits, rows, situations }: AllocateInput,
  room: readonly number[],
  living: readonly Candidate[],
  othersWatts: number,
): Field {
  let kept = living.filter(({ role }) => role.keepsPlace || role.neverZero);
  for (;;) {
    const keptWatts = kept.reduce((sum, { role, phases }) => sum + role.lower * phases.length * site.nominalVolts, 0);
    const members = living.map(({ at }) => at);
    const surplus = surplusRow(site, limits.surplusWatts, othersWatts, keptWatts, members);
    const all = [...rows, surplus];
    const field: Field = { rows: all, loads: loadsOf(all, situations), room: [...room, surplus.room] };
    const { granted } = admit(living, field, { scarcity: site.policy.scarcity });
    const served = kept.filter(({ at }) => granted.has(at));
    if (served.length === kept.length) return field;
    kept = served;
  }
}

function shareOut(
  { input, rows, loads, room, amps, candidates }: Round,
  proposers: (program: LinearProgram, solvers: Solvers) => readonly Proposer[],
): Allocation {
  const { site, situations, limits, mayRotate, solvers } = input;
  const { scarcity, pause } = site.policy;
  const rules = { scarcity, ...(mayRotate ? { turnMs: pause.turnMs } : {}) };
  const admission = admit(candidates, { rows, loads, room }, rules);
  const { program, groups } = toProgram(admission, loads, scarcity);

  let fellBackBecause: string | undefined;
  for (const proposer of proposers(program, solvers)) {
    const solution = solveSafely(proposer, program);
    if (solution.kind === 'failed') {
      fellBackBecause ??= `${proposer.name}: ${solution.because}`;
      continue;
    }
    const proposal = [...amps];
    groups.forEach((members, variable) => {
      for (const member of members) proposal[member.at] = solution.amps[variable]!;
    });
    roundToSteps(admission, loads, proposal);
    const breach = verify(site, limits, situations, proposal);
    if (breach !== undefined) {
      fellBackBecause ??= `${proposer.name}: ${breach}`;
      continue;
    }
    const solver = { answeredBy: proposer.name, variables: program.variables.length, rows: program.rows.length };
    return {
      amps: proposal,
      bindings: bindingsOf(admission, groups, solution.bindings, rows, situations.length),
      solver: fellBackBecause === undefined ? solver : { ...solver, fellBackBecause },
      ...(admission.rotated ? { rotated: admission.rotated } : {}),
    };
  }
  return floorsOnly(situations, program, fellBackBecause ?? 'no proposer');
}

function bindingsOf(
  { refused }: Admission,
  groups: Groups,
  found: readonly ({ readonly kind: 'row'; readonly row: number } | { readonly kind: 'upper' })[],
  rows: readonly CapacityRow[],
  count: number,
): readonly (ShareBinding | undefined)[] {
  const bindings: (ShareBinding | undefined)[] = Array.from({ length: count }, () => undefined);
  for (const { at, because } of refused) bindings[at] = { kind: 'not-admitted', because };
  groups.forEach((members, variable) => {
    const binding = found[variable]!;
    const own: ShareBinding = binding.kind === 'upper' ? binding : { kind: 'row', tag: rows[binding.row]!.tag };
    for (const { at } of members) bindings[at] = own;
  });
  return bindings;
}

/** Nobody's proposal held: everybody falls to the floor, which the site's commissioning proved to fit; an emergency stop holds all the same. */
function floorsOnly(situations: readonly Situation[], program: LinearProgram, because: string): Allocation {
  return {
    amps: situations.map(({ evse, role, cap }) =>
      role.kind === 'reserved' ? role.amps : isStop(cap) ? 0 : evse.floorAmps,
    ),
    bindings: situations.map(() => undefined),
    solver: {
      answeredBy: 'floors',
      variables: program.variables.length,
      rows: program.rows.length,
      fellBackBecause: because,
    },
  };
}

/** One report for both sharings out: the weaker answer names itself. */
function together(first: SolverReport, second: SolverReport): SolverReport {
  const order: readonly SolverReport['answeredBy'][] = ['lp', 'highs', 'filling', 'greedy', 'floors'];
  const counts = second.variables > 0 || second.answeredBy === 'floors';
  const weaker = counts && order.indexOf(second.answeredBy) > order.indexOf(first.answeredBy) ? second : first;
  const fellBackBecause = first.fellBackBecause ?? second.fellBackBecause;
  return {
    answeredBy: weaker.answeredBy,
    variables: first.variables + second.variables,
    rows: Math.max(first.rows, second.rows),
    ...(fellBackBecause === undefined ? {} : { fellBackBecause }),
  };
}
