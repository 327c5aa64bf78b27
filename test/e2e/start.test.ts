// A controller that cannot begin says which room is in trouble and what to do, leaves nothing running, and ends with exit code 1.
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { freePort, runVerb } from '../support/controller-process.ts';

const dir = mkdtempSync(join(tmpdir(), 'busbar-start-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function siteFile(name: string, stationsPort?: number): Promise<string> {
  const file = join(dir, `${name}.json`);
  const site = {
    id: name,
    timezone: 'UTC',
    circuits: [{ id: 'main', ratingAmps: 63, baseLoad: { worstAmps: 30 }, meter: 'main' }],
    meters: [{ id: 'main', profile: 'eastron-sdm630', host: '127.0.0.1', port: await freePort(), unitId: 1 }],
    stations: [{ id: 'A', model: 'generic-ac', evses: [{ circuit: 'main', phases: 'L1', maxAmps: 16 }] }],
    listen: { stations: { port: stationsPort ?? (await freePort()) }, http: { port: await freePort() } },
  };
  writeFileSync(file, JSON.stringify(site));
  return file;
}

test('the port of the stations is taken', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const { code, err } = await runVerb([
    'run',
    await siteFile('taken', port),
    '--data',
    join(dir, 'taken'),
    '--log-level',
    'error',
  ]);
  other.close();
  expect(code, err).toBe(1);
  expect(err).toMatch(new RegExp(`busbar: OCPP_LISTEN: .*${port}`));
});

test('the state file is damaged', async () => {
  const data = join(dir, 'damaged');
  mkdirSync(data);
  writeFileSync(join(data, 'state.db'), 'this is no database, and it is long enough to be read as one. '.repeat(100));
  const { code, err } = await runVerb(['run', await siteFile('damaged'), '--data', data, '--log-level', 'error']);
  expect(code, err).toBe(1);
  expect(err).toMatch(/busbar: STORE_CORRUPT: /);
});

test('the data directory is a file', async () => {
  const data = join(dir, 'file');
  writeFileSync(data, '');
  const { code, err } = await runVerb(['run', await siteFile('nodir'), '--data', data, '--log-level', 'error']);
  expect(code, err).toBe(1);
  expect(err).toMatch(/busbar: STORE_OPEN_FAILED: .*--data/);
});

test('the site file is missing', async () => {
  const { code, err } = await runVerb(['run', join(dir, 'nowhere.json'), '--data', join(dir, 'x')]);
  expect(code).toBe(1);
  expect(err).toMatch(/nowhere\.json: .*expected a site file that can be read/);
});

test('wrong usage is exit code 2 and says where to look', async () => {
  const { code, err } = await runVerb(['demo', '--seed', 'lucky']);
  expect(code).toBe(2);
  expect(err).toMatch(/lucky.*\n.*--help/s);
});

test('a situation on standard input comes back as a decision; a bad one as located faults', async () => {
  const good = await runVerb(
    ['allocate', '--site', 'site-config/demo.json', '--json'],
    '{"meters":{"main":{"currentAmps":10}},"evses":{"CP01/1":{"car":true}}}',
  );
  expect(good.code, good.err).toBe(0);
  const decision = JSON.parse(good.out) as { shares: { evse: string; targetAmps: number; why: string }[] };
  expect(decision.shares.find((share) => share.evse === 'CP01/1')).toMatchObject({ targetAmps: 32 });
  const bad = await runVerb(
    ['allocate', '--site', 'site-config/demo.json'],
    '{"evses":{"CP99/1":{}},"limits":[{"circuit":"attic","limitAmps":1}]}',
  );
  expect(bad.code).toBe(1);
  expect(bad.err).toMatch(/evses\["CP99\/1"\]: got "CP99\/1", expected the id of an EVSE/);
  expect(bad.err).toMatch(/limits\[0\]\.circuit: got "attic", expected the id of a circuit/);
});
