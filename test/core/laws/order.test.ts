// The laws of order: who is served first, that lower classes take nothing from higher ones, and that names and listing decide nothing.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allocate } from '../../../src/core/allocate/allocate.ts';
import type { Candidate, Situation } from '../../../src/core/allocate/situation.ts';
import { lawRuns } from '../../support/law-runs.ts';
import { freeAmps, ownRows } from '../../support/own-rows.ts';
import { NOW, randomSharing, type Sharing } from '../../support/random-sharing.ts';
import { randomSite } from '../../support/random-site.ts';
import { phasesTurned, shuffled } from '../../support/shuffled.ts';

const isCandidate = (situation: Situation): situation is Candidate => situation.role.kind === 'candidate';

/** Amperes by EVSE, as people would read them, in the order of the names. */
function amperesOf({ input }: Sharing): readonly string[] {
  const { amps } = allocate(input);
  return input.situations.map(({ evse, at }) => `${evse.id}: ${amps[at]!.toFixed(3)} A`).sort();
}

/** A fixed order of 64 places drawn from a seed. */
const ranks = fc.infiniteStream(fc.nat(1_000)).map((stream) => {
  const drawn = [...stream.take(64)];
  return (place: number) => drawn[place % 64]!;
});

test('the order of listing decides nothing: EVSEs, circuits, stations, groups and caps in any order give the same shares', () => {
  fc.assert(
    fc.property(randomSharing(), ranks, (sharing, rank) => {
      expect(amperesOf(shuffled(sharing, rank))).toEqual(amperesOf(sharing));
    }),
    lawRuns(1_200),
  );
});

test('the names of the phases decide nothing: L1, L2, L3 handed on in a ring give the same shares', () => {
  fc.assert(
    fc.property(randomSharing(), (sharing) => {
      expect(amperesOf(phasesTurned(sharing))).toEqual(amperesOf(sharing));
    }),
    lawRuns(1_000),
  );
});

test('the same question has the same answer to the byte', () => {
  fc.assert(
    fc.property(randomSharing(), ({ input }) => {
      expect(JSON.stringify(allocate(input))).toBe(JSON.stringify(allocate(input)));
    }),
    lawRuns(300),
  );
});

/** Sites without limits on unbalance: there nobody's minimum can make room for another's. */
const withoutUnbalance = randomSite().map((site) => ({
  ...site,
  circuits: site.circuits.map(({ unbalanceAmps: _, ...circuit }) => circuit),
}));

/** The order of service in the words of the manual, as numbers that are compared one after the other; lower comes first. */
function placeOf({ role, phases }: Candidate): readonly number[] {
  const leaves = role.departureAt === undefined || role.needAmps === 0 ? Number.POSITIVE_INFINITY : role.departureAt;
  return [
    role.neverZero ? 0 : 1,
    -role.priority,
    role.isUrgent ? 0 : 1,
    role.keepsPlace ? 0 : 1,
    Math.floor(leaves / 3_600_000),
    role.isOn ? 0 : 1,
    -role.waitedMs,
    phases.length,
  ];
}

function inOrderOfService(candidates: readonly Candidate[]): readonly Candidate[] {
  return [...candidates].sort((a, b) => {
    const [one, other] = [placeOf(a), placeOf(b)];
    const at = one.findIndex((value, place) => value !== other[place]);
    return at < 0 ? (a.evse.id < b.evse.id ? -1 : 1) : one[at]! - other[at]!;
  });
}

/** Who is let start, by the manual: each in order whose minimum fits beside all that came before, then those who can still wait. */
function servedByTheManual({ site, caps, baseLoads, input }: Sharing): readonly string[] {
  const { surplusWatts, stations } = input.limits;
  const rows = ownRows({ site, caps, now: NOW, baseLoads, surplusWatts, stations, evses: input.situations });
  const byDeparture = site.policy.scarcity === 'earliest-departure-first';
  const amps = input.situations.map(({ role }) =>
    role.kind === 'reserved' ? role.amps : role.neverZero ? role.lower : 0,
  );
  const able = input.situations
    .filter(isCandidate)
    .filter(
      ({ role }) => !role.onlySurplus && role.upper >= role.lower && (role.neverZero || role.restsUntil === undefined),
    );
  const served: Candidate[] = [];
  const grantNeed = ({ at, evse, role }: Candidate) => {
    const needed = Math.min(role.upper, Math.ceil((role.needAmps ?? 0) / evse.stepAmps - 1e-9) * evse.stepAmps);
    const more = Math.min(needed - role.lower, freeAmps(rows, at, amps));
    if (more > 0) amps[at]! += Math.floor(more / evse.stepAmps + 1e-9) * evse.stepAmps;
  };
  const serve = (candidates: readonly Candidate[]) => {
    for (const candidate of inOrderOfService(candidates)) {
      const { at, role } = candidate;
      if (!role.neverZero && !(freeAmps(rows, at, amps) >= role.lower - 1e-6)) continue;
      amps[at] = role.lower;
      served.push(candidate);
      if (byDeparture) grantNeed(candidate);
    }
  };
  const waits = ({ role }: Candidate) => !byDeparture && role.isPatient && !role.neverZero && !role.keepsPlace;
  serve(able.filter((one) => !waits(one)));
  if (!byDeparture) for (const candidate of served) grantNeed(candidate);
  serve(able.filter(waits));
  return served.map(({ evse }) => evse.id).sort();
}

test('who is let start follows the order of the manual: each whose minimum fits beside all that came before', () => {
  fc.assert(
    fc.property(randomSharing(withoutUnbalance), (sharing) => {
      const { input } = sharing;
      const { amps } = allocate({ ...input, mayRotate: false });
      const served = input.situations.filter((one) => isCandidate(one) && !one.role.onlySurplus && amps[one.at]! > 0);
      expect(served.map(({ evse }) => evse.id).sort()).toEqual(servedByTheManual(sharing));
    }),
    lawRuns(1_200),
  );
});

test('a turn changes hands between two equals at most, and only where one really gives way to the other', () => {
  fc.assert(
    fc.property(randomSharing(withoutUnbalance), ({ input }) => {
      const before = allocate({ ...input, mayRotate: false });
      const after = allocate({ ...input, mayRotate: true });
      if (!after.rotated) {
        expect(after.amps).toEqual(before.amps);
        return;
      }
      const [starts, pauses] = [input.situations[after.rotated.starts]!, input.situations[after.rotated.pauses]!];
      if (!isCandidate(starts) || !isCandidate(pauses)) expect.fail('what is reserved has no turn');
      expect(starts.role.priority).toBe(pauses.role.priority);
      expect(pauses.role.servedMs).toBeGreaterThanOrEqual(input.site.policy.pause.turnMs);
      expect(pauses.role.keepsPlace || pauses.role.neverZero).toBe(false);
      expect([before.amps[starts.at], after.amps[pauses.at]]).toEqual([0, 0]);
      expect(after.amps[starts.at]).toBeGreaterThan(0);
    }),
    lawRuns(800),
  );
});
