// Every transport against devices on bare sockets: registers, bits and coils go through, and each byte that does not belong is refused.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ModbusEndpoint } from '../../src/core/model/site-meters.ts';
import { ModbusLink } from '../../src/modbus/register-reader.ts';
import { realSurroundings, rtuOverTcpAt, tcpAt } from '../support/modbus-world.ts';
import { type Answer, serveModbus, withChecksum } from '../support/raw-modbus-server.ts';

function linkTo(endpoint: ModbusEndpoint, timing = {}) {
  const link = new ModbusLink(realSurroundings(), endpoint, timing);
  onTestFinished(() => link.close());
  return link;
}

/** An input and output module: coils 0 to 15 are switched, discrete inputs say whether their address is a multiple of three. */
function ioModule() {
  const coils = new Array<number>(16).fill(0);
  const answer = (_unit: number, functionCode: number, address: number, count: number): Answer => {
    if (functionCode === 5) {
      coils[address] = count === 0xff00 ? 1 : 0;
      return [count];
    }
    const at = Array.from({ length: count }, (_, offset) => address + offset);
    if (functionCode === 1) return at.map((coil) => coils[coil] ?? 0);
    if (functionCode === 2) return at.map((input) => (input % 3 === 0 ? 1 : 0));
    return at.map((register) => register * 2);
  };
  return { coils, answer };
}

