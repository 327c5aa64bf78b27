// Plain data as JSON bytes, compressed where it pays, and back; it must never judge what the data says.

import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';

/** The most that one packed value may unfold to; more is damage or a trap, not data of ours. */
export const MAX_UNPACKED_BYTES = 256 * 2 ** 20;
/** 256 KB: a memory of a thousand EVSEs. */
const QUICK_WINDOW_BITS = 18;
/** Up to this it costs more to set up a compressor than to write the text: it fits into a page. */
const PLAIN_BYTES = 2_048;
/** `{` and `[`: what is packed is an object or a list. No stream of ours begins so: in Brotli (RFC 7932 §9.1) it would mean a window of 22 bits. */
const PLAIN_FIRST_BYTES: ReadonlySet<number | undefined> = new Set([0x7b, 0x5b]);

/** `small` costs more time: for what is kept long. `quick` is for what the next write replaces. Both are read the same way. */
export type PackEffort = 'small' | 'quick';

/**
 * Cycles that follow each other are nearly the same, but hundreds of kilobytes apart: deflate looks back 32 KB and misses that. Brotli with a
 * window of 16 MB makes five cycles of 500 EVSEs eight times smaller than deflate does (15 instead of 130 KB) in 6 ms. One memory alone has
 * nothing to look back to: `quick` packs that of 200 EVSEs in a fifth of the time, to a size a fifth larger, and leaves small ones as they are.
 */
export function packJson(value: unknown, effort: PackEffort = 'small'): Uint8Array {
  const text = Buffer.from(JSON.stringify(value));
  const isQuick = effort === 'quick';
  if (isQuick && text.byteLength <= PLAIN_BYTES) return text;
  return brotliCompressSync(text, {
    params: {
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_QUALITY]: isQuick ? 1 : 5,
      [constants.BROTLI_PARAM_LGWIN]: isQuick ? QUICK_WINDOW_BITS : constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: text.byteLength,
    },
  });
}

/** MUST be given bytes from `packJson`; throws on anything else. */
export function unpackJson(bytes: Uint8Array): unknown {
  const text = PLAIN_FIRST_BYTES.has(bytes[0])
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : brotliDecompressSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES });
  return JSON.parse(text.toString('utf8'));
}
