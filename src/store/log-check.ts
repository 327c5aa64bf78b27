// Reads SQLite's write-ahead log before SQLite does, and tells a tail that a power cut tore from damage in what was durable; it must never write.

import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';

/** SQLite's file format, section 4: the log's header, and what stands before each page in it. */
const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const DATABASE_HEADER_BYTES = 100;
/** One commit of ours adds a few pages, a full group some hundreds. */
const MOST_SIZES_TRIED = 2_000;
/** The magic number without its last bit, which says whether the writer put the high byte first. */
const MAGIC = 0x377f0682;
const HIGH_BYTE_FIRST_HERE = new Uint8Array(new Uint32Array([1]).buffer)[3] === 1;

export type LogState =
  | { readonly kind: 'whole' }
  /** The last commit did not arrive whole, as after a power cut; SQLite leaves it out. Nobody was told that it was durable, or it has rotted since. */
  | { readonly kind: 'torn-tail'; readonly atByte: number }
  /** Commits stand behind the damage, so what was durable is lost; SQLite would leave all of it out without a word. */
  | { readonly kind: 'damaged'; readonly atByte: number };

/**
 * A commit is begun only when the one before it has been flushed (synchronous FULL). So whatever a power cut tears is in the last commit, and a
 * frame that follows the end of a commit proves that commit durable.
 * `isInFile` answers whether a page stands in the database file just so: then the log has done its work, and damage to it costs nothing.
 */
export function inspectLog(
  log: Uint8Array,
  pageBytes: number,
  isInFile: (page: number, bytes: Uint8Array) => boolean,
): LogState {
  const frames = new Frames(log, pageBytes);
  if (frames.count === 0) return { kind: 'whole' };
  if (!frames.isHeaderSound) return headerLost(frames, isInFile) ? { kind: 'damaged', atByte: 0 } : { kind: 'whole' };
  let at = 0;
  let committedFrames = 0;
  for (; at < frames.count && frames.isSound(at); at++) if (frames.endsCommit(at)) committedFrames = at + 1;
  const firstBad = at;
  for (at = firstBad + 1; at < frames.count; at++) {
    if (!frames.isSound(at)) continue;
    const isEnd = frames.isSound(at - 1) ? frames.endsCommit(at - 1) : endedCommit(frames, at - 1, committedFrames);
    if (isEnd) return { kind: 'damaged', atByte: frames.startOf(firstBad) };
  }
  return hasTornTail(frames, firstBad, committedFrames)
    ? { kind: 'torn-tail', atByte: frames.startOf(committedFrames) }
    : { kind: 'whole' };
}

/**
 * Whether a bad frame was the last of its commit. That is said by the size of the database after it, which never shrinks from commit to commit
 * and may itself be what is wrong: then the frame's sum holds with the right one.
 */
function endedCommit(frames: Frames, bad: number, committedFrames: number): boolean {
  const least = committedFrames > 0 ? frames.sizeAfter(committedFrames - 1) : 1;
  let next = bad + 1;
  while (next < frames.count && !(frames.isSound(next) && frames.endsCommit(next))) next += 1;
  if (next >= frames.count) return false;
  const most = frames.sizeAfter(next);
  if (frames.isSoundWithSize(bad, 0)) return false;
  for (let size = least; size <= Math.min(most, least + MOST_SIZES_TRIED); size++)
    if (frames.isSoundWithSize(bad, size)) return true;
  const size = frames.sizeAfter(bad);
  return size >= least && size <= most;
}

/** Behind the end of a log that was begun anew stand frames of its earlier round: with other salts, and chained to nothing of this one. */
function hasTornTail(frames: Frames, firstBad: number, committedFrames: number): boolean {
  if (firstBad > committedFrames || frames.hasHalfFrame) return true;
  if (firstBad < frames.count && frames.continues(firstBad)) return true;
  for (let at = firstBad; at < frames.count; at++) if (frames.isOfThisLog(at)) return true;
  return false;
}

/** As `inspectLog`, of the log beside the database file at `path`; without a log, or a file that it could belong to, it is whole. */
export function checkLogOf(path: string): LogState {
  const logPath = `${path}-wal`;
  if (!existsSync(path) || !existsSync(logPath)) return { kind: 'whole' };
  const file = openSync(path, 'r');
  try {
    const header = Buffer.alloc(DATABASE_HEADER_BYTES);
    if (readSync(file, header, 0, header.byteLength, 0) < header.byteLength) return { kind: 'whole' };
    // 65,536 does not fit into its two bytes and is written as 1.
    const pageBytes = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
    if (pageBytes < 512) return { kind: 'whole' };
    const held = Buffer.alloc(pageBytes);
    return inspectLog(readFileSync(logPath), pageBytes, (page, bytes) => {
      const length = readSync(file, held, 0, pageBytes, (page - 1) * pageBytes);
      return length === pageBytes && held.equals(bytes);
    });
  } finally {
    closeSync(file);
  }
}

/** Without its header the log is not read at all: lost, unless every page in it has been carried over into the file. */
function headerLost(frames: Frames, isInFile: (page: number, bytes: Uint8Array) => boolean): boolean {
  const newest = new Map<number, number>();
  let sinceCommit: [number, number][] = [];
  for (let at = 0; at < frames.count && frames.followsFirst(at); at++) {
    sinceCommit.push([frames.page(at), at]);
    if (!frames.endsCommit(at)) continue;
    for (const [page, frame] of sinceCommit) newest.set(page, frame);
    sinceCommit = [];
  }
  return [...newest].some(([page, at]) => !isInFile(page, frames.bytes(at)));
}

