// A charger that says Accepted and charges on, on real sockets: found out, reserved, its session ended, the operator told, upstream told the truth.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CycleRecord } from '../../src/core/model/decision.ts';
import { emptyMemory } from '../../src/core/model/memory.ts';
import { onEachPhase } from '../../src/core/model/units.ts';
import { Controller } from '../../src/engine/controller.ts';
import { SimulatedStation } from '../../src/simulator/station.ts';
import { systemRandom } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { Upstream } from '../../src/upstream/upstream.ts';
import { dial } from '../support/dial.ts';
import { HeldClock } from '../support/held-clock.ts';
import { buildSite, evse, genericAc } from '../support/site-builder.ts';
import { Bench, KEY } from '../support/station-bench.ts';
import { StrictCsms } from '../support/strict-csms.ts';

const STOP_AFTER_MS = 400;
const site = buildSite({
  evses: [evse({ station: 'A' })],
  profile: { ...genericAc, settleMs: 50 },
  policy: { cycleMs: 200, stopDisobedientAfterMs: STOP_AFTER_MS },
});
const clock = new HeldClock('simulator.meter', 'ocpp.sample');
const surroundings = { clock, random: systemRandom, log: silentLog };

let csms: StrictCsms;
let bench: Bench;
let upstream: Upstream;
let station: SimulatedStation;
let controller: Controller;
const watchers = new Set<(record: CycleRecord) => void>();

beforeEach(async () => {
  csms = await new StrictCsms().start();
  bench = new Bench({
    clock,
    site,
    upstream: (store) => {
      upstream = new Upstream(surroundings, site, { url: csms.url }, { store, stations: () => bench.gateway, dial });
      return upstream;
    },
  });
  await upstream.start(new AbortController().signal);
  await bench.start();
  station = new SimulatedStation({
    surroundings,
    site: bench.site,
    station: bench.site.stations[0]!,
    dial,
    url: bench.endpoint,
    key: KEY,
  });
  const adapter = { start: async () => {}, stop: async () => {} };
  const meter = () => ({ reading: { currentAmps: onEachPhase(10), measuredAt: clock.now() } });
  const { gateway } = bench;
  controller = new Controller(
    surroundings,
    site,
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
      journal: { append: () => {} },
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
  await station.stop();
  await bench.stop();
  await upstream.stop();
  await csms.stop();
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

const codes = ({ decision }: CycleRecord) => decision.notices.map(({ code }) => code);

/** Lets the station send a sample, and waits for the cycle that has seen it. */
async function sample(): Promise<CycleRecord> {
  const before = bench.state('A').evses[0]!.drawn?.measuredAt ?? 0;
  await clock.run('simulator.meter');
  return cycle(({ snapshot }) => (snapshot.stations.A?.evses[0]?.drawn?.measuredAt ?? 0) > before);
}

test('a charger that says Accepted and charges on is reserved, told of, and its transaction ended; upstream hears of the end alone', async () => {
  station.errs('accepts-without-applying');
  station.start();
  await controller.start();
  await bench.until('A', (state) => state.bootedAt !== undefined);
  await station.plugIn('A/1', { phases: 3, maxAmps: 32, minAmps: 6, batteryWh: 80_000 }, 1_000, 'TAG');
  await bench.until('A', (state) => state.evses[0]!.transaction !== undefined);
  station.step(60_000, 1);
  station.step(60_000, 1);
  expect(station.evses[0]!.drawn()).toEqual([32, 32, 32]);
  const floored = await cycle(({ decision }) => {
    const floor = decision.memory.evses['A/1']?.floor;
    return floor?.state === 'proved' && floor.settledAt !== undefined && clock.now() > floor.settledAt + 50;
  });
  expect(codes(floored)).not.toContain('STATION_DISOBEDIENT');

  await sample();
  const foundOut = await sample();
  expect(codes(foundOut)).toContain('STATION_DISOBEDIENT');
  expect(foundOut.decision.shares[0]).toMatchObject({ exposureAmps: 32, reason: { kind: 'disobedient' } });
  expect(foundOut.decision.stops).toEqual([]);

  const stopping = await cycle(({ decision }) => decision.stops.length > 0);
  const { transactionId, id } = stopping.decision.stops[0]!;
  expect(transactionId).toBe('1');
  expect(stopping.snapshot.now - foundOut.snapshot.now).toBeGreaterThanOrEqual(STOP_AFTER_MS);
  expect(codes(stopping)).toContain('STATION_STOPPED');

  await csms.until(() => csms.of('StopTransaction').length === 1);
  expect(csms.of('StopTransaction')[0]).toMatchObject({ transactionId: 500_001, reason: 'Remote' });
  const state = await bench.until('A', ({ evses }) => evses[0]!.transaction === undefined);
  expect(state.evses[0]!.stop).toMatchObject({ commandId: id, state: 'accepted' });
  station.step(60_000, 1);
  station.step(60_000, 1);
  expect(station.evses[0]!.drawn()).toEqual([0, 0, 0]);

  const after = await cycle(({ snapshot }) => snapshot.stations.A?.evses[0]?.transaction === undefined);
  expect(codes(after)).toEqual(expect.arrayContaining(['STATION_DISOBEDIENT', 'STATION_STOPPED']));
  expect(after.decision.shares[0]).toMatchObject({ exposureAmps: 32, reason: { kind: 'disobedient' } });
  expect(bench.logged.find(({ event }) => event === 'ocpp.stop-accepted')?.fields).toMatchObject({ station: 'A' });
  expect(csms.faults).toEqual([]);
});
