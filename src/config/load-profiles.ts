// Reads the profile directories whole: charging templates, charger models and meter profiles; it never hands out a profile with a fault.

import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type ChargerModel, parseChargerProfile } from './charger-profile.ts';
import { type ChargingTemplate, parseChargingTemplate } from './charging-template.ts';
import type { Fault } from './fault.ts';
import { parseJsonText } from './json-text.ts';
import { knownMeterProfiles, type MeterProfileResult, readMeterProfile } from './meter-profile.ts';

/** Files read from one directory at most; more than this is not a profile directory. */
export const MAX_PROFILE_FILES = 1_000;

export type LoadedChargers =
  | { readonly ok: true; readonly models: ReadonlyMap<string, ChargerModel> }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** Every charger model of `<profilesDir>/chargers`, by id, with the templates of `<profilesDir>/charging`; or all faults in both. */
export function loadChargerProfiles(profilesDir: string): LoadedChargers {
  const faults: Fault[] = [];
  const templates = new Map<string, ChargingTemplate>();
  for (const { file, raw } of readFiles(join(profilesDir, 'charging'), faults)) {
    const parsed = parseChargingTemplate(raw, file);
    if (!parsed.ok) faults.push(...parsed.faults);
    else if (isNamedAfterId(parsed.template.id, file, faults)) templates.set(parsed.template.id, parsed.template);
  }
  const models = new Map<string, ChargerModel>();
  for (const { file, raw } of readFiles(join(profilesDir, 'chargers'), faults)) {
    const parsed = parseChargerProfile(raw, file, templates);
    if (!parsed.ok) faults.push(...parsed.faults);
    else if (isNamedAfterId(parsed.model.profile.id, file, faults)) models.set(parsed.model.profile.id, parsed.model);
  }
  return faults.length === 0 ? { ok: true, models } : { ok: false, faults };
}

/** Meter profiles by id, each with what there is of it: a profile that nobody uses may have faults without harm. */
export type MeterProfiles = ReadonlyMap<string, MeterProfileResult>;

/**
 * Every meter profile of `<profilesDir>/meters`, sorted by id. Empty when there is no such directory. What stands there beyond
 * `MAX_PROFILE_FILES` is not read, and says so to whoever uses it.
 */
export function loadMeterProfiles(profilesDir: string): MeterProfiles {
  const dir = join(profilesDir, 'meters');
  const ids = knownMeterProfiles(dir);
  const expected = `a directory with at most ${MAX_PROFILE_FILES} profiles`;
  const unread: MeterProfileResult = { kind: 'faults', faults: [{ file: dir, path: '', value: ids.length, expected }] };
  return new Map(ids.map((id, at) => [id, at < MAX_PROFILE_FILES ? readMeterProfile(id, dir) : unread]));
}

function readFiles(dir: string, faults: Fault[]): { readonly file: string; readonly raw: unknown }[] {
  const names = jsonNames(dir);
  if (names === undefined || names.length > MAX_PROFILE_FILES) {
    const expected = `a directory with at most ${MAX_PROFILE_FILES} profiles`;
    faults.push({ file: dir, path: '', value: names?.length, expected });
    return [];
  }
  return names.flatMap((name) => {
    const file = join(dir, name);
    const text = parseJsonText(readFileSync(file, 'utf8'));
    if (text.ok) return [{ file, raw: text.value }];
    const path = `line ${text.line}, column ${text.column}`;
    faults.push({ file, path, value: text.found, expected: text.expected });
    return [];
  });
}

function jsonNames(dir: string): string[] | undefined {
  try {
    return readdirSync(dir)
      .filter((name) => name.endsWith('.json'))
      .sort();
  } catch {
    // Absent or unreadable: the caller says so as a fault of its own, with the directory's name.
    return undefined;
  }
}

function isNamedAfterId(id: string, file: string, faults: Fault[]): boolean {
  const expected = basename(file, '.json');
  if (id === expected) return true;
  faults.push({ file, path: 'id', value: id, expected: `"${expected}", the name of its file` });
  return false;
}
