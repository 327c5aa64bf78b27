// What a meter of any profile holds in its registers while a connection carries given currents: the profile read backwards.

import { type MeterPoint, type MeterPointName, type MeterProfile, REGISTERS_OF } from '../core/model/meter-profile.ts';
import { coveredPhases, type MeterWiring } from '../core/model/meter-wiring.ts';
import type { PhaseAmps } from '../core/model/units.ts';

/** SunSpec: "SunS", then a common model, then the model that is read, then the end of the chain. */
const SUNSPEC_START = 40_000;
const COMMON_MODEL = { id: 1, length: 66 };
const END_OF_CHAIN = 0xffff;
/** Loads are a little reactive. */
const POWER_FACTOR = 0.99;
const SIGNED_MOST: { readonly [type: string]: number } = { i16: 32_000, i32: 2e9, u16: 65_000, u32: 4e9, acc32: 4e9 };

type Values = { [N in MeterPointName]?: number };

export type Connection = {
  /** Import positive. */
  readonly amps: PhaseAmps;
  /** Phase to neutral, on each phase. */
  readonly volts: PhaseAmps;
  readonly hertz: number;
  readonly importWh: number;
};

/**
 * Words by wire address. `wiring` is what the site says of this meter (rotation, transformer ratios, negative when reversed): the registers
 * hold what is left before it is applied.
 */
export function registersOf(
  profile: MeterProfile,
  wiring: MeterWiring & { readonly group?: number },
  connection: Connection,
): ReadonlyMap<number, number> {
  const words = new Map<number, number>();
  const base = baseOf(profile, wiring.group);
  if (profile.base?.kind === 'sunspec') writeChain(words, base, profile, profile.base.models);
  const values = valuesOf(profile, wiring, connection);
  const exponents = exponentsOf(profile, values);
  for (const [name, point] of Object.entries(profile.points) as [keyof MeterProfile['points'], MeterPoint][]) {
    const value = heldFor(values, name);
    const exponent = point.scaleFactorAt === undefined ? 0 : exponents.get(point.scaleFactorAt)!;
    writePoint(words, base + point.address, point, profile.wordOrder, value / (point.factor ?? 1) / 10 ** exponent);
    if (point.scaleFactorAt !== undefined) words.set(base + point.scaleFactorAt, exponent & 0xffff);
  }
  return words;
}

function baseOf({ base }: MeterProfile, group?: number): number {
  if (!base) return 0;
  if (base.kind === 'sunspec') return SUNSPEC_START + 2 + 2 + COMMON_MODEL.length;
  return base.address + ((group ?? base.first) - base.first) * base.step;
}

/** V, A, W, Hz and kWh as the meter shows them. */
function valuesOf(profile: MeterProfile, wiring: MeterWiring, { amps, volts, hertz, importWh }: Connection): Values {
  const { factor, voltageFactor = 1, invertPhases = [] } = wiring;
  const values: Values = { f: hertz };
  let total = 0;
  coveredPhases(wiring).forEach((phase, at) => {
    const index = (at + 1) as 1 | 2 | 3;
    const seen = amps[phase] / (invertPhases.includes(phase) ? -factor : factor);
    const watts = (seen * volts[phase] * POWER_FACTOR) / voltageFactor;
    total += watts;
    values[`v_l${index}`] = volts[phase] / voltageFactor;
    values[`i_l${index}`] = profile.currentSign === 'signed' ? seen : Math.abs(seen);
    values[`p_l${index}`] = watts;
  });
  values.p_total = total;
  values[factor < 0 ? 'e_exp' : 'e_imp'] = importWh / Math.abs(factor) / voltageFactor / 1_000;
  return values;
}

/** What one register is to hold; of a power in two halves the one that is not negative. */
function heldFor(values: Values, name: keyof MeterProfile['points']): number {
  const half = /^(p_\w+)_(pos|neg)$/.exec(name);
  if (!half) return values[name as MeterPointName] ?? 0;
  const power = values[half[1] as MeterPointName] ?? 0;
  return Math.max(0, half[2] === 'pos' ? power : -power);
}

/** One exponent for all points that share a scale register: the finest with which the largest of them fits. */
function exponentsOf(profile: MeterProfile, values: Values): ReadonlyMap<number, number> {
  const exponents = new Map<number, number>();
  for (const [name, point] of Object.entries(profile.points) as [keyof MeterProfile['points'], MeterPoint][]) {
    const { scaleFactorAt, factor = 1, type } = point;
    if (scaleFactorAt === undefined) continue;
    const raw = Math.abs(heldFor(values, name) / factor);
    let exponent = -2;
    while (exponent < 4 && raw / 10 ** exponent > (SIGNED_MOST[type] ?? Number.POSITIVE_INFINITY)) exponent += 1;
    exponents.set(scaleFactorAt, Math.max(exponents.get(scaleFactorAt) ?? -2, exponent));
  }
  return exponents;
}

type Models = Extract<NonNullable<MeterProfile['base']>, { readonly kind: 'sunspec' }>['models'];

function writeChain(words: Map<number, number>, base: number, profile: MeterProfile, models: Models): void {
  const length = Math.max(...[...profile.read.fast, ...profile.read.slow].map(([start, count]) => start + count)) - 2;
  const header = [0x5375, 0x6e53, COMMON_MODEL.id, COMMON_MODEL.length];
  header.forEach((word, at) => {
    words.set(SUNSPEC_START + at, word);
  });
  const model = models.find(({ phases }) => phases === profile.phases) ?? models[0]!;
  words.set(base, model.id).set(base + 1, length);
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
