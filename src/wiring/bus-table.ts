// The lines on which meters are read as a table for people: how long a poll takes on each, and how often there is room for one.

import { type LineBudget, percent } from '../config/bus-check.ts';
import { table } from './table.ts';

/** One row a line, no end of line; empty when there is none. */
export function describeLines(lines: readonly LineBudget[]): readonly string[] {
  if (lines.length === 0) return [];
  const rows = lines.map(({ bus, place, meters, share, isAtLeast, sustainedPollMs }) => [
    bus ?? '-',
    place,
    meters.map(({ id }) => id).join(', '),
    String(meters.reduce((sum, { bytes }) => sum + bytes, 0)),
    `${Math.ceil(meters.reduce((sum, { busyMs }) => sum + busyMs, 0))} ms`,
    `${isAtLeast ? 'at least ' : ''}${percent(share)}`,
    `${sustainedPollMs} ms`,
  ]);
  const head = ['bus', 'at', 'meters', 'bytes', 'one poll of all', 'of its time', 'sustains a poll every'];
  const align = ['left', 'left', 'left', 'right', 'right', 'right', 'right'] as const;
  return table(head, rows, align).split('\n');
}
