// What a first look and a wiring's two spellings are worth: number tables, and that nothing is lost between site file and channels.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { channelsOf, settingsFor, type WiringSettings } from '../../../src/core/metering/channel-settings.ts';
import { assignments, type ChannelWiring } from '../../../src/core/metering/channel-wiring.ts';
import { firstLook } from '../../../src/core/metering/first-look.ts';
import { isSteady, levelOf, stepBetween } from '../../../src/core/metering/load-step.ts';
import { onEachPhase, PHASES, type Phase } from '../../../src/core/model/units.ts';

const amps = onEachPhase(5);

describe('the first look', () => {
  test.each<[number, string | undefined]>([
    // volts on L1 of a 230 V network; EN 50160 allows a tenth either way
    [230, undefined],
    [207, undefined],
    [253, undefined],
    [206.9, 'check the taps'],
    [253.1, 'check the taps'],
    [0.3, 'the fuse of its voltage tap is open'],
    [400, 'it measures between two phases'],
    [133, 'the neutral floats'],
    [57.7, 'voltageFactor'],
  ])('%d V', (volts, words) => {
    const findings = firstLook({ currentAmps: amps, volts: { L1: volts, L2: 230, L3: 230 } }, 230, undefined);
    expect(findings.map(({ code }) => code)).toEqual(words === undefined ? [] : ['voltage-band']);
    if (words !== undefined) expect(findings[0]!.text).toContain(words);
  });

  test.each<[number, boolean]>([
    [50, true],
    [49, true],
    [61, true],
    [48.9, false],
    [55, false],
    [500, false],
  ])('%d Hz: %s', (frequencyHz, isRight) => {
    expect(firstLook({ currentAmps: amps, frequencyHz }, 230, undefined)).toHaveLength(isRight ? 0 : 1);
  });

  test('a phase that the meter does not measure is not missed, a doubt is told, and no sample is no crash', () => {
    const volts = { L1: 0, L2: 230, L3: 0 };
    expect(firstLook({ currentAmps: amps, volts, phases: ['L2'] }, 230, undefined)).toEqual([]);
    expect(firstLook(undefined, 230, 'no current on L1')).toMatchObject([{ code: 'doubted', weight: 'wires' }]);
  });
});

describe('settings of the site file and channels', () => {
  test.each<[WiringSettings, ChannelWiring]>([
    [{ factor: 1 }, { phases: ['L1', 'L2', 'L3'], inverted: [], ratio: 1 }],
    [{ factor: -40 }, { phases: ['L1', 'L2', 'L3'], inverted: ['L1', 'L2', 'L3'], ratio: 40 }],
    // invertPhases names phases of the grid; the meter's own L1 measures L2 here
    [
      { factor: 1, phases: ['L2', 'L3', 'L1'], invertPhases: ['L2'] },
      { phases: ['L2', 'L3', 'L1'], inverted: ['L1'], ratio: 1 },
    ],
    [
      { factor: -1, invertPhases: ['L3'] },
      { phases: ['L1', 'L2', 'L3'], inverted: ['L1', 'L2'], ratio: 1 },
    ],
    [
      { factor: 5, phases: ['L3'] },
      { phases: ['L3'], inverted: [], ratio: 5 },
    ],
  ])('%j', (settings, wiring) => {
    expect(channelsOf(settings, 3)).toEqual(wiring);
    expect(settingsFor(wiring, settings)).toBe(settings);
  });

  test('what is found and written down is read again as it was found, whatever the file said before', () => {
    const wirings = fc.integer({ min: 1, max: 3 }).chain((count) =>
      fc.record({
        phases: fc.constantFrom(...assignments(count)),
        inverted: fc.subarray(PHASES.slice(0, count)),
        ratio: fc.constantFrom(1, 20, 40),
      }),
    );
    fc.assert(
      fc.property(wirings, wirings, fc.boolean(), (found, other, isNegative) => {
        const present: WiringSettings = { factor: isNegative ? -other.ratio : other.ratio, phases: other.phases };
        const count = found.phases.length;
        expect(channelsOf(settingsFor(found, present), count)).toEqual(found);
      }),
    );
  });
});

describe('levels and steps', () => {
  const reading = (l1: number, l2 = 0) => ({ amps: { L1: l1, L2: l2, L3: 0 } });
  const at = (l1: number, noise = 0) => levelOf([reading(l1 - noise), reading(l1 + noise)]);

  test('a level is the mean, its noise half the spread, and watts only where every reading has them', () => {
    const watts = onEachPhase(100);
    const level = levelOf([{ ...reading(1), watts }, reading(4), reading(1)]);
    expect(level.amps.L1).toBe(2);
    expect(level.noiseAmps.L1).toBe(1.5);
    expect(level).not.toHaveProperty('watts');
    expect(levelOf([{ ...reading(1), watts }]).watts).toEqual(watts);
  });

  test.each<[number, number, readonly Phase[]]>([
    // amperes on L1 and L2 after rest: which have taken part
    [0.0099, 0, []],
    [0.01, 0, ['L1']],
    [10, 2.49, ['L1']],
    [10, 2.5, ['L1', 'L2']],
    [-10, 0, ['L1']],
  ])('a step of %d A and %d A', (l1, l2, channels) => {
    expect(stepBetween(levelOf([reading(0)]), levelOf([reading(l1, l2)])).channels).toEqual(channels);
  });

  test.each<[number, boolean]>([
    [0, true],
    [1.5, true],
    [1.51, false],
  ])('after a step of 10 A a noise of %d A is rest: %s', (noise, isRest) => {
    expect(isSteady(at(0), at(10, noise))).toBe(isRest);
  });

  test('a building that is restless before may be as restless after', () => {
    expect(isSteady(at(0, 1), at(10, 2))).toBe(true);
    expect(isSteady(at(0, 1), at(10, 2.1))).toBe(false);
  });
});
