// Charger models of profiles/chargers, joined with the charging templates that they name; a vendor is a row here, never a branch.

import * as z from 'zod';
import { type ChargerProfile, QUIRK_FLAGS } from '../core/model/charger.ts';
import {
  type ChargingTemplate,
  type FloorTemplate,
  type LeaseTemplate,
  leaseSeconds,
  MAX_LEASE_SECONDS,
} from './charging-template.ts';
import type { Fault } from './fault.ts';
import { ocppVersionsForm } from './ocpp-versions.ts';
import { above0, faultsOf, nearest, plainId, strict, wholeWithin, words } from './shape.ts';

/** A charger profile, and the floor that its EVSEs have when the site file states none. */
export type ChargerModel = { readonly profile: ChargerProfile; readonly defaultFloorAmps: number };

/** Fewer profiles a day are a slip of the pen: no charging day can be kept alive with them. More than the upper number is no bound. */
const LEAST_WRITES_PER_DAY = 100;
const MAX_WRITES_PER_DAY = 1_000_000;
/** Renewals alone may use this part of the writes of a day; the rest is for changes of the limit. */
const RENEWALS_PART = 0.8;
/** A lease is renewed after a third of its life. */
const RENEWALS_PER_LEASE = 3;
const SECONDS_PER_DAY = 86_400;

const flag = z.enum(QUIRK_FLAGS, { error: `one of the quirk flags ${QUIRK_FLAGS.join(', ')}` });
const why = words('a sentence that says what the charger does, of at most 200 characters');
const source = words('where this was reported');
const stackLevel = wholeWithin(0, 100, 'a whole stack level from 0 to 100');

/** The file's form. `why`, `source` and `notes` are for readers of the file and are kept out of the runtime type. */
const chargerForm = strict(
  {
    id: plainId,
    title: words('the name of the model'),
    ocpp: ocppVersionsForm.optional(),
    unit: z.enum(['A', 'W'], { error: 'A or W' }),
    stepAmps: above0(16, 'a number of amperes above 0 and at most 16'),
    floor: strict({ template: plainId, stackLevel: stackLevel.optional() }, 'the floor, by the name of its template'),
    lease: strict(
      {
        template: plainId,
        purpose: z.enum(['TxDefaultProfile', 'TxProfile'], { error: 'TxDefaultProfile or TxProfile' }).optional(),
        stackLevel: stackLevel.optional(),
        durationSeconds: leaseSeconds.optional(),
      },
      'the lease, by the name of its template',
    ),
    settleMs: wholeWithin(0, 600_000, 'a whole number of milliseconds from 0 to 600000'),
    callTimeoutMs: wholeWithin(1_000, 120_000, 'a whole number of milliseconds from 1000 to 120000'),
    minIntervalMs: wholeWithin(0, 600_000, 'a whole number of milliseconds from 0 to 600000'),
    writesPerDay: wholeWithin(
      LEAST_WRITES_PER_DAY,
      MAX_WRITES_PER_DAY,
      `a whole number of profiles a day from ${LEAST_WRITES_PER_DAY} to ${MAX_WRITES_PER_DAY}`,
    ).optional(),
    holdsFloor: z.boolean({ error: 'true or false' }),
    quirks: z.array(strict({ flag, why, source }, 'a quirk: flag, why, source'), { error: 'a list of quirks' }),
    notes: z
      .array(strict({ about: plainId, why, source }, 'a note: about, why, source'), { error: 'a list of notes' })
      .optional(),
  },
  'a charger profile',
);
type ChargerForm = z.output<typeof chargerForm>;

/** Checks one file of profiles/chargers against the templates it names; every fault of it at once. */
export function parseChargerProfile(
  raw: unknown,
  file: string,
  templates: ReadonlyMap<string, ChargingTemplate>,
): { readonly ok: true; readonly model: ChargerModel } | { readonly ok: false; readonly faults: readonly Fault[] } {
  const shape = chargerForm.safeParse(raw);
  if (!shape.success) return { ok: false, faults: faultsOf(shape.error, { file, root: raw }) };
  const form = shape.data;
  const floor = templates.get(form.floor.template);
  const lease = templates.get(form.lease.template);
  const faults: Fault[] = [];
  if (floor?.role !== 'floor') faults.push(unknownTemplate(form, 'floor', file, templates));
  if (lease?.role !== 'lease') faults.push(unknownTemplate(form, 'lease', file, templates));
  if (floor?.role !== 'floor' || lease?.role !== 'lease') return { ok: false, faults };
  const model = assemble(form, floor, lease);
  faults.push(...contradictions(model, file));
  return faults.length === 0 ? { ok: true, model } : { ok: false, faults };
}

