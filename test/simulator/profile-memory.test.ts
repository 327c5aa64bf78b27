// The simulated charger's own smart charging: what it obeys when leases end, when nothing is valid, and what it can hold.
import { describe, expect, test } from 'vitest';
import type { ChargingProfile } from '../../src/core/model/charging-profile.ts';
import { MAX_PROFILES, MAX_STACK_LEVEL, ProfileMemory } from '../../src/simulator/profile-memory.ts';

const T0 = Date.UTC(2026, 2, 2, 6);

function profile(
  part: Partial<ChargingProfile> & { readonly amps: number; readonly forSeconds?: number },
): ChargingProfile {
  const { amps, forSeconds, ...rest } = part;
  return {
    id: 1,
    stackLevel: 0,
    purpose: 'TxDefaultProfile',
    kind: 'Absolute',
    schedule: {
      unit: 'A',
      startSchedule: T0,
      ...(forSeconds === undefined ? {} : { durationSeconds: forSeconds }),
      periods: [{ startPeriodSeconds: 0, limit: amps }],
    },
    ...rest,
  };
}
const limit = (memory: ProfileMemory, atMs: number, evse = 1) =>
  memory.rulingAt({ evse, startedAt: T0, wattsPerAmp: 690 }, T0 + atMs).limitAmps;

describe('what rules', () => {
  test('nothing valid is no limit', () => {
    expect(limit(new ProfileMemory(), 0)).toBe(Number.POSITIVE_INFINITY);
    const memory = new ProfileMemory();
    memory.install(1, profile({ amps: 10, forSeconds: 60 }));
    expect([limit(memory, 0), limit(memory, 60_000)]).toEqual([10, Number.POSITIVE_INFINITY]);
  });

  test('a lease rules until it ends, then the floor below it', () => {
    const memory = new ProfileMemory();
    memory.install(1, profile({ id: 1, amps: 6 }));
    memory.install(1, profile({ id: 2, stackLevel: 1, amps: 13, forSeconds: 60 }));
    expect([0, 59_999, 60_000, 86_400_000].map((atMs) => limit(memory, atMs))).toEqual([13, 13, 6, 6]);
    expect(limit(memory, 0, 2)).toBe(Number.POSITIVE_INFINITY);
  });

  test("the station's maximum bounds every purpose", () => {
    const memory = new ProfileMemory();
    memory.install(1, profile({ id: 1, amps: 20 }));
    memory.install(0, profile({ id: 2, purpose: 'ChargingStationMaxProfile', amps: 8 }));
    expect(limit(memory, 0)).toBe(8);
  });

  test('a TxProfile goes over the default and dies with its transaction', () => {
    const memory = new ProfileMemory();
    memory.install(1, profile({ id: 1, amps: 6 }));
    memory.install(1, profile({ id: 2, purpose: 'TxProfile', amps: 11 }));
    expect(limit(memory, 0)).toBe(11);
    memory.endTransaction(1);
    expect(limit(memory, 0)).toBe(6);
  });
});

describe('what is held', () => {
  test('the same id, or the same purpose and level on the same EVSE, is replaced', () => {
    const memory = new ProfileMemory();
    memory.install(1, profile({ id: 1, amps: 6 }));
    memory.install(1, profile({ id: 2, amps: 7 }));
    memory.install(1, profile({ id: 2, stackLevel: 3, amps: 8 }));
    expect(memory.all()).toHaveLength(1);
    expect(limit(memory, 0)).toBe(8);
  });

  test('one too many, or a level too high, is refused and changes nothing', () => {
    const memory = new ProfileMemory();
    for (let id = 1; id <= MAX_PROFILES; id++) expect(memory.install(id, profile({ id, amps: 6 }))).toBe(true);
    expect(memory.install(99, profile({ id: 99, amps: 6 }))).toBe(false);
    expect(memory.install(1, profile({ id: 1, stackLevel: MAX_STACK_LEVEL + 1, amps: 6 }))).toBe(false);
    expect(memory.all()).toHaveLength(MAX_PROFILES);
  });

  test.each([
    [{}, 3],
    [{ id: 2 }, 1],
    [{ id: 9 }, 0],
    [{ evse: 1 }, 2],
    [{ evse: 1, stackLevel: 1 }, 1],
    [{ purpose: 'TxProfile' }, 0],
  ])('clearing %j takes %i', (filter, gone) => {
    const memory = new ProfileMemory();
    memory.install(1, profile({ id: 1, amps: 6 }));
    memory.install(1, profile({ id: 2, stackLevel: 1, amps: 7 }));
    memory.install(2, profile({ id: 3, amps: 8 }));
    expect(memory.clear(filter)).toBe(gone);
  });
});
