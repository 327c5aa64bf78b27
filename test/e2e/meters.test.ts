// Meters by every way, end to end: a controller in a process of its own, two Modbus meters on one connection, a board whose values are pushed over
// HTTP, one that is added up of a meter on a real MQTT broker, and one that a station measures. The tests tell one story and run in order.
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadSite } from '../../src/config/load-site.ts';
import type { AgedStateView } from '../../src/core/model/state-view.ts';
import { onEachPhase } from '../../src/core/model/units.ts';
import { MeterServer } from '../../src/simulator/meter-server.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { SimulatedSite } from '../../src/simulator/simulated-site.ts';
import { anchorClock, systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { ControllerProcess, freePort } from '../support/controller-process.ts';
import { dial } from '../support/dial.ts';
import { type Broker, noMosquitto, startBroker } from '../support/mosquitto.ts';

const dir = mkdtempSync(join(tmpdir(), 'busbar-meters-e2e-'));
const clock = systemClock(anchorClock());
const cleanUps: (() => Promise<unknown>)[] = [];
let site: SimulatedSite;
let second: MeterServer;
let controller: ControllerProcess;
let broker: Broker | undefined;

const circuitIn = (state: AgedStateView, id: string) => state.circuits.find((one) => one.id === id)!;
const meterIn = (state: AgedStateView, id: string) => state.meters.find((one) => one.id === id)!;
const baseOf = (state: AgedStateView, id: string) => circuitIn(state, id).phases.L2.baseLoadAmps;

beforeAll(async () => {
  const ports = await Promise.all(Array.from({ length: 5 }, freePort));
  const [meterPort, secondPort, httpPort, stationsPort, brokerPort] = ports as [number, number, number, number, number];
  const key = randomBytes(20);
  const keySha256 = createHash('sha256').update('A:').update(key).digest('hex');
  const modbus = (id: string, port: number) => ({ id, profile: 'eastron-sdm630', host: '127.0.0.1', port });
  const board = (id: string, worstAmps: number, parts: object) => ({
    id,
    parent: 'main',
    ratingAmps: 100,
    ...parts,
    baseLoad: { worstAmps, ...('baseLoad' in parts ? (parts.baseLoad as object) : {}) },
  });
  const file = {
    id: 'meters',
    timezone: 'Europe/Berlin',
    circuits: [
      { id: 'main', ratingAmps: 63, marginAmps: 1, baseLoad: { worstAmps: 40 }, meter: 'grid' },
      board('hall', 20, { meter: 'hall' }),
      board('deck', 10, { baseLoad: { sum: { meters: ['pump'], otherAmps: 2 } } }),
      board('yard', 40, { meter: 'yard' }),
    ],
    meters: [
      { id: 'grid', combine: ['grid-a', 'grid-b'] },
      modbus('grid-a', meterPort),
      modbus('grid-b', secondPort),
      { id: 'hall', push: { maxAgeMs: 2_000 } },
      {
        id: 'pump',
        of: 'load',
        worstAmps: 8,
        mqtt: {
          url: `mqtt://127.0.0.1:${brokerPort}`,
          topic: 'pump',
          maxAgeMs: 2_000,
          currentAmps: { L1: '/i', L2: '/i', L3: '/i' },
        },
      },
      { id: 'yard', station: 'A', maxAgeMs: 3_000 },
    ],
    stations: [
      {
        id: 'A',
        model: 'generic-ac',
        keySha256,
        evses: [{ circuit: 'main', phases: 'L1 L2 L3', maxAmps: 16, floorAmps: 6 }],
      },
    ],
    policy: { increase: { dwellMs: 2_000 } },
    listen: { stations: { port: stationsPort }, http: { port: httpPort } },
  };
  const siteFile = join(dir, 'site.json');
  writeFileSync(siteFile, JSON.stringify(file));
  const loaded = loadSite(siteFile);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const random = seededRandom(7);
  site = new SimulatedSite(
    { clock, random, log: silentLog },
    {
      site: loaded.site,
      stationKeys: new Map([['A', key]]),
      dial,
      stationsUrl: `ws://127.0.0.1:${stationsPort}/ocpp`,
      meterPort,
      dayMs: 24 * 3_600_000,
      peakAmps: 30,
      scene: 'none',
    },
  );
  site.building.hold(onEachPhase(10));
  await site.start(new AbortController().signal);
  cleanUps.push(() => site.stop());
  second = new MeterServer(() => ({ amps: site.currents(), volts: 230, importWh: 5_000 }), random);
  await second.start(secondPort);
  cleanUps.push(() => second.stop());
  if (!noMosquitto) {
    broker = await startBroker(brokerPort, {}, (end) => cleanUps.push(end));
  }
  controller = await ControllerProcess.start(siteFile, join(dir, 'data'));
  cleanUps.push(() => controller.stop());
}, 60_000);

afterAll(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
  rmSync(dir, { recursive: true, force: true });
}, 30_000);

