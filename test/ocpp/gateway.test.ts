// The gateway as stations see it, over real sockets: an independent client in strict mode, and bare sockets for bad manners.
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { defaultPolicy } from '../../src/config/default-policy.ts';
import type { CallOutcome, IncomingCall, UpstreamPort } from '../../src/engine/ports.ts';
import { MAX_QUEUED_COMMANDS } from '../../src/ocpp/commands.ts';
import { INCUMBENT_PONG_MS } from '../../src/ocpp/gateway.ts';
import { noUpstream } from '../../src/ocpp/no-upstream.ts';
import { HeldClock } from '../support/held-clock.ts';
import type { MemoryGatewayStore } from '../support/memory-gateway-store.ts';
import { buildSite, evse, genericAc } from '../support/site-builder.ts';
import { ask, Bench, BOOT, command, KEY } from '../support/station-bench.ts';

let bench: Bench;
afterEach(() => bench?.stop());

const now = () => new Date().toISOString();
const start = { connectorId: 1, idTag: 'TAG', meterStart: 1_000, timestamp: '2026-03-02T06:00:00Z' };

// biome-ignore lint/suspicious/noExplicitAny: payloads are the test's own.
type Answers = (action: string, payload: any) => object | string | undefined;

/** A booted station; `answers` stand before its boot, because our first questions come in the same turn as the boot's answer. */
async function booted(identity: string, answers: Answers = () => undefined): Promise<WebSocket> {
  const socket = await bench.socket(identity);
  answering(socket, answers);
  expect((await ask(socket, 'BootNotification', BOOT))[2]).toMatchObject({ status: 'Accepted' });
  return socket;
}

/** Answers our CALLs on a bare socket: a payload, an error code, or no answer at all for `undefined`. */
function answering(socket: WebSocket, answer: Answers): void {
  socket.on('message', (data) => {
    const [type, id, action, payload] = JSON.parse(String(data));
    if (type !== 2) return;
    const said = answer(action, payload);
    if (typeof said === 'string') socket.send(JSON.stringify([4, id, said, 'not here', {}]));
    else if (said) socket.send(JSON.stringify([3, id, said]));
  });
}

