// A Modbus TCP meter written on bare sockets for tests, independent of the library the product reads with; it can also misbehave by hand.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

/** Gives the words for a read, an exception code, or undefined to stay silent. */
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

/** Serves unit ids through `answer`. Expects one request in flight and whole requests per connection, as the standard allows. */
export async function serveModbus(
  answer: (unitId: number, functionCode: number, address: number, count: number) => Answer,
): Promise<RawServer> {
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
      while (rest.length >= 12) {
        const request = rest.subarray(0, 12);
        rest = rest.subarray(12);
        requests++;
        const [unitId, functionCode] = [request.readUInt8(6), request.readUInt8(7)];
        const result = answer(unitId, functionCode, request.readUInt16BE(8), request.readUInt16BE(10));
        if (result === undefined) continue;
        socket.write('exception' in result ? exceptionReply(request, result.exception) : wordsReply(request, result));
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

function exceptionReply(request: Buffer, code: number): Buffer {
  const reply = Buffer.alloc(9);
  request.copy(reply, 0, 0, 8);
  reply.writeUInt16BE(3, 4);
  reply.writeUInt8(request.readUInt8(7) | 0x80, 7);
  reply.writeUInt8(code, 8);
  return reply;
}

function wordsReply(request: Buffer, words: readonly number[]): Buffer {
  const reply = Buffer.alloc(9 + 2 * words.length);
  request.copy(reply, 0, 0, 8);
  reply.writeUInt16BE(3 + 2 * words.length, 4);
  reply.writeUInt8(2 * words.length, 8);
  words.forEach((word, at) => {
    reply.writeUInt16BE(word, 9 + 2 * at);
  });
  return reply;
}
