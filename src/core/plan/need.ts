// What a deadline asks for now: the current that must flow from here on so that the car leaves with what it came for.

import type { Evse } from '../model/site.ts';
import type { EvseState } from '../model/snapshot.ts';
import type { Instant } from '../model/units.ts';
import type { Wish } from '../model/wish.ts';

/** Ready this long before departure: offers follow a rising need by steps and with a delay. */
export const READY_BEFORE_MS = 10 * 60_000;
/** A deadline nearer than this, or past, asks for the rest within this time; the last minute must not ask for everything. */
const SHORTEST_MS = 5 * 60_000;

export type Need = {
  /** Amperes per phase, held until departure. 0 when it has all it wants. */
  readonly amps: number;
  /** Time to spare at `fullAmps`; zero or less: it must charge at full speed now. */
  readonly laxityMs: number;
};

/**
 * The need of a session on `phaseCount` phases. Undefined when the wish names no energy or no departure, or belongs to no transaction. Energy
 * that the charger does not report counts as not delivered.
 */
export function needOf(
  evse: Evse,
  wish: Wish | undefined,
  transaction: EvseState['transaction'],
  phaseCount: number,
  fullAmps: number,
  nominalVolts: number,
  now: Instant,
): Need | undefined {
  if (wish?.energyWh === undefined || wish.departureAt === undefined || !transaction) return undefined;
  const missingWh = Math.max(0, wish.energyWh - (transaction.energyWh ?? 0));
  const wattsPerAmp = nominalVolts * phaseCount * (evse.efficiency ?? 1);
  if (missingWh === 0 || !(wattsPerAmp > 0)) return { amps: 0, laxityMs: Number.POSITIVE_INFINITY };
  const leftMs = wish.departureAt - READY_BEFORE_MS - now;
  const ampHours = missingWh / wattsPerAmp;
  return {
    amps: (ampHours * 3_600_000) / Math.max(SHORTEST_MS, leftMs),
    laxityMs: fullAmps > 0 ? leftMs - (ampHours / fullAmps) * 3_600_000 : Number.NEGATIVE_INFINITY,
  };
}
