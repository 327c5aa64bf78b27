// The `policy` of a site file, field by field, each with the bounds within which it is still safe or still of use.

import * as z from 'zod';
import { above0, milliseconds, strict, within } from './shape.ts';

const positiveMs = milliseconds(100, 86_400_000);
/**
 * How long trust may last. An overloaded breaker is patient for minutes (IEC 60898-1: 1.45 times its rating within the hour), so what
 * stands between a lost measurement and the worst case ends sooner than that, whatever the file says.
 */
const MAX_HOLD_MS = 30_000;
const MAX_STALE_MS = 60_000;
/** Some stations send meter values each five minutes only; two may be lost. */
const MAX_STATION_SAMPLE_AGE_MS = 900_000;
/** Slow cars take a minute or two to follow a new limit. */
const MAX_ATTRIBUTION_MS = 120_000;
/** Less than another car's least current, 6 A. */
const MAX_OBEDIENCE_TOLERANCE_AMPS = 5;

/** Contactors and cars are not made for turns of a few seconds. */
const LEAST_TURN_MS = 10_000;
/** A car that may keep its minimum for longer than half a working day takes no turns at all. */
const MAX_ON_MS = 14_400_000;
/** A paused car waits this long even where there is room again; beyond an hour its driver would call it broken. */
const MAX_OFF_MS = 3_600_000;
/** At 6 A one minute behind, which is the shortest time between two turns; at most what fills a large battery. */
const [LEAST_ROTATION_MS, MAX_ROTATION_MS] = [60_000, 86_400_000];
/** Cars take seconds to follow a new offer: sooner, they would be judged on their way. */
const LEAST_RAMP_DOWN_MS = 10_000;
const MAX_RAMP_DOWN_MS = 3_600_000;
/** With less than this above what it takes, measuring noise and the charger's step would keep a car from showing that it wants more. */
const [LEAST_RAMP_DOWN_AMPS, MAX_RAMP_DOWN_AMPS] = [1, 100];
/** Ending a session strands a driver: a charger that is merely slow gets this long; one that never obeys is stopped within the hour. */
const [LEAST_STOP_MS, MAX_STOP_MS] = [30_000, 3_600_000];

const ampsWithin = (least: number, most: number) => within(least, most, `a number of amperes from ${least} to ${most}`);

export const policyForm = strict(
  {
    cycleMs: milliseconds(250, 60_000).optional(),
    scarcity: z
      .enum(['part-for-everyone', 'earliest-departure-first'], {
        error: 'part-for-everyone or earliest-departure-first',
      })
      .optional(),
    pause: strict(
      {
        minOnMs: milliseconds(LEAST_TURN_MS, MAX_ON_MS).optional(),
        minOffMs: milliseconds(LEAST_TURN_MS, MAX_OFF_MS).optional(),
        turnMs: milliseconds(LEAST_ROTATION_MS, MAX_ROTATION_MS).optional(),
      },
      'turns where not all can charge: minOnMs, minOffMs, turnMs',
    ).optional(),
    rampDown: strict(
      {
        afterMs: milliseconds(LEAST_RAMP_DOWN_MS, MAX_RAMP_DOWN_MS).optional(),
        marginAmps: ampsWithin(LEAST_RAMP_DOWN_AMPS, MAX_RAMP_DOWN_AMPS).optional(),
      },
      'taking back what a car leaves unused: afterMs and marginAmps',
    ).optional(),
    stopDisobedientAfterMs: milliseconds(LEAST_STOP_MS, MAX_STOP_MS).optional(),
    meter: strict(
      {
        holdAfterMs: milliseconds(100, MAX_HOLD_MS).optional(),
        staleAfterMs: milliseconds(100, MAX_STALE_MS).optional(),
      },
      'ages of a meter reading',
    ).optional(),
    stationSampleMaxAgeMs: milliseconds(100, MAX_STATION_SAMPLE_AGE_MS).optional(),
    increase: strict(
      {
        dwellMs: milliseconds(0, 3_600_000).optional(),
        deadbandAmps: ampsWithin(0, 100).optional(),
        rampAmpsPerSecond: above0(1_000, 'a number of amperes per second above 0').optional(),
      },
      'how a share rises',
    ).optional(),
    baseLoadReleaseMs: positiveMs.optional(),
    attributionMs: milliseconds(100, MAX_ATTRIBUTION_MS).optional(),
    obedienceToleranceAmps: ampsWithin(0, MAX_OBEDIENCE_TOLERANCE_AMPS).optional(),
    unknownIdTokenWhenOffline: z.enum(['accept', 'refuse'], { error: 'accept or refuse' }).optional(),
  },
  'the policy',
);