/** The frames of a log, counted from 0. A sum is chained to the stored sum of the frame before: damage shows where it is and one frame later. */
class Frames {
  readonly count: number;
  /** The file ends within a frame. */
  readonly hasHalfFrame: boolean;
  readonly isHeaderSound: boolean;
  readonly #log: Uint8Array;
  readonly #view: DataView;
  readonly #words: Uint32Array;
  readonly #pageBytes: number;
  #isSwapped = false;

  constructor(log: Uint8Array, pageBytes: number) {
    // A copy of its own, so that words are aligned.
    this.#log = Uint8Array.from(log.subarray(0, log.byteLength - (log.byteLength % 4)));
    this.#view = new DataView(this.#log.buffer);
    this.#words = new Uint32Array(this.#log.slice().buffer);
    this.#pageBytes = pageBytes;
    const framesBytes = Math.max(0, log.byteLength - LOG_HEADER_BYTES);
    this.count = Math.floor(framesBytes / (FRAME_HEADER_BYTES + pageBytes));
    this.hasHalfFrame = framesBytes % (FRAME_HEADER_BYTES + pageBytes) > 0;
    this.isHeaderSound = log.byteLength >= LOG_HEADER_BYTES && this.#readHeader();
  }

  #readHeader(): boolean {
    const magic = this.#view.getUint32(0);
    if ((magic & ~1) >>> 0 !== MAGIC || this.#view.getUint32(8) !== this.#pageBytes) return false;
    const isSound = () => this.#sumIs(this.#sum(0, LOG_HEADER_BYTES - 8, 0, 0), LOG_HEADER_BYTES - 8);
    if ((magic & 1) === (HIGH_BYTE_FIRST_HERE ? 1 : 0)) return isSound();
    // Written on a machine of the other byte order, or that bit is what is wrong.
    swapBytes(this.#words);
    this.#isSwapped = isSound();
    if (!this.#isSwapped) swapBytes(this.#words);
    return this.#isSwapped;
  }

  startOf(at: number): number {
    return LOG_HEADER_BYTES + at * (FRAME_HEADER_BYTES + this.#pageBytes);
  }

  page(at: number): number {
    return this.#view.getUint32(this.startOf(at));
  }

  bytes(at: number): Uint8Array {
    const start = this.startOf(at) + FRAME_HEADER_BYTES;
    return this.#log.subarray(start, start + this.#pageBytes);
  }

  /** The size of the database in pages after the commit stands in its last frame, 0 in the others. */
  sizeAfter(at: number): number {
    return this.#view.getUint32(this.startOf(at) + 4);
  }

  endsCommit(at: number): boolean {
    return this.sizeAfter(at) !== 0;
  }

  isSoundWithSize(at: number, size: number): boolean {
    const word = this.startOf(at) / 4 + 1;
    const written = this.#words[word]!;
    this.#words[word] = size;
    // The sum is taken over words in the writer's order, the size stands with its high byte first.
    if (this.#isSwapped === HIGH_BYTE_FIRST_HERE) swapBytes(this.#words.subarray(word, word + 1));
    const isSound = this.isSound(at);
    this.#words[word] = written;
    return isSound;
  }

  isOfThisLog(at: number): boolean {
    return this.#sameSalts(at, 16);
  }

  isSound(at: number): boolean {
    return this.isOfThisLog(at) && this.continues(at);
  }

  /** Its sum goes on from the frame before, or from the header. */
  continues(at: number): boolean {
    return this.#continues(at, at === 0 ? LOG_HEADER_BYTES - 8 : this.startOf(at - 1) + 16);
  }

  /** As `isSound`, where the header cannot be asked: the first frame is believed. */
  followsFirst(at: number): boolean {
    return at === 0 || (this.#sameSalts(at, LOG_HEADER_BYTES + 8) && this.#continues(at, this.startOf(at - 1) + 16));
  }

  #sameSalts(at: number, asAtByte: number): boolean {
    const start = this.startOf(at) + 8;
    return (
      this.#view.getUint32(start) === this.#view.getUint32(asAtByte) &&
      this.#view.getUint32(start + 4) === this.#view.getUint32(asAtByte + 4)
    );
  }

  #continues(at: number, sumAtByte: number): boolean {
    const start = this.startOf(at);
    const [first, second] = this.#sum(start, 8, this.#view.getUint32(sumAtByte), this.#view.getUint32(sumAtByte + 4));
    return this.#sumIs(this.#sum(start + FRAME_HEADER_BYTES, this.#pageBytes, first, second), start + 16);
  }

  #sum(start: number, bytes: number, first: number, second: number): [number, number] {
    let [a, b] = [first, second];
    for (let word = start / 4; word < (start + bytes) / 4; word += 2) {
      a = (a + this.#words[word]! + b) | 0;
      b = (b + this.#words[word + 1]! + a) | 0;
    }
    return [a >>> 0, b >>> 0];
  }

  #sumIs([first, second]: [number, number], atByte: number): boolean {
    return this.#view.getUint32(atByte) === first && this.#view.getUint32(atByte + 4) === second;
  }
}

function swapBytes(words: Uint32Array): void {
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    words[at] = (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
  }
}
