// Makes a sample of a connection out of a meter's values: ratio applied, currents signed; it judges nothing.

import type { Sample } from '../core/metering/sample.ts';
import type { MeterPointName, MeterProfile } from '../core/model/meter-profile.ts';
import { mapPhases, PHASES, type Phase } from '../core/model/units.ts';
import type { PointValues } from './decode.ts';

export type SampleResult =
  | { readonly kind: 'sample'; readonly sample: Sample }
  /** A current is not there: nothing can be said about the fuse of that phase. */
  | { readonly kind: 'missing'; readonly detail: string };

/** Below this share of V × I the power is mostly reactive and its sign says little. */
const SIGN_SHARE = 0.03;
const WATT_HOURS = 1_000;

/**
 * `factor` multiplies currents, powers and energy; a negative one swaps import and export. Unless the meter signs its currents, a current
 * is export only where the power of its phase clearly is: |P| > 3 % of V × I. In doubt it counts as import, the side that protects.
 */
export function toSample(
  values: PointValues,
  { currentSign }: Pick<MeterProfile, 'currentSign'>,
  factor: number,
  nominalVolts: number,
): SampleResult {
  const read = (name: MeterPointName) => (typeof values[name] === 'number' ? values[name] : undefined);
  const missing = PHASES.filter((phase) => read(point('i', phase)) === undefined);
  if (missing.length > 0) return { kind: 'missing', detail: `the meter has no current on ${missing.join(', ')}` };
  const triple = (prefix: 'v' | 'i' | 'p', multiply: number) => {
    const each = mapPhases((phase) => read(point(prefix, phase)));
    const { L1, L2, L3 } = each;
    if (L1 === undefined || L2 === undefined || L3 === undefined) return undefined;
    return mapPhases((phase) => each[phase]! * multiply);
  };
  const volts = triple('v', 1);
  const powerWatts = triple('p', factor);
  const currentAmps = mapPhases((phase) => {
    const amps = read(point('i', phase))!;
    if (currentSign === 'signed') return amps * factor;
    const size = Math.abs(amps * factor);
    const watts = powerWatts?.[phase] ?? 0;
    return watts < -SIGN_SHARE * (volts?.[phase] ?? nominalVolts) * size ? -size : size;
  });
  const total = read('p_total');
  const [imported, exported] = factor < 0 ? [read('e_exp'), read('e_imp')] : [read('e_imp'), read('e_exp')];
  const frequencyHz = read('f');
  return {
    kind: 'sample',
    sample: {
      currentAmps,
      ...(volts && { volts }),
      ...(powerWatts && { powerWatts }),
      ...(total !== undefined && { totalPowerWatts: total * factor }),
      ...(frequencyHz !== undefined && { frequencyHz }),
      ...(imported !== undefined && { energyImportWh: imported * Math.abs(factor) * WATT_HOURS }),
      ...(exported !== undefined && { energyExportWh: exported * Math.abs(factor) * WATT_HOURS }),
    },
  };
}

const point = (prefix: 'v' | 'i' | 'p', phase: Phase): MeterPointName =>
  `${prefix}_${phase.toLowerCase() as 'l1' | 'l2' | 'l3'}`;
