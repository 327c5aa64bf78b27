// The journal of cycles: what it keeps, what it lets go, and that a failing disk is told once and felt by nobody.

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { CycleRecord } from '../../src/core/model/decision.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { Journal, KEY_FRAME_EVERY, MAX_WAITING_CHUNKS, strip } from '../../src/store/journal.ts';
import { MAX_JOURNAL_AGE_MS, MAX_JOURNAL_BYTES, MAX_PAGE_RECORDS, readJournal } from '../../src/store/journal-file.ts';
import { cycleRecord, rememberingLog, scratchDirectory } from './support.ts';

function openJournal(options: { readonly path?: string; readonly maxBytes?: number; readonly maxAgeMs?: number } = {}) {
  const path = options.path ?? join(scratchDirectory(), 'journal.db');
  const clock = new VirtualClock();
  const log = rememberingLog();
  const bounds = { maxBytes: options.maxBytes ?? MAX_JOURNAL_BYTES, maxAgeMs: options.maxAgeMs ?? MAX_JOURNAL_AGE_MS };
  const journal = new Journal({ path, bounds }, { clock, log });
  onTestFinished(() => journal.stop());
  let cycle = 0;
  /** One cycle a second. */
  const run = async (cycles: number, padding: () => string = () => ''): Promise<CycleRecord[]> => {
    const records: CycleRecord[] = [];
    for (let index = 0; index < cycles; index++) {
      const record = cycleRecord(++cycle, clock.wall(), padding());
      records.push(record);
      journal.append(record);
      await clock.advance(1_000);
    }
    return records;
  };
  return { path, clock, log, journal, run };
}

const cycles = (records: Iterable<{ readonly snapshot: { readonly cycle: number } }>) =>
  [...records].map((record) => record.snapshot.cycle);

describe('what is kept', () => {
  test('every cycle comes back as it was, its memory only in every 60th', async () => {
    const { journal, run, clock } = openJournal();
    const written = await run(130);
    const { records, nextSeq } = await journal.read(0, clock.wall());
    expect(nextSeq).toBeUndefined();
    expect(records).toEqual(written.map((record, index) => (index % KEY_FRAME_EVERY === 0 ? record : strip(record))));
    expect(strip(written[0]!).decision).not.toHaveProperty('memory');
  });

  test('a reader starts at the key frame before, so that a replay has a memory to start from', async () => {
    const { journal, run } = openJournal();
    const written = await run(200);
    const wallOf = (cycle: number) => written[cycle - 1]!.snapshot.wallNow;
    const { records } = await journal.read(wallOf(130), wallOf(140));
    expect(cycles(records)).toEqual(Array.from({ length: 20 }, (_, index) => 121 + index));
    expect(records[0]!.decision.memory).toBeDefined();
  });

  test('a controller that starts again opens with a key frame', async () => {
    const first = openJournal();
    await first.run(7);
    first.journal.stop();
    const second = openJournal({ path: first.path });
    await second.run(3);
    const { records } = await second.journal.read(0, Number.MAX_SAFE_INTEGER);
    expect(records.map((record) => record.decision.memory !== undefined)).toEqual(
      Array.from({ length: 10 }, (_, index) => index === 0 || index === 7),
    );
  });

  test('another process reads page after page while it is being written', async () => {
    const { run, path, journal } = openJournal();
    await run(MAX_PAGE_RECORDS + 100);
    journal.flush();
    const total = MAX_PAGE_RECORDS + 100;
    expect(cycles(readJournal(path, 0, Number.MAX_SAFE_INTEGER))).toEqual(
      Array.from({ length: total }, (_, i) => i + 1),
    );
    const page = await journal.read(0, Number.MAX_SAFE_INTEGER);
    const rest = await journal.read(0, Number.MAX_SAFE_INTEGER, page.nextSeq);
    expect(cycles([...page.records, ...rest.records])).toHaveLength(total);
  });

  test('a journal that is not there is named', () => {
    const path = join(scratchDirectory(), 'none.db');
    expect(() => [...readJournal(path, 0, 1)]).toThrow(expect.objectContaining({ code: 'STORE_OPEN_FAILED' }));
    expect(existsSync(path)).toBe(false);
  });
});

