// Contacts in the program as it runs on a site: a limit and an emergency stop from a real socket, over kills of the module and of the controller.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { StateStore } from '../../src/store/state-store.ts';
import { ControllerProcess, freePort } from '../support/controller-process.ts';
import { realSurroundings } from '../support/modbus-world.ts';
import { serveModbus } from '../support/raw-modbus-server.ts';

const DIM = 0;
const DOOR = 1;
const COIL_ALIVE = 8;
const COIL_STOP = 9;

test('a contact limits, a stop is latched over a kill and cleared by a person, and a dead module limits', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'busbar-contacts-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const bits = new Set([DOOR]);
  const written: [number, boolean][] = [];
  const module = await serveModbus((_unit, functionCode, address, count) => {
    if (functionCode === 2) return Array.from({ length: count }, (_, at) => Number(bits.has(address + at)));
    if (functionCode !== 5) return { exception: 1 };
    written.push([address, count === 0xff00]);
    return [count];
  });
  onTestFinished(module.close);
  const place = { host: '127.0.0.1', port: module.port, unitId: 5 };
  const siteFile = join(dir, 'site.json');
  const site = {
    id: 'e2e',
    timezone: 'Europe/Berlin',
    circuits: [{ id: 'main', ratingAmps: 63, marginAmps: 1, baseLoad: { worstAmps: 20, allowanceAmps: 5 } }],
    inputs: [
      {
        ...place,
        id: 'dim',
        name: 'W4',
        contact: { discreteInput: DIM },
        activeWhen: 'closed',
        limit: { group: 'all', limitKilowatts: 4.2, note: '§14a EnWG' },
      },
      { ...place, id: 'door', name: 'Door', contact: { discreteInput: DOOR }, activeWhen: 'open', emergencyStop: true },
    ],
    outputs: [
      { ...place, id: 'alive', coil: COIL_ALIVE, shows: 'alive' },
      { ...place, id: 'stopped', coil: COIL_STOP, shows: 'emergency-stop' },
    ],
    groups: [{ id: 'all', circuits: ['main'], limitKilowatts: 22 }],
    stations: [
      { id: 'CP01', model: 'generic-ac', evses: [{ circuit: 'main', phases: 'L1 L2 L3', maxAmps: 32, floorAmps: 6 }] },
    ],
    listen: { stations: { port: await freePort() }, http: { port: await freePort() } },
  };
  writeFileSync(siteFile, JSON.stringify(site));
  const data = join(dir, 'data');
  const begin = async () => {
    const controller = await ControllerProcess.start(siteFile, data);
    onTestFinished(() => controller.kill());
    return controller;
  };
  const clear = ({ address }: ControllerProcess) =>
    fetch(`${address}/api/v1/emergency-stop`, {
      method: 'DELETE',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ who: 'Anna', note: 'looked at it' }),
    });

  const first = await begin();
  const calm = await first.until((state) => state.contacts.every(({ state: one }) => one === 'released'), 5);
  expect([calm.caps, calm.emergencyStop]).toEqual([[], undefined]);

  bits.add(DIM);
  const dimmed = await first.until((state) => state.caps.length > 0, 3);
  expect(dimmed.caps).toMatchObject([
    { id: 'contact:dim', group: 'all', author: 'the utility, contact W4', limitWatts: 4_200, note: '§14a EnWG' },
  ]);
  bits.delete(DIM);
  await first.until((state) => state.caps.length === 0, 5);

  bits.delete(DOOR);
  const stopped = await first.until((state) => state.emergencyStop !== undefined, 3);
  expect(stopped.emergencyStop).toMatchObject({
    author: 'contact Door',
    isLatched: true,
    heldBy: ['contact Door is active'],
  });
  await expect.poll(() => written.findLast(([coil]) => coil === COIL_STOP)?.[1], { timeout: 5_000 }).toBe(true);
  // Both sides, second after second.
  expect(new Set(written.filter(([coil]) => coil === COIL_ALIVE).map(([, isOn]) => isOn)).size).toBe(2);
  const held = await clear(first);
  expect([held.status, await held.json()]).toMatchObject([409, { code: 'EMERGENCY_STOP_HELD' }]);
  await first.kill();

  bits.add(DOOR);
  const second = await begin();
  const kept = await second.until(() => true);
  expect(kept.emergencyStop).toMatchObject({ author: 'contact Door', isLatched: true, heldBy: [] });
  expect(kept.emergencyStop!.sinceWallMs).toBe(stopped.emergencyStop!.sinceWallMs);
  expect((await clear(second)).status).toBe(200);
  await second.until((state) => state.emergencyStop === undefined, 3);

  await module.close();
  const lost = await second.until((state) => state.contacts.every(({ state: one }) => one === 'unknown'), 10);
  expect(lost.caps.map(({ id }) => id)).toEqual(['contact:dim', 'contact:door']);
  expect(lost.emergencyStop).toMatchObject({ isLatched: false, heldBy: ['contact Door cannot be read'] });
  expect(lost.notices.map(({ code }) => code)).toContain('CONTACT_UNREADABLE');
  await second.stop();

  const store = new StateStore({ path: join(data, 'state.db') }, realSurroundings());
  const audit = await store.readAudit(10);
  store.stop();
  expect(audit.map(({ who, what, why }) => [who, what, why])).toEqual([
    ['Anna (this machine)', 'clear-emergency-stop', 'looked at it'],
    ['contact Door', 'press-emergency-stop', undefined],
  ]);
}, 90_000);
