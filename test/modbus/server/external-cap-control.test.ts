// The external cap in the whole control loop, on the virtual clock: two cars that follow, a meter that sees them, a master that writes and falls silent.
import { describe, expect, test } from 'vitest';
import type { CycleRecord, StationCommand } from '../../../src/core/model/decision.ts';
import type { ExternalCapTerms } from '../../../src/core/model/modbus-server.ts';
import type { CommandProgress, StationState } from '../../../src/core/model/snapshot.ts';
import { onEachPhase } from '../../../src/core/model/units.ts';
import { describeShare } from '../../../src/core/report/explain.ts';
import { Controller } from '../../../src/engine/controller.ts';
import type { CapWrite } from '../../../src/modbus/server/external-cap.ts';
import { ExternalCapPort } from '../../../src/modbus/server/external-cap-port.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { silentLog } from '../../../src/system/log.ts';
import { AMPS_CAP, deviceSite, WATTS_CAP } from '../../support/device-world.ts';
import { evse } from '../../support/site-builder.ts';

const BASE_AMPS = 4;
const STATIONS = ['A', 'B'] as const;
/** Increases wait for their dwell and ramp. */
const RISE_MS = 60_000;

async function running(terms: ExternalCapTerms) {
  const clock = new VirtualClock();
  const evses = STATIONS.map((station) => evse({ station }));
  const site = deviceSite({ externalCap: terms }, { evses, groups: [] });
  const surroundings = { clock, random: { next: () => 0.5, uuid: () => 'id' }, log: silentLog };
  const records: CycleRecord[] = [];
  const limits = new Map<string, number>();
  const progress = new Map<string, { floor?: CommandProgress; lease?: CommandProgress }>();
  const port = new ExternalCapPort(surroundings, terms);
  const adapter = { start: async () => {}, stop: async () => {} };
  const startedAt = clock.now();
  const drawn = () => [...limits.values()].reduce((sum, amps) => sum + amps, 0);
  const send = (commands: readonly StationCommand[]) => {
    for (const command of commands) {
      if (command.kind !== 'install-profile') continue;
      const done = { commandId: command.id, state: 'accepted', at: clock.now(), sentAt: clock.now() } as const;
      progress.set(command.evse, { ...progress.get(command.evse), [command.role]: done });
      if (command.role === 'lease' || !limits.has(command.evse)) limits.set(command.evse, command.limitAmps);
    }
    return { refused: [] };
  };
  const station = (id: string): StationState => ({
    station: id,
    link: { state: 'connected', since: startedAt, connection: 1 },
    evses: [
      {
        evse: `${id}/1`,
        connectorStatus: 'Occupied',
        chargingState: 'Charging',
        statusSince: startedAt,
        transaction: { id: '1', startedAt },
        drawn: { amps: [1, 2, 3].map(() => limits.get(`${id}/1`) ?? 0), measuredAt: clock.now() },
        ...progress.get(`${id}/1`),
      },
    ],
    upstreamProfiles: [],
    upstreamLink: 'none',
  });
  const controller = new Controller(
    surroundings,
    site,
    {
      meters: {
        ...adapter,
        states: () => ({
          main: { reading: { currentAmps: onEachPhase(BASE_AMPS + drawn()), measuredAt: clock.now() } },
        }),
        onReading: () => {},
      },
      stations: {
        ...adapter,
        states: () => Object.fromEntries(STATIONS.map((id) => [id, station(id)])),
        send,
        onUrgent: () => {},
      },
      store: {
        load: async () => ({ epoch: 1, caps: [], wishes: [] }),
        saveMemory: () => {},
        saveCaps: async () => {},
        saveWishes: async () => {},
      },
      journal: { append: () => {} },
      audience: { publish: (record) => void records.push(record) },
      signals: [port],
    },
    'box',
  );
  await controller.start();
  return {
    clock,
    records,
    drawn,
    write: (write: CapWrite) => port.take(write, clock.now()),
    /** Writes as a master does, each second for so long. */
    keep: async (write: CapWrite, forMs: number) => {
      for (let passedMs = 0; passedMs < forMs; passedMs += 1_000) {
        port.take(write, clock.now());
        await clock.advance(1_000);
      }
    },
    last: () => {
      const { decision, snapshot } = records.at(-1)!;
      return {
        limit: decision.circuits[0]!.phases.L1,
        failsafeNotices: decision.notices.filter(({ code }) => code === 'LIMIT_FAILSAFE'),
        reasons: decision.shares.map((share) => describeShare(share, site, snapshot.now)),
      };
    },
  };
}

