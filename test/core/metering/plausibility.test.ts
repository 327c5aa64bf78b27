// What a meter may say and be believed: tables of samples at the edges of what is possible on a connection.
import { describe, expect, test } from 'vitest';
import { type Bounds, judge, NOTHING_SEEN, type PlausibilityState } from '../../../src/core/metering/plausibility.ts';
import type { Sample } from '../../../src/core/metering/sample.ts';
import { mapPhases } from '../../../src/core/model/units.ts';

const BOUNDS: Bounds = {
  nominalVolts: 230,
  plausibleAmps: 100,
  mayExport: true,
  factor: 1,
  frozenAfterMs: 10_000,
  isTotalReadApart: false,
};

function sampleOf(
  amps: readonly [number, number, number],
  parts: { volts?: number; watts?: readonly [number, number, number]; totalWatts?: number; hertz?: number } = {},
): Sample {
  const at = (values: readonly [number, number, number]) => ({ L1: values[0], L2: values[1], L3: values[2] });
  const volts = parts.volts ?? 230;
  const powerWatts = parts.watts ? at(parts.watts) : mapPhases((phase) => at(amps)[phase] * volts);
  const sum = powerWatts.L1 + powerWatts.L2 + powerWatts.L3;
  return {
    currentAmps: at(amps),
    volts: { L1: volts, L2: volts, L3: volts },
    powerWatts,
    totalPowerWatts: parts.totalWatts ?? sum,
    frequencyHz: parts.hertz ?? 50,
  };
}

const verdictOf = (sample: Sample, bounds = BOUNDS, previous = NOTHING_SEEN) =>
  judge(bounds, previous, { sample, fingerprint: 'a', now: 0 }).verdict;

describe('one sample', () => {
  const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
  test.each([
    // ordinary
    ['three phases drawing', sampleOf([10, 20, 30]), undefined],
    ['feeding in', sampleOf([-40, -40, -40]), undefined],
    ['nothing drawn', sampleOf([0, 0, 0]), undefined],
    ['reactive only', sampleOf([20, 20, 20], { watts: [0, 0, 0] }), undefined],
    // not a number
    ['a NaN current', sampleOf([nan, 1, 1], { watts: [0, 0, 0] }), 'currentAmps is NaN'],
    ['an infinite current', sampleOf([1, infinity, 1], { watts: [0, 0, 0] }), 'currentAmps is Infinity'],
    ['a NaN total', sampleOf([1, 1, 1], { totalWatts: nan }), 'totalPowerWatts is NaN'],
    // voltage 115 to 345 V
    ['half the voltage', sampleOf([1, 1, 1], { volts: 115 }), undefined],
    ['less than half', sampleOf([1, 1, 1], { volts: 114 }), 'L1 114 V, expected 115 to 345 V'],
    ['half as much again', sampleOf([1, 1, 1], { volts: 345 }), undefined],
    ['more than that', sampleOf([1, 1, 1], { volts: 346 }), 'L1 346 V, expected 115 to 345 V'],
    ['no voltage at all', sampleOf([1, 1, 1], { volts: 0 }), 'L1 0 V, expected 115 to 345 V'],
    // current, either way
    ['the most current', sampleOf([100, 0, 0]), undefined],
    ['more than the most', sampleOf([0, 100.1, 0]), 'L2 100.1 A, expected at most 100 A'],
    ['more than the most, out', sampleOf([0, 0, -101]), 'L3 101 A, expected at most 100 A'],
    // power beyond V × I: 1.1 × 230 × 10 + 100 = 2630 W
    ['the most power', sampleOf([10, 0, 0], { watts: [2_630, 0, 0] }), undefined],
    [
      'more power than current',
      sampleOf([10, 0, 0], { watts: [2_631, 0, 0] }),
      'L1 2631 W from 10 A, possible are at most 2630 W',
    ],
    // frequency
    ['45 Hz', sampleOf([1, 1, 1], { hertz: 45 }), undefined],
    ['44 Hz', sampleOf([1, 1, 1], { hertz: 44 }), '44 Hz, expected 45 to 65 Hz'],
    ['tenths of hertz', sampleOf([1, 1, 1], { hertz: 500 }), '500 Hz, expected 45 to 65 Hz'],
    // the sum: 3 % of 6900 W + 100 W = 307 W
    ['a sum just right', sampleOf([10, 10, 10], { totalWatts: 7_207 }), undefined],
    [
      'a wrong sum',
      sampleOf([10, 10, 10], { totalWatts: 7_208 }),
      'the phases add up to 6900 W, the total says 7208 W',
    ],
    [
      'a kilowatt for a watt',
      sampleOf([10, 10, 10], { totalWatts: 6.9 }),
      'the phases add up to 6900 W, the total says 6.9 W',
    ],
  ])('%s', (_name, sample, detail) => {
    expect(verdictOf(sample)).toMatchObject(detail === undefined ? { kind: 'accepted' } : { kind: 'absurd', detail });
  });

  test('behind a transformer small errors are larger', () => {
    const sample = sampleOf([10, 0, 0], { watts: [6_000, 0, 0] });
    expect(verdictOf(sample)).toMatchObject({ kind: 'absurd' });
    expect(verdictOf(sample, { ...BOUNDS, factor: -40 })).toEqual({ kind: 'accepted' });
  });
});