describe('bounds', () => {
  test('a cycle like the one before costs next to nothing, however large the site', async () => {
    const { journal, run } = openJournal();
    const site = randomBytes(100_000).toString('hex');
    await run(50, () => site);
    journal.flush();
    // Ten chunks of five cycles: each chunk carries the site once (half of its hexadecimal text), not five times.
    expect(journal.health().bytes).toBeLessThan(10 * 130_000);
  });

  test('the file stays near its bound and the oldest cycles go first', async () => {
    const maxBytes = 100_000;
    const { journal, run, path, clock } = openJournal({ maxBytes });
    await run(600, () => randomBytes(500).toString('hex'));
    expect(journal.health().bytes).toBeLessThanOrEqual(maxBytes);
    expect(journal.health().bytes).toBeGreaterThan(maxBytes / 2);
    const { records } = await journal.read(0, clock.wall());
    expect(cycles(records).at(-1)).toBe(600);
    expect(cycles(records)[0]).toBeGreaterThan(300);
    expect(records[0]!.decision.memory).toBeDefined();
    journal.stop();
    expect(statSync(path).size).toBeLessThan(maxBytes * 2);
    const again = openJournal({ path, maxBytes });
    await again.run(1);
    again.journal.flush();
    expect(again.journal.health().bytes).toBeLessThanOrEqual(maxBytes);
  });

  test('cycles beyond the age go', async () => {
    const { journal, run, clock } = openJournal({ maxAgeMs: 100_000 });
    await run(300);
    const { records } = await journal.read(0, clock.wall());
    expect(cycles(records)[0]).toBeGreaterThanOrEqual(181);
    expect(cycles(records)[0]).toBeLessThanOrEqual(241);
  });
});

describe('trouble', () => {
  test('a disk that fails is told once, waits in a bounded queue, and is told once when it is well', async () => {
    const path = join(scratchDirectory(), 'later', 'journal.db');
    const { journal, run, log, clock } = openJournal({ path });
    const total = MAX_WAITING_CHUNKS * 5 + 200;
    await run(total);
    expect(log.lines.map((line) => line.event)).toEqual(['journal.failing']);
    const { droppedRecords, failedWrites, state } = journal.health();
    expect(state).toBe('failing');
    expect(failedWrites).toBeGreaterThan(50);
    expect(droppedRecords).toBeGreaterThan(100);
    mkdirSync(join(path, '..'));
    await clock.advance(5_000);
    expect(log.lines.map((line) => line.event)).toEqual(['journal.failing', 'journal.recovered']);
    const { records } = await journal.read(0, clock.wall());
    expect(records[0]!.decision.memory).toBeDefined();
    expect(cycles(records).at(-1)).toBe(total);
    expect(journal.health()).toMatchObject({ state: 'writing', droppedRecords });
  });

  test('a damaged file is set aside, told, and a new one begins', async () => {
    const directory = scratchDirectory();
    const path = join(directory, 'journal.db');
    writeFileSync(path, 'no database at all. '.repeat(500));
    const { journal, run, log, clock } = openJournal({ path });
    await run(10);
    expect(log.lines).toMatchObject([
      { level: 'error', event: 'journal.damaged', fields: { keptAs: `${path}.damaged` } },
    ]);
    expect(readFileSync(`${path}.damaged`, 'utf8')).toContain('no database at all');
    expect(cycles((await journal.read(0, clock.wall())).records)).toHaveLength(10);
    expect(readdirSync(directory)).toContain('journal.db');
  });

  test('a record that cannot be written as JSON is counted, and the next ones are kept', async () => {
    const { journal, run, clock } = openJournal();
    journal.append({ ...cycleRecord(0, clock.wall()), site: 1n as unknown as string });
    await clock.advance(5_000);
    expect(journal.health()).toMatchObject({ state: 'failing', droppedRecords: 1 });
    await run(60);
    expect(journal.health()).toMatchObject({ state: 'writing', droppedRecords: 1 });
  });

  test('after stop a record is counted as dropped, and stop may be called twice', async () => {
    const { journal, run, clock, path } = openJournal();
    await run(3);
    journal.stop();
    journal.stop();
    journal.append(cycleRecord(4, clock.wall()));
    await clock.advance(60_000);
    expect(journal.health().droppedRecords).toBe(1);
    expect(cycles(readJournal(path, 0, Number.MAX_SAFE_INTEGER))).toEqual([1, 2, 3]);
  });
});
