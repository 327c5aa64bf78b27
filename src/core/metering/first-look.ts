// What a first look at a meter's reading shows to somebody who knows mains: voltages and frequency in their bands; it knows no loads.

import { PHASES } from '../model/units.ts';
import type { Finding } from './commissioning.ts';
import type { Sample } from './sample.ts';

/** EN 50160 §4.2.2: the supply is within a tenth of its nominal voltage. */
const VOLTS_SHARE = 0.1;
const HERTZ: readonly number[] = [50, 60];
/** Interconnected networks stay well within this. */
const HERTZ_OFF = 1;

/** `doubt`: why the controller would not believe the reading. Nothing is found where all is in order. */
export function firstLook(
  sample: Sample | undefined,
  nominalVolts: number,
  doubt: string | undefined,
): readonly Finding[] {
  const findings: Finding[] = [];
  if (doubt !== undefined)
    findings.push({
      code: 'doubted',
      weight: 'wires',
      text: `the controller would not believe this reading: ${doubt}`,
    });
  for (const phase of sample?.phases ?? PHASES) {
    const volts = sample?.volts?.[phase];
    if (volts === undefined || Math.abs(volts - nominalVolts) <= VOLTS_SHARE * nominalVolts) continue;
    const band = `${show(nominalVolts * (1 - VOLTS_SHARE))} to ${show(nominalVolts * (1 + VOLTS_SHARE))} V`;
    findings.push({
      code: 'voltage-band',
      weight: 'wires',
      text: `${phase} has ${show(volts)} V, expected ${band}: ${likely(volts / nominalVolts)}`,
    });
  }
  const hertz = sample?.frequencyHz;
  if (hertz !== undefined && !HERTZ.some((nominal) => Math.abs(hertz - nominal) <= HERTZ_OFF))
    findings.push({
      code: 'frequency-band',
      weight: 'wires',
      text: `${show(hertz)} Hz, expected 50 or 60 Hz: the profile may be for another meter`,
    });
  return findings;
}

function likely(share: number): string {
  if (share < 0.2) return 'the fuse of its voltage tap is open, or the wire is not there';
  if (Math.abs(share - Math.sqrt(3)) < 0.1)
    return 'it measures between two phases: connect the neutral, or set the kind of network in the meter';
  if (Math.abs(share - 1 / Math.sqrt(3)) < 0.06)
    return 'the neutral floats, or the meter is set to another kind of network';
  return 'check the taps, the voltage transformers (voltageFactor) and the profile';
}

const show = (value: number) => String(Number(value.toPrecision(4)));
