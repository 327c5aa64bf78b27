// Makes amperes at the EVSE of sampled values, whatever version they came in; pure. What cannot be believed is left out, never guessed as zero.

import type { Evse } from '../core/model/site.ts';

/** Readings beyond these are errors of scale, not currents. */
const MAX_PLAUSIBLE_AMPS = 2_000;
/** Meters show a little less than nothing while idle. */
const NOISE_AMPS = 1;
const PLAUSIBLE_VOLTS = { min: 90, max: 300 };
/** How well currents and power must agree before an unreported phase counts as idle. */
const POWER_AGREEMENT = 0.15;
const POWER_AGREEMENT_WATTS = 100;

export type EvseSample = {
  /** The newest stamp of the message, as written. */
  readonly timestamp?: string;
  /** Amperes on the EVSE's own phases, as many as are wired; absent when the message does not tell. */
  readonly drawnAmps?: readonly number[];
  readonly offeredAmps?: number;
  /** The meter's register. */
  readonly energyWh?: number;
};

/** One value in its base unit: A, V, W, Wh. */
export type Sampled = { readonly value: number; readonly measurand: string; readonly phase?: string };
/** One meter value of a message. */
export type SampledSet = { readonly timestamp?: string; readonly values: readonly Sampled[] };

/** What the meter values of one message say of the EVSE; of several the last one with a current rules. */
export function evseSampleFrom(sets: readonly SampledSet[], evse: Evse, nominalVolts: number): EvseSample {
  let sample: EvseSample = {};
  for (const { timestamp, values } of sets) {
    sample = {
      ...sample,
      ...(timestamp === undefined ? {} : { timestamp }),
      ...present('drawnAmps', drawnAmps(values, evse, nominalVolts)),
      ...present('offeredAmps', offeredAmps(values, evse, nominalVolts)),
      ...present('energyWh', find(values, 'Energy.Active.Import.Register')?.value),
    };
  }
  return sample;
}

const present = <K extends string, V>(key: K, value: V | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };

/** The value that names no phase. */
export const find = (values: readonly Sampled[], measurand: string) =>
  values.find((one) => one.measurand === measurand && one.phase === undefined);

/** The value on the EVSE's own phase 0, 1 or 2: `L1` and `L1-N` are the same place. */
export const onPhase = (values: readonly Sampled[], measurand: string, index: number) =>
  values.find((one) => one.measurand === measurand && one.phase?.replace(/-N$/, '') === `L${index + 1}`)?.value;

function drawnAmps(values: readonly Sampled[], evse: Evse, nominalVolts: number): readonly number[] | undefined {
  const wired = evse.phases.map((_, index) => index);
  const volts = wired.map((index) => voltsOn(values, index, nominalVolts));
  // What a DC outlet measures are amperes of the battery, not of the grid.
  const amps =
    (evse.supply === 'ac' ? fromCurrents(values, wired, volts) : undefined) ?? fromPowers(values, wired, volts);
  const plausible = amps?.map(withoutNoise);
  return plausible?.some((value) => value === undefined) ? undefined : (plausible as readonly number[] | undefined);
}

function withoutNoise(amps: number): number | undefined {
  if (!(amps >= -NOISE_AMPS && amps <= MAX_PLAUSIBLE_AMPS)) return undefined;
  return Math.max(0, Math.round(amps * 1_000) / 1_000);
}

function fromCurrents(
  values: readonly Sampled[],
  wired: readonly number[],
  volts: readonly number[],
): readonly number[] | undefined {
  const perPhase = wired.map((index) => onPhase(values, 'Current.Import', index));
  const told = perPhase.filter((amps) => amps !== undefined);
  if (told.length === wired.length) return told;
  if (told.length === 0) {
    const total = find(values, 'Current.Import')?.value;
    return total === undefined ? undefined : wired.map(() => total);
  }
  // Some stations leave idle phases out, others report only one of three: the power tells which.
  const watts = totalWatts(values, wired);
  const fromAmps = perPhase.reduce<number>((sum, amps, i) => sum + (amps ?? 0) * volts[i]!, 0);
  const agrees =
    watts !== undefined && Math.abs(watts - fromAmps) <= Math.max(POWER_AGREEMENT_WATTS, POWER_AGREEMENT * watts);
  return agrees ? perPhase.map((amps) => amps ?? 0) : undefined;
}

function fromPowers(
  values: readonly Sampled[],
  wired: readonly number[],
  volts: readonly number[],
): readonly number[] | undefined {
  const perPhase = wired.map((index) => onPhase(values, 'Power.Active.Import', index));
  if (perPhase.every((watts) => watts !== undefined)) return perPhase.map((watts, i) => watts / volts[i]!);
  const watts = find(values, 'Power.Active.Import')?.value;
  const sumOfVolts = volts.reduce((sum, one) => sum + one, 0);
  return watts === undefined ? undefined : wired.map(() => watts / sumOfVolts);
}

function totalWatts(values: readonly Sampled[], wired: readonly number[]): number | undefined {
  const total = find(values, 'Power.Active.Import')?.value;
  if (total !== undefined) return total;
  const perPhase = wired.map((index) => onPhase(values, 'Power.Active.Import', index));
  return perPhase.every((watts) => watts !== undefined) ? perPhase.reduce((sum, watts) => sum + watts, 0) : undefined;
}

function voltsOn(values: readonly Sampled[], index: number, nominalVolts: number): number {
  const volts = onPhase(values, 'Voltage', index) ?? find(values, 'Voltage')?.value;
  return volts !== undefined && volts >= PLAUSIBLE_VOLTS.min && volts <= PLAUSIBLE_VOLTS.max ? volts : nominalVolts;
}

function offeredAmps(values: readonly Sampled[], evse: Evse, nominalVolts: number): number | undefined {
  const amps = values.find((one) => one.measurand === 'Current.Offered')?.value;
  const watts = find(values, 'Power.Offered')?.value;
  const offered = amps ?? (watts === undefined ? undefined : watts / (nominalVolts * evse.phases.length));
  return offered === undefined ? undefined : withoutNoise(offered);
}
