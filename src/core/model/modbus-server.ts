// What a building management system may read of this site and set on it over Modbus, as commissioned; plain data, no register numbers.

import type { CircuitId } from './units.ts';

/** What a cap from outside is worth on a circuit, and what holds while nobody is heard. Amperes per phase or watts over all phases, by `unit`. */
export type ExternalCapTerms = {
  readonly circuit: CircuitId;
  /** On whose behalf it is set. */
  readonly author: 'facility-manager' | 'utility';
  readonly unit: 'A' | 'W';
  /** Holds from the start until the first write, and whenever the other side is lost. */
  readonly failsafe: number;
  /** What the circuit can carry; more is refused. */
  readonly most: number;
  /** The other side is lost when it has written nothing for this long. */
  readonly heartbeatMs: number;
  /** A cap must be written anew within this time, whatever the heartbeat says; absent: it stands while the heartbeat does. */
  readonly maxAgeMs?: number;
  /** Shown to people as the reason. */
  readonly note?: string;
};

export type SiteModbusServer = {
  readonly host: string;
  readonly port: number;
  readonly unitId: number;
  /** IP addresses and CIDR ranges that may connect besides this machine's own loopback. */
  readonly allow: readonly string[];
  /** In the order of the site file, which is the order of the register map. */
  readonly circuits: readonly CircuitId[];
  readonly externalCap?: ExternalCapTerms;
};
