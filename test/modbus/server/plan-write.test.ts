// What may be written, word by word: whole values within bounds, and nothing else.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CAP_AT, COARSE_AT, EXCEPTION, HEARTBEAT_AT, planWrite } from '../../../src/modbus/server/plan-write.ts';
import { AMPS_CAP, WATTS_CAP } from '../../support/device-world.ts';
import { floatWords } from '../../support/modbus-world.ts';

const { ILLEGAL_ADDRESS, ILLEGAL_VALUE } = EXCEPTION;
const quietNaN = [0x7fc0, 0];

test('the registers are those of the documentation', () => {
  expect([CAP_AT, HEARTBEAT_AT, COARSE_AT]).toEqual([100, 102, 103]);
});

test.each<[string, number, readonly number[], unknown]>([
  ['the cap', 100, floatWords(32), { write: { value: 32 } }],
  ['the cap and the heartbeat', 100, [...floatWords(32), 7], { write: { value: 32, beat: 7 } }],
  ['the heartbeat', 102, [0], { write: { beat: 0 } }],
  ['the heartbeat and the coarse cap', 102, [9, 161], { write: { value: 16.1, beat: 9 } }],
  ['the coarse cap', 103, [161], { write: { value: 16.1 } }],
  ['zero', 100, floatWords(0), { write: { value: 0 } }],
  ['minus zero is zero', 100, floatWords(-0), { write: { value: 0 } }],
  ['all that the circuit can carry', 100, floatWords(63), { write: { value: 63 } }],
  ['coarsely too', 103, [630], { write: { value: 63 } }],
  ['a hair more', 100, floatWords(63.001), { exception: ILLEGAL_VALUE }],
  ['a tenth more', 103, [631], { exception: ILLEGAL_VALUE }],
  ['less than nothing', 100, floatWords(-0.001), { exception: ILLEGAL_VALUE }],
  ['no number', 100, quietNaN, { exception: ILLEGAL_VALUE }],
  ['infinity', 100, floatWords(Number.POSITIVE_INFINITY), { exception: ILLEGAL_VALUE }],
  ['"not available"', 103, [0xffff], { exception: ILLEGAL_VALUE }],
  ['a good heartbeat beside a bad cap', 100, [...quietNaN, 7], { exception: ILLEGAL_VALUE }],
  ['the first half of the cap', 100, [0x4200], { exception: ILLEGAL_ADDRESS }],
  ['the second half', 101, [0], { exception: ILLEGAL_ADDRESS }],
  ['the second half and the heartbeat', 101, [0, 7], { exception: ILLEGAL_ADDRESS }],
  ['the cap in both its forms', 100, [...floatWords(32), 7, 320], { exception: ILLEGAL_ADDRESS }],
  ['a register that is only read', 104, [2], { exception: ILLEGAL_ADDRESS }],
  ['a measured value', 1_028, floatWords(1), { exception: ILLEGAL_ADDRESS }],
  ['a writable register and the next', 103, [100, 2], { exception: ILLEGAL_ADDRESS }],
])('%s', (_what, address, words, expected) => {
  expect(planWrite(AMPS_CAP, address, words)).toEqual(expected);
});

describe('at the rating, whatever float it is', () => {
  // The nearest float of 62.7 lies above it, that of 63.1 below.
  test.each([62.7, 63.1])('%d A', (most) => {
    expect(planWrite({ ...AMPS_CAP, most }, 100, floatWords(most))).toEqual({
      write: { value: Math.min(Math.fround(most), most) },
    });
  });
});

test('in watts the coarse cap counts in tenths of a kilowatt', () => {
  expect(planWrite(WATTS_CAP, 103, [42])).toEqual({ write: { value: 4_200 } });
  expect(planWrite(WATTS_CAP, 103, [471])).toEqual({ exception: ILLEGAL_VALUE });
});

test('whatever is written where: a refusal of the standard, or a number from 0 to the most', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 90, max: 120 }),
      fc.array(fc.nat(0xffff), { minLength: 1, maxLength: 6 }),
      (address, words) => {
        const plan = planWrite(AMPS_CAP, address, words);
        if ('exception' in plan) expect([2, 3]).toContain(plan.exception);
        else if (plan.write.value !== undefined) {
          expect(plan.write.value).toBeGreaterThanOrEqual(0);
          expect(plan.write.value).toBeLessThanOrEqual(AMPS_CAP.most);
        } else expect(plan.write.beat).toBeDefined();
      },
    ),
    { numRuns: 500 },
  );
});
