// The durable state as control room and gateway see it: order, idempotence, epochs, bounds.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { emptyMemory } from '../../src/core/model/memory.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { DatabaseFile } from '../../src/store/database.ts';
import { isIntermediate } from '../../src/store/outbox.ts';
import { MAX_AUDIT_ROWS, STATE_MIGRATIONS } from '../../src/store/state-schema.ts';
import { StateStore, type StateStoreOptions } from '../../src/store/state-store.ts';
import { meterValues, rememberingLog, scratchDirectory, start, stop } from './support.ts';

function openStore(options: Partial<StateStoreOptions> = {}) {
  const path = options.path ?? join(scratchDirectory(), 'state.db');
  const clock = new VirtualClock();
  const log = rememberingLog();
  const store = new StateStore({ ...options, path }, { clock, log });
  onTestFinished(() => store.stop());
  /** Lets a commit happen, then gives the answer. */
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    promise.catch(() => {});
    await clock.advance(20);
    return promise;
  };
  return { path, clock, log, store, settled };
}

/** The file as it is on the disk, seen by somebody else. */
function onDisk(path: string): DatabaseFile {
  const database = new DatabaseFile({ path, migrations: STATE_MIGRATIONS, readOnly: true });
  onTestFinished(() => database.close());
  return database;
}

describe('control', () => {
  test('each load raises the epoch by one, durably', async () => {
    const { store, settled, path } = openStore();
    expect(await settled(store.load())).toEqual({ epoch: 1, caps: [], wishes: [] });
    store.stop();
    const next = openStore({ path });
    expect(await next.settled(next.store.load())).toMatchObject({ epoch: 2 });
    expect(await next.settled(next.store.load())).toMatchObject({ epoch: 3 });
  });

  test('the newest memory, the caps and the wishes are there after a restart', async () => {
    const { store, settled, path } = openStore();
    const caps = [
      { id: 'x', source: { kind: 'facility-manager' }, scope: { kind: 'circuit', circuit: 'main' } },
    ] as const;
    for (let number = 1; number <= 50; number++) store.saveMemory({ ...emptyMemory('c/1'), nextCommandNumber: number });
    await settled(store.saveCaps(caps));
    const wishes = [
      { evse: 'A/1', who: 'ann', setAtWall: 5, departureWall: 9, energyWh: 30_000, transactionId: '4' },
    ] as const;
    await settled(store.saveWishes([]));
    await settled(store.saveWishes(wishes));
    store.saveMemory({ ...emptyMemory('c/1'), nextCommandNumber: 99 });
    store.stop();
    const next = openStore({ path });
    expect(await next.settled(next.store.load())).toEqual({
      epoch: 1,
      memory: { ...emptyMemory('c/1'), nextCommandNumber: 99 },
      caps,
      wishes,
    });
  });

  test('wishes answer only once they are on the disk, and are there when the process was killed after that', async () => {
    const { store, clock, path } = openStore();
    const wishes = [{ evse: 'A/1', who: 'ann', setAtWall: 5, onlySurplus: true }];
    let isAnswered = false;
    const promise = store.saveWishes(wishes).then(() => {
      isAnswered = true;
    });
    await Promise.resolve();
    expect([isAnswered, onDisk(path).prepare('SELECT * FROM wishes').all()]).toEqual([false, []]);
    await clock.advance(20);
    await promise;
    // The first one was never stopped: nothing but the disk hands them over.
    const next = openStore({ path });
    expect((await next.settled(next.store.load())).wishes).toEqual(wishes);
  });

  test('unreadable wishes are left out and told: a wish never loosens a limit, so the controller starts without', async () => {
    const { store, settled, path } = openStore();
    await settled(store.saveWishes([]));
    store.stop();
    const vandal = new DatabaseFile({ path, migrations: STATE_MIGRATIONS });
    vandal.prepare('UPDATE wishes SET json = @json').run({ json: '[{' });
    vandal.close();
    const next = openStore({ path });
    expect(await next.settled(next.store.load())).toEqual({ epoch: 1, caps: [], wishes: [] });
    expect(next.log.lines.map((line) => line.event)).toContain('store.wishes-unreadable');
  });

  test('a memory that came while the last one was being committed is committed next', async () => {
    const { store, clock, path } = openStore();
    store.saveMemory({ ...emptyMemory('c/1'), nextCommandNumber: 1 });
    clock.timer('test', 0, () => store.saveMemory({ ...emptyMemory('c/1'), nextCommandNumber: 2 }));
    await clock.advance(60);
    const next = openStore({ path });
    expect((await next.settled(next.store.load())).memory?.nextCommandNumber).toBe(2);
  });

  test('an unreadable memory is left out and told; unreadable caps are an error, for leaving one out loosens a limit', async () => {
    const { store, settled, path } = openStore();
    store.saveMemory(emptyMemory('c/1'));
    await settled(store.saveCaps([]));
    store.stop();
    const vandal = new DatabaseFile({ path, migrations: STATE_MIGRATIONS });
    vandal.prepare('UPDATE memory SET packed = @packed').run({ packed: new Uint8Array([1, 2, 3]) });
    const next = openStore({ path });
    expect(await next.settled(next.store.load())).toEqual({ epoch: 1, caps: [], wishes: [] });
    expect(next.log.lines.map((line) => line.event)).toContain('store.memory-unreadable');
    vandal.prepare('UPDATE caps SET json = @json').run({ json: '[{' });
    vandal.close();
    await expect(next.settled(next.store.load())).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });
});

