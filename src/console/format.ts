// Numbers and times as the page writes them: amperes with one decimal so that they line up, times in the site's own time zone.

import type { EvseActivity } from '../core/model/state-view.ts';

/** `10.0`, or a dash where nothing is known. The unit stands in the heading. */
export function amps(value: number | null | undefined): string {
  if (value === undefined || value === null) return '–';
  return (Math.round(value * 10) / 10 + 0).toFixed(1).replace('-', '−');
}

/** `63 A`, `6.3 A`: for sentences. */
export function ampsInWords(value: number): string {
  return `${Number(value.toFixed(1)) + 0} A`;
}

/** `43.0 kW`, or `43.0 kVA` of apparent power. */
export function kilowatts(watts: number, unit: 'W' | 'VA' = 'W'): string {
  return `${(watts / 1000).toFixed(1)} k${unit}`;
}

/** `03:12:04` at the site. */
export function clockTime(wallMs: number, timezone: string): string {
  return new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone: timezone }).format(wallMs);
}

/** `Mon 03:12` at the site. */
export function dayAndTime(wallMs: number, timezone: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    timeZone: timezone,
  }).format(wallMs);
}

/** `today 05:30`, `tomorrow 05:30`, `Thu 26 Nov 05:30` at the site: a day by its name alone could be today's or next week's. */
export function nearDay(wallMs: number, nowWallMs: number, timezone: string): string {
  const at = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat('en-GB', { ...options, timeZone: timezone }).format(wallMs);
  const time = at({ hour: '2-digit', minute: '2-digit' });
  const days = dayNumber(wallMs, timezone) - dayNumber(nowWallMs, timezone);
  const name = NEAR_DAYS.get(days);
  if (name !== undefined) return `${name} ${time}`;
  return `${at({ weekday: 'short', day: 'numeric', month: 'short' }).replace(',', '')} ${time}`;
}

const NEAR_DAYS: ReadonlyMap<number, string> = new Map([
  [-1, 'yesterday'],
  [0, 'today'],
  [1, 'tomorrow'],
]);

/** Counts the site's own days, which are not all 24 hours long. */
function dayNumber(wallMs: number, timezone: string): number {
  const format = new Intl.DateTimeFormat('en-CA', { dateStyle: 'short', timeZone: timezone });
  return Date.parse(`${format.format(wallMs)}T00:00:00Z`) / 86_400_000;
}

/** `12 s`, `3 min`, `2 h`. */
export function duration(ms: number): string {
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}

export const ACTIVITY_WORDS: { readonly [A in EvseActivity]: string } = {
  'never-connected': 'Never connected',
  offline: 'Offline',
  faulted: 'Faulted',
  unavailable: 'Out of service',
  charging: 'Charging',
  'paused-by-charger': 'Paused by charger',
  'paused-by-car': 'Paused by car',
  'car-connected': 'Car connected',
  reserved: 'Reserved',
  free: 'Free',
  unknown: 'Unknown',
};
