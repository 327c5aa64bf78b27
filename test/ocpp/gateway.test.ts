// The gateway as a well-behaved station and as upstream see it, over real sockets; the station is an independent client in strict mode.
import { afterEach, describe, expect, test } from 'vitest';
import type { CallOutcome, IncomingCall, UpstreamPort } from '../../src/engine/ports.ts';
import { noUpstream } from '../../src/ocpp/no-upstream.ts';
import type { MemoryGatewayStore } from '../support/memory-gateway-store.ts';
import { buildSite, defaultPolicy } from '../support/site-builder.ts';
import { accepting, answering, ask, Bench, BOOT, command, now, START } from '../support/station-bench.ts';

let bench: Bench;
afterEach(() => bench?.stop());

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
    const { transactionId } = await client.call('StartTransaction', { ...START, timestamp: now() });
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
    const before = await bench.booted('A');
    const [, , { transactionId }] = (await ask(before, 'StartTransaction', START)) as [
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
    answering(socket, accepting);
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
    const socket = await bench.booted('A');
    const status = async (idTag: string) =>
      ((await ask(socket, 'Authorize', { idTag }))[2] as { idTagInfo: { status: string } }).idTagInfo.status;
    expect([await status('GOOD'), await status('BAD')]).toEqual(['Accepted', 'Blocked']);
    const started = (await ask(socket, 'StartTransaction', { ...START, idTag: 'GOOD' }))[2];
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
    const socket = await bench.booted('A', (action) => (action === 'Reset' ? undefined : { status: 'Accepted' }));
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

  test.each(['SetChargingProfile', 'ClearChargingProfile', 'GetCompositeSchedule'])(
    'its %s never reaches a station, whoever hands it over',
    async (action) => {
      bench = await new Bench().start();
      const seen: string[] = [];
      await bench.booted('A', (name) => {
        seen.push(name);
        return { status: 'Accepted' };
      });
      const outcome = await bench.gateway.call('A', { messageId: 'up-1', action, rawPayload: '{}' });
      expect(outcome).toMatchObject({ kind: 'unsent' });
      await bench.gateway.call('A', { messageId: 'up-2', action: 'ClearCache', rawPayload: '{}' });
      expect(seen).toContain('ClearCache');
      expect(seen).not.toContain(action);
    },
  );

  test('status goes up as a copy and its last one per connector is kept; MeterValues without a transaction go up as a copy', async () => {
    const heard: Heard[] = [];
    bench = await new Bench({ upstream: upstreamThat(() => ({ kind: 'unsent', why: 'down' }), heard) }).start();
    const socket = await bench.booted('A');
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
