// The simulated disk keeps what a real one keeps: what was acknowledged survives crash and power cut, and nothing is answered that is not kept.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { DatabaseFile } from '../../src/store/database.ts';
import { StateStore } from '../../src/store/state-store.ts';
import { silentLog } from '../../src/system/log.ts';
import { SimulatedDisk } from '../../src/wiring/simulation/disk.ts';
import {
  committedPart,
  FRAME_HEADER_BYTES,
  tornLog,
  WAL_HEADER_BYTES,
} from '../../src/wiring/simulation/write-ahead-log.ts';
import { meterValues, rememberingLog, scratchDirectory, start, stop } from '../store/support.ts';

function newDisk() {
  const disk = new SimulatedDisk();
  onTestFinished(() => disk.dispose());
  const clock = new VirtualClock();
  const log = rememberingLog();
  return { disk, clock, log, open: () => disk.open({ clock, log }) };
}

/** Lets a write through: at most one beat of the group commit. */
async function commit<T>(clock: VirtualClock, write: Promise<T>): Promise<T> {
  await clock.advance(20);
  return write;
}

const messageCount = (disk: SimulatedDisk) => disk.outboxRows().length;

test('a controller that crashes finds what was acknowledged, and nobody ever hears of what was not', async () => {
  const { disk, clock, open } = newDisk();
  const first = open();
  expect((await commit(clock, first.load())).epoch).toBe(1);
  const { record } = await commit(
    clock,
    first.startTransaction(start(), { messageId: 's', action: 'StartTransaction', rawPayload: '{}' }),
  );
  const told: string[] = [];
  first.append(meterValues('A', 'queued')).then(
    () => told.push('kept'),
    () => told.push('refused'),
  );
  disk.crash();
  first.append(meterValues('A', 'from the dead')).then(
    () => told.push('kept'),
    () => told.push('refused'),
  );
  await clock.advance(60_000);
  expect(told).toEqual([]);

  const second = open();
  expect((await commit(clock, second.load())).epoch).toBe(2);
  expect(await second.openTransactions()).toEqual([record]);
  expect((await second.outbox('A', 10)).map((row) => row.messageId)).toEqual(['s']);
  first.saveMemory({} as never);
  await clock.advance(60_000);
  expect((await commit(clock, second.load())).memory).toBeUndefined();
});

test('a power cut tears the commit that was under way at any byte, and never one that was acknowledged', async () => {
  let survivors = 0;
  let runs = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const { disk, clock, open } = newDisk();
    const random = seededRandom(seed);
    let acknowledged = 0;
    let unanswered = 0;
    for (let cut = 0; cut < 3; cut++) {
      const store = open();
      for (let group = 0; group < seed % 7; group++) {
        const sent = Array.from({ length: 1 + (group % 4) }, (_, part) =>
          store.append(meterValues('A', `${cut}/${group}/${part}`)),
        );
        await clock.advance(20);
        acknowledged += (await Promise.all(sent)).length;
      }
      store.append(meterValues('A', 'x'.repeat(random.next('length') * 9_000))).catch(() => {});
      unanswered += 1;
      disk.powerCut(random);
      const next = open();
      const rows = messageCount(disk);
      expect(rows).toBeGreaterThanOrEqual(acknowledged);
      expect(rows).toBeLessThanOrEqual(acknowledged + unanswered);
      // What survived unasked is kept from now on: the station sends it again and nothing is counted twice here.
      survivors += rows - acknowledged;
      acknowledged = rows;
      unanswered = 0;
      expect(await next.outbox('A', 1_000)).toHaveLength(rows);
      runs += 1;
    }
  }
  expect(survivors).toBeGreaterThan(0);
  expect(survivors).toBeLessThan(runs);
}, 30_000);

test('a power cut keeps what was acknowledged also after the log was begun anew', async () => {
  const { disk, clock, open } = newDisk();
  const random = seededRandom(4);
  let acknowledged = 0;
  for (let cut = 0; cut < 4; cut++) {
    const store = open();
    // More than the thousand pages after which SQLite carries the log over into the file.
    for (let group = 0; group < 30; group++) {
      const sent = Array.from({ length: 40 }, (_, part) =>
        store.append({ ...meterValues('A', `${cut}/${group}/${part}`), rawPayload: 'x'.repeat(4_000) }),
      );
      await clock.advance(20);
      acknowledged += (await Promise.all(sent)).length;
    }
    disk.powerCut(random);
    open();
    expect(messageCount(disk)).toBe(acknowledged);
  }
});

test('the same seed leaves the same rows', async () => {
  const leaves = async () => {
    const { disk, clock, open } = newDisk();
    const random = seededRandom(99);
    for (let cut = 0; cut < 12; cut++) {
      const store = open();
      store.append(meterValues('A', `${cut}/kept`)).catch(() => {});
      await clock.advance(20);
      for (let part = 0; part < 3; part++) store.append(meterValues('A', `${cut}/torn/${part}`)).catch(() => {});
      disk.powerCut(random);
    }
    open();
    return disk.outboxRows();
  };
  const once = await leaves();
  expect(await leaves()).toEqual(once);
  expect(once.length).toBeGreaterThan(12);
  expect(once.length).toBeLessThan(48);
});

