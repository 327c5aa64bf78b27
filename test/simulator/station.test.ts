// The simulated station over the simulated network: what it says and when, what it keeps while nobody hears it, and how it comes back.
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../src/engine/ports.ts';
import { CallDesk, MAX_WAITING_CALLS } from '../../src/simulator/call-desk.ts';
import { MAX_OFFLINE_MESSAGES, OfflineQueue, RETRY_MS } from '../../src/simulator/offline-queue.ts';
import { CALL_TIMEOUT_MS, MAX_UNANSWERED, type RpcClient } from '../../src/simulator/rpc-client.ts';
import { labelledRandom } from '../../src/simulator/seeded-random.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { Manners, modelOf } from '../../src/simulator/zoo.ts';
import { genericAc } from '../support/site-builder.ts';
import { CAR, ZooBench } from '../support/zoo-bench.ts';

const actions = (bench: ZooBench) => bench.heard.map(({ action }) => action);
const statuses = (bench: ZooBench) => bench.of('StatusNotification').map(({ status }) => status);

describe('a day without trouble', () => {
  test('boots, says how it is once for each change, charges, samples and stops', async () => {
    const bench = await new ZooBench().booted();
    expect(actions(bench)).toEqual(['BootNotification', 'StatusNotification', 'StatusNotification']);
    bench.heard.length = 0;
    await bench.plugIn();
    expect(statuses(bench)).toEqual(['Preparing', 'SuspendedEV', 'Charging']);
    expect(actions(bench).filter((action) => /Authorize|Transaction/.test(action))).toEqual([
      'Authorize',
      'StartTransaction',
    ]);
    await bench.limit(0);
    await bench.run(5_000);
    expect(statuses(bench).at(-1)).toBe('SuspendedEVSE');
    await bench.run(60_000);
    bench.heard.length = 0;
    await bench.run(60_000);
    expect(actions(bench)).toEqual(Array.from({ length: 6 }, () => 'MeterValues'));
    bench.heard.length = 0;
    bench.station.unplug('A/1');
    await bench.run(1_000);
    expect(bench.of('StopTransaction')).toMatchObject([{ transactionId: 1, reason: 'EVDisconnected', idTag: 'TAG' }]);
    expect(statuses(bench)).toEqual(['Available']);
    bench.heard.length = 0;
    await bench.run(60_000);
    expect(bench.heard).toEqual([]);
  });

  test('a car that comes to a place that is taken takes it over', async () => {
    const bench = await new ZooBench().charging();
    await bench.plugIn({ ...CAR, maxAmps: 10 });
    expect(bench.evse.drawn()[0]).toBe(10);
    expect(bench.of('StopTransaction')).toMatchObject([{ transactionId: 1 }]);
    expect(bench.of('StartTransaction')).toHaveLength(2);
  });

  test('a driver who is refused gets nothing', async () => {
    const bench = await new ZooBench().booted();
    bench.answers.Authorize = () => ({ idTagInfo: { status: 'Blocked' } });
    await bench.plugIn();
    expect([bench.evse.drawn()[0], bench.of('StartTransaction').length]).toEqual([0, 0]);
  });

  test('the central system starts and stops from afar', async () => {
    const bench = await new ZooBench().booted();
    bench.answers.Authorize = () => ({ idTagInfo: { status: 'Blocked' } });
    await bench.plugIn();
    expect(await bench.call('RemoteStartTransaction', { idTag: 'APP' })).toMatchObject({
      payload: { status: 'Accepted' },
    });
    await bench.run(10_000);
    expect(bench.evse.drawn()[0]).toBe(32);
    expect(await bench.call('RemoteStopTransaction', { transactionId: 1 })).toMatchObject({
      payload: { status: 'Accepted' },
    });
    await bench.run(10_000);
    expect([bench.evse.drawn()[0], bench.of('StopTransaction')[0]!.reason]).toEqual([0, 'Remote']);
  });

  test('stations sample at times of their own, each in its interval', async () => {
    const phases = await Promise.all(
      ['A', 'B', 'C', 'D'].map(async (station) => {
        const bench = await new ZooBench({ station }).charging();
        await bench.run(30_000);
        const times = bench.heard.filter(({ action }) => action === 'MeterValues').map(({ atMs }) => atMs);
        expect(times[1]! - times[0]!).toBe(10_000);
        return times[0]! % 10_000;
      }),
    );
    expect(new Set(phases).size).toBe(4);
  });

  test('another interval is taken over', async () => {
    const bench = await new ZooBench().charging();
    await bench.call('ChangeConfiguration', { key: 'MeterValueSampleInterval', value: '30' });
    await bench.run(30_000);
    bench.heard.length = 0;
    await bench.run(60_000);
    expect(bench.of('MeterValues')).toHaveLength(2);
    expect(await bench.call('ChangeConfiguration', { key: 'NumberOfConnectors', value: '9' })).toMatchObject({
      payload: { status: 'Rejected' },
    });
  });

  test.each([
    ['StatusNotification', 'StatusNotification'],
    ['MeterValues', 'MeterValues'],
    ['Heartbeat', 'Heartbeat'],
    ['BootNotification', 'BootNotification'],
  ])('asked for %s by TriggerMessage it sends it', async (requestedMessage, action) => {
    const bench = await new ZooBench().charging();
    bench.heard.length = 0;
    await bench.call('TriggerMessage', { requestedMessage });
    await bench.clock.advance(50);
    expect(actions(bench)).toContain(action);
  });

  test('a Reset is answered before it restarts', async () => {
    const bench = await new ZooBench().booted();
    expect(await bench.call('Reset', { type: 'Soft' })).toMatchObject({ ok: true, payload: { status: 'Accepted' } });
    await bench.clock.advance(100);
    expect(bench.station.isConnected).toBe(false);
  });
});

