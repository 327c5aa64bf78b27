// How a watched controller ends and is reloaded, with real processes: nothing outlives its parent, a bad site file changes nothing.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { anchorClock, systemClock } from '../../src/system/clock.ts';
import { freePort } from '../support/controller-process.ts';
import { isAlive, WatchedRun } from '../support/watched-run.ts';

const clock = systemClock(anchorClock());
let dir: string;
let siteFile: string;
let run: WatchedRun;

type File = {
  readonly id: string;
  readonly stations: { readonly evses: readonly object[] }[];
  readonly [field: string]: unknown;
};

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'busbar-ends-'));
  siteFile = join(dir, 'site.json');
  const site = {
    id: 'ends',
    name: 'Before',
    timezone: 'UTC',
    circuits: [{ id: 'main', ratingAmps: 63, baseLoad: { worstAmps: 30 }, meter: 'main' }],
    meters: [{ id: 'main', profile: 'eastron-sdm630', host: '127.0.0.1', port: await freePort(), unitId: 1 }],
    stations: [{ id: 'A', model: 'generic-ac', evses: [{ circuit: 'main', phases: 'L1', maxAmps: 16, floorAmps: 6 }] }],
    listen: { stations: { port: await freePort() }, http: { port: await freePort() } },
  };
  writeFileSync(siteFile, JSON.stringify(site));
  run = WatchedRun.start(siteFile, join(dir, 'data'));
  await run.cycle();
  await run.cycle();
}, 30_000);

afterEach(async () => {
  await run.kill();
  rmSync(dir, { recursive: true, force: true });
}, 30_000);

const change = (edit: (file: File) => object) =>
  writeFileSync(siteFile, JSON.stringify(edit(JSON.parse(readFileSync(siteFile, 'utf8')) as File)));
/** How long the process of that id takes to be gone. It is no child of ours, so that nobody tells of its end: looked at, again and again. */
async function gone(pid: number, withinMs: number): Promise<number> {
  const since = clock.now();
  while (isAlive(pid) && clock.now() - since < withinMs) await clock.sleep('look', 20);
  expect(isAlive(pid)).toBe(false);
  return clock.now() - since;
}

describe('the end', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s ends both cleanly within 5 s',
    async (signal) => {
      const pid = run.controllerPid;
      const askedAt = clock.now();
      run.signal(signal);
      expect(await run.exited).toBe(0);
      expect(clock.now() - askedAt).toBeLessThanOrEqual(5_000);
      expect(isAlive(pid)).toBe(false);
      expect(run.complaints.join('\n')).toMatch(/stopping; chargers keep their leases/);
    },
    30_000,
  );

  test('a signal to the whole group at once, as a terminal sends it, ends both cleanly', async () => {
    process.kill(run.controllerPid, 'SIGINT');
    run.signal('SIGINT');
    expect(await run.exited).toBe(0);
  }, 30_000);

  test('a halted controller does not keep the parent from ending within 6 s, though not cleanly', async () => {
    const pid = run.controllerPid;
    process.kill(pid, 'SIGSTOP');
    const askedAt = clock.now();
    run.signal('SIGTERM');
    expect(await run.exited).toBe(1);
    expect(clock.now() - askedAt).toBeLessThanOrEqual(6_000);
    await gone(pid, 1_000);
  }, 30_000);

  test('a second signal ends both at once', async () => {
    const pid = run.controllerPid;
    process.kill(pid, 'SIGSTOP');
    const stopping = run.next(({ event }) => event === 'watchdog.stopping');
    run.signal('SIGTERM');
    await stopping;
    const askedAt = clock.now();
    run.signal('SIGTERM');
    expect(await run.exited).toBe(130);
    expect(clock.now() - askedAt).toBeLessThanOrEqual(2_000);
    await gone(pid, 1_000);
  }, 30_000);

  test('a controller whose parent was killed ends by itself', async () => {
    const pid = run.controllerPid;
    run.signal('SIGKILL');
    await run.exited;
    console.log(`parent killed: the controller was gone after ${await gone(pid, 2_000)} ms`);
  }, 30_000);

  test('and so does one that hangs in an endless loop', async () => {
    const pid = run.controllerPid;
    await run.hang();
    run.signal('SIGKILL');
    await run.exited;
    console.log(`parent killed, controller hung: it was gone after ${await gone(pid, 3_000)} ms`);
  }, 30_000);

  test('a controller that was ended by somebody else is started again', async () => {
    const pid = run.controllerPid;
    process.kill(pid, 'SIGTERM');
    await run.next(({ event }) => event === 'watchdog.up');
    await run.cycle();
    expect(run.controllerPid).not.toBe(pid);
  }, 30_000);
});

