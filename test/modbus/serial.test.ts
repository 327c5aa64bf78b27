// RTU on a serial line (socat) against pymodbus: three profiles are read whole, and a silent or babbling line is survived without reopening.

import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { SerialPort } from 'serialport';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readOnce } from '../../src/modbus/read-once.ts';
import { ModbusLink } from '../../src/modbus/register-reader.ts';
import { profileOf, toWords, type Vector, vectorsOf } from '../support/meter-vectors.ts';
import { realSurroundings } from '../support/modbus-world.ts';
import { withChecksum } from '../support/raw-modbus-server.ts';
import {
  type Image,
  noSerialLine,
  type SerialLine,
  startSerialDevices,
  startSerialLine,
} from '../support/serial-line.ts';

const BAUD = 19_200;
const serialAt = (path: string) => ({ transport: 'rtu', path, baud: BAUD, parity: 'none', stopBits: 1 }) as const;
const PLACE = { factor: 1, plausibleAmps: 1_000, mayExport: true, nominalVolts: 230 } as const;

type Skip = (reason: string) => void;

/** A line, or undefined when the test was skipped. */
async function lineOr(skip: Skip): Promise<SerialLine | undefined> {
  const reason = noSerialLine();
  if (reason !== undefined) {
    console.warn(`skipped: ${reason}`);
    skip(reason);
    return undefined;
  }
  const line = await startSerialLine();
  await expect.poll(() => existsSync(line.near) && existsSync(line.far)).toBe(true);
  return line;
}

function linkTo(line: SerialLine, timing = {}) {
  const link = new ModbusLink(realSurroundings(), serialAt(line.near), timing);
  onTestFinished(() => link.close());
  return link;
}

const blocksOf = ({ blocks, memory }: Vector) =>
  (memory ? [memory] : blocks!).map(({ start, words }) => [start, toWords(words)] as const);

describe('against pymodbus', () => {
  async function devicesOr(skip: Skip, image: Image): Promise<SerialLine | undefined> {
    const line = await lineOr(skip);
    if (line === undefined || (await startSerialDevices(line, BAUD, image))) return line;
    console.warn('skipped: no pymodbus');
    skip('no pymodbus');
    return undefined;
  }

  test.for(['eastron-sdm630', 'block-19000', 'sunspec-201-204'])('%s is read whole', async (id, { skip }) => {
    const vector = vectorsOf(id)[0]!;
    const line = await devicesOr(skip, { 7: blocksOf(vector) });
    if (line === undefined) return;
    const surroundings = realSurroundings();
    const unit = linkTo(line).unit(7, profileOf(id).gapMs);
    // It says that it serves a moment before it does.
    await expect
      .poll(() => unit.read(profileOf(id).functionCode, 0, 2).catch(() => undefined), { timeout: 8_000 })
      .toBeDefined();
    const shot = await readOnce(surroundings, unit, profileOf(id), PLACE);
    for (const [name, value] of Object.entries(vector.values))
      expect([name, shot.values[name as keyof typeof shot.values]]).toEqual([name, value]);
    vector.currentAmps?.forEach((amps, phase) => {
      expect(shot.sample?.currentAmps[`L${(phase + 1) as 1 | 2 | 3}`]).toBeCloseTo(amps, 5);
    });
  });

  test('a unit that is not there is a timeout, and its neighbour answers on the same line', async ({ skip }) => {
    const line = await devicesOr(skip, { 3: [[10, [1, 2, 3]]] });
    if (line === undefined) return;
    const link = linkTo(line);
    await expect
      .poll(
        () =>
          link
            .unit(3)
            .read(3, 10, 3)
            .catch(() => undefined),
        { timeout: 8_000 },
      )
      .toEqual([1, 2, 3]);
    await expect(link.unit(4).read(3, 10, 3)).rejects.toMatchObject({ code: 'METER_TIMEOUT' });
    expect(await link.unit(3).read(3, 10, 3)).toEqual([1, 2, 3]);
  });
});

