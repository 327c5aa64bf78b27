// What a person or a fleet wants of one charging session: energy, an hour, a manner; a wish never loosens a limit.

import type { Source } from './limit.ts';
import type { Instant } from './units.ts';

export type Wish = {
  /** Who asked. */
  readonly source: Source;
  /** Energy wanted in this transaction in all, from its start. */
  readonly energyWh?: number;
  /** When the car leaves. */
  readonly departureAt?: Instant;
  /** Charges from what the site would otherwise export, and from nothing else. */
  readonly onlySurplus?: boolean;
  /** Instead of the EVSE's own; higher is served first. */
  readonly priority?: number;
  /** What its author gave as the reason; shown to people. */
  readonly note?: string;
};
