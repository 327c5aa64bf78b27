// Two ends of one real WebSocket on loopback, for tests of what runs over it.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { MAX_FRAGMENTS, MAX_PAYLOAD_BYTES } from '../../src/ocpp/rpc/connection.ts';

export type SocketPair = { readonly near: WebSocket; readonly far: WebSocket; close(): Promise<void> };

/** `near` has the limits of production, `far` is whoever the test wants it to be. Both are open. */
export async function socketPair(): Promise<SocketPair> {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    maxPayload: MAX_PAYLOAD_BYTES,
    maxFragments: MAX_FRAGMENTS,
  });
  await once(server, 'listening');
  const far = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [[near]] = await Promise.all([once(server, 'connection'), once(far, 'open')]);
  far.on('error', () => {});
  return {
    near,
    far,
    close: async () => {
      near.terminate();
      far.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The next text message, parsed. */
export async function nextFrame(socket: WebSocket): Promise<unknown[]> {
  const [data] = await once(socket, 'message');
  return JSON.parse(String(data));
}
