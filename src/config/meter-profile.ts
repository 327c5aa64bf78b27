// Loads a meter profile from JSON and checks it whole; it reports every fault with its place and never mends one silently.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { type MeterPoint, type MeterProfile, REGISTERS_OF } from '../core/model/meter-profile.ts';

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

/** Modbus application protocol 1.1b3 §6.3 and §6.4: at most 125 registers in one read. */
const MODBUS_MAX_REGISTERS = 125;
const LAST_ADDRESS = 0xffff;

const phased = (prefix: string) => ['l1', 'l2', 'l3'].map((phase) => `${prefix}_${phase}`);
/** Values that say how things are now: each must be read, or the profile promises what the meter room never sees. */
const INSTANTANEOUS: readonly string[] = [...phased('v'), ...phased('i'), ...phased('p'), 'p_total'];
const POINT_NAMES = [...INSTANTANEOUS, 'f', 'e_imp', 'e_exp', ...phased('e_imp_ph'), ...phased('e_exp_ph')];

const address = z.number().int().min(0).max(LAST_ADDRESS);
const text = z.string().trim().min(1);
const registerType = z.enum(['f32', 'f64', 'u16', 'i16', 'u32', 'i32', 'u64', 'i64', 'acc32']);
const block = z.tuple([address, z.number().int().min(1)]).readonly();
const rawBits = z.array(z.union([z.number().min(0), z.literal('nan')])).readonly();

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

const schema = z
  .strictObject({
    id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'lower-case letters, digits and single hyphens'),
    maker: text,
    models: z.array(text).min(1).readonly(),
    phases: z.union([z.literal(1), z.literal(3)]),
    transports: z
      .array(z.enum(['tcp', 'rtu', 'rtu-over-tcp', 'udp']))
      .min(1)
      .readonly(),
    functionCode: z.union([z.literal(3), z.literal(4)]),
    wordOrder: z.enum(['hi', 'lo']),
    maxRegisters: z.number().int().min(1).max(MODBUS_MAX_REGISTERS),
    gapMs: z.number().int().min(0).max(1_000),
    defaultUnitId: z.number().int().min(0).max(255).optional(),
    base: z
      .strictObject({
        kind: z.literal('sunspec'),
        modelIds: z.array(z.number().int().min(1).max(0xfffe)).min(1).readonly(),
      })
      .readonly()
      .optional(),
    currentSign: z.enum(['signed', 'unsigned', 'unknown']),
    invalid: z.partialRecord(registerType, rawBits).readonly().optional(),
    points: z.partialRecord(z.enum(POINT_NAMES as [string, ...string[]]), point).readonly(),
    read: z.strictObject({ fast: z.array(block).min(1).readonly(), slow: z.array(block).readonly() }).readonly(),
    traps: z.array(text).readonly(),
    confidence: z.enum(['A', 'B', 'C']),
    sources: z.array(text).min(1, 'at least one source: where the facts come from').readonly(),
  })
  .readonly();

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
  const faults = [...pointFaults(profile), ...blockFaults(profile)].map((fault) => ({ file, ...fault }));
  return faults.length > 0 ? faulty(faults) : { kind: 'profile', profile };
}

/** Reads `<dir>/<id>.json`. An id that is not there is a fault that names the known ones. */
export function loadMeterProfile(id: string, dir: string): MeterProfileResult {
  const known = knownMeterProfiles(dir);
  const file = join(dir, `${id}.json`);
  if (!known.includes(id)) {
    const expected = known.length > 0 ? `one of: ${known.join(', ')}` : `a profile file in ${dir}, which holds none`;
    return faulty([{ file, path: '', value: id, expected }]);
  }
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

type LocalFault = Omit<ProfileFault, 'file'>;

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

type Span = { readonly path: string; readonly from: number; readonly to: number; readonly type: string };

function spansOf(profile: MeterProfile): readonly Span[] {
  const points = Object.entries(profile.points) as [string, MeterPoint][];
  const values = points.map(([name, { address: from, type }]) => ({
    path: `points.${name}.address`,
    from,
    to: from + REGISTERS_OF[type],
    type,
  }));
  const seen = new Set<number>();
  const scales = points.flatMap(([name, { scaleFactorAt }]) => {
    if (scaleFactorAt === undefined || seen.has(scaleFactorAt)) return [];
    seen.add(scaleFactorAt);
    return [{ path: `points.${name}.scaleFactorAt`, from: scaleFactorAt, to: scaleFactorAt + 1, type: 'i16' }];
  });
  return [...values, ...scales].sort((a, b) => a.from - b.from || a.to - b.to);
}

function pointFaults(profile: MeterProfile): LocalFault[] {
  const faults: LocalFault[] = [];
  let before: Span | undefined;
  for (const span of spansOf(profile)) {
    if (span.to - 1 > LAST_ADDRESS)
      faults.push({
        path: span.path,
        value: span.from,
        expected: `an address that leaves room for ${span.type} below 65536`,
      });
    if (before !== undefined && span.from < before.to)
      faults.push({
        path: span.path,
        value: span.from,
        expected: `no overlap: ${before.path} takes registers ${before.from} to ${before.to - 1}`,
      });
    if (before === undefined || span.to > before.to) before = span;
  }
  return faults;
}

function blockFaults(profile: MeterProfile): LocalFault[] {
  const faults: LocalFault[] = [];
  const blocks = (['fast', 'slow'] as const).flatMap((kind) =>
    profile.read[kind].map(([from, count], at) => ({ path: `read.${kind}.${at}`, from, to: from + count, count })),
  );
  for (const { path, from, to, count } of blocks) {
    if (count > profile.maxRegisters)
      faults.push({ path, value: [from, count], expected: `at most maxRegisters = ${profile.maxRegisters} registers` });
    if (to - 1 > LAST_ADDRESS) faults.push({ path, value: [from, count], expected: 'an end below register 65536' });
    const cut = spansOf(profile).find(
      (span) => (span.from < from && from < span.to) || (span.from < to && to < span.to),
    );
    if (cut)
      faults.push({ path, value: [from, count], expected: `whole values: ${cut.path} at ${cut.from} is ${cut.type}` });
  }
  const holds = (spanFrom: number, spanTo: number) => blocks.find(({ from, to }) => from <= spanFrom && spanTo <= to);
  for (const [name, { address: from, type, scaleFactorAt }] of Object.entries(profile.points) as [
    string,
    MeterPoint,
  ][]) {
    const home = holds(from, from + REGISTERS_OF[type]);
    if (!home && INSTANTANEOUS.includes(name))
      faults.push({
        path: `points.${name}.address`,
        value: from,
        expected: 'a place inside a block of read.fast or read.slow',
      });
    if (home && scaleFactorAt !== undefined && !(home.from <= scaleFactorAt && scaleFactorAt < home.to))
      faults.push({
        path: `points.${name}.scaleFactorAt`,
        value: scaleFactorAt,
        expected: `a place inside ${home.path} (${home.from}+${home.count}): a meter may change it between two reads`,
      });
  }
  return faults;
}
