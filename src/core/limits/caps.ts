// Folds every limit that is in force now into one per circuit and one per EVSE, each with its author; it never loosens a rating.

import type { Cap, Source } from '../model/limit.ts';
import type { Circuit, Site } from '../model/site.ts';
import type { CircuitId, EvseId, Instant, Phase } from '../model/units.ts';
import { mapPhases } from '../model/units.ts';

export type AuthoredLimit = { readonly amps: number; readonly source: Source };

export type CircuitLimit = {
  readonly phases: { readonly [P in Phase]: AuthoredLimit };
  readonly power?: { readonly watts: number; readonly source: Source };
};

export type EvseCap = { readonly amps: number; readonly source: Source; readonly note?: string };

/** Caps that hold at `now`: started, not ended. */
export function capsInForce(caps: readonly Cap[], now: Instant): readonly Cap[] {
  return caps.filter((cap) => (cap.from ?? now) <= now && now < (cap.until ?? Number.POSITIVE_INFINITY));
}

/** The tightest limit on each circuit at `now`; the fuse's own rating is the loosest there can be. Negative caps count as zero. */
export function circuitLimits(site: Site, caps: readonly Cap[], now: Instant): ReadonlyMap<CircuitId, CircuitLimit> {
  const active = capsInForce(caps, now);
  return new Map(site.circuits.map((circuit) => [circuit.id, limitOf(circuit, active)]));
}

function limitOf(circuit: Circuit, caps: readonly Cap[]): CircuitLimit {
  const mine = caps.filter((cap) => cap.scope.kind === 'circuit' && cap.scope.circuit === circuit.id);
  const phases = mapPhases((phase) =>
    mine.reduce<AuthoredLimit>(
      (tightest, cap) =>
        cap.limitAmps && cap.limitAmps[phase] < tightest.amps
          ? { amps: Math.max(0, cap.limitAmps[phase]), source: cap.source }
          : tightest,
      { amps: circuit.ratingAmps[phase], source: { kind: 'fuse', id: circuit.id } },
    ),
  );
  const commissioned =
    circuit.limitWatts === undefined
      ? undefined
      : { watts: circuit.limitWatts, source: { kind: 'fuse', id: circuit.id } as Source };
  const power = mine.reduce<CircuitLimit['power']>(
    (tightest, cap) =>
      cap.limitWatts !== undefined && cap.limitWatts < (tightest?.watts ?? Number.POSITIVE_INFINITY)
        ? { watts: Math.max(0, cap.limitWatts), source: cap.source }
        : tightest,
    commissioned,
  );
  return power ? { phases, power } : { phases };
}

/** The tightest cap on each EVSE alone at `now`, from caps whose scope is that EVSE; power caps count on all wired phases. */
export function evseCaps(site: Site, caps: readonly Cap[], now: Instant): ReadonlyMap<EvseId, EvseCap> {
  const result = new Map<EvseId, EvseCap>();
  const wiredPhases = new Map(site.evses.map((evse) => [evse.id, evse.phases]));
  for (const cap of capsInForce(caps, now)) {
    if (cap.scope.kind !== 'evse') continue;
    const phases = wiredPhases.get(cap.scope.evse);
    if (!phases) continue;
    const byAmps = cap.limitAmps ? Math.min(...phases.map((phase) => cap.limitAmps![phase])) : Number.POSITIVE_INFINITY;
    const byWatts =
      cap.limitWatts === undefined ? Number.POSITIVE_INFINITY : cap.limitWatts / (site.nominalVolts * phases.length);
    const amps = Math.max(0, Math.min(byAmps, byWatts));
    const known = result.get(cap.scope.evse);
    if (!known || amps < known.amps) {
      result.set(cap.scope.evse, { amps, source: cap.source, ...(cap.note === undefined ? {} : { note: cap.note }) });
    }
  }
  return result;
}