describe('a well-behaved station', () => {
  test('boots, charges under a limit and stops, and no frame of ours breaks a schema', async () => {
    bench = await new Bench().start();
    const limits: { connectorId: number; csChargingProfiles: Record<string, unknown> }[] = [];
    const client = await bench.strictStation('A', {
      SetChargingProfile: (params) => {
        limits.push(params);
        return { status: 'Accepted' };
      },
    });
    const boot = await client.call('BootNotification', BOOT);
    expect(boot).toMatchObject({ status: 'Accepted', interval: 300 });
    expect((await client.call('Authorize', { idTag: 'TAG' })).idTagInfo.status).toBe('Accepted');
    await client.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Preparing' });
    const { transactionId } = await client.call('StartTransaction', { ...start, timestamp: now() });
    expect(transactionId).toBe(1);
    expect(bench.state('A').evses[0]).toMatchObject({
      connectorStatus: 'Occupied',
      chargingState: 'EVConnected',
      transaction: { id: '1' },
    });

    const floor = command('A', { role: 'floor', limitAmps: 6 });
    const lease = command('A', { limitAmps: 13.37 });
    expect(bench.gateway.send([floor, lease])).toEqual({ refused: [] });
    const state = await bench.until('A', ({ evses }) => evses[0]!.lease?.state === 'accepted');
    expect(state.evses[0]!.floor).toMatchObject({ commandId: floor.id, state: 'accepted' });
    expect(state.evses[0]!.lease!.sentAt).toBeLessThanOrEqual(state.evses[0]!.lease!.at);
    expect(limits.map(({ csChargingProfiles: { stackLevel } }) => stackLevel)).toEqual([0, 1]);
    expect(limits[1]!.csChargingProfiles).toMatchObject({
      chargingProfilePurpose: 'TxDefaultProfile',
      chargingSchedule: {
        startSchedule: '2026-03-02T06:00:00Z',
        duration: 60,
        chargingRateUnit: 'A',
        chargingSchedulePeriod: [{ startPeriod: 0, limit: 13.3 }],
      },
    });

    const sampledValue = [
      ...['L1', 'L2', 'L3'].map((phase, i) => ({
        measurand: 'Current.Import',
        phase,
        unit: 'A',
        value: `${13 + i / 10}`,
      })),
      { value: '3.5', unit: 'kWh' },
    ];
    await client.call('MeterValues', {
      connectorId: 1,
      transactionId,
      meterValue: [{ timestamp: now(), sampledValue }],
    });
    expect(bench.state('A').evses[0]).toMatchObject({
      drawn: { amps: [13, 13.1, 13.2] },
      transaction: { energyWh: 2_500 },
    });
    await client.call('Heartbeat', {});
    await client.call('StopTransaction', { transactionId, meterStop: 4_000, timestamp: now() });
    expect(bench.state('A').evses[0]!.transaction).toBeUndefined();
    expect(await bench.store.openTransactions()).toEqual([]);
    expect(bench.strictFaults).toEqual([]);
    expect(bench.store.facts.get('A')!.capability).toMatchObject({ MeterValueSampleInterval: '10' });
  });

  test('gets every other answer in a form that the schemas allow', async () => {
    bench = await new Bench().start();
    const client = await bench.strictStation('A');
    await client.call('BootNotification', BOOT);
    await client.call('DiagnosticsStatusNotification', { status: 'Idle' });
    await client.call('FirmwareStatusNotification', { status: 'Idle' });
    await client.call('LogStatusNotification', { status: 'Idle' });
    await client.call('SignedFirmwareStatusNotification', { status: 'Idle' });
    await client.call('SecurityEventNotification', { type: 'Tamper', timestamp: now() });
    expect(await client.call('SignCertificate', { csr: 'x' })).toEqual({ status: 'Rejected' });
    expect(await client.call('DataTransfer', { vendorId: 'x' })).toEqual({ status: 'UnknownVendorId' });
    expect(bench.strictFaults).toEqual([]);
  });

  test('reappears in the middle of its transaction, without a boot, after our own restart', async () => {
    bench = await new Bench().start();
    const before = await booted('A');
    const [, , { transactionId }] = (await ask(before, 'StartTransaction', start)) as [
      number,
      string,
      { transactionId: number },
    ];
    await bench.stop();
    bench = new Bench({ store: bench.store });
    await bench.start();
    expect(bench.state('A').evses[0]!.transaction!.id).toBe(String(transactionId));
    const socket = await bench.socket('A');
    const meterValue = [{ timestamp: now(), sampledValue: [{ value: '9', measurand: 'Current.Import' }] }];
    expect(await ask(socket, 'MeterValues', { connectorId: 1, transactionId, meterValue })).toMatchObject([
      3,
      expect.anything(),
      {},
    ]);
    expect(bench.state('A').evses[0]!.drawn!.amps).toEqual([9, 9, 9]);
    await ask(socket, 'StopTransaction', { transactionId, meterStop: 2_000, timestamp: now() });
    expect(bench.state('A').evses[0]!.transaction).toBeUndefined();
    expect(bench.state('A').model).toMatchObject({ vendor: 'Vendor' });
  });
});

