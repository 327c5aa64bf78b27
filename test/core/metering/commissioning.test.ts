// Commissioning by known loads: whatever the wiring, the loads show it, and the proposed settings make the meter right.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyWiring, assignments, type ChannelWiring } from '../../../src/core/metering/channel-wiring.ts';
import { analyse, type LoadTest, RATIO_TOLERANCE } from '../../../src/core/metering/commissioning.ts';
import type { KnownLoad } from '../../../src/core/metering/known-load.ts';
import { type ChannelReading, levelOf } from '../../../src/core/metering/load-step.ts';
import { USUAL_RATIOS } from '../../../src/core/metering/usual-ratios.ts';
import { mapPhases, onEachPhase, PHASES, type Phase, type PhaseAmps } from '../../../src/core/model/units.ts';

const VOLTS = 230;
const METER = { nominalVolts: VOLTS, knowsDirection: true };
const STRAIGHT: ChannelWiring = { phases: ['L1', 'L2', 'L3'], inverted: [], ratio: 1 };

/** What the meter's own channels say of the grid, as the wires run: `crossed` channels measure their current with another phase's voltage. */
function meterSees(truth: ChannelWiring, grid: PhaseAmps, crossed: readonly Phase[] = []): ChannelReading {
  const of = (channel: Phase) => {
    const phase = truth.phases[PHASES.indexOf(channel)];
    return phase === undefined ? 0 : (grid[phase] / truth.ratio) * (truth.inverted.includes(channel) ? -1 : 1);
  };
  const amps = mapPhases(of);
  const watts = mapPhases((channel) => VOLTS * of(channel) * (crossed.includes(channel) ? -0.5 : 1));
  return {
    // An unsigned meter's current gets the sign of its power.
    amps: mapPhases((channel) => (watts[channel] < 0 ? -1 : 1) * Math.abs(amps[channel])),
    watts,
    volts: onEachPhase(VOLTS),
  };
}

const load = (watts: number, ...phases: Phase[]): KnownLoad => ({
  text: `${watts} W on ${phases.join(' ')}`,
  watts,
  phases,
});

function switchOn(truth: ChannelWiring, one: KnownLoad, base: PhaseAmps, crossed: readonly Phase[] = []): LoadTest {
  const more = one.watts / one.phases.length / VOLTS;
  const on = mapPhases((phase) => base[phase] + (one.phases.includes(phase) ? more : 0));
  const level = (grid: PhaseAmps) => levelOf([meterSees(truth, grid, crossed)]);
  return { load: one, before: level(base), after: level(on) };
}

const BASE: PhaseAmps = { L1: 8, L2: 3, L3: 12 };
const each = (truth: ChannelWiring, crossed: readonly Phase[] = []) =>
  PHASES.map((phase) => switchOn(truth, load(3_000, phase), BASE, crossed));
const codes = (tests: readonly LoadTest[], present = STRAIGHT) =>
  analyse(tests, present, METER).findings.map(({ code }) => code);