test('a total read apart may miss a step of the load twice in a row, not three times', () => {
  const bounds = { ...BOUNDS, isTotalReadApart: true };
  let previous: PlausibilityState = NOTHING_SEEN;
  const kinds = [9_000, 9_000, 6_900, 9_000, 9_000, 9_000, 9_000].map((totalWatts, at) => {
    const sample = sampleOf([10, 10, 10], { totalWatts });
    const { verdict, next } = judge(bounds, previous, { sample, fingerprint: String(at), now: at * 1_000 });
    previous = next;
    return verdict.kind;
  });
  expect(kinds).toEqual(['accepted', 'accepted', 'accepted', 'accepted', 'accepted', 'absurd', 'absurd']);
});

test('a counter that goes back is refused once and then taken as the new start', () => {
  let previous: PlausibilityState = NOTHING_SEEN;
  const kinds = [1_000_000, 1_000_100, 1_000_099.5, undefined, 900_000, 900_000, 900_010].map((energyImportWh, at) => {
    const sample = { ...sampleOf([1, 1, 1]), ...(energyImportWh !== undefined && { energyImportWh }) };
    const { verdict, next } = judge(BOUNDS, previous, { sample, fingerprint: String(at), now: at * 1_000 });
    previous = next;
    return verdict.kind;
  });
  // The half watt-hour is the rounding of a 32-bit float; the sample without a counter does not make us forget it.
  expect(kinds).toEqual(['accepted', 'accepted', 'accepted', 'accepted', 'absurd', 'accepted', 'accepted']);
});

test('a garbled sample does not become the counter that the next is held against', () => {
  const good = { ...sampleOf([1, 1, 1]), energyImportWh: 1_000 };
  const garbled = { ...sampleOf([999, 1, 1]), energyImportWh: 9_999_999 };
  const first = judge(BOUNDS, NOTHING_SEEN, { sample: good, fingerprint: 'a', now: 0 });
  const second = judge(BOUNDS, first.next, { sample: garbled, fingerprint: 'b', now: 1_000 });
  const third = judge(BOUNDS, second.next, { sample: good, fingerprint: 'c', now: 2_000 });
  expect([second.verdict.kind, third.verdict.kind]).toEqual(['absurd', 'accepted']);
});

