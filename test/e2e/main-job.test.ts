// The main job, end to end: a controller in a process of its own, a simulated site with real Modbus and OCPP sockets, and an operator behind.
// The tests tell one story and run in order; each begins where the one before ended.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { loadSite } from '../../src/config/load-site.ts';
import { onEachPhase, PHASES } from '../../src/core/model/units.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { SimulatedSite, type SiteEvent } from '../../src/simulator/simulated-site.ts';
import { anchorClock, systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { ControllerProcess, freePort, runVerb } from '../support/controller-process.ts';
import { dial as dialLoopback } from '../support/dial.ts';

const dir = mkdtempSync(join(tmpdir(), 'busbar-e2e-'));
const siteFile = join(dir, 'site.json');
const dataDir = join(dir, 'data');
const clock = systemClock(anchorClock());
const CARS = ['A/1', 'B/1', 'C/1'] as const;
const LIMIT_AMPS = 63;
/** The blocks of one poll follow each other faster than this (75 ms of silence between them), the next poll does not. */
const BETWEEN_BLOCKS_MS = 200;
const DWELL_MS = 5_000;
const LEASE_MS = 60_000;

let site: SimulatedSite;
let controller: ControllerProcess;
let spareKey: Buffer;
let stationsPort: number;
const cleanUps: (() => Promise<unknown>)[] = [];

const worstPhase = () => Math.max(...PHASES.map((phase) => site.currents()[phase]));

/** The first event that satisfies `condition`, and when it came. */
function nextEvent(condition: (event: SiteEvent) => boolean): Promise<number> {
  return new Promise((resolve) => {
    const end = site.watch((event) => {
      if (!condition(event)) return;
      end();
      resolve(clock.now());
    });
  });
}

const limitOf = (event: SiteEvent) =>
  event.kind === 'profile' ? event.profile.schedule.periods[0]!.limit : Number.NaN;
const isLease = (event: SiteEvent) => event.kind === 'profile' && event.profile.stackLevel > 0;

beforeAll(async () => {
  const [meterPort, csmsPort, httpPort] = [await freePort(), await freePort(), await freePort()];
  stationsPort = await freePort();
  const keys = new Map(['A', 'B', 'C', 'X'].map((id) => [id, randomBytes(20)]));
  spareKey = keys.get('X')!;
  const station = (id: string, maxAmps: number) => ({
    id,
    model: 'generic-ac',
    keySha256: createHash('sha256').update(`${id}:`).update(keys.get(id)!).digest('hex'),
    evses: [{ circuit: 'main', phases: 'L1 L2 L3', maxAmps, floorAmps: 6 }],
  });
  const file = {
    id: 'e2e',
    timezone: 'Europe/Berlin',
    circuits: [{ id: 'main', ratingAmps: LIMIT_AMPS, marginAmps: 1, baseLoad: { worstAmps: 36 }, meter: 'main' }],
    meters: [{ id: 'main', profile: 'eastron-sdm630', host: '127.0.0.1', port: meterPort, unitId: 1, pollMs: 1000 }],
    // X is there for those who knock at the door; it draws no more than its floor.
    stations: [station('A', 32), station('B', 32), station('C', 32), station('X', 6)],
    upstream: { url: `ws://127.0.0.1:${csmsPort}/ocpp` },
    // A car that a restart pauses for a moment need not rest for minutes here.
    policy: { increase: { dwellMs: DWELL_MS }, pause: { minOffMs: 10_000 } },
    listen: { stations: { port: stationsPort }, http: { port: httpPort } },
  };
  writeFileSync(siteFile, JSON.stringify(file));
  const loaded = loadSite(siteFile);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const simulatedStations = loaded.site.stations.filter((one) => one.id !== 'X');
  site = new SimulatedSite(
    { clock, random: seededRandom(7), log: silentLog },
    {
      site: {
        ...loaded.site,
        stations: simulatedStations,
        evses: loaded.site.evses.filter((one) => one.station !== 'X'),
      },
      stationKeys: keys,
      dial: dialLoopback,
      stationsUrl: `ws://127.0.0.1:${stationsPort}/ocpp`,
      meterPort,
      csmsPort,
      dayMs: 24 * 3_600_000,
      peakAmps: 30,
      scene: 'none',
    },
  );
  site.building.hold(onEachPhase(10));
  await site.start(new AbortController().signal);
  cleanUps.push(() => site.stop());
  controller = await ControllerProcess.start(siteFile, dataDir);
  cleanUps.push(() => controller.stop());
}, 60_000);

afterAll(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
  rmSync(dir, { recursive: true, force: true });
}, 30_000);

