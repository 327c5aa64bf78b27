// Builds situations for tests of those who read them: each EVSE of the site connected, on all its phases, a candidate that may draw 6 A.
import type { Situation } from '../../src/core/allocate/situation.ts';
import type { Site } from '../../src/core/model/site.ts';
import { candidateRole } from './candidates.ts';
import { evseMemory } from './ledger.ts';

/** One situation per EVSE of `site`; `parts` replaces by EVSE id. */
export function situationsOf(site: Site, parts: { readonly [evse: string]: Partial<Situation> } = {}): Situation[] {
  return site.evses.map((evse, at) => ({
    at,
    evse,
    profile: site.stations.find((station) => station.id === evse.station)!.profile,
    station: undefined,
    state: undefined,
    memory: evseMemory(),
    phases: evse.phases,
    exposureAmps: 6,
    exposureBecause: 'floor',
    cap: undefined,
    assuredAmps: 0,
    balances: false,
    role: candidateRole({ isOn: true }),
    ...parts[evse.id],
  }));
}