test('the same registers for more than ten seconds are a frozen meter, dated to their last change', () => {
  let previous: PlausibilityState = NOTHING_SEEN;
  const verdicts = [0, 1_000, 5_000, 11_000, 11_001, 12_000, 13_000].map((now) => {
    const fingerprint = now === 0 ? 'before' : now === 13_000 ? 'after' : 'stuck';
    const { verdict, next } = judge(BOUNDS, previous, { sample: sampleOf([1, 1, 1]), fingerprint, now });
    previous = next;
    return verdict;
  });
  expect(verdicts.map(({ kind }) => kind)).toEqual([
    ...['accepted', 'accepted', 'accepted', 'accepted'],
    ...['frozen', 'frozen', 'accepted'],
  ]);
  expect(verdicts[4]).toMatchObject({ since: 1_000, detail: 'all registers the same for 10 s (4 reads)' });
});

test('two equal reads far apart prove nothing', () => {
  const sample = sampleOf([1, 1, 1]);
  const first = judge(BOUNDS, NOTHING_SEEN, { sample, fingerprint: 'a', now: 0 });
  expect(judge(BOUNDS, first.next, { sample, fingerprint: 'a', now: 60_000 }).verdict.kind).toBe('accepted');
});

describe('export', () => {
  const consumer: Bounds = { ...BOUNDS, mayExport: false };
  const advice = 'and nothing there is said to generate: turn the transformers, or set mayExport';
  test.each([
    ['noise at rest', [-2, 0, 0], consumer, undefined],
    ['a phase that feeds in', [20, -2.1, 20], consumer, `L2 exports 2.1 A ${advice}`],
    ['noise of a large connection', [-30, 0, 0], { ...consumer, plausibleAmps: 3_000 }, undefined],
    ['more than its noise', [-30.1, 0, 0], { ...consumer, plausibleAmps: 3_000 }, `L1 exports 30.1 A ${advice}`],
    ['where something generates', [-40, -40, -40], BOUNDS, undefined],
  ] as const)('%s', (_name, amps, bounds, detail) => {
    const expected = detail === undefined ? { kind: 'accepted' } : { kind: 'absurd', detail };
    expect(verdictOf(sampleOf(amps), bounds)).toMatchObject(expected);
  });

  /** What becomes of samples that follow one another where something generates. */
  function told(samples: readonly (readonly [number, number, number])[]): readonly string[] {
    let previous: PlausibilityState = NOTHING_SEEN;
    return samples.map((amps, at) => {
      const { verdict, next } = judge(BOUNDS, previous, {
        sample: sampleOf(amps),
        fingerprint: `${at}`,
        now: at * 1_000,
      });
      previous = next;
      return verdict.kind;
    });
  }

  test('a meter that is turned round is refused from then on, however the load moves, until it is turned back', () => {
    const kinds = told([
      [30, 20, 10],
      [-30.2, -20.1, -9.9],
      [-35, -20, -10],
      [-5, -4, -6],
      [-40, -41, -39],
      [40, 41, 39],
      [42, 41, 39],
    ]);
    expect(kinds).toEqual(['accepted', 'absurd', 'absurd', 'absurd', 'absurd', 'accepted', 'accepted']);
  });

  test('where nothing generates, a meter that is turned back is believed at once, whatever the load has done meanwhile', () => {
    let previous: PlausibilityState = NOTHING_SEEN;
    const kinds = [60, -60, -48, 38].map((amps, at) => {
      const sample = sampleOf([amps, amps, amps]);
      const { verdict, next } = judge(consumer, previous, { sample, fingerprint: `${at}`, now: at * 1_000 });
      previous = next;
      return verdict.kind;
    });
    expect(kinds).toEqual(['accepted', 'absurd', 'absurd', 'accepted']);
  });

  test('sun that comes out is believed: its phases do not mirror what was drawn', () => {
    const kinds = told([
      [12, 9, 5],
      [-8, -11, -15],
      [-20, -20, -20],
    ]);
    expect(kinds).toEqual(['accepted', 'accepted', 'accepted']);
  });

  test('one phase alone, and a turn towards import, are believed', () => {
    expect(
      told([
        [20, 0, 0.5],
        [-20, 0, 0.5],
      ]),
    ).toEqual(['accepted', 'accepted']);
    expect(
      told([
        [-30, -20, -10],
        [30, 20, 10],
      ]),
    ).toEqual(['accepted', 'accepted']);
  });
});
