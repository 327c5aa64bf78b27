// Charging-profile templates of profiles/charging: how a floor and a lease look on the wire, named by charger profiles.

import * as z from 'zod';
import type { Fault } from './fault.ts';
import { ampsFrom0, faultsOf, plainId, strict, wholeWithin, words } from './shape.ts';

const stackLevel = wholeWithin(0, 100, 'a whole stack level from 0 to 100');
/** A longer lease leaves a dead controller in force too long; one under 15 s is gone before it can be renewed. */
export const MAX_LEASE_SECONDS = 900;
export const leaseSeconds = wholeWithin(
  15,
  MAX_LEASE_SECONDS,
  `a whole number of seconds from 15 to ${MAX_LEASE_SECONDS}`,
);
const why = words('a sentence that says why, of at most 200 characters');

/** The permanent floor: no duration, the lowest level (OCPP 1.6 §3.13.6: without any profile left a charger is unlimited). */
const floorTemplate = strict(
  {
    id: plainId,
    role: z.literal('floor'),
    purpose: z.literal('TxDefaultProfile', {
      error: 'TxDefaultProfile: the only purpose that holds with no transaction',
    }),
    stackLevel,
    kind: z.enum(['Absolute', 'Relative'], { error: 'Absolute or Relative' }),
    limitAmps: ampsFrom0,
    why,
  },
  'a floor template',
);

/** The leased limit above it: it must end by itself, so `Relative`, which counts from the start of the transaction, is refused. */
const leaseTemplate = strict(
  {
    id: plainId,
    role: z.literal('lease'),
    purpose: z.enum(['TxDefaultProfile', 'TxProfile'], { error: 'TxDefaultProfile or TxProfile' }),
    stackLevel,
    kind: z.literal('Absolute', { error: 'Absolute: a Relative duration counts from the start of the transaction' }),
    durationSeconds: leaseSeconds,
    why,
  },
  'a lease template',
);

export type FloorTemplate = z.output<typeof floorTemplate>;
export type LeaseTemplate = z.output<typeof leaseTemplate>;
export type ChargingTemplate = FloorTemplate | LeaseTemplate;

/** Checks one file of profiles/charging. */
export function parseChargingTemplate(
  raw: unknown,
  file: string,
):
  | { readonly ok: true; readonly template: ChargingTemplate }
  | { readonly ok: false; readonly faults: readonly Fault[] } {
  const role = typeof raw === 'object' && raw !== null && 'role' in raw ? raw.role : undefined;
  if (role !== 'floor' && role !== 'lease') {
    return { ok: false, faults: [{ file, path: 'role', value: role, expected: 'floor or lease' }] };
  }
  const result = role === 'floor' ? floorTemplate.safeParse(raw) : leaseTemplate.safeParse(raw);
  if (result.success) return { ok: true, template: result.data };
  return { ok: false, faults: faultsOf(result.error, { file, root: raw }) };
}
