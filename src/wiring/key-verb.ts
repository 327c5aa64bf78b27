// `busbar key`: makes a new key for one station; the key itself is printed once and stored nowhere.

import { createHash, randomBytes } from 'node:crypto';
import { describeFault } from '../config/fault.ts';
import { STATION_IDENTITY } from '../config/site-schema.ts';
import type { ExitCode, Io } from './io.ts';

export type KeyVerbOptions = { readonly station: string; readonly json: boolean };

/** Bytes of a key: the most that OCPP 1.6 takes as AuthorizationKey (OCPP-J 1.6 §6.2). */
export const KEY_BYTES = 20;

/** Prints what to enter at the charger and what to put into the site file. 1 when no station can be called `station`. */
export async function runKeyVerb({ station, json }: KeyVerbOptions, io: Io): Promise<ExitCode> {
  if (!STATION_IDENTITY.test(station)) {
    const expected = "the identity in the station's URL: 1 to 48 letters, digits or _ . = * + @ -";
    io.err(describeFault({ file: 'busbar key', path: 'station', value: station, expected }));
    return 1;
  }
  // A key is worth what its chance is worth: it comes from the system, never from a Random that can be replayed.
  const key = randomBytes(KEY_BYTES);
  const authorizationKey = key.toString('hex');
  const hash = keySha256(station, key);
  if (json) {
    io.out(JSON.stringify({ station, authorizationKey, keySha256: hash }));
    return 0;
  }
  io.out(`Station ${station}`);
  io.out('');
  io.out('AuthorizationKey, to enter at the charger (40 hex digits; it is shown this once and kept nowhere):');
  io.out(`  ${authorizationKey}`);
  io.out('');
  io.out('Line for the station in the site file:');
  io.out(`  "keySha256": "${hash}"`);
  return 0;
}

/**
 * What the site file keeps of a key: sha256 over identity, `:` and the key's bytes on the wire, in hex. In OCPP 1.6 the key is
 * configured as 40 hex digits and sent as the 20 bytes that they stand for.
 */
export function keySha256(identity: string, key: Uint8Array): string {
  return createHash('sha256').update(`${identity}:`, 'utf8').update(key).digest('hex');
}
