// The server over real sockets: what it answers, whom it lets in, every bound at the bound, and that no bytes end it.
import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fields, Log } from '../../../src/engine/ports.ts';
import { AllowList } from '../../../src/modbus/server/allow-list.ts';
import { IDLE_TIMEOUT_MS, MAX_REQUESTS_PER_SECOND, REQUEST_BURST } from '../../../src/modbus/server/connection.ts';
import { MAX_CONNECTIONS, ModbusServer, WRITE_BURST } from '../../../src/modbus/server/server.ts';
import { silentLog } from '../../../src/system/log.ts';
import { deviceSite, frameOf, Master, ownAddress, serve, WATTS_CAP, word } from '../../support/device-world.ts';
import { HeldClock } from '../../support/held-clock.ts';
import { floatWords, realSurroundings } from '../../support/modbus-world.ts';

const READ_IDENTIFICATION = [3, 0, 0, 0, 3];
const IDENTIFICATION = 'Busbar';
/** A frozen clock moves no bucket on: what a test sends counts against one burst. */
function frozen() {
  const { clock } = realSurroundings();
  const now = clock.now();
  return { clock: { ...clock, now: () => now }, log: silentLog };
}

async function isServed(master: Master): Promise<boolean> {
  const answer = await master.ask(READ_IDENTIFICATION);
  return answer?.subarray(2).toString('latin1') === IDENTIFICATION;
}

function rememberingLog(): Log & { readonly warnings: [string, Fields | undefined][] } {
  const warnings: [string, Fields | undefined][] = [];
  return { ...silentLog, warnings, warn: (event, fields) => void warnings.push([event, fields]) };
}