describe('what the loads show', () => {
  test.each<[string, Partial<ChannelWiring>, readonly string[]]>([
    ['as the file says', {}, ['as-configured']],
    ['two phases swapped', { phases: ['L2', 'L1', 'L3'] }, ['phases-swapped']],
    ['all turned on', { phases: ['L2', 'L3', 'L1'] }, ['phases-swapped']],
    ['one transformer reversed', { inverted: ['L2'] }, ['reversed']],
    ['all reversed', { inverted: ['L1', 'L2', 'L3'] }, ['reversed']],
    ['behind 200/5', { ratio: 40 }, ['ratio-wrong']],
    [
      'everything at once',
      { phases: ['L3', 'L2', 'L1'], inverted: ['L1'], ratio: 50 },
      ['phases-swapped', 'reversed', 'ratio-wrong'],
    ],
  ])('%s', (_, parts, expected) => {
    const truth = { ...STRAIGHT, ...parts };
    const { findings, wiring, tested } = analyse(each(truth), STRAIGHT, METER);
    expect(findings.map(({ code }) => code)).toEqual(expected);
    expect(wiring).toEqual(truth);
    expect(tested).toEqual(PHASES);
    // And where the file says so already, there is nothing to change.
    expect(codes(each(truth), truth)).toEqual(['as-configured']);
  });

  test('settings that do harm are found like wires that do', () => {
    const present: ChannelWiring = { phases: ['L2', 'L1', 'L3'], inverted: ['L3'], ratio: 60 };
    const { wiring, findings } = analyse(each(STRAIGHT), present, METER);
    expect(wiring).toEqual(STRAIGHT);
    expect(findings.map(({ weight }) => weight)).toEqual(['file', 'file', 'file']);
  });

  test('a transformer on another phase than its voltage is a matter of wires, and no settings are proposed', () => {
    const { findings, wiring } = analyse(
      each({ ...STRAIGHT, phases: ['L2', 'L1', 'L3'] }, ['L1', 'L2']),
      STRAIGHT,
      METER,
    );
    expect(wiring).toBeUndefined();
    expect(findings.map(({ code, weight }) => `${code} ${weight}`)).toEqual(['crossed wires', 'crossed wires']);
    expect(findings[0]!.text).toContain("the meter's L1 shows half the power");
  });

  test('a load that nobody sees, one that moves too much, and two that contradict', () => {
    const dead = { ...switchOn(STRAIGHT, load(3_000, 'L1'), BASE), after: levelOf([meterSees(STRAIGHT, BASE)]) };
    expect(codes([dead])).toEqual(['load-unseen', 'untested']);
    const both = { ...switchOn(STRAIGHT, load(6_000, 'L1', 'L2'), BASE), load: load(3_000, 'L1') };
    expect(codes([both])).toEqual(['load-ambiguous', 'untested']);
    const said = { ...switchOn(STRAIGHT, load(3_000, 'L1'), BASE), load: load(3_000, 'L2') };
    expect(codes([switchOn(STRAIGHT, load(3_000, 'L1'), BASE), said])).toEqual(['tests-contradict', 'untested']);
    const fed = {
      ...switchOn(STRAIGHT, load(3_000, 'L1'), BASE),
      after: levelOf([meterSees(STRAIGHT, { ...BASE, L1: -5 })]),
    };
    expect(codes([switchOn(STRAIGHT, load(3_000, 'L1'), BASE), fed])).toEqual(['tests-contradict', 'untested']);
  });

  test('a step within the noise is none; clear of it, it is one', () => {
    const noisy = (amps: number) => [-1, 1].map((by) => meterSees(STRAIGHT, { ...BASE, L1: amps + by }));
    const at = (rise: number) => ({
      load: load(800, 'L1'),
      before: levelOf(noisy(8)),
      after: levelOf(noisy(8 + rise)),
    });
    expect(codes([at(3.9)])).toContain('load-unseen');
    expect(codes([at(4)])).not.toContain('load-unseen');
  });

  test.each<[number, number | undefined]>([
    // measured ÷ stated, and the ratio that is proposed: within 10 % the present one stays
    [0.91, 1],
    [1.09, 1],
    [1.12, undefined],
    [5.7, 6],
    [7, undefined],
    [9.5, 10],
    [40.2, 40],
    [105, 100],
    [112, 120],
  ])('a load that is %d times what the meter shows: %s', (times, ratio) => {
    const tests = PHASES.map((phase) => switchOn({ ...STRAIGHT, ratio: times }, load(3_000, phase), onEachPhase(0)));
    const { wiring, findings } = analyse(tests, STRAIGHT, METER);
    expect(wiring?.ratio).toBe(ratio);
    if (ratio === undefined) expect(findings[0]).toMatchObject({ code: 'ratio-wrong', weight: 'wires' });
  });

  test('one transformer of another ratio is named', () => {
    const tests = [
      switchOn({ ...STRAIGHT, ratio: 40 }, load(3_000, 'L1'), onEachPhase(0)),
      switchOn({ ...STRAIGHT, ratio: 20 }, load(3_000, 'L2'), onEachPhase(0)),
    ];
    const { findings, wiring } = analyse(tests, STRAIGHT, METER);
    expect(wiring).toBeUndefined();
    expect(findings[0]).toMatchObject({ code: 'ratios-differ', weight: 'wires' });
    expect(findings[0]!.text).toContain('L1 40, L2 20');
  });

  test('a car on three phases shows direction and ratio, not the order; what is not tested stays as configured', () => {
    const truth: ChannelWiring = { phases: ['L2', 'L1', 'L3'], inverted: ['L2'], ratio: 40 };
    const car = switchOn(truth, load(11_000, 'L1', 'L2', 'L3'), BASE);
    expect(analyse([car], STRAIGHT, METER).wiring).toEqual({ ...truth, phases: ['L1', 'L2', 'L3'] });
    const one = analyse([switchOn(truth, load(3_000, 'L3'), BASE)], STRAIGHT, METER);
    expect(one.wiring).toEqual({ phases: ['L1', 'L2', 'L3'], inverted: [], ratio: 40 });
    expect(one.findings.map(({ code }) => code)).toEqual(['ratio-wrong', 'untested']);
    expect(one.findings[1]!.text).toContain("the meter's L1, L2");
  });

  test('a meter that gives sizes only keeps its direction; one without powers goes by its currents', () => {
    const sizes = each({ ...STRAIGHT, inverted: ['L1'] }).map((one) => ({
      ...one,
      before: levelOf([{ amps: mapPhases((phase) => Math.abs(one.before.amps[phase])) }]),
      after: levelOf([{ amps: mapPhases((phase) => Math.abs(one.after.amps[phase])) }]),
    }));
    for (const present of [STRAIGHT, { ...STRAIGHT, inverted: ['L2'] as const }]) {
      const { wiring, findings } = analyse(sizes, present, { ...METER, knowsDirection: false });
      expect(wiring).toEqual(present);
      expect(findings.map(({ code }) => code)).toEqual(['as-configured', 'direction-unknown']);
    }
    const signed = each({ ...STRAIGHT, inverted: ['L1'] }).map((one) => ({
      ...one,
      before: levelOf([{ amps: one.before.amps }]),
      after: levelOf([{ amps: one.after.amps }]),
    }));
    expect(analyse(signed, STRAIGHT, METER).wiring?.inverted).toEqual(['L1']);
  });

  test('a meter of one phase: a load on it, one beside it, and a car on all three', () => {
    const truth: ChannelWiring = { phases: ['L2'], inverted: ['L1'], ratio: 1 };
    const present: ChannelWiring = { phases: ['L1'], inverted: [], ratio: 1 };
    const { wiring, findings } = analyse([switchOn(truth, load(3_000, 'L2'), BASE)], present, METER);
    expect(wiring).toEqual(truth);
    expect(findings.map(({ code }) => code)).toEqual(['phases-swapped', 'reversed']);
    expect(codes([switchOn(truth, load(3_000, 'L3'), BASE)], present)).toEqual(['load-unseen', 'untested']);
    expect(codes([switchOn(truth, load(11_000, 'L1', 'L2', 'L3'), BASE)], truth)).toEqual(['as-configured']);
  });
});

