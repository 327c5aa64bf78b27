// Stations with bad manners: what breaks a rule is answered with the right CALLERROR, touches nobody else and loses no transaction.
import { afterEach, describe, expect, test } from 'vitest';
import { ask, Bench, BOOT, command, now, START } from '../support/station-bench.ts';

let bench: Bench;
afterEach(() => bench?.stop());

describe('bad manners', () => {
  test.each<[string, object, string]>([
    ['FirmwareUpdateReport', {}, 'NotImplemented'],
    ['constructor', {}, 'NotImplemented'],
    ['toString', {}, 'NotImplemented'],
    ['Reset', { type: 'Hard' }, 'NotImplemented'],
    ['StartTransaction', { ...START, connectorId: '1' }, 'TypeConstraintViolation'],
    ['StartTransaction', { ...START, meterStart: '0x10' }, 'TypeConstraintViolation'],
    ['StartTransaction', { ...START, meterStart: 1.5 }, 'TypeConstraintViolation'],
    ['StartTransaction', { connectorId: 1 }, 'OccurenceConstraintViolation'],
    ['StartTransaction', { ...START, extra: 1 }, 'FormationViolation'],
    ['StartTransaction', { ...START, idTag: 'x'.repeat(21) }, 'PropertyConstraintViolation'],
    ['StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'charging' }, 'PropertyConstraintViolation'],
    ['MeterValues', { connectorId: 1, meterValue: {} }, 'TypeConstraintViolation'],
  ])('%s %j is answered %s and has no effect', async (action, payload, code) => {
    bench = await new Bench().start();
    const socket = await bench.booted('A');
    const before = bench.state('A').evses;
    expect(await ask(socket, action, payload)).toMatchObject([4, expect.any(String), code, expect.any(String), {}]);
    expect(bench.state('A').evses).toBe(before);
    expect(bench.store.transactions.size).toBe(0);
  });

  test('before its first boot a station gets SecurityError, and afterwards it is served', async () => {
    bench = await new Bench().start();
    const socket = await bench.socket('A');
    expect((await ask(socket, 'Heartbeat', {}))[2]).toBe('SecurityError');
    bench.gateway.send([command('A', { limitAmps: 6 })]);
    expect(bench.state('A').evses[0]!.lease).toMatchObject({
      state: 'dropped',
      detail: 'the station has not booted yet',
    });
    await ask(socket, 'BootNotification', BOOT);
    expect((await ask(socket, 'Heartbeat', {}))[0]).toBe(3);
  });

  test("a station cannot touch another's transaction, and is answered all the same (D9)", async () => {
    bench = await new Bench().start();
    const [a, b] = [await bench.booted('A'), await bench.booted('B')];
    const [, , { transactionId }] = (await ask(a, 'StartTransaction', START)) as [
      number,
      string,
      { transactionId: number },
    ];
    const before = bench.state('A');
    expect(await ask(b, 'StopTransaction', { transactionId, meterStop: 1, timestamp: now() })).toMatchObject([
      3,
      expect.any(String),
      {},
    ]);
    const meterValue = [{ timestamp: now(), sampledValue: [{ value: '30', measurand: 'Current.Import' }] }];
    expect((await ask(b, 'MeterValues', { connectorId: 1, transactionId, meterValue }))[0]).toBe(3);
    expect(bench.state('A')).toBe(before);
    expect(bench.state('B').evses[0]!.drawn).toBeUndefined();
    expect(bench.store.transactions.get(transactionId)!.state).toBe('open');
    expect(bench.logged.filter(({ event }) => event === 'ocpp.foreign-transaction').length).toBe(2);
  });

  test('the same StartTransaction again is the same transaction; −1 means the one on the connector; an unknown id is acknowledged (D10)', async () => {
    bench = await new Bench().start();
    const socket = await bench.booted('A');
    const ids = [await ask(socket, 'StartTransaction', START), await ask(socket, 'StartTransaction', START)].map(
      (answer) => (answer[2] as { transactionId: number }).transactionId,
    );
    expect(ids).toEqual([1, 1]);
    expect((await ask(socket, 'StopTransaction', { transactionId: 777, meterStop: 1, timestamp: now() }))[0]).toBe(3);
    expect(bench.state('A').evses[0]!.transaction!.id).toBe('1');
    expect((await ask(socket, 'StopTransaction', { transactionId: -1, meterStop: 1, timestamp: now() }))[0]).toBe(3);
    expect(bench.state('A').evses[0]!.transaction).toBeUndefined();
    expect(bench.store.transactions.get(1)!.state).toBe('stopped');
  });

  test('an absurd stamp is replaced by the time of receipt, and the transaction is kept (P1)', async () => {
    bench = await new Bench().start();
    const socket = await bench.booted('A');
    const stamps = ['222222017-01-01', '1', '9999-01-01T00:00:00Z', '1970-01-01T00:00:00Z', '2026-02-30T00:00:00Z'];
    for (const [i, timestamp] of stamps.entries())
      expect((await ask(socket, 'StartTransaction', { ...START, meterStart: i, timestamp }))[0]).toBe(3);
    const started = [...bench.store.transactions.values()].map((record) => Date.now() - record.startedAtWall);
    expect(started.every((ageMs) => ageMs >= 0 && ageMs < 10_000)).toBe(true);
  });

  test('what is not on the disk is not acknowledged: the station keeps its message', async () => {
    bench = await new Bench().start();
    const socket = await bench.booted('A');
    bench.store.failure = new Error('disk full');
    expect((await ask(socket, 'StartTransaction', START))[2]).toBe('InternalError');
    bench.store.failure = undefined;
    expect((await ask(socket, 'StartTransaction', START))[0]).toBe(3);
  });
});
