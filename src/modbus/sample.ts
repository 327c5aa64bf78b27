// Makes a sample of a connection out of a meter's values: in phases of the grid, ratios applied, currents signed; it judges nothing.

import type { Sample } from '../core/metering/sample.ts';
import type { MeterProfile } from '../core/model/meter-profile.ts';
import { coveredPhases, type MeterWiring } from '../core/model/meter-wiring.ts';
import { mapPhases, PHASES, type Phase, type PhaseAmps } from '../core/model/units.ts';
import type { PointValue, PointValues } from './decode.ts';

export type SampleResult =
  | { readonly kind: 'sample'; readonly sample: Sample }
  /** A current is not there: nothing can be said about the fuse of that phase. */
  | { readonly kind: 'missing'; readonly detail: string };

/** Below this share of V × I the power is mostly reactive and its sign says little. */
const SIGN_SHARE = 0.03;
const WATT_HOURS = 1_000;

/**
 * `factor` multiplies currents, powers and energy, `voltageFactor` voltages, powers and energy; a negative factor swaps import and export, on
 * all phases or on those of `invertPhases`. Unless the meter signs its currents, a current is export only where the power of its phase
 * clearly is: |P| > 3 % of V × I. In doubt it counts as import, the side that protects. What the meter adds up itself is put right where
 * single phases are turned (its total power) or left out (its energy).
 */
export function toSample(
  values: PointValues,
  { currentSign }: Pick<MeterProfile, 'currentSign'>,
  wiring: MeterWiring,
  nominalVolts: number,
): SampleResult {
  const { factor, voltageFactor = 1, invertPhases = [] } = wiring;
  const covered = coveredPhases(wiring);
  const read = (prefix: 'v' | 'i' | 'p', phase: Phase) => numberOf(values[`${prefix}_${OWN[covered.indexOf(phase)]!}`]);
  const missing = covered.filter((phase) => read('i', phase) === undefined);
  if (missing.length > 0) return { kind: 'missing', detail: `the meter has no current on ${missing.join(', ')}` };
  const ratioOf = (phase: Phase) => (invertPhases.includes(phase) ? -factor : factor);
  const triple = (prefix: 'v' | 'p', multiply: (phase: Phase) => number): PhaseAmps | undefined =>
    covered.some((phase) => read(prefix, phase) === undefined)
      ? undefined
      : overCovered(covered, (phase) => read(prefix, phase)! * multiply(phase));
  const volts = triple('v', () => voltageFactor);
  const powerWatts = triple('p', (phase) => ratioOf(phase) * voltageFactor);
  const currentAmps = overCovered(covered, (phase) => {
    const amps = read('i', phase)!;
    if (currentSign === 'signed') return amps * ratioOf(phase);
    const size = Math.abs(amps * factor);
    const watts = powerWatts?.[phase] ?? 0;
    return watts < -SIGN_SHARE * (volts?.[phase] ?? nominalVolts) * size ? -size : size;
  });
  const totalPowerWatts = totalOf(values, powerWatts, wiring);
  const frequencyHz = numberOf(values.f);
  return {
    kind: 'sample',
    sample: {
      currentAmps,
      ...(covered.length < PHASES.length && { phases: covered }),
      ...(volts && { volts }),
      ...(powerWatts && { powerWatts }),
      ...(totalPowerWatts !== undefined && { totalPowerWatts }),
      ...(frequencyHz !== undefined && { frequencyHz }),
      ...energyOf(values, wiring),
    },
  };
}

const OWN = ['l1', 'l2', 'l3'] as const;

const numberOf = (value: PointValue | undefined) => (typeof value === 'number' ? value : undefined);

/** 0 where the meter does not look: `phases` of the sample says so. */
const overCovered = (covered: readonly Phase[], compute: (phase: Phase) => number): PhaseAmps =>
  mapPhases((phase) => (covered.includes(phase) ? compute(phase) : 0));

/** The meter's own total, with the powers of turned phases counted the other way; absent when one of those is not known. */
function totalOf(
  values: PointValues,
  powerWatts: PhaseAmps | undefined,
  { factor, voltageFactor = 1, invertPhases = [] }: MeterWiring,
): number | undefined {
  const total = numberOf(values.p_total);
  if (total === undefined) return undefined;
  const seen = total * factor * voltageFactor;
  if (invertPhases.length === 0) return seen;
  return powerWatts && invertPhases.reduce((sum, phase) => sum + 2 * powerWatts[phase], seen);
}

/** The counters of a meter with some of its phases turned add up what was drawn and what was fed in: they say nothing. */
function energyOf(values: PointValues, wiring: MeterWiring): Pick<Sample, 'energyImportWh' | 'energyExportWh'> {
  const { factor, voltageFactor = 1, invertPhases = [] } = wiring;
  if (invertPhases.length > 0 && invertPhases.length < coveredPhases(wiring).length) return {};
  const isTurned = factor < 0 !== invertPhases.length > 0;
  const { e_imp, e_exp } = values;
  const [imported, exported] = (isTurned ? [e_exp, e_imp] : [e_imp, e_exp]).map(numberOf);
  const multiply = Math.abs(factor) * voltageFactor * WATT_HOURS;
  return {
    ...(imported !== undefined && { energyImportWh: imported * multiply }),
    ...(exported !== undefined && { energyExportWh: exported * multiply }),
  };
}
