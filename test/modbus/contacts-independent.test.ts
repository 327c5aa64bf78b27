// Contacts and coils against a module of another maker (pymodbus) over real sockets: read, switched, lost when it is killed, and found again.
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { stopCap } from '../../src/core/limits/emergency-stop.ts';
import type { Cap } from '../../src/core/model/limit.ts';
import type { SiteInput, SiteOutput } from '../../src/core/model/site.ts';
import type { Contacts } from '../../src/modbus/contacts.ts';
import { ModbusLinks } from '../../src/modbus/links.ts';
import type { Outputs } from '../../src/modbus/outputs.ts';
import { siteContacts, siteOutputs } from '../../src/wiring/meters.ts';
import { type Child, freePort, startChild } from '../support/children.ts';
import { cycleRecord } from '../support/cycle-record.ts';
import { realSurroundings, tcpAt } from '../support/modbus-world.ts';
import { serveModbus } from '../support/raw-modbus-server.ts';
import { buildSite } from '../support/site-builder.ts';

const PYTHON = '/usr/bin/python3';
const MODULE = resolve(import.meta.dirname, '../support/contact-module.py');
const UNIT = 3;

const cap: Cap = {
  id: 'contact:dim',
  source: { kind: 'utility', id: 'contact Dim' },
  scope: { kind: 'circuit', circuit: 'main' },
  limitWatts: 4_200,
};

function inputsAt(port: number): readonly [SiteInput, SiteInput] {
  const common = { connection: { endpoint: tcpAt(port), unitId: UNIT }, debounceMs: 200, pollMs: 100 } as const;
  return [
    { ...common, id: 'dim', name: 'Dim', contact: { kind: 'discrete-input', address: 9 }, activeWhen: 'closed', cap },
    {
      ...common,
      id: 'door',
      name: 'Door',
      contact: { kind: 'discrete-input', address: 12 },
      activeWhen: 'open',
      emergencyStop: true,
      cap: stopCap('contact:door', 'contact Door'),
    },
  ];
}
const outputsAt = (port: number): readonly SiteOutput[] =>
  (['limited', 'emergency-stop'] as const).map((shows, at) => ({
    id: shows,
    name: shows,
    connection: { endpoint: tcpAt(port), unitId: UNIT },
    coil: 20 + at,
    shows,
  }));

/** The port and links of a site, started, and closed after the test. */
async function started(port: number) {
  const surroundings = realSurroundings();
  const links = new ModbusLinks(surroundings);
  const contacts: Contacts = siteContacts({ inputs: inputsAt(port) }, surroundings, links);
  const outputs: Outputs = siteOutputs({ outputs: outputsAt(port) }, surroundings, links);
  onTestFinished(async () => {
    await Promise.all([contacts.stop(), outputs.stop(), links.close()]);
  });
  const { signal } = new AbortController();
  await contacts.start(signal);
  const states = () => Object.fromEntries(contacts.contacts().map(({ id, state }) => [id, state]));
  return { surroundings, contacts, outputs, states, signal };
}

test('polarity, a change, coils, a killed module and its return, against pymodbus', async ({ skip }) => {
  const dir = mkdtempSync(join(tmpdir(), 'busbar-module-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'closed.json');
  const close = (...inputs: number[]) => {
    writeFileSync(`${file}.new`, JSON.stringify({ inputs }));
    renameSync(`${file}.new`, file);
  };
  close(12);
  const port = await freePort();
  const begin = () =>
    startChild(PYTHON, [MODULE, String(port), String(UNIT), file]).catch((error: Error) => {
      // Without the Python package there is no second opinion to be had on this machine.
      if (/ModuleNotFoundError/.test(error.message)) return undefined;
      throw error;
    });
  const first: Child | undefined = existsSync(PYTHON) ? await begin() : undefined;
  if (!first) {
    const reason = `no pymodbus for ${PYTHON}`;
    console.warn(`skipped: ${reason}`);
    skip(reason);
    return;
  }
  onTestFinished(first.stop);
  const { surroundings, contacts, outputs, states, signal } = await started(port);
  await expect.poll(states, { timeout: 10_000 }).toEqual({ dim: 'released', door: 'released' });

  close(9, 12);
  await expect.poll(states, { timeout: 3_000 }).toEqual({ dim: 'active', door: 'released' });
  expect(contacts.caps()).toEqual([cap]);
  close(9);
  await expect.poll(states, { timeout: 3_000 }).toEqual({ dim: 'active', door: 'active' });

  const site = buildSite();
  outputs.show(cycleRecord(site, { snapshot: { caps: contacts.caps() } }));
  await outputs.start(signal);
  await expect.poll(() => [...first.lines].sort(), { timeout: 5_000 }).toEqual(['coil 20 1', 'coil 21 1', 'up']);

  close(12);
  await expect.poll(states, { timeout: 3_000 }).toEqual({ dim: 'released', door: 'released' });
  await first.stop();
  const killedAt = surroundings.clock.now();
  await expect.poll(states, { timeout: 8_000 }).toEqual({ dim: 'unknown', door: 'unknown' });
  expect(surroundings.clock.now() - killedAt).toBeLessThan(6_000);
  expect(contacts.caps().map(({ id, note }) => [id, note])).toEqual([
    ['contact:dim', 'cannot be read'],
    ['contact:door', 'cannot be read'],
  ]);
  expect(contacts.contacts().every(({ isSeenActive }) => !isSeenActive)).toBe(true);

  const second = (await begin())!;
  onTestFinished(second.stop);
  await expect.poll(states, { timeout: 15_000 }).toEqual({ dim: 'released', door: 'released' });
}, 60_000);

test('contacts share the connection of the meters behind the same gateway, and a refusal is told with its code', async () => {
  const server = await serveModbus((unit, functionCode, address, count) => {
    if (unit !== UNIT || functionCode !== 2) return { exception: 1 };
    return address + count > 13
      ? { exception: 2 }
      : Array.from({ length: count }, (_, at) => Number(address + at === 12));
  });
  onTestFinished(server.close);
  const surroundings = realSurroundings();
  const links = new ModbusLinks(surroundings);
  onTestFinished(() => links.close());
  const meter = links.at(tcpAt(server.port)).unit(1);
  const [dim, door] = inputsAt(server.port);
  const far = { ...dim, id: 'far', contact: { kind: 'discrete-input', address: 30 } } as const;
  const contacts = siteContacts({ inputs: [dim, door, far] }, surroundings, links);
  onTestFinished(() => contacts.stop());
  await contacts.start(new AbortController().signal);
  await expect(meter.read(3, 0, 2)).rejects.toMatchObject({ code: 'METER_EXCEPTION', fields: { exception: 1 } });
  const states = () => contacts.contacts().map(({ id, state }) => `${id} ${state}`);
  await expect.poll(states, { timeout: 3_000 }).toEqual(['dim released', 'door released', 'far unknown']);
  expect(contacts.contacts()[2]!.trouble).toMatch(/exception 2/i);
  expect(server.accepted()).toBe(1);
});
