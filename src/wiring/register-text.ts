// The registers of a reading as they came, with what the profile says lies there; it decodes nothing by itself.

import { type MeterPoint, type MeterProfile, REGISTERS_OF } from '../core/model/meter-profile.ts';
import type { MeterShot } from '../modbus/read-once.ts';
import { table } from './table.ts';

/** Registers that no point uses stand so many to a row. */
const UNUSED_PER_ROW = 4;

type Place = { readonly from: number; readonly count: number; readonly text: string };

/** A row for each point and for each stretch that no point uses: address in decimal and hexadecimal, the words in both, and what lies there. */
export function registersAsText(shot: MeterShot, profile: MeterProfile): string {
  // A profile with a base counts from where the device has it: the first block shows by how much.
  const base = (shot.registers[0]?.start ?? 0) - (profile.read.fast[0]?.[0] ?? 0);
  const places = placesOf(profile, shot, base);
  const rows = shot.registers.flatMap(({ start, words }) => {
    const ofBlock: string[][] = [];
    for (let at = 0; at < words.length; ) {
      const address = start + at;
      const place = places.find(({ from }) => from === address);
      const next = places.filter(({ from }) => from > address).map(({ from }) => from - address);
      const count = place?.count ?? Math.min(UNUSED_PER_ROW, words.length - at, ...next);
      const some = words.slice(at, at + count);
      const hex = some.map((word) => word.toString(16).padStart(4, '0')).join(' ');
      const addressHex = address.toString(16).padStart(4, '0');
      ofBlock.push([String(address), addressHex, hex, some.join(' '), place?.text ?? '']);
      at += count;
    }
    return ofBlock;
  });
  return table(['register', 'hex', 'words', 'decimal', 'point'], rows, ['right', 'left', 'left', 'left', 'left']);
}

function placesOf(profile: MeterProfile, { values }: MeterShot, base: number): readonly Place[] {
  const scales = new Map<number, string[]>();
  const places = (Object.entries(profile.points) as [string, MeterPoint][]).map(([name, point]): Place => {
    const value = (values as { readonly [name: string]: number | 'unavailable' | undefined })[name];
    const shown =
      typeof value === 'number' ? ` = ${Number(value.toPrecision(7))} ${unitOf(name)}` : value && ` ${value}`;
    if (point.scaleFactorAt !== undefined)
      scales.set(point.scaleFactorAt, [...(scales.get(point.scaleFactorAt) ?? []), name]);
    return { from: base + point.address, count: REGISTERS_OF[point.type], text: `${name} ${point.type}${shown ?? ''}` };
  });
  const factors = [...scales].map(([at, names]) => ({
    from: base + at,
    count: 1,
    text: `scale factor of ${names.join(', ')}`,
  }));
  return [...places, ...factors];
}

const UNITS: readonly (readonly [string, string])[] = [
  ['v_', 'V'],
  ['i_', 'A'],
  ['p_', 'W'],
  ['f', 'Hz'],
  ['e_', 'kWh'],
];
const unitOf = (name: string) => UNITS.find(([prefix]) => name.startsWith(prefix))?.[1] ?? '';
