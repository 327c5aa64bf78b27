// Folds every limit that is in force now into those of circuits, groups and EVSEs, each with its author; it never loosens a rating.

import { type Authored, authored, type Cap } from '../model/limit.ts';
import type { Circuit, Evse, Site } from '../model/site.ts';
import { oncePerSite, siteIndex } from '../model/site-index.ts';
import type { CircuitId, EvseId, GroupId, Instant, Phase, PhaseAmps } from '../model/units.ts';
import { mapPhases } from '../model/units.ts';

export type AuthoredLimit = Authored & { readonly amps: number };

export type CircuitLimit = {
  readonly phases: { readonly [P in Phase]: AuthoredLimit };
  /** Active or apparent power, whichever is tighter: watts are counted as volts × amperes, so one figure serves both. */
  readonly power?: Authored & { readonly watts: number; readonly unit: 'W' | 'VA' };
};

/** One limit of a group: in amperes per phase, or in watts over all phases. Several may hold at once. */
export type GroupLimit = Authored & {
  readonly group: GroupId;
  readonly members: readonly EvseId[];
  readonly amps?: PhaseAmps;
  readonly watts?: number;
  /** What the site would otherwise export may be used on top of `watts`. */
  readonly netOfSurplus: boolean;
};

export type EvseCap = Authored & { readonly amps: number };

/** Caps that hold at `now`: started, not ended. */
export function capsInForce(caps: readonly Cap[], now: Instant): readonly Cap[] {
  return caps.filter((cap) => (cap.from ?? now) <= now && now < (cap.until ?? Number.POSITIVE_INFINITY));
}

/** The tightest limit on each circuit at `now`; the fuse's own rating is the loosest there can be. Negative caps count as zero. */
export function circuitLimits(site: Site, caps: readonly Cap[], now: Instant): ReadonlyMap<CircuitId, CircuitLimit> {
  const active = capsInForce(caps, now);
  return active.length === 0 ? ratingsOf(site) : circuitLimitsUnder(site, active);
}

const ratingsOf = oncePerSite((site) => circuitLimitsUnder(site, []));

function circuitLimitsUnder(site: Site, active: readonly Cap[]): ReadonlyMap<CircuitId, CircuitLimit> {
  return new Map(site.circuits.map((circuit) => [circuit.id, limitOf(circuit, active)]));
}

function limitOf(circuit: Circuit, caps: readonly Cap[]): CircuitLimit {
  const mine = caps.filter((cap) => cap.scope.kind === 'circuit' && cap.scope.circuit === circuit.id);
  const phases = mapPhases((phase) =>
    mine.reduce<AuthoredLimit>(
      (tightest, cap) =>
        cap.limitAmps && cap.limitAmps[phase] < tightest.amps
          ? { amps: Math.max(0, cap.limitAmps[phase]), ...authored(cap) }
          : tightest,
      { amps: circuit.ratingAmps[phase], source: { kind: 'fuse' } },
    ),
  );
  const { limitWatts, limitVoltAmperes } = circuit;
  const commissioned = { limitWatts, limitVoltAmperes, source: { kind: 'fuse' } } as const;
  const power = [commissioned, ...mine]
    .flatMap((limit) => [
      { ...authored(limit), watts: limit.limitWatts, unit: 'W' as const },
      { ...authored(limit), watts: limit.limitVoltAmperes, unit: 'VA' as const },
    ])
    .reduce<CircuitLimit['power']>(
      (tightest, { watts, ...rest }) =>
        watts !== undefined && watts < (tightest?.watts ?? Number.POSITIVE_INFINITY)
          ? { ...rest, watts: Math.max(0, watts) }
          : tightest,
      undefined,
    );
  return power ? { phases, power } : { phases };
}

/**
 * Every limit on a group of EVSEs at `now`: the commissioned ones first, then caps in their order. Negative caps count as zero. Where several
 * groups may use the surplus on top, one more limit holds for them together: there is only one surplus.
 */
export function groupLimits(site: Site, caps: readonly Cap[], now: Instant): readonly GroupLimit[] {
  const active = capsInForce(caps, now);
  return active.length === 0 ? permitsOf(site) : groupLimitsUnder(site, active);
}

const permitsOf = oncePerSite((site) => groupLimitsUnder(site, []));

function groupLimitsUnder(site: Site, active: readonly Cap[]): readonly GroupLimit[] {
  const limits = site.groups.flatMap((group) => {
    const { id } = group;
    const mine = active.filter((cap) => cap.scope.kind === 'group' && cap.scope.group === id);
    const permit: Authored = { source: { kind: 'permit' } };
    return [{ ...group, ...permit }, ...mine].flatMap((limit): GroupLimit[] => {
      const { limitAmps, limitWatts, netOfSurplus } = limit;
      const common = { group: id, members: group.evses, ...authored(limit) };
      return [
        ...(limitAmps
          ? [{ ...common, amps: mapPhases((phase) => Math.max(0, limitAmps[phase])), netOfSurplus: false }]
          : []),
        ...(limitWatts === undefined
          ? []
          : [{ ...common, watts: Math.max(0, limitWatts), netOfSurplus: netOfSurplus ?? false }]),
      ];
    });
  });
  return [...limits, ...jointSurplus(limits)];
}

function jointSurplus(limits: readonly GroupLimit[]): readonly GroupLimit[] {
  const tightest = new Map<GroupId, GroupLimit & { readonly watts: number }>();
  for (const limit of limits) {
    const { group, watts, netOfSurplus } = limit;
    if (!netOfSurplus || watts === undefined) continue;
    if (watts < (tightest.get(group)?.watts ?? Number.POSITIVE_INFINITY)) tightest.set(group, { ...limit, watts });
  }
  const [first, ...others] = tightest.values();
  if (!first || others.length === 0) return [];
  const all = [first, ...others];
  const members = [...new Set(all.flatMap((limit) => limit.members))];
  return [{ ...first, members, watts: all.reduce((sum, { watts }) => sum + watts, 0) }];
}

/**
 * The tightest cap on each EVSE alone at `now`, from caps whose scope is that EVSE or every EVSE; power caps count on all wired phases. Of
 * equal ones an emergency stop is named, else the first.
 */
export function evseCaps(site: Site, caps: readonly Cap[], now: Instant): ReadonlyMap<EvseId, EvseCap> {
  const result = new Map<EvseId, EvseCap>();
  const { evseAt } = siteIndex(site);
  for (const cap of capsInForce(caps, now)) {
    if (cap.scope.kind !== 'evse' && cap.scope.kind !== 'every-evse') continue;
    const only = cap.scope.kind === 'evse' ? site.evses[evseAt.get(cap.scope.evse) ?? -1] : undefined;
    for (const evse of cap.scope.kind === 'evse' ? (only ? [only] : []) : site.evses) {
      const amps = evseAmps(cap, evse, site.nominalVolts);
      const known = result.get(evse.id);
      const isTighter = !known || amps < known.amps || (amps === known.amps && cap.source.kind === 'emergency-stop');
      if (isTighter && known?.source.kind !== 'emergency-stop') result.set(evse.id, { amps, ...authored(cap) });
    }
  }
  return result;
}

function evseAmps({ limitAmps, limitWatts }: Cap, { phases }: Evse, nominalVolts: number): number {
  const byAmps = limitAmps ? Math.min(...phases.map((phase) => limitAmps[phase])) : Number.POSITIVE_INFINITY;
  const byWatts = limitWatts === undefined ? Number.POSITIVE_INFINITY : limitWatts / (nominalVolts * phases.length);
  return Math.max(0, Math.min(byAmps, byWatts));
}
