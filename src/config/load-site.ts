// Loads a site file in three passes, shape, references, physics, and tells all faults at once; it never hands out half a site.

import { readFileSync, statSync } from 'node:fs';
import type { Site } from '../core/model/site.ts';
import type { WallTime } from '../core/model/units.ts';
import { assembleMeters } from './any-meter-form.ts';
import { assembleListen, assemblePolicy, assembleStation, assembleTls } from './assemble-site.ts';
import { busNotes, checkBuses } from './bus-check.ts';
import { type Fault, valueAt } from './fault.ts';
import { assembleInput } from './input-form.ts';
import { parseJsonText } from './json-text.ts';
import { loadChargerProfiles, loadMeterProfiles } from './load-profiles.ts';
import { assembleBus } from './meter-form.ts';
import type { Note } from './note.ts';
import { assembleOutput } from './output-form.ts';
import { packagedProfilesDir } from './package-root.ts';
import { draftSite, type SiteDraft } from './site-draft.ts';
import { assembleModbusServer, checkModbusServer } from './site-modbus-server.ts';
import { noteSite } from './site-notes.ts';
import { checkPhysics, type Physics } from './site-physics.ts';
import { checkReferences, type KnownProfiles } from './site-references.ts';
import { tlsForm } from './site-schema.ts';
import { checkTiming } from './site-timing.ts';
import { checkTlsFiles, noteTlsFiles } from './tls-files.ts';

/** A site of 5,000 stations needs about 2 MB. */
export const MAX_SITE_FILE_BYTES = 8_000_000;

export type LoadedSite =
  | { readonly ok: true; readonly site: Site; readonly notes: readonly Note[] }
  | { readonly ok: false; readonly faults: readonly Fault[] };

export type LoadSiteOptions = {
  /** Holds chargers, charging and meters; left out, it is the package's own. */
  readonly profilesDir?: string;
  /** For notes that depend on the day, such as a certificate that has expired; left out, there are none. */
  readonly wallNow?: WallTime;
};

/**
 * Reads and checks one site file, and the PEM files that it names. The site is frozen all through, its circuits stand after their parents.
 * Never throws: an unreadable file is a fault like others.
 */
export function loadSite(file: string, options: LoadSiteOptions = {}): LoadedSite {
  const read = readSiteText(file);
  return read.ok ? loadSiteText(read.text, file, options) : { ok: false, faults: [read.fault] };
}

/** As `loadSite`, on a text that was read before; `file` names it in faults. */
export function loadSiteText(text: string, file: string, options: LoadSiteOptions = {}): LoadedSite {
  const profilesDir = options.profilesDir ?? packagedProfilesDir();
  const chargers = loadChargerProfiles(profilesDir);
  if (!chargers.ok) return chargers;
  const json = parseJsonText(text);
  if (!json.ok) {
    const path = `line ${json.line}, column ${json.column}`;
    return { ok: false, faults: [{ file, path, value: json.found, expected: json.expected }] };
  }
  const known = { file, models: chargers.models, meterProfiles: loadMeterProfiles(profilesDir) };
  return withTlsFiles(checkSite(json.value, known), { file, raw: json.value }, options.wallNow);
}

/** Adds what there is to say about the PEM files, also where the rest of the site has faults: all are told at once. */
function withTlsFiles(
  checked: LoadedSite,
  place: { readonly file: string; readonly raw: unknown },
  wallNow: WallTime | undefined,
): LoadedSite {
  const form = tlsForm.safeParse(valueAt(place.raw, ['listen', 'stations', 'tls']));
  if (!form.success) return checked;
  const tls = assembleTls(form.data, place.file);
  const faults = checkTlsFiles(tls, place);
  if (!checked.ok) return { ok: false, faults: [...checked.faults, ...faults] };
  if (faults.length > 0) return { ok: false, faults };
  return { ...checked, notes: [...checked.notes, ...noteTlsFiles(tls, wallNow)] };
}

/** The three passes on parsed JSON; pure. */
export function checkSite(raw: unknown, known: KnownProfiles & { readonly file: string }): LoadedSite {
  const { draft, faults: shape } = draftSite(raw, known.file);
  const references = checkReferences(draft, known);
  const physics = checkPhysics(draft, references);
  const faults = [
    ...shape,
    ...references.faults,
    ...physics.faults,
    ...checkTiming(draft, references, known.meterProfiles),
    ...checkBuses(draft, known.meterProfiles),
    ...checkModbusServer(draft, physics.circuits),
  ];
  if (faults.length > 0 || draft.site === undefined) return { ok: false, faults };
  const site = deepFreeze(assemble(draft, physics, known));
  const proved = draft.stations.flatMap(({ form }) =>
    form.floorProvedOn ? [[form.id, form.floorProvedOn] as const] : [],
  );
  return { ok: true, site, notes: [...noteSite(site, new Map(proved)), ...busNotes(site, known.meterProfiles)] };
}

function assemble(
  draft: SiteDraft,
  { circuits, evses, groups }: Physics,
  known: KnownProfiles & { readonly file: string },
): Site {
  const form = draft.site!;
  const { upstream } = form;
  const generates =
    circuits.some((circuit) => circuit.usesGeneration === true) ||
    groups.some((group) => group.netOfSurplus === true) ||
    draft.inputs.some((input) => input.form.limit?.netOfSurplus === true);
  const buses = draft.buses.map((bus) => assembleBus(bus.form));
  const evsesOf = Map.groupBy(evses, (evse) => evse.station);
  return {
    id: form.id,
    name: form.name ?? form.id,
    timezone: form.timezone,
    nominalVolts: form.nominalVolts,
    circuits,
    groups,
    buses,
    meters: assembleMeters(
      draft.meters.map((meter) => meter.form),
      buses,
      circuits,
      generates,
      known.file,
    ),
    inputs: draft.inputs.map((input) => assembleInput(input.form, buses, circuits, groups)),
    outputs: draft.outputs.map((output) => assembleOutput(output.form, buses)),
    stations: draft.stations.map(({ form: station }) =>
      assembleStation(
        station,
        known.models.get(station.model)!,
        evsesOf.get(station.id)!.map((evse) => evse.id),
        upstream !== undefined,
      ),
    ),
    evses,
    ...(upstream === undefined
      ? {}
      : {
          upstream: {
            url: upstream.url,
            ...(upstream.passwordEnv === undefined ? {} : { passwordEnv: upstream.passwordEnv }),
          },
        }),
    policy: assemblePolicy(form.policy ?? {}),
    listen: assembleListen(form.listen ?? {}, known.file),
    ...(draft.modbusServer && {
      modbusServer: assembleModbusServer(
        draft.modbusServer.form,
        circuits,
        draft.circuits.map((circuit) => circuit.form.id),
        form.nominalVolts,
      ),
    }),
  };
}

/** The file's text, within its bound. */
export function readSiteText(
  file: string,
): { readonly ok: true; readonly text: string } | { readonly ok: false; readonly fault: Fault } {
  try {
    const { size } = statSync(file);
    if (size > MAX_SITE_FILE_BYTES) {
      return {
        ok: false,
        fault: { file, path: '', value: `${size} bytes`, expected: `at most ${MAX_SITE_FILE_BYTES} bytes` },
      };
    }
    return { ok: true, text: readFileSync(file, 'utf8') };
  } catch (error) {
    // A missing file is the person's slip, told in the same form as every other one.
    const code = error instanceof Error && 'code' in error ? error.code : String(error);
    return { ok: false, fault: { file, path: '', value: code, expected: 'a site file that can be read' } };
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
