// The control loop cannot be stalled: a real controller is halted, hung and killed while real sockets carry a simulated site, and it comes back.
// The tests tell one story and run in order; each begins where the one before ended.
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadSite } from '../../src/config/load-site.ts';
import { onEachPhase, PHASES } from '../../src/core/model/units.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { SimulatedSite, type SiteEvent } from '../../src/simulator/simulated-site.ts';
import { anchorClock, systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { freePort } from '../support/controller-process.ts';
import { dial } from '../support/dial.ts';
import { isAlive, type LogLine, WatchedRun } from '../support/watched-run.ts';

const dir = mkdtempSync(join(tmpdir(), 'busbar-watchdog-'));
const siteFile = join(dir, 'site.json');
const clock = systemClock(anchorClock());
const CARS = ['A/1', 'B/1'] as const;
const LIMIT_AMPS = 50;

let site: SimulatedSite;
let run: WatchedRun;
let transactions: readonly (string | undefined)[];
let worstAmps = 0;

const isLogged = (event: string, room?: string) => (line: LogLine) =>
  line.event === event && (room === undefined || line.room === room);
const worstPhase = () => Math.max(...PHASES.map((phase) => site.currents()[phase]));

function nextEvent(condition: (event: SiteEvent) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const end = site.watch((event) => {
      if (!condition(event)) return;
      end();
      resolve();
    });
  });
}
const bothAbove = (amps: number) =>
  nextEvent((event) => event.kind === 'tick' && CARS.every((id) => site.evse(id).drawn()[0]! >= amps));

/** Hurts the controller, and resolves when another one has finished a cycle: after how many milliseconds. */
async function backAfter(hurt: () => void | Promise<void>): Promise<number> {
  await run.progress();
  const before = run.controllerPid;
  const up = run.next((line) => line.event === 'cycle' && run.controllerPid !== before);
  // Right after a cycle, so that nothing is gained by luck.
  await run.cycle();
  await hurt();
  const hurtAt = clock.now();
  await up;
  const tookMs = clock.now() - hurtAt;
  expect(isAlive(before)).toBe(false);
  return tookMs;
}

/** Every transaction goes on under its id, cars charge again, and the fuse was never too hot. */
async function goesOn(): Promise<void> {
  await bothAbove(15);
  expect(CARS.map((id) => site.evse(id).transaction?.id)).toEqual(transactions);
  expect(site.csms.recorded.filter(({ action }) => action === 'StartTransaction')).toHaveLength(2);
  expect(worstAmps).toBeLessThanOrEqual(LIMIT_AMPS);
}

beforeAll(async () => {
  const [meterPort, csmsPort, stationsPort, httpPort] = await Promise.all([
    freePort(),
    freePort(),
    freePort(),
    freePort(),
  ]);
  const keys = new Map(['A', 'B'].map((id) => [id, randomBytes(20)]));
  const station = (id: string) => ({
    id,
    model: 'generic-ac',
    keySha256: createHash('sha256').update(`${id}:`).update(keys.get(id)!).digest('hex'),
    evses: [{ circuit: 'main', phases: 'L1 L2 L3', maxAmps: 32, floorAmps: 6 }],
  });
  const file = {
    id: 'watchdog',
    timezone: 'Europe/Berlin',
    circuits: [{ id: 'main', ratingAmps: LIMIT_AMPS, marginAmps: 1, baseLoad: { worstAmps: 30 }, meter: 'main' }],
    meters: [{ id: 'main', profile: 'eastron-sdm630', host: '127.0.0.1', port: meterPort, unitId: 1, pollMs: 1000 }],
    stations: [station('A'), station('B')],
    upstream: { url: `ws://127.0.0.1:${csmsPort}/ocpp` },
    policy: { increase: { dwellMs: 3_000 }, pause: { minOffMs: 10_000 } },
    listen: { stations: { port: stationsPort }, http: { port: httpPort } },
  };
  writeFileSync(siteFile, JSON.stringify(file));
  const loaded = loadSite(siteFile);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  site = new SimulatedSite(
    { clock, random: seededRandom(7), log: silentLog },
    {
      site: loaded.site,
      stationKeys: keys,
      dial,
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
  site.watch((event) => {
    if (event.kind === 'tick') worstAmps = Math.max(worstAmps, worstPhase());
  });
  run = WatchedRun.start(siteFile, join(dir, 'data'));
  await run.cycle();
  for (const id of CARS)
    await site.plugIn(id, { phases: 3, maxAmps: 32, minAmps: 6, batteryWh: 80_000 }, 5_000, `CARD-${id}`);
  await bothAbove(15);
  transactions = CARS.map((id) => site.evse(id).transaction?.id);
}, 120_000);

afterAll(async () => {
  await run?.kill();
  await site?.stop();
  rmSync(dir, { recursive: true, force: true });
}, 30_000);

test('kill −9 of the controller: another one cycles within 3 s, and the transactions go on', async () => {
  const tookMs = await backAfter(() => void process.kill(run.controllerPid, 'SIGKILL'));
  console.log(`kill -9: the next controller has finished a cycle after ${tookMs} ms`);
  expect(tookMs).toBeLessThanOrEqual(3_000);
  await goesOn();
}, 240_000);

test('SIGSTOP: a halted controller is killed and another one cycles within 12 s', async () => {
  const tookMs = await backAfter(() => void process.kill(run.controllerPid, 'SIGSTOP'));
  console.log(`SIGSTOP: the next controller has finished a cycle after ${tookMs} ms`);
  expect(tookMs).toBeLessThanOrEqual(12_000);
  await goesOn();
}, 240_000);

test('an endless loop in the control thread: killed, and another one cycles within 12 s', async () => {
  const tookMs = await backAfter(() => run.hang());
  console.log(`endless loop: the next controller has finished a cycle after ${tookMs} ms`);
  expect(tookMs).toBeLessThanOrEqual(12_000);
  await goesOn();
}, 240_000);

test('an endless loop in the gateway’s thread: that one alone is started again, control cycles on', async () => {
  const before = run.controllerPid;
  await run.cycle();
  const silent = run.next(isLogged('worker.silent'));
  const hurtAt = clock.now();
  await run.hang('gateway');
  const cycles: LogLine[] = [];
  void run.next((line) => {
    if (line.event === 'cycle') cycles.push(line);
    return false;
  });
  expect(await silent).toMatchObject({ worker: 'gateway', code: 'WORKER_SILENT' });
  await run.next((line) => line.event === 'worker.up' && line.worker === 'gateway');
  const tookMs = clock.now() - hurtAt;
  console.log(`endless loop in the gateway: up again after ${tookMs} ms, ${cycles.length} cycles meanwhile`);
  expect(tookMs).toBeLessThanOrEqual(13_000);
  expect(cycles.length).toBeGreaterThanOrEqual(Math.floor(tookMs / 1_000) - 2);
  await goesOn();
  expect(run.controllerPid).toBe(before);
}, 120_000);
