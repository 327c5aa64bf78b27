// The simulated meter as other people's Modbus masters read it, and the dice that move it.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import type ModbusModule from 'modbus-serial';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { METER_UNIT_ID, MeterServer } from '../../src/simulator/meter-server.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';

const Modbus = createRequire(import.meta.url)('modbus-serial') as unknown as typeof ModbusModule.default;
const MBPOLL = '/usr/bin/mbpoll';

let server: MeterServer;
let port: number;
beforeEach(async () => {
  const reading = { amps: { L1: 12.5, L2: 0, L3: -3.25 }, volts: 230, importWh: 1_500 };
  server = new MeterServer(() => reading, seededRandom(7));
  port = await server.start(0);
});
afterEach(() => server.stop());

test('port 0 is a free port, not Modbus’s own', () => {
  expect(port).toBeGreaterThan(1_023);
});

test('modbus-serial reads volts, amperes, watts and energy where an SDM630 has them', async () => {
  const client = new Modbus();
  await client.connectTCP('127.0.0.1', { port });
  client.setID(METER_UNIT_ID);
  const read = async (address: number, count: number) => {
    const { buffer } = await client.readInputRegisters(address, count * 2);
    return Array.from({ length: count }, (_, at) => buffer.readFloatBE(at * 4));
  };
  for (const volts of await read(0, 3)) expect(Math.abs(volts - 230)).toBeLessThan(0.1);
  expect(await read(6, 3)).toEqual([12.5, 0, 3.25]);
  const [l1, l2, l3] = await read(12, 3);
  expect(l1!).toBeCloseTo(12.5 * 230 * 0.99, -1);
  expect(l2!).toBeCloseTo(0, 6);
  // Fed back into the grid: the power says so, the current has no sign.
  expect(l3!).toBeCloseTo(-3.25 * 230 * 0.99, -1);
  expect(await read(72, 1)).toEqual([1.5]);
  await new Promise<void>((resolve) => client.close(() => resolve()));
});

const hasMbpoll = existsSync(MBPOLL);
if (!hasMbpoll) console.log(`mbpoll is not read with: ${MBPOLL} is not installed`);

test.skipIf(!hasMbpoll)('mbpoll reads the same amperes', async () => {
  const args = ['-m', 'tcp', '-p', String(port), '-a', String(METER_UNIT_ID)];
  const { stdout } = await promisify(execFile)(MBPOLL, [
    ...args,
    ...['-0', '-t', '3:float', '-B', '-r', '6', '-c', '3', '-1', '127.0.0.1'],
  ]);
  const amps = [...stdout.matchAll(/^\[\d+\]:\s+(\S+)/gm)].map(([, value]) => Number(value));
  expect(amps).toEqual([12.5, 0, 3.25]);
});

test('the same seed falls alike, another does not, and every draw is in [0, 1)', () => {
  const draws = (seed: number) => {
    const random = seededRandom(seed);
    return [...Array.from({ length: 1_000 }, () => random.next('x')), random.uuid('x')];
  };
  expect(draws(1)).toEqual(draws(1));
  expect(draws(1)).not.toEqual(draws(2));
  const numbers = draws(3).slice(0, -1) as number[];
  expect(numbers.every((one) => one >= 0 && one < 1)).toBe(true);
  expect(numbers.reduce((sum, one) => sum + one, 0) / numbers.length).toBeCloseTo(0.5, 1);
  expect(draws(4).at(-1)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