/** Does `work` about every half second until the returned function is called. */
function keepOn(work: () => Promise<unknown>): () => Promise<void> {
  const stopping = new AbortController();
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      await work();
      await clock.sleep('test.again', 500, stopping.signal);
    }
  })();
  return async () => {
    stopping.abort();
    await loop;
  };
}

const push = async (amps: number, measuredAt?: string) => {
  const response = await fetch(`${controller.address}/api/v1/meters/hall/reading`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ currentAmps: onEachPhase(amps), ...(measuredAt ? { measuredAt } : {}) }),
  });
  return {
    status: response.status,
    body: (await response.json()) as { readonly code?: string; readonly ageMs?: number },
  };
};

test('a car charges at a connection that two meters measure', async () => {
  await site.plugIn('A/1', { phases: 3, maxAmps: 16, minAmps: 6, batteryWh: 80_000 });
  const state = await controller.until(
    (next) => circuitIn(next, 'main').baseLoadFrom === 'meter' && (next.evses[0]!.drawnAmps?.L1 ?? 0) > 15,
  );
  expect(state.evses[0]!.offeredAmps).toBe(16);
  // The other boards' meters say nothing yet, which keeps nobody on this circuit from rising.
  expect(state.mode).toBe('cautious');
}, 60_000);

test('one of the two is killed: charging goes on unharmed, and people are told', async () => {
  await second.stop();
  const state = await controller.until(({ notices }) => notices.some(({ code }) => code === 'METER_PART_LOST'));
  expect(meterIn(state, 'grid-b').state).toBe('lost');
  const limits: number[] = [];
  const after = await controller.until((next) => {
    limits.push(next.evses[0]!.offeredAmps);
    return limits.length >= 8;
  });
  expect(new Set(limits)).toEqual(new Set([16]));
  expect(meterIn(after, 'grid')).toMatchObject({ state: 'fresh' });
  expect(circuitIn(after, 'main').baseLoadFrom).toBe('meter');
}, 60_000);

test('a board that is pushed over HTTP: known while readings come, the worst when they end', async () => {
  expect(baseOf(await controller.state(), 'hall')).toBe(20);
  const stop = keepOn(() => push(7));
  const state = await controller.until((next) => circuitIn(next, 'hall').baseLoadFrom === 'meter');
  expect(baseOf(state, 'hall')).toBe(7);
  expect(meterIn(state, 'hall')).toMatchObject({ state: 'fresh', currentAmps: onEachPhase(7) });
  await stop();
  expect((await push(7, new Date(Date.now() + 60_000).toISOString())).body.code).toBe('METER_READING_FUTURE');
  const lost = await controller.until((next) => circuitIn(next, 'hall').baseLoadFrom === 'worst');
  expect(baseOf(lost, 'hall')).toBe(20);
}, 60_000);

test('a board that a station measures: known by its MeterValues, the worst with its link cut', async () => {
  const state = await controller.until((next) => circuitIn(next, 'yard').baseLoadFrom === 'meter');
  // The building's 10 A and the car's 16 A flow through the station's meter here.
  expect(circuitIn(state, 'yard').phases.L1.meteredAmps).toBeCloseTo(26, 0);
  await site.station('A').stop();
  const lost = await controller.until((next) => circuitIn(next, 'yard').baseLoadFrom === 'worst');
  expect(baseOf(lost, 'yard')).toBeGreaterThanOrEqual(40);
  expect(meterIn(lost, 'yard').trouble).toBe('unreachable: A is not connected');
}, 60_000);

if (noMosquitto) console.warn(`skipped: ${noMosquitto}`);
describe.skipIf(noMosquitto)('a board that is added up of a meter on a broker', () => {
  test('is known while it publishes, and at its worst when the broker is killed', async () => {
    const stop = keepOn(() => broker!.publish('pump', '{"i": 4}').catch(() => {}));
    const state = await controller.until((next) => circuitIn(next, 'deck').baseLoadFrom === 'sum');
    expect(baseOf(state, 'deck')).toBe(6);
    await broker!.kill();
    const lost = await controller.until((next) => circuitIn(next, 'deck').baseLoadFrom === 'worst');
    expect(baseOf(lost, 'deck')).toBe(10);
    expect(meterIn(lost, 'pump').trouble).toMatch(/^unreachable: mqtt:/);
    await broker!.restart();
    await controller.until((next) => circuitIn(next, 'deck').baseLoadFrom === 'sum');
    await stop();
  }, 90_000);
});
