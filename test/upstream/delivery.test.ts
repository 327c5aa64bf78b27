// What stations say, as the operator's CSMS gets it over a real socket: every message, once settled never again, in order, under its ids.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MAX_ATTEMPTS } from '../../src/upstream/verdict.ts';
import { FIRST_UPSTREAM_ID, ScriptedCsms } from '../support/scripted-csms.ts';
import { BOOT } from '../support/station-bench.ts';
import { START, stationCall, UpstreamBench } from '../support/upstream-bench.ts';

let csms: ScriptedCsms;
let bench: UpstreamBench;
beforeEach(async () => {
  csms = await new ScriptedCsms().start();
  bench = new UpstreamBench(csms);
});
afterEach(async () => {
  await bench.upstream.stop();
  await csms.stop();
});

describe('with the link up', () => {
  test.each([
    ['Authorize', { idTag: 'TAG' }],
    ['DataTransfer', { vendorId: 'x', data: 'é' }],
  ])('%s is asked of upstream byte for byte and its answer comes back', async (action, payload) => {
    await bench.booted();
    const text = JSON.stringify(payload, null, 1);
    const outcome = await bench.upstream.relay('A', stationCall(action, text, 'own-id'), 3_000);
    expect(csms.of(action)[0]!.text).toBe(`[2,"own-id","${action}",${text}]`);
    expect(outcome.kind).toBe('result');
  });

  test.each([
    ['StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Charging' }],
    ['DiagnosticsStatusNotification', { status: 'Idle' }],
    ['FirmwareStatusNotification', { status: 'Idle' }],
    ['LogStatusNotification', { status: 'Idle' }],
    ['SignedFirmwareStatusNotification', { status: 'Idle' }],
    ['MeterValues', { connectorId: 1, meterValue: [] }],
  ])('%s is copied to upstream', async (action, payload) => {
    await bench.booted();
    bench.upstream.copy('A', stationCall(action, payload));
    await csms.until(() => csms.of(action).length === 1);
    expect(csms.of(action)[0]!.payload).toEqual(payload);
  });

  test("a transaction goes up under upstream's ids, with every other byte as the station wrote it", async () => {
    await bench.booted();
    const { localId, answer } = await bench.start();
    expect(answer).toMatchObject({ payload: { transactionId: FIRST_UPSTREAM_ID } });
    await bench.meter(localId);
    await bench.end(localId);
    await csms.until(() => csms.of('StopTransaction').length === 1);
    const [meter] = csms.of('MeterValues');
    expect(meter!.text).toBe(
      `[2,"s-meter","MeterValues",{"connectorId":1,"transactionId":${FIRST_UPSTREAM_ID},` +
        '"meterValue":[{"timestamp":"2026-03-02T06:01:00Z","sampledValue":[{"value":"1.50"}]}]}]',
    );
    expect(csms.of('StopTransaction')[0]!.payload.transactionId).toBe(FIRST_UPSTREAM_ID);
    expect(localId).toBe(1);
  });

  test('a station that never learnt its id says −1, and upstream gets its own', async () => {
    await bench.booted();
    const { localId } = await bench.start();
    await bench.meter(localId, -1);
    await bench.end(localId, -1);
    await csms.until(() => csms.of('StopTransaction').length === 1);
    expect([csms.of('MeterValues')[0], csms.of('StopTransaction')[0]].map((one) => one!.payload.transactionId)).toEqual(
      [FIRST_UPSTREAM_ID, FIRST_UPSTREAM_ID],
    );
  });

  test('a transaction nobody knows keeps its id: it is older than we are', async () => {
    await bench.booted();
    const payload = { transactionId: 4_711, meterStop: 1, timestamp: START.timestamp };
    await bench.upstream.deliver('A', stationCall('StopTransaction', payload), undefined, 0);
    await csms.until(() => csms.of('StopTransaction').length === 1);
    expect(csms.of('StopTransaction')[0]!.payload).toEqual(payload);
  });

  test('a message that upstream refuses as such is parked after its attempts, and the next one goes on', async () => {
    csms.say = ({ payload, action }) =>
      action === 'MeterValues' && payload.meterValue[0].timestamp === 'bad'
        ? { error: 'FormationViolation' }
        : undefined;
    await bench.booted();
    const { localId } = await bench.start();
    await bench.meter(localId, localId, 'bad', 'poison');
    await bench.end(localId);
    const waits: number[] = [];
    for (let i = 1; i < MAX_ATTEMPTS; i++) waits.push(await bench.clock.run('upstream.outbox'));
    await csms.until(() => csms.of('StopTransaction').length === 1);
    expect(waits).toEqual([5_000, 10_000, 15_000, 20_000]);
    expect(new Set(csms.of('MeterValues').map(({ text }) => text)).size).toBe(1);
    expect(csms.of('MeterValues')).toHaveLength(MAX_ATTEMPTS);
    expect([...bench.store.rows.values()].filter(({ state }) => state === 'parked')).toMatchObject([
      { messageId: 'poison' },
    ]);
    expect(bench.events()).toContain('upstream.message-parked');
  });

  test('a verdict that comes after the station was answered ends the transaction at the station', async () => {
    csms.say = ({ action }) =>
      action === 'StartTransaction' ? { transactionId: 77, idTagInfo: { status: 'Blocked' } } : undefined;
    await bench.booted();
    const { localId, answer } = await bench.start({}, 0);
    expect(answer).toBeUndefined();
    await bench.untilAsked();
    expect(bench.asked).toMatchObject([
      { station: 'A', action: 'RemoteStopTransaction', rawPayload: JSON.stringify({ transactionId: localId }) },
    ]);
    expect(bench.events()).toContain('upstream.late-refusal');
  });

  test("a verdict in time is the gateway's: no remote stop", async () => {
    csms.say = ({ action }) =>
      action === 'StartTransaction' ? { transactionId: 77, idTagInfo: { status: 'Blocked' } } : undefined;
    await bench.booted();
    const { localId } = await bench.start();
    await bench.end(localId);
    await csms.until(() => csms.of('StopTransaction').length === 1);
    expect(bench.asked).toEqual([]);
  });
});

