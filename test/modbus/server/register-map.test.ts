// The map as a whole: nothing overlaps, everything in it can be read in any piece, nothing beside it can, and its page in docs is true.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CAP_FIELDS } from '../../../src/modbus/server/cap-record.ts';
import { CIRCUIT_FIELDS } from '../../../src/modbus/server/circuit-record.ts';
import { CONTROLLER_FIELDS } from '../../../src/modbus/server/controller-record.ts';
import { RegisterDevice } from '../../../src/modbus/server/device.ts';
import { EVSE_FIELDS } from '../../../src/modbus/server/evse-record.ts';
import { GROUP_FIELDS } from '../../../src/modbus/server/group-record.ts';
import { BLOCKS, registerMap } from '../../../src/modbus/server/register-map.ts';
import { COMMON_FIELDS, METER_FIELDS } from '../../../src/modbus/server/sunspec-block.ts';
import { type Field, widthOf } from '../../../src/modbus/server/words.ts';
import { goodSite, rawSite, repositoryRoot } from '../../config/support.ts';
import { deviceSite } from '../../support/device-world.ts';
import { modbusMapTables } from '../../support/modbus-map-page.ts';
import { circuit, evse } from '../../support/site-builder.ts';

const site = deviceSite();
const map = registerMap(site);
const device = new RegisterDevice({ map, site, version: '1' });
const isInside = (address: number, count: number) =>
  map.segments.some(({ start, length }) => address >= start && address + count <= start + length);

test.each<[string, readonly Field<never>[], number]>([
  ['controller', CONTROLLER_FIELDS, BLOCKS.controller.stride],
  ['external cap', CAP_FIELDS, BLOCKS['external cap'].stride],
  ['circuit', CIRCUIT_FIELDS, BLOCKS.circuits.stride],
  ['EVSE', EVSE_FIELDS, BLOCKS.EVSEs.stride],
  ['group', GROUP_FIELDS, BLOCKS.groups.stride],
  ['SunSpec common model', COMMON_FIELDS, 68],
  ['SunSpec meter model', METER_FIELDS, 126],
])('the fields of a %s record do not overlap, lie inside it, and have names of their own', (_, fields, stride) => {
  const taken = fields.flatMap((field) => Array.from({ length: widthOf(field) }, (_value, index) => field.at + index));
  expect(new Set(taken).size).toBe(taken.length);
  expect(Math.min(...taken)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...taken)).toBeLessThan(stride);
  expect(new Set(fields.map(({ name }) => name)).size).toBe(fields.length);
});

test('the segments of the largest site do not overlap, and lie below 65536', () => {
  const circuits = Array.from({ length: 250 }, (_, at) => circuit({ id: `c${at}`, ...(at > 0 && { parent: 'c0' }) }));
  const evses = Array.from({ length: 2_500 }, (_, at) => evse({ station: `S${at}`, circuit: 'c0' }));
  const groups = Array.from({ length: 200 }, (_, at) => ({ id: `g${at}`, name: 'g', evses: [], limitWatts: 1 }));
  const order = circuits.map(({ id }) => id);
  const { segments, registers } = registerMap(deviceSite({ circuits: order }, { circuits, evses, groups }));
  const sorted = [...segments].sort((a, b) => a.start - b.start);
  expect(sorted).toEqual(segments);
  sorted.reduce((end, { start, length }) => {
    expect(start).toBeGreaterThanOrEqual(end);
    return start + length;
  }, 0);
  expect(sorted.at(-1)!.start + sorted.at(-1)!.length).toBeLessThanOrEqual(65_536);
  expect(registers).toBe(segments.reduce((sum, { length }) => sum + length, 0));
});

describe('reading', () => {
  test('every register of the map by itself, and no other of 65536', () => {
    const readable = Array.from({ length: 65_536 }, (_, address) => device.read(address, 1, 0) !== undefined);
    const expected = Array.from({ length: 65_536 }, (_, address) => isInside(address, 1));
    expect(readable).toEqual(expected);
    expect(readable.filter(Boolean)).toHaveLength(map.registers);
  });

  test('any range inside answers with the same words as its registers alone; a range that leaves the map has no answer', () => {
    const bytesAt = (address: number) => [...device.read(address, 1, 0)!];
    const near = fc
      .constantFrom(...map.segments)
      .chain(({ start, length }) => fc.integer({ min: Math.max(0, start - 5), max: start + length + 5 }));
    fc.assert(
      fc.property(near, fc.integer({ min: 1, max: 125 }), (address, count) => {
        const bytes = device.read(address, count, 0);
        if (!isInside(address, count)) {
          expect(bytes).toBeUndefined();
          return;
        }
        const words = Array.from({ length: count }, (_, index) => bytesAt(address + index)).flat();
        expect([...bytes!]).toEqual(words);
      }),
    );
  });
});

test('the example of docs/modbus-server.md is in order', () => {
  const page = readFileSync(join(repositoryRoot, 'docs', 'modbus-server.md'), 'utf8');
  const [, example] = /```json\n([\s\S]*?)```/.exec(page)!;
  const { site: documented } = goodSite({ ...rawSite(), ...JSON.parse(`{${example}}`) });
  expect(documented.modbusServer).toMatchObject({
    port: 1_502,
    externalCap: { unit: 'A', failsafe: 20, heartbeatMs: 30_000 },
  });
});

test('docs/modbus-server.md holds the tables that the code makes', () => {
  const page = readFileSync(join(repositoryRoot, 'docs', 'modbus-server.md'), 'utf8');
  const between = page.split('<!-- map:start -->\n')[1]?.split('\n<!-- map:end -->')[0];
  expect(between).toBe(modbusMapTables());
});
