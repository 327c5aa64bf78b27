// The same sharing in other words: EVSEs, stations, groups, caps listed in another order, or the grid's phases with each other's names.
import fc from 'fast-check';
import type { Cap } from '../../src/core/model/limit.ts';
import type { Circuit, EvGroup, Evse, Site } from '../../src/core/model/site.ts';
import { mapPhases, type Phase, type PhaseAmps } from '../../src/core/model/units.ts';
import { describeSharing, inputOf, type Sharing } from './random-sharing.ts';

/** Phase names handed on in a ring: L1's things become L2's. */
const NEXT: { readonly [P in Phase]: Phase } = { L1: 'L2', L2: 'L3', L3: 'L1' };
const BEFORE: { readonly [P in Phase]: Phase } = { L1: 'L3', L2: 'L1', L3: 'L2' };

function rebuilt(
  { input }: Sharing,
  parts: {
    readonly site: Site;
    readonly caps: readonly Cap[];
    readonly baseLoads: readonly PhaseAmps[];
    readonly situations: Sharing['input']['situations'];
  },
): Sharing {
  const { surplusWatts, stations } = input.limits;
  const made = {
    ...parts,
    input: inputOf(parts.site, { ...parts, surplusWatts, stations, mayRotate: input.mayRotate }),
  };
  return { ...made, [fc.toStringMethod]: () => describeSharing(made) };
}

/** The sharing with its lists in the order that `rank` gives to their members' places; circuits stay parents first. */
export function shuffled(sharing: Sharing, rank: (place: number) => number): Sharing {
  const { site, input, caps, baseLoads } = sharing;
  const inOrder = <T>(list: readonly T[]) =>
    list
      .map((one, at) => ({ one, at }))
      .sort((a, b) => rank(a.at) - rank(b.at) || a.at - b.at)
      .map(({ one }) => one);
  const circuits: Circuit[] = [];
  let waiting = inOrder(site.circuits);
  while (waiting.length > 0) {
    const placed = new Set(circuits.map(({ id }) => id));
    const ready = waiting.filter(({ parent }) => parent === undefined || placed.has(parent));
    circuits.push(...ready);
    waiting = waiting.filter((one) => !ready.includes(one));
  }
  const situations = inOrder(input.situations).map((situation, at) => ({ ...situation, at }));
  const baseOf = new Map(site.circuits.map(({ id }, at) => [id, baseLoads[at]!]));
  return rebuilt(sharing, {
    site: {
      ...site,
      circuits,
      evses: situations.map(({ evse }) => evse),
      stations: inOrder(site.stations),
      groups: inOrder(site.groups).map((group): EvGroup => ({ ...group, evses: inOrder(group.evses) })),
    },
    caps: inOrder(caps),
    baseLoads: circuits.map(({ id }) => baseOf.get(id)!),
    situations,
  });
}

const turned = (amps: PhaseAmps): PhaseAmps => mapPhases((phase) => amps[BEFORE[phase]]);

/** The sharing with each phase under the next one's name, everywhere. */
export function phasesTurned(sharing: Sharing): Sharing {
  const { site, input, caps, baseLoads } = sharing;
  const evseOf = (evse: Evse): Evse => ({ ...evse, phases: evse.phases.map((phase) => NEXT[phase]) });
  const turnedSite: Site = {
    ...site,
    circuits: site.circuits.map((circuit) => ({
      ...circuit,
      ratingAmps: turned(circuit.ratingAmps),
      marginAmps: turned(circuit.marginAmps),
    })),
    evses: site.evses.map(evseOf),
    groups: site.groups.map((group) => (group.limitAmps ? { ...group, limitAmps: turned(group.limitAmps) } : group)),
  };
  return rebuilt(sharing, {
    site: turnedSite,
    caps: caps.map((cap) => (cap.limitAmps ? { ...cap, limitAmps: turned(cap.limitAmps) } : cap)),
    baseLoads: baseLoads.map(turned),
    situations: input.situations.map((situation) => ({
      ...situation,
      evse: evseOf(situation.evse),
      phases: situation.phases.map((phase) => NEXT[phase]),
    })),
  });
}
