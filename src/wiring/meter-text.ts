// A meter's reading as a table for people, a line for a log, and JSON for programs; it rounds for the eye only, and a value that is not there is a dash.

import { PHASES, type Phase } from '../core/model/units.ts';
import type { MeterShot } from '../modbus/read-once.ts';
import { figuresOf, fixed, type MeterFigures, totalWattsOf } from './meter-figures.ts';
import { table } from './table.ts';

/** A row a phase and a row of totals, then frequency, energy and age. Several lines, no end of line. */
export function shotAsText(shot: MeterShot, ageMs: number): string {
  const figures = figuresOf(shot);
  const rows = phasesOf(shot).map((phase) => {
    const { volts, amps, watts, powerFactor } = figures.phases[phase];
    return [phase, fixed(volts, 1), fixed(amps, 2), fixed(watts, 0), fixed(powerFactor, 2)];
  });
  const right = ['left', 'right', 'right', 'right', 'right'] as const;
  const total = ['total', '', '', fixed(totalWattsOf(figures), 0), ''];
  const numbers = table(['phase', 'V', 'A', 'W', 'PF'], [...rows, total], right);
  return [numbers, `${restOf(figures)}, age ${ageMs} ms`].join('\n');
}

/** The phases of the grid that the meter measures. */
export const phasesOf = (shot: MeterShot): readonly Phase[] => shot.sample?.phases ?? PHASES;

/** Frequency and energy. */
export function restOf({ hertz, importKilowattHours, exportKilowattHours }: MeterFigures): string {
  return `${fixed(hertz, 2)} Hz, import ${fixed(importKilowattHours, 1)} kWh, export ${fixed(exportKilowattHours, 1)} kWh`;
}

/** One line a reading, for a log or a pipe. */
export function shotAsLine(shot: MeterShot, ageMs: number, readMs: number): string {
  const figures = figuresOf(shot);
  const phases = phasesOf(shot).map((phase) => {
    const { volts, amps, watts } = figures.phases[phase];
    return `${phase} ${fixed(volts, 1)} V ${fixed(amps, 2)} A ${fixed(watts, 0)} W`;
  });
  const total = `total ${fixed(totalWattsOf(figures), 0)} W, ${fixed(figures.hertz, 2)} Hz`;
  return `${phases.join(', ')}, ${total}, age ${ageMs} ms, read in ${readMs} ms`;
}

/** The sample in SI units, or the bare values when a current is missing; NaN and infinity become null, as JSON has neither. */
export function shotAsJson(shot: MeterShot, isRaw: boolean): object {
  return {
    ...(shot.sample ?? { values: shot.values }),
    ...(shot.doubt !== undefined && { doubt: shot.doubt }),
    ...(isRaw && { registers: shot.registers }),
  };
}
