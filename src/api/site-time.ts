// Times as people at the site write them: ISO 8601 with a zone, or by the site's own clock; a time that does not exist is never guessed.

import type { WallTime } from '../core/model/units.ts';

const ISO = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$/;
const DAY_MS = 86_400_000;

export type TimeReading =
  | { readonly ok: true; readonly wall: WallTime }
  /** `why` ends the sentence "expected …". */
  | { readonly ok: false; readonly expected: string };

const FORM = 'ISO 8601, such as 2026-03-29T05:30 by the clock at the site, or 2026-03-29T05:30+02:00';

/**
 * The instant that `text` names, to the second. Without a zone it is read by the site's clock: in the hour that is skipped in spring there is no
 * such time and it is refused; in the hour that comes twice in autumn the first is taken, so that a car is ready for both.
 */
export function readTime(text: string, timezone: string): TimeReading {
  const match = ISO.exec(text);
  if (!match) return { ok: false, expected: FORM };
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0));
  const asUtc = Date.UTC(year!, month! - 1, day!, hour!, minute!, second!);
  // Date.UTC carries 31 April over into May; a person who writes it is mistaken.
  if (new Date(asUtc).toISOString().slice(0, 16) !== text.slice(0, 16) || second! > 59) {
    return { ok: false, expected: `a day and a time that exist, in ${FORM}` };
  }
  const zone = match[7];
  if (zone === undefined) return readLocal(asUtc, timezone);
  const offsetMs = zone === 'Z' ? 0 : offsetFrom(zone);
  return offsetMs === undefined ? { ok: false, expected: FORM } : { ok: true, wall: asUtc - offsetMs };
}

/** `2026-03-29T05:30:00+02:00`: by the clock at the site, with its distance from UTC. */
export function isoTime(wall: WallTime, timezone: string): string {
  const seconds = Math.floor(wall / 1_000) * 1_000;
  const offsetMs = offsetAt(seconds, timezone);
  const minutes = Math.abs(Math.round(offsetMs / 60_000));
  const two = (value: number) => String(value).padStart(2, '0');
  const zone = `${offsetMs < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  return `${new Date(seconds + offsetMs).toISOString().slice(0, 19)}${zone}`;
}

function readLocal(asUtc: number, timezone: string): TimeReading {
  // A zone changes its offset at most once within the two days round the time, so one of these two is in force then.
  const candidates = [asUtc - DAY_MS, asUtc + DAY_MS].map((near) => asUtc - offsetAt(near, timezone));
  const real = candidates.filter((wall) => wall + offsetAt(wall, timezone) === asUtc);
  if (real.length > 0) return { ok: true, wall: Math.min(...real) };
  return { ok: false, expected: `a time that exists in ${timezone}: that hour is skipped when summer time begins` };
}

function offsetFrom(zone: string): number | undefined {
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(-2))];
  if (hours > 14 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

/** Milliseconds by which the clock in `timezone` is ahead of UTC at `wall`. */
function offsetAt(wall: WallTime, timezone: string): number {
  const parts = new Map(
    formatter(timezone)
      .formatToParts(wall)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const at = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
  const local = Date.UTC(at('year'), at('month') - 1, at('day'), at('hour'), at('minute'), at('second'));
  return local - Math.floor(wall / 1_000) * 1_000;
}

/** One zone per site, so one formatter is all that is ever kept. */
let kept: { readonly timezone: string; readonly format: Intl.DateTimeFormat } | undefined;

function formatter(timezone: string): Intl.DateTimeFormat {
  if (kept?.timezone !== timezone) {
    const format = new Intl.DateTimeFormat('en-GB', {
      timeZone: timezone,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    kept = { timezone, format };
  }
  return kept.format;
}
