// Nothing between 0 A and the minimum: neither told nor drawn.
import { describe, expect, test } from 'vitest';
import type { Command } from '../../../src/core/model/decision.ts';
import { ZeroOrMinimumChecker } from '../../../src/simulator/checks/zero-or-minimum.ts';
import { cycleRecord, T0 } from '../../support/cycle-record.ts';
import { buildSite, genericAc } from '../../support/site-builder.ts';
import { installProfile, truth, watch } from '../../support/truth.ts';

const site = buildSite();
const told = (...commands: readonly Command[]) =>
  new ZeroOrMinimumChecker({ site }).onCycle(cycleRecord(site, { decision: { commands } }), truth(site));

describe('a commanded limit', () => {
  test.each([0, 6, 6.1, 32])('of %d A is sound', (limitAmps) => {
    expect(told(installProfile('A/1', { limitAmps }), installProfile('B/1', { role: 'floor', limitAmps }))).toEqual([]);
  });

  test.each([0.1, 5.9, 32.1, -1, Number.NaN, Number.POSITIVE_INFINITY])('of %d A is a violation', (limitAmps) => {
    const found = told(installProfile('A/1', { limitAmps }), installProfile('B/1', { limitAmps: 10 }));
    expect(found).toEqual([
      {
        checker: 'zero-or-minimum',
        at: T0,
        text: `A/1 was commanded a lease of ${limitAmps} A; it had to be 0 A or from 6 A to 32 A.`,
      },
    ]);
  });

  test('whose profile says something else than the command is one', () => {
    const command = installProfile('A/1', { limitAmps: 10 });
    const periods = [
      { startPeriodSeconds: 0, limit: 10 },
      { startPeriodSeconds: 30, limit: 3 },
    ];
    const schedule = { ...command.profile.schedule, periods };
    expect(told({ ...command, profile: { ...command.profile, schedule } })[0]!.text).toMatch(/with a period of 3 A/);
    const watts = { ...schedule, unit: 'W' as const, periods: [{ startPeriodSeconds: 0, limit: 1_242 }] };
    expect(told({ ...command, profile: { ...command.profile, schedule: watts } })).toEqual([]);
    const below = { ...watts, periods: [{ startPeriodSeconds: 0, limit: -1 }] };
    expect(told({ ...command, profile: { ...command.profile, schedule: below } })).toHaveLength(1);
  });

  test('for an EVSE that is not there is one', () => {
    expect(told(installProfile('Z/1', { limitAmps: 10 }))[0]!.text).toMatch(/Z\/1, which the site does not have/);
  });
});

describe('what an EVSE draws', () => {
  const drawn = (amps: number | readonly number[], errs = false) => ({ evses: { 'A/1': { drawn: amps, errs } } });

  test('between nothing and its minimum is a violation once the car has had its ramp, and once only', () => {
    const checker = new ZeroOrMinimumChecker({ site });
    expect(watch(checker, site, drawn([3, 3, 0]), 10)).toEqual([]);
    const found = watch(checker, site, drawn([3, 3, 0]), 100, T0 + 10_000);
    expect(found).toEqual([
      {
        checker: 'zero-or-minimum',
        at: T0 + 11_000,
        text: 'A/1 has drawn 3.0 A, 3.0 A, 0.0 A for 11 s; it had to be 0 A or at least 6.0 A.',
      },
    ]);
    expect(checker.figures()).toMatchObject({ longestBetweenSeconds: 110 });
  });

  test('on its way up or down is none', () => {
    const checker = new ZeroOrMinimumChecker({ site });
    for (let turn = 0; turn < 20; turn++) {
      expect(watch(checker, site, drawn(3), 10)).toEqual([]);
      expect(watch(checker, site, drawn(turn % 2 === 0 ? 0 : 6), 1)).toEqual([]);
    }
  });

  test('is its own affair while the charger errs', () => {
    expect(watch(new ZeroOrMinimumChecker({ site }), site, drawn(3, true), 100)).toEqual([]);
  });

  test('may be a tenth less where the charger takes watts', () => {
    const watts = buildSite({ profile: { ...genericAc, unit: 'W' } });
    expect(watch(new ZeroOrMinimumChecker({ site: watts }), watts, drawn(5.4), 100)).toEqual([]);
    expect(watch(new ZeroOrMinimumChecker({ site: watts }), watts, drawn(5), 100)).toHaveLength(1);
    expect(watch(new ZeroOrMinimumChecker({ site }), site, drawn(5.4), 100)).toHaveLength(1);
  });
});
