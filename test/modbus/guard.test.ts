// The guard under fire: thousands of reads through a proxy that spoils frames; a wrong value must never come out, and a good one soon again.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { AppError } from '../../src/engine/app-error.ts';
import { ModbusLink } from '../../src/modbus/register-reader.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { type FaultProxy, startFaultProxy } from '../support/children.ts';
import { realSurroundings, tcpAt } from '../support/modbus-world.ts';
import { type RawServer, serveModbus } from '../support/raw-modbus-server.ts';

/** Every register says its own address and how it was asked for, so that any mix-up shows. */
const wordAt = (unitId: number, functionCode: number, address: number) =>
  (address * 31 + unitId * 7 + functionCode * 1_009) & 0xffff;
const wordsAt = (unitId: number, functionCode: number, address: number, count: number) =>
  Array.from({ length: count }, (_, at) => wordAt(unitId, functionCode, address + at));

/** Each one alone spoils one thing, and is over within a few hundred milliseconds. */
const FAULTS = [
  { mode: 'delayOnce', ms: 60 },
  { mode: 'dropOnce' },
  { mode: 'half', keep: 7 },
  { mode: 'half', keep: 3 },
  { mode: 'half', keep: 12 },
  { mode: 'garbage' },
  { mode: 'garbage', hex: '0000' },
  { mode: 'garbage', hex: '000100000005010302' },
  { mode: 'badlen' },
  { mode: 'badlen', len: 5 },
  { mode: 'badtid' },
  { mode: 'badtid', delta: -1 },
  { mode: 'badproto' },
  { mode: 'badunit' },
  { mode: 'dup' },
  { mode: 'exception', code: 11 },
  { mode: 'exception', code: 6 },
  { mode: 'rst' },
  { mode: 'fin' },
] as const;
const TIMING = { deadlineMs: 40, connectTimeoutMs: 300, backOffFirstMs: 2, backOffMostMs: 20, unitRestMostMs: 20 };
const KNOWN = ['METER_CONNECT', 'METER_TIMEOUT', 'METER_FRAME', 'METER_CLOSED', 'METER_EXCEPTION'];

let server: RawServer;
let proxy: FaultProxy;
beforeAll(async () => {
  server = await serveModbus(wordsAt);
  proxy = await startFaultProxy(server.port);
});
afterAll(async () => {
  await proxy.stop();
  await server.close();
});

type Tally = { right: number; wrong: number; readonly errors: { [code: string]: number }; worstErrorMs: number };

/** Random reads of changing unit, function, place and length, one after the other. */
function reads(link: ModbusLink, seed: number) {
  const random = seededRandom(seed);
  const { clock } = realSurroundings();
  const below = (bound: number) => Math.floor(random.next('read') * bound);
  const tally: Tally = { right: 0, wrong: 0, errors: {}, worstErrorMs: 0 };
  const once = async (): Promise<boolean> => {
    const [unitId, functionCode, address] = [1 + below(3), below(2) === 0 ? 3 : 4, below(60_000)] as const;
    // Mostly the same length: a stale reply of another length would be caught too easily.
    const count = below(4) === 0 ? 1 + below(125) : 2;
    const began = clock.now();
    try {
      const words = await link.unit(unitId).read(functionCode, address, count);
      const isRight = words.join() === wordsAt(unitId, functionCode, address, count).join();
      tally[isRight ? 'right' : 'wrong']++;
      return isRight;
    } catch (error) {
      const code = error instanceof AppError ? error.code : String(error);
      tally.errors[code] = (tally.errors[code] ?? 0) + 1;
      tally.worstErrorMs = Math.max(tally.worstErrorMs, clock.now() - began);
      return false;
    }
  };
  return { tally, once };
}

const sumOf = (counts: { readonly [code: string]: number }) => Object.values(counts).reduce((sum, one) => sum + one, 0);