describe('a line that misbehaves', () => {
  /** The far end, by hand: `reply` gets each request and says what goes back. */
  async function farEnd(line: SerialLine, reply: (request: Buffer, port: SerialPort, at: number) => void) {
    const port = new SerialPort({ path: line.far, baudRate: BAUD });
    await once(port, 'open');
    let rest = Buffer.alloc(0);
    let requests = 0;
    port.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes]);
      while (rest.length >= 8) {
        reply(rest.subarray(0, 8), port, ++requests);
        rest = rest.subarray(8);
      }
    });
    onTestFinished(() => new Promise<void>((done) => port.close(() => done())));
    return port;
  }

  /** What a sound device says: every register holds its own address. */
  const sound = (request: Buffer) => {
    const [unitId, functionCode, address, count] = [
      request[0]!,
      request[1]!,
      request.readUInt16BE(2),
      request.readUInt16BE(4),
    ];
    const words = Array.from({ length: count }, (_, at) => address + at).flatMap((word) => [word >> 8, word & 0xff]);
    return withChecksum(Uint8Array.from([unitId, functionCode, 2 * count, ...words]));
  };

  test.for([
    ['a late reply', (frame: Buffer) => ({ frame, afterMs: 130 })],
    ['half a reply', (frame: Buffer) => ({ frame: frame.subarray(0, 4), afterMs: 0 })],
    [
      'a wrong checksum',
      (frame: Buffer) => ({ frame: Buffer.concat([frame.subarray(0, -1), Buffer.from([0])]), afterMs: 0 }),
    ],
    ['noise', () => ({ frame: Buffer.from('deadbeefdeadbeef', 'hex'), afterMs: 0 })],
    ['a reply twice', (frame: Buffer) => ({ frame: Buffer.concat([frame, frame]), afterMs: 0 })],
  ] as const)('after %s the next read is right, on the same open device', async ([, spoil], { skip }) => {
    const line = await lineOr(skip);
    if (line === undefined) return;
    const { clock } = realSurroundings();
    await farEnd(line, (request, port, at) => {
      const { frame, afterMs } = at === 1 ? spoil(sound(request)) : { frame: sound(request), afterMs: 0 };
      clock.timer('test.reply', afterMs, () => port.write(frame));
    });
    const unit = linkTo(line, { deadlineMs: 100, backOffFirstMs: 5 }).unit(1);
    await expect(unit.read(3, 500, 2)).rejects.toMatchObject({
      code: expect.stringMatching(/^METER_(TIMEOUT|FRAME)$/),
    });
    expect(await unit.read(3, 700, 2)).toEqual([700, 701]);
    expect(await unit.read(3, 900, 2)).toEqual([900, 901]);
  });

  test('the twin of a good reply is not taken for the next one: the true one comes after it, to nobody', async ({
    skip,
  }) => {
    const line = await lineOr(skip);
    if (line === undefined) return;
    const { clock } = realSurroundings();
    let good: Buffer = Buffer.alloc(0);
    await farEnd(line, (request, port, at) => {
      if (at === 1) good = sound(request);
      if (at === 2) port.write(good);
      const reply = sound(request);
      clock.timer('test.turnaround', at === 2 ? 10 : 0, () => port.write(reply));
    });
    const unit = linkTo(line, { backOffFirstMs: 5 }).unit(1);
    expect(await unit.read(3, 500, 2)).toEqual([500, 501]);
    await expect(unit.read(3, 700, 2)).rejects.toMatchObject({ code: 'METER_FRAME' });
    expect(await unit.read(3, 900, 2)).toEqual([900, 901]);
  });

  // Again where this machine itself paused for as long as the silence is.
  test('nothing is asked on a line that is never silent, and the error says so', { retry: 2 }, async ({ skip }) => {
    const line = await lineOr(skip);
    if (line === undefined) return;
    let requests = 0;
    const port = await farEnd(line, () => requests++);
    const babble = setInterval(() => port.write(Buffer.from([0x55])), 10);
    onTestFinished(() => clearInterval(babble));
    await expect(linkTo(line).unit(1).read(3, 0, 2)).rejects.toMatchObject({
      code: 'METER_FRAME',
      message: 'the line is not silent for 50 ms',
    });
    expect(requests).toBe(0);
  });

  test('a device that is not there, or is held by another program, is named', async ({ skip }) => {
    await expect(linkTo({ near: '/dev/no-such-device', far: '' }).unit(1).read(3, 0, 1)).rejects.toMatchObject({
      code: 'METER_CONNECT',
      message: expect.stringContaining('no-such-device'),
    });
    const line = await lineOr(skip);
    if (line === undefined) return;
    await farEnd({ near: line.far, far: line.near }, () => {});
    await expect(linkTo(line).unit(1).read(3, 0, 1)).rejects.toMatchObject({ code: 'METER_CONNECT' });
  });
});
