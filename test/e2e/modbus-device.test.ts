// Busbar as a Modbus device in the program as it runs on a site, read and written by two other programs' eyes: Debian's mbpoll, and our own meter
// client by the SunSpec profile. The tests tell one story and run in order; each begins where the one before ended.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import type { MeterState } from '../../src/core/model/snapshot.ts';
import { MeterServer } from '../../src/simulator/meter-server.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { siteMeters } from '../../src/wiring/meters.ts';
import { ControllerProcess, freePort, runVerb } from '../support/controller-process.ts';
import { meterAt, realSurroundings } from '../support/modbus-world.ts';

const MBPOLL = '/usr/bin/mbpoll';
const run = promisify(execFile);
const dir = mkdtempSync(join(tmpdir(), 'busbar-modbus-'));
const siteFile = join(dir, 'site.json');
const HEARTBEAT_MS = 8_000;
let port: number;
let controller: ControllerProcess;
const meter = new MeterServer(
  () => ({ amps: { L1: 10.5, L2: 20.2, L3: 30.7 }, volts: 231, importWh: 12_345 }),
  seededRandom(1),
);

const common = () => ['-m', 'tcp', '-p', String(port), '-0', '-a', '1', '-1'];

/** Values as mbpoll prints them; its `-B` says that the high word comes first. Rejects with its words when it was refused. */
async function poll(type: '4' | '4:float' | '3:float', register: number, count: number): Promise<number[]> {
  const { stdout } = await run(MBPOLL, [
    ...common(),
    '-t',
    type,
    '-B',
    '-r',
    String(register),
    '-c',
    String(count),
    '127.0.0.1',
  ]);
  return [...stdout.matchAll(/^\[\d+\]:\s+(\S+)/gm)].map((match) => Number(match[1]));
}

/** True when it was taken. */
async function write(type: '4' | '4:float', register: number, value: number): Promise<boolean> {
  try {
    await run(MBPOLL, [
      ...common().filter((one) => one !== '-1'),
      '-t',
      type,
      '-B',
      '-r',
      String(register),
      '127.0.0.1',
      '--',
      String(value),
    ]);
    return true;
  } catch (error) {
    // mbpoll ends with an error and the exception's name.
    expect(String((error as { stderr?: string }).stderr)).toMatch(/Illegal|Write/i);
    return false;
  }
}

function needsMbpoll(skip: TestContext['skip']): void {
  if (existsSync(MBPOLL)) return;
  const reason = `no ${MBPOLL}`;
  console.warn(`skipped: ${reason}`);
  skip(reason);
}

beforeAll(async () => {
  port = await freePort();
  const meterPort = await meter.start(0);
  const site = {
    id: 'e2e',
    timezone: 'Europe/Berlin',
    circuits: [{ id: 'main', ratingAmps: 63, marginAmps: 1, baseLoad: { worstAmps: 40 }, meter: 'main' }],
    meters: [{ id: 'main', profile: 'eastron-sdm630', host: '127.0.0.1', port: meterPort, unitId: 1 }],
    stations: [{ id: 'CP01', model: 'generic-ac', evses: [{ circuit: 'main', phases: 'L1 L2 L3', maxAmps: 16 }] }],
    modbusServer: { port, externalCap: { circuit: 'main', failsafeAmps: 40, heartbeatMs: HEARTBEAT_MS } },
    listen: { stations: { port: await freePort() }, http: { port: await freePort() } },
  };
  writeFileSync(siteFile, JSON.stringify(site));
  controller = await ControllerProcess.start(siteFile, join(dir, 'data'));
}, 60_000);

