// What a meter of any profile holds in its registers while a connection carries given currents: the profile read backwards.

import { type MeterPoint, type MeterPointName, type MeterProfile, REGISTERS_OF } from '../core/model/meter-profile.ts';
import { PHASES, type PhaseAmps } from '../core/model/units.ts';

/** SunSpec: "SunS", then a common model, then the model that is read, then the end of the chain. */
const SUNSPEC_START = 40_000;
const COMMON_MODEL = { id: 1, length: 66 };
const END_OF_CHAIN = 0xffff;
/** Loads are a little reactive. */
const POWER_FACTOR = 0.99;
const SIGNED_MOST: { readonly [type: string]: number } = { i16: 32_000, i32: 2e9, u16: 65_000, u32: 4e9, acc32: 4e9 };

export type Connection = {
  /** Import positive. */
  readonly amps: PhaseAmps;
  /** Phase to neutral, on each phase. */
  readonly volts: PhaseAmps;
  readonly hertz: number;
  readonly importWh: number;
};

/**
 * Words by wire address. `ratio` is the site's factor for this meter (transformer ratio, negative when reversed): the registers hold what is
 * left before it is multiplied.
 */
export function registersOf(profile: MeterProfile, ratio: number, connection: Connection): ReadonlyMap<number, number> {
  const words = new Map<number, number>();
  const base = profile.base ? SUNSPEC_START + 2 + 2 + COMMON_MODEL.length : 0;
  if (profile.base) writeChain(words, base, profile);
  const values = valuesOf(profile, ratio, connection);
  const exponents = exponentsOf(profile, values);
  for (const [name, point] of Object.entries(profile.points) as [MeterPointName, MeterPoint][]) {
    const value = values[name] ?? 0;
    const exponent = point.scaleFactorAt === undefined ? 0 : exponents.get(point.scaleFactorAt)!;
    writePoint(words, base + point.address, point, profile.wordOrder, value / (point.factor ?? 1) / 10 ** exponent);
    if (point.scaleFactorAt !== undefined) words.set(base + point.scaleFactorAt, exponent & 0xffff);
  }
  return words;
}

type Values = { [N in MeterPointName]?: number };

/** V, A, W, Hz and kWh as the meter shows them. */
function valuesOf(profile: MeterProfile, ratio: number, { amps, volts, hertz, importWh }: Connection): Values {
  const values: Values = { f: hertz };
  let total = 0;
  PHASES.forEach((phase, at) => {
    const index = (at + 1) as 1 | 2 | 3;
    const seen = amps[phase] / ratio;
    const watts = seen * volts[phase] * POWER_FACTOR;
    total += watts;
    values[`v_l${index}`] = volts[phase];
    values[`i_l${index}`] = profile.currentSign === 'signed' ? seen : Math.abs(seen);
    values[`p_l${index}`] = watts;
  });
  values.p_total = total;
  values[ratio < 0 ? 'e_exp' : 'e_imp'] = importWh / Math.abs(ratio) / 1_000;
  return values;
}

/** One exponent for all points that share a scale register: the finest with which the largest of them fits. */
function exponentsOf(profile: MeterProfile, values: Values): ReadonlyMap<number, number> {
  const exponents = new Map<number, number>();
  for (const [name, point] of Object.entries(profile.points) as [MeterPointName, MeterPoint][]) {
    const { scaleFactorAt, factor = 1, type } = point;
    if (scaleFactorAt === undefined) continue;
    const raw = Math.abs((values[name] ?? 0) / factor);
    let exponent = -2;
    while (exponent < 4 && raw / 10 ** exponent > (SIGNED_MOST[type] ?? Number.POSITIVE_INFINITY)) exponent += 1;
    exponents.set(scaleFactorAt, Math.max(exponents.get(scaleFactorAt) ?? -2, exponent));
  }
  return exponents;
}

function writeChain(words: Map<number, number>, base: number, profile: MeterProfile): void {
  const length = Math.max(...[...profile.read.fast, ...profile.read.slow].map(([start, count]) => start + count)) - 2;
  const header = [0x5375, 0x6e53, COMMON_MODEL.id, COMMON_MODEL.length];
  header.forEach((word, at) => {
    words.set(SUNSPEC_START + at, word);
  });
  words.set(base, profile.base!.modelIds[0]!).set(base + 1, length);
  words.set(base + 2 + length, END_OF_CHAIN);
}

const view = new DataView(new ArrayBuffer(8));

function writePoint(
  words: Map<number, number>,
  address: number,
  { type }: MeterPoint,
  wordOrder: MeterProfile['wordOrder'],
  raw: number,
): void {
  switch (type) {
    case 'f32':
      view.setFloat32(0, raw);
      break;
    case 'f64':
      view.setFloat64(0, raw);
      break;
    case 'u16':
      view.setUint16(0, Math.round(raw));
      break;
    case 'i16':
      view.setInt16(0, Math.round(raw));
      break;
    case 'u32':
    case 'acc32':
      view.setUint32(0, Math.round(raw));
      break;
    case 'i32':
      view.setInt32(0, Math.round(raw));
      break;
    case 'u64':
      view.setBigUint64(0, BigInt(Math.round(raw)));
      break;
    case 'i64':
      view.setBigInt64(0, BigInt(Math.round(raw)));
      break;
  }
  const count = REGISTERS_OF[type];
  for (let at = 0; at < count; at++) {
    words.set(address + (wordOrder === 'lo' ? count - 1 - at : at), view.getUint16(at * 2));
  }
}
