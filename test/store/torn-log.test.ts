// The write-ahead log under a power cut and under rot: torn at every byte of the last commit, and with a wrong bit in every one of them. What was
// durable before is all there, or the file is called damaged and left as it is; never is it quietly less.
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { DatabaseFile } from '../../src/store/database.ts';
import { checkLogOf, inspectLog } from '../../src/store/log-check.ts';
import { STATE_MIGRATIONS } from '../../src/store/state-schema.ts';
import { StateStore } from '../../src/store/state-store.ts';
import { meterValues, rememberingLog, seeded, start, stop } from './support.ts';

/** The least that SQLite knows, so that a commit is a few thousand bytes and each can be tried. */
const PAGE_BYTES = 512;
const COMMITS = 12;
const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'busbar-torn-log-'));
const original = join(root, 'original.db');
const path = join(root, 'state.db');
let log: Buffer;
/** Where each commit ends in the log, and which messages were acknowledged by then. */
const commits: { readonly endsAt: number; readonly messages: readonly string[] }[] = [];

afterAll(() => rmSync(root, { recursive: true, force: true }));

beforeAll(async () => {
  const clock = new VirtualClock();
  const written = join(root, 'written.db');
  const blank = new BetterSqlite(written);
  blank.pragma(`page_size = ${PAGE_BYTES}`);
  blank.exec('VACUUM');
  blank.close();
  new StateStore({ path: written }, { clock, log: rememberingLog() }).stop();
  // From here on everything stands in the log alone.
  const store = new StateStore({ path: written }, { clock, log: rememberingLog() });
  const messages: string[] = [];
  for (let number = 1; number <= COMMITS; number++) {
    const startKey = `start-${number}`;
    const writes: Promise<unknown>[] = [store.append(meterValues('A', `value-${number}`))];
    messages.push(`value-${number}`);
    if (number % 4 === 1 && number < COMMITS) {
      writes.push(
        store.startTransaction(start({ startKey }), {
          messageId: startKey,
          action: 'StartTransaction',
          rawPayload: '{}',
        }),
      );
      writes.push(store.stopTransaction(undefined, stop('A', `stop-${number}`)));
      messages.push(startKey, `stop-${number}`);
    }
    await clock.advance(20);
    await Promise.all(writes);
    commits.push({ endsAt: readFileSync(`${written}-wal`).byteLength, messages: [...messages] });
  }
  copyFileSync(written, original);
  log = readFileSync(`${written}-wal`);
  store.stop();
});

type Outcome = { readonly messages: readonly string[]; readonly isTold: boolean } | 'STORE_CORRUPT';

/** Opens the file with this log, as a controller does that starts. */
function open(wal: Uint8Array): Outcome {
  copyFileSync(original, path);
  rmSync(`${path}-shm`, { force: true });
  writeFileSync(`${path}-wal`, wal);
  let database: DatabaseFile;
  try {
    database = new DatabaseFile({ path, migrations: STATE_MIGRATIONS, simulatedDevice: { refusal: () => undefined } });
  } catch (error) {
    expect(error).toMatchObject({ code: 'STORE_CORRUPT' });
    // Whoever comes to look finds it as it was.
    expect(Buffer.compare(readFileSync(`${path}-wal`), wal)).toBe(0);
    return 'STORE_CORRUPT';
  }
  const rows = database.prepare<{ message_id: string }>('SELECT message_id FROM outbox ORDER BY seq').all();
  const isTold = database.tornAtByte !== undefined;
  database.close();
  return { messages: rows.map((row) => row.message_id), isTold };
}

const all = () => commits[COMMITS - 1]!;
const allButLast = () => commits[COMMITS - 2]!;
const flipped = (at: number, bit: number) => {
  const bytes = Buffer.from(log);
  bytes[at]! ^= 1 << bit;
  return bytes;
};

test('the log holds what was acknowledged, commit for commit', () => {
  expect(log.byteLength).toBe(all().endsAt);
  expect(open(log)).toEqual({ messages: all().messages, isTold: false });
  for (const { endsAt, messages } of commits)
    expect(open(log.subarray(0, endsAt))).toEqual({ messages, isTold: false });
});

test('torn at any byte of the last commit, it holds all that were durable before it', () => {
  for (let at = allButLast().endsAt; at < all().endsAt; at++) {
    const outcome = open(log.subarray(0, at));
    if (outcome === 'STORE_CORRUPT' || outcome.messages.length !== allButLast().messages.length)
      expect([at, outcome]).toBe('whole');
  }
}, 30_000);

test('arrived out of order, with any one byte range of the last commit missing, it holds all that were durable before it', () => {
  const random = seeded(31);
  const [from, to] = [allButLast().endsAt, all().endsAt];
  for (let run = 0; run < 1_000; run++) {
    const bytes = Buffer.from(log);
    const begin = from + Math.floor(random() * (to - from));
    const end = begin + 1 + Math.floor(random() * (to - begin));
    if (run % 2 === 0) bytes.fill(0, begin, end);
    else for (let at = begin; at < end; at++) bytes[at] = Math.floor(random() * 256);
    const outcome = open(bytes);
    const isSame = bytes.equals(log);
    expect(outcome).toMatchObject({ messages: isSame ? all().messages : allButLast().messages });
  }
}, 30_000);

test('a wrong bit in any byte of the last commit is found, that commit is left out, and it is told', () => {
  for (let at = allButLast().endsAt; at < all().endsAt; at++) {
    const outcome = open(flipped(at, at % 8));
    if (outcome === 'STORE_CORRUPT' || !outcome.isTold || outcome.messages.length !== allButLast().messages.length)
      expect([at, outcome]).toBe('told');
  }
}, 30_000);

