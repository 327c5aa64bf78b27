// Reads how far SQLite's write-ahead log is committed, and tears what was being written when the power went; never what was flushed before.

import type { Random } from '../../engine/ports.ts';

/** File format of SQLite, section 4: the log's header, and the header of each frame before its page. */
export const WAL_HEADER_BYTES = 32;
export const FRAME_HEADER_BYTES = 24;
/** Bytes that a torn write may leave behind the place where it tore. */
const MOST_TORN_BYTES = 3 * (FRAME_HEADER_BYTES + 4_096);

/** So often the power goes when all has arrived and nobody has been told. */
const ARRIVED_WHOLE = 0.2;

/** `salt` differs from the one before when the log was begun anew; `endsAt` is where its last commit ends, 0 without any. */
export type CommittedPart = {
  readonly salt: string;
  readonly endsAt: number;
  readonly commitsEndAt: readonly number[];
};

/** The part of the log that ends with a commit. Frames of an earlier log that stand behind it bear other salts. */
export function committedPart(wal: Uint8Array): CommittedPart {
  const bytes = Buffer.from(wal.buffer, wal.byteOffset, wal.byteLength);
  if (bytes.byteLength < WAL_HEADER_BYTES) return { salt: '', endsAt: 0, commitsEndAt: [] };
  const salt = bytes.toString('hex', 16, 24);
  const frameBytes = FRAME_HEADER_BYTES + bytes.readUInt32BE(8);
  const commitsEndAt: number[] = [];
  for (let at = WAL_HEADER_BYTES; at + frameBytes <= bytes.byteLength; at += frameBytes) {
    if (bytes.toString('hex', at + 8, at + 16) !== salt) break;
    // The size of the database after the commit: 0 in every frame but the last of a commit.
    if (bytes.readUInt32BE(at + 4) !== 0) commitsEndAt.push(at + frameBytes);
  }
  return { salt, endsAt: commitsEndAt.at(-1) ?? 0, commitsEndAt };
}

/**
 * What a power cut leaves of the log: all that was committed in `flushed`, then of `written` as many bytes as had arrived, then nothing, or what
 * never was written. Both are images of the same log; `written` is the later one and may hold one commit more.
 */
export function tornLog(flushed: Uint8Array, written: Uint8Array, random: Random): Uint8Array {
  // As many draws whatever is there to tear, so that later draws stay what they were.
  const [place, manner, noise] = [0, 1, 2].map(() => random.next('disk.power-cut')) as [number, number, number];
  const before = committedPart(flushed);
  const after = committedPart(written);
  const safe = before.salt === after.salt ? before.endsAt : 0;
  const arrived = Math.min(1, place / (1 - ARRIVED_WHOLE));
  const torn = safe + Math.floor(arrived * (Math.max(safe, after.endsAt) - safe));
  const kept = Buffer.from(written.buffer, written.byteOffset, torn);
  if (manner < 1 / 3) return kept;
  const rest = Buffer.alloc(Math.floor(noise * MOST_TORN_BYTES));
  if (manner < 2 / 3) fillWithNoise(rest, noise);
  return Buffer.concat([kept, rest]);
}

/** Bytes that are the same for the same `seed` in [0, 1). */
function fillWithNoise(bytes: Uint8Array, seed: number): void {
  let state = Math.floor(seed * 2 ** 32) >>> 0;
  for (let at = 0; at < bytes.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
}