describe('a cap in amperes: failsafe 20 A, heartbeat within 10 s', () => {
  test('the failsafe holds from the first cycle until the first write, and every share names who set it', async () => {
    const { clock, records, drawn, last } = await running(AMPS_CAP);
    await clock.advance(RISE_MS);
    expect(records.every(({ decision }) => decision.circuits[0]!.phases.L1.limitAmps === 20)).toBe(true);
    // 20 A less the building's 4: both cars their half of 16.
    expect(drawn()).toBeCloseTo(16, 5);
    expect(last().limit.limitSource).toEqual({ kind: 'facility-manager', id: 'building management system' });
    for (const reason of last().reasons) expect(reason).toMatch(/the facility manager, building management system/);
    expect(last().failsafeNotices).toEqual([
      {
        severity: 'warning',
        code: 'LIMIT_FAILSAFE',
        text: 'The facility manager, building management system has not been heard since the start: 20 A holds on main. Check that it runs and reaches this machine.',
      },
    ]);
  });

  test('a cap raises while it lives; a lower one leaves within the shortest gap between two cycles', async () => {
    const { clock, drawn, write, keep, last } = await running(AMPS_CAP);
    await keep({ value: 50 }, 2 * RISE_MS);
    expect(drawn()).toBeCloseTo(46, 5);
    expect(last().failsafeNotices).toEqual([]);
    await clock.advance(450);
    write({ value: 24 });
    await clock.advance(201);
    expect(drawn()).toBeCloseTo(20, 5);
  });

  test('when the master falls silent the failsafe holds in that moment, and a heartbeat alone does not bring the cap back', async () => {
    const { clock, records, drawn, write, keep, last } = await running(AMPS_CAP);
    await keep({ value: 50 }, 2 * RISE_MS);
    const heardAt = clock.now();
    write({ beat: 1 });
    await clock.advance(10_000);
    expect(last().limit.limitAmps).toBe(50);
    await clock.advance(201);
    expect([last().limit.limitAmps, drawn()]).toEqual([20, 16]);
    const lost = records.find(
      ({ snapshot, decision }) => snapshot.now > heardAt && decision.circuits[0]!.phases.L1.limitAmps === 20,
    )!;
    expect(lost.snapshot.now - heardAt).toBeLessThanOrEqual(10_200);
    expect(lost.snapshot.caps).toMatchObject([{ failsafe: { because: 'silent', since: heardAt + 10_000 } }]);
    await keep({ beat: 2 }, RISE_MS);
    expect([last().limit.limitAmps, last().failsafeNotices.length]).toEqual([20, 1]);
    await keep({ value: 50 }, 2 * RISE_MS);
    expect([last().limit.limitAmps, last().failsafeNotices.length]).toEqual([50, 0]);
    // A change has a cycle at once, so the one that takes the failsafe is not the next by the clock, which would be 11 s after it.
    write({ value: 49 });
    await clock.advance(10_000);
    expect(last().limit.limitAmps).toBe(49);
    await clock.advance(202);
    expect(last().limit.limitAmps).toBe(20);
  });

  test('a cap that was tighter than the failsafe outlives its master: silence raises nobody', async () => {
    const { clock, drawn, keep, last } = await running(AMPS_CAP);
    await keep({ value: 18 }, RISE_MS);
    expect(drawn()).toBeCloseTo(14, 5);
    await clock.advance(10 * RISE_MS);
    expect(last().limit.limitAmps).toBe(18);
    expect(drawn()).toBeLessThanOrEqual(14 + 1e-9);
    expect(last().failsafeNotices[0]!.text).toContain('is no longer heard: 18 A holds on main');
  });

  test('with maxAgeMs a master that only beats loses its cap', async () => {
    const { clock, keep, write, last } = await running({ ...AMPS_CAP, maxAgeMs: 30_000 });
    write({ value: 50 });
    await keep({ beat: 1 }, 30_000);
    expect(last().limit.limitAmps).toBe(50);
    await clock.advance(201);
    expect(last().limit.limitAmps).toBe(20);
    expect(last().failsafeNotices[0]!.text).toContain('has not renewed its limit in time');
  });
});

test('a cap in watts for the utility: 4.2 kW from the start, more while it lives', async () => {
  const { records, drawn, keep, clock } = await running(WATTS_CAP);
  await clock.advance(RISE_MS);
  const power = () => records.at(-1)!.decision.circuits[0]!.power;
  expect(power()).toMatchObject({ limitWatts: 4_200, source: { kind: 'utility', id: 'building management system' } });
  // 4 A of the building are 2.76 kW of it: no car can have its 6 A on three phases from the rest.
  expect(drawn()).toBe(0);
  await keep({ value: 34_500 }, 2 * RISE_MS);
  expect(power()).toMatchObject({ limitWatts: 34_500 });
  expect(drawn()).toBeCloseTo(46, 5);
});
