// Says how well the values that a profile reads out of a device look like a meter's on a living grid; it never says that it is that meter.

import type { MeterPointName, MeterProfile } from '../core/model/meter-profile.ts';
import type { PointValues } from './decode.ts';

export type ValueFit = {
  /** More is better; 0 says that nothing speaks for the profile. */
  readonly score: number;
  /** What speaks for it, in words. */
  readonly reasons: readonly string[];
  /** What cannot be; absent when everything can. */
  readonly against?: string;
};

const NUMBERS = [1, 2, 3] as const;
/** Networks of the world, phase to neutral (IEC 60038): 120 V and 230 V, with a fifth either way; 277 V in America. */
const MAINS_VOLTS: readonly (readonly [number, number])[] = [
  [96, 144],
  [184, 333],
];
const MAINS_HERTZ: readonly (readonly [number, number])[] = [
  [49, 51],
  [59, 61],
];
/** A value closer to nothing than this was never measured: its bits mean something else. */
const LEAST_MEASURED = 1e-9;
const MOST_AMPS = 20_000;
const LEAST_POWER_FACTOR = 0.05;
/** Below this a power says little about its scale. */
const LEAST_VOLT_AMPERES = 100;
const SUM_SHARE = 0.03;
const SUM_WATTS = 10;

/** Judges values of one reading. A value of 0 or one that is not there speaks neither for nor against. */
export function fitOfValues({ points }: Pick<MeterProfile, 'points'>, values: PointValues): ValueFit {
  const read = (name: MeterPointName): number | undefined => {
    const value = values[name];
    return points[name] !== undefined && typeof value === 'number' && value !== 0 ? value : undefined;
  };
  const volts = NUMBERS.flatMap((number) => read(`v_l${number}`) ?? []);
  const amps = NUMBERS.flatMap((number) => read(`i_l${number}`) ?? []);
  const hertz = read('f');
  const against =
    nonsense(values) ??
    outside('V', volts, MAINS_VOLTS) ??
    outside('Hz', hertz === undefined ? [] : [hertz], MAINS_HERTZ) ??
    amps.filter((one) => Math.abs(one) > MOST_AMPS).map((one) => `${show(one)} A`)[0] ??
    powersAgainst(read);
  if (against !== undefined) return { score: 0, reasons: [], against };
  const powers = NUMBERS.filter((number) => powerFactor(read, number) !== undefined);
  const isSummed = powers.length > 0 && read('p_total') !== undefined;
  const reasons = [
    volts.length > 0 && `${volts.length} ${volts.length === 1 ? 'voltage' : 'voltages'} of ${range(volts)} V`,
    hertz !== undefined && `${show(hertz)} Hz`,
    amps.length > 0 && `${amps.length} ${amps.length === 1 ? 'current' : 'currents'} of ${range(amps)} A`,
    powers.length > 0 && `power fits V × I on ${powers.length} ${powers.length === 1 ? 'phase' : 'phases'}`,
    isSummed && 'sum of phases = total',
  ].filter((reason) => reason !== false);
  const score =
    2 * volts.length + 2 * (hertz === undefined ? 0 : 1) + amps.length + 2 * powers.length + (isSummed ? 2 : 0);
  return { score, reasons };
}

function nonsense(values: PointValues): string | undefined {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== 'number' || value === 0) continue;
    if (!Number.isFinite(value) || Math.abs(value) < LEAST_MEASURED) return `${name} is ${show(value)}`;
  }
  return undefined;
}

function outside(unit: string, values: readonly number[], bands: readonly (readonly [number, number])[]) {
  const wrong = values.find((value) => !bands.some(([least, most]) => value >= least && value <= most));
  return wrong === undefined ? undefined : `${show(wrong)} ${unit}`;
}

type Read = (name: MeterPointName) => number | undefined;

/** Signless; absent where a value is missing or the phase carries too little to tell. */
function powerFactor(read: Read, number: 1 | 2 | 3): number | undefined {
  const [volts, amps, watts] = [read(`v_l${number}`), read(`i_l${number}`), read(`p_l${number}`)];
  if (volts === undefined || amps === undefined || watts === undefined) return undefined;
  const voltAmperes = Math.abs(volts * amps);
  return voltAmperes < LEAST_VOLT_AMPERES ? undefined : Math.abs(watts) / voltAmperes;
}

function powersAgainst(read: Read): string | undefined {
  for (const number of NUMBERS) {
    const factor = powerFactor(read, number);
    if (factor !== undefined && (factor > 1.1 || factor < LEAST_POWER_FACTOR))
      return `power factor ${show(factor)} on L${number}`;
  }
  const phases = NUMBERS.flatMap((number) => read(`p_l${number}`) ?? []);
  const total = read('p_total');
  if (total === undefined || phases.length === 0) return undefined;
  const sum = phases.reduce((all, watts) => all + watts, 0);
  const bearable = SUM_WATTS + SUM_SHARE * phases.reduce((all, watts) => all + Math.abs(watts), 0);
  return Math.abs(sum - total) > bearable ? `sum of phases ${show(sum)} W, total ${show(total)} W` : undefined;
}

function range(values: readonly number[]): string {
  const [least, most] = [show(Math.min(...values)), show(Math.max(...values))];
  return least === most ? least : `${least} to ${most}`;
}

const show = (value: number) => String(Number(value.toPrecision(4)));