describe('the door', () => {
  test('a wrong key is 401, an unknown identity 404, and neither changes anything for the station that is in', async () => {
    bench = await new Bench().start();
    const socket = await booted('A');
    const before = bench.state('A').link;
    await expect(bench.socket('A', { key: Buffer.from('wrong') })).rejects.toThrow('HTTP 401');
    await expect(bench.socket('A', { key: 'none' })).rejects.toThrow('HTTP 401');
    await expect(
      bench.socket('A', { headers: { authorization: `Basic ${Buffer.from('B:x').toString('base64')}` } }),
    ).rejects.toThrow('HTTP 401');
    await expect(bench.socket('nobody')).rejects.toThrow('HTTP 404');
    expect(bench.state('A').link).toBe(before);
    expect((await ask(socket, 'Heartbeat', {}))[0]).toBe(3);
    expect(JSON.stringify(bench.logged)).not.toContain(KEY.toString('base64').slice(0, 12));
  });

  test('a station without a key in the site file cannot come in', async () => {
    const site = buildSite();
    bench = new Bench({
      site: { ...site, stations: site.stations.map((one) => (one.id === 'A' ? { ...one, keySha256: '' } : one)) },
    });
    await bench.start();
    await expect(bench.socket('A')).rejects.toThrow('HTTP 401');
    expect((await bench.socket('B')).protocol).toBe('ocpp1.6');
  });

  test.each([
    ['/ocpp//A', 'open'],
    ['//ocpp/A', 'open'],
    ['/ocpp/%41', 'open'],
    ['/ocpp/A?x=1', 'open'],
    ['/ocpp/%2541', 'HTTP 404'],
    ['/ocpp/../../etc/passwd', 'HTTP 404'],
    ['/ocpp/%2e%2e%2fA', 'HTTP 404'],
    ['/ocpp/%00', 'HTTP 404'],
    ['/ocpp/%E0%A4%A', 'HTTP 404'],
    [`/ocpp/${'A'.repeat(49)}`, 'HTTP 404'],
    ['/ocpp/A:B', 'HTTP 404'],
    ['/ocpp/__proto__', 'HTTP 404'],
    ['/ocpp/constructor', 'HTTP 404'],
    ['/ocpp/a', 'HTTP 404'],
    ['/', 'HTTP 404'],
  ])('the path %s: %s', async (path, expected) => {
    bench = await new Bench().start();
    const came = await bench.socket('A', { path }).then(
      () => 'open',
      (error: Error) => error.message,
    );
    expect(came).toBe(expected);
  });

  test("an Origin of a foreign page is 403, the server's own host is none", async () => {
    bench = await new Bench().start();
    await expect(bench.socket('A', { headers: { origin: 'https://evil.example' } })).rejects.toThrow('HTTP 403');
    await bench.socket('A', { headers: { origin: 'http://127.0.0.1' } });
  });

  test('with no subprotocol in common the handshake ends and the socket is closed at once; a missing header needs the quirk', async () => {
    bench = await new Bench({ site: buildSite({ profile: genericAc }) }).start();
    const foreign = await bench.socket('A', { protocols: [] });
    expect((await once(foreign, 'close'))[0]).toBe(1002);
    expect(bench.state('A').link.state).toBe('never');
    await bench.stop();
    bench = await new Bench({ site: buildSite({ profile: { ...genericAc, quirks: ['no-subprotocol'] } }) }).start();
    const silent = await bench.socket('A', { protocols: [] });
    expect((await ask(silent, 'BootNotification', BOOT))[0]).toBe(3);
  });

  test('a second connection under one identity takes over; the end of the first does not end it', async () => {
    bench = await new Bench().start();
    const first = await booted('A');
    const ended = once(first, 'close');
    const number = (bench.state('A').link as { connection: number }).connection;
    const second = await bench.socket('A');
    await ended;
    expect((await ask(second, 'Heartbeat', {}))[0]).toBe(3);
    expect(bench.state('A').link).toMatchObject({ state: 'connected' });
    expect((bench.state('A').link as { connection: number }).connection).toBeGreaterThan(number);
    expect(bench.logged.map(({ event }) => event)).toContain('ocpp.identity-conflict');
    second.terminate();
    await bench.until('A', ({ link }) => link.state === 'disconnected');
  });

  test('a station that comes back before its dead line was noticed is let in once the pong deadline is over', async () => {
    const clock = new HeldClock('rpc.pong');
    bench = await new Bench({ clock }).start();
    const dead = await bench.socket('A', { autoPong: false });
    await ask(dead, 'BootNotification', BOOT);
    const order: string[] = [];
    const coming = bench.socket('A').then((socket) => {
      order.push('in');
      return socket;
    });
    expect(await clock.whenHeld('rpc.pong')).toBe(INCUMBENT_PONG_MS);
    expect((await ask(dead, 'Heartbeat', {}))[0]).toBe(3);
    order.push('deadline');
    await clock.run('rpc.pong');
    const second = await coming;
    expect(order).toEqual(['deadline', 'in']);
    await once(dead, 'close');
    expect(bench.state('A').link.state).toBe('connected');
    expect((await ask(second, 'Heartbeat', {}))[0]).toBe(3);
    expect(bench.logged.map(({ event }) => event)).not.toContain('ocpp.identity-conflict');
  });

  test('a wrong key under an identity that is in does not as much as ping it', async () => {
    const clock = new HeldClock('rpc.pong');
    bench = await new Bench({ clock }).start();
    const first = await booted('A');
    await expect(bench.socket('A', { key: Buffer.from('wrong') })).rejects.toThrow('HTTP 401');
    expect(clock.held('rpc.pong')).toEqual([]);
    expect((await ask(first, 'Heartbeat', {}))[0]).toBe(3);
  });
});

