// Loads and displays as people type them.
import { describe, expect, test } from 'vitest';
import { compareDisplay, parseDisplayValues } from '../../../src/core/metering/display-check.ts';
import { LOAD_WATTS, parseKnownLoad } from '../../../src/core/metering/known-load.ts';
import { usualRatioNear } from '../../../src/core/metering/usual-ratios.ts';
import type { Phase } from '../../../src/core/model/units.ts';

const EVSES: readonly { readonly id: string; readonly phases: readonly Phase[] }[] = [
  { id: 'CP01/1', phases: ['L2', 'L3', 'L1'] },
  { id: 'CP02/1', phases: ['L3'] },
];

test.each([
  ['3 kW on L2', 3_000, 'L2'],
  ['3kW L2', 3_000, 'L2'],
  ['2000 W on l1', 2_000, 'L1'],
  ['13 A on L3', 2_990, 'L3'],
  ['11.04 kW on L1 L2 L3', 11_040, 'L1 L2 L3'],
  ['11 kw on L3, L1', 11_000, 'L1 L3'],
  ['16 A on L1+L2', 7_360, 'L1 L2'],
  ['CP01/1 11 kW', 11_000, 'L2 L3 L1'],
  ['CP01/1 3.6 kW on 1 phase', 3_600, 'L2'],
  ['CP01/1 16 A on 2 phases', 7_360, 'L2 L3'],
  ['CP02/1 16 A', 3_680, 'L3'],
  ['200 W on L1', LOAD_WATTS.from, 'L1'],
  ['400 kW on L1 L2 L3', LOAD_WATTS.to, 'L1 L2 L3'],
])('%s is %d W on %s', (text, watts, phases) => {
  const result = parseKnownLoad(text, EVSES, 230);
  expect(result).toMatchObject({ kind: 'load', load: { watts, text } });
  expect(result.kind === 'load' && result.load.phases.join(' ')).toBe(phases);
});

test.each([
  ['', /a load such as "3 kW on L2"/],
  ['heater', /a load such as/],
  ['3 kW', /the phases it is on/],
  ['3 kW on L4', /the phases it is on/],
  ['3 kW on L1 and L2', /the phases it is on/],
  ['-3 kW on L1', /a load such as/],
  ['199 W on L1', /a load from 200 W to 400 kW/],
  ['401 kW on L1 L2 L3', /a load from 200 W to 400 kW/],
  ['CP09/1 3 kW', /a load such as/],
  ['CP02/1 3 kW on 2 phases', /"on 1 phase"/],
  ['CP01/1 3 kW on L1', /on 3 phases/],
])('%s is refused', (text, expected) => {
  expect(parseKnownLoad(text, EVSES, 230)).toMatchObject({
    kind: 'refused',
    expected: expect.stringMatching(expected),
  });
});

describe('the display', () => {
  const reading = {
    amps: { L1: 10.5, L2: -20.2, L3: 0.31 },
    volts: { L1: 230.1, L2: 231.2, L3: 229.3 },
    watts: { L1: 2_410, L2: -4_680, L3: 70 },
  };

  test.each<[string, number, boolean, RegExp]>([
    ['10.5 20.2 0.3', 1, true, /the same within 2 %/],
    ['10.5 -20.2 0.3 A', 1, true, /the same/],
    ['10,5; 20,2; 0,3', 1, true, /the same/],
    // 2 % of what is there, or one last digit
    ['10.7 20.2 0.3', 1, true, /the same/],
    ['10.72 20.20 0.31', 1, false, /they differ/],
    ['11 20 0', 1, true, /the same/],
    ['420 808 12.4 A', 40, true, /with the ratio of 40, which the display applies/],
    ['420 808 12.4 A', 50, false, /they differ/],
    ['105 202 3.1', 1, false, /by a factor of 10; the profile is for another variant/],
    ['230 231 229 V', 1, true, /the same/],
    ['400 400 400 V', 40, false, /they differ/],
    ['2.41 4.68 0.07 kW', 1, true, /the same/],
  ])('%s at ratio %d: %s', (text, ratio, isSame, words) => {
    const verdict = compareDisplay(parseDisplayValues(text)!, reading, ratio);
    expect(verdict.isSame).toBe(isSame);
    expect(verdict.text).toMatch(words);
    expect(verdict.displayRatio).toBe(/which the display applies/.test(verdict.text) ? ratio : undefined);
  });

  test.each(['', '10.5', '10.5 20.2', '10.5 20.2 x', '1 2 3 4', '10.5 20.2 30.7 kWh'])(
    '"%s" is no reading of a display',
    (text) => {
      expect(parseDisplayValues(text)).toBeUndefined();
    },
  );

  test('a meter without powers has none to compare', () => {
    const { isSame, text } = compareDisplay(parseDisplayValues('1 2 3 W')!, { amps: reading.amps }, 1);
    expect([isSame, text]).toEqual([false, 'the meter has no W in its registers to compare']);
  });
});

test.each([
  [1, 1],
  [1.05, 1],
  [0.4, undefined],
  [5.9, 6],
  [41, 40],
  [246, 250],
  [244, 240],
  [7_000, undefined],
])('the usual ratio near %d is %s', (measured, ratio) => {
  expect(usualRatioNear(measured, 0.1)).toBe(ratio);
});