describe('requests', () => {
  test.each<[string, number[], number, number[]]>([
    ['three registers', READ_IDENTIFICATION, 1, [3, 6, ...Buffer.from(IDENTIFICATION)]],
    ['the same as input registers', [4, 0, 0, 0, 3], 1, [4, 6, ...Buffer.from(IDENTIFICATION)]],
    ['unit 255 is whoever is here', READ_IDENTIFICATION, 255, [3, 6, ...Buffer.from(IDENTIFICATION)]],
    ['another unit', READ_IDENTIFICATION, 2, [0x83, 11]],
    ['unit 0', READ_IDENTIFICATION, 0, [0x83, 11]],
    ['no register', [3, 0, 0, 0, 0], 1, [0x83, 3]],
    ['one register too many', [3, 3, 0xe8, 0, 126], 1, [0x83, 3]],
    ['a register that is not there', [4, 0, 40, 0, 1], 1, [0x84, 2]],
    ['from inside to outside', [3, 0, 39, 0, 2], 1, [0x83, 2]],
    ['beyond the last address', [3, 0xff, 0xff, 0, 2], 1, [0x83, 2]],
    ['a read that is too short', [3, 0, 0, 0], 1, [0x83, 3]],
    ['a read that is too long', [3, 0, 0, 0, 1, 0], 1, [0x83, 3]],
    ['a function code alone', [3], 1, [0x83, 3]],
    ['coils', [1, 0, 0, 0, 1], 1, [0x81, 1]],
    ['a file', [20, 0], 1, [0x94, 1]],
    ['function 0', [0, 0], 1, [0x80, 1]],
    ['an exception as a request', [0x83, 2], 1, [0x83, 1]],
    ['a write of one that is too short', [6, 0, 102, 0], 1, [0x86, 3]],
    ['a write whose byte count lies', [16, 0, 102, 0, 1, 4, 0, 1], 1, [0x90, 3]],
    ['a write of nothing', [16, 0, 102, 0, 0, 0], 1, [0x90, 3]],
    ['a write of too many', [16, 0, 100, 0, 124, 248, ...new Array(246).fill(0)], 1, [0x90, 3]],
    ['a write beyond the last address', [16, 0xff, 0xff, 0, 2, 4, 0, 0, 0, 0], 1, [0x90, 2]],
    ['a write to what is only read', [6, 0, 3, 0, 2], 1, [0x86, 2]],
    ['a heartbeat', [6, 0, 102, 0, 7], 1, [6, 0, 102, 0, 7]],
    ['a cap', [16, 0, 100, 0, 2, 4, 0x42, 0, 0, 0], 1, [16, 0, 100, 0, 2]],
    ['no number', [16, 0, 100, 0, 2, 4, 0x7f, 0xc0, 0, 0], 1, [0x90, 3]],
  ])('%s', async (_what, pdu, unitId, expected) => {
    const { port } = await serve(deviceSite());
    const master = await Master.connect(port);
    expect([...(await master.ask(pdu, unitId))!]).toEqual(expected);
    expect(await isServed(master)).toBe(true);
  });

  test('without an external cap nothing can be written', async () => {
    const { externalCap: _, ...server } = deviceSite().modbusServer!;
    const { port, writes } = await serve({ ...deviceSite(), modbusServer: server });
    const master = await Master.connect(port);
    expect(await master.writeOne(102, 1)).toBe(1);
    expect(await master.write(100, floatWords(1))).toBe(1);
    // State: none configured; everything else of it not available.
    expect(await master.read(100, 6)).toEqual([0x7fc0, 0, 0xffff, 0xffff, 0, 0xffff]);
    expect(writes).toEqual([]);
  });

  test('a cap that was written can be read back, in both forms, with its state', async () => {
    const { port, writes, showCycle } = await serve(deviceSite({ externalCap: WATTS_CAP }));
    showCycle();
    const master = await Master.connect(port);
    expect(await master.read(104, 3)).toEqual([1, 2, 0]);
    expect([await master.readFloat(108), await master.readFloat(110), await master.readFloat(112)]).toEqual([
      4_200, 4_200, 47_000,
    ]);
    expect(await master.write(100, [...floatWords(9_250), 5])).toBe(0);
    expect(writes).toEqual([{ value: 9_250, beat: 5 }]);
    expect(await master.readFloat(100)).toBe(9_250);
    expect(await master.read(102, 3)).toEqual([5, 92, 2]);
    expect(await master.readFloat(108)).toBe(9_250);
    const [high, low] = (await master.read(114, 2)) as [number, number];
    expect(high * 65_536 + low).toBeGreaterThan(9_000);
    expect(high * 65_536 + low).toBeLessThanOrEqual(10_000);
  });

  test('while there are no cycles nobody is told that a cap holds', async () => {
    const { port } = await serve(deviceSite());
    const master = await Master.connect(port);
    expect(await master.write(100, floatWords(32))).toBe(0);
    // The cap, its coarse form, its state and what is in force are not available; its unit and its failsafe are those of the site file.
    expect(await master.read(100, 12)).toEqual([
      0x7fc0,
      0,
      0xffff,
      0xffff,
      0xffff,
      1,
      0,
      0xffff,
      0x7fc0,
      0,
      ...floatWords(20),
    ]);
  });

  test('a control room that does not take a write is told as busy, and nothing is read back', async () => {
    const { port, showCycle } = await serve(deviceSite(), { onWrite: async () => undefined });
    showCycle();
    const master = await Master.connect(port);
    expect(await master.writeOne(103, 160)).toBe(6);
    expect(await master.read(103, 2)).toEqual([0xffff, 1]);
  });

  test('requests behind a write that is under way are answered after it, in order', async () => {
    let take: () => void = () => {};
    const { port } = await serve(deviceSite(), {
      onWrite: () => new Promise((resolve) => (take = () => resolve({ value: 16, writtenAt: 0, heardAt: 0, beat: 3 }))),
    });
    const master = await Master.connect(port);
    const bytes = [
      frameOf([6, 0, 102, 0, 3], 1, 1),
      frameOf(READ_IDENTIFICATION, 1, 2),
      frameOf([3, 0, 102, 0, 1], 1, 3),
    ];
    master.send(Buffer.concat(bytes));
    await expect.poll(() => take.length === 0 && take.toString().includes('resolve')).toBe(true);
    take();
    const answers = await master.receive(12 + 15 + 11);
    expect([answers.readUInt16BE(0), answers.readUInt16BE(12), answers.readUInt16BE(27)]).toEqual([1, 2, 3]);
    expect(answers.readUInt16BE(36)).toBe(3);
  });

  test('a request in pieces of one byte, and several in one piece', async () => {
    const { port } = await serve(deviceSite());
    const master = await Master.connect(port);
    for (const byte of frameOf(READ_IDENTIFICATION)) {
      master.send(Uint8Array.of(byte));
      await new Promise((resolve) => master.socket.write('', resolve));
    }
    expect((await master.receive(15)).subarray(9).toString('latin1')).toBe(IDENTIFICATION);
    master.send(Buffer.concat([frameOf(READ_IDENTIFICATION, 1, 7), frameOf(READ_IDENTIFICATION, 1, 8)]));
    const answers = await master.receive(30);
    expect([answers.readUInt16BE(0), answers.readUInt16BE(15)]).toEqual([7, 8]);
  });
});