describe('bad manners', () => {
  test.each<[string, object, string]>([
    ['FirmwareUpdateReport', {}, 'NotImplemented'],
    ['constructor', {}, 'NotImplemented'],
    ['toString', {}, 'NotImplemented'],
    ['Reset', { type: 'Hard' }, 'NotImplemented'],
    ['StartTransaction', { ...start, connectorId: '1' }, 'TypeConstraintViolation'],
    ['StartTransaction', { ...start, meterStart: '0x10' }, 'TypeConstraintViolation'],
    ['StartTransaction', { ...start, meterStart: 1.5 }, 'TypeConstraintViolation'],
    ['StartTransaction', { connectorId: 1 }, 'OccurenceConstraintViolation'],
    ['StartTransaction', { ...start, extra: 1 }, 'FormationViolation'],
    ['StartTransaction', { ...start, idTag: 'x'.repeat(21) }, 'PropertyConstraintViolation'],
    ['StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'charging' }, 'PropertyConstraintViolation'],
    ['MeterValues', { connectorId: 1, meterValue: {} }, 'TypeConstraintViolation'],
  ])('%s %j is answered %s and has no effect', async (action, payload, code) => {
    bench = await new Bench().start();
    const socket = await booted('A');
    const before = bench.state('A').evses;
    expect(await ask(socket, action, payload)).toMatchObject([4, expect.any(String), code, expect.any(String), {}]);
    expect(bench.state('A').evses).toBe(before);
    expect(bench.store.transactions.size).toBe(0);
  });

  test('a station that comes back is asked to ask for the time, before anything else of ours', async () => {
    bench = await new Bench().start();
    const first = await booted('A', () => ({ status: 'Accepted' }));
    const asked: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    await bench.strictStation('A', {
      TriggerMessage: ({ requestedMessage }: { requestedMessage: string }) => {
        asked.push(requestedMessage);
        resolve();
        return { status: 'Accepted' };
      },
    });
    await promise;
    expect(asked).toEqual(['Heartbeat']);
    first.terminate();
  });

  test('a station that takes itself for booted and is not known here is asked to boot, once', async () => {
    bench = await new Bench().start();
    const socket = await bench.socket('A');
    const asked: unknown[] = [];
    answering(socket, (action, payload) => {
      asked.push([action, payload]);
      return { status: 'Accepted' };
    });
    expect((await ask(socket, 'Heartbeat', {}))[2]).toBe('SecurityError');
    expect((await ask(socket, 'Heartbeat', {}))[2]).toBe('SecurityError');
    expect(asked).toEqual([['TriggerMessage', { requestedMessage: 'BootNotification' }]]);
    expect((await ask(socket, 'BootNotification', BOOT))[2]).toMatchObject({ status: 'Accepted' });
    expect((await ask(socket, 'Heartbeat', {}))[2]).toHaveProperty('currentTime');
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
    const [a, b] = [await booted('A'), await booted('B')];
    const [, , { transactionId }] = (await ask(a, 'StartTransaction', start)) as [
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
    const socket = await booted('A');
    const ids = [await ask(socket, 'StartTransaction', start), await ask(socket, 'StartTransaction', start)].map(
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
    const socket = await booted('A');
    const stamps = ['222222017-01-01', '1', '9999-01-01T00:00:00Z', '1970-01-01T00:00:00Z', '2026-02-30T00:00:00Z'];
    for (const [i, timestamp] of stamps.entries())
      expect((await ask(socket, 'StartTransaction', { ...start, meterStart: i, timestamp }))[0]).toBe(3);
    const started = [...bench.store.transactions.values()].map((record) => Date.now() - record.startedAtWall);
    expect(started.every((ageMs) => ageMs >= 0 && ageMs < 10_000)).toBe(true);
  });

  test('what is not on the disk is not acknowledged: the station keeps its message', async () => {
    bench = await new Bench().start();
    const socket = await booted('A');
    bench.store.failure = new Error('disk full');
    expect((await ask(socket, 'StartTransaction', start))[2]).toBe('InternalError');
    bench.store.failure = undefined;
    expect((await ask(socket, 'StartTransaction', start))[0]).toBe(3);
  });
});

type SentProfile = { chargingSchedule: { chargingSchedulePeriod: { limit: number }[] } };

describe('limits', () => {
  test.each<[object | string | undefined, string, string | undefined]>([
    [{ status: 'Accepted' }, 'accepted', undefined],
    [{ status: 'Rejected' }, 'refused', 'Rejected'],
    [{ status: 'NotSupported' }, 'refused', 'NotSupported'],
    [{ status: 'accepted' }, 'refused', 'accepted'],
    [{}, 'refused', 'its answer has no status'],
    ['NotImplemented', 'refused', 'NotImplemented not here'],
    [undefined, 'unanswered', undefined],
  ])('a station that answers %j: %s', async (answer, state, detail) => {
    bench = await new Bench({ site: buildSite({ profile: { ...genericAc, callTimeoutMs: 300 } }) }).start();
    await booted('A', (action) => (action === 'SetChargingProfile' ? answer : { status: 'Accepted' }));
    const sent = command('A', { limitAmps: 10 });
    bench.gateway.send([sent]);
    const settled = await bench.until(
      'A',
      ({ evses }) => !['queued', 'sent'].includes(evses[0]!.lease?.state ?? 'queued'),
    );
    expect(settled.evses[0]!.lease).toMatchObject({ commandId: sent.id, state, sentAt: expect.any(Number) });
    expect(settled.evses[0]!.lease!.detail).toBe(detail);
  });

  test('a newer limit takes the place of one that still waits, and one under way is unanswered when the line breaks', async () => {
    bench = await new Bench().start();
    const seen: number[] = [];
    const arrived = Promise.withResolvers<void>();
    const socket = await booted('A', (action, payload: { csChargingProfiles?: SentProfile }) => {
      if (action !== 'SetChargingProfile') return { status: 'Accepted' };
      seen.push(payload.csChargingProfiles!.chargingSchedule.chargingSchedulePeriod[0]!.limit);
      arrived.resolve();
      return undefined;
    });
    bench.gateway.send([command('A', { role: 'floor', limitAmps: 6 })]);
    // `sent` says that it was written; what it takes for the station to have it is the line's.
    await arrived.promise;
    expect(bench.state('A').evses[0]!.floor!.state).toBe('sent');
    bench.gateway.send([command('A', { limitAmps: 10 }), command('A', { limitAmps: 12 })]);
    expect(bench.state('A').evses[0]!.lease).toMatchObject({ commandId: 'c-A-lease-12', state: 'queued' });
    socket.terminate();
    const state = await bench.until('A', ({ evses }) => evses[0]!.lease?.state === 'dropped');
    expect(state.evses[0]).toMatchObject({ floor: { state: 'unanswered' }, lease: { commandId: 'c-A-lease-12' } });
    expect(state.evses[0]!.lease!.sentAt).toBeUndefined();
    expect(seen).toEqual([6]);
    bench.gateway.send([command('A', { limitAmps: 14 })]);
    expect(bench.state('A').evses[0]!.lease).toMatchObject({
      state: 'dropped',
      detail: 'the station is not connected',
    });
  });

  test('limits overtake polls, leave in the given order, and beyond the bound they are refused', async () => {
    const evses = Array.from({ length: MAX_QUEUED_COMMANDS + 1 }, (_, i) =>
      evse({ station: 'A', number: i + 1, id: `A/${i + 1}` }),
    );
    bench = await new Bench({ site: buildSite({ evses }) }).start();
    const seen: number[] = [];
    await booted('A', (action, payload: { connectorId?: number }) => {
      if (action === 'SetChargingProfile') seen.push(payload.connectorId!);
      return { status: 'Accepted' };
    });
    const commands = evses.map((one, i) => command('A', { evse: one.id, id: `c${i}`, limitAmps: 6 }));
    expect(bench.gateway.send(commands).refused).toEqual([`c${MAX_QUEUED_COMMANDS}`]);
    await bench.until(
      'A',
      (state) => state.evses.filter((one) => one.lease?.state === 'accepted').length === MAX_QUEUED_COMMANDS,
    );
    expect(seen).toEqual(evses.slice(0, -1).map((one) => one.number));
    expect(bench.gateway.send([command('nobody', { limitAmps: 6 })]).refused.length).toBe(1);
  });

  test('after a rise has settled a fresh sample is asked for, and a station that cannot is left alone', async () => {
    bench = await new Bench({ site: buildSite({ profile: { ...genericAc, settleMs: 1 } }) }).start();
    const asked = Promise.withResolvers<object>();
    await booted('A', (action, payload) => {
      if (action === 'TriggerMessage') asked.resolve(payload);
      return { status: 'Accepted' };
    });
    bench.gateway.send([command('A', { limitAmps: 16, change: 'increase' })]);
    expect(await asked.promise).toEqual({ requestedMessage: 'MeterValues', connectorId: 1 });
  });
});

describe('with an upstream', () => {
  type Heard = { way: string; call: IncomingCall };
  function upstreamThat(answers: (call: IncomingCall) => CallOutcome, heard: Heard[] = []) {
    return (store: MemoryGatewayStore): UpstreamPort => ({
      ...noUpstream(store),
      linkState: () => 'connected',
      relay: async (_station, call) => {
        heard.push({ way: 'relay', call });
        return answers(call);
      },
      copy: (_station, call) => void heard.push({ way: 'copy', call }),
      deliver: async (_station, call) => {
        heard.push({ way: 'deliver', call });
        return { durable: true, answer: answers(call) };
      },
    });
  }
  const said = (payload: Record<string, unknown>): CallOutcome => ({
    kind: 'result',
    payload,
    rawPayload: JSON.stringify(payload),
  });

  test('its word on a boot reaches the station, with our time; Pending keeps the station from talking and lets us limit it', async () => {
    const heard: Heard[] = [];
    const pending = said({ status: 'Pending', interval: 17, currentTime: '2020-01-01T00:00:00Z' });
    bench = await new Bench({ upstream: upstreamThat(() => pending, heard) }).start();
    expect(bench.state('A').upstreamLink).toBe('connected');
    const socket = await bench.socket('A');
    const answer = (await ask(socket, 'BootNotification', BOOT))[2] as { currentTime: string };
    expect(answer).toMatchObject({ status: 'Pending', interval: 17 });
    expect(Math.abs(Date.parse(answer.currentTime) - Date.now())).toBeLessThan(5_000);
    expect((await ask(socket, 'Heartbeat', {}))[2]).toBe('SecurityError');
    answering(socket, () => ({ status: 'Accepted' }));
    bench.gateway.send([command('A', { limitAmps: 6 })]);
    await bench.until('A', ({ evses }) => evses[0]!.lease?.state === 'accepted');
    expect(heard[0]!.call.rawPayload).toBe(JSON.stringify(BOOT));
    expect(bench.store.facts.get('A')?.boot).toBeUndefined();
  });

  test('its verdict on an idToken rules; while it is silent those it has accepted are welcome and strangers are not', async () => {
    let isUp = true;
    const verdict = (call: IncomingCall): CallOutcome => {
      if (!isUp) return { kind: 'unanswered' };
      if (call.action === 'BootNotification') return said({ status: 'Accepted', interval: 60, currentTime: now() });
      return said({ transactionId: 99, idTagInfo: { status: call.payload.idTag === 'GOOD' ? 'Accepted' : 'Blocked' } });
    };
    const site = buildSite({ policy: { ...defaultPolicy, unknownIdTokenWhenOffline: 'refuse' } });
    bench = await new Bench({ site, upstream: upstreamThat(verdict) }).start();
    const socket = await booted('A');
    const status = async (idTag: string) =>
      ((await ask(socket, 'Authorize', { idTag }))[2] as { idTagInfo: { status: string } }).idTagInfo.status;
    expect([await status('GOOD'), await status('BAD')]).toEqual(['Accepted', 'Blocked']);
    const started = (await ask(socket, 'StartTransaction', { ...start, idTag: 'GOOD' }))[2];
    expect(started).toEqual({ transactionId: 1, idTagInfo: { status: 'Accepted' } });
    isUp = false;
    expect([await status('good'), await status('BAD'), await status('NEW')]).toEqual([
      'Accepted',
      'Invalid',
      'Invalid',
    ]);
  });

  test('its CALLs reach the station byte for byte under their own id, and back', async () => {
    bench = await new Bench().start();
    const socket = await booted('A', (action) => (action === 'Reset' ? undefined : { status: 'Accepted' }));
    const frames: string[] = [];
    socket.on('message', (data) => {
      const text = String(data);
      if (!text.includes('up-1')) return;
      frames.push(text);
      socket.send('[3,"up-1",{"status":"Accepted", "x":1.50}]');
    });
    const outcome = await bench.gateway.call('A', {
      messageId: 'up-1',
      action: 'Reset',
      rawPayload: '{ "type" : "Soft" }',
    });
    expect(frames).toEqual(['[2,"up-1","Reset",{ "type" : "Soft" }]']);
    expect(outcome).toMatchObject({ kind: 'result', rawPayload: '{"status":"Accepted", "x":1.50}' });
    expect(await bench.gateway.call('B', { messageId: 'x', action: 'Reset', rawPayload: '{}' })).toMatchObject({
      kind: 'unsent',
    });
  });

  test('status goes up as a copy and its last one per connector is kept; MeterValues without a transaction go up as a copy', async () => {
    const heard: Heard[] = [];
    bench = await new Bench({ upstream: upstreamThat(() => ({ kind: 'unsent', why: 'down' }), heard) }).start();
    const socket = await booted('A');
    const status = { connectorId: 1, errorCode: 'NoError', status: 'Charging' };
    await ask(socket, 'StatusNotification', status);
    await ask(socket, 'MeterValues', {
      connectorId: 1,
      meterValue: [{ timestamp: now(), sampledValue: [{ value: '1' }] }],
    });
    expect(heard.filter(({ way }) => way === 'copy').map(({ call }) => call.action)).toEqual([
      'StatusNotification',
      'MeterValues',
    ]);
    await bench.stop();
    expect(bench.store.facts.get('A')!.status).toEqual({ 1: JSON.stringify(status) });
  });
});
