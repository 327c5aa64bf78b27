// What speaks for a profile and what cannot be, on values that devices really give.
import { expect, test } from 'vitest';
import type { PointValues } from '../../src/modbus/decode.ts';
import { fitOfValues } from '../../src/modbus/profile-fit.ts';
import { profileOf } from '../support/meter-vectors.ts';

const profile = profileOf('eastron-sdm630');
const LIVING: PointValues = {
  v_l1: 230.1,
  v_l2: 231.2,
  v_l3: 229.3,
  i_l1: 10.5,
  i_l2: 20.2,
  i_l3: 0,
  p_l1: 2_410,
  p_l2: 4_650,
  p_l3: 0,
  p_total: 7_060,
  f: 50,
  e_imp: 12_345.6,
};

test('a living grid speaks for a profile, with the reasons in words', () => {
  expect(fitOfValues(profile, LIVING)).toEqual({
    score: 16,
    reasons: [
      '3 voltages of 229.3 to 231.2 V',
      '50 Hz',
      '2 currents of 10.5 to 20.2 A',
      'power fits V × I on 2 phases',
      'sum of phases = total',
    ],
  });
});

test.each<[string, PointValues, number, string | undefined]>([
  ['nothing but zeros', { v_l1: 0, i_l1: 0, p_total: 0 }, 0, undefined],
  ['not available', { v_l1: 'unavailable' }, 0, undefined],
  ['volts alone', { v_l1: 230 }, 2, undefined],
  ['120 V and 60 Hz', { v_l1: 120, f: 60 }, 4, undefined],
  ['the edges of the bands', { v_l1: 184, v_l2: 333, v_l3: 96, f: 49 }, 8, undefined],
  ['below the band', { v_l1: 183.9 }, 0, '183.9 V'],
  ['above the band', { v_l1: 333.1 }, 0, '333.1 V'],
  ['between the networks', { v_l1: 145 }, 0, '145 V'],
  ['railway current', { v_l1: 230, f: 16.7 }, 0, '16.7 Hz'],
  ['tenths of a hertz', { f: 500 }, 0, '500 Hz'],
  ['bits of something else', { v_l1: 230, i_l1: 1.4e-41 }, 0, 'i_l1 is 1.4e-41'],
  ['no number', { v_l1: 230, p_l1: Number.NaN }, 0, 'p_l1 is NaN'],
  ['more amperes than a city', { i_l1: 20_001 }, 0, '20000 A'],
  ['kilowatts for watts', { v_l1: 230, i_l1: 10, p_l1: 2.3 }, 0, 'power factor 0.001 on L1'],
  ['watts for kilowatts', { v_l1: 230, i_l1: 10, p_l1: 2_300_000 }, 0, 'power factor 1000 on L1'],
  ['a phase at rest says nothing of scales', { v_l1: 230, i_l1: 0.4, p_l1: 2 }, 3, undefined],
  ['phases that miss the total', { ...LIVING, p_total: 9_000 }, 0, 'sum of phases 7060 W, total 9000 W'],
])('%s', (_, values, score, against) => {
  const fit = fitOfValues(profile, values);
  expect([fit.score, fit.against]).toEqual([score, against]);
});