describe('bounds', () => {
  test.each([
    ['another protocol', [0, 1, 0, 7, 0, 6, 1, 3, 0, 0, 0, 1]],
    ['a length of nothing', [0, 1, 0, 0, 0, 0]],
    ['a frame of 261 bytes', [0, 1, 0, 0, 0, 255]],
  ])('%s closes the connection, and the log says why', async (_, bytes) => {
    const log = rememberingLog();
    const { port } = await serve(deviceSite(), { log });
    const master = await Master.connect(port);
    master.send(Uint8Array.from(bytes));
    await master.closed;
    expect(log.warnings).toMatchObject([
      ['modbus-server.bad-frame', { because: expect.stringMatching(/protocol|length/) }],
    ]);
    expect(await isServed(await Master.connect(port))).toBe(true);
  });

  test('a frame of 260 bytes is still one', async () => {
    const { port } = await serve(deviceSite());
    const master = await Master.connect(port);
    expect([...(await master.ask([16, ...new Array(252).fill(0)]))!]).toEqual([0x90, 3]);
  });

  test(`${MAX_CONNECTIONS} masters are served, one more is closed, and may come when another has gone`, async () => {
    const { port } = await serve(deviceSite());
    const masters = await Promise.all(Array.from({ length: MAX_CONNECTIONS }, () => Master.connect(port)));
    expect(await Promise.all(masters.map(isServed))).toEqual(masters.map(() => true));
    const late = await Master.connect(port);
    await late.closed;
    masters[0]!.socket.destroy();
    await expect
      .poll(async () => {
        const next = await Master.connect(port);
        return next.ask(READ_IDENTIFICATION).then((answer) => answer?.length);
      })
      .toBe(8);
  });

  test(`${REQUEST_BURST} requests at once, the next waits its turn of 1/${MAX_REQUESTS_PER_SECOND} s`, async () => {
    const held = new HeldClock('modbus-server.pace');
    const at = held.now();
    let later = 0;
    const clock = Object.assign(Object.create(held), { now: () => at + later }) as HeldClock;
    clock.timer = held.timer.bind(held);
    const { port } = await serve(deviceSite(), { surroundings: { clock, log: silentLog } });
    const master = await Master.connect(port);
    const requests = Array.from({ length: REQUEST_BURST + 2 }, (_, index) => frameOf(READ_IDENTIFICATION, 1, index));
    master.send(Buffer.concat(requests));
    const answers = await master.receive(15 * REQUEST_BURST);
    expect(answers.readUInt16BE(15 * (REQUEST_BURST - 1))).toBe(REQUEST_BURST - 1);
    expect(await held.whenHeld('modbus-server.pace')).toBe(1_000 / MAX_REQUESTS_PER_SECOND);
    // Nothing more comes until its time: the two that wait are answered one after the other.
    later += 1_000 / MAX_REQUESTS_PER_SECOND;
    await held.run('modbus-server.pace');
    expect((await master.receive(15)).readUInt16BE(0)).toBe(REQUEST_BURST);
    expect(held.held('modbus-server.pace')).toEqual([1_000 / MAX_REQUESTS_PER_SECOND]);
    later += 1_000 / MAX_REQUESTS_PER_SECOND;
    await held.run('modbus-server.pace');
    expect((await master.receive(15)).readUInt16BE(0)).toBe(REQUEST_BURST + 1);
  });

  test(`${WRITE_BURST} writes at once reach the control room, from however many masters; the next is told "busy"`, async () => {
    const { port, writes } = await serve(deviceSite(), { surroundings: frozen() });
    const [one, two] = [await Master.connect(port), await Master.connect(port)];
    for (let at = 0; at < WRITE_BURST; at++) expect(await (at % 2 === 0 ? one : two).writeOne(102, at)).toBe(0);
    expect([await one.writeOne(102, 99), await two.write(100, floatWords(16))]).toEqual([6, 6]);
    // What is refused for its value is no write, and reading goes on.
    expect(await one.write(100, floatWords(-1))).toBe(3);
    expect(await isServed(one)).toBe(true);
    expect(writes).toHaveLength(WRITE_BURST);
  });

  test('a connection without a whole request is closed when its time is over; one with requests is not', async () => {
    const held = new HeldClock('modbus-server.idle');
    const at = held.now();
    let later = 0;
    const clock = Object.assign(Object.create(held), { now: () => at + later }) as HeldClock;
    clock.timer = held.timer.bind(held);
    const { port } = await serve(deviceSite(), { surroundings: { clock, log: silentLog } });
    const busy = await Master.connect(port);
    expect(await isServed(busy)).toBe(true);
    const idle = await Master.connect(port);
    idle.send(Uint8Array.from([0, 1, 0, 0, 0]));
    await expect.poll(() => held.held('modbus-server.idle')).toEqual([IDLE_TIMEOUT_MS, IDLE_TIMEOUT_MS]);
    later = IDLE_TIMEOUT_MS - 10;
    expect(await isServed(busy)).toBe(true);
    later = IDLE_TIMEOUT_MS;
    await held.run('modbus-server.idle');
    await held.run('modbus-server.idle');
    await idle.closed;
    expect(await isServed(busy)).toBe(true);
    expect(held.held('modbus-server.idle')).toEqual([IDLE_TIMEOUT_MS - 10]);
  });

  test('a master that takes no answers is not read on, and loses none when it does', async () => {
    // With a clock that runs a second with each look at it, the pace holds nothing up; a look or two is taken for each request.
    const { clock } = realSurroundings();
    let looks = 0;
    const base = clock.now();
    const quick = { clock: { ...clock, now: () => base + 1_000 * ++looks }, log: silentLog };
    const { port } = await serve(deviceSite(), { surroundings: quick });
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const requests = 60_000;
    const answerBytes = 9 + 250;
    const request = frameOf([3, ...word(40_070), 0, 125]);
    for (let at = 0; at < requests; at++) socket.write(request);
    let before = Number.NaN;
    const isStill = () => {
      const same = before === looks;
      before = looks;
      return same;
    };
    await expect.poll(isStill, { interval: 200, timeout: 20_000 }).toBe(true);
    // 16 KiB wait in the server; what else was answered lies in the kernel's buffers.
    expect(looks / 2).toBeLessThan(requests);
    let received = 0;
    socket.on('data', (bytes: Buffer) => {
      received += bytes.length;
    });
    await expect.poll(() => received, { timeout: 30_000, interval: 100 }).toBe(requests * answerBytes);
    socket.destroy();
  }, 60_000);
});

