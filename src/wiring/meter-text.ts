// A meter's reading as a table for people and as JSON for programs; it rounds for the eye only, and a value that is not there is a dash.

import type { MeterPointName } from '../core/model/meter-profile.ts';
import { PHASES, type Phase, type PhaseAmps } from '../core/model/units.ts';
import type { MeterShot } from '../modbus/read-once.ts';
import { table } from './table.ts';

const WORDS_PER_LINE = 8;

/** A row a phase and a row of totals, then frequency, energy and age; `isRaw` adds the registers. Several lines, no end of line. */
export function shotAsText(shot: MeterShot, ageMs: number, isRaw: boolean): string {
  const { sample, values } = shot;
  const pick = (triple: PhaseAmps | undefined, prefix: 'v' | 'i' | 'p', phase: Phase) =>
    sample ? triple?.[phase] : numberOf(values[`${prefix}_${phase.toLowerCase() as 'l1' | 'l2' | 'l3'}`]);
  const rows = (sample?.phases ?? PHASES).map((phase) => [
    phase,
    fixed(pick(sample?.volts, 'v', phase), 1),
    fixed(pick(sample?.currentAmps, 'i', phase), 2),
    fixed(pick(sample?.powerWatts, 'p', phase), 0),
  ]);
  const totalWatts = sample ? sample.totalPowerWatts : numberOf(values.p_total);
  const right = ['left', 'right', 'right', 'right'] as const;
  const numbers = table(['phase', 'V', 'A', 'W'], [...rows, ['total', '', '', fixed(totalWatts, 0)]], right);
  const kilowattHours = (wattHours: number | undefined, name: MeterPointName) =>
    sample ? (wattHours === undefined ? undefined : wattHours / 1_000) : numberOf(values[name]);
  const rest = [
    `${fixed(sample?.frequencyHz ?? numberOf(values.f), 2)} Hz`,
    `import ${fixed(kilowattHours(sample?.energyImportWh, 'e_imp'), 1)} kWh`,
    `export ${fixed(kilowattHours(sample?.energyExportWh, 'e_exp'), 1)} kWh`,
    `age ${ageMs} ms`,
  ].join(', ');
  return [numbers, rest, ...(isRaw ? [registersAsText(shot)] : [])].join('\n');
}

/** The sample in SI units, or the bare values when a current is missing; NaN and infinity become null, as JSON has neither. */
export function shotAsJson(shot: MeterShot, isRaw: boolean): object {
  return {
    ...(shot.sample ?? { values: shot.values }),
    ...(shot.doubt !== undefined && { doubt: shot.doubt }),
    ...(isRaw && { registers: shot.registers }),
  };
}

/** Eight registers a line behind the address of the first, in hexadecimal as manuals have them. */
function registersAsText({ registers }: MeterShot): string {
  const rows = registers.flatMap(({ start, words }) =>
    Array.from({ length: Math.ceil(words.length / WORDS_PER_LINE) }, (_, line) => {
      const from = line * WORDS_PER_LINE;
      const hex = words.slice(from, from + WORDS_PER_LINE).map((word) => word.toString(16).padStart(4, '0'));
      return [String(start + from), hex.join(' ')];
    }),
  );
  return table(['register', 'words'], rows, ['right', 'left']);
}

const numberOf = (value: number | 'unavailable' | undefined) => (typeof value === 'number' ? value : undefined);
const fixed = (value: number | undefined, digits: number) => (value === undefined ? '-' : value.toFixed(digits));