describe('transactions', () => {
  test('a start answers only once it is on the disk', async () => {
    const { store, clock, path } = openStore();
    let isAnswered = false;
    const promise = store.startTransaction(start()).then(() => {
      isAnswered = true;
    });
    await Promise.resolve();
    expect(isAnswered).toBe(false);
    expect(onDisk(path).prepare('SELECT * FROM transactions').all()).toEqual([]);
    await clock.advance(20);
    await promise;
    expect(onDisk(path).prepare('SELECT * FROM transactions').all()).toHaveLength(1);
  });

  test('the same start again, at once or after a restart, gives the first record and no second row', async () => {
    const { store, settled, path } = openStore();
    const outbox = { messageId: 'm1', action: 'StartTransaction', rawPayload: '{}' };
    const [first, again] = await settled(
      Promise.all([
        store.startTransaction(start(), outbox),
        store.startTransaction(start(), { ...outbox, messageId: 'm2' }),
      ]),
    );
    expect(first).toMatchObject({ isNew: true, outboxSeq: 1, record: { localId: 1, state: 'open' } });
    expect(again).toEqual({ ...first, isNew: false });
    await settled(store.setUpstreamId(1, 4711));
    await settled(store.settle(1, 'delivered'));
    store.stop();
    const next = openStore({ path });
    const later = await next.settled(next.store.startTransaction(start(), outbox));
    expect(later).toEqual({ isNew: false, record: { ...first.record, upstreamId: 4711 } });
    expect(await next.store.outbox('A', 10)).toEqual([]);
  });

  test('the same key on another station is another transaction', async () => {
    const { store, settled } = openStore();
    await settled(store.startTransaction(start()));
    const other = await settled(store.startTransaction(start({ station: 'B' })));
    expect(other).toMatchObject({ isNew: true, record: { localId: 2 } });
  });

  test('the same stop again appends nothing; another stop of it does', async () => {
    const { store, settled } = openStore();
    await settled(store.startTransaction(start()));
    const first = await settled(store.stopTransaction(1, stop('A', 'm1', 1)));
    expect(await settled(store.stopTransaction(1, stop('A', 'm2', 1)))).toEqual(first);
    expect(await store.findTransaction(1)).toMatchObject({ state: 'stopped' });
    expect(await store.openTransactions()).toEqual([]);
    await settled(store.stopTransaction(1, { ...stop('A', 'm3', 1), rawPayload: '{"reason":"Local"}' }));
    await settled(store.stopTransaction(undefined, stop('A', 'm4')));
    expect((await store.outbox('A', 10)).map((row) => row.messageId)).toEqual(['m1', 'm3', 'm4']);
  });

  test('ids are never given again, even when the highest transaction is gone', async () => {
    const { store, settled, path } = openStore();
    for (const startKey of ['a', 'b', 'c']) await settled(store.startTransaction(start({ startKey })));
    store.stop();
    const broom = new DatabaseFile({ path, migrations: STATE_MIGRATIONS });
    broom.prepare('DELETE FROM transactions').run();
    broom.close();
    const next = openStore({ path });
    expect((await next.settled(next.store.startTransaction(start()))).record.localId).toBe(4);
  });

  test('old stopped transactions are forgotten at the bound, but not while something of them waits for upstream', async () => {
    const { store, settled } = openStore({ transactionBounds: { stopped: 3, all: 6 } });
    for (let id = 1; id <= 8; id++) {
      await settled(store.startTransaction(start({ startKey: `k${id}` })));
      if (id === 1) await settled(store.stopTransaction(1, stop('A', 'm1', 1)));
      if (id === 2 || id === 3) await settled(store.stopTransaction(id));
    }
    const known = async () =>
      (await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((id) => store.findTransaction(id))))
        .filter((record) => record !== undefined)
        .map((record) => record.localId);
    expect(await known()).toEqual([1, 4, 5, 6, 7, 8]);
    await settled(store.settle(1, 'delivered'));
    for (const startKey of ['k9', 'k10']) await settled(store.startTransaction(start({ startKey })));
    expect(await known()).toEqual([5, 6, 7, 8]);
  });

  test('an upstream id for a transaction that is gone is told, not lost in silence', async () => {
    const { store, settled, log } = openStore();
    await settled(store.setUpstreamId(9, 1));
    expect(log.lines).toMatchObject([{ level: 'warn', event: 'store.transaction-unknown', fields: { localId: 9 } }]);
  });
});

