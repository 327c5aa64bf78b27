// A disk in trouble: full, read-only, failing or slow. Nothing is acknowledged that is not kept, nothing is kept that was refused, people are
// told at once, and when the disk is well the store is.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AppError } from '../../src/engine/app-error.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { DatabaseFile, type DiskFaultCode } from '../../src/store/database.ts';
import { STATE_MIGRATIONS } from '../../src/store/state-schema.ts';
import { StateStore } from '../../src/store/state-store.ts';
import { anchorClock, systemClock } from '../../src/system/clock.ts';
import { meterValues, rememberingLog, scratchDirectory, start, stop } from './support.ts';

/** What row 30 of the fault table allows until people are told. */
const TOLD_WITHIN_MS = 10_000;

const FAULTS: readonly DiskFaultCode[] = ['SQLITE_FULL', 'SQLITE_READONLY', 'SQLITE_IOERR_WRITE', 'SQLITE_IOERR_FSYNC'];

describe.each(FAULTS)('a disk that answers %s', (code) => {
  test('brings no false acknowledgement, is told within ten seconds and once, and is well again by itself', async () => {
    const path = join(scratchDirectory(), 'state.db');
    const clock = new VirtualClock();
    const log = rememberingLog();
    const toldAt: number[] = [];
    const noting = {
      ...log,
      error: (event: string, fields = {}) => {
        toldAt.push(clock.now());
        log.error(event, fields);
      },
    };
    let fault: DiskFaultCode | undefined;
    const store = new StateStore({ path, simulatedDevice: { refusal: () => fault } }, { clock, log: noting });
    onTestFinished(() => store.stop());
    const kept = new Set<string>();
    const refused = new Map<string, unknown>();
    const write = (id: string, written: Promise<unknown>) =>
      void written.then(
        () => kept.add(id),
        (error: unknown) => refused.set(id, error),
      );
    const beat = async (number: number) => {
      write(`value-${number}`, store.append(meterValues('A', `value-${number}`)));
      const outbox = { messageId: `start-${number}`, action: 'StartTransaction', rawPayload: '{}' };
      write(`start-${number}`, store.startTransaction(start({ startKey: `key-${number}` }), outbox));
      write(`stop-${number}`, store.stopTransaction(number, stop('A', `stop-${number}`, number)));
      write(`caps-${number}`, store.saveCaps([]));
      await clock.advance(1_000);
    };
    for (let number = 1; number <= 5; number++) await beat(number);
    expect(refused.size).toBe(0);
    fault = code;
    const failedAt = clock.now();
    for (let number = 6; number <= 40; number++) await beat(number);
    expect(refused.size).toBe(35 * 4);
    expect(
      [...refused.values()].every((error) => error instanceof AppError && error.code === 'STORE_WRITE_FAILED'),
    ).toBe(true);
    // What upstream may have is still read and can still be sent.
    expect((await store.outbox('A', 100)).length).toBe(15);
    fault = undefined;
    for (let number = 41; number <= 45; number++) await beat(number);

    expect(toldAt).toHaveLength(1);
    expect(toldAt[0]! - failedAt).toBeLessThanOrEqual(TOLD_WITHIN_MS);
    expect(log.lines.map((line) => line.event)).toEqual(['store.write-failed', 'store.write-recovered']);
    expect(log.lines[0]!.fields).toMatchObject({ sqlite: code });
    const other = new DatabaseFile({ path, migrations: STATE_MIGRATIONS, readOnly: true });
    const rows = other.prepare<{ message_id: string }>('SELECT message_id FROM outbox ORDER BY seq').all();
    other.close();
    const expected = [...kept].filter((id) => !id.startsWith('caps')).sort();
    expect(rows.map((row) => row.message_id).sort()).toEqual(expected);
    expect(expected).toHaveLength(10 * 3);
  });

  test('costs the memory of that cycle and no other: the next one goes with the first commit that succeeds', async () => {
    const clock = new VirtualClock();
    const log = rememberingLog();
    let fault: DiskFaultCode | undefined = code;
    const path = join(scratchDirectory(), 'state.db');
    const store = new StateStore({ path, simulatedDevice: { refusal: () => fault } }, { clock, log });
    onTestFinished(() => store.stop());
    for (let number = 1; number <= 3; number++) {
      store.saveMemory({ nextCommandNumber: number } as never);
      await clock.advance(1_000);
    }
    fault = undefined;
    store.saveMemory({ nextCommandNumber: 4 } as never);
    const loading = store.load();
    await clock.advance(1_000);
    expect((await loading).memory?.nextCommandNumber).toBe(4);
    expect(log.lines.map((line) => line.event)).toEqual(['store.write-failed', 'store.write-recovered']);
  });
});

