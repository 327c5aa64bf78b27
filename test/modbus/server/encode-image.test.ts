// What stands in which register after which cycle, number by number; what is not known or not fresh reads as not available.
import { describe, expect, test } from 'vitest';
import type { CycleRecord } from '../../../src/core/model/decision.ts';
import type { Site } from '../../../src/core/model/site.ts';
import { RegisterDevice, staleAfterMs } from '../../../src/modbus/server/device.ts';
import { encodeImage } from '../../../src/modbus/server/encode-image.ts';
import { NOTHING_HEARD } from '../../../src/modbus/server/external-cap.ts';
import { registerMap } from '../../../src/modbus/server/register-map.ts';
import { circuitReport, cycleRecord, share, stationState, T0 } from '../../support/cycle-record.ts';
import { deviceSite } from '../../support/device-world.ts';
import { evse } from '../../support/site-builder.ts';

const VERSION = '1.2.3';

function deviceOf(site: Site, record?: CycleRecord): RegisterDevice {
  const map = registerMap(site);
  const device = new RegisterDevice({ map, site, version: VERSION });
  if (record) {
    const bytes = encodeImage({ map, site, version: VERSION }, record);
    device.show({ bytes, at: record.snapshot.now, ledger: NOTHING_HEARD });
  }
  return device;
}

/** Reads at the moment of the cycle, or later. */
function reader(site: Site, record: CycleRecord, laterMs = 0) {
  const device = deviceOf(site, record);
  const view = (address: number, count: number) => {
    const bytes = device.read(address, count, record.snapshot.now + laterMs)!;
    return new DataView(bytes.buffer, bytes.byteOffset);
  };
  return {
    u16: (address: number) => view(address, 1).getUint16(0),
    u32: (address: number) => view(address, 2).getUint32(0),
    f32: (address: number) => view(address, 2).getFloat32(0),
    bits: (address: number) => view(address, 2).getUint32(0),
    text: (address: number, count: number) =>
      Buffer.from(view(address, count).buffer).toString('latin1').replace(/\0+$/, ''),
  };
}

const site = deviceSite();
const floats = (from: number, values: readonly number[]) => values.map((value, at) => [from + 2 * at, value] as const);

describe('an ordinary cycle', () => {
  const record = cycleRecord(site, { cycle: 70_000, epoch: 9 });
  const read = reader(site, record, 250);

  test('the controller', () => {
    expect(read.text(0, 3)).toBe('Busbar');
    expect([3, 4, 5, 10, 11, 12, 13, 14, 15].map(read.u16)).toEqual([1, 1, 70_000 - 65_535, 2, 3, 1, 0, 0, 3]);
    expect(read.u32(6)).toBe(250);
    expect(read.u32(8)).toBe(9);
    expect(read.text(20, 16)).toBe('test-site');
    expect([16, 19, 36, 39].map(read.u16)).toEqual([0xffff, 0xffff, 0xffff, 0xffff]);
  });

  test('a circuit with a meter', () => {
    expect([1_000, 1_001, 1_038, 1_039].map(read.u16)).toEqual([1, 1, 1, 0xffff]);
    expect(read.u32(1_002)).toBe(300);
    // Limit, margin, base load, headroom, measured; of each phase.
    const rows = [63, 63, 63, 3, 3, 3, 20, 20, 20, 10, 10, 10, 46, 45, 44];
    for (const [address, value] of floats(1_004, rows)) expect(read.f32(address), `register ${address}`).toBe(value);
    for (const [address, value] of floats(1_040, [30, 30, 30])) expect(read.f32(address)).toBe(value);
    expect(read.bits(1_034)).toBe(0x7fc0_0000);
  });

  test('a circuit without one', () => {
    expect(read.u16(1_051)).toBe(0);
    expect(read.u32(1_052)).toBe(0xffff_ffff);
  });

  test('an EVSE', () => {
    expect([12_000, 12_001].map(read.u16)).toEqual([4, 5]);
    for (const [address, value] of floats(12_002, [10, 10, 9.8, 9.7, 9.9]))
      expect(read.f32(address)).toBeCloseTo(value, 5);
  });

  test('a group', () => {
    expect([0, 2, 4].map((at) => read.bits(36_000 + at))).toEqual([0x7fc0_0000, 0x7fc0_0000, 0x7fc0_0000]);
    for (const [address, value] of floats(36_006, [11_000, 20, 20, 20])) expect(read.f32(address)).toBe(value);
    expect([36_014, 36_015].map(read.u16)).toEqual([2, 10]);
  });

  test('the meter of the connection for SunSpec readers', () => {
    expect(read.text(40_000, 2)).toBe('SunS');
    expect([40_002, 40_003, 40_070, 40_071, 40_196, 40_197].map(read.u16)).toEqual([1, 66, 213, 124, 0xffff, 0]);
    expect(read.text(40_004, 16)).toBe('Busbar');
    expect(read.text(40_044, 8)).toBe(VERSION);
    for (const [address, value] of floats(40_072, [135, 46, 45, 44])) expect(read.f32(address)).toBe(value);
    expect(read.bits(40_080)).toBe(0x7fc0_0000);
    expect(read.u32(40_194)).toBe(0);
  });
});

