// The floor proof as tables for a terminal: amperes and power of circuits and groups, and how far floors pull phases apart.

import type { FloorRow } from '../config/floor-proof.ts';
import type { UnbalanceRow } from '../config/floor-unbalance.ts';
import { table } from './table.ts';

type Align = 'left' | 'right';

/** Every table that has a row, with an empty line between two. */
export function describeProof(rows: readonly FloorRow[]): string[] {
  const tables = [
    circuitAmps(rows),
    circuitPower(rows, 'W'),
    circuitPower(rows, 'VA'),
    groupAmps(rows),
    groupPower(rows),
  ].filter((text) => text !== undefined);
  return tables.flatMap((text, at) => [...(at === 0 ? [] : ['']), ...text.split('\n')]);
}

/** The worst pair of phases of each circuit that bounds them. */
export function describeUnbalance(rows: readonly UnbalanceRow[]): string[] {
  const text = tableOf(
    ['circuit', 'phase', 'against', 'EVSEs', 'floors A', '≤ unbalance A', 'spare A'],
    rows.map((row) => [
      row.circuit,
      row.phase,
      row.against,
      String(row.evseCount),
      ...[row.floorsAmps, row.limitAmps, row.spareAmps].map(twoDecimals),
    ]),
    3,
  );
  return text === undefined ? [] : text.split('\n');
}

function circuitAmps(rows: readonly FloorRow[]): string | undefined {
  return tableOf(
    ['circuit', 'phase', 'EVSEs', 'floors A', '+ worst base load A', '≤ rating − margin A', 'spare A'],
    rows
      .filter((row) => row.kind === 'phase')
      .map((row) => [
        row.circuit,
        row.phase,
        String(row.evseCount),
        ...[row.floorsAmps, row.worstBaseLoadAmps, row.ratingAmps - row.marginAmps, row.spareAmps].map(twoDecimals),
      ]),
    2,
  );
}

function circuitPower(rows: readonly FloorRow[], unit: 'W' | 'VA'): string | undefined {
  return tableOf(
    ['circuit', 'EVSEs', `floors k${unit}`, `+ worst base load k${unit}`, `≤ limit k${unit}`, `spare k${unit}`],
    rows
      .filter((row) => row.kind === 'power')
      .filter((row) => row.unit === unit)
      .map((row) => [
        row.circuit,
        String(row.evseCount),
        ...[row.floorsWatts, row.worstBaseLoadWatts, row.limitWatts, row.spareWatts].map(inThousands),
      ]),
    1,
  );
}

function groupAmps(rows: readonly FloorRow[]): string | undefined {
  return tableOf(
    ['group', 'phase', 'EVSEs', 'floors A', '≤ limit A', 'spare A'],
    rows
      .filter((row) => row.kind === 'group-phase')
      .map((row) => [
        row.group,
        row.phase,
        String(row.evseCount),
        ...[row.floorsAmps, row.limitAmps, row.spareAmps].map(twoDecimals),
      ]),
    2,
  );
}

function groupPower(rows: readonly FloorRow[]): string | undefined {
  return tableOf(
    ['group', 'EVSEs', 'floors kW', '≤ limit kW', 'spare kW'],
    rows
      .filter((row) => row.kind === 'group-power')
      .map((row) => [
        row.group,
        String(row.evseCount),
        ...[row.floorsWatts, row.limitWatts, row.spareWatts].map(inThousands),
      ]),
    1,
  );
}

/** Undefined without rows; the first `names` columns are words, the rest numbers. */
function tableOf(head: readonly string[], rows: readonly (readonly string[])[], names: number): string | undefined {
  if (rows.length === 0) return undefined;
  return table(
    head,
    rows,
    head.map((_cell, at): Align => (at < names ? 'left' : 'right')),
  );
}

const twoDecimals = (value: number) => value.toFixed(2);
const inThousands = (value: number) => twoDecimals(value / 1_000);