describe('through the fault proxy', () => {
  test('3,000 seeded reads with a fault every fifth: no wrong value, named errors, no socket left behind', async () => {
    const link = new ModbusLink(realSurroundings(3), tcpAt(proxy.port), TIMING);
    const { tally, once } = reads(link, 7);
    for (let at = 0; at < 3_000; at++) {
      if (at % 5 === 0) await proxy.set(FAULTS[(at / 5) % FAULTS.length]!);
      await once();
      expect(server.open()).toBeLessThanOrEqual(3);
    }
    await proxy.set({ mode: 'pass' });
    console.info('guard, mixed faults:', JSON.stringify(tally));
    expect(tally.wrong).toBe(0);
    expect(Object.keys(tally.errors).filter((code) => !KNOWN.includes(code))).toEqual([]);
    expect(tally.right).toBeGreaterThan(1_800);
    // A fault nobody felt was not played: all but the late and harmless ones must have cost a read.
    expect(sumOf(tally.errors)).toBeGreaterThan(400);
    await link.close();
    await expect.poll(() => server.open()).toBe(0);
  });

  test.each([
    { mode: 'delay', ms: 35 },
    { mode: 'delay', ms: 40 },
    { mode: 'delay', ms: 45 },
    { mode: 'split', ms: 0 },
    { mode: 'merge', ms: 20 },
    { mode: 'merge', ms: 60 },
    { mode: 'drop' },
    { mode: 'blackhole' },
    { mode: 'refuse' },
  ])('while $mode lasts no value is wrong, and within 2 s of its end a read succeeds', async (fault) => {
    const { clock, ...rest } = realSurroundings(5);
    const link = new ModbusLink({ clock, ...rest }, tcpAt(proxy.port), TIMING);
    onTestFinished(() => link.close());
    const { tally, once } = reads(link, 11);
    await proxy.set(fault);
    for (let at = 0; at < 25; at++) await once();
    await proxy.set({ mode: 'pass' });
    const from = clock.now();
    while (!(await once()) && clock.now() - from < 2_000);
    expect(tally.wrong).toBe(0);
    expect(clock.now() - from).toBeLessThan(2_000);
    // Reading byte by byte is no fault at all where the whole frame makes it in time.
    if (fault.mode === 'split') expect(tally.right).toBeGreaterThan(15);
    await link.close();
    await expect.poll(() => server.open()).toBe(0);
  });

  test.each(FAULTS.map((fault) => [JSON.stringify(fault), fault] as const))(
    'after one %s the very next reads are right, with the timing of the product',
    async (_name, fault) => {
      const { clock, ...rest } = realSurroundings(9);
      const link = new ModbusLink({ clock, ...rest }, tcpAt(proxy.port));
      const { tally, once } = reads(link, 13);
      await once();
      await proxy.set(fault);
      await once();
      const from = clock.now();
      for (let at = 0; at < 5; at++) await once();
      expect(tally.wrong).toBe(0);
      expect(tally.right).toBeGreaterThanOrEqual(5);
      expect(clock.now() - from).toBeLessThan(2_000);
      await link.close();
    },
  );
});

test('parallel reads of several units take turns: all right, on one connection', async () => {
  const before = server.accepted();
  const link = new ModbusLink(realSurroundings(), tcpAt(server.port), TIMING);
  const asked = Array.from({ length: 30 }, (_, at) => ({ unitId: 1 + (at % 5), address: at * 100 }));
  const answers = await Promise.all(asked.map(({ unitId, address }) => link.unit(unitId).read(3, address, 2)));
  expect(answers).toEqual(asked.map(({ unitId, address }) => wordsAt(unitId, 3, address, 2)));
  expect(server.accepted() - before).toBe(1);
  await link.close();
});

test('the queue of one gateway is bounded: the read beyond it is refused at once and the others are served', async () => {
  const link = new ModbusLink(realSurroundings(), tcpAt(server.port), TIMING);
  const settled = await Promise.allSettled(Array.from({ length: 40 }, (_, at) => link.unit(1).read(3, at, 2)));
  const refused = settled.filter((one) => one.status === 'rejected');
  expect(refused.map(({ reason }) => reason.code)).toEqual(Array(8).fill('METER_BUSY'));
  await link.close();
});

test('bytes that nobody asked for end the connection before the next read', async () => {
  const link = new ModbusLink(realSurroundings(), tcpAt(server.port), TIMING);
  await link.unit(1).read(3, 0, 2);
  const accepted = server.accepted();
  for (const socket of server.sockets()) socket.write(Buffer.from([0]));
  await expect.poll(() => server.open()).toBe(0);
  expect(await link.unit(1).read(3, 10, 2)).toEqual(wordsAt(1, 3, 10, 2));
  expect(server.accepted() - accepted).toBe(1);
  await link.close();
});
