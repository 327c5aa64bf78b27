// What one charging profile asks for at an instant, and until when that is sure to stay so: the charger's own quick reading of OCPP's rules.

import type { ChargingProfile, SchedulePeriod } from '../core/model/charging-profile.ts';
import type { WallTime } from '../core/model/units.ts';

export type RateNow = {
  /** In the profile's unit; absent: it is not active. */
  readonly limit?: number;
  /** The rate may change then and not before; Infinity: never. */
  readonly until: WallTime;
};

const DAY_MS = 86_400_000;
export const RECURRENCE_MS = { Daily: DAY_MS, Weekly: 7 * DAY_MS };
const NEVER = Number.POSITIVE_INFINITY;

/**
 * OCPP 1.6 §3.13.2, §7.13: validFrom and the start of a schedule are inclusive, validTo and its end exclusive; without duration the last
 * period holds for ever. `startedAt` is what Relative schedules count from; without it they are as they would be at their beginning.
 */
export function rateAt(profile: ChargingProfile, at: WallTime, startedAt: WallTime | undefined): RateNow {
  const { validFrom = Number.NEGATIVE_INFINITY, validTo = NEVER, schedule, kind } = profile;
  if (at < validFrom) return { until: validFrom };
  if (at >= validTo) return { until: NEVER };
  const start = kind === 'Relative' ? startedAt : (schedule.startSchedule ?? startedAt);
  const durationMs = schedule.durationSeconds === undefined ? NEVER : schedule.durationSeconds * 1_000;
  if (start === undefined) {
    const limit = durationMs > 0 ? schedule.periods[0]!.limit : undefined;
    return { ...(limit === undefined ? {} : { limit }), until: validTo };
  }
  const everyMs = kind === 'Recurring' ? RECURRENCE_MS[profile.recurrency ?? 'Daily'] : NEVER;
  const begin = everyMs === NEVER ? start : start + Math.floor((at - start) / everyMs) * everyMs;
  const end = begin + Math.min(durationMs, everyMs);
  if (at < begin) return { until: Math.min(validTo, begin) };
  if (at >= end) return { until: Math.min(validTo, begin + everyMs) };
  const { limit, nextMs } = periodAt(schedule.periods, at - begin);
  return { ...(limit === undefined ? {} : { limit }), until: Math.min(validTo, end, begin + nextMs) };
}

/** Whether it stays for ever once it holds: no end of its own, and always active. */
export function hasNoEnd({ kind, validTo, schedule }: ChargingProfile): boolean {
  return kind !== 'Recurring' && validTo === undefined && schedule.durationSeconds === undefined;
}

function periodAt(periods: readonly SchedulePeriod[], offsetMs: number): { readonly limit?: number; nextMs: number } {
  let found: SchedulePeriod | undefined;
  for (const period of periods) {
    const startMs = period.startPeriodSeconds * 1_000;
    if (startMs > offsetMs) return { ...(found ? { limit: found.limit } : {}), nextMs: startMs };
    found = period;
  }
  return { ...(found ? { limit: found.limit } : {}), nextMs: NEVER };
}