/** Behind larger ones 1 kW is less than the last digit of a meter. */
const RATIOS = USUAL_RATIOS.filter((ratio) => ratio <= 400);

const wirings = (ratios: readonly number[]) =>
  fc.record({
    phases: fc.constantFrom(...assignments(3)),
    inverted: fc.subarray([...PHASES]),
    ratio: fc.constantFrom(...ratios),
  });

test('whatever the wires and whatever the file, the proposed settings show every load where it is, as large as it is', () => {
  const grids = fc.record({
    L1: fc.double({ min: -60, max: 60, noNaN: true }),
    L2: fc.constant(4),
    L3: fc.constant(-9),
  });
  const watts = fc.integer({ min: 1_000, max: 7_000 });
  fc.assert(
    fc.property(
      wirings(RATIOS),
      wirings(RATIOS),
      grids,
      fc.tuple(watts, watts, watts),
      (truth, present, base, each) => {
        const tests = PHASES.map((phase, at) => switchOn(truth, load(each[at]!, phase), base));
        const { wiring } = analyse(tests, present, METER);
        expect(wiring?.phases).toEqual(truth.phases);
        expect(wiring?.inverted).toEqual(truth.inverted);
        expect(Math.abs(wiring!.ratio / truth.ratio - 1)).toBeLessThanOrEqual(RATIO_TOLERANCE);
        const grid = mapPhases((phase) => base[phase] + each[PHASES.indexOf(phase)]! / VOLTS);
        const shown = applyWiring(wiring!, meterSees(truth, grid));
        for (const phase of PHASES) {
          expect(shown.amps[phase]).toBeCloseTo((grid[phase] * wiring!.ratio) / truth.ratio, 6);
          expect(Math.sign(shown.watts![phase])).toBe(Math.sign(grid[phase]));
        }
      },
    ),
  );
});

test('a meter that is right is never told to change', () => {
  fc.assert(
    fc.property(wirings(RATIOS), fc.double({ min: 0.92, max: 1.08, noNaN: true }), (truth, off) => {
      const tests = PHASES.map((phase) => ({
        ...switchOn(truth, load(3_000 * off, phase), BASE),
        load: load(3_000, phase),
      }));
      const { wiring, findings } = analyse(tests, truth, METER);
      expect(wiring).toEqual(truth);
      expect(findings.map(({ code }) => code)).toEqual(['as-configured']);
    }),
  );
});
