// Turns registers into named values by a profile, exactly as the wire had them; it never judges, signs or fills in a value.

import {
  type InvalidMarker,
  type MeterPoint,
  type MeterPointName,
  type MeterProfile,
  type PowerHalfName,
  REGISTERS_OF,
  type RegisterType,
} from '../core/model/meter-profile.ts';

/** The answer to one read. `start` counts like the profile's addresses: from `base` where there is one. */
export type RegisterBlock = { readonly start: number; readonly words: readonly number[] };

/** A number in V, A, W, Hz or kWh (it may be NaN or infinite: the meter's own words), or the meter's "I do not have that". */
export type PointValue = number | 'unavailable';
export type PointValues = { readonly [N in MeterPointName]?: PointValue };

/** SunSpec: a scale factor that is not implemented; then the value cannot be known either. */
const SCALE_UNAVAILABLE = 0x8000;
/** SunSpec: sunssf is between −10 and 10. */
const SCALE_MOST = 10;

/**
 * Every point of the profile that lies whole inside one of the blocks; points outside are absent. A power in two halves is their
 * difference, unavailable when one of them is, absent when one of them is.
 */
export function decodePoints(profile: MeterProfile, blocks: readonly RegisterBlock[]): PointValues {
  const all: { [N in MeterPointName | PowerHalfName]?: PointValue } = {};
  for (const [name, point] of Object.entries(profile.points) as [MeterPointName | PowerHalfName, MeterPoint][]) {
    const block = blocks.find((one) => wordsAt(one, point.address, REGISTERS_OF[point.type]) !== undefined);
    if (block) all[name] = decodePoint(profile, point, block);
  }
  for (const power of ['p_l1', 'p_l2', 'p_l3', 'p_total'] as const) {
    const { [`${power}_pos` as const]: positive, [`${power}_neg` as const]: negative } = all;
    delete all[`${power}_pos`];
    delete all[`${power}_neg`];
    if (positive === undefined || negative === undefined) continue;
    all[power] = positive === 'unavailable' || negative === 'unavailable' ? 'unavailable' : positive - negative;
  }
  return all;
}

/** The raw words of all points inside the blocks, as one text: equal texts mean that the meter said the same again. */
export function fingerprint(profile: MeterProfile, blocks: readonly RegisterBlock[]): string {
  let text = '';
  const add = (address: number, count: number) => {
    for (const block of blocks) for (const word of wordsAt(block, address, count) ?? []) text += `${word},`;
  };
  for (const { address, type, scaleFactorAt } of Object.values(profile.points) as MeterPoint[]) {
    add(address, REGISTERS_OF[type]);
    if (scaleFactorAt !== undefined) add(scaleFactorAt, 1);
  }
  return text;
}

function wordsAt({ start, words }: RegisterBlock, address: number, count: number): readonly number[] | undefined {
  const from = address - start;
  return from >= 0 && from + count <= words.length ? words.slice(from, from + count) : undefined;
}

function decodePoint(profile: MeterProfile, point: MeterPoint, block: RegisterBlock): PointValue {
  const words = wordsAt(block, point.address, REGISTERS_OF[point.type])!;
  const ordered = profile.wordOrder === 'lo' ? words.toReversed() : words;
  const raw = readRaw(point.type, ordered);
  const invalid = profile.invalid?.[point.type] ?? [];
  if (invalid.some((marker) => isMarker(marker, raw, ordered))) return 'unavailable';
  const factor = point.factor ?? 1;
  if (point.scaleFactorAt === undefined) return raw * factor;
  const scale = wordsAt(block, point.scaleFactorAt, 1)?.[0];
  if (scale === undefined || scale === SCALE_UNAVAILABLE) return 'unavailable';
  const exponent = (scale << 16) >> 16;
  if (Math.abs(exponent) > SCALE_MOST) return 'unavailable';
  // Dividing by 100 rounds right where multiplying by 0.01 does not: 1050 × 10^-2 must be 10.5.
  return (exponent < 0 ? raw / 10 ** -exponent : raw * 10 ** exponent) * factor;
}

/** On the bits as text: 64 of them do not fit into a number, and texts of one width stand in the order of their numbers. */
function isMarker(marker: InvalidMarker, raw: number, words: readonly number[]): boolean {
  if (marker === 'nan') return Number.isNaN(raw);
  const bits = words.map((word) => word.toString(16).padStart(4, '0')).join('');
  const [from, to = from] = marker.split('..');
  return from! <= bits && bits <= to!;
}

const view = new DataView(new ArrayBuffer(8));

/** `words`: most significant first. */
function readRaw(type: RegisterType, words: readonly number[]): number {
  words.forEach((word, at) => {
    view.setUint16(at * 2, word);
  });
  switch (type) {
    case 'u16':
      return view.getUint16(0);
    case 'i16':
      return view.getInt16(0);
    case 'u32':
    case 'acc32':
      return view.getUint32(0);
    case 'i32':
      return view.getInt32(0);
    case 'f32':
      return view.getFloat32(0);
    case 'u64':
      return Number(view.getBigUint64(0));
    case 'i64':
      return Number(view.getBigInt64(0));
    case 'f64':
      return view.getFloat64(0);
  }
}