describe('the outbox', () => {
  test('a read sees what was written before it, in order, and tells it only when it is durable', async () => {
    const { store, clock } = openStore();
    const appended = ['m1', 'm2', 'm3'].map((id) => store.append(meterValues('A', id)));
    const counted = store.countAttempt(1);
    const read = store.outbox('A', 2);
    const after = store.append(meterValues('A', 'm4'));
    await clock.advance(20);
    await Promise.all([...appended, counted, after]);
    expect((await read).map((row) => [row.seq, row.messageId, row.attempts])).toEqual([
      [1, 'm1', 1],
      [2, 'm2', 0],
    ]);
  });

  test('delivered rows go, parked rows stay out of the way, other stations are not touched', async () => {
    const { store, settled } = openStore();
    for (const id of ['m1', 'm2', 'm3']) await settled(store.append(meterValues('A', id)));
    await settled(store.append(meterValues('B', 'b1')));
    await settled(store.settle(1, 'delivered'));
    await settled(store.settle(2, 'parked'));
    await settled(store.settle(99, 'delivered'));
    expect((await store.outbox('A', 10)).map((row) => row.messageId)).toEqual(['m3']);
    expect((await store.outbox('B', 10)).map((row) => row.messageId)).toEqual(['b1']);
  });

  test("the station's own bytes come back as they went in", async () => {
    const { store, settled } = openStore();
    const rawPayload = '{ "meterStart":1.50, "idTag":"ä\\u0000\u{1F697}" , "x": 1e2}';
    await settled(store.startTransaction(start(), { messageId: 'm', action: 'StartTransaction', rawPayload }));
    expect((await store.outbox('A', 1))[0]).toMatchObject({ rawPayload, localTransactionId: 1, state: 'queued' });
  });

  test('at the bound the oldest intermediate meter values go first, never a start, a stop, a begin or an end', async () => {
    const { store, settled } = openStore({ outboxBounds: { rowsPerStation: 5 } });
    await settled(
      store.startTransaction(start(), { messageId: 'start', action: 'StartTransaction', rawPayload: '{}' }),
    );
    await settled(store.append(meterValues('A', 'begin', 'Transaction.Begin')));
    for (const id of ['v1', 'v2', 'v3']) await settled(store.append(meterValues('A', id)));
    await settled(store.append(meterValues('A', 'v4')));
    await settled(store.stopTransaction(1, stop('A', 'stop', 1)));
    const waiting = async () => (await store.outbox('A', 10)).map((row) => row.messageId);
    expect(await waiting()).toEqual(['start', 'begin', 'v3', 'v4', 'stop']);
    await settled(store.append(meterValues('B', 'b1')));
    for (const id of ['stop2', 'stop3']) await settled(store.append(stop('A', id)));
    expect(await waiting()).toEqual(['start', 'begin', 'stop', 'stop2', 'stop3']);
    expect(await store.thinnedRows('A')).toBe(4);
    expect(await store.thinnedRows('B')).toBe(0);
  });

  test('thinning is told whenever its count has doubled', async () => {
    const { store, settled, log } = openStore({ outboxBounds: { rowsPerStation: 3 } });
    for (let number = 1; number <= 23; number++) await settled(store.append(meterValues('A', `v${number}`)));
    expect(log.lines.map(({ event, fields }) => [event, fields.thinned])).toEqual(
      [1, 2, 4, 8, 16].map((thinned) => ['store.outbox-thinned', thinned]),
    );
    expect(await store.thinnedRows('A')).toBe(20);
  });

  test('a file that is nearly full stops growing: each new row takes the place of two samples of its station, and stops are still taken', async () => {
    const { store, clock, path, log } = openStore({ outboxBounds: { thinFromPages: 300 } });
    const bytes = () => statSync(path).size;
    const write = async (count: number, make: (id: string) => Parameters<typeof store.append>[0]) => {
      const writes = Array.from({ length: count }, (_, at) => store.append(make(`${count}-${at}`)));
      await clock.advance(20);
      await Promise.all(writes);
    };
    const sample = (station: string) => (id: string) => ({
      ...meterValues(station, id),
      messageId: id.padEnd(600, '.'),
    });
    for (let group = 0; group < 60; group++) await write(40, sample(group % 2 === 0 ? 'A' : 'B'));
    expect(await store.thinnedRows('A')).toBeGreaterThan(300);
    expect(await store.thinnedRows('B')).toBeGreaterThan(300);
    const nearlyFullBytes = bytes();
    for (let group = 0; group < 60; group++) await write(40, sample('A'));
    expect(bytes()).toBeLessThan(nearlyFullBytes * 1.1);
    // Station C has nothing to thin and is still heard.
    await write(50, (id) => stop('C', id));
    expect(await store.outbox('C', 100)).toHaveLength(50);
    expect(await store.thinnedRows('C')).toBe(0);
    expect(log.lines.every(({ event }) => event === 'store.outbox-thinned')).toBe(true);
    // What is left of A is the newest, in order.
    const left = (await store.outbox('A', 1_000)).map((row) => row.seq);
    expect(left).toEqual([...left].sort((a, b) => a - b));
  });

  test('with nothing left to thin a new row is refused, so the station keeps it; a delivered one makes room', async () => {
    const { store, settled } = openStore({ outboxBounds: { rowsPerStation: 2 } });
    const outbox = { messageId: 's', action: 'StartTransaction', rawPayload: '{}' };
    for (const startKey of ['a', 'b']) await settled(store.startTransaction(start({ startKey }), outbox));
    const refusal = { code: 'STORE_OUTBOX_FULL', fields: { station: 'A', maxRows: 2 } };
    await expect(settled(store.append(meterValues('A', 'v')))).rejects.toMatchObject(refusal);
    await expect(settled(store.stopTransaction(1, stop('A', 'x', 1)))).rejects.toMatchObject(refusal);
    await expect(settled(store.startTransaction(start({ startKey: 'c' }), outbox))).rejects.toMatchObject(refusal);
    expect((await store.openTransactions()).map((record) => record.localId)).toEqual([1, 2]);
    await settled(store.settle(1, 'delivered'));
    await settled(store.stopTransaction(1, stop('A', 'x', 1)));
    expect((await store.outbox('A', 10)).map((row) => row.messageId)).toEqual(['s', 'x']);
  });

  test.each<[boolean, string, string]>([
    [true, 'MeterValues', '{"meterValue":[{"sampledValue":[{"value":"1"}]}]}'],
    [true, 'MeterValues', '{"meterValue":[{"sampledValue":[{"value":"1","context":"Sample.Clock"}]}]}'],
    [false, 'MeterValues', '{"meterValue":[{"sampledValue":[{"value":"1","context":"Transaction.End"}]}]}'],
    [false, 'MeterValues', '{"meterValue":[{"sampledValue":[{"value":"1","context":"Transaction\\u002eBegin"}]}]}'],
    [false, 'MeterValues', 'not json "Sample.Periodic"'],
    [false, 'StartTransaction', '{}'],
    [false, 'StopTransaction', '{"transactionData":[]}'],
    [true, 'TransactionEvent', '{"eventType":"Updated","triggerReason":"MeterValuePeriodic"}'],
    [false, 'TransactionEvent', '{"eventType":"Updated","triggerReason":"ChargingStateChanged"}'],
    [false, 'TransactionEvent', '{"eventType":"Ended","triggerReason":"MeterValuePeriodic"}'],
  ])('intermediate is %s for %s %s', (expected, action, rawPayload) => {
    expect(isIntermediate(action, rawPayload)).toBe(expected);
  });
});

