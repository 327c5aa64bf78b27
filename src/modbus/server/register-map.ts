// Where in the register map of a site everything stands. Addresses are zero-based, as on the wire, and the same in holding and input registers.

import type { Circuit, EvGroup, Evse, Site } from '../../core/model/site.ts';
import { SUNSPEC_START, sunspecLength } from './sunspec-block.ts';

/** Where each block begins, how many registers one record of it takes, and how many records there are at most. */
export const BLOCKS = {
  controller: { start: 0, stride: 40, most: 1 },
  'external cap': { start: 100, stride: 20, most: 1 },
  circuits: { start: 1_000, stride: 50, most: 200 },
  EVSEs: { start: 12_000, stride: 12, most: 2_000 },
  groups: { start: 36_000, stride: 16, most: 200 },
} as const;

export type BlockName = keyof typeof BLOCKS | 'SunSpec';

/** A run of registers without a gap. `offset`: its first register, counted in the image. */
export type Segment = {
  readonly name: BlockName;
  readonly start: number;
  readonly length: number;
  readonly offset: number;
};

export type RegisterMap = {
  readonly segments: readonly Segment[];
  /** Of all segments together. */
  readonly registers: number;
  /** What the map has places for: the first ones of a larger site. */
  readonly circuits: readonly Circuit[];
  readonly evses: readonly Evse[];
  readonly groups: readonly EvGroup[];
};

/** The map of a site that has a modbusServer; the same site always has the same map. */
export function registerMap(site: Site): RegisterMap {
  const order = site.modbusServer?.circuits ?? site.circuits.map(({ id }) => id);
  const byId = new Map(site.circuits.map((circuit) => [circuit.id, circuit]));
  const circuits = order.flatMap((id) => byId.get(id) ?? []).slice(0, BLOCKS.circuits.most);
  const evses = site.evses.slice(0, BLOCKS.EVSEs.most);
  const groups = site.groups.slice(0, BLOCKS.groups.most);
  const lengths: readonly (readonly [BlockName, number, number])[] = [
    ['controller', BLOCKS.controller.start, BLOCKS.controller.stride],
    ['external cap', BLOCKS['external cap'].start, BLOCKS['external cap'].stride],
    ['circuits', BLOCKS.circuits.start, circuits.length * BLOCKS.circuits.stride],
    ['EVSEs', BLOCKS.EVSEs.start, evses.length * BLOCKS.EVSEs.stride],
    ['groups', BLOCKS.groups.start, groups.length * BLOCKS.groups.stride],
    ['SunSpec', SUNSPEC_START, sunspecLength(site)],
  ];
  const segments: Segment[] = [];
  let offset = 0;
  for (const [name, start, length] of lengths) {
    if (length === 0) continue;
    segments.push({ name, start, length, offset });
    offset += length;
  }
  return { segments, registers: offset, circuits, evses, groups };
}

/** The segment that holds the whole range; undefined when a register of it is not in the map. `count` MUST be 1 or more. */
export function segmentOf(map: RegisterMap, address: number, count: number): Segment | undefined {
  return map.segments.find(({ start, length }) => address >= start && address + count <= start + length);
}

/** The segment of that name; undefined where this site has none. */
export function segmentNamed(map: RegisterMap, name: BlockName): Segment | undefined {
  return map.segments.find((segment) => segment.name === name);
}