afterAll(async () => {
  await controller?.kill();
  await meter.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe('read', () => {
  test('mbpoll finds who it is, a cycle that is young, and the meter of the connection', async ({ skip }) => {
    needsMbpoll(skip);
    // The first word of "Busbar" is "Bu".
    expect(await poll('4', 0, 4)).toEqual([0x4275, 0x7362, 0x6172, 1]);
    await expect.poll(() => poll('4', 1_001, 1), { timeout: 10_000 }).toEqual([1]);
    const [, age] = await poll('4', 6, 2);
    expect(age).toBeLessThan(3_000);
    const [l1, l2, l3] = await poll('4:float', 1_028, 3);
    expect([l1, l2, l3]).toEqual([10.5, 20.2, 30.7]);
    expect(await poll('3:float', 1_028, 3)).toEqual([10.5, 20.2, 30.7]);
    expect(await poll('4:float', 1_004, 3)).toEqual([40, 40, 40]);
  });

  test('our own meter client reads it back as a SunSpec meter, and believes it', async () => {
    const site = { meters: [meterAt(port, { profile: 'sunspec-211-214', pollMs: 500 })], nominalVolts: 230 };
    const meters = siteMeters(site)(realSurroundings());
    const read = new Promise<MeterState>((resolve) => meters.onReading(() => resolve(meters.states().grid!)));
    await meters.start(new AbortController().signal);
    const { reading } = await read;
    await meters.stop();
    expect(reading!.currentAmps.L1).toBeCloseTo(10.5, 3);
    expect(reading!.currentAmps.L3).toBeCloseTo(30.7, 3);
    expect(reading!.volts!.L2).toBeGreaterThan(230.9);
    expect(reading!.totalPowerWatts).toBeGreaterThan(13_900);
  });

  test('so does `busbar meter`', async () => {
    const { code, out } = await runVerb(['meter', 'sunspec-211-214', `127.0.0.1:${port}`, '--json']);
    expect(code).toBe(0);
    expect(JSON.stringify(JSON.parse(out))).toContain('30.7');
  }, 20_000);
});

describe('written', () => {
  test('the failsafe holds from the start, and the API says why', async () => {
    const state = await controller.until(({ caps }) => caps.length > 0, 5);
    expect(state.caps).toMatchObject([
      {
        id: 'external:main',
        authorKind: 'facility-manager',
        limitAmps: { L1: 40 },
        failsafe: { because: 'never-heard' },
      },
    ]);
    expect(state.notices.map(({ code }) => code)).toContain('LIMIT_FAILSAFE');
    const metrics = await (await fetch(`${controller.address}/metrics`)).text();
    expect(metrics).toContain('busbar_limit_failsafe{cap="external:main",author="facility-manager"} 1');
  });

  test('mbpoll sets a cap by one write of two registers; it is in force in the next cycle and can be read back', async ({
    skip,
  }) => {
    needsMbpoll(skip);
    expect(await write('4:float', 100, 32.5)).toBe(true);
    const state = await controller.until(({ circuits }) => circuits[0]!.phases.L1.limitAmps === 32.5, 3);
    expect(state.circuits[0]!.phases.L1.limitAuthor).toBe('the facility manager, building management system');
    expect(state.caps[0]).not.toHaveProperty('failsafe');
    expect(await write('4', 102, 7)).toBe(true);
    expect([await poll('4:float', 100, 1), await poll('4', 102, 3)]).toEqual([[32.5], [7, 325, 2]]);
  });

  test('what no cap can be is refused and changes nothing', async ({ skip }) => {
    needsMbpoll(skip);
    expect(await write('4:float', 100, 63.5)).toBe(false);
    expect(await write('4:float', 100, -1)).toBe(false);
    expect(await write('4', 100, 20)).toBe(false);
    expect(await write('4', 1_004, 20)).toBe(false);
    expect(await write('4', 102, 8)).toBe(true);
    expect(await poll('4:float', 100, 1)).toEqual([32.5]);
  });

  test('when the heartbeat ends, the tighter of cap and failsafe holds; the next cap is live again', async ({
    skip,
  }) => {
    needsMbpoll(skip);
    expect(await write('4', 103, 500)).toBe(true);
    await controller.until(({ circuits }) => circuits[0]!.phases.L1.limitAmps === 50, 3);
    const state = await controller.until(({ circuits }) => circuits[0]!.phases.L1.limitAmps === 40, 20);
    expect(state.caps[0]).toMatchObject({ failsafe: { because: 'silent' } });
    expect(await poll('4', 104, 1)).toEqual([3]);
    expect(await write('4', 103, 450)).toBe(true);
    await controller.until(({ circuits }) => circuits[0]!.phases.L1.limitAmps === 45, 3);
  });

  test('a meter that is gone reads as not available within its time, never as an old number', async ({ skip }) => {
    needsMbpoll(skip);
    await meter.stop();
    await expect.poll(() => poll('4', 1_001, 1), { timeout: 10_000 }).toEqual([3]);
    expect(await poll('4:float', 1_028, 3)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(await poll('4:float', 40_074, 3)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });
});
