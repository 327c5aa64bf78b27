// How far the floors alone may pull the phases of a circuit apart; no fuse is at stake, so this is told and never refused.

import type { Circuit } from '../core/model/site.ts';
import { type CircuitId, PHASES, type Phase } from '../core/model/units.ts';
import { evsesBelow, type ProvableSite, type SilentDraw, silentDraws } from './floor-proof.ts';

/** The worst pair of phases of one circuit; it holds where `spareAmps` is not negative. */
export type UnbalanceRow = {
  readonly circuit: CircuitId;
  readonly phase: Phase;
  readonly against: Phase;
  /** EVSEs that are wired to `phase` and not to `against`. */
  readonly evseCount: number;
  readonly floorsAmps: number;
  readonly limitAmps: number;
  readonly spareAmps: number;
};

/**
 * One row for each circuit with `unbalanceAmps`, in the site's order. EVSEs on one or two phases are summed on the worst phase, as if
 * nobody drew on the other; an EVSE on all three pulls nothing apart. Circuits MUST stand after their parents.
 */
export function unbalanceOfFloors(site: ProvableSite): readonly UnbalanceRow[] {
  const below = evsesBelow(site.circuits, silentDraws(site), (draw) => draw.evse.circuit);
  return site.circuits.flatMap((circuit) => worstPair(circuit, below.get(circuit.id) ?? []));
}

function worstPair({ id, unbalanceAmps: limitAmps }: Circuit, draws: readonly SilentDraw[]): UnbalanceRow[] {
  if (limitAmps === undefined) return [];
  const pairs = PHASES.flatMap((phase) =>
    PHASES.filter((against) => against !== phase).map((against) => [phase, against] as const),
  );
  const rows = pairs.map(([phase, against]): UnbalanceRow => {
    const alone = draws.filter(({ evse }) => evse.phases.includes(phase) && !evse.phases.includes(against));
    const floorsAmps = tidy(alone.reduce((total, { amps }) => total + amps, 0));
    const spareAmps = tidy(limitAmps - floorsAmps);
    return { circuit: id, phase, against, evseCount: alone.length, floorsAmps, limitAmps, spareAmps };
  });
  return [rows.reduce((worst, row) => (row.floorsAmps > worst.floorsAmps ? row : worst))];
}

function tidy(value: number): number {
  return Number(value.toFixed(6));
}
