// A meter as it sits in the installation: rotated, turned on one phase, behind voltage transformers, on one phase alone, in a group.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MeterProfile } from '../../src/core/model/meter-profile.ts';
import type { MeterWiring } from '../../src/core/model/meter-wiring.ts';
import type { ModbusMeter } from '../../src/core/model/site-meters.ts';
import { PHASES, type Phase } from '../../src/core/model/units.ts';
import { decodePoints } from '../../src/modbus/decode.ts';
import { boundsOf, Meter } from '../../src/modbus/meter.ts';
import { readBlock } from '../../src/modbus/profile-read.ts';
import { readOnce } from '../../src/modbus/read-once.ts';
import type { RegisterReader } from '../../src/modbus/register-reader.ts';
import { toSample } from '../../src/modbus/sample.ts';
import { registersOf } from '../../src/simulator/meter-registers.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { profileIds, profileOf, toWords, vectorsOf } from '../support/meter-vectors.ts';
import { meterAt } from '../support/modbus-world.ts';

/** 10 A in, 20 A out, 30 A in, at power factor 1, as the meter's own L1, L2, L3 say it. */
const VALUES = {
  ...{ i_l1: 10, i_l2: 20, i_l3: 30, v_l1: 231, v_l2: 232, v_l3: 233 },
  ...{ p_l1: 2_310, p_l2: -4_640, p_l3: 6_990, p_total: 4_660, f: 50, e_imp: 5, e_exp: 7 },
};

const sampleOf = (
  wiring: MeterWiring,
  values: object = VALUES,
  currentSign: MeterProfile['currentSign'] = 'unsigned',
) => {
  const result = toSample(values, { currentSign }, wiring, 230);
  if (result.kind !== 'sample') throw new Error(result.detail);
  return result.sample;
};
const each = (L1: number, L2: number, L3: number) => ({ L1, L2, L3 });

test('without a word about phases the meter’s own are those of the grid', () => {
  const sample = sampleOf({ factor: 1 });
  expect(sample).toEqual({
    currentAmps: each(10, -20, 30),
    volts: each(231, 232, 233),
    powerWatts: each(2_310, -4_640, 6_990),
    totalPowerWatts: 4_660,
    frequencyHz: 50,
    energyImportWh: 5_000,
    energyExportWh: 7_000,
  });
  expect(sample).not.toHaveProperty('phases');
});

test('rotation: the reading is in phases of the grid', () => {
  const sample = sampleOf({ factor: 2, phases: ['L2', 'L3', 'L1'] });
  expect(sample).toMatchObject({
    currentAmps: each(60, 20, -40),
    volts: each(233, 231, 232),
    powerWatts: each(13_980, 4_620, -9_280),
    totalPowerWatts: 9_320,
  });
});

test('a turned transformer: its phase counts the other way, the total is put right, the energy of the meter is left out', () => {
  const sample = sampleOf({ factor: 1, invertPhases: ['L2'] });
  expect(sample).toMatchObject({
    currentAmps: each(10, 20, 30),
    powerWatts: each(2_310, 4_640, 6_990),
    totalPowerWatts: 13_940,
  });
  expect(sample).not.toHaveProperty('energyImportWh');
  expect(sample).not.toHaveProperty('energyExportWh');
  expect(sampleOf({ factor: 1, invertPhases: ['L3'], phases: ['L3', 'L1', 'L2'] })).toMatchObject({
    currentAmps: each(-20, 30, -10),
    totalPowerWatts: 40,
  });
});

test('a turned phase of a meter that signs its currents', () => {
  const signed = { ...VALUES, i_l2: -20 };
  expect(sampleOf({ factor: 3, invertPhases: ['L2'] }, signed, 'signed').currentAmps).toEqual(each(30, 60, 90));
  expect(sampleOf({ factor: -3, invertPhases: ['L2'] }, signed, 'signed').currentAmps).toEqual(each(-30, -60, -90));
});

test('all phases turned are the same as a negative factor, energy included', () => {
  expect(sampleOf({ factor: 2, invertPhases: PHASES })).toEqual(sampleOf({ factor: -2 }));
  expect(sampleOf({ factor: -2, invertPhases: PHASES })).toEqual(sampleOf({ factor: 2 }));
});

