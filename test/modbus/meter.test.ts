// One meter over time: whatever goes wrong, the last good reading stays and only ages, and the reason is said.
import { describe, expect, test } from 'vitest';
import type { ModbusMeter } from '../../src/core/model/site-meters.ts';
import { AppError } from '../../src/engine/app-error.ts';
import { Meter } from '../../src/modbus/meter.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { profileOf } from '../support/meter-vectors.ts';
import { floatWords, meterAt, sdm630Words } from '../support/modbus-world.ts';

/** A meter on virtual time whose registers and failures the test sets; each read takes `readMs`. */
function metered(parts: Partial<ModbusMeter> = {}) {
  const clock = new VirtualClock();
  const world = {
    words: (): number[] => sdm630Words([10, 11, 12], 230 + (clock.now() % 7) / 10),
    failure: undefined as AppError | undefined,
    readMs: 10,
    asked: [] as number[],
    told: 0,
  };
  const reader = {
    read: async (_functionCode: number, address: number, count: number) => {
      world.asked.push(address);
      await clock.sleep('test.read', world.readMs);
      if (world.failure) throw world.failure;
      return world.words().slice(address, address + count);
    },
  };
  const meter = new Meter(
    { clock, log: silentLog },
    {
      meter: meterAt(502, { pollMs: 1_000, ...parts }),
      profile: profileOf('eastron-sdm630'),
      reader,
      nominalVolts: 230,
      onReading: () => world.told++,
    },
  );
  const stopping = new AbortController();
  const running = meter.run(stopping.signal);
  const stop = async () => {
    stopping.abort();
    await clock.advance(world.readMs * 3);
    await running;
  };
  return { clock, world, meter, stop, startedAt: clock.now() };
}

test('a living meter is read each second; a reading is as old as its first block', async () => {
  const { clock, world, meter, stop, startedAt } = metered();
  await clock.advance(3_500);
  expect(world.told).toBe(4);
  const { reading, suspicion } = meter.state();
  expect(reading).toMatchObject({ currentAmps: { L1: 10, L2: 11, L3: 12 }, measuredAt: startedAt + 3_010 });
  expect(suspicion).toBeUndefined();
  await stop();
});

test('energy and frequency come once in ten seconds and are carried along', async () => {
  const { clock, world, meter, stop } = metered();
  await clock.advance(1_500);
  expect(meter.state().reading).toMatchObject({ frequencyHz: 50, energyImportWh: 1_000_000 });
  await clock.advance(20_000);
  expect(world.asked.filter((address) => address === 70)).toHaveLength(3);
  expect(meter.state().reading).toMatchObject({ frequencyHz: 50 });
  await stop();
});

test('each value knows its age: energy and frequency are as old as the block that brought them, not as the currents', async () => {
  const { clock, meter, stop, startedAt } = metered();
  await clock.advance(5_500);
  // Fast blocks at 0, 1, … s, each poll 10 ms a read; the slow block once, after the first poll.
  expect(meter.state().reading).toMatchObject({
    measuredAt: startedAt + 5_010,
    frequencyMeasuredAt: startedAt + 30,
    energyMeasuredAt: startedAt + 30,
  });
  await clock.advance(10_000);
  expect(meter.state().reading).toMatchObject({
    measuredAt: startedAt + 15_010,
    frequencyMeasuredAt: startedAt + 10_030,
    energyMeasuredAt: startedAt + 10_030,
  });
  await stop();
});

test('a frequency that is no longer told is carried for two minutes and then left out; the currents stay fresh', async () => {
  const { clock, world, meter, stop } = metered();
  await clock.advance(1_500);
  const whole = world.words;
  world.words = () => {
    if (world.asked.at(-1) === 70) throw new AppError('METER_EXCEPTION', 'exception 2', { exception: 2 });
    return whole();
  };
  await clock.advance(100_000);
  expect(meter.state().reading).toMatchObject({ frequencyHz: 50 });
  await clock.advance(30_000);
  expect(meter.state().suspicion).toBeUndefined();
  expect(clock.now() - meter.state().reading!.measuredAt).toBeLessThanOrEqual(1_000);
  expect(meter.state().reading).not.toHaveProperty('frequencyHz');
  expect(meter.state().reading).not.toHaveProperty('energyImportWh');
  await stop();
});

