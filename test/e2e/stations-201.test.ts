// Stations of OCPP 2.0.1 under the real controller on real sockets, beside one of 1.6: our simulated one, and an independent client that checks
// every frame of ours against its own copy of the schemas; through boot, transaction, limits, its end, and a restart.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CycleRecord } from '../../src/core/model/decision.ts';
import { emptyMemory } from '../../src/core/model/memory.ts';
import type { Site } from '../../src/core/model/site.ts';
import { onEachPhase } from '../../src/core/model/units.ts';
import { Controller } from '../../src/engine/controller.ts';
import type { Car } from '../../src/simulator/car.ts';
import { SimulatedStation } from '../../src/simulator/station.ts';
import { anchorClock, systemClock, systemRandom } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { dial } from '../support/dial.ts';
import { buildSite, circuit, evse, genericAc } from '../support/site-builder.ts';
import { Bench, BOOT_201, KEY } from '../support/station-bench.ts';

const LIMIT_AMPS = 60;
/** A reading is a little older than the cycle that uses it. */
const METER_AGE_MS = 50;
const byTransaction = {
  ...genericAc,
  settleMs: 50,
  minIntervalMs: 100,
  lease: { purpose: 'TxProfile', stackLevel: 0 },
} as const;
const CAR: Car = { phases: 3, maxAmps: 32, minAmps: 6, batteryWh: 80_000 };

function siteOfBoth(): Site {
  const site = buildSite({
    evses: ['A', 'B', 'C'].map((station) => evse({ station })),
    circuits: [circuit({ id: 'main', meter: 'main', ratingAmps: onEachPhase(LIMIT_AMPS) })],
    profile: byTransaction,
    policy: {
      cycleMs: 200,
      increase: { dwellMs: 200, rampAmpsPerSecond: 50, deadbandAmps: 1 },
    },
  });
  // A and C speak 2.0.1, B speaks 1.6 and has its lease on a level of its own.
  const stations = site.stations.map((station) =>
    station.id === 'B'
      ? { ...station, profile: { ...byTransaction, lease: genericAc.lease } }
      : { ...station, ocpp: ['2.0.1'] as const },
  );
  return { ...site, stations };
}

const surroundings = { clock: systemClock(anchorClock()), random: systemRandom, log: silentLog };
let bench: Bench;
let stations: SimulatedStation[];
let controller: Controller;
let records: CycleRecord[];
const watchers = new Set<(record: CycleRecord) => void>();

beforeEach(async () => {
  records = [];
  bench = await new Bench({ clock: surroundings.clock, site: siteOfBoth() }).start();
  stations = ['A', 'B'].map((id) => {
    const station = bench.site.stations.find((one) => one.id === id)!;
    return new SimulatedStation({ surroundings, site: bench.site, station, dial, url: bench.endpoint, key: KEY });
  });
  const adapter = { start: async () => {}, stop: async () => {} };
  const meter = () => ({
    reading: { currentAmps: onEachPhase(20), measuredAt: surroundings.clock.now() - METER_AGE_MS },
  });
  const { gateway } = bench;
  controller = new Controller(
    surroundings,
    bench.site,
    {
      meters: { ...adapter, states: () => ({ main: meter() }), onReading: () => {} },
      stations: {
        ...adapter,
        states: () => gateway.states(),
        send: (commands) => gateway.send(commands),
        onUrgent: (listener) => gateway.onUrgent(listener),
      },
      store: {
        load: async () => ({ epoch: 1, caps: [], wishes: [], memory: emptyMemory('') }),
        saveMemory: () => {},
        saveCaps: async () => {},
        saveWishes: async () => {},
      },
      journal: { append: (record) => void records.push(record) },
      audience: {
        publish: (record) => {
          for (const watcher of [...watchers]) watcher(record);
        },
      },
    },
    'box',
  );
});

afterEach(async () => {
  await controller.stop();
  await Promise.all(stations.map((station) => station.stop()));
  await bench.stop();
});

/** The first cycle from now on that satisfies `isWanted`. */
function cycle(isWanted: (record: CycleRecord) => boolean): Promise<CycleRecord> {
  return new Promise((resolve) => {
    const watcher = (record: CycleRecord) => {
      if (!isWanted(record)) return;
      watchers.delete(watcher);
      resolve(record);
    };
    watchers.add(watcher);
  });
}

const offered = ({ decision }: CycleRecord, id: string) =>
  decision.shares.find((share) => share.evse === id)?.acknowledgedAmps ?? 0;
const isFloored = ({ decision }: CycleRecord, id: string) => decision.memory.evses[id]?.floor.state === 'proved';
const now = () => new Date().toISOString();

type Installed = {
  readonly purpose: string;
  readonly limit: number;
  readonly transactionId?: string;
  readonly duration?: number;
};

type WireProfile = {
  readonly chargingProfilePurpose: string;
  readonly transactionId?: string;
  readonly chargingSchedule: readonly {
    readonly duration?: number;
    readonly chargingSchedulePeriod: readonly { readonly limit: number }[];
  }[];
};

