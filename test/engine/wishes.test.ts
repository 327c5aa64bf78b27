// Wishes in the running loop: two cars on scarce capacity, restarts, a corrected clock and a disk that refuses.
import { describe, expect, test } from 'vitest';
import { viewState } from '../../src/api/view.ts';
import type { Command, CycleRecord } from '../../src/core/model/decision.ts';
import type { CommandProgress, StationState } from '../../src/core/model/snapshot.ts';
import { onEachPhase } from '../../src/core/model/units.ts';
import { READY_BEFORE_MS } from '../../src/core/plan/need.ts';
import { Controller } from '../../src/engine/controller.ts';
import type { ControlStore } from '../../src/engine/ports.ts';
import type { KeptWish } from '../../src/engine/requests.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { buildSite, circuit, evse } from '../support/site-builder.ts';

const MINUTE = 60_000;
const VOLTS = 230;

/** A charger with a hungry three-phase car that takes at once what it is allowed. */
type Bay = {
  floor: number;
  lease: number;
  leaseEndsAt: number;
  transaction: { id: string; startedAt: number; energyWh: number } | undefined;
  progress: { floor?: CommandProgress; lease?: CommandProgress };
};

/** A car park on 20 A with bays A and B; its wishes are on a disk that outlives the controller. */
function carPark(clock = new VirtualClock()) {
  const site = buildSite({
    policy: { scarcity: 'part-for-everyone' },
    circuits: [circuit({ id: 'main', name: 'Main board', meter: 'main', ratingAmps: onEachPhase(20) })],
    evses: [evse({ station: 'A' }), evse({ station: 'B' })],
  });
  const bays = new Map<string, Bay>(
    site.stations.map(({ id }) => [id, { floor: 32, lease: 0, leaseEndsAt: 0, transaction: undefined, progress: {} }]),
  );
  const disk: { wishes: readonly KeptWish[]; saves: number } = { wishes: [], saves: 0 };
  let transactions = 0;
  let movedAt = clock.now();
  const drawn = ({ transaction, lease, leaseEndsAt, floor }: Bay) =>
    transaction ? Math.min(32, leaseEndsAt > clock.now() ? lease : floor) : 0;
  const flow = () => {
    const hours = (clock.now() - movedAt) / 3_600_000;
    movedAt = clock.now();
    for (const bay of bays.values()) if (bay.transaction) bay.transaction.energyWh += drawn(bay) * 3 * VOLTS * hours;
  };
  const image = (station: string, bay: Bay): StationState => ({
    station,
    link: { state: 'connected', since: 0, connection: 1 },
    evses: [
      {
        evse: `${station}/1`,
        connectorStatus: bay.transaction ? 'Occupied' : 'Available',
        statusSince: bay.transaction?.startedAt ?? 0,
        ...(bay.transaction ? { chargingState: 'Charging', transaction: { ...bay.transaction } } : {}),
        drawn: { amps: [drawn(bay), drawn(bay), drawn(bay)], measuredAt: clock.now() },
        ...bay.progress,
      },
    ],
    upstreamProfiles: [],
    upstreamLink: 'none',
  });
  const apply = ({ id, station, role, profile: { schedule } }: Command) => {
    const bay = bays.get(station)!;
    const at = clock.now();
    bay.progress[role] = { commandId: id, state: 'accepted', at, sentAt: at };
    const { limit } = schedule.periods[0]!;
    if (role === 'floor') bay.floor = limit;
    else Object.assign(bay, { lease: limit, leaseEndsAt: schedule.startSchedule! + schedule.durationSeconds! * 1_000 });
  };
  const adapter = { start: async () => {}, stop: async () => {} };

  /** A controller on this site and disk. */
  function room(store: Partial<ControlStore> = {}) {
    const records: CycleRecord[] = [];
    const controller = new Controller(
      { clock, random: { next: () => 0.5, uuid: () => 'id' }, log: silentLog },
      site,
      {
        meters: {
          ...adapter,
          states: () => {
            const amps = [...bays.values()].reduce((sum, bay) => sum + drawn(bay), 0);
            return { main: { reading: { currentAmps: onEachPhase(amps), measuredAt: clock.now() } } };
          },
          onReading: () => {},
        },
        stations: {
          ...adapter,
          states: () => {
            flow();
            return Object.fromEntries([...bays].map(([id, bay]) => [id, image(id, bay)]));
          },
          send: (commands) => {
            flow();
            for (const command of commands) if (command.kind === 'install-profile') apply(command);
            return { refused: [] };
          },
          onUrgent: () => {},
        },
        store: {
          load: async () => ({ epoch: 1, caps: [], wishes: disk.wishes }),
          saveMemory: () => {},
          saveCaps: async () => {},
          saveWishes: async (wishes) => {
            disk.wishes = JSON.parse(JSON.stringify(wishes)) as readonly KeptWish[];
            disk.saves++;
          },
          ...store,
        },
        journal: { append: () => {} },
        audience: { publish: (record) => void records.push(record) },
      },
      'box',
    );
    return {
      controller,
      records,
      /** What a person sees of a bay after the newest cycle. */
      look: (station: string) => viewState(records.at(-1)!, site).evses.find((one) => one.id === `${station}/1`)!,
      wishes: () => records.at(-1)!.snapshot.wishes,
    };
  }
  return {
    clock,
    disk,
    room,
    plugIn: (id: string) => {
      bays.get(id)!.transaction = { id: String(++transactions), startedAt: clock.now(), energyWh: 0 };
    },
    unplug: (id: string) => {
      bays.get(id)!.transaction = undefined;
    },
    energyWh: (id: string) => bays.get(id)!.transaction?.energyWh ?? 0,
  };
}

