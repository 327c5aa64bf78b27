// Small sharings out by hand: name the EVSEs, what each is in this cycle, and the limits; the rest is ordinary.
import { type AllocateInput, type Allocation, allocate } from '../../src/core/allocate/allocate.ts';
import type { Situation } from '../../src/core/allocate/situation.ts';
import type { Cap } from '../../src/core/model/limit.ts';
import type { Circuit, Evse, Policy } from '../../src/core/model/site.ts';
import { onEachPhase } from '../../src/core/model/units.ts';
import { candidateRole } from './candidates.ts';
import { inputOf } from './random-sharing.ts';
import { buildSite, circuit, evse } from './site-builder.ts';

type Part = { readonly evse?: Partial<Evse>; readonly role?: Situation['role']; readonly assuredAmps?: number };

/** EVSEs A, B, … on one circuit `main` without base load, by steps of 1 A. `assuredAmps` from 4.8 A on makes an EVSE balance others. */
export function sharing(
  parts: readonly Part[],
  main: Partial<Circuit> = {},
  limits: {
    readonly caps?: readonly Cap[];
    readonly surplusWatts?: number;
    readonly scarcity?: Policy['scarcity'];
  } = {},
): AllocateInput {
  const { caps = [], surplusWatts = 0, scarcity = 'part-for-everyone' } = limits;
  const site = buildSite({
    policy: { scarcity },
    circuits: [circuit({ id: 'main', worstBaseLoadAmps: onEachPhase(0), ...main })],
    evses: parts.map((part, at) =>
      evse({ station: String.fromCharCode(65 + at), stepAmps: 1, floorAmps: 0, ...part.evse }),
    ),
  });
  const situations = site.evses.map((one, at): Situation => {
    const { role = candidateRole(), assuredAmps = 0 } = parts[at]!;
    return {
      at,
      evse: one,
      profile: site.stations[at]!.profile,
      station: undefined,
      state: undefined,
      memory: { floor: { state: 'unproved' }, leases: [], failures: 0, disobeyedSamples: 0 },
      phases: one.phases,
      exposureAmps: role.kind === 'reserved' ? role.amps : assuredAmps,
      exposureBecause: 'lease',
      assuredAmps,
      balances: assuredAmps >= 4.8,
      cap: undefined,
      role,
    };
  });
  return inputOf(site, { caps, baseLoads: [onEachPhase(0)], situations, stations: [], surplusWatts, mayRotate: false });
}

/** Who answered, why not somebody else, and the amperes by EVSE. */
export function shared(input: AllocateInput, proposers?: Parameters<typeof allocate>[1]) {
  const { amps, solver }: Allocation = allocate(input, proposers);
  return { by: solver.answeredBy, because: solver.fellBackBecause, amps };
}
