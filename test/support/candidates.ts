// Builds situations by hand for tests of the allocation's parts: say only what the test is about.
import type { CapacityRow } from '../../src/core/allocate/capacity.ts';
import type { Load } from '../../src/core/allocate/rows.ts';
import type { Candidate, CandidateRole, Situation } from '../../src/core/allocate/situation.ts';
import { blankEvseMemory } from '../../src/core/command/absorb.ts';
import type { Evse } from '../../src/core/model/site.ts';
import { evse, genericAc } from './site-builder.ts';

type Part = Partial<Omit<CandidateRole, 'kind'>> & {
  readonly evse?: Partial<Evse>;
  readonly situation?: Partial<Situation>;
};

/** Candidate number `at`, named A, B, …: 6 to 32 A on three phases, waiting, with no wish. */
export function candidate(at: number, { evse: evsePart, situation, ...role }: Part = {}): Candidate {
  const own = evse({ station: String.fromCharCode(65 + at), floorAmps: 0, ...evsePart });
  return {
    at,
    evse: own,
    profile: genericAc,
    station: undefined,
    state: undefined,
    memory: blankEvseMemory,
    phases: own.phases,
    exposureAmps: 0,
    exposureBecause: 'lease',
    assuredAmps: 0,
    balances: false,
    cap: undefined,
    ...situation,
    role: candidateRole(role),
  };
}

/** 6 to 32 A, waiting, with no wish. */
export function candidateRole(part: Partial<Omit<CandidateRole, 'kind'>> = {}): CandidateRole {
  return {
    kind: 'candidate',
    lower: 6,
    upper: 32,
    isOn: false,
    neverZero: false,
    priority: 0,
    isUrgent: false,
    isPatient: false,
    keepsPlace: false,
    waitedMs: 0,
    servedMs: 0,
    onlySurplus: false,
    ...part,
  };
}

/** A row named by its circuit; what it holds is said beside it, so its own room does not matter. */
export function rowNamed(circuit: string): CapacityRow {
  return {
    tag: { kind: 'phase', circuit, phase: 'L1', source: { kind: 'fuse' }, limitAmps: 63 },
    room: 0,
    coefficient: () => 1,
    members: [],
  };
}

/** Everybody loads row 0 with the coefficient 1. */
export function allOnOneRow(candidates: readonly Candidate[]): readonly (readonly Load[])[] {
  return candidates.map(() => [{ row: 0, coefficient: 1 }]);
}
