// The policy of a site that states none: cautious enough for any fuse, lively enough to be seen working.

import type { Policy } from '../core/model/site.ts';

/** Every field can be replaced in the site file's `policy`. */
export const defaultPolicy: Policy = {
  cycleMs: 1_000,
  scarcity: 'part-for-everyone',
  pause: { minOnMs: 600_000, minOffMs: 300_000, turnMs: 900_000 },
  rampDown: { afterMs: 45_000, marginAmps: 2 },
  stopDisobedientAfterMs: 120_000,
  meter: { holdAfterMs: 2_000, staleAfterMs: 3_000 },
  stationSampleMaxAgeMs: 60_000,
  increase: { dwellMs: 10_000, deadbandAmps: 1, rampAmpsPerSecond: 2 },
  baseLoadReleaseMs: 30_000,
  attributionMs: 20_000,
  obedienceToleranceAmps: 1.5,
  unknownIdTokenWhenOffline: 'accept',
};
