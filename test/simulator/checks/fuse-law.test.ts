// The fuse law on true currents: what is a violation, what is only counted, and what is nobody's fault.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { onEachPhase } from '../../../src/core/model/units.ts';
import { FuseLawChecker, longestSilenceMs } from '../../../src/simulator/checks/fuse-law.ts';
import { circuitReport, cycleRecord, T0 } from '../../support/cycle-record.ts';
import { buildSite, circuit, evse, genericAc } from '../../support/site-builder.ts';
import { truth, watch } from '../../support/truth.ts';

const site = buildSite();
/** 3 × 20 A and 20 A of the building: 80 A of 63 A. */
const overload = { base: 20, evses: { 'A/1': { drawn: 20 }, 'B/1': { drawn: 20 }, 'C/1': { drawn: 20 } } };
const sound = { base: 20, evses: { 'A/1': { drawn: 14 }, 'B/1': { drawn: 14 }, 'C/1': { drawn: 14 } } };

describe('a run above the limit', () => {
  test('that is longer than a lease, a cycle and the reaction is one violation a phase', () => {
    const checker = new FuseLawChecker({ site });
    expect(longestSilenceMs(site)).toBe(60_000 + 5_000 + 5_000 + 1_000);
    expect(watch(checker, site, overload, 71)).toEqual([]);
    const found = watch(checker, site, overload, 100, T0 + 71_000);
    expect(found.map(({ text }) => text)).toEqual(
      ['L1', 'L2', 'L3'].map(
        (phase) => `main ${phase} carried more than 63.0 A for 72 s, now 80.0 A; at most 71 s were allowed.`,
      ),
    );
    expect(found[0]).toMatchObject({ checker: 'fuse-law', at: T0 + 72_000 });
  });

  test('that a row of the fault table bounds more tightly is a violation then', () => {
    const checker = new FuseLawChecker({ site, maxRunMs: 7_000 });
    expect(watch(checker, site, overload, 7)).toEqual([]);
    expect(watch(checker, site, overload, 1, T0 + 7_000)).toHaveLength(3);
  });

  test('ends with the first second at the limit', () => {
    const checker = new FuseLawChecker({ site, maxRunMs: 7_000 });
    expect(watch(checker, site, overload, 7)).toEqual([]);
    expect(watch(checker, site, { ...overload, base: 3 }, 1, T0 + 7_000)).toEqual([]);
    expect(watch(checker, site, overload, 7, T0 + 8_000)).toEqual([]);
    expect(checker.figures()).toMatchObject({ aboveLimitSeconds: 14, longestRunSeconds: 7 });
  });

  test('on one phase of a lower circuit alone is found there', () => {
    const lower = buildSite({
      circuits: [
        circuit({ id: 'main' }),
        circuit({ id: 'east', parent: 'main', ratingAmps: { L1: 16, L2: 16, L3: 16 } }),
      ],
      evses: [evse({ station: 'A', circuit: 'east', phases: ['L3', 'L1'] }), evse({ station: 'B' })],
    });
    const checker = new FuseLawChecker({ site: lower, maxRunMs: 5_000 });
    const found = watch(checker, lower, { evses: { 'A/1': { drawn: [20, 10] } } }, 6);
    expect(found.map(({ text }) => text)).toEqual([expect.stringMatching(/^east L3 carried more than 16.0 A/)]);
  });

  test('is measured with its worst ratio, and apart above 1.13 of the limit', () => {
    const checker = new FuseLawChecker({ site });
    watch(checker, site, overload, 10);
    watch(checker, site, { ...overload, base: 5 }, 20, T0 + 10_000);
    expect(checker.figures()).toEqual({
      aboveLimitSeconds: 30,
      above113PercentSeconds: 10,
      longestRunSeconds: 30,
      worstRatio: 1.27,
      longRunDays: 0,
      buildingAloneAboveLimitSeconds: 0,
      buildingAloneLongestRunSeconds: 0,
      unavoidableAboveLimitSeconds: 0,
      buildingBeyondWorstSeconds: 0,
    });
  });

  test('of more than a minute marks each day that it touches', () => {
    const checker = new FuseLawChecker({ site, maxRunMs: Number.POSITIVE_INFINITY });
    watch(checker, site, sound, 1);
    watch(checker, site, overload, 61, T0 + 3_600_000);
    watch(checker, site, sound, 1, T0 + 3_661_000);
    watch(checker, site, overload, 60, T0 + 24 * 3_600_000);
    expect(checker.figures()).toMatchObject({ longRunDays: 1 });
    watch(checker, site, overload, 1, T0 + 24 * 3_600_000 + 60_000);
    expect(checker.figures()).toMatchObject({ longRunDays: 2 });
  });
});

