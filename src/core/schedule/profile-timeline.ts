// Lays one charging profile out over a window of time; it knows validity, kinds and periods, and nothing of other profiles.

import type { ChargingProfile, ChargingSchedule } from '../model/charging-profile.ts';
import type { WallTime } from '../model/units.ts';
import { clip, type Span, type Timeline } from './timeline.ts';

/** What one profile asks for at an instant, in its own unit: amperes per phase or watts in total. */
export type Rate = {
  readonly unit: 'A' | 'W';
  readonly limit: number;
  readonly numberPhases?: number;
  readonly profileId: number;
};

const DAY_MS = 86_400_000;
const RECURRENCE_MS = { Daily: DAY_MS, Weekly: 7 * DAY_MS };

/**
 * The rates of one profile between `from` (inclusive) and `to` (exclusive); gaps where it is not active.
 *
 * - validFrom is inclusive, validTo exclusive; so are the start and the end of a schedule. What lies after its duration is not executed;
 *   without duration the last period holds for ever (OCPP 1.6 §3.13.2, §7.13; 2.0.1 K01).
 * - Recurring: the schedule starts again every 24 hours or 7 days, counted in UTC from startSchedule in both directions, so validFrom and not
 *   startSchedule says when it first applies; what exceeds the recurrence is cut. Local time and its changes are not in the message.
 * - Relative, and every schedule without startSchedule: counts from `anchor`, the start of the transaction; where none runs the caller gives
 *   the start of the window, as if one began then (OCPP 2.0.1 K08.FR.06).
 */
export function profileTimeline(
  profile: ChargingProfile,
  window: { readonly from: WallTime; readonly to: WallTime; readonly anchor: WallTime },
): Timeline<Rate> {
  const from = Math.max(window.from, profile.validFrom ?? Number.NEGATIVE_INFINITY);
  const to = Math.min(window.to, profile.validTo ?? Number.POSITIVE_INFINITY);
  if (to <= from) return [];
  const { schedule } = profile;
  const start = profile.kind === 'Relative' ? window.anchor : (schedule.startSchedule ?? window.anchor);
  const everyMs = profile.kind === 'Recurring' ? RECURRENCE_MS[profile.recurrency ?? 'Daily'] : undefined;
  if (everyMs === undefined) return clip(laidOut(profile.id, schedule, start, Number.POSITIVE_INFINITY), from, to);
  const spans: Span<Rate>[] = [];
  // The occurrence before the window may still be running when the window opens.
  for (let n = Math.floor((from - start) / everyMs); start + n * everyMs < to; n++)
    spans.push(...clip(laidOut(profile.id, schedule, start + n * everyMs, everyMs), from, to));
  return spans;
}

/** One execution of a schedule from `start`, for at most `longestMs`. */
function laidOut(profileId: number, schedule: ChargingSchedule, start: WallTime, longestMs: number): Timeline<Rate> {
  const end = start + Math.min((schedule.durationSeconds ?? Number.POSITIVE_INFINITY) * 1_000, longestMs);
  return schedule.periods.flatMap(({ startPeriodSeconds, limit, numberPhases }, index) => {
    const from = start + startPeriodSeconds * 1_000;
    const next = schedule.periods[index + 1];
    const to = Math.min(end, next ? start + next.startPeriodSeconds * 1_000 : end);
    if (to <= from) return [];
    const value = { unit: schedule.unit, limit, profileId, ...(numberPhases === undefined ? {} : { numberPhases }) };
    return [{ from, to, value }];
  });
}
