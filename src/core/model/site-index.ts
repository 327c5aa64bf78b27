// The site's tree turned into rows once: which circuits and phases an EVSE loads. Derived data only; a site never changes.

import type { Circuit, Evse, Site } from './site.ts';
import type { CircuitId, EvseId, Phase, StationId } from './units.ts';

export type SiteIndex = {
  readonly circuitAt: ReadonlyMap<CircuitId, number>;
  readonly evseAt: ReadonlyMap<EvseId, number>;
  readonly stationAt: ReadonlyMap<StationId, number>;
  /** For each EVSE, the circuits from its own up to the root, as indices into `site.circuits`. */
  readonly pathOf: readonly (readonly number[])[];
  /** For each circuit, the EVSEs anywhere below it, as indices into `site.evses`. */
  readonly evsesBelow: readonly (readonly number[])[];
};

const indices = new WeakMap<Site, SiteIndex>();

/** The index of a site, computed at the first call. `site` MUST be checked: parents before children, no dangling ids. */
export function siteIndex(site: Site): SiteIndex {
  const known = indices.get(site);
  if (known) return known;
  const circuitAt = new Map(site.circuits.map((circuit, at) => [circuit.id, at]));
  const parentOf = (circuit: Circuit) => (circuit.parent === undefined ? undefined : circuitAt.get(circuit.parent));
  const pathOf = site.evses.map((evse) => {
    const path: number[] = [];
    let at = circuitAt.get(evse.circuit);
    // Bounded by the number of circuits: a checked tree has no cycle, and an unchecked one must not hang the loop.
    while (at !== undefined && path.length < site.circuits.length) {
      path.push(at);
      at = parentOf(site.circuits[at]!);
    }
    return path;
  });
  const evsesBelow: number[][] = site.circuits.map(() => []);
  pathOf.forEach((path, evse) => {
    for (const circuit of path) evsesBelow[circuit]!.push(evse);
  });
  const index: SiteIndex = {
    circuitAt,
    evseAt: new Map(site.evses.map((evse, at) => [evse.id, at])),
    stationAt: new Map(site.stations.map((station, at) => [station.id, at])),
    pathOf,
    evsesBelow,
  };
  indices.set(site, index);
  return index;
}

/** The grid phases that carry current when only the first `active` of the EVSE's own phases do. */
export function gridPhases(evse: Evse, active: number): readonly Phase[] {
  const all = 2 ** evse.phases.length - 1;
  if (active === all) return evse.phases;
  return evse.phases.filter((_phase, at) => (active & (1 << at)) !== 0);
}
