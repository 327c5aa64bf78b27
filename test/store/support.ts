// Scratch directories, a log that remembers, and rows for the store's tests.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { CycleRecord } from '../../src/core/model/decision.ts';
import { emptyMemory } from '../../src/core/model/memory.ts';
import type { Fields, Log } from '../../src/engine/ports.ts';

/** A directory that is gone after the test. */
export function scratchDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'busbar-store-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export type Line = { readonly level: string; readonly event: string; readonly fields: Fields };

/** A log whose lines can be looked at. */
export function rememberingLog(): Log & { readonly lines: readonly Line[] } {
  const lines: Line[] = [];
  const at =
    (level: string) =>
    (event: string, fields: Fields = {}) => {
      lines.push({ level, event, fields });
    };
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** mulberry32: the same seed gives the same run. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), 1 | state);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function start(part: { readonly station?: string; readonly startKey?: string } = {}) {
  return {
    station: 'A',
    connector: 1,
    startedAtWall: 1_780_000_000_000,
    meterStartWh: 1_234.5,
    idTokenHash: 'a'.repeat(64),
    startKey: 'key-1',
    ...part,
  };
}

/** A periodic MeterValues of a transaction: what may be thinned. */
export function meterValues(station: string, messageId: string, context = 'Sample.Periodic') {
  const rawPayload = JSON.stringify({
    connectorId: 1,
    transactionId: 1,
    meterValue: [{ timestamp: '2026-03-02T06:00:00Z', sampledValue: [{ value: '1', context }] }],
  });
  return { station, messageId, action: 'MeterValues', rawPayload };
}

export function stop(station: string, messageId: string, localTransactionId?: number) {
  return {
    station,
    messageId,
    action: 'StopTransaction',
    rawPayload: `{"transactionId":${localTransactionId ?? -1},"meterStop":10,"timestamp":"2026-03-02T07:00:00Z"}`,
    ...(localTransactionId !== undefined && { localTransactionId }),
  };
}

/** A small cycle record at a wall time. */
export function cycleRecord(cycle: number, wallNow: number, padding = ''): CycleRecord {
  return {
    site: 'test-site',
    controller: { id: 'c1', epoch: 1 },
    snapshot: { cycle, now: wallNow, wallNow, meters: {}, stations: {}, caps: [], wishes: {} },
    decision: {
      mode: 'normal',
      commands: [],
      stops: [],
      shares: [],
      circuits: [],
      solver: { answeredBy: 'lp', variables: cycle, rows: 1 },
      notices: padding ? [{ severity: 'info', code: 'TEST', text: padding }] : [],
      memory: { ...emptyMemory('c1/1'), nextCommandNumber: cycle + 1 },
    },
    durationMs: { collect: 1, decide: 2, dispatch: 3 },
  };
}
