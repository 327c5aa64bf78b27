// Measures what the store's promise costs here: durable commits per second, and how long one write waits for its commit.
//
//   node bench/store.ts [seconds per row]

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseFile } from '../src/store/database.ts';
import { GROUP_COMMIT_MS } from '../src/store/group-commit.ts';
import { StateStore } from '../src/store/state-store.ts';
import { anchorClock, systemClock } from '../src/system/clock.ts';
import { silentLog } from '../src/system/log.ts';

const secondsPerRow = Number(process.argv[2] ?? 3);
const rawPayload = JSON.stringify({ connectorId: 1, transactionId: 1, meterValue: 'x'.repeat(400) });

type Result = { readonly writes: number; readonly seconds: number; readonly latenciesMs: readonly number[] };

/** So many writers, each of which waits for its write before the next; `periodMs` makes them write on a beat instead. */
async function measure(writers: number, groupCommitMs: number, periodMs = 0): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), 'busbar-bench-'));
  const clock = systemClock(anchorClock());
  const store = new StateStore({ path: join(directory, 'state.db'), groupCommitMs }, { clock, log: silentLog });
  const latenciesMs: number[] = [];
  const begunAt = performance.now();
  const endsAt = begunAt + secondsPerRow * 1_000;
  const write = async (station: string, startsInMs: number) => {
    if (periodMs > 0) await clock.sleep('bench.start', startsInMs);
    while (performance.now() < endsAt) {
      const askedAt = performance.now();
      await store.append({ station, messageId: 'm', action: 'MeterValues', rawPayload });
      latenciesMs.push(performance.now() - askedAt);
      if (periodMs > 0) await clock.sleep('bench.beat', periodMs - (performance.now() - askedAt));
    }
  };
  await Promise.all(
    Array.from({ length: writers }, (_, index) => write(`station-${index}`, (index * periodMs) / writers)),
  );
  const seconds = (performance.now() - begunAt) / 1_000;
  store.stop();
  rmSync(directory, { recursive: true });
  return { writes: latenciesMs.length, seconds, latenciesMs };
}

/** What the disk itself gives: one row a commit, no timers between. */
function measureBare(): Result {
  const directory = mkdtempSync(join(tmpdir(), 'busbar-bench-'));
  const migrations = [
    { version: 1, why: 'rows', sql: 'CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT) STRICT;' },
  ];
  const database = new DatabaseFile({ path: join(directory, 'bare.db'), migrations });
  const insert = database.prepare('INSERT INTO rows (text) VALUES (@text)');
  const latenciesMs: number[] = [];
  const begunAt = performance.now();
  while (performance.now() - begunAt < secondsPerRow * 1_000) {
    const askedAt = performance.now();
    database.transaction(() => insert.run({ text: rawPayload }));
    latenciesMs.push(performance.now() - askedAt);
  }
  const seconds = (performance.now() - begunAt) / 1_000;
  database.close();
  rmSync(directory, { recursive: true });
  return { writes: latenciesMs.length, seconds, latenciesMs };
}

function quantile(sorted: readonly number[], at: number): string {
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? 0).toFixed(2);
}

const rows: Record<string, Record<string, string>> = {};
const cases = [
  { name: '1 writer, groups of 0 ms', writers: 1, groupMs: 0, periodMs: 0 },
  { name: `1 writer, groups of ${GROUP_COMMIT_MS} ms`, writers: 1, groupMs: GROUP_COMMIT_MS, periodMs: 0 },
  { name: `50 stations, 1 message/s each`, writers: 50, groupMs: GROUP_COMMIT_MS, periodMs: 1_000 },
  { name: `200 writers, groups of ${GROUP_COMMIT_MS} ms`, writers: 200, groupMs: GROUP_COMMIT_MS, periodMs: 0 },
  { name: `2,000 writers, groups of ${GROUP_COMMIT_MS} ms`, writers: 2_000, groupMs: GROUP_COMMIT_MS, periodMs: 0 },
];
tell('bare: one row a commit', measureBare());
for (const { name, writers, groupMs, periodMs } of cases) {
  tell(name, await measure(writers, groupMs, periodMs));
}
console.table(rows);

function tell(name: string, { writes, seconds, latenciesMs }: Result): void {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  rows[name] = {
    'durable writes/s': (writes / seconds).toFixed(0),
    'median ms': quantile(sorted, 0.5),
    'p99 ms': quantile(sorted, 0.99),
    'max ms': quantile(sorted, 1),
  };
}
