// A Modbus device written on bare sockets for tests, independent of the library the product reads with; it can also misbehave by hand.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

/** Gives the words (or bits, or the value of a written coil), an exception code, or undefined to stay silent. */
export type Answer = readonly number[] | { readonly exception: number } | undefined;
export type RawServer = {
  readonly port: number;
  /** Connections accepted so far, and those open now. */
  readonly accepted: () => number;
  readonly open: () => number;
  readonly requests: () => number;
  readonly sockets: () => ReadonlySet<Socket>;
  readonly close: () => Promise<void>;
};

/**
 * Serves unit ids through `answer`. Expects one request in flight and whole requests per connection, as the standard allows. For a write
 * `count` is the value written.
 */
export async function serveModbus(
  answer: (unitId: number, functionCode: number, address: number, count: number) => Answer,
  framing: 'mbap' | 'rtu' = 'mbap',
): Promise<RawServer> {
  const [requestBytes, unitAt] = framing === 'mbap' ? [12, 6] : [8, 0];
  const sockets = new Set<Socket>();
  let accepted = 0;
  let requests = 0;
  const server = createServer((socket) => {
    accepted++;
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    let rest = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= requestBytes) {
        const request = rest.subarray(0, requestBytes);
        rest = rest.subarray(requestBytes);
        requests++;
        const asked = request.subarray(unitAt, unitAt + 6);
        const [unitId, functionCode] = [asked.readUInt8(0), asked.readUInt8(1)];
        const result = answer(unitId, functionCode, asked.readUInt16BE(2), asked.readUInt16BE(4));
        if (result === undefined) continue;
        const core = 'exception' in result ? exceptionCore(asked, result.exception) : replyCore(asked, result);
        socket.write(framing === 'mbap' ? withHeader(request, core) : withChecksum(core));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    accepted: () => accepted,
    open: () => sockets.size,
    requests: () => requests,
    sockets: () => sockets,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Serves the words of `memory` from `start` on for any unit; exception 2 beyond. */
export function fromMemory(start: number, memory: () => readonly number[]) {
  return (_unit: number, _functionCode: number, address: number, count: number): Answer => {
    const words = memory();
    const from = address - start;
    return from < 0 || from + count > words.length ? { exception: 2 } : words.slice(from, from + count);
  };
}

const exceptionCore = (asked: Buffer, code: number) => Buffer.from([asked[0]!, asked[1]! | 0x80, code]);

function replyCore(asked: Buffer, result: readonly number[]): Buffer {
  const functionCode = asked[1]!;
  if (functionCode === 5) return Buffer.from([...asked.subarray(0, 4), result[0]! >> 8, result[0]! & 0xff]);
  const data = functionCode <= 2 ? packed(result) : result.flatMap((word) => [word >> 8, word & 0xff]);
  return Buffer.from([asked[0]!, functionCode, data.length, ...data]);
}

/** Bits, the first one lowest. */
function packed(bits: readonly number[]): number[] {
  const bytes: number[] = new Array(Math.ceil(bits.length / 8)).fill(0);
  bits.forEach((bit, at) => {
    bytes[at >> 3]! |= bit << (at & 7);
  });
  return bytes;
}

function withHeader(request: Buffer, core: Buffer): Buffer {
  const header = Buffer.from(request.subarray(0, 6));
  header.writeUInt16BE(core.length, 4);
  return Buffer.concat([header, core]);
}

/** Bit by bit, as the standard draws it; not the product's own. */
export function withChecksum(core: Uint8Array): Buffer {
  let crc = 0xffff;
  for (const byte of core) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      const carry = crc & 1;
      crc >>= 1;
      if (carry) crc ^= 0xa001;
    }
  }
  return Buffer.concat([core, Buffer.from([crc & 0xff, crc >> 8])]);
}
