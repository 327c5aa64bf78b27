// Measured and standard load curves as a base load: reads a CSV text that the caller has; it must never look for a file itself.

import type { BaseLoadKind } from './script.ts';

/** Values of one series at most: a year in quarters of an hour. */
export const MAX_SERIES_PARTS = 366 * 96;

export type SeriesChoice = {
  /** Heading of the column, such as `b25_kWh` or `g1`. */
  readonly column: string;
  /** First day, as the date of its first row `YYYY-MM-DD`; absent: the first of the table. */
  readonly fromDay?: string;
  /** How many days; absent: all that follow, at most `MAX_SERIES_PARTS` values. */
  readonly days?: number;
};

export type LoadSeries =
  | { readonly ok: true; readonly baseLoad: Extract<BaseLoadKind, { kind: 'series' }>; readonly peak: number }
  | { readonly ok: false; readonly field: string; readonly value: string; readonly expected: string };

const DAY_MS = 24 * 3_600_000;

/**
 * One column of a table whose first column is `YYYY-MM-DD HH:MM:SS` in equal steps from midnight on, as parts of its greatest value in
 * the chosen days. What is absent or below zero counts as zero; what is no number is refused with its line.
 */
export function readLoadSeries(csv: string, choice: SeriesChoice): LoadSeries {
  const lines = csv.split('\n').filter((line) => line.trim() !== '');
  const headings = (lines[0] ?? '').split(',').map((heading) => heading.trim());
  const column = headings.indexOf(choice.column, 1);
  if (column < 0) return refused('column', choice.column, `one of ${headings.slice(1).join(', ')}`);
  const rows = lines.slice(1);
  const first = choice.fromDay === undefined ? 0 : rows.findIndex((row) => row.startsWith(`${choice.fromDay} 00:00`));
  if (first < 0)
    return refused('fromDay', choice.fromDay!, `a day of the table, ${dayOf(rows[0])} to ${dayOf(rows.at(-1))}`);
  const stepMs = wallOf(rows[first + 1]) - wallOf(rows[first]);
  if (!(stepMs > 0) || DAY_MS % stepMs !== 0)
    return refused(
      'time',
      `${rows[first]?.slice(0, 19)}`,
      'rows of YYYY-MM-DD HH:MM:SS in equal steps that fill a day',
    );

  const wanted = choice.days === undefined ? MAX_SERIES_PARTS : (choice.days * DAY_MS) / stepMs;
  if (!(wanted >= 1) || wanted > MAX_SERIES_PARTS)
    return refused('days', String(choice.days), `1 to ${Math.floor((MAX_SERIES_PARTS * stepMs) / DAY_MS)} days`);
  const chosen = rows.slice(first, first + wanted);
  if (choice.days !== undefined && chosen.length < wanted)
    return refused(
      'days',
      String(choice.days),
      `at most ${Math.floor((chosen.length * stepMs) / DAY_MS)} days from there on`,
    );
  const values: number[] = [];
  for (const [at, row] of chosen.entries()) {
    const text = row.split(',')[column]?.trim() ?? '';
    const value = text === '' ? 0 : Number(text);
    if (!Number.isFinite(value)) return refused(`line ${first + at + 2}, ${choice.column}`, text, 'a number');
    values.push(Math.max(0, value));
  }
  // Not Math.max(...values): a year of quarters is more than a call takes on every Node.
  const peak = values.reduce((most, value) => Math.max(most, value), 0);
  if (peak === 0) return refused(choice.column, '0 throughout', 'at least one value above 0');
  return {
    ok: true,
    peak,
    baseLoad: { kind: 'series', name: choice.column, stepMs, parts: values.map((value) => rounded(value / peak)) },
  };
}

function refused(field: string, value: string, expected: string): LoadSeries {
  return { ok: false, field, value, expected };
}

function wallOf(row: string | undefined): number {
  return Date.parse(`${row?.slice(0, 19).replace(' ', 'T')}Z`);
}

function dayOf(row: string | undefined): string {
  return row?.slice(0, 10) ?? 'none';
}

/** Four digits are finer than any meter, and keep a script short. */
function rounded(part: number): number {
  return Math.round(part * 10_000) / 10_000;
}
