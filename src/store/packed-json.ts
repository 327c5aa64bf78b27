// Plain data as compressed JSON bytes and back; it must never judge what the data says.

import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** The most that one packed value may unfold to; more is damage or a trap, not data of ours. */
export const MAX_UNPACKED_BYTES = 256 * 2 ** 20;

/** Level 1: the texts repeat themselves so much that more effort saves a seventh of the bytes for twice the time. */
export function packJson(value: unknown): Uint8Array {
  return deflateRawSync(Buffer.from(JSON.stringify(value)), { level: 1 });
}

/** MUST be given bytes from `packJson`; throws on anything else. */
export function unpackJson(bytes: Uint8Array): unknown {
  return JSON.parse(inflateRawSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES }).toString('utf8'));
}
