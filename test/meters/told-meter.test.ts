// A meter that tells by itself: how a reading is dated, which stamps are refused, how long it lasts, and what is not believed.
import { describe, expect, test } from 'vitest';
import { freshnessOf } from '../../src/core/metering/freshness.ts';
import { onEachPhase } from '../../src/core/model/units.ts';
import { LOST_AFTER_TIMES, MAX_STAMP_LEAD_MS } from '../../src/meters/told-meter.ts';
import { sample, toldBench } from '../support/told-bench.ts';

const AGES = { holdAfterMs: 2_000, staleAfterMs: 3_000 };

describe('the date of a reading', () => {
  test.each<[string, number | undefined, number]>([
    // milliseconds by which the stamp is behind our clock, age of the reading
    ['without a stamp it is of now', undefined, 0],
    ['with one it is of then', 4_000, 4_000],
    ['a stamp a little ahead is of now', -MAX_STAMP_LEAD_MS, 0],
    ['as old as a reading may be', 15_000, 15_000],
  ])('%s', (_story, behindMs, ageMs) => {
    const { clock, meter, readings } = toldBench();
    const stamp = behindMs === undefined ? undefined : clock.wall() - behindMs;
    expect(meter.take(sample(5), stamp)).toEqual({ ok: true, measuredAt: clock.now() - ageMs, ageMs });
    expect(meter.state().reading).toMatchObject({ currentAmps: onEachPhase(5), measuredAt: clock.now() - ageMs });
    expect(readings()).toBe(1);
  });

  test.each<[string, number, string]>([
    ['too far ahead', -MAX_STAMP_LEAD_MS - 1, 'METER_READING_FUTURE'],
    ['too old', 10_000 * LOST_AFTER_TIMES + 1, 'METER_READING_OLD'],
    ['of no time', Number.NaN, 'METER_READING_OLD'],
  ])('%s it is refused, and the meter suspected', (_story, behindMs, code) => {
    const { clock, meter, readings } = toldBench();
    expect(meter.take(sample(5), clock.wall() - behindMs)).toMatchObject({ ok: false, code });
    expect(meter.state()).toMatchObject({ suspicion: { kind: 'absurd' } });
    expect(meter.state().reading).toBeUndefined();
    expect(readings()).toBe(0);
  });

  test('readings come in order, each once', async () => {
    const { clock, meter } = toldBench();
    const wall = clock.wall();
    expect(meter.take(sample(5), wall - 3_000)).toMatchObject({ ok: true });
    expect(meter.take(sample(9), wall - 3_000)).toMatchObject({ ok: false, code: 'METER_READING_ORDER' });
    expect(meter.take(sample(9), wall - 3_001)).toMatchObject({ ok: false, code: 'METER_READING_ORDER' });
    expect(meter.take(sample(6), wall - 2_999)).toMatchObject({ ok: true });
    expect(meter.take(sample(7))).toMatchObject({ ok: true });
    expect(meter.take(sample(8))).toMatchObject({ ok: true });
    expect(meter.state().reading!.currentAmps.L1).toBe(8);
    expect(meter.state().suspicion).toBeUndefined();
  });

  test('a wall clock that is set back or ahead makes no reading younger', async () => {
    const { clock, meter } = toldBench();
    expect(meter.take(sample(5), clock.wall() + 3_600_000)).toMatchObject({ ok: false });
    expect(meter.take(sample(5), clock.wall() - 3_600_000)).toMatchObject({ ok: false });
    expect(meter.state().reading).toBeUndefined();
  });
});

test('it is fresh up to its own age, then held, then lost with the silence told', async () => {
  const { clock, meter } = toldBench();
  meter.take(sample(5));
  const seen: unknown[] = [];
  for (const stepMs of [10_000, 1, 4_999, 1]) {
    await clock.advance(stepMs);
    const { reading, suspicion } = meter.state();
    seen.push([freshnessOf(reading, clock.now(), AGES), suspicion?.detail]);
  }
  expect(seen).toEqual([
    ['fresh', undefined],
    ['held', undefined],
    ['held', undefined],
    ['lost', 'nothing came for 15 s'],
  ]);
});

describe('what is not believed', () => {
  test.each<[string, Parameters<typeof sample>, object, string]>([
    ['more than is plausible', [101], {}, 'absurd: L1 101 A, expected at most 100 A'],
    ['not a number', [Number.NaN], {}, 'absurd: currentAmps is NaN'],
    [
      'export of a load',
      [-5],
      {},
      'absurd: L1 exports 5 A and nothing there is said to generate: turn the transformers, or set mayExport',
    ],
    ['volts of another world', [5, { volts: onEachPhase(23) }], {}, 'absurd: L1 23 V, expected 115 to 345 V'],
  ])('%s', (_story, given, part, text) => {
    const { meter } = toldBench(part);
    meter.take(sample(4));
    expect(meter.take(sample(...given))).toMatchObject({ ok: false, code: 'METER_READING_ABSURD', text });
    expect(meter.state()).toMatchObject({ reading: { currentAmps: onEachPhase(4) }, suspicion: { kind: 'absurd' } });
  });

  test('export of a generator is', () => {
    const { meter } = toldBench({ mayExport: true });
    expect(meter.take(sample(-5))).toMatchObject({ ok: true });
  });

  test('phases that it does not measure are nothing, whatever it says of them', () => {
    const { meter } = toldBench({ phases: ['L2'] });
    expect(meter.take(sample(Number.NaN, { currentAmps: { L1: 999, L2: 7, L3: Number.NaN } }))).toMatchObject({
      ok: true,
    });
    expect(meter.state().reading!.currentAmps).toEqual({ L1: 0, L2: 7, L3: 0 });
  });

  test.each<[string, Parameters<typeof sample>, number, boolean]>([
    // the same every second for so long, is it frozen?
    ['volts that stand still for a minute', [5, { volts: onEachPhase(230) }], 60, false],
    ['and for longer', [5, { volts: onEachPhase(230) }], 61, true],
    ['currents alone for ten minutes', [5], 600, false],
    ['and for longer', [5], 601, true],
    ['a load that is off all night', [0], 3_000, false],
  ])('%s', async (_story, given, seconds, isFrozen) => {
    const { clock, meter } = toldBench();
    let last: unknown;
    for (let second = 0; second <= seconds; second++) {
      last = meter.take(sample(...given));
      await clock.advance(1_000);
    }
    expect(last).toMatchObject({ ok: !isFrozen });
    expect(meter.state().suspicion?.kind).toBe(isFrozen ? 'frozen' : undefined);
  });
});

test('trouble and its end are logged once each', () => {
  const { meter, logged } = toldBench();
  meter.unreachable('no broker');
  meter.unreachable('no broker');
  meter.take(sample(4));
  expect(logged).toEqual(['meter.suspect', 'meter.recovered']);
});
