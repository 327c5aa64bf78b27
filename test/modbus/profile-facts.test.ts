// Every profile against the list of register maps that it restates, field by field: one wrong digit in one of its points is found.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { MeterProfile } from '../../src/core/model/meter-profile.ts';
import { profileIds, profileOf } from '../support/meter-vectors.ts';

const PYTHON = '/usr/bin/python3';
const LIST = resolve(import.meta.dirname, '../../../shared/data/meters.yaml');

type Listed = {
  readonly id: string;
  readonly maker: string;
  readonly models: readonly string[];
  readonly phases?: number;
  readonly via: readonly string[];
  readonly fc: number;
  readonly words: string;
  readonly max: number;
  readonly gap_ms: number;
  readonly unit?: string;
  readonly base?: string;
  readonly ident?: string;
  readonly invalid?: string;
  readonly i_sign: string;
  readonly points: {
    readonly [name: string]: { readonly a: number; readonly t: string; readonly s?: number | string };
  };
  readonly read: MeterProfile['read'];
  readonly conf: string;
  readonly sources: readonly string[];
};

/** The list, or why it cannot be had here. */
function readList(): readonly Listed[] | string {
  if (!existsSync(LIST)) return `there is no ${LIST}`;
  if (!existsSync(PYTHON)) return `there is no ${PYTHON} to read ${LIST}`;
  const script = 'import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1]))["profiles"], sys.stdout)';
  try {
    return JSON.parse(
      execFileSync(PYTHON, ['-c', script, LIST], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
    );
  } catch (error) {
    if (/ModuleNotFoundError/.test(String(error))) return `${PYTHON} has no yaml`;
    throw error;
  }
}

const list = readList();
if (typeof list === 'string') console.warn(`skipped: ${list}`);
const listed = typeof list === 'string' ? [] : list;

/** What the list says in words, and what has been made of it. A text that changes there must be read again by a person. */
const ABB = { u16: ['ffff'], u32: ['ffffffff'], u64: ['ffffffffffffffff'], i32: ['7fffffff'] };
const INVALID: { readonly [text: string]: MeterProfile['invalid'] } = {
  'high word 0x7FFF = overflow (EEEE)': { i32: ['7fff0000..7fffffff'] },
  '0x7FFFFFFF = overflow': { i32: ['7fffffff'] },
  'all ones (unsigned) or 0x7F FF.. (signed) = not available; export is invalid on import-only (steel) models': ABB,
  '0xFFFF.. unsigned, 0x7FFF.. signed': ABB,
  'float NaN 0xFFC00000; int64 0x8000000000000000': { f32: ['nan'], i64: ['8000000000000000'] },
  '0xFFC00000 float NaN; int64 0x8000000000000000': { f32: ['nan'], i64: ['8000000000000000'] },
  '0xFFC00000 float NaN': { f32: ['nan'] },
  'i16 0x8000, u16 0xFFFF, acc32 0, sf 0x8000 = not implemented': { i16: ['8000'], u16: ['ffff'], acc32: ['00000000'] },
  'float NaN 0x7FC00000': { f32: ['nan'] },
  '0x80000000 signed NaN': { i32: ['80000000'] },
  'u32 0xFFFFFFFF': { u32: ['ffffffff'] },
};
const sunspec = (first: number) => ({
  kind: 'sunspec',
  models: [1, 2, 3, 3].map((phases, at) => ({ id: first + at, phases })),
});
const BASE: { readonly [id: string]: { readonly text: RegExp; readonly base: object } } = {
  'janitza-umg801-group-n': {
    text: /^19200 \+ \(n - 2\) \* 100; /,
    base: { kind: 'group', first: 2, address: 19_200, step: 100 },
  },
  'sunspec-201-204': { text: /^model header \(ID, L\) found by walking from "SunS"/, base: sunspec(201) },
  'sunspec-211-214': { text: /^as sunspec-201-204; /, base: sunspec(211) },
};
const UNIT: { readonly [text: string]: number | undefined } = {
  '1': 1,
  '1 on TCP, 126 factory on RTU (19200 8N2)': 1,
  '2 (inverters 3)': 2,
  'VRM instance of the grid meter (system values: 100)': undefined,
};
const oneWord = (from: number, count: number) => Array.from({ length: count }, (_, at) => [from + at]);
const SOCO = [
  { functionCode: 3, address: 0xc350, count: 4, words: [[0x53, 0x4f, 0x43, 0x4f]] },
  { functionCode: 3, address: 0xc38a, count: 8 },
];
const IDENT: { readonly [text: string]: readonly object[] } = {
  'serial u32 at holding 0xFC00': [{ functionCode: 3, address: 0xfc00, count: 2 }],
  'u16 at 0x0B = 1648..1653': [{ functionCode: 4, address: 0x0b, count: 1, words: oneWord(1_648, 6) }],
  'u16 at 0x0B: 0x06D0..0x06D3 EM530, 0x06E0..0x06E3 EM540': [
    { functionCode: 4, address: 0x0b, count: 1, words: [...oneWord(0x6d0, 4), ...oneWord(0x6e0, 4)], isPartial: true },
  ],
  'u32 at 0x8960: 0x42323320 "B23 ", 0x42323420 "B24 "': [
    {
      functionCode: 3,
      address: 0x8960,
      count: 2,
      words: [
        [0x4232, 0x3320],
        [0x4232, 0x3420],
      ],
      isPartial: true,
    },
  ],
  '4 words at 0xC350 = "SOCO"; name string 8 words at 0xC38A': SOCO,
  'as socomec-countis': SOCO,
  'u16 at 0x1000 = 0xA1B1 (VM-3P5A: 0xA1B2, currents i32 at 0x3058+2n, 0.01 A)': [
    { functionCode: 3, address: 0x1000, count: 1, words: [[0xa1b1]] },
  ],
};

function pointOf({ a: address, t: type, s = 1 }: Listed['points'][string]) {
  if (typeof s === 'number') return { address, type, ...(s !== 1 && { factor: s }) };
  const [, at, thousandth] = /^sf:(\d+)(\/1000)?$/.exec(s)!;
  return { address, type, ...(thousandth && { factor: 0.001 }), scaleFactorAt: Number(at) };
}

const meaningOf = <T>(table: { readonly [text: string]: T }, text: string | undefined): T | undefined => {
  if (text === undefined) return undefined;
  if (!(text in table)) throw new Error(`nobody has said what is made of ${JSON.stringify(text)}`);
  return table[text];
};

describe.skipIf(listed.length === 0)('profiles restate the list of register maps', () => {
  test('each profile of the list is there, and no other', () => {
    expect(profileIds).toEqual(listed.map(({ id }) => id).sort());
    expect(profileIds).toHaveLength(39);
  });

  test('every point is the one of the list: 492 of them', () => {
    let points = 0;
    for (const { id, points: expected } of listed) {
      const entries = Object.entries(expected);
      points += entries.length;
      expect({ id, points: profileOf(id).points }).toEqual({
        id,
        points: Object.fromEntries(entries.map(([name, point]) => [name, pointOf(point)])),
      });
    }
    expect(points).toBe(492);
  });

  test.each(listed.map((one) => [one.id, one] as const))('%s: how it is read, and what is known of it', (id, one) => {
    const profile = profileOf(id);
    const { maker, models, via, fc, words, max, gap_ms, i_sign, read, conf } = one;
    expect(profile).toMatchObject({ id, maker, models, transports: via, functionCode: fc, wordOrder: words });
    expect(profile).toMatchObject({ maxRegisters: max, gapMs: gap_ms, currentSign: i_sign, confidence: conf });
    expect(profile.phases).toBe(one.phases ?? 3);
    expect(profile.read).toEqual(read);
    expect(profile.invalid).toEqual(meaningOf(INVALID, one.invalid));
    expect(profile.defaultUnitId).toBe(meaningOf(UNIT, one.unit));
    expect(
      profile.ident?.map(({ meaning: _, values, ...rest }) => ({
        ...rest,
        ...(values && { words: values.map(({ words: each }) => each) }),
      })),
    ).toEqual(meaningOf(IDENT, one.ident));
    expect(profile.base).toEqual(BASE[id]?.base);
    expect(one.base ?? '').toMatch(BASE[id]?.text ?? /^$/);
    expect(profile.sources.map((source) => source.replace(/@[0-9a-f]{7}/, ''))).toEqual(one.sources);
  });
});