describe.each([
  ['tcp', 'mbap', tcpAt],
  ['rtu-over-tcp', 'rtu', rtuOverTcpAt],
] as const)('over %s', (_name, framing, at) => {
  async function served(answer: (unit: number, fc: number, address: number, count: number) => Answer, timing = {}) {
    const server = await serveModbus(answer, framing);
    onTestFinished(server.close);
    return { server, unit: linkTo(at(server.port), timing).unit(1) };
  }

  test('registers, coils and discrete inputs are read, and a coil is switched', async () => {
    const { coils, answer } = ioModule();
    const { unit, server } = await served(answer);
    expect(await unit.read(3, 100, 3)).toEqual([200, 202, 204]);
    expect(await unit.read(4, 7, 1)).toEqual([14]);
    expect(await unit.readBits(2, 0, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((input) => input % 3 === 0));
    await unit.writeCoil(9, true);
    expect(coils[9]).toBe(1);
    expect(await unit.readBits(1, 8, 3)).toEqual([false, true, false]);
    await unit.writeCoil(9, false);
    expect(await unit.readBits(1, 9, 1)).toEqual([false]);
    expect(server.accepted()).toBe(1);
  });

  test('an echo that is not what was written is refused: the output may not have been switched', async () => {
    const { unit } = await served((_unit, _fc, _address, count) => [count === 0xff00 ? 0 : 0xff00]);
    await expect(unit.writeCoil(3, true)).rejects.toMatchObject({ code: 'METER_FRAME' });
  });

  test('bits in more or fewer bytes than were asked for are refused whole', async () => {
    const { unit } = await served((_unit, _fc, _address, count) => new Array(count + 8).fill(1));
    await expect(unit.readBits(1, 0, 8)).rejects.toMatchObject({ code: 'METER_FRAME' });
  });

  test('an exception to any kind of request is named and keeps the connection', async () => {
    const { unit, server } = await served(() => ({ exception: 2 }));
    for (const ask of [() => unit.read(4, 0, 2), () => unit.readBits(2, 0, 1), () => unit.writeCoil(0, true)])
      await expect(ask()).rejects.toMatchObject({ code: 'METER_EXCEPTION', fields: { exception: 2 } });
    expect(server.accepted()).toBe(1);
  });
});

describe('a gateway that passes serial frames through to whoever is connected', () => {
  const { clock } = realSurroundings();
  const frame = (words: readonly number[]) =>
    withChecksum(Uint8Array.from([1, 3, 2 * words.length, ...words.flatMap((word) => [word >> 8, word & 0xff])]));
  /** What a sound meter says: each register holds its own address. */
  const sound = (request: Buffer) =>
    frame(Array.from({ length: request.readUInt16BE(4) }, (_, at) => request.readUInt16BE(2) + at));

  /** `reply` gets each request with its number and the socket; `connected` each new connection. */
  async function gateway(
    reply: (request: Buffer, at: number, socket: Socket) => void,
    connected: (socket: Socket, at: number) => void = () => {},
  ) {
    const sockets: Socket[] = [];
    const requests: Buffer[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      connected(socket, sockets.length);
      socket.on('data', (request: Buffer) => {
        requests.push(request);
        reply(request, requests.length, socket);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const { port } = server.address() as { port: number };
    const unit = linkTo(rtuOverTcpAt(port), { deadlineMs: 100, backOffFirstMs: 5 }).unit(1);
    return { unit, sockets, requests };
  }

  test('what it owed the last connection is let pass before anything is asked on the new one', async () => {
    const { unit, sockets } = await gateway(
      (request, at, socket) => at > 1 && socket.write(sound(request)),
      (socket, at) => at === 2 && socket.write(frame([0xbad, 0xbad])),
    );
    await expect(unit.read(3, 0, 2)).rejects.toMatchObject({ code: 'METER_TIMEOUT' });
    expect(await unit.read(3, 100, 2)).toEqual([100, 101]);
    expect(sockets.length).toBe(2);
  });

  test('a reply so late that it comes after the next request is found out: the true one comes ahead of its proof', async () => {
    const { unit, requests } = await gateway((request, at, socket) => {
      if (at === 2) socket.write(frame([0xbad, 0xbad]));
      if (at > 1) clock.timer('test.turnaround', 10, () => socket.write(sound(request)));
    });
    await expect(unit.read(3, 0, 2)).rejects.toMatchObject({ code: 'METER_TIMEOUT' });
    await expect(unit.read(3, 100, 2)).rejects.toMatchObject({ code: 'METER_FRAME' });
    expect(await unit.read(3, 200, 2)).toEqual([200, 201]);
    expect(requests.length).toBeGreaterThanOrEqual(4);
  });

  test('the twin of a good reply that comes after the next request is refused, too', async () => {
    let good: Buffer = Buffer.alloc(0);
    const { unit } = await gateway((request, at, socket) => {
      if (at === 1) good = sound(request);
      if (at === 2) socket.write(good);
      clock.timer('test.turnaround', at === 2 ? 10 : 0, () => socket.write(sound(request)));
    });
    expect(await unit.read(3, 0, 2)).toEqual([0, 1]);
    await expect(unit.read(3, 100, 2)).rejects.toMatchObject({ code: 'METER_FRAME' });
    expect(await unit.read(3, 200, 2)).toEqual([200, 201]);
  });

  test('a stray frame between two requests ends the connection, and the next read is right', async () => {
    const { unit, sockets } = await gateway((request, _at, socket) => socket.write(sound(request)));
    expect(await unit.read(3, 0, 2)).toEqual([0, 1]);
    sockets[0]!.write(frame([0xbad, 0xbad]));
    await once(sockets[0]!, 'close');
    expect(await unit.read(3, 100, 2)).toEqual([100, 101]);
    expect(sockets.length).toBe(2);
  });
});

describe('over udp', () => {
  /** A device that answers datagrams as `reply` says. */
  async function datagramDevice(reply: (request: Buffer, at: number) => readonly Buffer[]) {
    const socket = createSocket('udp4');
    const peers = new Set<number>();
    let requests = 0;
    socket.on('message', (request, from) => {
      peers.add(from.port);
      for (const bytes of reply(request, ++requests)) socket.send(bytes, from.port, from.address);
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    onTestFinished(() => void socket.close());
    const endpoint = { transport: 'udp', host: '127.0.0.1', port: socket.address().port } as const;
    return { peers, unit: linkTo(endpoint, { deadlineMs: 60, backOffFirstMs: 5 }).unit(1) };
  }

  const replyTo = (request: Buffer, words: readonly number[]) => {
    const bytes = Buffer.alloc(9 + 2 * words.length);
    request.copy(bytes, 0, 0, 8);
    bytes.writeUInt16BE(3 + 2 * words.length, 4);
    bytes[8] = 2 * words.length;
    words.forEach((word, at) => {
      bytes.writeUInt16BE(word, 9 + 2 * at);
    });
    return bytes;
  };

  test('registers are read from one port of ours', async () => {
    const { unit, peers } = await datagramDevice((request) => [replyTo(request, [request.readUInt16BE(8)])]);
    expect(await unit.read(3, 12_352, 1)).toEqual([12_352]);
    expect(await unit.read(3, 12_416, 1)).toEqual([12_416]);
    expect(peers.size).toBe(1);
  });

  test('a lost datagram is a timeout, and its late reply finds no port to arrive at', async () => {
    const owed: Buffer[] = [];
    const { unit, peers } = await datagramDevice((request, at) => {
      if (at > 1) return [replyTo(request, [at])];
      owed.push(replyTo(request, [0xbad]));
      return [];
    });
    await expect(unit.read(3, 0, 1)).rejects.toMatchObject({ code: 'METER_TIMEOUT' });
    expect(await unit.read(3, 0, 1)).toEqual([2]);
    expect(peers.size).toBe(2);
    expect(owed.length).toBe(1);
  });

  test('a reply to another request is refused by its transaction id', async () => {
    const { unit } = await datagramDevice((request) => {
      const stale = replyTo(request, [0xbad]);
      stale.writeUInt16BE((request.readUInt16BE(0) + 65_535) % 65_536, 0);
      return [stale];
    });
    await expect(unit.read(3, 0, 1)).rejects.toMatchObject({ code: 'METER_FRAME' });
  });

  test('a device that is not there is an error at once, not a crash', async () => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    socket.close();
    await once(socket, 'close');
    const unit = linkTo({ transport: 'udp', host: '127.0.0.1', port }).unit(1);
    await expect(unit.read(3, 0, 1)).rejects.toMatchObject({ code: 'METER_CLOSED' });
  });
});