/** The independent station: keeps the newest profile of each purpose, and rejects a TxProfile of no transaction of its own. */
class StrictStation {
  readonly installed: Installed[] = [];
  transactionId: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: ocpp-rpc has no types.
  client: any;
  #seqNo = 0;

  async connect(): Promise<void> {
    const handlers = {
      SetChargingProfile: ({ evseId, chargingProfile }: Record<string, unknown>) =>
        this.#install(Number(evseId), chargingProfile as unknown as WireProfile),
      RequestStopTransaction: () => ({ status: 'Accepted' }),
    };
    this.client = await bench.strictStation('C', handlers, KEY, ['ocpp2.0.1']);
  }

  async boot(reason: string): Promise<void> {
    expect(await this.client.call('BootNotification', { ...BOOT_201, reason })).toMatchObject({ status: 'Accepted' });
    const status = { timestamp: now(), connectorStatus: 'Occupied', evseId: 1, connectorId: 1 };
    await this.client.call('StatusNotification', status);
  }

  async event(eventType: string, triggerReason: string, more: object = {}, chargingState = 'Charging'): Promise<void> {
    const info = { transactionId: this.transactionId, chargingState };
    const message = {
      eventType,
      timestamp: now(),
      triggerReason,
      seqNo: this.#seqNo++,
      transactionInfo: info,
      evse: { id: 1 },
    };
    await this.client.call('TransactionEvent', { ...message, ...more });
  }

  #install(evseId: number, profile: WireProfile) {
    const { chargingProfilePurpose: purpose, transactionId, chargingSchedule } = profile;
    const [schedule] = chargingSchedule;
    if (evseId !== 1) return { status: 'Rejected', statusInfo: { reasonCode: 'UnknownEvse' } };
    if (purpose === 'TxProfile' && transactionId !== this.transactionId)
      return { status: 'Rejected', statusInfo: { reasonCode: 'TxNotFound' } };
    const { duration, chargingSchedulePeriod } = schedule!;
    this.installed.push({
      purpose,
      limit: chargingSchedulePeriod[0]!.limit,
      ...(transactionId === undefined ? {} : { transactionId }),
      ...(duration === undefined ? {} : { duration }),
    });
    return { status: 'Accepted' };
  }
}

test('2.0.1 and 1.6 share a fuse: floors first, leases by transaction, the share of one that ends, and everything said again after a restart', async () => {
  const strict = new StrictStation();
  for (const station of stations) station.start();
  await strict.connect();
  await strict.boot('PowerUp');
  await controller.start();
  await cycle((record) => ['A/1', 'B/1', 'C/1'].every((id) => isFloored(record, id)));
  expect(strict.installed).toEqual([{ purpose: 'TxDefaultProfile', limit: 6 }]);

  strict.transactionId = 'strict-1';
  await strict.event('Started', 'Authorized', { idToken: { idToken: 'TAG', type: 'ISO14443' } });
  for (const [at, id] of ['A/1', 'B/1'].entries()) await stations[at]!.plugIn(id, CAR, 1_000, 'TAG');
  // 60 A less 20 A of the building that no car explains: 40 A for three.
  const shared = await cycle((record) => ['A/1', 'B/1', 'C/1'].every((id) => offered(record, id) > 6));
  const sum = ['A/1', 'B/1', 'C/1'].reduce((total, id) => total + offered(shared, id), 0);
  expect(sum).toBeLessThanOrEqual(LIMIT_AMPS - 20 + 1e-6);
  const lease = strict.installed.findLast(({ purpose }) => purpose === 'TxProfile')!;
  expect(lease).toMatchObject({ transactionId: 'strict-1', duration: 120 });
  const own = stations[0]!.memory.all().map(({ profile }) => profile);
  expect(own.map(({ purpose }) => purpose).sort()).toEqual(['TxDefaultProfile', 'TxProfile']);
  expect(stations[1]!.memory.all().map(({ profile }) => [profile.purpose, profile.stackLevel])).toEqual([
    ['TxDefaultProfile', 0],
    ['TxDefaultProfile', 1],
  ]);

  const before = offered(shared, 'A/1');
  await strict.event('Ended', 'EVCommunicationLost', {}, 'Idle');
  strict.transactionId = undefined;
  const ended = await cycle((record) => offered(record, 'A/1') > before && offered(record, 'C/1') === 6);
  expect(ended.decision.memory.evses['C/1']!.leases).toEqual([]);

  await strict.client.close();
  await bench.until('C', ({ link }) => link.state === 'disconnected');
  const already = strict.installed.length;
  await strict.connect();
  const unproved = cycle((record) => !isFloored(record, 'C/1'));
  await strict.boot('RemoteReset');
  const reserved = await unproved;
  expect(reserved.decision.shares.find(({ evse: id }) => id === 'C/1')!.exposureAmps).toBe(32);
  await cycle((record) => isFloored(record, 'C/1'));
  expect(strict.installed.slice(already)).toEqual([{ purpose: 'TxDefaultProfile', limit: 6 }]);
  expect(bench.strictFaults).toEqual([]);
  for (const { decision } of records) expect(decision.mode).not.toBe('failsafe');
}, 60_000);
