// Loads a meter profile from JSON and checks it whole; it reports every fault with its place and never mends one silently.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { type MeterProfile, NOT_VERIFIED } from '../core/model/meter-profile.ts';
import { MODBUS_MAX_REGISTERS, mapFaults, POINT_NAMES } from './meter-profile-map.ts';

/** One fault of a file, at a place a person can find. */
export type ProfileFault = {
  readonly file: string;
  /** Dotted path inside the file; empty for the file as a whole. */
  readonly path: string;
  readonly value: unknown;
  readonly expected: string;
};

export type MeterProfileResult =
  | { readonly kind: 'profile'; readonly profile: MeterProfile }
  | { readonly kind: 'faults'; readonly faults: readonly ProfileFault[] };

const LAST_ADDRESS = 0xffff;

const address = z.number().int().min(0).max(LAST_ADDRESS);
const text = z.string().trim().min(1);
const registerType = z.enum(['f32', 'f64', 'u16', 'i16', 'u32', 'i32', 'u64', 'i64', 'acc32']);
const block = z.tuple([address, z.number().int().min(1)]).readonly();
const markers = z
  .array(
    z.string().regex(/^(?:nan|[0-9a-f]+(?:\.\.[0-9a-f]+)?)$/, 'hexadecimal digits such as "8000", a range, or "nan"'),
  )
  .readonly();
const word = z.number().int().min(0).max(0xffff);
const functionCode = z.union([z.literal(3), z.literal(4)]);
const phaseCount = z.union([z.literal(1), z.literal(2), z.literal(3)]);

const point = z
  .strictObject({
    address,
    type: registerType,
    factor: z
      .number()
      .refine((value) => value !== 0, 'a factor other than 0')
      .optional(),
    scaleFactorAt: address.optional(),
  })
  .readonly();

const base = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('sunspec'),
      models: z
        .array(z.strictObject({ id: z.number().int().min(1).max(0xfffe), phases: phaseCount }).readonly())
        .min(1)
        .readonly(),
    })
    .readonly(),
  z
    .strictObject({
      kind: z.literal('group'),
      first: z.number().int().min(1).max(1_000),
      address,
      step: z.number().int().min(1).max(LAST_ADDRESS),
    })
    .readonly(),
]);

const ident = z
  .strictObject({
    functionCode,
    address,
    count: z.number().int().min(1).max(MODBUS_MAX_REGISTERS),
    meaning: text,
    values: z
      .array(z.strictObject({ words: z.array(word).min(1).readonly(), model: text.optional() }).readonly())
      .min(1)
      .readonly()
      .optional(),
    isPartial: z.literal(true).optional(),
  })
  .readonly();

const verification = z
  .strictObject({
    by: text,
    on: z.iso.date('a date such as 2026-03-31'),
    firmware: text,
  })
  .readonly();
const verified = z.union([z.literal(NOT_VERIFIED), z.array(verification).min(1).readonly()], {
  error: `"${NOT_VERIFIED}", or a list of {by, on, firmware}`,
});

const shape = {
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'lower-case letters, digits and single hyphens'),
  maker: text,
  models: z.array(text).min(1).readonly(),
  phases: z.union([z.literal(1), z.literal(3)]),
  transports: z
    .array(z.enum(['tcp', 'rtu', 'rtu-over-tcp', 'udp']))
    .min(1)
    .readonly(),
  functionCode,
  wordOrder: z.enum(['hi', 'lo']),
  maxRegisters: z.number().int().min(1).max(MODBUS_MAX_REGISTERS),
  gapMs: z.number().int().min(0).max(1_000),
  defaultUnitId: z.number().int().min(0).max(255).optional(),
  base: base.optional(),
  lagMs: z.number().int().min(1).max(600_000).optional(),
  currentSign: z.enum(['signed', 'unsigned', 'unknown']),
  invalid: z.partialRecord(registerType, markers).readonly().optional(),
  ident: z.array(ident).min(1).readonly().optional(),
  points: z.partialRecord(z.enum(POINT_NAMES as [string, ...string[]]), point).readonly(),
  read: z.strictObject({ fast: z.array(block).min(1).readonly(), slow: z.array(block).readonly() }).readonly(),
  traps: z.array(text).readonly(),
  confidence: z.enum(['A', 'B', 'C']),
  verified,
  sources: z.array(text).min(1, 'at least one source: where the facts come from').readonly(),
};

const schema = z.strictObject(shape).readonly();
/** All keys that a profile may have. */
export const meterProfileKeys: readonly string[] = Object.keys(shape);

/** Checks the text of a profile file. `file` names it in faults. Returns the profile, or every fault found. */
export function parseMeterProfile(json: string, file: string): MeterProfileResult {
  let data: unknown;
  try {
    data = JSON.parse(json);
  } catch (error) {
    return faulty([{ file, path: '', value: json.slice(0, 40), expected: `JSON; ${(error as Error).message}` }]);
  }
  const parsed = schema.safeParse(data);
  if (!parsed.success) return faulty(parsed.error.issues.map((issue) => toFault(issue, data, file)));
  const profile = parsed.data as MeterProfile;
  const faults = mapFaults(profile).map((fault) => ({ file, ...fault }));
  return faults.length > 0 ? faulty(faults) : { kind: 'profile', profile };
}

/** Reads `<dir>/<id>.json`. An id that is not there is a fault that names the known ones. */
export function loadMeterProfile(id: string, dir: string): MeterProfileResult {
  const known = knownMeterProfiles(dir);
  const file = join(dir, `${id}.json`);
  if (!known.includes(id)) {
    const alike = known.filter((name) => name.includes(id));
    const named = (alike.length > 0 ? alike : known).join(', ');
    const expected = known.length > 0 ? `one of: ${named}` : `a profile file in ${dir}, which holds none`;
    return faulty([{ file, path: '', value: id, expected }]);
  }
  return readMeterProfile(id, dir);
}

/** As `loadMeterProfile`, of a file that is there. */
export function readMeterProfile(id: string, dir: string): MeterProfileResult {
  const file = join(dir, `${id}.json`);
  const result = parseMeterProfile(readFileSync(file, 'utf8'), file);
  if (result.kind === 'profile' && result.profile.id !== id)
    return faulty([{ file, path: 'id', value: result.profile.id, expected: `"${id}", the name of the file` }]);
  return result;
}

/** Ids of the profiles in `dir`, sorted; none when there is no such folder. */
export function knownMeterProfiles(dir: string): readonly string[] {
  try {
    return readdirSync(dir)
      .filter((name) => name.endsWith('.json'))
      .map((name) => name.slice(0, -'.json'.length))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

const faulty = (faults: readonly ProfileFault[]): MeterProfileResult => ({ kind: 'faults', faults });

function toFault(issue: z.core.$ZodIssue, data: unknown, file: string): ProfileFault {
  const unknownKey = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const path = unknownKey === undefined ? issue.path : [...issue.path, unknownKey];
  const value = path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined),
    data,
  );
  const expected = unknownKey === undefined ? issue.message : 'no such key; compare the spelling with docs/meters.md';
  return { file, path: path.map(String).join('.'), value, expected };
}