describe('facts and profiles', () => {
  test('the last ones per station are there after a restart', async () => {
    const { store, settled, path } = openStore();
    const facts = {
      station: 'A',
      boot: { rawPayload: '{"x":1}', atWall: 5 },
      status: { 1: '{}' },
      capability: { a: 'b' },
    };
    await settled(store.saveFacts({ station: 'A', status: {}, capability: {} }));
    await settled(store.saveFacts(facts));
    await settled(store.saveUpstreamProfiles('A', '[]'));
    await settled(store.saveUpstreamProfiles('A', '[1]'));
    store.stop();
    const next = openStore({ path });
    expect(await next.store.loadFacts()).toEqual([facts]);
    expect(await next.store.loadUpstreamProfiles()).toEqual([{ station: 'A', json: '[1]' }]);
  });
});

describe('the audit', () => {
  test('tells who changed what, from what to what, and why, newest first', async () => {
    const { store, settled } = openStore();
    const full = {
      atWall: 1,
      who: 'ann',
      what: 'set-circuit-limit main',
      before: null,
      after: { limitAmps: 40 },
      why: 'works',
    };
    const bare = { atWall: 2, who: 'ann', what: 'clear-circuit-limit main' };
    await settled(store.appendAudit(full));
    await settled(store.appendAudit(bare));
    expect(await store.readAudit(10)).toEqual([
      { seq: 2, ...bare },
      { seq: 1, ...full },
    ]);
    expect(await store.readAudit(10, 2)).toEqual([{ seq: 1, ...full }]);
  });

  test('the file itself refuses to change or delete a row; only the oldest beyond the bound may go', async () => {
    const { store, settled, path } = openStore();
    await settled(store.appendAudit({ atWall: 1, who: 'ann', what: 'first' }));
    const vandal = new DatabaseFile({ path, migrations: STATE_MIGRATIONS });
    onTestFinished(() => vandal.close());
    expect(() => vandal.prepare(`UPDATE audit SET who = 'bob'`).run()).toThrow('append only');
    expect(() => vandal.prepare('DELETE FROM audit').run()).toThrow('append only');
    vandal
      .prepare(
        `WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ${MAX_AUDIT_ROWS})
         INSERT INTO audit (at_wall, who, what) SELECT i, 'ann', 'filler' FROM n`,
      )
      .run();
    await settled(store.appendAudit({ atWall: 3, who: 'ann', what: 'one more' }));
    const ends = vandal.prepare('SELECT count(*) AS rows, min(seq) AS oldest FROM audit').get();
    expect(ends).toEqual({ rows: MAX_AUDIT_ROWS, oldest: 2 });
  });
});
