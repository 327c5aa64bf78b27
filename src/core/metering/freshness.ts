// How far a reading can be believed for its age; it never makes one younger.

import type { Policy } from '../model/site.ts';
import type { MeterReading } from '../model/snapshot.ts';
import type { Instant } from '../model/units.ts';

export type Freshness = 'fresh' | 'held' | 'lost';

/** Until when a reading is fresh, and until when it is not yet lost. */
export type Until = NonNullable<MeterReading['until']>;

/** `ages` count from `measuredAt` where the reading has no ends of its own. */
export function untilOf({ measuredAt, until }: MeterReading, ages: Policy['meter']): Until {
  return until ?? { fresh: measuredAt + ages.holdAfterMs, held: measuredAt + ages.staleAfterMs };
}

/** Fresh; held: nothing is raised on it; lost: it counts no more. No reading and one of the future are lost. */
export function freshnessOf(reading: MeterReading | undefined, now: Instant, ages: Policy['meter']): Freshness {
  if (!reading || !(reading.measuredAt <= now)) return 'lost';
  const { fresh, held } = untilOf(reading, ages);
  if (!(now <= held)) return 'lost';
  return now <= fresh ? 'fresh' : 'held';
}

/** The worse of two. */
export function lessFresh(a: Freshness, b: Freshness): Freshness {
  if (a === 'lost' || b === 'lost') return 'lost';
  return a === 'held' || b === 'held' ? 'held' : 'fresh';
}
