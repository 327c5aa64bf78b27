// One connection of one station, and what it may do on it.

import type { RpcConnection } from './rpc/connection.ts';
import type { VersionWire } from './version.ts';

export type Session = {
  readonly connection: RpcConnection;
  /** What was agreed on when it opened. */
  readonly version: VersionWire;
  /**
   * `unknown`: has never booted, so everything but BootNotification is a SecurityError (OCPP-J errata 3.10). A station that has booted before
   * comes back as `accepted`, because it need not boot again (OCPP-J 1.6 §5.4).
   */
  registration: 'unknown' | 'accepted' | 'pending' | 'rejected';
  /** It was asked for a BootNotification on this connection. */
  isAskedToBoot?: boolean;
};
