// Energy counters as witnesses: they never go back or jump, and count what the power adds up to.
import { describe, expect, test } from 'vitest';
import { type Bounds, judge, NOTHING_SEEN, type Verdict } from '../../../src/core/metering/plausibility.ts';
import type { Sample } from '../../../src/core/metering/sample.ts';
import { onEachPhase } from '../../../src/core/model/units.ts';

const BOUNDS: Bounds = {
  ...{ nominalVolts: 230, plausibleAmps: 100, mayExport: false, factor: 1 },
  ...{ frozenAfterMs: 10_000, isTotalReadApart: false },
};

type Shown = { readonly amps: number; readonly countedWh: number | undefined };

/** The verdicts over so many seconds; `shown`: what the meter says in each. */
function day(seconds: number, shown: (second: number) => Shown, bounds = BOUNDS): readonly Verdict[] {
  let previous = NOTHING_SEEN;
  return Array.from({ length: seconds }, (_, second) => {
    const { amps, countedWh } = shown(second);
    const sample: Sample = {
      currentAmps: onEachPhase(amps),
      volts: onEachPhase(230),
      powerWatts: onEachPhase(amps * 230),
      ...(countedWh === undefined ? {} : { energyImportWh: countedWh }),
    };
    const { verdict, next } = judge(bounds, previous, { sample, fingerprint: `${second}`, now: second * 1_000 });
    previous = next;
    return verdict;
  });
}

/** A counter that is read every ten seconds, in steps of `stepWh`. */
const countsAt = (second: number, amps: number, stepWh = 10) =>
  Math.floor(((amps * 690 * Math.floor(second / 10) * 10) / 3_600 + 1e6) / stepWh) * stepWh;
const firstAt = (verdicts: readonly Verdict[], is: (verdict: Verdict) => boolean) => verdicts.findIndex(is);

describe('a jump', () => {
  // In ten seconds and the twenty that a block may be carried: 3 × 1.5 × 230 V × 100 A × 30 s = 862.5 Wh, and 1 kWh.
  test.each([
    ['what may have been drawn', 1_862, 'accepted'],
    ['more than that', 1_863, 'absurd'],
    ['10 MWh', 10_000_000, 'absurd'],
  ])('%s', (_name, byWh, kind) => {
    const verdicts = day(20, (second) => ({ amps: 1, countedWh: second < 10 ? 5_000 : 5_000 + byWh }));
    expect(verdicts[10]).toMatchObject({ kind, ...(kind === 'absurd' ? { by: 'counter' } : {}) });
    expect(verdicts.filter((one) => one.kind === 'absurd')).toHaveLength(kind === 'absurd' ? 1 : 0);
  });

  test('a register that wraps is refused once and then the new start', () => {
    const verdicts = day(30, (second) => ({ amps: 1, countedWh: second < 15 ? 4_294_967_290 : 6 }));
    expect(verdicts.flatMap(({ kind }, second) => (kind === 'absurd' ? [second] : []))).toEqual([15]);
    expect(verdicts[15]).toMatchObject({ detail: expect.stringContaining('wrapped') });
  });
});

describe('energy against power', () => {
  test.each([
    ['a fine counter', 20, 10],
    ['one of whole kilowatt-hours', 60, 1_000],
    ['one of ten', 90, 10_000],
    ['a site at rest', 0.3, 10],
  ])('%s never contradicts its own power', (_name, amps, stepWh) => {
    const verdicts = day(5_400, (second) => ({ amps, countedWh: countsAt(second, amps, stepWh) }));
    expect(verdicts.filter((one) => one.kind !== 'accepted' || one.doubt)).toEqual([]);
  });

  test('a load that comes and goes never does', () => {
    const amps = (second: number) => (second % 37 < 11 ? 70 : 8);
    let wh = 0;
    let read = 0;
    const verdicts = day(3_600, (second) => {
      if (second % 10 === 0) read = wh;
      wh += (amps(second) * 690) / 3_600;
      return { amps: amps(second), countedWh: read };
    });
    expect(verdicts.filter((one) => one.kind !== 'accepted' || one.doubt)).toEqual([]);
  });

  test('power of a tenth: refused within some minutes, until they agree again', () => {
    const verdicts = day(2_000, (second) => {
      const isWrong = second >= 400 && second < 1_200;
      return { amps: isWrong ? 6 : 60, countedWh: countsAt(second, 60) };
    });
    const found = firstAt(verdicts, ({ kind }) => kind === 'absurd');
    expect(verdicts[found]).toMatchObject({ by: 'energy', detail: expect.stringContaining('check the ratio') });
    expect(found).toBeGreaterThan(400);
    expect(found).toBeLessThanOrEqual(800);
    expect(verdicts[1_199]!.kind).toBe('absurd');
    expect(verdicts.at(-1)!.kind).toBe('accepted');
  });

  test('power of ten times too much is believed, and told', () => {
    const verdicts = day(900, (second) => ({ amps: second < 300 ? 6 : 60, countedWh: countsAt(second, 6) }));
    const found = firstAt(verdicts, (one) => one.kind === 'accepted' && one.doubt !== undefined);
    expect(found).toBeGreaterThan(300);
    expect(found).toBeLessThanOrEqual(700);
    expect(verdicts.every(({ kind }) => kind === 'accepted')).toBe(true);
  });

  test('a counter that stands is doubted only after very long, and without power nothing is compared', () => {
    const verdicts = day(3_000, (second) => ({ amps: 60, countedWh: second < 20 ? 900 : 1_000 }));
    const found = firstAt(verdicts, (one) => one.kind === 'accepted' && one.doubt !== undefined);
    // 25 kWh at 41.4 kW.
    expect(found).toBeGreaterThan(2_100);
    expect(day(3_000, () => ({ amps: 60, countedWh: undefined })).every((one) => one.kind === 'accepted')).toBe(true);
  });
});