test('a total is left out where the power of a turned phase is not known', () => {
  const { p_l2: _, ...values } = VALUES;
  expect(sampleOf({ factor: 1, invertPhases: ['L2'] }, values)).not.toHaveProperty('totalPowerWatts');
  expect(sampleOf({ factor: 1 }, values)).toMatchObject({ totalPowerWatts: 4_660 });
});

test('voltage transformers: volts times their ratio, powers and energy times both', () => {
  expect(sampleOf({ factor: 40, voltageFactor: 2.5 })).toMatchObject({
    currentAmps: each(400, -800, 1_200),
    volts: each(577.5, 580, 582.5),
    powerWatts: each(231_000, -464_000, 699_000),
    totalPowerWatts: 466_000,
    energyImportWh: 500_000,
    energyExportWh: 700_000,
  });
});

test('fewer phases: only those are needed and known, and it says so', () => {
  const one = { i_l1: 10, v_l1: 231, p_l1: -2_310, f: 50 };
  expect(sampleOf({ factor: 1, phases: ['L3'] }, one)).toEqual({
    currentAmps: each(0, 0, -10),
    phases: ['L3'],
    volts: each(0, 0, 231),
    powerWatts: each(0, 0, -2_310),
    frequencyHz: 50,
  });
  expect(toSample(one, { currentSign: 'signed' }, { factor: 1, phases: ['L3', 'L1'] }, 230)).toEqual({
    kind: 'missing',
    detail: 'the meter has no current on L1',
  });
});

const orders = fc.constantFrom<readonly Phase[]>(
  ...(['L1 L2 L3', 'L1 L3 L2', 'L2 L1 L3', 'L2 L3 L1', 'L3 L1 L2', 'L3 L2 L1'].map((text) =>
    text.split(' '),
  ) as Phase[][]),
);
const amps = fc.integer({ min: -300, max: 300 }).filter((value) => Math.abs(value) > 20);

test.each(['eastron-sdm630', 'cg-em3x0', 'kostal-ksem-native', 'sunspec-201-204', 'janitza-umg801-group-n'])(
  '%s: a simulated meter wired in any way is read as what flows in the grid',
  async (id) => {
    const profile = profileOf(id);
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          phases: orders,
          invertPhases: fc.subarray([...PHASES]),
          factor: fc.constantFrom(1, -1, 5, -40),
          voltageFactor: fc.constantFrom(1, 0.5, 2),
        }),
        fc.record({ L1: amps, L2: amps, L3: amps }),
        fc.integer({ min: 2, max: 464 }),
        async (wiring, flowing, group) => {
          const volts = each(229, 230, 231);
          const place = profile.base?.kind === 'group' ? { ...wiring, group } : wiring;
          const words = registersOf(profile, place, { amps: flowing, volts, hertz: 50, importWh: 1e6 });
          const reader: RegisterReader = {
            read: async (_code, from, count) => Array.from({ length: count }, (_, at) => words.get(from + at) ?? 0),
          };
          const clock = new VirtualClock();
          const bounds = { plausibleAmps: 400, mayExport: true, nominalVolts: 230 } as const;
          const { sample } = await readOnce({ clock }, reader, profile, { ...place, ...bounds });
          const step = 0.01 * Math.abs(wiring.factor);
          for (const phase of PHASES)
            expect(Math.abs(sample!.currentAmps[phase] - flowing[phase])).toBeLessThanOrEqual(step);
        },
      ),
      { numRuns: 60 },
    );
  },
);

