// A part of a meter that stands while the rest lives is found; loads that are merely steady are not.
import { describe, expect, test } from 'vitest';
import type { Sample } from '../../../src/core/metering/sample.ts';
import { type StuckState, stuckAfter } from '../../../src/core/metering/stuck-part.ts';

const BOUNDS = { frozenAfterMs: 10_000, factor: 1 };
type Three = readonly [number, number, number];
const at = ([L1, L2, L3]: Three) => ({ L1, L2, L3 });
/** A value that is never the same twice. */
const alive = (value: number, second: number) => value * (1 + (second % 97) / 10_000);

/** The first second in which something stands, and what is said of it. */
function firstStuck(seconds: number, sampleAt: (second: number) => Sample, bounds = BOUNDS) {
  let previous: StuckState = {};
  for (let second = 0; second < seconds; second++) {
    const { next, stuck } = stuckAfter(bounds, previous, sampleAt(second), second * 1_000);
    if (stuck) return { second, ...stuck };
    previous = next;
  }
  return undefined;
}

const living = (second: number, amps: Three): Sample => ({
  currentAmps: at([alive(amps[0], second), alive(amps[1], second), alive(amps[2], second)]),
  volts: at([alive(230, second), alive(230, second), alive(230, second)]),
  powerWatts: at([alive(amps[0] * 230, second), alive(amps[1] * 230, second), alive(amps[2] * 230, second)]),
});

describe('one phase', () => {
  const stuck = (amps: number) => (second: number) => {
    const whole = living(second, [20, 20, 20]);
    return {
      currentAmps: { ...whole.currentAmps, L2: amps },
      volts: { ...whole.volts!, L2: 231 },
      powerWatts: { ...whole.powerWatts!, L2: amps * 230 },
    };
  };
  test('that carries current and stands for thrice as long as a whole meter may', () => {
    expect(firstStuck(60, stuck(20))).toEqual({
      ...{ second: 31, since: 0 },
      detail: 'L2 stands for 31 s while other phases move',
    });
    expect(firstStuck(31, stuck(20))).toBeUndefined();
    expect(firstStuck(60, stuck(1))).toMatchObject({ second: 31 });
  });
  test('but not one at rest, nor when the others stand too, nor before ten samples', () => {
    expect(firstStuck(600, stuck(0.9))).toBeUndefined();
    expect(firstStuck(600, () => living(0, [20, 20, 20]))).toBeUndefined();
    const seldom = (sample: number) => stuck(20)(sample);
    let previous: StuckState = {};
    const found = Array.from({ length: 11 }, (_, sample) => {
      const { next, stuck: one } = stuckAfter(BOUNDS, previous, seldom(sample), sample * 9_000);
      previous = next;
      return one !== undefined;
    });
    expect(found.indexOf(true)).toBe(9);
  });
  test('and nothing is said of a meter that gives currents alone', () => {
    const alone = (second: number): Sample => ({
      currentAmps: { L1: 16, L2: alive(20, second), L3: alive(9, second) },
    });
    expect(firstStuck(600, alone)).toBeUndefined();
  });
});

describe('a current beside its power', () => {
  const beside = (amps: (second: number) => number, watts: (second: number) => number) => (second: number) => {
    const whole = living(second, [20, 20, 20]);
    return {
      ...whole,
      currentAmps: { ...whole.currentAmps, L3: amps(second) },
      powerWatts: { ...whole.powerWatts!, L3: watts(second) },
    };
  };
  const ramp = (second: number) => 1_000 + second * 60;
  test('stands while the power goes far, or the other way round', () => {
    expect(
      firstStuck(
        90,
        beside(() => 20, ramp),
      ),
    ).toMatchObject({
      detail: expect.stringContaining('the current of L3 stands'),
    });
    expect(
      firstStuck(
        90,
        beside(
          (second) => ramp(second) / 230,
          () => 1_500,
        ),
      ),
    ).toMatchObject({
      detail: expect.stringContaining('the power of L3 stands'),
    });
  });
  test('may be coarse: a power that moves within one step of it proves nothing', () => {
    expect(
      firstStuck(
        900,
        beside(
          () => 20,
          (second) => 4_500 + (second % 5) * 90,
        ),
      ),
    ).toBeUndefined();
    // Behind transformers of 1:40 a step of the current is 40 A.
    expect(
      firstStuck(
        90,
        beside(() => 40, ramp),
        { ...BOUNDS, factor: 40 },
      ),
    ).toBeUndefined();
  });
});