describe('SIGHUP', () => {
  test.each<[string, (file: File) => object]>([
    ['with an unknown field', (file) => ({ ...file, colour: 'red' })],
    ['without stations', ({ stations: _none, ...file }) => file],
    [
      'whose floors do not fit',
      (file) => ({ ...file, circuits: [{ id: 'main', ratingAmps: 32, baseLoad: { worstAmps: 30 }, meter: 'main' }] }),
    ],
    [
      'for a password that is not set',
      (file) => ({ ...file, upstream: { url: 'ws://127.0.0.1:1/', passwordEnv: 'BUSBAR_TEST_NOT_SET' } }),
    ],
  ])(
    'with a site file %s tells each fault and changes nothing',
    async (_story, edit) => {
      const pid = run.controllerPid;
      change(edit);
      const refused = run.next(({ event }) => event === 'site.reload-refused');
      run.signal('SIGHUP');
      expect(await refused).toMatchObject({ level: 'error', code: 'SITE_RELOAD_REFUSED' });
      const faults = run.lines.filter(({ event }) => event === 'site.fault');
      expect(faults.length).toBeGreaterThanOrEqual(1);
      for (const { fault } of faults) expect(fault).toMatch(/site\.json: /);
      await run.cycle();
      expect([run.controllerPid, isAlive(pid)]).toEqual([pid, true]);
      // Not even when it has to start anew: what was accepted is what it runs on.
      process.kill(pid, 'SIGKILL');
      await run.next(({ event }) => event === 'watchdog.up');
      await run.cycle();
      expect(run.controllerPid).not.toBe(pid);
    },
    30_000,
  );

  test('with a sound site file ends the controller cleanly and starts it on the new one', async () => {
    const pid = run.controllerPid;
    change((file) => ({ ...file, id: 'after', name: 'After' }));
    const askedAt = clock.now();
    const up = run.next(({ event, pid: newest }) => event === 'watchdog.up' && newest !== pid);
    run.signal('SIGHUP');
    await up;
    await run.cycle();
    console.log(`reload: the new controller has finished a cycle after ${clock.now() - askedAt} ms`);
    expect(run.lines.filter(({ event }) => event === 'watchdog.died')).toEqual([]);
    const again = run.next(({ event }) => event === 'site.unchanged');
    run.signal('SIGHUP');
    await again;
    run.signal('SIGTERM');
    expect(await run.exited).toBe(0);
  }, 30_000);

  test('with a site that no controller can begin with goes back to the one before', async () => {
    const other = await freePort();
    const { createServer } = await import('node:net');
    const holder = createServer().listen(other, '127.0.0.1');
    change((file) => ({ ...file, listen: { ...(file.listen as object), stations: { port: other } } }));
    const back = run.next(({ event }) => event === 'watchdog.went-back');
    run.signal('SIGHUP');
    expect(await back).toMatchObject({ code: 'SITE_RELOAD_FAILED' });
    await run.next(({ event }) => event === 'watchdog.up');
    await run.cycle();
    holder.close();
    run.signal('SIGTERM');
    expect(await run.exited).toBe(0);
  }, 60_000);
});