describe('who may connect', () => {
  test.each<[string, readonly string[], string, boolean]>([
    ['loopback', [], '127.0.0.1', true],
    ['all of it', [], '127.99.1.2', true],
    ['in IPv6', [], '::1', true],
    ['in IPv6 clothes', [], '::ffff:127.0.0.1', true],
    ['in other ones', [], '::ffff:7f00:1', true],
    ['nobody else', [], '192.0.2.7', false],
    ['nobody else in IPv6 clothes', [], '::ffff:192.0.2.7', false],
    ['nobody else in IPv6', [], '2001:db8::1', false],
    ['an address that is not known', ['192.0.2.7'], '', false],
    ['a text that is none', ['192.0.2.7'], '192.0.2.7.8', false],
    ['a listed address', ['192.0.2.7'], '192.0.2.7', true],
    ['in IPv6 clothes too', ['192.0.2.7'], '::FFFF:192.0.2.7', true],
    ['not its neighbour', ['192.0.2.7'], '192.0.2.8', false],
    ['the last of a range', ['192.0.2.64/28'], '192.0.2.79', true],
    ['the first after it', ['192.0.2.64/28'], '192.0.2.80', false],
    ['a range in IPv6', ['2001:db8:5::/48'], '2001:db8:5:ffff::1', true],
    ['beside it', ['2001:db8:5::/48'], '2001:db8:6::1', false],
    ['link-local with its zone', ['fe80::/10'], 'fe80::1%eth0', true],
  ])('%s', (_what, allow, address, expected) => {
    expect(new AllowList(allow).allows(address)).toBe(expected);
  });

  test('an address that is not known to the socket is nobody', () => {
    expect(new AllowList(['192.0.2.7']).allows(undefined)).toBe(false);
  });

  test('a list that cannot be read makes no server', () => {
    const parts = { site: deviceSite({ allow: ['office'] }), version: '1', onWrite: async () => undefined };
    expect(() => new ModbusServer(realSurroundings(), parts)).toThrow();
  });

  test('a server on all addresses turns away who is not listed, before it reads a byte', async () => {
    const log = rememberingLog();
    const own = ownAddress();
    const { port } = await serve(deviceSite({ host: '::', allow: ['192.0.2.7'] }), { log });
    expect(await isServed(await Master.connect(port))).toBe(true);
    if (own === undefined) {
      console.warn('skipped: this machine has no address but loopback');
      return;
    }
    const stranger = await Master.connect(port, own, own);
    stranger.send(frameOf(READ_IDENTIFICATION));
    expect(await stranger.receive(1)).toHaveLength(0);
    expect(log.warnings).toMatchObject([['modbus-server.refused', { because: 'not in modbusServer.allow' }]]);
    const { port: open } = await serve(deviceSite({ host: '::', allow: [`${own}/32`] }));
    expect(await isServed(await Master.connect(open, own, own))).toBe(true);
  });

  test('a port that is taken is told by its code', async () => {
    const { port } = await serve(deviceSite());
    const parts = { site: deviceSite({ port }), version: '1', onWrite: async () => undefined };
    await expect(new ModbusServer(realSurroundings(), parts).start()).rejects.toMatchObject({ code: 'MODBUS_LISTEN' });
  });

  test('a crowd of strangers is told of in a few lines', async () => {
    const log = rememberingLog();
    const { port } = await serve(deviceSite(), { surroundings: frozen(), log });
    for (let at = 0; at < 20; at++) {
      const master = await Master.connect(port);
      master.send(Uint8Array.from([0, 0, 9]));
      await master.closed;
    }
    expect(log.warnings).toHaveLength(5);
  });
});

