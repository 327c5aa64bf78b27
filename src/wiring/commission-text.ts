// What a commissioning tells a person: findings by what is to be done about them, steps, and what the site file should say.

import type { Finding } from '../core/metering/commissioning.ts';
import type { ChannelReading, Step } from '../core/metering/load-step.ts';
import type { Phase } from '../core/model/units.ts';
import { fixed } from './meter-figures.ts';
import type { PatchStep } from './site-patch.ts';
import { table } from './table.ts';

const TO_DO: { readonly [W in Finding['weight']]: string } = {
  wires: 'MEND     ',
  file: 'SITE FILE',
  repeat: 'AGAIN    ',
  note: 'note     ',
};

export const findingLine = ({ weight, text }: Finding): string => `  ${TO_DO[weight]}  ${text}`;

/** What moved on each of the meter's phases: in its own numbers, and behind transformers with their ratio. */
export function stepLine({ amps, watts, channels }: Step, ratio: number): string {
  if (channels.length === 0) return '  nothing moved';
  const each = (times: number) =>
    channels
      .map((channel) => {
        const power = watts === undefined ? '' : `, ${signed(watts[channel] * times, 0)} W`;
        return `${channel} ${signed(amps[channel] * times, 2)} A${power}`;
      })
      .join('; ');
  const own = `  the meter's ${each(1)}`;
  return ratio === 1 ? own : `${own}; with the ratio of ${ratio}: ${each(ratio)}`;
}

export function readingTable(reading: ChannelReading, phases: readonly Phase[]): string {
  const rows = phases.map((phase) => [
    phase,
    fixed(reading.volts?.[phase], 1),
    fixed(reading.amps[phase], 2),
    fixed(reading.watts?.[phase], 0),
  ]);
  return table(['phase', 'V', 'A', 'W'], rows, ['left', 'right', 'right', 'right']);
}

/** RFC 6902, one step a line. */
export const patchLines = (patch: readonly PatchStep[]): string =>
  `[\n${patch.map((step) => `  ${JSON.stringify(step)}`).join(',\n')}\n]`;

const signed = (value: number, digits: number) => `${value < 0 ? '' : '+'}${value.toFixed(digits)}`;
