// Trips on true currents: what may have tripped, what the building would have tripped alone, and what the maker's curve or another device changes.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ThermalChecker } from '../../../src/simulator/checks/thermal.ts';
import { T0 } from '../../support/cycle-record.ts';
import { buildSite, circuit } from '../../support/site-builder.ts';
import { truth, watch } from '../../support/truth.ts';

const site = buildSite();
/** Its connection has gG fuses unless it is said otherwise; a breaker is quicker. */
const devices = { main: { kind: 'breaker-c' } } as const;
/** 63 A in all: as full as the fuse law permits. */
const full = { base: 21, evses: { 'A/1': { drawn: 14 }, 'B/1': { drawn: 14 }, 'C/1': { drawn: 14 } } };
/** 90 A of 63 A. */
const overload = { ...full, base: 48 };

describe('a circuit that carries too much', () => {
  test('is a violation when its device may have tripped, once an overload', () => {
    const checker = new ThermalChecker({ site, devices });
    expect(watch(checker, site, full, 3_600)).toEqual([]);
    expect(watch(checker, site, overload, 1, T0 + 3_600_000)).toEqual([]);
    const found = watch(checker, site, overload, 300, T0 + 3_601_000);
    expect(found.map(({ text }) => text)).toEqual(
      ['L1', 'L2', 'L3'].map(
        (phase) => `main ${phase}: its device of 63.0 A may have tripped at 90.0 A after what it had carried before.`,
      ),
    );
    expect(found[0]!.at).toBe(T0 + 3_602_000);
    expect(checker.figures()).toMatchObject({ couldTripCount: 3, mustTripCount: 0, buildingAloneTripCount: 0 });
  });

  test('is another violation when it does so again after it has cooled', () => {
    const checker = new ThermalChecker({ site, devices });
    expect(watch(checker, site, overload, 30)).toHaveLength(3);
    expect(watch(checker, site, full, 600)).toEqual([]);
    expect(watch(checker, site, overload, 30)).toHaveLength(3);
  });

  test('for a moment only, or by little, trips nothing', () => {
    const checker = new ThermalChecker({ site, devices });
    expect(watch(checker, site, full, 600)).toEqual([]);
    expect(watch(checker, site, overload, 1)).toEqual([]);
    expect(watch(checker, site, full, 600)).toEqual([]);
    expect(watch(checker, site, { ...full, base: 28 }, 7_200)).toEqual([]);
    const { hottestPercent } = checker.figures();
    expect(hottestPercent).toBeGreaterThan(95);
    expect(hottestPercent).toBeLessThan(100);
  });

  test('counts what no device would have held', () => {
    const checker = new ThermalChecker({ site, devices });
    const gross = { base: 30, evses: { 'A/1': { drawn: 32 }, 'B/1': { drawn: 32 }, 'C/1': { drawn: 32 } } };
    watch(checker, site, gross, 600);
    expect(checker.figures()).toMatchObject({ couldTripCount: 3, mustTripCount: 3 });
  });
});

describe('the building', () => {
  test('that would have tripped a device of its own is counted apart', () => {
    const checker = new ThermalChecker({ site, devices });
    expect(watch(checker, site, { ...full, base: 80 }, 300)).toEqual([]);
    expect(checker.onEnd()).toEqual([]);
    expect(checker.figures()).toMatchObject({ couldTripCount: 0, buildingAloneTripCount: 3 });
  });

  test('that was on its way there and turned back has not: the violation comes then, with the time of the trip', () => {
    const checker = new ThermalChecker({ site, devices });
    const parts = { base: 72, evses: { 'A/1': { drawn: 32 } } };
    expect(watch(checker, site, parts, 5)).toEqual([]);
    const found = watch(checker, site, full, 1, T0 + 5_000);
    expect(found).toHaveLength(3);
    expect(found[0]!.at).toBeLessThanOrEqual(T0 + 5_000);
  });

  test('that is still on its way when the run ends leaves a violation', () => {
    const checker = new ThermalChecker({ site, devices });
    expect(watch(checker, site, { base: 72, evses: { 'A/1': { drawn: 32 } } }, 5)).toEqual([]);
    expect(checker.onEnd()).toHaveLength(3);
    expect(checker.onEnd()).toEqual([]);
  });
});

describe('the device', () => {
  test("is the one that stands there: a gG fuse, or a breaker with its maker's curve, holds longer", () => {
    const usual = new ThermalChecker({ site, devices });
    const fuse = new ThermalChecker({ site, devices: { main: { kind: 'fuse-gg' } } });
    const slow = new ThermalChecker({
      site,
      devices: { main: { kind: 'breaker-c', holds: [{ ratio: 1.5, forMs: 40_000 }] } },
    });
    for (const checker of [usual, fuse, slow]) watch(checker, site, full, 60);
    expect(watch(usual, site, overload, 10)).toHaveLength(3);
    expect(watch(fuse, site, overload, 10)).toEqual([]);
    expect(watch(slow, site, overload, 10)).toEqual([]);
    expect(watch(fuse, site, overload, 60)).toHaveLength(3);
    expect(watch(slow, site, overload, 60)).toHaveLength(3);
  });

  test('is not there on a phase that is not wired', () => {
    const single = buildSite({ circuits: [circuit({ id: 'main', ratingAmps: { L1: 63, L2: 0, L3: 0 } })] });
    const checker = new ThermalChecker({ site: single, devices });
    expect(watch(checker, single, { base: { L1: 10, L2: 0, L3: 0 } }, 60)).toEqual([]);
    expect(Number.isNaN(checker.figures().hottestPercent)).toBe(false);
  });
});

test('whatever flows up to the conventional non-tripping current, nothing has tripped', () => {
  const steps = fc.array(
    fc.record({
      amps: fc.double({ min: 0, max: 1.13 * 63, noNaN: true }),
      ms: fc.integer({ min: 10, max: 3_600_000 }),
    }),
  );
  fc.assert(
    fc.property(steps, (series) => {
      const checker = new ThermalChecker({ site, devices });
      let at = T0;
      for (const { amps, ms } of series) {
        at += ms;
        const evses = { 'A/1': { drawn: amps / 2 } };
        expect(checker.onTruth(truth(site, { at, elapsedMs: ms, base: amps / 2, evses }))).toEqual([]);
      }
      expect(checker.onEnd()).toEqual([]);
    }),
  );
});