describe('what is known less well', () => {
  test('a meter that is late or lost tells its age and nothing else', () => {
    for (const [ageMs, state] of [
      [2_000, 1],
      [2_001, 2],
      [3_000, 2],
      [3_001, 3],
    ] as const) {
      const currentAmps = { L1: 46, L2: 45, L3: 44 };
      const measuredAt = T0 + 1_000 - ageMs;
      const meters = { main: { reading: { currentAmps, totalPowerWatts: 30_000, measuredAt } } };
      const read = reader(site, cycleRecord(site, { snapshot: { meters } }));
      expect([read.u16(1_001), read.u32(1_002)]).toEqual([state, ageMs]);
      const isFresh = state === 1;
      expect([1_028, 1_034, 40_074].map(read.f32)).toEqual(isFresh ? [46, 30_000, 46] : new Array(3).fill(Number.NaN));
    }
  });

  test('a meter that was never read has no age', () => {
    const read = reader(site, cycleRecord(site, { snapshot: { meters: { main: {} } } }));
    expect([read.u16(1_001), read.u32(1_002)]).toEqual([3, 0xffff_ffff]);
  });

  test('an EVSE that was not measured, has acknowledged nothing, and is away', () => {
    const {
      drawnAmps: _,
      acknowledgedAmps: __,
      ...known
    } = share({ evse: 'A/1', reason: { kind: 'unreachable', reservedAmps: 32 } });
    const stations = { A: stationState(site, 'A', { link: { state: 'disconnected', since: T0, connection: 1 } }) };
    const read = reader(site, cycleRecord(site, { snapshot: { stations }, decision: { shares: [known] } }));
    expect([12_000, 12_001].map(read.u16)).toEqual([9, 12]);
    expect(read.f32(12_002)).toBe(10);
    for (const address of [12_004, 12_006, 12_008, 12_010]) expect(read.bits(address)).toBe(0x7fc0_0000);
    // Its neighbour has no share in this cycle, so nobody knows what the group may draw.
    expect(read.bits(36_008)).toBe(0x7fc0_0000);
  });

  test('a limit of somebody else names its author and the phase that is tightest', () => {
    const circuits = [
      circuitReport('main', (phase) =>
        phase === 'L2' ? { limitAmps: 20, limitSource: { kind: 'utility', id: 'evt' } } : {},
      ),
      circuitReport('sub'),
    ];
    const read = reader(site, cycleRecord(site, { decision: { circuits } }));
    expect([read.f32(1_004), read.f32(1_006), read.u16(1_038)]).toEqual([63, 20, 4]);
  });

  test('an image that is too old reads as not available, all but what never changes', () => {
    const record = cycleRecord(site);
    const mostMs = staleAfterMs(site);
    expect(mostMs).toBe(3_000);
    expect(reader(site, record, mostMs).f32(1_004)).toBe(63);
    const read = reader(site, record, mostMs + 1);
    expect([read.text(0, 3), read.u16(3), read.u16(10), read.u32(6)]).toEqual(['Busbar', 1, 2, mostMs + 1]);
    expect([4, 5, 13, 1_000, 1_001, 12_000, 12_001].map(read.u16)).toEqual(new Array(7).fill(0xffff));
    for (const address of [1_004, 1_028, 12_002, 36_006, 40_074]) expect(read.bits(address)).toBe(0x7fc0_0000);
  });

  test('before the first cycle nothing has an age', () => {
    const bytes = deviceOf(site).read(0, 40, T0)!;
    const view = new DataView(bytes.buffer);
    expect([view.getUint16(3 * 2), view.getUint16(4 * 2), view.getUint32(6 * 2)]).toEqual([1, 0xffff, 0xffff_ffff]);
  });
});

test('circuits stand in the order of the site file, whatever the tree', () => {
  const turned = deviceSite({ circuits: ['sub', 'main'] });
  const read = reader(turned, cycleRecord(turned));
  expect([read.u16(1_001), read.u16(1_051)]).toEqual([0, 1]);
});

test('a site larger than the map shows its first EVSEs and says how many', () => {
  const evses = Array.from({ length: 2_001 }, (_, at) => evse({ station: `S${at}` }));
  const large = deviceSite({}, { evses, groups: [] });
  const device = deviceOf(large, cycleRecord(large));
  expect(reader(large, cycleRecord(large)).u16(11)).toBe(2_000);
  expect(device.read(12_000 + 1_999 * 12, 12, T0)).toBeDefined();
  expect(device.read(12_000 + 2_000 * 12, 1, T0)).toBeUndefined();
});

test('without a meter on the connection there is no meter model, and the chain ends', () => {
  const { meter: _, ...main } = site.circuits[0]!;
  const bare = deviceSite({}, { circuits: [main, site.circuits[1]!] });
  const read = reader(bare, cycleRecord(bare));
  expect([40_070, 40_071].map(read.u16)).toEqual([0xffff, 0]);
});

test('numbers beyond what a register holds are told as the largest, never as "not available"', () => {
  const read = reader(site, cycleRecord(site, { epoch: 2 ** 33 }));
  expect(read.u32(8)).toBe(0xffff_fffe);
});