describe('a site under its fuse', () => {
  test('three cars share what the building leaves, and the operator hears of each', async () => {
    const stored = 5_000;
    for (const id of CARS)
      await site.plugIn(id, { phases: 3, maxAmps: 32, minAmps: 6, batteryWh: 80_000 }, stored, `CARD-${id}`);
    // 63 A − 1 A margin − 10 A building − 6 A for the charger that never came = 46 A for three.
    await controller.until((state) =>
      CARS.every((id) => (state.evses.find((evse) => evse.id === id)?.acknowledgedAmps ?? 0) >= 15),
    );
    await nextEvent((event) => event.kind === 'tick' && CARS.every((id) => site.evse(id).drawn()[0]! >= 15));
    expect(worstPhase()).toBeLessThanOrEqual(LIMIT_AMPS);
    expect(worstPhase()).toBeGreaterThan(54);
    const starts = site.csms.recorded.filter((message) => message.action === 'StartTransaction');
    expect(starts.map((message) => message.station).sort()).toEqual(['A', 'B', 'C']);
    const state = await controller.state();
    expect(state.mode).toBe('normal');
    expect(state.evses.find((evse) => evse.id === 'A/1')?.reason.text).toMatch(/main.*is full/);
  }, 90_000);

  test('the building takes 40 % of the limit more: all decreases are on the wire within a cycle, the fuse is relieved when the cars have followed', async () => {
    const told = new Map<string, number>();
    const end = site.watch((event) => {
      if (event.kind === 'profile' && isLease(event) && limitOf(event) < 12 && !told.has(event.evse))
        told.set(event.evse, clock.now());
    });
    // Between two polls: a poll reads several blocks, and the one with the currents may just be over.
    let readAt = clock.now();
    await nextEvent((event) => {
      if (event.kind === 'meter-read') readAt = clock.now();
      return event.kind === 'tick' && clock.now() - readAt > BETWEEN_BLOCKS_MS;
    });
    site.building.hold(onEachPhase(10 + 0.4 * LIMIT_AMPS));
    const sampledAt = await nextEvent((event) => event.kind === 'meter-read');
    expect(worstPhase()).toBeGreaterThan(LIMIT_AMPS);
    const relievedAt = await nextEvent((event) => event.kind === 'tick' && worstPhase() <= LIMIT_AMPS);
    end();
    const slowestMs = Math.max(...CARS.map((id) => told.get(id) ?? Number.POSITIVE_INFINITY)) - sampledAt;
    console.log(
      `base load step: last decrease on the wire ${slowestMs} ms after the sample, back under the fuse after ${relievedAt - sampledAt} ms`,
    );
    expect(slowestMs).toBeLessThanOrEqual(1_000);
    // One cycle, and the cars' reaction of 2 s with their ramp.
    expect(relievedAt - sampledAt).toBeLessThanOrEqual(1_000 + 2_000 + 1_000);
  }, 60_000);

  test('the building falls back: increases come, but only after their dwell, and never above the fuse', async () => {
    await controller.until((state) =>
      CARS.every((id) => (state.evses.find((evse) => evse.id === id)?.acknowledgedAmps ?? 99) < 12),
    );
    const fellAt = clock.now();
    site.building.hold(onEachPhase(5));
    let worst = 0;
    const end = site.watch((event) => {
      if (event.kind === 'tick') worst = Math.max(worst, worstPhase());
    });
    const lastTold = new Map(CARS.map((id) => [id as string, site.limitInForce(id)]));
    const roseAt = await nextEvent(
      (event) => event.kind === 'profile' && isLease(event) && limitOf(event) > (lastTold.get(event.evse) ?? 99) + 0.05,
    );
    expect(roseAt - fellAt).toBeGreaterThanOrEqual(DWELL_MS);
    await nextEvent((event) => event.kind === 'tick' && worstPhase() > 50);
    end();
    expect(worst).toBeLessThanOrEqual(LIMIT_AMPS);
  }, 120_000);

  test('a person lowers the site limit: every car is told in the next cycle', async () => {
    const askedAt = clock.now();
    const told = nextEvent((event) => isLease(event) && limitOf(event) < 11);
    const response = await fetch(`${controller.address}/api/v1/circuits/main/limit`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ limitAmps: 40, note: 'kitchen works' }),
    });
    expect(response.status).toBe(200);
    expect((await told) - askedAt).toBeLessThanOrEqual(1_500);
    await nextEvent((event) => event.kind === 'tick' && worstPhase() <= 40);
    const refused = await fetch(`${controller.address}/api/v1/circuits/main/limit`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ limitAmps: 80 }),
    });
    expect(refused.status).toBe(400);
    expect(JSON.stringify(await refused.json())).toMatch(/63/);
    await fetch(`${controller.address}/api/v1/circuits/main/limit`, { method: 'DELETE' });
    await controller.until((state) => state.circuits[0]!.phases.L1.limitAmps === LIMIT_AMPS);
  }, 60_000);

  test("the operator's own profile bounds the allocation and never reaches the charger", async () => {
    const seen: number[] = [];
    const end = site.watch((event) => {
      if (event.kind === 'profile') seen.push(event.profile.id);
    });
    const profile = {
      chargingProfileId: 4711,
      stackLevel: 5,
      chargingProfilePurpose: 'TxDefaultProfile',
      chargingProfileKind: 'Relative',
      chargingSchedule: { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 8 }] },
    };
    const answer = await site.csms.call('A', 'SetChargingProfile', { connectorId: 1, csChargingProfiles: profile });
    expect(answer).toEqual({ ok: true, payload: { status: 'Accepted' } });
    // It comes down to 8 A, or up to them if it stood lower, and says why it gets no more.
    const state = await controller.until((one) => one.evses.find((evse) => evse.id === 'A/1')?.acknowledgedAmps === 8);
    expect(state.evses.find((evse) => evse.id === 'A/1')?.reason.text).toMatch(/at most 8 A by the operator/);
    expect(await site.csms.call('A', 'ClearChargingProfile', {})).toEqual({
      ok: true,
      payload: { status: 'Accepted' },
    });
    await controller.until((one) => (one.evses.find((evse) => evse.id === 'A/1')?.targetAmps ?? 0) > 10);
    end();
    expect(seen).not.toContain(4711);
    expect(site.station('A').memory.all().length).toBe(2);
  }, 60_000);
});