describe('with the link down', () => {
  test('start, samples and stop are kept and arrive in order with their stamps, under the ids that upstream gives', async () => {
    await bench.booted();
    await csms.stop();
    await bench.clock.whenHeld('upstream.reconnect');
    const { localId, answer } = await bench.start();
    expect(answer).toBeUndefined();
    await bench.meter(localId, localId, '2026-03-02T06:01:00Z', 'm1');
    await bench.meter(localId, localId, '2026-03-02T06:02:00Z', 'm2');
    await bench.end(localId);
    csms.got.length = 0;
    await csms.start();
    await bench.clock.run('upstream.reconnect');
    await csms.until(() => csms.of('StopTransaction').length === 1);
    const sent = csms.got.filter(({ action }) => action !== 'BootNotification');
    expect(sent.map(({ messageId }) => messageId)).toEqual(['s-start', 'm1', 'm2', 's-stop']);
    expect(sent[0]!.payload).toEqual(START);
    expect(sent.slice(1).map(({ payload }) => payload.transactionId)).toEqual(Array(3).fill(FIRST_UPSTREAM_ID));
    expect(sent[2]!.payload.meterValue[0].timestamp).toBe('2026-03-02T06:02:00Z');
    expect(sent[3]!.payload.timestamp).toBe('2026-03-02T07:00:00Z');
    // The station had booted at upstream before: it is not said again.
    expect(csms.of('BootNotification')).toEqual([]);
  });

  test('a StartTransaction whose answer was lost comes again with the same id and the same bytes', async () => {
    let isLost = true;
    csms.say = ({ action }) => (action === 'StartTransaction' && isLost ? 'silence' : undefined);
    await bench.booted();
    const starting = bench.start({}, 30_000);
    await csms.until(() => csms.of('StartTransaction').length === 1);
    isLost = false;
    csms.cut('A');
    const { localId, answer } = await starting;
    expect(answer).toBeUndefined();
    await bench.clock.run('upstream.reconnect');
    await csms.until(() => csms.of('StartTransaction').length === 2);
    const [first, second] = csms.of('StartTransaction');
    expect(second!.text).toBe(first!.text);
    await bench.end(localId);
    await csms.until(() => csms.of('StopTransaction').length === 1);
    expect(csms.of('StopTransaction')[0]!.payload.transactionId).toBe(FIRST_UPSTREAM_ID);
  });

  test('of what connectors did meanwhile upstream hears the last, and nothing that is older than what it knows', async () => {
    await bench.booted();
    const status = (connectorId: number, word: string) =>
      bench.upstream.copy(
        'A',
        stationCall('StatusNotification', { connectorId, errorCode: 'NoError', status: word }, word),
      );
    csms.say = ({ payload }) => (payload.status === 'Preparing' ? 'silence' : undefined);
    status(1, 'Preparing');
    await csms.until(() => csms.of('StatusNotification').length === 1);
    await csms.stop();
    await bench.clock.whenHeld('upstream.reconnect');
    for (const [connector, word] of [
      [1, 'Charging'],
      [0, 'Available'],
      [1, 'Finishing'],
    ] as const)
      status(connector, word);
    csms.got.length = 0;
    await csms.start();
    await bench.clock.run('upstream.reconnect');
    await csms.until(() => csms.of('StatusNotification').length === 2);
    expect(csms.of('StatusNotification').map(({ payload }) => [payload.connectorId, payload.status])).toEqual([
      [1, 'Finishing'],
      [0, 'Available'],
    ]);
  });
});