describe('two equal cars on 20 A', () => {
  test('the one that leaves in an hour gets what it needs first, the other the rest, and both are told why', async () => {
    const park = carPark();
    const { clock } = park;
    const { controller, look } = park.room();
    park.plugIn('A');
    park.plugIn('B');
    await controller.start();
    await clock.advance(3 * MINUTE);
    expect([look('A').targetAmps, look('B').targetAmps]).toEqual([10, 10]);

    // 9 kWh in an hour are 13 A on three phases; its fair half alone would leave it 2 kWh short.
    const { departureWall } = inAnHour(park);
    const energyWh = park.energyWh('A') + inAnHour(park).energyWh;
    const asked = { evse: 'A/1', energyWh, departureWall, who: 'anna', note: 'line 12' } as const;
    expect(await controller.request({ kind: 'set-wish', ...asked })).toMatchObject({ ok: true });
    await clock.advance(30 * MINUTE);
    expect([look('A').offeredAmps, look('B').offeredAmps]).toEqual([13, 7]);
    expect(look('A')).toMatchObject({
      reason: { kind: 'circuit-full', text: '13 A: Main board, L1 is full (fuse 20 A)' },
      wish: {
        author: 'the facility manager, anna',
        isWaiting: false,
        energyWh,
        departureWallMs: departureWall,
        neededAmps: expect.closeTo(13, 1),
        note: 'line 12',
      },
    });
    expect(look('B').reason.text).toBe('7 A: Main board, L1 is full (fuse 20 A)');
    expect(look('B')).not.toHaveProperty('wish');

    await clock.advance(departureWall - clock.wall());
    expect(park.energyWh('A')).toBeGreaterThan(energyWh);
    // It has all it asked for, and is an equal again.
    expect(look('A').wish?.neededAmps).toBe(0);
    expect([look('A').offeredAmps, look('B').offeredAmps]).toEqual([10, 10]);
    await controller.stop();
  });

  test('a wish that was taken back counts no more', async () => {
    const park = carPark();
    const { controller, look } = park.room();
    park.plugIn('A');
    park.plugIn('B');
    await controller.start();
    await controller.request({ kind: 'set-wish', evse: 'B/1', ...inAnHour(park), who: 'anna' });
    await park.clock.advance(MINUTE);
    expect(look('B').offeredAmps).toBe(13);
    await controller.request({ kind: 'clear-wish', evse: 'B/1', who: 'anna' });
    await park.clock.advance(2 * MINUTE);
    expect([look('A').offeredAmps, look('B').offeredAmps]).toEqual([10, 10]);
    await controller.stop();
  });
});

/** 13 A on three phases for an hour, ready in time for its departure. */
function inAnHour({ clock }: { readonly clock: VirtualClock }) {
  return { energyWh: 13 * 3 * VOLTS, departureWall: clock.wall() + 60 * MINUTE + READY_BEFORE_MS };
}

