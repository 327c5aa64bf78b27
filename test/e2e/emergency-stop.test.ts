// An emergency stop from the contact to the cars: real sockets on both sides, a controller that is killed meanwhile, and a person who clears it.
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadSite } from '../../src/config/load-site.ts';
import { onEachPhase } from '../../src/core/model/units.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { SimulatedSite, type SiteEvent } from '../../src/simulator/simulated-site.ts';
import { anchorClock, systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { ControllerProcess, freePort } from '../support/controller-process.ts';
import { dial } from '../support/dial.ts';
import { serveModbus } from '../support/raw-modbus-server.ts';

const CARS = ['A/1', 'B/1'] as const;
const POLL_MS = 250;
/** A poll, a gap between two cycles, the deciding, two threads, and a machine that has other things to do. */
const ON_THE_WIRE_MS = POLL_MS + 200 + 800;

test('every car is told 0 A within a second and stays there over a kill of the controller, until a person clears it', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'busbar-stop-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const clock = systemClock(anchorClock());
  let isPressed = false;
  const module = await serveModbus((_unit, _code, _address, count) =>
    Array.from({ length: count }, () => Number(!isPressed)),
  );
  onTestFinished(module.close);
  const [meterPort, csmsPort, stationsPort] = [await freePort(), await freePort(), await freePort()];
  const keys = new Map(['A', 'B'].map((id) => [id, randomBytes(20)]));
  const siteFile = join(dir, 'site.json');
  writeFileSync(
    siteFile,
    JSON.stringify({
      id: 'e2e',
      timezone: 'Europe/Berlin',
      circuits: [{ id: 'main', ratingAmps: 63, marginAmps: 1, baseLoad: { worstAmps: 36 }, meter: 'main' }],
      meters: [{ id: 'main', profile: 'eastron-sdm630', host: '127.0.0.1', port: meterPort }],
      inputs: [
        {
          id: 'door',
          host: '127.0.0.1',
          port: module.port,
          contact: { discreteInput: 0 },
          activeWhen: 'open',
          pollMs: POLL_MS,
          emergencyStop: true,
        },
      ],
      stations: [...keys].map(([id, key]) => ({
        id,
        model: 'generic-ac',
        keySha256: createHash('sha256').update(`${id}:`).update(key).digest('hex'),
        evses: [{ circuit: 'main', phases: 'L1 L2 L3', maxAmps: 32, floorAmps: 6 }],
      })),
      policy: { increase: { dwellMs: 3_000 }, pause: { minOffMs: 10_000 } },
      listen: { stations: { port: stationsPort }, http: { port: await freePort() } },
    }),
  );
  const loaded = loadSite(siteFile);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const site = new SimulatedSite(
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
  onTestFinished(() => site.stop());
  const begin = async () => {
    const controller = await ControllerProcess.start(siteFile, join(dir, 'data'));
    onTestFinished(() => controller.kill());
    return controller;
  };
  const nextEvent = (condition: (event: SiteEvent) => boolean) =>
    new Promise<number>((resolve) => {
      const end = site.watch((event) => {
        if (!condition(event)) return;
        end();
        resolve(clock.now());
      });
    });
  const drawn = (id: string) => site.evse(id).drawn()[0]!;
  const isLease = (event: SiteEvent) => event.kind === 'profile' && event.profile.stackLevel > 0;
  const limitOf = (event: SiteEvent) =>
    event.kind === 'profile' ? event.profile.schedule.periods[0]!.limit : Number.NaN;

  const first = await begin();
  for (const id of CARS)
    await site.plugIn(id, { phases: 3, maxAmps: 16, minAmps: 6, batteryWh: 80_000 }, 5_000, `CARD-${id}`);
  await nextEvent((event) => event.kind === 'tick' && CARS.every((id) => drawn(id) >= 10));

  const told = new Set<string>();
  const allTold = nextEvent((event) => {
    if (event.kind === 'profile' && isLease(event) && limitOf(event) === 0) told.add(event.evse);
    return told.size === CARS.length;
  });
  const allStopped = nextEvent((event) => event.kind === 'tick' && CARS.every((id) => drawn(id) === 0));
  const pressedAt = clock.now();
  isPressed = true;
  const toldAfterMs = (await allTold) - pressedAt;
  const stoppedAfterMs = (await allStopped) - pressedAt;
  console.info(`emergency stop: on the wire after ${toldAfterMs} ms, nothing drawn after ${stoppedAfterMs} ms`);
  expect(toldAfterMs).toBeLessThan(ON_THE_WIRE_MS);
  isPressed = false;

  // From here on no charger may be told more, whoever dies and comes back.
  const raised: SiteEvent[] = [];
  const endWatch = site.watch((event) => {
    if (isLease(event) && limitOf(event) > 0) raised.push(event);
  });
  await first.kill();
  const second = await begin();
  const kept = await second.until((state) => state.evses.every((evse) => evse.acknowledgedAmps === 0), 60);
  expect(kept.emergencyStop).toMatchObject({ author: 'contact door', isLatched: true, heldBy: [] });
  expect(kept.evses[0]!.reason.text).toBe('paused: the emergency stop, contact door');
  expect(CARS.map(drawn)).toEqual([0, 0]);
  expect(raised).toEqual([]);
  endWatch();

  const cleared = await fetch(`${second.address}/api/v1/emergency-stop`, {
    method: 'DELETE',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ who: 'Anna', note: 'tested' }),
  });
  expect(cleared.status).toBe(200);
  await nextEvent((event) => event.kind === 'tick' && CARS.every((id) => drawn(id) >= 10));
  expect((await second.state()).emergencyStop).toBeUndefined();
}, 150_000);
