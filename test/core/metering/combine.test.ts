// Several meters as one: number tables of what is shown on each phase and how old it is, disputes, and the laws that hold whatever they say.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  AGREEMENT_AMPS,
  type Combination,
  combine,
  DISAGREEING_SAMPLES,
  type Member,
  NOTHING_COMBINED,
} from '../../../src/core/metering/combine.ts';
import { freshnessOf } from '../../../src/core/metering/freshness.ts';
import type { MeterState } from '../../../src/core/model/snapshot.ts';
import { mapPhases, onEachPhase, PHASES, type Phase, type PhaseAmps } from '../../../src/core/model/units.ts';
import { runs } from '../../support/property-runs.ts';

const NOW = 1_000_000;
const AGES = { holdAfterMs: 2_000, staleAfterMs: 3_000 };
const VOLTS = 230;
type Triple = readonly [number, number, number];
const phases = ([L1, L2, L3]: Triple): PhaseAmps => ({ L1, L2, L3 });
const state = (amps: Triple | number, ageMs: number, parts: object = {}): MeterState => ({
  reading: {
    currentAmps: typeof amps === 'number' ? onEachPhase(amps) : phases(amps),
    measuredAt: NOW - ageMs,
    ...parts,
  },
});
const member = (id: string, one: MeterState | undefined, on: readonly Phase[] = PHASES): Member => ({
  id,
  name: id.toUpperCase(),
  phases: on,
  state: one,
});
const together = (members: readonly Member[], before = NOTHING_COMBINED, now = NOW) =>
  combine(members, before, now, AGES, VOLTS);
const summary = ({ state: { reading } }: Combination, now = NOW) =>
  reading && [
    PHASES.map((phase) => reading.currentAmps[phase]).join(' '),
    now - reading.measuredAt,
    freshnessOf(reading, now, AGES),
  ];

describe('redundant meters', () => {
  test.each<[string, MeterState | undefined, MeterState | undefined, unknown]>([
    // fresh up to 2 s, lost from beyond 3 s; a, b → amperes, age, freshness
    ['the larger load on each phase', state([10, 20, 30], 100), state([11, 19, 30], 900), ['11 20 30', 100, 'fresh']],
    ['export is less load than none', state([-9, 0, 5], 0), state([-8, -1, 4], 0), ['-8 0 5', 0, 'fresh']],
    ['a held one still counts', state(10, 100), state(50, 3_000), ['50 50 50', 100, 'fresh']],
    ['a lost one does not', state(10, 100), state(50, 3_001), ['10 10 10', 100, 'fresh']],
    ['one that was never read does not', undefined, state(12, 1_500), ['12 12 12', 1_500, 'fresh']],
    ['both held are held', state(10, 2_001), state(8, 2_900), ['10 10 10', 2_001, 'held']],
    ['both lost are lost, at the highest', state(10, 4_000), state(14, 9_000), ['14 14 14', 4_000, 'lost']],
    ['one of the future is lost', state(50, -1), state(8, 10), ['8 8 8', 10, 'fresh']],
    ['none was ever read', {}, undefined, undefined],
  ])('%s', (_story, a, b, expected) => {
    expect(summary(together([member('a', a), member('b', b)]))).toEqual(expected);
  });

  test('the power is the most import that any of them shows, also where one tells none', () => {
    const a = state(10, 0, { powerWatts: onEachPhase(2_000), totalPowerWatts: 6_100, volts: onEachPhase(231) });
    expect(together([member('a', a), member('b', state(11, 0))]).state.reading).toMatchObject({
      currentAmps: onEachPhase(11),
      powerWatts: onEachPhase(11 * VOLTS),
      totalPowerWatts: 3 * 11 * VOLTS,
      volts: onEachPhase(231),
    });
    const exporting = state(-5, 0, { powerWatts: onEachPhase(-1_100), totalPowerWatts: -3_300 });
    const less = state(-4, 0, { powerWatts: onEachPhase(-900), totalPowerWatts: -2_650 });
    expect(together([member('a', exporting), member('b', less)]).state.reading).toMatchObject({
      totalPowerWatts: -2_650,
    });
    expect(together([member('a', state(1, 0))]).state.reading).not.toHaveProperty('powerWatts');
  });
});

