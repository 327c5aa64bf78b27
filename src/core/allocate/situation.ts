// One EVSE as a cycle sees it: the commissioned facts, the newest state, the memory and what follows from the three.

import type { EvseCap } from '../limits/caps.ts';
import type { ChargerProfile } from '../model/charger.ts';
import type { EvseMemory } from '../model/memory.ts';
import type { Evse } from '../model/site.ts';
import type { EvseState, StationState } from '../model/snapshot.ts';
import type { Phase } from '../model/units.ts';

export type Situation = {
  /** Index into `site.evses`. */
  readonly at: number;
  readonly evse: Evse;
  readonly profile: ChargerProfile;
  readonly station: StationState | undefined;
  readonly state: EvseState | undefined;
  readonly memory: EvseMemory;
  /** The grid phases it is counted on. */
  readonly phases: readonly Phase[];
  readonly exposureAmps: number;
  readonly exposureBecause: 'lease' | 'floor' | 'floor-not-proved' | 'disobedient';
  readonly cap: EvseCap | undefined;
  readonly role: /** Takes part in the sharing. */
    | {
        readonly kind: 'candidate';
        readonly lower: number;
        readonly upper: number;
        readonly isOn: boolean;
        /** It must never be sent 0 A, so its minimum is taken before anybody's and whatever the rows say. */
        readonly neverZero: boolean;
      }
    /** Counted with what it may draw, nothing to be shared out. */
    | { readonly kind: 'reserved'; readonly amps: number };
};
