// What a floor and a lease say on the wire's level: unit, end, stack level; watts never let more amperes flow than were meant.
import { describe, expect, test } from 'vitest';
import { buildProfile } from '../../../src/core/command/charging-profile.ts';
import { buildSite, evse, genericAc } from '../../support/site-builder.ts';
import { World } from '../../support/world.ts';

const NOW = Date.UTC(2026, 0, 1, 12);
const input = {
  role: 'lease' as const,
  evse: evse({ station: 'A' }),
  profile: genericAc,
  limitAmps: 16.04,
  phases: 3,
  nominalVolts: 230,
  stationNow: NOW,
};

describe('a lease and a floor', () => {
  test('a lease ends its life after the decision, by absolute times; a floor never ends', () => {
    const lease = buildProfile(input).schedule;
    expect(lease.startSchedule! + lease.durationSeconds! * 1000).toBe(NOW + genericAc.leaseMs);
    const floor = buildProfile({ ...input, role: 'floor' });
    expect(floor.schedule.durationSeconds).toBeUndefined();
    expect(floor.schedule.startSchedule).toBeLessThan(NOW - 3_600_000);
    expect(floor.stackLevel).toBeLessThan(buildProfile(input).stackLevel);
  });

  test('on the wire: one id for each EVSE and role, one period, a lease back-dated by a minute, a floor by a day', () => {
    const second = { ...input, evse: evse({ station: 'A', number: 2 }) };
    const schedule = { unit: 'A', periods: [{ startPeriodSeconds: 0, limit: 16 }] };
    expect(buildProfile(second)).toEqual({
      id: 9_021,
      stackLevel: 1,
      purpose: 'TxDefaultProfile',
      kind: 'Absolute',
      schedule: { ...schedule, startSchedule: NOW - 60_000, durationSeconds: 120 },
    });
    expect(buildProfile({ ...second, role: 'floor' })).toEqual({
      id: 9_020,
      stackLevel: 0,
      purpose: 'TxDefaultProfile',
      kind: 'Absolute',
      schedule: { ...schedule, startSchedule: NOW - 86_400_000 },
    });
    expect(buildProfile(input).id).toBe(9_011);
  });

  test('a transaction is named in a TxProfile alone, and only when there is one', () => {
    const byTx = { ...genericAc, lease: { purpose: 'TxProfile', stackLevel: 3 } } as const;
    const running = { ...input, transactionId: '7' };
    expect(buildProfile({ ...running, profile: byTx })).toMatchObject({ purpose: 'TxProfile', transactionId: '7' });
    expect(buildProfile({ ...input, profile: byTx })).not.toHaveProperty('transactionId');
    expect(buildProfile(running)).not.toHaveProperty('transactionId');
  });

  test.each([
    // unit, amps, phases, efficiency, limit on the wire
    ['A', 16.04, 3, undefined, 16],
    ['A', 5.99, 1, undefined, 5.9],
    ['W', 10, 1, undefined, 2070],
    ['W', 10, 3, undefined, 6210],
    ['W', 10, 3, 0.9, 5589],
    ['W', 0, 3, 0.9, 0],
  ] as const)('%s: %f A on %i phases, efficiency %s → %f', (unit, limitAmps, phases, efficiency, expected) => {
    const one = { ...input.evse, ...(efficiency === undefined ? {} : { efficiency }) };
    const { schedule } = buildProfile({ ...input, evse: one, profile: { ...genericAc, unit }, limitAmps, phases });
    expect(schedule.periods).toEqual([{ startPeriodSeconds: 0, limit: expected }]);
  });

  test('an AC charger that takes watts is told no more than one phase may carry', () => {
    const world = new World(buildSite({ profile: { ...genericAc, unit: 'W' } }));
    const [command] = world.step().commands;
    expect(command).toMatchObject({ role: 'floor', limitAmps: 6 });
    expect(command!.profile.schedule.periods[0]!.limit).toBeLessThanOrEqual(6 * 230);
  });
});
