// Belief over time: more load at once, less only twice told, what is refused counted, and nothing that is missing or worse ever loosens anything.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Attempt,
  type Belief,
  believe,
  MAX_REFUSED,
  NOTHING_BELIEVED,
} from '../../../src/core/metering/believe.ts';
import type { Bounds } from '../../../src/core/metering/plausibility.ts';
import { judge, NOTHING_SEEN } from '../../../src/core/metering/plausibility.ts';
import type { Sample } from '../../../src/core/metering/sample.ts';
import { onEachPhase, PHASES } from '../../../src/core/model/units.ts';
import { runs } from '../../support/property-runs.ts';

const BOUNDS: Bounds = {
  ...{ nominalVolts: 230, plausibleAmps: 100, mayExport: true, factor: 1 },
  ...{ frozenAfterMs: 10_000, isTotalReadApart: false },
};

const drawing = (amps: number, parts: Partial<Sample> = {}): Sample => ({
  currentAmps: onEachPhase(amps),
  powerWatts: onEachPhase(amps * 230),
  totalPowerWatts: amps * 690,
  ...parts,
});

let prints = 0;
const said = (sample: Sample, fingerprint = `${prints++}`): Attempt => ({ kind: 'sample', sample, fingerprint });

/** What is believed after each of these, a second apart. */
function believedAfter(attempts: readonly Attempt[], bounds = BOUNDS): readonly Belief[] {
  let belief = NOTHING_BELIEVED;
  return attempts.map((attempt, at) => {
    belief = believe(bounds, belief, attempt, at * 1_000).belief;
    return belief;
  });
}

const ampsAfter = (amps: readonly number[]) =>
  believedAfter(amps.map((one) => said(drawing(one)))).map(({ state }) => state.reading!.currentAmps.L1);

describe('less load is believed when two samples in a row show it', () => {
  test.each([
    ['a rise at once', [20, 40, 41], [20, 40, 41]],
    ['a fall one sample later', [40, 20, 20, 19], [40, 40, 20, 20]],
    ['one low sample not at all', [40, 0, 40, 40], [40, 40, 40, 40]],
    ['nor right after a rise', [20, 40, 0, 40], [20, 40, 40, 40]],
    ['one high sample at once, for one sample more', [40, 90, 40, 40], [40, 90, 90, 40]],
    ['export the same way', [5, -20, -20], [5, 5, -20]],
  ])('%s', (_name, amps, believed) => {
    expect(ampsAfter(amps)).toEqual(believed);
  });

  test('the powers too, and what the newest sample said stands beside it', () => {
    const { reading } = believedAfter([said(drawing(40)), said(drawing(10))])[1]!.state;
    expect(reading).toMatchObject({ powerWatts: { L1: 9_200 }, totalPowerWatts: 27_600, newestAmps: { L1: 10 } });
    expect(believedAfter([said(drawing(10)), said(drawing(40))])[1]!.state.reading).not.toHaveProperty('newestAmps');
  });

  test('with one low sample put in anywhere, no less is believed than the last true sample said', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 90, noNaN: true }), { minLength: 2, maxLength: 12 }),
        fc.nat(),
        fc.double({ min: -90, max: 0, noNaN: true }),
        (truth, where, low) => {
          const at = 1 + (where % (truth.length - 1));
          const believed = ampsAfter([...truth.slice(0, at), low, ...truth.slice(at)]);
          expect(believed[at]).toBeGreaterThanOrEqual(truth[at - 1]!);
          truth.slice(at).forEach((amps, after) => {
            expect(believed[at + 1 + after]).toBeGreaterThanOrEqual(amps);
          });
        },
      ),
      runs(300),
    );
  });
});

test('each refused attempt counts once, under the check that it failed, and stays counted', () => {
  const beliefs = believedAfter([
    said(drawing(10)),
    { kind: 'unreachable', detail: 'no answer' },
    { kind: 'incomplete', detail: 'no current' },
    said(drawing(Number.NaN)),
    said(drawing(101)),
    said(drawing(10, { totalPowerWatts: 0 })),
    { kind: 'unreachable', detail: 'no answer' },
    said(drawing(11)),
  ]);
  expect(beliefs.at(-1)!.state).toMatchObject({
    refused: { unreachable: 2, incomplete: 1, impossible: 1, 'out-of-band': 1, sum: 1 },
    reading: { currentAmps: { L1: 11 } },
  });
  expect(beliefs.at(-1)!.state).not.toHaveProperty('suspicion');
  expect(beliefs[5]!.state.suspicion).toMatchObject({ kind: 'absurd', since: 2_000 });
});

test('a count stops at its bound', () => {
  const full: Belief = { ...NOTHING_BELIEVED, state: { refused: { unreachable: MAX_REFUSED } } };
  const { belief } = believe(BOUNDS, full, { kind: 'unreachable', detail: '' }, 1);
  expect(belief.state.refused).toEqual({ unreachable: MAX_REFUSED });
});

const anyNumber = fc.oneof(
  fc.double(),
  fc.constantFrom(0, 230, -0, Number.NaN, Number.POSITIVE_INFINITY, 1e308, -1e308),
);
const anyPhases = fc.record({ L1: anyNumber, L2: anyNumber, L3: anyNumber });
const anySample: fc.Arbitrary<Sample> = fc.record(
  {
    ...{ currentAmps: anyPhases, volts: anyPhases, powerWatts: anyPhases, totalPowerWatts: anyNumber },
    ...{ frequencyHz: anyNumber, energyImportWh: anyNumber, energyExportWh: anyNumber },
  },
  { requiredKeys: ['currentAmps'] },
);

test('whatever numbers come, in whatever order and at whatever time, the judge answers', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(anySample, fc.nat({ max: 3 }), fc.nat({ max: 100_000 })), { maxLength: 20 }),
      (all) => {
        let state = NOTHING_SEEN;
        let now = 0;
        for (const [sample, print, laterMs] of all) {
          now += laterMs;
          const { verdict, next } = judge(BOUNDS, state, { sample, fingerprint: `${print}`, now });
          expect(['accepted', 'absurd', 'frozen']).toContain(verdict.kind);
          state = next;
        }
      },
    ),
    runs(200),
  );
});

test('law 3: attempts that fail in place of good ones never make the reading younger, nor a number of it new', () => {
  const good = fc.double({ min: 0, max: 90, noNaN: true });
  fc.assert(
    fc.property(fc.array(fc.tuple(good, fc.boolean()), { minLength: 1, maxLength: 15 }), (seconds) => {
      const whole = believedAfter(seconds.map(([amps]) => said(drawing(amps))));
      const fewer = believedAfter(
        seconds.map(([amps, isLost]) => (isLost ? { kind: 'unreachable', detail: 'lost' } : said(drawing(amps)))),
      );
      fewer.forEach(({ state: { reading } }, at) => {
        if (!reading) return;
        const last = seconds.slice(0, at + 1).findLastIndex(([, isLost]) => !isLost);
        expect(reading.measuredAt).toBe(last * 1_000);
        expect(reading.measuredAt).toBeLessThanOrEqual(whole[at]!.state.reading!.measuredAt);
        for (const phase of PHASES) expect(reading.currentAmps[phase]).toBeGreaterThanOrEqual(seconds[last]![0]);
      });
    }),
    runs(200),
  );
});
