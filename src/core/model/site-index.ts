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

/** `compute` of a site, called at the first use and never again for that site. It MUST read nothing else. */
export function oncePerSite<T extends object>(compute: (site: Site) => T): (site: Site) => T {
  const computed = new WeakMap<Site, T>();
  return (site) => {
    const known = computed.get(site);
    if (known) return known;
    const fresh = compute(site);
    computed.set(site, fresh);
    return fresh;
  };
}

/** The index of a site. `site` MUST be checked: parents before children, no dangling ids. */
export const siteIndex = oncePerSite(indexOf);

function indexOf(site: Site): SiteIndex {
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
  return {
    circuitAt,
    evseAt: new Map(site.evses.map((evse, at) => [evse.id, at])),
    stationAt: new Map(site.stations.map((station, at) => [station.id, at])),
    pathOf,
    evsesBelow,
  };
}

/** The grid phases that carry current when only the first `active` of the EVSE's own phases do. */
export function gridPhases(evse: Evse, active: number): readonly Phase[] {
  const all = 2 ** evse.phases.length - 1;
  if (active === all) return evse.phases;
  return evse.phases.filter((_phase, at) => (active & (1 << at)) !== 0);
}