describe.each(['full', 'readOnly'] as const)('a disk that is %s', (fault) => {
  test('refuses every write, goes on reading, is told once, and is well again by itself', async () => {
    const { disk, clock, log, open } = newDisk();
    const store = open();
    await commit(clock, store.append(meterValues('A', 'before')));
    disk[fault](true);
    const refused = Promise.allSettled([
      store.append(meterValues('A', 'during')),
      store.stopTransaction(undefined, stop('A', 'stop')),
    ]);
    await clock.advance(20);
    const code = fault === 'full' ? 'SQLITE_FULL' : 'SQLITE_READONLY';
    const failure = {
      status: 'rejected',
      reason: expect.objectContaining({
        code: 'STORE_WRITE_FAILED',
        fields: expect.objectContaining({ sqlite: code }),
      }),
    };
    expect(await refused).toEqual([failure, failure]);
    expect((await store.outbox('A', 10)).map((row) => row.messageId)).toEqual(['before']);
    disk[fault](false);
    await commit(clock, store.append(meterValues('A', 'after')));
    expect((await store.outbox('A', 10)).map((row) => row.messageId)).toEqual(['before', 'after']);
    expect(log.lines.map((line) => line.event)).toEqual(['store.write-failed', 'store.write-recovered']);
  });
});

test('a slow disk answers late, and takes together what came meanwhile', async () => {
  const { disk, clock, open } = newDisk();
  const store = open();
  await commit(clock, store.append(meterValues('A', 'before')));
  disk.slow(500);
  const answeredAt: number[] = [];
  const append = (id: string) =>
    void store.append(meterValues('A', id)).then(() => answeredAt.push(clock.now() - begunAt));
  const begunAt = clock.now();
  append('first');
  await clock.advance(300);
  append('second');
  await clock.advance(199);
  expect(answeredAt).toEqual([]);
  await clock.advance(1);
  expect(answeredAt).toEqual([500, 500]);
  append('third');
  disk.slow(0);
  await clock.advance(20);
  expect(answeredAt).toHaveLength(3);
});

test('what was under way on a slow disk is gone with the process', async () => {
  const { disk, clock, open } = newDisk();
  disk.slow(500);
  const told: string[] = [];
  open()
    .append(meterValues('A', 'under way'))
    .then(() => told.push('kept'));
  await clock.advance(300);
  disk.crash();
  open();
  await clock.advance(5_000);
  expect([told, messageCount(disk)]).toEqual([[], 0]);
});

test('says how full it is, each with its bound', async () => {
  const { disk, clock, open } = newDisk();
  const store = open();
  for (const station of ['A', 'A', 'B']) void store.append(meterValues(station, station));
  void store.startTransaction(start());
  expect(disk.counts()).toMatchObject({ outboxRows: 0, waitingWrites: 4 });
  await clock.advance(20);
  expect(disk.counts()).toMatchObject({ outboxRows: 3, fullestOutboxRows: 2, transactions: 1, waitingWrites: 0 });
  expect(disk.counts().fileBytes).toBeGreaterThan(4_096);
  expect(disk.queues().every(({ size, bound }) => size <= bound && bound > 0)).toBe(true);
});

test('a commit is found in the log to its last byte, and a tear stays behind what was flushed', () => {
  const directory = scratchDirectory();
  const path = join(directory, 'rows.db');
  const database = new DatabaseFile({
    path,
    migrations: [{ version: 1, why: 'rows', sql: 'CREATE TABLE rows (text TEXT) STRICT;' }],
  });
  onTestFinished(() => database.close());
  const insert = database.prepare('INSERT INTO rows VALUES (@text)');
  const write = (text: string) => {
    database.transaction(() => insert.run({ text }));
    return readFileSync(`${path}-wal`);
  };
  const [once, twice] = [write('one'), write('x'.repeat(9_000))];
  const [before, after] = [committedPart(once), committedPart(twice)];
  expect([before.endsAt, after.endsAt]).toEqual([once.byteLength, twice.byteLength]);
  expect((after.endsAt - before.endsAt) % (FRAME_HEADER_BYTES + 4_096)).toBe(0);
  expect(committedPart(twice.subarray(0, WAL_HEADER_BYTES - 1)).endsAt).toBe(0);
  const random = seededRandom(1);
  const lengths = new Set<number>();
  for (let cut = 0; cut < 300; cut++) {
    const torn = tornLog(once, twice, random);
    expect(Buffer.compare(Buffer.from(torn.subarray(0, before.endsAt)), once)).toBe(0);
    lengths.add(torn.byteLength);
  }
  expect(lengths.size).toBeGreaterThan(150);
});

describe('the law of the flush', () => {
  const src = join(import.meta.dirname, '../../src');

  test('nothing but the simulation opens a store that does not flush', () => {
    const named = readdirSync(src, { recursive: true, encoding: 'utf8' })
      .filter(
        (path) =>
          path.endsWith('.ts') && /\bsimulatedDevice\b|\bSimulatedDisk\b/.test(readFileSync(join(src, path), 'utf8')),
      )
      .filter((path) => !path.startsWith('wiring/simulation/'));
    expect(named.sort()).toEqual(['store/database.ts', 'store/state-store.ts']);
  });

  test('a store on a real disk flushes at each commit', () => {
    const path = join(scratchDirectory(), 'state.db');
    const migrations = [{ version: 1, why: 'none', sql: '' }];
    const level = (part: object) => {
      const database = new DatabaseFile({ path, migrations, ...part });
      const { synchronous } = database
        .prepare<{ synchronous: number }>('SELECT synchronous FROM pragma_synchronous')
        .get()!;
      database.close();
      return synchronous;
    };
    expect([level({}), level({ simulatedDevice: { refusal: () => undefined } })]).toEqual([2, 0]);
    expect(() =>
      new StateStore({ path: join(scratchDirectory(), 's.db') }, { clock: new VirtualClock(), log: silentLog }).stop(),
    ).not.toThrow();
  });
});
