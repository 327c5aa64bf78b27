// Pass 1, shape: every part of a site file is checked by itself, so that one bad circuit hides no fault elsewhere.

import type * as z from 'zod';
import { type AnyMeterForm, meterFormFor } from './any-meter-form.ts';
import { type Fault, valueAt } from './fault.ts';
import { type GroupForm, groupForm } from './group-form.ts';
import { type InputForm, inputForm } from './input-form.ts';
import { type BusForm, busForm } from './meter-form.ts';
import { type ModbusServerForm, modbusServerForm } from './modbus-server-form.ts';
import { type OutputForm, outputForm } from './output-form.ts';
import { faultsOf } from './shape.ts';
import {
  type CircuitForm,
  circuitForm,
  type EvseForm,
  evseForm,
  type SiteForm,
  type StationForm,
  siteForm,
  stationForm,
} from './site-schema.ts';

/** A part whose shape is good, and where it stands in the file. */
export type Part<T> = { readonly path: readonly PropertyKey[]; readonly form: T };
export type EvsePart = Part<EvseForm> & { readonly station: Part<StationForm>; readonly position: number };

export type SiteSettings = {
  readonly nominalVolts: number;
  readonly policy: NonNullable<SiteForm['policy']>;
  readonly listen: NonNullable<SiteForm['listen']>;
};

/** What of the file has a good shape; the later passes run on this much. */
export type SiteDraft = {
  readonly file: string;
  readonly raw: unknown;
  /** Absent when the top level itself has a fault. */
  readonly site?: SiteForm;
  /** Fields of the top level that stand for themselves: a bad time zone hides no fault in them. Absent where bad themselves. */
  readonly settings: Partial<SiteSettings>;
  readonly circuits: readonly Part<CircuitForm>[];
  readonly buses: readonly Part<BusForm>[];
  readonly meters: readonly Part<AnyMeterForm>[];
  readonly inputs: readonly Part<InputForm>[];
  readonly outputs: readonly Part<OutputForm>[];
  readonly stations: readonly Part<StationForm>[];
  readonly evses: readonly EvsePart[];
  readonly groups: readonly Part<GroupForm>[];
  /** Absent where the file has none, or one with a fault. */
  readonly modbusServer?: Part<ModbusServerForm>;
  /** Ids that stand in the file, those of badly shaped parts included: naming one of them is no second fault. */
  readonly ids: {
    readonly buses: ReadonlySet<string>;
    readonly circuits: ReadonlySet<string>;
    readonly groups: ReadonlySet<string>;
    readonly meters: ReadonlySet<string>;
    readonly stations: ReadonlySet<string>;
  };
};

/** Checks the shape of each part; never stops at the first fault. */
export function draftSite(
  raw: unknown,
  file: string,
): { readonly draft: SiteDraft; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const check = <T>(schema: z.ZodType<T>, value: unknown, prefix: readonly PropertyKey[]): Part<T> | undefined => {
    const result = schema.safeParse(value);
    if (result.success) return { path: prefix, form: result.data };
    const told = faultsOf(result.error, { file, root: raw, prefix });
    // Fields that nobody knows hide no fault of the others: the rest is checked as if they did not stand there.
    const again = schema.safeParse(withoutUnknown(value, result.error));
    if (!again.success) {
      const paths = new Set(told.map((fault) => fault.path));
      const more = faultsOf(again.error, { file, root: raw, prefix }).filter((fault) => !paths.has(fault.path));
      faults.push(...told, ...more);
      return undefined;
    }
    faults.push(...told);
    return { path: prefix, form: again.data };
  };
  const site = check(siteForm, raw, []);
  const parts = <T>(schema: z.ZodType<T>, field: string): Part<T>[] =>
    membersOf(raw, [field]).flatMap((value, index) => check(schema, value, [field, index]) ?? []);
  const meters = membersOf(raw, ['meters']).flatMap(
    (value, index) => check(meterFormFor(value), value, ['meters', index]) ?? [],
  );
  const circuits = parts(circuitForm, 'circuits');
  const stations = parts(stationForm, 'stations');
  const evses = stations.flatMap((station) =>
    station.form.evses.flatMap((value, position): EvsePart[] => {
      const part = check(evseForm, value, [...station.path, 'evses', position]);
      return part === undefined ? [] : [{ ...part, station, position }];
    }),
  );
  const device = valueAt(raw, ['modbusServer']);
  const modbusServer = device === undefined ? undefined : check(modbusServerForm, device, ['modbusServer']);
  const draft: SiteDraft = {
    file,
    raw,
    ...(site === undefined ? {} : { site: site.form }),
    settings: readSettings(raw),
    circuits,
    buses: parts(busForm, 'buses'),
    meters,
    inputs: parts(inputForm, 'inputs'),
    outputs: parts(outputForm, 'outputs'),
    stations,
    evses,
    groups: parts(groupForm, 'groups'),
    ...(modbusServer && { modbusServer }),
    ids: {
      buses: idsIn(raw, 'buses'),
      circuits: idsIn(raw, 'circuits'),
      groups: idsIn(raw, 'groups'),
      meters: idsIn(raw, 'meters'),
      stations: idsIn(raw, 'stations'),
    },
  };
  return { draft, faults };
}

/** OCPP's number of an EVSE: as given, else its position in the station's list, from 1. */
export function evseNumber(evse: EvsePart): number {
  return evse.form.number ?? evse.position + 1;
}

function readSettings(raw: unknown): Partial<SiteSettings> {
  const volts = siteForm.shape.nominalVolts.safeParse(valueAt(raw, ['nominalVolts']));
  const policy = siteForm.shape.policy.safeParse(valueAt(raw, ['policy']));
  const listen = siteForm.shape.listen.safeParse(valueAt(raw, ['listen']));
  return {
    ...(volts.success ? { nominalVolts: volts.data } : {}),
    ...(policy.success ? { policy: policy.data ?? {} } : {}),
    ...(listen.success ? { listen: listen.data ?? {} } : {}),
  };
}

/** A copy without the fields that `error` calls unknown. */
function withoutUnknown(value: unknown, error: z.ZodError): unknown {
  const copy = structuredClone(value);
  for (const issue of error.issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    const holder = valueAt(copy, issue.path);
    if (typeof holder !== 'object' || holder === null) continue;
    for (const key of issue.keys) Reflect.deleteProperty(holder, key);
  }
  return copy;
}

function membersOf(raw: unknown, path: readonly PropertyKey[]): readonly unknown[] {
  const list = valueAt(raw, path);
  return Array.isArray(list) ? list : [];
}

function idsIn(raw: unknown, field: string): Set<string> {
  const ids = membersOf(raw, [field]).map((member) => valueAt(member, ['id']));
  return new Set(ids.filter((id) => typeof id === 'string'));
}