describe('bad input', () => {
  const dial = (identity: string, key: Buffer | undefined) =>
    new WebSocket(`ws://127.0.0.1:${stationsPort}/ocpp/${identity}`, 'ocpp1.6', {
      headers: key
        ? { authorization: `Basic ${Buffer.concat([Buffer.from(`${identity}:`), key]).toString('base64')}` }
        : {},
    });
  const refusal = async (socket: WebSocket) => {
    socket.on('error', () => {});
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
    return response.statusCode;
  };

  test('a wrong key is 401, an unknown station 404, and nothing changes', async () => {
    const before = await controller.state();
    expect(await refusal(dial('A', randomBytes(20)))).toBe(401);
    expect(await refusal(dial('A', undefined))).toBe(401);
    expect(await refusal(dial('Z', spareKey))).toBe(404);
    const after = await controller.until((state) => state.cycle > before.cycle + 1);
    expect(after.evses.map((evse) => evse.activity)).toEqual(before.evses.map((evse) => evse.activity));
    expect(site.station('A').isConnected).toBe(true);
  });

  test('malformed frames get the right CALLERROR and the line stays up', async () => {
    const socket = dial('X', spareKey);
    await once(socket, 'open');
    // Busbar asks X for its configuration meanwhile; X has no such thing.
    socket.on('message', (data) => {
      const [type, id] = JSON.parse(String(data)) as [number, string];
      if (type === 2) socket.send(JSON.stringify([4, id, 'NotSupported', '', {}]));
    });
    const ask = (text: string) =>
      new Promise<[number, string, string]>((resolve) => {
        const listener = (data: Buffer) => {
          const frame = JSON.parse(String(data)) as [number, string, string];
          if (frame[0] === 2) return;
          socket.off('message', listener);
          resolve(frame);
        };
        socket.on('message', listener);
        socket.send(text);
      });
    expect(
      (await ask('[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]')).slice(0, 2),
    ).toEqual([3, '1']);
    expect((await ask('[2,"2","BootNotification",{"chargePointVendor":"V"}]')).slice(0, 3)).toEqual([
      4,
      '2',
      'OccurenceConstraintViolation',
    ]);
    expect((await ask('[2,"3","MakeCoffee",{}]')).slice(0, 3)).toEqual([4, '3', 'NotImplemented']);
    expect((await ask('[2,"4","MeterValues",{"connectorId":"one","meterValue":[]}]')).slice(0, 3)).toEqual([
      4,
      '4',
      'TypeConstraintViolation',
    ]);
    expect((await ask('[2,"5","Heartbeat",{}]')).slice(0, 2)).toEqual([3, '5']);
    socket.close();
    await once(socket, 'close');
  });

  test('a site file with ten faults prints ten located errors and exits 1', async () => {
    const file = join(dir, 'ten.json');
    writeFileSync(
      file,
      JSON.stringify({
        id: 'ten-faults',
        timezone: 'Mars/Olympus',
        colour: 'red',
        circuits: [
          { id: 'main', ratingAmps: 63, baseLoad: { worstAmps: 10 }, meter: 'nowhere' },
          { id: 'sub', parent: 'attic', ratingAmps: 32, baseLoad: { worstAmps: 1, allowanceAmps: 1 } },
          { id: 'bad', parent: 'main', ratingAmps: '63A', baseLoad: { worstAmps: 1, allowanceAmps: 1 } },
        ],
        meters: [
          { id: 'm1', profile: 'eastron-sdm630', host: '127.0.0.1', port: 70_000, unitId: 1 },
          { id: 'm2', profile: 'no-such-meter', host: '127.0.0.1', port: 502, unitId: 1 },
        ],
        stations: [
          { id: 'CP 1', model: 'generic-ac', evses: [{ circuit: 'main', phases: 'L1', maxAmps: 16 }] },
          { id: 'CP2', model: 'no-such-model', evses: [{ circuit: 'main', phases: 'L1', maxAmps: 16 }] },
          { id: 'CP3', model: 'generic-ac', evses: [{ circuit: 'main', phases: 'L1 L1', maxAmps: 16 }] },
        ],
      }),
    );
    const { code, err } = await runVerb(['check', file]);
    const located = err.split('\n').filter((line) => line.includes('ten.json: '));
    expect(code).toBe(1);
    const paths = located.map((line) => line.split('ten.json: ')[1]!.split(':')[0]!);
    expect(paths.sort(), err).toEqual(
      [
        'timezone',
        'colour',
        'circuits[0].meter',
        'circuits[1].parent',
        'circuits[2].ratingAmps',
        'meters[0].port',
        'meters[1].profile',
        'stations[0].id',
        'stations[1].model',
        'stations[2].evses[0].phases',
      ].sort(),
    );
  });
});