describe('while nobody hears it', () => {
  test('charges by what it holds, and tells everything in order afterwards', async () => {
    const bench = await new ZooBench().charging();
    await bench.limit(6, { level: 0 });
    await bench.limit(16, { forSeconds: 30 });
    bench.heard.length = 0;
    const restore = bench.line.cut();
    await bench.run(25_000);
    expect(bench.evse.drawn()[0]).toBe(16);
    await bench.run(35_000);
    expect(bench.evse.drawn()[0]).toBe(6);
    bench.station.unplug('A/1');
    void bench.station.plugIn('A/1', CAR, 0, 'NEXT');
    await bench.run(30_000);
    restore();
    await bench.run(10_000);
    const told = bench.heard.filter(({ action }) => /Transaction|Meter/.test(action));
    const kinds = told.map(({ action }) => action);
    expect(kinds.indexOf('StopTransaction')).toBeGreaterThan(3);
    expect(kinds.indexOf('StartTransaction')).toBe(kinds.indexOf('StopTransaction') + 1);
    expect(told.find(({ action }) => action === 'StartTransaction')!.payload.idTag).toBe('NEXT');
    const ids = told.flatMap(({ payload }) => payload.transactionId ?? []) as number[];
    expect(ids).toEqual([...ids].sort());
    expect(new Set(ids)).toEqual(new Set([1, 2]));
    expect(actions(bench)).not.toContain('BootNotification');
  });

  test('comes back to a central system that was down, sooner first and then every few seconds', async () => {
    const bench = await new ZooBench().booted();
    bench.die();
    await bench.run(60_000);
    expect(bench.truth.isLinked).toBe(false);
    bench.listen();
    await bench.run(8_000);
    expect(bench.truth.isLinked).toBe(true);
  });

  test('a line that is dead without a word is left after its CALLs were not answered', async () => {
    const bench = await new ZooBench().charging();
    const restore = bench.line.silence();
    await bench.run(MAX_UNANSWERED * CALL_TIMEOUT_MS + 15_000);
    expect(bench.truth.isLinked).toBe(false);
    restore();
    await bench.run(15_000);
    expect(bench.truth.isLinked).toBe(true);
    expect(bench.knocks).toHaveLength(2);
  });

  test('boots again and again until it is accepted, as slowly as it is told', async () => {
    const bench = new ZooBench();
    bench.answers.BootNotification = () => ({ status: 'Pending', interval: 20, currentTime: '' });
    bench.station.start();
    await bench.run(50_000);
    expect(bench.of('BootNotification')).toHaveLength(3);
    delete bench.answers.BootNotification;
    await bench.run(20_000);
    expect(bench.of('StatusNotification')).toHaveLength(2);
  });

  test('asked to boot while it does, it boots once', async () => {
    const bench = new ZooBench();
    bench.answers.BootNotification = () => undefined;
    bench.station.start();
    await bench.run(1_000);
    await bench.call('TriggerMessage', { requestedMessage: 'BootNotification' });
    await bench.run(CALL_TIMEOUT_MS);
    expect(bench.of('BootNotification')).toHaveLength(1);
  });

  test('started from afar while its driver waits for an answer, it charges once', async () => {
    const bench = await new ZooBench().booted();
    bench.answers.Authorize = () => undefined;
    await bench.plugIn();
    await bench.call('RemoteStartTransaction', { idTag: 'APP' });
    await bench.run(2 * CALL_TIMEOUT_MS);
    expect(bench.of('StartTransaction').map(({ idTag }) => idTag)).toEqual(['APP']);
  });

  test('a CALL now and then without an answer costs no line', async () => {
    const bench = await new ZooBench().charging();
    let calls = 0;
    bench.answers.MeterValues = () => (calls++ % 2 === 0 ? undefined : {});
    await bench.run(180_000);
    expect(calls).toBeGreaterThan(6);
    expect(bench.knocks).toHaveLength(1);
  });

  test('stopped, it is gone for good', async () => {
    const bench = await new ZooBench().charging();
    await bench.station.stop();
    bench.heard.length = 0;
    await bench.run(60_000);
    expect([bench.heard.length, bench.station.isConnected]).toEqual([0, false]);
    expect(bench.clock.waiting).toBe(0);
  });
});

