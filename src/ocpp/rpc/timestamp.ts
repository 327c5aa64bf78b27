// Reads and writes date-times on the wire: strict in form, lenient about a missing zone; it must never let a date roll over.

import type { WallTime } from '../../core/model/units.ts';

const PATTERN =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?([Zz]|[+-][0-9]{2}:?[0-9]{2})?$/;

/** RFC 3339; a missing zone is taken for UTC, because some stations leave it out. `undefined` for anything else, 30 February included. */
export function parseTimestamp(text: unknown): WallTime | undefined {
  const match = typeof text === 'string' ? PATTERN.exec(text) : null;
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const millis = Number((match[7] ?? '0').padEnd(3, '0').slice(0, 3));
  const utc = Date.UTC(year, month - 1, day, hour, minute, second, millis);
  const back = new Date(utc);
  if (back.getUTCFullYear() !== year || back.getUTCMonth() !== month - 1 || back.getUTCDate() !== day) return undefined;
  return utc - offsetMinutes(match[8]) * 60_000;
}

function offsetMinutes(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z' || zone === 'z') return 0;
  const digits = zone.slice(1).replace(':', '');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return zone.startsWith('-') ? -minutes : minutes;
}

/** UTC with a trailing Z, the only form every parser in the field understands; fractions only where there are any. */
export function writeTimestamp(at: WallTime): string {
  return new Date(Math.round(at)).toISOString().replace('.000Z', 'Z');
}

/** Stations' stamps are believed inside this window around our clock (lost days of offline queue included). */
export const MAX_STAMP_AGE_MS = 30 * 24 * 3_600_000;
export const MAX_STAMP_LEAD_MS = 5 * 60_000;

/** The stamp when it is well-formed and near our clock, otherwise the time of receipt. */
export function believableTime(text: unknown, receivedAt: WallTime): WallTime {
  const at = parseTimestamp(text);
  const isBelievable = at !== undefined && at >= receivedAt - MAX_STAMP_AGE_MS && at <= receivedAt + MAX_STAMP_LEAD_MS;
  return isBelievable ? at : receivedAt;
}