describe('when the controller dies', () => {
  const transactions = () => CARS.map((id) => site.evse(id).transaction?.id);
  let before: readonly (string | undefined)[];

  test('kill −9: no car rises, and every charger is at its floor within its lease + 5 s', async () => {
    await controller.until((state) =>
      CARS.every((id) => (state.evses.find((evse) => evse.id === id)?.acknowledgedAmps ?? 0) > 10),
    );
    before = transactions();
    expect(before.every((id) => typeof id === 'string')).toBe(true);
    const limitsBefore = new Map(CARS.map((id) => [id as string, site.limitInForce(id)]));
    await controller.kill();
    const diedAt = clock.now();
    let worst = 0;
    const rises: string[] = [];
    const end = site.watch((event) => {
      if (event.kind !== 'tick') return;
      worst = Math.max(worst, worstPhase());
      for (const id of CARS) if (site.limitInForce(id) > limitsBefore.get(id)! + 0.01) rises.push(id);
    });
    const atFloorAt = await nextEvent(
      (event) => event.kind === 'tick' && CARS.every((id) => site.limitInForce(id) <= 6),
    );
    end();
    console.log(`kill -9: every charger at its floor after ${((atFloorAt - diedAt) / 1000).toFixed(1)} s`);
    expect(atFloorAt - diedAt).toBeLessThanOrEqual(LEASE_MS + 5_000);
    expect(rises).toEqual([]);
    expect(worst).toBeLessThanOrEqual(LIMIT_AMPS);
    for (const id of CARS) expect(site.limitInForce(id)).toBe(6);
  }, 120_000);

  test('restart: the chargers come back in the middle of their transactions, which go on under the same ids', async () => {
    controller = await ControllerProcess.start(siteFile, dataDir);
    await controller.until((state) =>
      CARS.every((id) => (state.evses.find((evse) => evse.id === id)?.acknowledgedAmps ?? 0) > 10),
    );
    expect(transactions()).toEqual(before);
    expect(site.csms.recorded.filter((message) => message.action === 'StartTransaction')).toHaveLength(3);
    expect(worstPhase()).toBeLessThanOrEqual(LIMIT_AMPS);
    const stopped = new Promise<Record<string, unknown>>((resolve) => {
      site.csms.onMessage((message) => {
        if (message.action === 'StopTransaction') resolve(message.payload);
      });
    });
    site.unplug('A/1');
    // The operator hears of it under the operator's own id.
    expect((await stopped).transactionId).toBeGreaterThanOrEqual(700_001);
  }, 120_000);

  test('SIGTERM: the controller is gone within 5 s and leaves the chargers on their leases', async () => {
    const limits = CARS.map((id) => site.limitInForce(id));
    const askedAt = clock.now();
    expect(await controller.stop()).toBe(0);
    expect(clock.now() - askedAt).toBeLessThanOrEqual(5_000);
    expect(CARS.map((id) => site.limitInForce(id))).toEqual(limits);
  }, 30_000);
});