test('stopping cuts every connection, and may be done twice', async () => {
  const { server, port } = await serve(deviceSite());
  const master = await Master.connect(port);
  expect(await isServed(master)).toBe(true);
  await server.stop();
  await master.closed;
  await server.stop();
});

test('no bytes end it: random frames and random rubbish, and afterwards it serves as before', async () => {
  const { port, writes, showCycle } = await serve(deviceSite());
  showCycle();
  const pdus = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 260 }),
    fc
      .tuple(fc.constantFrom(3, 4, 6, 16), fc.uint8Array({ maxLength: 40 }))
      .map(([code, rest]) => Uint8Array.of(code, ...rest)),
    fc
      .tuple(fc.constantFrom(3, 4), fc.integer({ min: 0, max: 42_000 }), fc.integer({ min: 0, max: 130 }))
      .map(([code, address, count]) => Uint8Array.of(code, ...word(address), ...word(count))),
  );
  const pieces = fc.array(
    fc.oneof(
      { weight: 4, arbitrary: pdus.map((pdu) => frameOf([...pdu])) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) },
    ),
    { minLength: 1, maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(pieces, fc.nat(20), async (parts, cut) => {
      const master = await Master.connect(port);
      const bytes = Buffer.concat(parts);
      master.send(bytes.subarray(0, cut));
      master.send(bytes.subarray(cut));
      master.socket.end();
      await master.closed;
    }),
    { numRuns: 150 },
  );
  expect(await isServed(await Master.connect(port))).toBe(true);
  for (const { value } of writes) if (value !== undefined) expect(value).toBeLessThanOrEqual(63);
});
