// A wish in the program as it runs on a site: over the threads to the control room and the disk, and over a kill without warning.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ControllerProcess, freePort } from '../support/controller-process.ts';

test('a wish that was answered is there after the controller was killed, and can be taken back', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'busbar-wish-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const siteFile = join(dir, 'site.json');
  const site = {
    id: 'e2e',
    timezone: 'Europe/Berlin',
    circuits: [{ id: 'main', ratingAmps: 63, marginAmps: 1, baseLoad: { worstAmps: 20 }, meter: 'main' }],
    meters: [{ id: 'main', profile: 'eastron-sdm630', host: '127.0.0.1', port: await freePort(), unitId: 1 }],
    stations: [
      { id: 'CP01', model: 'generic-ac', evses: [{ circuit: 'main', phases: 'L1 L2 L3', maxAmps: 32, floorAmps: 6 }] },
    ],
    listen: { stations: { port: await freePort() }, http: { port: await freePort() } },
  };
  writeFileSync(siteFile, JSON.stringify(site));
  const begin = async () => {
    const controller = await ControllerProcess.start(siteFile, join(dir, 'data'));
    onTestFinished(() => controller.kill());
    return controller;
  };
  const wishAt = ({ address }: ControllerProcess) => `${address}/api/v1/stations/CP01/evses/1/wish`;

  const first = await begin();
  const departure = new Date(Date.now() + 3_600_000).toISOString();
  const answer = await fetch(wishAt(first), {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ energyKilowattHours: 30, departure, note: 'line 12' }),
  });
  expect([answer.status, await answer.json()]).toMatchObject([200, { evse: 'CP01/1' }]);
  await first.kill();

  const second = await begin();
  const { evses } = await second.until((state) => state.evses[0]?.wish !== undefined, 5);
  expect(evses[0]!.wish).toMatchObject({ isWaiting: true, energyWh: 30_000, note: 'line 12' });
  // To the second: what a person writes has no more.
  expect(Math.abs(evses[0]!.wish!.departureWallMs! - Date.parse(departure))).toBeLessThan(1_000);
  expect((await fetch(wishAt(second), { method: 'DELETE' })).status).toBe(200);
  await second.until((state) => state.evses[0]?.wish === undefined, 5);
  expect(await (await fetch(wishAt(second))).json()).toEqual({ evse: 'CP01/1' });
}, 60_000);