function assemble(form: ChargerForm, floor: FloorTemplate, lease: LeaseTemplate): ChargerModel {
  const profile: ChargerProfile = {
    id: form.id,
    title: form.title,
    ...(form.ocpp === undefined ? {} : { ocpp: form.ocpp }),
    unit: form.unit,
    stepAmps: form.stepAmps,
    floor: { purpose: floor.purpose, stackLevel: form.floor.stackLevel ?? floor.stackLevel },
    lease: {
      purpose: form.lease.purpose ?? lease.purpose,
      stackLevel: form.lease.stackLevel ?? lease.stackLevel,
    },
    settleMs: form.settleMs,
    callTimeoutMs: form.callTimeoutMs,
    minIntervalMs: form.minIntervalMs,
    ...(form.writesPerDay === undefined ? {} : { writesPerDay: form.writesPerDay }),
    leaseMs: (form.lease.durationSeconds ?? lease.durationSeconds) * 1_000,
    holdsFloor: form.holdsFloor,
    quirks: [...new Set(form.quirks.map((quirk) => quirk.flag))],
  };
  return { profile, defaultFloorAmps: floor.limitAmps };
}

/** What each field may say alone but not together. */
function contradictions({ profile, defaultFloorAmps }: ChargerModel, file: string): Fault[] {
  const { floor, lease, quirks } = profile;
  const faults: Fault[] = [];
  const add = (path: string, value: unknown, expected: string) => faults.push({ file, path, value, expected });
  if (lease.purpose === floor.purpose && lease.stackLevel <= floor.stackLevel) {
    add(
      'lease.stackLevel',
      lease.stackLevel,
      `a level above the floor's ${floor.stackLevel}, or the purpose TxProfile`,
    );
  }
  if (quirks.includes('stack-level-zero-only') && (floor.stackLevel > 0 || lease.stackLevel > 0)) {
    add('lease.stackLevel', lease.stackLevel, 'stack level 0 for floor and lease: the model has no other');
  }
  if (quirks.includes('forgets-profiles-on-reconnect') && profile.holdsFloor) {
    add('holdsFloor', true, 'false: a model that forgets its profiles does not hold a floor');
  }
  faults.push(...tooManyRenewals(profile, file));
  if (quirks.includes('zero-amps-breaks-next-limit') && defaultFloorAmps === 0) {
    add('floor.template', 'a floor of 0 A', 'a floor above 0 A: after 0 A the model ignores its next limit');
  }
  return faults;
}

/** A lease so short that keeping it alive wears the flash out by itself; told at the lease, which is the cheaper one to change. */
function tooManyRenewals({ leaseMs, writesPerDay }: ChargerProfile, file: string): Fault[] {
  if (writesPerDay === undefined) return [];
  const seconds = leaseMs / 1_000;
  const renewalSeconds = SECONDS_PER_DAY * RENEWALS_PER_LEASE;
  const renewals = Math.ceil(renewalSeconds / seconds - 1e-9);
  const spendable = writesPerDay * RENEWALS_PART;
  if (renewals <= spendable) return [];
  const leastSeconds = Math.ceil(renewalSeconds / spendable - 1e-9);
  const leastWrites = Math.ceil(renewalSeconds / MAX_LEASE_SECONDS / RENEWALS_PART - 1e-9);
  const remedy =
    leastSeconds <= MAX_LEASE_SECONDS
      ? `at least ${leastSeconds} s`
      : `more than any lease can last (${MAX_LEASE_SECONDS} s): state at least ${leastWrites} writesPerDay, or none`;
  const because = `renewals alone take ${renewals} of ${writesPerDay} writes a day, and a fifth is for changes`;
  return [{ file, path: 'lease.durationSeconds', value: seconds, expected: `${remedy}; ${because}` }];
}

function unknownTemplate(
  form: ChargerForm,
  role: 'floor' | 'lease',
  file: string,
  templates: ReadonlyMap<string, ChargingTemplate>,
): Fault {
  const known = [...templates.values()].filter((template) => template.role === role).map((template) => template.id);
  const near = nearest(form[role].template, known);
  const suggestion = near === undefined ? '' : ` (did you mean ${near}?)`;
  return {
    file,
    path: `${role}.template`,
    value: form[role].template,
    expected: `a ${role} template of profiles/charging${suggestion}: ${known.join(', ')}`,
  };
}
