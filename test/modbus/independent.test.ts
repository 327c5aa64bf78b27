// The meters of a site against a Modbus server of another maker (pymodbus): found, read, lost and found again over real sockets.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { MetersPort } from '../../src/engine/ports.ts';
import { siteMeters } from '../../src/wiring/meters.ts';
import { freePort, startChild, startFaultProxy } from '../support/children.ts';
import { meterAt, realSurroundings, sdm630Words } from '../support/modbus-world.ts';
import { fromMemory, serveModbus } from '../support/raw-modbus-server.ts';

const PYTHON = '/usr/bin/python3';
const SERVER = resolve(import.meta.dirname, '../../../shared/tools/modbus/profile_meter.py');

async function pymodbusMeter(profile: string, unitId: number): Promise<number | undefined> {
  if (!existsSync(PYTHON) || !existsSync(SERVER)) return undefined;
  const port = await freePort();
  const child = await startChild(PYTHON, [SERVER, profile, 'tcp', String(port), '--unit', String(unitId)]).catch(
    (error: Error) => {
      // Without the Python packages there is no second opinion to be had on this machine.
      if (/ModuleNotFoundError/.test(error.message)) return undefined;
      throw error;
    },
  );
  if (child) onTestFinished(child.stop);
  return child && port;
}

async function started(port: MetersPort): Promise<MetersPort> {
  await port.start(new AbortController().signal);
  onTestFinished(() => port.stop());
  return port;
}

/** Never twice the same, as on a living grid. */
let ripple = 0;
const livingVolts = () => 230 + (ripple++ % 100) / 50;

const nextReading = (port: MetersPort) => new Promise<void>((done) => port.onReading(() => done()));

test.for([
  ['eastron-sdm630', 1],
  ['block-19000', 7],
] as const)('%s on pymodbus: the port gives what the server holds', async ([profile, unitId], { skip }) => {
  const port = await pymodbusMeter(profile, unitId);
  if (port === undefined) {
    const reason = `no ${SERVER}, or no pymodbus for ${PYTHON}`;
    console.warn(`skipped: ${reason}`);
    skip(reason);
    return;
  }
  const meters = siteMeters({ meters: [meterAt(port, { profile, unitId })], nominalVolts: 230 })(realSurroundings());
  const read = nextReading(meters);
  await started(meters);
  // The server prints its line a moment before it listens; a first refused connection is part of the story.
  await read;
  await expect.poll(() => meters.states().grid?.reading?.energyImportWh, { timeout: 5_000 }).toBeDefined();
  const { currentAmps, volts, totalPowerWatts, frequencyHz } = meters.states().grid!.reading!;
  for (const [phase, amps] of [
    ['L1', 10.5],
    ['L2', 20.2],
    ['L3', 30.7],
  ] as const)
    expect(currentAmps[phase]).toBeCloseTo(amps, 3);
  expect(volts?.L2).toBeCloseTo(231.2, 2);
  expect(totalPowerWatts).toBeCloseTo(14_140, 1);
  expect(frequencyHz).toBeCloseTo(50, 3);
});

test('two meters behind one gateway share one connection, and a dead unit does not take its neighbour along', async () => {
  const server = await serveModbus((unit, fc, address, count) =>
    unit === 1 ? fromMemory(0, () => sdm630Words([10, 11, 12], livingVolts()))(unit, fc, address, count) : undefined,
  );
  onTestFinished(server.close);
  const site = { meters: [meterAt(server.port), meterAt(server.port, { id: 'dead', unitId: 2 })], nominalVolts: 230 };
  const meters = siteMeters(site)(realSurroundings());
  let alive = 0;
  meters.onReading(() => alive++);
  await started(meters);
  await expect.poll(() => alive, { timeout: 10_000 }).toBeGreaterThanOrEqual(4);
  expect(server.open()).toBe(1);
  expect(meters.states()).toMatchObject({
    grid: { reading: { currentAmps: { L1: 10 } } },
    dead: { suspicion: { kind: 'unreachable' } },
  });
  expect(meters.states().dead).not.toHaveProperty('reading');
});

test('a meter that goes away ages and comes back by itself within 7 s; stop leaves no connection', async () => {
  const server = await serveModbus(fromMemory(0, () => sdm630Words([10, 11, 12], livingVolts())));
  onTestFinished(server.close);
  const proxy = await startFaultProxy(server.port);
  onTestFinished(proxy.stop);
  const surroundings = realSurroundings();
  const meters = siteMeters({ meters: [meterAt(proxy.port)], nominalVolts: 230 })(surroundings);
  const first = nextReading(meters);
  await started(meters);
  await first;
  await proxy.set({ mode: 'blackhole' });
  await expect.poll(() => meters.states().grid?.suspicion?.kind, { timeout: 5_000 }).toBe('unreachable');
  const lastGood = meters.states().grid?.reading;
  await expect
    .poll(() => surroundings.clock.now() - meters.states().grid!.suspicion!.since, { timeout: 5_000 })
    .toBeGreaterThan(1_000);
  expect(meters.states().grid?.reading).toEqual(lastGood);
  await proxy.set({ mode: 'pass' });
  const backAt = surroundings.clock.now();
  await expect.poll(() => meters.states().grid?.suspicion, { timeout: 7_000 }).toBeUndefined();
  expect(surroundings.clock.now() - backAt).toBeLessThan(7_000);
  expect(server.open()).toBeLessThanOrEqual(1);
  await meters.stop();
  await meters.stop();
  await expect.poll(() => server.open()).toBe(0);
});