describe('what is bounded', () => {
  const message = (action: 'StartTransaction' | 'MeterValues', n: number) => ({
    action,
    payload: () => ({ n }),
    isSample: action === 'MeterValues',
  });

  test('messages without a line: the oldest MeterValues go first, a StartTransaction stays', () => {
    const sent: unknown[] = [];
    let line: Pick<RpcClient, 'call'> | undefined;
    const queue = new OfflineQueue(new VirtualClock(), () => line as RpcClient | undefined);
    for (const n of [0, 1]) queue.add(message('StartTransaction', n));
    for (let n = 2; n < MAX_OFFLINE_MESSAGES + 5; n++) queue.add(message('MeterValues', n));
    expect(queue.size).toBe(MAX_OFFLINE_MESSAGES);
    line = {
      call: (_action, payload, done) => {
        sent.push(payload.n);
        done?.({ ok: true, payload: {} });
      },
    };
    queue.drain();
    expect(sent.slice(0, 4)).toEqual([0, 1, 7, 8]);
    expect(queue.size).toBe(0);
  });

  test('what is under way when the queue is full is not taken from under its answer', async () => {
    const clock = new VirtualClock();
    const sent: unknown[] = [];
    const dones: ((answer: { ok: false; code: string }) => void)[] = [];
    const line = {
      call: (_action: string, payload: { n?: unknown }, done: never) => {
        sent.push(payload.n);
        dones.push(done);
      },
    };
    const queue = new OfflineQueue(clock, () => line as unknown as RpcClient);
    for (let n = 0; n < MAX_OFFLINE_MESSAGES + 1; n++) queue.add(message('MeterValues', n));
    dones[0]!({ ok: false, code: 'timeout' });
    await clock.advance(RETRY_MS);
    expect(sent).toEqual([0, 0]);
  });

  test('CALLs that wait at a slow station', async () => {
    const clock = new VirtualClock();
    const answered: number[] = [];
    const desk = new CallDesk({
      station: 'A',
      model: modelOf({ ...genericAc, quirks: ['slow-answers'] }),
      manners: new Manners(clock as Clock, () => {}),
      clock,
      random: labelledRandom(1),
      onWaiting: () => {},
      answer: (_action, payload) => payload,
    });
    for (let n = 0; n <= MAX_WAITING_CALLS; n++)
      desk.take('X', { n }, (answer) => void answered.push(Number((answer as { n: number }).n)), '');
    expect(desk.waiting).toHaveLength(MAX_WAITING_CALLS);
    await clock.advance(3_600_000);
    expect(answered).toEqual(Array.from({ length: MAX_WAITING_CALLS }, (_, n) => n));
  });
});