describe('a wish', () => {
  test('is in force at once, waits for its car, goes with its transaction, and does not go on to the next car', async () => {
    const park = carPark();
    const { clock, disk } = park;
    const { controller, wishes, look } = park.room();
    await controller.start();
    await clock.advance(2_300);
    await controller.request({ kind: 'set-wish', evse: 'A/1', priority: 4, who: 'anna' });
    await clock.advance(50);
    expect(wishes()).toEqual({ 'A/1': { source: { kind: 'facility-manager', id: 'anna' }, priority: 4 } });
    expect(look('A').wish).toMatchObject({ isWaiting: true, priority: 4 });

    await clock.advance(60 * MINUTE);
    park.plugIn('A');
    await clock.advance(2_000);
    expect(look('A').wish).toMatchObject({ isWaiting: false });
    expect(disk.wishes).toMatchObject([{ evse: 'A/1', transactionId: '1' }]);

    park.unplug('A');
    await clock.advance(2_000);
    expect(wishes()).toEqual({});
    expect(disk.wishes).toEqual([]);
    park.plugIn('A');
    await clock.advance(2_000);
    expect(look('A')).not.toHaveProperty('wish');
    // Written three times in an hour: set, given to its transaction, ended.
    expect(disk.saves).toBe(3);
    await controller.stop();
  });

  test('keeps its departure over a restart and a corrected clock, for it is kept by the wall clock', async () => {
    const park = carPark();
    const first = park.room();
    park.plugIn('A');
    await first.controller.start();
    const asked = inAnHour(park);
    await first.controller.request({ kind: 'set-wish', evse: 'A/1', ...asked, who: 'anna' });
    await park.clock.advance(MINUTE);
    await first.controller.stop();

    const second = park.room();
    await second.controller.start();
    await park.clock.advance(10 * MINUTE);
    expect(second.wishes()['A/1']?.departureAt).toBe(asked.departureWall);
    park.clock.stepWallClock(20 * MINUTE);
    await park.clock.advance(MINUTE);
    expect(second.wishes()['A/1']?.departureAt).toBe(asked.departureWall - 20 * MINUTE);
    expect(second.look('A').wish?.departureWallMs).toBe(asked.departureWall);
    await second.controller.stop();
  });

  test('whose transaction ended while the controller was down is gone with the first cycle', async () => {
    const park = carPark();
    park.disk.wishes = [{ evse: 'A/1', who: 'anna', setAtWall: park.clock.wall(), priority: 9, transactionId: '99' }];
    park.plugIn('A');
    const { controller, records } = park.room();
    await controller.start();
    await park.clock.advance(100);
    expect(records[0]!.snapshot.wishes).toEqual({});
    expect(park.disk.wishes).toEqual([]);
    await controller.stop();
  });

  test('counts even if the disk refuses it, the person is told, and no cycle feels it', async () => {
    const park = carPark();
    const { controller, records, look } = park.room({ saveWishes: () => Promise.reject(new Error('disk full')) });
    park.plugIn('A');
    await controller.start();
    const answer = await controller.request({ kind: 'set-wish', evse: 'A/1', priority: 4, who: 'anna' });
    expect(answer).toMatchObject({ ok: false, code: 'STORE_WRITE_FAILED' });
    await park.clock.advance(2_000);
    expect(look('A').wish).toMatchObject({ priority: 4 });
    park.unplug('A');
    await park.clock.advance(10_000);
    expect(look('A')).not.toHaveProperty('wish');
    expect(records.length).toBeGreaterThanOrEqual(12);
    await controller.stop();
  });

  test('that is refused changes nothing and asks for no cycle', async () => {
    const park = carPark();
    const { controller, records, wishes } = park.room();
    await controller.start();
    await park.clock.advance(300);
    const before = records.length;
    const answer = await controller.request({ kind: 'set-wish', evse: 'A/1', energyWh: 0, who: 'anna' });
    expect(answer).toMatchObject({ ok: false, code: 'WISH_OUT_OF_RANGE', field: 'energyWh' });
    await park.clock.advance(100);
    expect([records.length, wishes(), park.disk.saves]).toEqual([before, {}, 0]);
    await controller.stop();
  });
});
