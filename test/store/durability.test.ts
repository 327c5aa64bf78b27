// Nothing acknowledged is ever lost (law 7): the writer is killed with no warning, again and again, and the disk runs full.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { DatabaseFile } from '../../src/store/database.ts';
import { GroupCommit, MAX_GROUP_WRITES } from '../../src/store/group-commit.ts';
import { STATE_MIGRATIONS } from '../../src/store/state-schema.ts';
import { StateStore } from '../../src/store/state-store.ts';
import { meterValues, rememberingLog, scratchDirectory, seeded, start } from './support.ts';

const KILLS = 12;
const SEED = 20_261_123;

/** What a writer said before it was killed. */
type Words = readonly (readonly string[])[];

async function writeUntilKilled(path: string, run: number, acknowledgements: number): Promise<Words> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'kill-writer.ts'), path, `run${run}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const words: string[][] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    words.push(line.split(' '));
    // Further lines that were written before the signal arrived are read to the end: they were acknowledged too.
    if (words.length === acknowledgements) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  expect(child.signalCode).toBe('SIGKILL');
  return words;
}

test(`${KILLS} writers killed without warning lose nothing that they had acknowledged`, {
  timeout: 120_000,
}, async () => {
  const path = join(scratchDirectory(), 'state.db');
  const random = seeded(SEED);
  const said: string[][] = [];
  for (let run = 1; run <= KILLS; run++) {
    said.push(...(await writeUntilKilled(path, run, 20 + Math.floor(random() * 600))).map((words) => [...words]));
    const database = new DatabaseFile({ path, migrations: STATE_MIGRATIONS });
    expect(database.prepare('SELECT * FROM pragma_integrity_check').get()).toEqual({ integrity_check: 'ok' });
    checkAgainst(database, said, run);
    database.close();
  }
  expect(said.length).toBeGreaterThan(KILLS * 100);
});

function checkAgainst(database: DatabaseFile, said: Words, runs: number): void {
  const about = (verb: string) => said.filter((words) => words[0] === verb);
  const rows = database.prepare<{ seq: number; station: string; message_id: string }>('SELECT * FROM outbox').all();
  const bySeq = new Map(rows.map((row) => [row.seq, row]));
  const settling = new Set(about('settling').map((words) => words[1]));
  const lost = about('row').filter(
    ([, seq, station, id]) =>
      !settling.has(seq) && (bySeq.get(Number(seq))?.station !== station || bySeq.get(Number(seq))?.message_id !== id),
  );
  expect(lost).toEqual([]);
  expect(about('settled').filter(([, seq]) => bySeq.has(Number(seq)))).toEqual([]);

  const transactions = database
    .prepare<{ local_id: number; station: string; start_key: string; state: string }>('SELECT * FROM transactions')
    .all();
  const byId = new Map(transactions.map((row) => [row.local_id, row]));
  expect(about('start').filter(([, id, , key]) => byId.get(Number(id))?.start_key !== key)).toEqual([]);
  expect(about('stop').filter(([, id]) => byId.get(Number(id))?.state !== 'stopped')).toEqual([]);
  const ids = about('start').map((words) => words[1]);
  expect(new Set(ids).size).toBe(ids.length);
  // A stop never stands without its row, nor a row before its start: they share a commit and the order of seq.
  expect(database.prepare('SELECT count(*) AS epoch FROM controller WHERE epoch = @runs').get({ runs })).toEqual({
    epoch: 1,
  });
  expect(database.prepare(ORDER_FAULTS).all()).toEqual([]);
  expect(
    database
      .prepare(
        `SELECT station FROM outbox_size s WHERE rows <> (SELECT count(*) FROM outbox o WHERE o.station = s.station)`,
      )
      .all(),
  ).toEqual([]);
}

const ORDER_FAULTS = `SELECT local_id FROM transactions
  WHERE start_seq IS NULL OR state = 'stopped' AND (stop_seq IS NULL OR stop_seq <= start_seq)`;

describe('a disk that is full', () => {
  test('acknowledges nothing that it does not hold, tells it once, and goes on when there is room', async () => {
    const path = join(scratchDirectory(), 'state.db');
    const clock = new VirtualClock();
    const log = rememberingLog();
    const store = new StateStore({ path, maxPages: 45 }, { clock, log });
    onTestFinished(() => store.stop());
    const acknowledged: number[] = [];
    const refused: unknown[] = [];
    for (let group = 0; group < 30; group++) {
      for (let part = 0; part < 30; part++) {
        store.append(meterValues('A', `m${group}/${part}`)).then(
          ({ outboxSeq }) => acknowledged.push(outboxSeq),
          (error) => refused.push(error),
        );
      }
      const starting = store.startTransaction(start({ startKey: `k${group}` }));
      starting.catch(() => {});
      await clock.advance(20);
    }
    const database = new DatabaseFile({ path, migrations: STATE_MIGRATIONS });
    onTestFinished(() => database.close());
    const seqs = () =>
      database
        .prepare<{ seq: number }>('SELECT seq FROM outbox ORDER BY seq')
        .all()
        .map((row) => row.seq);
    expect(refused.length).toBeGreaterThan(10);
    expect(refused).toEqual(refused.map(() => expect.objectContaining({ code: 'STORE_WRITE_FAILED' })));
    expect(acknowledged.length).toBeGreaterThan(10);
    expect(seqs()).toEqual(acknowledged);
    expect(log.lines.filter((line) => line.event === 'store.write-failed')).toHaveLength(1);

    // Reads go on while nothing can be written: upstream can still be served, and that is what makes room.
    expect(await store.outbox('A', 5)).toHaveLength(5);
    const settled = Promise.all(acknowledged.slice(0, 50).map((seq) => store.settle(seq, 'delivered')));
    await clock.advance(20);
    await settled;
    const late = store.append(meterValues('A', 'late'));
    await clock.advance(20);
    expect(seqs()).toContain((await late).outboxSeq);
    expect(log.lines.at(-1)).toMatchObject({ level: 'info', event: 'store.write-recovered' });
  });
});

describe('a group', () => {
  function openGroup() {
    const path = join(scratchDirectory(), 'group.db');
    const migrations = [{ version: 1, why: 'rows', sql: 'CREATE TABLE rows (id INTEGER PRIMARY KEY) STRICT;' }];
    const database = new DatabaseFile({ path, migrations, busyTimeoutMs: 0 });
    const other = new DatabaseFile({ path, migrations, busyTimeoutMs: 0 });
    const clock = new VirtualClock();
    const log = rememberingLog();
    const group = new GroupCommit({ database, clock, log });
    onTestFinished(() => {
      database.close();
      other.close();
    });
    const insert = database.prepare('INSERT INTO rows VALUES (@id)');
    const add = (id: number) => group.write(() => insert.run({ id }).lastRowid);
    const ids = () =>
      other
        .prepare<{ id: number }>('SELECT id FROM rows ORDER BY id')
        .all()
        .map((row) => row.id);
    return { database, other, clock, log, group, add, ids };
  }

  test('keeps 20 ms between two commits, and makes the first wait for nobody', async () => {
    const { add, ids, clock } = openGroup();
    const first = add(1);
    await clock.advance(0);
    expect([await first, ids()]).toEqual([1, [1]]);
    const second = add(2);
    await clock.advance(19);
    expect(ids()).toEqual([1]);
    await clock.advance(1);
    expect([await second, ids()]).toEqual([2, [1, 2]]);
  });

  test('that is full is committed at once, so the queue cannot grow', async () => {
    const { add, ids } = openGroup();
    const all = Array.from({ length: MAX_GROUP_WRITES }, (_, index) => add(index + 1));
    expect(ids()).toHaveLength(MAX_GROUP_WRITES);
    await Promise.all(all);
  });

  test('sends only the culprit away when one write is wrong', async () => {
    const { add, ids, clock, group } = openGroup();
    const outcomes = Promise.allSettled([
      add(1),
      add(1),
      group.write(() => {
        throw new Error('a mistake of ours');
      }),
      add(2),
    ]);
    await clock.advance(0);
    expect((await outcomes).map((outcome) => outcome.status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
    ]);
    expect(ids()).toEqual([1, 2]);
  });

  test('that finds the file held by another process fails whole, and the next one goes through', async () => {
    const { add, ids, clock, other, log } = openGroup();
    const failed = Promise.allSettled([add(1), add(2)]);
    const failure = { status: 'rejected', reason: expect.objectContaining({ code: 'STORE_WRITE_FAILED' }) };
    other.transaction(() => {
      // A full group is committed at once, here while the other one holds the file.
      for (let id = 3; id <= MAX_GROUP_WRITES; id++) add(id).catch(() => {});
    });
    expect(await failed).toEqual([failure, failure]);
    expect(ids()).toEqual([]);
    const later = add(1);
    await clock.advance(20);
    expect([await later, ids()]).toEqual([1, [1]]);
    expect(log.lines.map((line) => line.event)).toEqual(['store.write-failed', 'store.write-recovered']);
  });

  test('takes nothing after stop, and stop commits what was queued', async () => {
    const { add, ids, group } = openGroup();
    const last = add(1);
    group.stop();
    group.stop();
    expect([await last, ids()]).toEqual([1, [1]]);
    await expect(add(2)).rejects.toMatchObject({ code: 'STORE_STOPPED' });
    await expect(group.read(() => 1)).rejects.toMatchObject({ code: 'STORE_STOPPED' });
  });
});