test("a minute that ends at midnight is the old day's", () => {
  const checker = new FuseLawChecker({ site, maxRunMs: Number.POSITIVE_INFINITY });
  watch(checker, site, sound, 1);
  watch(checker, site, overload, 61, T0 + 24 * 3_600_000 - 61_000);
  expect(checker.figures()).toMatchObject({ longRunDays: 1 });
  watch(checker, site, sound, 1, T0 + 24 * 3_600_000);
  watch(checker, site, overload, 61, T0 + 24 * 3_600_000 + 1_000);
  expect(checker.figures()).toMatchObject({ longRunDays: 2 });
});

test('a sound site has no run at all', () => {
  const checker = new FuseLawChecker({ site });
  expect(watch(checker, site, { ...sound, base: 21 }, 200)).toEqual([]);
  expect(checker.figures()).toMatchObject({ aboveLimitSeconds: 0, longestRunSeconds: 0, worstRatio: 0 });
});

test("currents that are no numbers are too much, and the building's too", () => {
  const checker = new FuseLawChecker({ site, maxRunMs: 0 });
  expect(watch(checker, site, { evses: { 'A/1': { drawn: Number.NaN } } }, 1)).toHaveLength(3);
});

describe('a limit below the rating', () => {
  const limited = cycleRecord(site, { decision: { circuits: [circuitReport('main', () => ({ limitAmps: 40 }))] } });

  test('counts from the cycle that has it in force until the one that has not', () => {
    const checker = new FuseLawChecker({ site, maxRunMs: 5_000 });
    expect(watch(checker, site, sound, 100)).toEqual([]);
    checker.onCycle(limited);
    expect(watch(checker, site, sound, 5)).toEqual([]);
    expect(watch(checker, site, sound, 1)).toHaveLength(3);
    expect(checker.figures()).toMatchObject({ worstRatio: 1.55 });
    checker.onCycle(cycleRecord(site));
    expect(watch(checker, site, sound, 100)).toEqual([]);
  });

  test('binds nobody while no controller runs: then the rating does', () => {
    const checker = new FuseLawChecker({ site, maxRunMs: 5_000 });
    checker.onCycle(limited);
    expect(watch(checker, site, { ...sound, isControlled: false }, 100)).toEqual([]);
    expect(watch(checker, site, { ...overload, isControlled: false }, 6)).toHaveLength(3);
  });

  test('never loosens the rating', () => {
    const checker = new FuseLawChecker({ site, maxRunMs: 5_000 });
    checker.onCycle(cycleRecord(site, { decision: { circuits: [circuitReport('main', () => ({ limitAmps: 100 }))] } }));
    expect(watch(checker, site, overload, 6)).toHaveLength(3);
  });
});

