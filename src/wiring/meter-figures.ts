// The figures of one reading, phase by phase, for the eye: what is not there stays absent, and nothing is judged.

import type { MeterPointName } from '../core/model/meter-profile.ts';
import { mapPhases, type PerPhase, PHASES, type Phase } from '../core/model/units.ts';
import type { MeterShot } from '../modbus/read-once.ts';

export type PhaseFigures = {
  readonly volts?: number;
  readonly amps?: number;
  readonly watts?: number;
  /** Watts over volt-amperes, signed like the watts; absent at rest. */
  readonly powerFactor?: number;
};

export type MeterFigures = {
  readonly phases: PerPhase<PhaseFigures>;
  readonly totalWatts?: number;
  readonly hertz?: number;
  readonly importKilowattHours?: number;
  readonly exportKilowattHours?: number;
};

/** Below this a power factor is noise over noise. */
const LEAST_VOLT_AMPERES = 10;

/** Of the sample, with the settings of the place applied; where it makes none, the meter's own words. */
export function figuresOf({ sample, values }: MeterShot): MeterFigures {
  const own = (name: MeterPointName) => numberOf(values[name]);
  const lower = (phase: Phase) => phase.toLowerCase() as 'l1' | 'l2' | 'l3';
  const phases = mapPhases((phase): PhaseFigures => {
    const volts = sample ? sample.volts?.[phase] : own(`v_${lower(phase)}`);
    const amps = sample ? sample.currentAmps[phase] : own(`i_${lower(phase)}`);
    const watts = sample ? sample.powerWatts?.[phase] : own(`p_${lower(phase)}`);
    return given({ volts, amps, watts, powerFactor: powerFactor(volts, amps, watts) });
  });
  const thousandth = (wattHours: number | undefined) => (wattHours === undefined ? undefined : wattHours / 1_000);
  return {
    phases,
    ...given({
      totalWatts: sample ? sample.totalPowerWatts : own('p_total'),
      hertz: sample ? sample.frequencyHz : own('f'),
      importKilowattHours: sample ? thousandth(sample.energyImportWh) : own('e_imp'),
      exportKilowattHours: sample ? thousandth(sample.energyExportWh) : own('e_exp'),
    }),
  };
}

/** The sum of what the phases say, where the meter has no total of its own. */
export function totalWattsOf({ phases, totalWatts }: MeterFigures): number | undefined {
  if (totalWatts !== undefined) return totalWatts;
  const each = PHASES.flatMap((phase) => phases[phase].watts ?? []);
  return each.length === 0 ? undefined : each.reduce((sum, watts) => sum + watts, 0);
}

function powerFactor(volts?: number, amps?: number, watts?: number): number | undefined {
  if (volts === undefined || amps === undefined || watts === undefined) return undefined;
  const voltAmperes = Math.abs(volts * amps);
  return voltAmperes < LEAST_VOLT_AMPERES ? undefined : watts / voltAmperes;
}

const numberOf = (value: number | 'unavailable' | undefined) => (typeof value === 'number' ? value : undefined);

type Given<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };
const given = <T extends object>(values: T): Given<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>;

/** A number with so many decimals, or a dash. */
export const fixed = (value: number | undefined, digits: number): string =>
  value === undefined ? '-' : value.toFixed(digits);