describe('meters of single phases', () => {
  const three = (ages: Triple, amps: Triple = [10, 20, 30]) =>
    PHASES.map((phase, at) =>
      member(phase, state(99, ages[at]!, { currentAmps: { ...onEachPhase(99), [phase]: amps[at] } }), [phase]),
    );

  test.each<[string, Triple, unknown]>([
    ['each gives its phase, the oldest its age', [100, 900, 300], ['10 20 30', 900, 'fresh']],
    ['one held holds all', [100, 2_500, 300], ['10 20 30', 2_500, 'held']],
    ['one lost loses all', [100, 300, 3_001], ['10 20 30', 3_001, 'lost']],
  ])('%s', (_story, ages, expected) => {
    expect(summary(together(three(ages)))).toEqual(expected);
  });

  test('until each phase was measured once there is no reading', () => {
    const [one, two] = three([0, 0, 0]);
    const { state: found } = together([one!, two!, member('L3', {}, ['L3'])]);
    expect(found.reading).toBeUndefined();
    expect(found.suspicion?.detail).toBe('none of its meters on L3 is believed: L3');
  });

  test('a phase that is newer than the oldest is told, so that its rise is not overlooked', () => {
    expect(together(three([100, 900, 300])).state.reading).toMatchObject({
      measuredAt: NOW - 900,
      newestAt: NOW - 100,
    });
  });

  test('a whole meter beside one of a single phase: redundant there, alone elsewhere', () => {
    const members = [member('whole', state([10, 10, 10], 500)), member('one', state([0, 14, 0], 100), ['L2'])];
    expect(summary(together(members))).toEqual(['10 14 10', 500, 'fresh']);
    const lost = [member('whole', state([10, 10, 10], 4_000)), member('one', state([0, 14, 0], 100), ['L2'])];
    expect(summary(together(lost))).toEqual(['10 14 10', 4_000, 'lost']);
  });
});

test('ends of its own rule how long a reading is fresh: a slow meter stands in for a fast one', () => {
  const slow = (ageMs: number) =>
    state(10, ageMs, { until: { fresh: NOW - ageMs + 30_000, held: NOW - ageMs + 45_000 } });
  const quick = state(12, 4_000);
  expect(summary(together([member('a', quick), member('b', slow(20_000))]))).toEqual(['10 10 10', 20_000, 'fresh']);
  expect(summary(together([member('a', quick), member('b', slow(30_001))]))).toEqual(['10 10 10', 30_001, 'held']);
  expect(summary(together([member('a', quick), member('b', slow(45_001))]))![2]).toBe('lost');
});

describe('meters that contradict each other', () => {
  /** One sample each a second. */
  function play(samples: readonly (readonly [a: number | undefined, b: number | undefined])[]) {
    let before = NOTHING_COMBINED;
    let now = NOW;
    const said: { [id: string]: MeterState } = {};
    return samples.map(([a, b]) => {
      now += 1_000;
      for (const [id, amps] of [
        ['a', a],
        ['b', b],
      ] as const)
        if (amps !== undefined) said[id] = { reading: { currentAmps: onEachPhase(amps), measuredAt: now } };
      before = together([member('a', said.a), member('b', said.b)], before, now);
      return { amps: before.state.reading!.currentAmps.L1, kind: before.state.suspicion?.kind, ...before.state };
    });
  }
  const times = (count: number, a: number | undefined, b: number | undefined) =>
    Array.from({ length: count }, () => [a, b] as const);

  test.each([
    ['within the tolerance in amperes', 13, 10, undefined],
    ['beyond it', 13.1, 10, 'disagrees'],
    ['within the tolerance in parts', 100, 90, undefined],
    ['beyond it', 100, 89.9, 'disagrees'],
  ])('%s: %d and %d A', (_story, a, b, expected) => {
    expect(play(times(DISAGREEING_SAMPLES, a, b)).at(-1)!.kind).toBe(expected);
  });

  test('it takes several samples in a row, and as many to settle', () => {
    const kinds = play([...times(4, 20, 10), ...times(1, 20, 20), ...times(5, 20, 10), ...times(5, 20, 20)]).map(
      (one) => one.kind,
    );
    expect(kinds).toEqual([
      ...Array.from({ length: 9 }, () => undefined),
      ...Array.from({ length: 5 }, () => 'disagrees'),
      undefined,
    ]);
  });

  test('the same samples looked at again are no further samples', () => {
    const members = [member('a', state(20, 0)), member('b', state(10, 0))];
    let before = NOTHING_COMBINED;
    for (let again = 0; again < 10; again++) before = together(members, before);
    expect(before.state.suspicion).toBeUndefined();
  });

  test('the suspicion names the meter, the phase and the amperes, and keeps its beginning', () => {
    const told = play(times(7, 20, 10));
    expect(told.at(-1)!.suspicion).toEqual({
      kind: 'disagrees',
      detail:
        'B shows 10 A less than the highest on L1, B shows 10 A less than the highest on L2, B shows 10 A less than the highest on L3; the highest counts',
      since: NOW + 5_000,
    });
  });

  test('the higher one lost in a dispute frees nothing: the lower one counts with the difference', () => {
    const told = play([
      ...times(5, 50, 20),
      ...times(4, undefined, 20),
      ...times(1, undefined, 25),
      ...times(1, 24, 25),
    ]);
    expect(told.map((one) => one.amps)).toEqual([50, 50, 50, 50, 50, 50, 50, 50, 50, 55, 25]);
    expect(told.at(-2)!.kind).toBe('disagrees');
  });

  test('without a dispute the other one carries on by itself', () => {
    const told = play([...times(5, 20, 19), ...times(4, undefined, 19)]);
    expect(told.map((one) => one.amps)).toEqual([20, 20, 20, 20, 20, 20, 20, 20, 19]);
    expect(told.at(-1)!.kind).toBeUndefined();
  });
});