test('a status that was on its way when the line broke does not come back over a newer one', async () => {
  csms.say = ({ payload }) => (payload.status === 'Preparing' ? 'silence' : undefined);
  await bench.booted();
  for (const status of ['Preparing', 'Charging'])
    bench.upstream.copy(
      'A',
      stationCall('StatusNotification', { connectorId: 1, errorCode: 'NoError', status }, status),
    );
  await csms.until(() => csms.of('StatusNotification').length === 1);
  csms.cut('A');
  await bench.clock.run('upstream.reconnect');
  await csms.until(() => csms.of('StatusNotification').length === 2);
  expect(csms.of('StatusNotification').map(({ payload }) => payload.status)).toEqual(['Preparing', 'Charging']);
});

describe('boot', () => {
  test('after our own restart upstream hears the boot before anything else, and our open transaction keeps its ids', async () => {
    await bench.booted();
    const { localId } = await bench.start();
    bench.store.facts.set('A', {
      station: 'A',
      boot: { rawPayload: JSON.stringify(BOOT), atWall: 0 },
      status: { 1: JSON.stringify({ connectorId: 1, errorCode: 'NoError', status: 'Charging' }) },
      capability: {},
    });
    await bench.upstream.stop();
    csms.got.length = 0;
    bench = new UpstreamBench(csms, bench.store);
    await bench.upstream.start(new AbortController().signal);
    await bench.meter(localId);
    bench.upstream.stationConnected('A');
    await csms.until(() => csms.of('MeterValues').length === 1);
    expect(csms.actions()).toEqual(['BootNotification', 'StatusNotification', 'MeterValues']);
    expect(csms.got[0]!.payload).toEqual(BOOT);
    expect(csms.got[2]!.payload.transactionId).toBe(FIRST_UPSTREAM_ID);
  });

  test('SecurityError from upstream: it hears the boot again, then the same message', async () => {
    let isKnown = true;
    csms.say = ({ action }) => {
      if (action === 'BootNotification') isKnown = true;
      return isKnown ? undefined : { error: 'SecurityError' };
    };
    await bench.booted();
    isKnown = false;
    const { localId } = await bench.start({}, 0);
    await bench.end(localId);
    await csms.until(() => csms.of('StopTransaction').length === 1);
    expect(csms.actions()).toEqual([
      'BootNotification',
      'StartTransaction',
      'BootNotification',
      'StartTransaction',
      'StopTransaction',
    ]);
    expect(bench.clock.held('upstream.heartbeat')).toHaveLength(1);
  });

  test('upstream answers a boot too late for the station: its word counts, and messages flow', async () => {
    csms.say = ({ action }) => (action === 'BootNotification' ? 'silence' : undefined);
    await bench.upstream.start(new AbortController().signal);
    bench.upstream.stationConnected('A');
    const outcome = await bench.upstream.relay('A', stationCall('BootNotification', BOOT, 'b'), 200);
    expect(outcome.kind).toBe('unanswered');
    csms.send('A', [3, 'b', { status: 'Accepted', currentTime: START.timestamp, interval: 42 }]);
    await bench.start();
    expect(csms.actions()).toEqual(['BootNotification', 'StartTransaction']);
  });

  test("heartbeats come at upstream's interval, or at the one it has set since, one at a time", async () => {
    await bench.booted();
    expect(await bench.clock.run('upstream.heartbeat')).toBe(42_000);
    await csms.until(() => csms.of('Heartbeat').length === 1);
    expect(await csms.call('A', 'ChangeConfiguration', { key: 'HeartbeatInterval', value: '120' })).toMatchObject([
      3,
      expect.any(String),
      { status: 'Accepted' },
    ]);
    expect(await bench.clock.run('upstream.heartbeat')).toBe(42_000);
    expect(await bench.clock.run('upstream.heartbeat')).toBe(120_000);
    await csms.until(() => csms.of('Heartbeat').length === 3);
    expect(bench.clock.held('upstream.heartbeat')).toHaveLength(1);
  });
});
