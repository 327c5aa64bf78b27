// The site's circuits and phases as rows, and which EVSE loads which row on which of its own phases; computed once, so that a step only adds up.

import type { Site } from '../../core/model/site.ts';
import { siteIndex } from '../../core/model/site-index.ts';
import { PHASES, type Phase } from '../../core/model/units.ts';
import type { TrueEvse } from '../truth.ts';

/** One phase of one circuit. */
export type CircuitRow = {
  /** Index into `site.circuits`, and so into `truth.circuits`. */
  readonly circuit: number;
  readonly name: string;
  readonly phase: Phase;
  readonly ratingAmps: number;
  /** EVSEs anywhere below that are wired to this phase, as indices into `site.evses`, and so into `truth.evses`. */
  readonly evses: readonly number[];
  /** For each of `evses`, which of its own phases that is. */
  readonly ownPhases: readonly number[];
  /** For each of `evses`, the least that its model may be told: its minimum where 0 A breaks the next limit. */
  readonly leastAmps: readonly number[];
};

/** Three rows for each circuit, in the site's order: row `3 × circuit + phase`. */
export function circuitRows(site: Site): readonly CircuitRow[] {
  const { evsesBelow } = siteIndex(site);
  const neverZero = new Set(
    site.stations.filter(({ profile }) => profile.quirks.includes('zero-amps-breaks-next-limit')).map(({ id }) => id),
  );
  return site.circuits.flatMap((circuit, at) =>
    PHASES.map((phase): CircuitRow => {
      const evses = evsesBelow[at]!.filter((evse) => site.evses[evse]!.phases.includes(phase));
      return {
        circuit: at,
        name: `${circuit.id} ${phase}`,
        phase,
        ratingAmps: circuit.ratingAmps[phase],
        evses,
        ownPhases: evses.map((evse) => site.evses[evse]!.phases.indexOf(phase)),
        leastAmps: evses.map((evse) => (neverZero.has(site.evses[evse]!.station) ? site.evses[evse]!.minAmps : 0)),
      };
    }),
  );
}

/**
 * What flows through a row that no controller could have taken away: the building, chargers that err with what they draw, those that hear
 * nobody with their floor, and models that must never be told 0 A with their minimum.
 */
export function unavoidableAmps(
  row: CircuitRow,
  baseAmps: number,
  evses: readonly TrueEvse[],
  isControlled: boolean,
): number {
  let amps = baseAmps;
  for (let index = 0; index < row.evses.length; index++) {
    const evse = evses[row.evses[index]!]!;
    const drawn = evse.amps[row.ownPhases[index]!] ?? 0;
    if (evse.errs) amps += drawn;
    else if (!(isControlled && evse.isLinked)) amps += Math.min(drawn, evse.floorAmps ?? drawn);
    else amps += Math.min(drawn, row.leastAmps[index]!);
  }
  return amps;
}

/** For people: one decimal. */
export const shown = (amps: number): string => `${amps.toFixed(1)} A`;