describe('whatever they say', () => {
  const anyState = fc.option(
    fc.record({
      amps: fc.tuple(...PHASES.map(() => fc.integer({ min: -40, max: 90 }))) as unknown as fc.Arbitrary<Triple>,
      ageMs: fc.constantFrom(-5, 0, 300, 1_999, 2_000, 2_001, 2_999, 3_000, 3_001, 20_000),
      ownMs: fc.option(fc.constantFrom(1_000, 10_000, 30_000), { nil: undefined }),
    }),
    { nil: undefined },
  );
  const anyMembers = fc.array(fc.record({ one: anyState, on: fc.subarray([...PHASES], { minLength: 1 }) }), {
    minLength: 1,
    maxLength: 5,
  });
  const built = (
    specs: readonly { one: { amps: Triple; ageMs: number; ownMs: number | undefined } | undefined; on: Phase[] }[],
  ) =>
    specs.map(({ one, on }, at) => {
      const at0 = one && NOW - one.ageMs;
      const until =
        one?.ownMs === undefined ? {} : { until: { fresh: at0! + one.ownMs, held: at0! + 1.5 * one.ownMs } };
      return member(`m${at}`, one && state(one.amps, one.ageMs, until), on);
    });
  const rank = { fresh: 2, held: 1, lost: 0 };

  test('it never shows less load than a member that is believed, nor is it fresher than each phase allows', () => {
    fc.assert(
      fc.property(anyMembers, (specs) => {
        const members = built(specs);
        const { reading } = together(members).state;
        for (const phase of PHASES) {
          const believed = members.filter(
            (one) => one.phases.includes(phase) && freshnessOf(one.state?.reading, NOW, AGES) !== 'lost',
          );
          if (!reading) continue;
          for (const one of believed)
            expect(reading.currentAmps[phase]).toBeGreaterThanOrEqual(one.state!.reading!.currentAmps[phase]);
          const best = Math.max(0, ...believed.map((one) => rank[freshnessOf(one.state!.reading, NOW, AGES)]));
          expect(rank[freshnessOf(reading, NOW, AGES)]).toBeLessThanOrEqual(best);
          const youngest = Math.max(...believed.map((one) => one.state!.reading!.measuredAt));
          if (believed.length > 0) expect(reading.measuredAt).toBeLessThanOrEqual(youngest);
        }
      }),
      runs(1_000),
    );
  });

  test('without one of them, or with one grown older, it is no fresher', () => {
    fc.assert(
      fc.property(anyMembers, fc.nat(4), fc.boolean(), (specs, which, removed) => {
        const members = built(specs);
        const at = which % members.length;
        const worse = members.flatMap((one, index) => {
          if (index !== at) return [one];
          const reading = one.state?.reading;
          if (removed || !reading) return [];
          return [
            {
              ...one,
              state: { reading: { ...reading, measuredAt: reading.measuredAt - 20_000, until: { fresh: 0, held: 0 } } },
            },
          ];
        });
        const freshness = (list: readonly Member[]) => rank[freshnessOf(together(list).state.reading, NOW, AGES)];
        expect(freshness(worse)).toBeLessThanOrEqual(freshness(members));
      }),
      runs(1_000),
    );
  });

  test('a dispute outlives the loss of the higher one: what counts never falls below it by that loss', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), fc.integer({ min: AGREEMENT_AMPS + 7, max: 60 }), (low, gap) => {
        let before = NOTHING_COMBINED;
        let now = NOW;
        const at = (amps: number): MeterState => ({ reading: { currentAmps: mapPhases(() => amps), measuredAt: now } });
        for (let sample = 0; sample < DISAGREEING_SAMPLES; sample++) {
          now += 1_000;
          before = together([member('a', at(low + gap)), member('b', at(low))], before, now);
        }
        now += 10_000;
        const after = together([member('b', at(low))], before, now);
        expect(after.state.reading!.currentAmps.L2).toBeCloseTo(low + gap, 9);
      }),
      runs(200),
    );
  });
});