describe("what is nobody's fault", () => {
  test('the building alone above the limit is counted apart', () => {
    const checker = new FuseLawChecker({ site });
    expect(watch(checker, site, { base: { L1: 70, L2: 10, L3: 10 }, evses: { 'A/1': { drawn: 6 } } }, 500)).toEqual([]);
    expect(checker.figures()).toMatchObject({
      aboveLimitSeconds: 0,
      buildingAloneAboveLimitSeconds: 500,
      buildingAloneLongestRunSeconds: 500,
    });
  });

  test('the building takes a turn: it neither ends nor lengthens the run of the cars', () => {
    const checker = new FuseLawChecker({ site, maxRunMs: 10_000 });
    expect(watch(checker, site, overload, 6)).toEqual([]);
    expect(watch(checker, site, { ...overload, base: 70 }, 50)).toEqual([]);
    expect(watch(checker, site, overload, 4)).toEqual([]);
    expect(watch(checker, site, overload, 1)).toHaveLength(3);
  });

  test('chargers that err and exceed the limit with the building are counted apart; those that obey and do so are not', () => {
    const errs = { drawn: 32, errs: true };
    const checker = new FuseLawChecker({ site, maxRunMs: 5_000 });
    expect(watch(checker, site, { base: 20, evses: { 'A/1': errs, 'B/1': errs } }, 100)).toEqual([]);
    expect(checker.figures()).toMatchObject({ aboveLimitSeconds: 0, unavoidableAboveLimitSeconds: 100 });
    const one = { base: 20, evses: { 'A/1': errs, 'B/1': { drawn: 32 } } };
    expect(watch(checker, site, one, 6)).toHaveLength(3);
  });

  test('chargers out of reach are excused with their floor, and with no more', () => {
    const offline = (drawn: number) => ({ drawn, isLinked: false, floorAmps: 6 });
    const all = (drawn: number) => ({ 'A/1': offline(drawn), 'B/1': offline(drawn), 'C/1': offline(drawn) });
    const checker = new FuseLawChecker({ site, maxRunMs: 5_000 });
    expect(watch(checker, site, { base: 50, evses: all(6) }, 100)).toEqual([]);
    expect(checker.figures()).toMatchObject({ unavoidableAboveLimitSeconds: 100 });
    expect(watch(checker, site, { base: 30, evses: all(16) }, 6)).toHaveLength(3);
  });

  test('what the building draws beyond its commissioned worst is excused while no meter shows it, and no ampere more', () => {
    const own = buildSite({ circuits: [circuit({ id: 'main', worstBaseLoadAmps: onEachPhase(15) })] });
    const from = (baseLoadFrom: 'worst' | 'meter') =>
      cycleRecord(own, {
        decision: { circuits: [{ ...circuitReport('main', () => ({ limitAmps: 63 })), baseLoadFrom }] },
      });
    const cars = (drawn: number) => ({ 'A/1': { drawn }, 'B/1': { drawn }, 'C/1': { drawn } });
    const checker = new FuseLawChecker({ site: own, maxRunMs: 5_000 });
    checker.onCycle(from('worst'));
    expect(watch(checker, own, { base: 20, evses: cars(16) }, 100)).toEqual([]);
    expect(checker.figures()).toMatchObject({ aboveLimitSeconds: 0, buildingBeyondWorstSeconds: 100 });
    expect(watch(checker, own, { base: 20, evses: cars(16.1) }, 6)).toHaveLength(3);
    const seeing = new FuseLawChecker({ site: own, maxRunMs: 5_000 });
    seeing.onCycle(from('meter'));
    expect(watch(seeing, own, { base: 20, evses: cars(16) }, 6)).toHaveLength(3);
  });

  test('a model that must never be told 0 A is excused with its minimum, and with no more', () => {
    const quirks = ['zero-amps-breaks-next-limit'] as const;
    const never = buildSite({ profile: { ...genericAc, quirks } });
    const all = (drawn: number) => ({ 'A/1': { drawn }, 'B/1': { drawn }, 'C/1': { drawn } });
    const checker = new FuseLawChecker({ site: never, maxRunMs: 5_000 });
    expect(watch(checker, never, { base: 50, evses: all(6) }, 100)).toEqual([]);
    expect(checker.figures()).toMatchObject({ unavoidableAboveLimitSeconds: 100 });
    expect(watch(checker, never, { base: 40, evses: all(8) }, 6)).toHaveLength(3);
  });

  test('without a controller every charger is out of reach', () => {
    const checker = new FuseLawChecker({ site, maxRunMs: 5_000 });
    const floors = { 'A/1': { drawn: 6 }, 'B/1': { drawn: 6 }, 'C/1': { drawn: 6 } };
    expect(watch(checker, site, { base: 50, evses: floors }, 6)).toHaveLength(3);
    expect(watch(checker, site, { base: 50, evses: floors, isControlled: false }, 100)).toEqual([]);
  });
});

test('whatever flows, the figures are those of a plain reckoning', () => {
  const amps = fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 0, max: 40 }) }, fc.constantFrom(63, 64, 80));
  const steps = fc.array(
    fc.record({ base: amps, drawn: fc.integer({ min: 0, max: 32 }), ms: fc.integer({ min: 100, max: 9_000 }) }),
  );
  fc.assert(
    fc.property(steps, (series) => {
      const checker = new FuseLawChecker({ site, maxRunMs: 10_000 });
      let [at, above, building, run, longest, runs] = [T0, 0, 0, 0, 0, 0];
      let found = 0;
      for (const { base, drawn, ms } of series) {
        at += ms;
        const evses = { 'A/1': { drawn }, 'B/1': { drawn } };
        found += checker.onTruth(truth(site, { at, elapsedMs: ms, base, evses })).length;
        if (base > 63) building += ms;
        else if (base + 2 * drawn > 63) {
          above += ms;
          if (run <= 10_000 && run + ms > 10_000) runs += 3;
          run += ms;
          longest = Math.max(longest, run);
        } else run = 0;
      }
      expect(found).toBe(runs);
      expect(checker.figures()).toMatchObject({
        aboveLimitSeconds: above / 1_000,
        buildingAloneAboveLimitSeconds: building / 1_000,
        longestRunSeconds: longest / 1_000,
      });
    }),
  );
});

test('the slowest charger model of the site sets how long silence may last', () => {
  const slow = { ...genericAc, leaseMs: 600_000, settleMs: 15_000 };
  expect(longestSilenceMs(buildSite({ profile: slow, policy: { cycleMs: 2_000 } }))).toBe(622_000);
});
