// Finds out that a peer is gone although its socket looks open: pings, and cuts the line when no pong comes.

import type { Clock } from '../../engine/ports.ts';
import type { RpcConnection } from './connection.ts';

export const PING_INTERVAL_MS = 30_000;
export const PONG_DEADLINE_MS = 15_000;

/** Watches the link until it closes. A half-open one is cut at most `PING_INTERVAL_MS + PONG_DEADLINE_MS` after its last sign of life. */
export function keepAlive(connection: RpcConnection, clock: Clock): void {
  let cancel: () => void = () => {};
  const check = async () => {
    if (await connection.isAlive(PONG_DEADLINE_MS)) watch();
    else if (connection.isOpen) connection.terminate();
  };
  const watch = () => {
    if (connection.isOpen) cancel = clock.timer('rpc.ping', PING_INTERVAL_MS, () => void check());
  };
  watch();
  void connection.closed.then(() => cancel());
}
