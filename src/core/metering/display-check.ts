// Compares what a meter's display shows with what its registers say: the last proof that a register map is the right one.

import { PHASES } from '../model/units.ts';
import type { ChannelReading } from './load-step.ts';

export type DisplayUnit = 'A' | 'V' | 'W';
/** What a person read off the display: one number for each of the meter's phases, as many as the display has. */
export type DisplayValues = {
  readonly unit: DisplayUnit;
  readonly values: readonly number[];
  /** Of the coarsest value typed: half of it may be rounding. */
  readonly digit: number;
};

export type DisplayVerdict = {
  readonly isSame: boolean;
  readonly text: string;
  /** The display shows so many times the registers: it applies the transformers' ratio and the registers do not. */
  readonly displayRatio?: number;
};

/** Display and registers are read a moment apart and rounded. */
export const DISPLAY_TOLERANCE = 0.02;
const DECIMAL_SLIPS = [0.001, 0.01, 0.1, 10, 100, 1_000];

/** `10.5 20.2 30.7`, `10.5 20.2 30.7 A`, `230 231 229 V`, `2.41 4.68 7.05 kW`; nothing when it is none of these. */
export function parseDisplayValues(text: string): DisplayValues | undefined {
  const match = /^((?:-?\d+(?:[.,]\d+)?[\s;/]+){2}-?\d+(?:[.,]\d+)?)\s*(a|v|w|kw)?$/i.exec(text.trim());
  if (!match) return undefined;
  const [, numbers = '', unit = 'a'] = match;
  const words = numbers.split(/[\s;/]+/).map((word) => word.replace(',', '.'));
  const scale = unit.toLowerCase() === 'kw' ? 1_000 : 1;
  return {
    unit: unit.toUpperCase().replace('KW', 'W') as DisplayUnit,
    values: words.map((word) => Number(word) * scale),
    digit: scale * Math.max(...words.map((word) => 10 ** -(word.split('.')[1]?.length ?? 0))),
  };
}

/** `reading` in the meter's own words. The sign of a current is not compared: displays show sizes. `ratio`: the site file's. */
export function compareDisplay(display: DisplayValues, reading: ChannelReading, ratio: number): DisplayVerdict {
  const read = { A: reading.amps, V: reading.volts, W: reading.watts }[display.unit];
  if (read === undefined)
    return { isSame: false, text: `the meter has no ${display.unit} in its registers to compare` };
  const registers = PHASES.map((phase) => Math.abs(read[phase]));
  const typed = display.values.map(Math.abs);
  const fits = (times: number) =>
    typed.every((value, at) => {
      const expected = registers[at]! * times;
      return Math.abs(value - expected) <= Math.max(DISPLAY_TOLERANCE * Math.max(value, expected), display.digit);
    });
  const said = `display ${typed.map(show).join(', ')} ${display.unit}, registers ${registers.map(show).join(', ')} ${display.unit}`;
  if (fits(1)) return { isSame: true, text: `${said}: the same within ${DISPLAY_TOLERANCE * 100} %` };
  if (display.unit !== 'V' && ratio !== 1 && fits(ratio))
    return {
      isSame: true,
      displayRatio: ratio,
      text: `${said}: the same with the ratio of ${ratio}, which the display applies`,
    };
  const slip = DECIMAL_SLIPS.find(fits);
  if (slip !== undefined)
    return {
      isSame: false,
      text: `${said}: they differ by a factor of ${slip}; the profile is for another variant of the meter`,
    };
  return {
    isSame: false,
    text: `${said}: they differ; is it this meter's display, and this profile? Load that changes while one types shows as a difference: try again, or compare volts`,
  };
}

const show = (value: number) => String(Number(value.toPrecision(5)));