describe('the last good reading only ages', () => {
  const TROUBLE: readonly (readonly [string, string, (world: ReturnType<typeof metered>['world']) => void, RegExp])[] =
    [
      [
        'is silent',
        'unreachable',
        (world) => (world.failure = new AppError('METER_TIMEOUT', 'no answer')),
        /no answer/,
      ],
      [
        'refuses',
        'unreachable',
        (world) => (world.failure = new AppError('METER_EXCEPTION', 'exception 4', { exception: 4 })),
        /exception 4/,
      ],
      ['says 900 A', 'absurd', (world) => (world.words = () => sdm630Words([900, 1, 1])), /L1 900 A/],
      ['says NaN', 'absurd', (world) => (world.words = () => sdm630Words([Number.NaN, 1, 1])), /currentAmps is NaN/],
      ['says 0 V', 'absurd', (world) => (world.words = () => sdm630Words([0, 0, 0], 0)), /L1 0 V/],
    ];

  test.each(TROUBLE)('when the meter %s it is %s', async (_what, kind, begin, detail) => {
    const { clock, world, meter, stop } = metered();
    await clock.advance(3_500);
    const before = meter.state().reading;
    const beganAt = clock.now();
    begin(world);
    await clock.advance(30_000);
    expect(meter.state().reading).toEqual(before);
    expect(meter.state().suspicion).toMatchObject({ kind, detail: expect.stringMatching(detail) });
    expect(meter.state().suspicion!.since - beganAt).toBeLessThan(1_000);
    expect(world.told).toBe(4);
    await stop();
  });

  test('phases that never add up to the total, read apart, are another register map from the third poll on', async () => {
    const { clock, world, meter, stop } = metered();
    await clock.advance(500);
    world.words = () => sdm630Words([10, 10, 10], 230 + (clock.now() % 7) / 10).toSpliced(52, 2, ...floatWords(-6_900));
    await clock.advance(2_000);
    expect(meter.state().suspicion).toBeUndefined();
    await clock.advance(10_000);
    expect(meter.state().suspicion).toMatchObject({
      kind: 'absurd',
      detail: expect.stringContaining('the total says -6900 W'),
    });
    expect(world.told).toBe(3);
    await stop();
  });

  test('a frozen meter is dated back to its last change, and lives again with the next', async () => {
    const { clock, world, meter, stop } = metered();
    await clock.advance(3_500);
    const living = world.words;
    const stuckSince = clock.now() + 510;
    world.words = () => sdm630Words([5, 5, 5]);
    await clock.advance(10_000);
    expect(meter.state()).toMatchObject({ reading: { currentAmps: { L1: 5 } } });
    expect(meter.state().suspicion).toBeUndefined();
    await clock.advance(10_000);
    expect(meter.state()).toMatchObject({ reading: { measuredAt: stuckSince }, suspicion: { kind: 'frozen' } });
    world.words = living;
    await clock.advance(1_000);
    expect(meter.state()).toMatchObject({ reading: { currentAmps: { L1: 10 } } });
    expect(meter.state().suspicion).toBeUndefined();
    await stop();
  });

  test('a meter that never answered has no reading, not zero amperes', async () => {
    const { clock, world, meter, stop } = metered();
    world.failure = new AppError('METER_CONNECT', 'nobody there');
    await clock.advance(60_000);
    expect(meter.state().reading).toBeUndefined();
    expect(meter.state().suspicion).toMatchObject({ kind: 'unreachable', detail: 'nobody there' });
    await stop();
  });

  test('one trouble after another: each is named from when it began', async () => {
    const { clock, world, meter, stop } = metered();
    await clock.advance(2_500);
    world.failure = new AppError('METER_TIMEOUT', 'no answer');
    await clock.advance(5_000);
    const unreachable = meter.state().suspicion!;
    world.failure = undefined;
    world.words = () => sdm630Words([900, 1, 1]);
    await clock.advance(5_000);
    const absurd = meter.state().suspicion!;
    expect([unreachable.kind, absurd.kind]).toEqual(['unreachable', 'absurd']);
    // The silence shows at the first block of a poll, the absurdity after the second.
    expect(absurd.since - unreachable.since).toBe(5_000);
    await stop();
  });
});

test('a slow block that fails costs energy only: the currents go on', async () => {
  const { clock, world, meter, stop } = metered();
  world.words = () => sdm630Words([10, 11, 12], 230 + (clock.now() % 7) / 10).slice(0, 54);
  await clock.advance(30_000);
  expect(meter.state().suspicion).toBeUndefined();
  expect(meter.state().reading).toMatchObject({ currentAmps: { L2: 11 } });
  expect(meter.state().reading).not.toHaveProperty('energyImportWh');
  await stop();
});

test('polls that take longer than the pace are not made up for', async () => {
  const { clock, world, stop } = metered();
  world.readMs = 900;
  await clock.advance(20_000);
  // Two fast blocks of 900 ms each, a third read every ten seconds.
  expect(world.told).toBeGreaterThanOrEqual(9);
  expect(world.told).toBeLessThanOrEqual(11);
  await stop();
});

test('a turned transformer of 40 to 1 is turned and scaled', async () => {
  const { clock, meter, stop } = metered({ factor: -40, plausibleAmps: 600, mayExport: true });
  await clock.advance(500);
  expect(meter.state().reading?.currentAmps).toEqual({ L1: -400, L2: -440, L3: -480 });
  expect(meter.state().reading?.totalPowerWatts).toBeLessThan(0);
  await stop();
});
