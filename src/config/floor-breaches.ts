// Puts the rows of the floor proof that fail into words: the place, the parts, and what would be enough.

import { PHASES, type Phase } from '../core/model/units.ts';
import type { FloorRow } from './floor-proof.ts';
import type { GroupForm } from './group-form.ts';
import type { Part } from './site-draft.ts';
import type { CircuitForm } from './site-schema.ts';

type Add = (path: readonly PropertyKey[], expected: string) => void;

/** One fault for all phases of a rating that are too small, and one for each power limit. `breaches` may hold rows of others. */
export function addCircuitBreaches({ path, form }: Part<CircuitForm>, breaches: readonly FloorRow[], add: Add): void {
  const phases = breaches.filter((row) => row.kind === 'phase').filter((row) => row.circuit === form.id);
  const worst = worstOf(phases);
  if (worst !== undefined) {
    const needed = ceilAmps(worst.ratingAmps - worst.spareAmps);
    const parts = `${floorsOf(worst)} + worst base load ${amps(worst.worstBaseLoadAmps)} + margin ${amps(worst.marginAmps)}`;
    add(
      [...path, 'ratingAmps'],
      `at least ${needed} for "${form.id}" on ${where(phases)} (${worst.phase}: ${parts}); lower floors or base load, or raise the rating`,
    );
  }
  for (const row of breaches) {
    if (row.kind !== 'power' || row.circuit !== form.id) continue;
    const [field, unit] = row.unit === 'W' ? ['limitKilowatts', 'kW'] : ['limitKilovoltAmperes', 'kVA'];
    const parts = `floors ${kilo(row.floorsWatts, unit)} + worst base load ${kilo(row.worstBaseLoadWatts, unit)}`;
    const needed = ceilKilo(row.limitWatts - row.spareWatts, unit);
    add([...path, field], `at least ${needed} for "${form.id}" (${parts} at the highest voltage)`);
  }
}

/** One fault for all phases of a group's amperes, and one for its kilowatts. `breaches` may hold rows of others. */
export function addGroupBreaches({ path, form }: Part<GroupForm>, breaches: readonly FloorRow[], add: Add): void {
  const phases = breaches.filter((row) => row.kind === 'group-phase').filter((row) => row.group === form.id);
  const worst = worstOf(phases);
  if (worst !== undefined) {
    add(
      [...path, 'limitAmps'],
      `at least ${ceilAmps(worst.floorsAmps)} for "${form.id}" on ${where(phases)} (${worst.phase}: ${floorsOf(worst)}); lower floors, or raise the limit`,
    );
  }
  for (const row of breaches) {
    if (row.kind !== 'group-power' || row.group !== form.id) continue;
    const surplus = form.netOfSurplus ? ', with no surplus' : '';
    add(
      [...path, 'limitKilowatts'],
      `at least ${ceilKilo(row.floorsWatts, 'kW')} for "${form.id}" (floors of ${row.evseCount} EVSEs at the highest voltage${surplus}); lower floors, or raise the limit`,
    );
  }
}

function worstOf<R extends { readonly spareAmps: number }>(rows: readonly R[]): R | undefined {
  return rows.reduce<R | undefined>((a, b) => (a === undefined || b.spareAmps < a.spareAmps ? b : a), undefined);
}

function where(rows: readonly { readonly phase: Phase }[]): string {
  return PHASES.filter((phase) => rows.some((row) => row.phase === phase)).join(', ');
}

const floorsOf = (row: { readonly evseCount: number; readonly floorsAmps: number }) =>
  `floors of ${row.evseCount} EVSEs ${amps(row.floorsAmps)}`;
const amps = (value: number) => `${Number(value.toFixed(2))} A`;
const ceilAmps = (value: number) => amps(Math.ceil(value * 10 - 1e-6) / 10);
const kilo = (watts: number, unit: string) => `${Number((watts / 1_000).toFixed(2))} ${unit}`;
const ceilKilo = (watts: number, unit: string) => kilo(Math.ceil(watts / 10 - 1e-6) * 10, unit);
