// Reads what a station says of itself before it is let in: identity, password bytes, origin; pure, and it must never log a password.

import { createHash, timingSafeEqual } from 'node:crypto';

/** The specification's identifier characters without `|`, `:` and `/` (OCPP 2.0.1 Part 4 §3.1.1), at most 48. */
const IDENTITY = /^[A-Za-z0-9_.=*+@-]{1,48}$/;
export const STATION_PATH = '/ocpp/';

/**
 * The identity in `/ocpp/<identity>`; `undefined` when there is none. Repeated slashes are one, percent signs are decoded once.
 * The result is a key for a Map and nothing else.
 */
export function identityFrom(url: string): string | undefined {
  const path = (url.split('?', 1)[0] ?? '').replace(/\/{2,}/g, '/');
  if (!path.startsWith(STATION_PATH)) return undefined;
  try {
    const identity = decodeURIComponent(path.slice(STATION_PATH.length));
    return IDENTITY.test(identity) ? identity : undefined;
  } catch {
    // Broken percent signs: no identity.
    return undefined;
  }
}

export type Credentials = { readonly user: Buffer; readonly key: Buffer };

/** Basic credentials as bytes (OCPP-J 1.6 §6.2): the key is binary and is no UTF-8. Split at the first colon. */
export function credentialsFrom(header: string | undefined): Credentials | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/=_-]{1,512}) *$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  const colon = bytes.indexOf(0x3a);
  return colon < 0 ? undefined : { user: bytes.subarray(0, colon), key: bytes.subarray(colon + 1) };
}

const NOBODY = Buffer.alloc(32);

/**
 * Whether the key is the station's: `sha256(identity ":" key)` against `keySha256`, in the same time whether or not the station exists or has
 * a key. Without `keySha256` nobody may in.
 */
export function isKeyRight(identity: string, key: Buffer | undefined, keySha256: string | undefined): boolean {
  const digest = createHash('sha256')
    .update(`${identity}:`)
    .update(key ?? NOBODY)
    .digest();
  const expected = keySha256 === undefined ? NOBODY : Buffer.from(keySha256, 'hex');
  const isEqual = timingSafeEqual(digest, expected.length === digest.length ? expected : NOBODY);
  return isEqual && keySha256 !== undefined && key !== undefined && key.length > 0;
}

/** False for what a browser sends from a foreign page: an Origin that is not the host connected to. Stations send none, or their server's. */
export function isOriginAllowed(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true;
  const nameOf = (text: string) => {
    try {
      return new URL(text.includes('://') ? text : `http://${text}`).hostname;
    } catch {
      // No host can be read: it equals none.
      return undefined;
    }
  };
  const from = nameOf(origin);
  return from !== undefined && host !== undefined && from === nameOf(host);
}