test('a flush that takes 500 ms makes writers wait and loses none: what comes meanwhile shares the next one', async () => {
  const path = join(scratchDirectory(), 'state.db');
  const clock = systemClock(anchorClock());
  const log = rememberingLog();
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  let flushes = 0;
  const refusal = () => {
    flushes += 1;
    // As fsync does: the store's thread stands still, and with it nothing but the store.
    Atomics.wait(sleeper, 0, 0, 500);
    return undefined;
  };
  const store = new StateStore({ path, simulatedDevice: { refusal } }, { clock, log });
  onTestFinished(() => store.stop());
  const waitedMs: number[] = [];
  const order: number[] = [];
  const writes = Array.from({ length: 60 }, async (_, number) => {
    await clock.sleep('test.writer', number * 15);
    const askedAt = clock.now();
    const { outboxSeq } = await store.append(meterValues('A', `m${number}`));
    order.push(outboxSeq);
    waitedMs.push(clock.now() - askedAt);
  });
  await Promise.all(writes);
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(await store.outbox('A', 100)).toHaveLength(60);
  expect(flushes).toBeLessThanOrEqual(5);
  // One flush under way, and its own.
  expect(Math.max(...waitedMs)).toBeLessThan(1_500);
  expect(log.lines).toEqual([]);
}, 20_000);

const canLimit = process.platform === 'linux' && hasPrlimit();
if (!canLimit) console.log('skipped: a real limit on the size of files needs Linux and prlimit (util-linux)');

function hasPrlimit(): boolean {
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test.runIf(canLimit)(
  'a file that the kernel lets grow no further: refused and told, nothing half kept, and well again when it may',
  async () => {
    const path = join(scratchDirectory(), 'state.db');
    const writer = join(import.meta.dirname, 'limited-writer.ts');
    // Blocks of 512 or 1,024 bytes, as the shell has it: two megabytes or four.
    const child = spawn('sh', ['-c', 'ulimit -S -f 4000 && exec "$0" "$@"', process.execPath, writer, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const said: string[][] = [];
    const count = (verb: string) => said.filter((words) => words[0] === verb).length;
    let keptWhenFreed: number | undefined;
    for await (const line of createInterface({ input: child.stdout })) {
      said.push(line.split(' '));
      if (keptWhenFreed === undefined && count('refused') === 20) {
        keptWhenFreed = count('kept');
        execFileSync('prlimit', [`--pid=${child.pid}`, '--fsize=unlimited']);
      }
      if (keptWhenFreed !== undefined && count('kept') >= keptWhenFreed + 200) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    expect(child.signalCode).toBe('SIGKILL');
    expect(count('kept')).toBeGreaterThan(220);
    const about = (verb: string) => said.filter((words) => words[0] === verb);
    expect(new Set(about('refused').map((words) => words[2]))).toEqual(new Set(['STORE_WRITE_FAILED']));
    expect(about('told').map((words) => words[1])).toEqual(['store.write-failed', 'store.write-recovered']);
    console.log(`the kernel's limit came as ${about('told')[0]![2]}`);
    const toldAfterMs = Number(about('told')[0]![3]) - Number(about('kept')[keptWhenFreed! - 1]![3]);
    expect(toldAfterMs).toBeLessThanOrEqual(TOLD_WITHIN_MS);

    const database = new DatabaseFile({ path, migrations: STATE_MIGRATIONS });
    const rows = database
      .prepare<{ message_id: string }>('SELECT message_id FROM outbox ORDER BY seq')
      .all()
      .map((row) => row.message_id);
    expect(database.prepare('SELECT * FROM pragma_integrity_check').get()).toEqual({ integrity_check: 'ok' });
    database.close();
    const kept = about('kept').map((words) => words[1]!);
    // The last write may have been durable when the writer was killed before it could say so.
    expect(rows.slice(0, kept.length)).toEqual(kept);
    expect(rows.length).toBeLessThanOrEqual(kept.length + 1);
  },
  60_000,
);