describe('a meter of a site', () => {
  /** Polls once a meter whose registers are those of a vector. */
  async function polled(id: string, name: string, parts: Partial<ModbusMeter> = {}) {
    const profile = profileOf(id);
    const vector = vectorsOf(id).find((one) => one.name === name)!;
    const words = toWords(vector.memory!.words);
    const reader: RegisterReader = {
      read: async (_code, from, count) => words.slice(from - vector.memory!.start, from - vector.memory!.start + count),
    };
    const clock = new VirtualClock();
    const meter = new Meter(
      { clock, log: silentLog },
      {
        meter: meterAt(502, { profile: id, mayExport: true, ...parts }),
        profile,
        reader,
        nominalVolts: 230,
        onReading: () => {},
      },
    );
    await meter.poll();
    return meter.state();
  }

  test.each(['sunspec-201-204', 'sunspec-211-214'])('%s: one of a single phase is not taken for three', async (id) => {
    expect(await polled(id, 'single phase')).toMatchObject({
      suspicion: {
        kind: 'unreachable',
        detail: expect.stringMatching(/model 2[01]1 measures 1 of the 3 phases that the site expects/),
      },
    });
    const { reading } = await polled(id, 'single phase', { phases: ['L2'] });
    expect(reading).toMatchObject({ phases: ['L2'], currentAmps: each(0, -10.5, 0), totalPowerWatts: -2_410 });
  });

  test.each(['sunspec-201-204', 'sunspec-211-214'])('%s: split phase has two', async (id) => {
    expect(await polled(id, 'split phase')).toMatchObject({
      suspicion: { detail: expect.stringMatching(/model 2[01]2 measures 2 of the 3 phases that the site expects/) },
    });
    const { reading } = await polled(id, 'split phase', { phases: ['L1', 'L2'] });
    expect(reading).toMatchObject({ phases: ['L1', 'L2'], totalPowerWatts: 7_090 });
    expect(reading!.currentAmps.L2).toBeCloseTo(20.2, 5);
    expect(reading!.currentAmps.L3).toBe(0);
  });
});

test('a reading of a device that lags is as old as what the device had collected', async () => {
  const clock = new VirtualClock();
  const profile = profileOf('victron-gx-grid');
  const reader: RegisterReader = { read: async () => [105, 0, 202, 0, 307] };
  const parts = { meter: meterAt(502), profile, reader, nominalVolts: 230, onReading: () => {} };
  const meter = new Meter({ clock, log: silentLog }, parts);
  await meter.poll();
  expect(profile.lagMs).toBe(1_000);
  const { currentAmps, measuredAt } = meter.state().reading!;
  expect(currentAmps.L2).toBeCloseTo(20.2, 6);
  expect(measuredAt).toBe(clock.now() - 1_000);
  const bounds = { factor: 1, plausibleAmps: 400, nominalVolts: 230 };
  expect((await readOnce({ clock }, reader, profile, bounds)).measuredAt).toBe(clock.now() - 1_000);
});

test('a group of inputs is read where the site says, the first where it says nothing', async () => {
  const asked: number[] = [];
  const reader: RegisterReader = {
    read: async (_code, from, count) => {
      asked.push(from);
      return Array(count).fill(0);
    },
  };
  const clock = new VirtualClock();
  const bounds = { factor: 1, plausibleAmps: 400, nominalVolts: 230 };
  const profile = profileOf('janitza-umg801-group-n');
  await readOnce({ clock }, reader, profile, bounds);
  await readOnce({ clock }, reader, profile, { ...bounds, group: 5 });
  expect(asked).toEqual([19_200, 19_238, 19_250, 19_500, 19_538, 19_550]);
});

test('a total read in another request than any of the phases may miss it for a moment', () => {
  const apart = profileIds.filter(
    (id) => boundsOf({ factor: 1, plausibleAmps: 1 }, profileOf(id), 230).isTotalReadApart,
  );
  expect(apart).toContain('kostal-ksem-native');
  expect(apart).toContain('cg-em24-rs485');
  expect(apart).not.toContain('block-19000');
  expect(apart).not.toContain('acrel-adw300');
});

test('small errors of a meter grow with both of its ratios', () => {
  const bounds = boundsOf({ factor: -40, voltageFactor: 2.5, plausibleAmps: 1 }, profileOf('chint-dtsu666'), 230);
  expect(bounds.factor).toBe(-100);
});

test('a block is asked for with the function code of the profile', async () => {
  const codes: number[] = [];
  const reader: RegisterReader = {
    read: async (code, _from, count) => {
      codes.push(code);
      return Array(count).fill(0);
    },
  };
  for (const id of ['cg-em3x0', 'abb-eq']) await readBlock(reader, profileOf(id), 0, profileOf(id).read.fast[0]!);
  expect(codes).toEqual([4, 3]);
  expect(decodePoints(profileOf('abb-eq'), [])).toEqual({});
});