test('a wrong bit anywhere before the last commit: the file is called damaged, and is not touched', () => {
  const random = seeded(7);
  const places = [
    ...Array(32).keys(),
    ...Array.from({ length: 600 }, () => Math.floor(random() * allButLast().endsAt)),
  ];
  // Every byte of the heads of the frames too, which say what is a commit and of which round.
  for (let frame = 32; frame < allButLast().endsAt; frame += 24 + PAGE_BYTES)
    if (random() < 0.3) for (let at = 0; at < 24; at++) places.push(frame + at);
  for (const [index, at] of places.entries()) {
    // The first byte order bit, the first version and so on: the log's head is tried in each bit that has a meaning of its own.
    const outcome = open(flipped(at, index === 3 ? 0 : Math.floor(random() * 8)));
    if (outcome !== 'STORE_CORRUPT') expect([at, outcome]).toBe('damaged');
  }
}, 30_000);

describe('damage to what says where a commit ends', () => {
  const frameBytes = 24 + PAGE_BYTES;
  const sizeAt = (endsAt: number) => endsAt - frameBytes + 4;
  const inspect = (bytes: Uint8Array) => inspectLog(bytes, PAGE_BYTES, () => false).kind;

  test('a durable commit whose end is wrong in any bit is damage, also right before the last one', () => {
    for (let bit = 0; bit < 32; bit++)
      expect(inspect(flipped(sizeAt(allButLast().endsAt) + Math.floor(bit / 8), bit % 8))).toBe('damaged');
  });

  test('a frame within the last commit that seems to end it, even with the right size, is a torn tail', () => {
    for (let bit = 0; bit < 32; bit++)
      expect(inspect(flipped(allButLast().endsAt + 4 + Math.floor(bit / 8), bit % 8))).toBe('torn-tail');
    const bytes = Buffer.from(log);
    bytes.writeUInt32BE(log.readUInt32BE(sizeAt(all().endsAt)), allButLast().endsAt + 4);
    expect(inspect(bytes)).toBe('torn-tail');
  });

  test('a last frame of another round that goes on from this one is a torn tail, and what stands there by chance is none', () => {
    const bytes = Buffer.from(log.subarray(0, allButLast().endsAt + frameBytes));
    bytes[allButLast().endsAt + 8]! ^= 1;
    expect(inspect(bytes)).toBe('torn-tail');
    bytes.fill(7, allButLast().endsAt);
    expect(inspect(bytes)).toBe('whole');
  });
});

describe('a log that has done its work', () => {
  test('may lose its head: every page of it stands in the file', () => {
    copyFileSync(original, path);
    writeFileSync(`${path}-wal`, log);
    rmSync(`${path}-shm`, { force: true });
    const carried = new BetterSqlite(path);
    carried.pragma('wal_checkpoint(PASSIVE)');
    const [file, wal] = [readFileSync(path), readFileSync(`${path}-wal`)];
    carried.close();
    writeFileSync(path, file);
    wal[4]! ^= 1;
    writeFileSync(`${path}-wal`, wal);
    expect(checkLogOf(path)).toEqual({ kind: 'whole' });
    const page = wal.readUInt32BE(32);
    file[(page - 1) * PAGE_BYTES + 200]! ^= 1;
    writeFileSync(path, file);
    expect(checkLogOf(path).kind).toBe('damaged');
  });

  test('is begun anew over its old frames, which no check takes for damage', () => {
    const file = join(root, 'rounds.db');
    const database = new DatabaseFile({
      path: file,
      migrations: [{ version: 1, why: 'rows', sql: 'CREATE TABLE rows (text TEXT) STRICT;' }],
      simulatedDevice: { refusal: () => undefined },
    });
    const insert = database.prepare('INSERT INTO rows VALUES (@text)');
    let rounds = 0;
    let salt = '';
    for (let number = 0; number < 2_500; number++) {
      database.transaction(() => insert.run({ text: 'x'.repeat(1_500 + (number % 700)) }));
      if (number % 25 !== 0) continue;
      const wal = readFileSync(`${file}-wal`);
      if (wal.toString('hex', 16, 24) !== salt) rounds += 1;
      salt = wal.toString('hex', 16, 24);
      expect(checkLogOf(file)).toEqual({ kind: 'whole' });
    }
    database.close();
    expect(rounds).toBeGreaterThan(2);
  });

  test('is nothing to judge when it is empty or of no file', () => {
    const never = () => false;
    expect(inspectLog(new Uint8Array(), 512, never)).toEqual({ kind: 'whole' });
    expect(inspectLog(new Uint8Array(5_000), 512, never)).toEqual({ kind: 'whole' });
    expect(checkLogOf(join(root, 'nowhere.db'))).toEqual({ kind: 'whole' });
  });
});

test('a state store tells of a torn tail once, and goes on', async () => {
  copyFileSync(original, path);
  rmSync(`${path}-shm`, { force: true });
  writeFileSync(`${path}-wal`, log.subarray(0, log.byteLength - 100));
  const clock = new VirtualClock();
  const lines = rememberingLog();
  const store = new StateStore({ path }, { clock, log: lines });
  expect((await store.outbox('A', 1_000)).map((row) => row.messageId)).toEqual(allButLast().messages);
  expect(lines.lines.map((line) => line.event)).toEqual(['store.log-tail-cut']);
  const late = store.append(meterValues('A', 'late'));
  await clock.advance(20);
  await late;
  store.stop();
});
