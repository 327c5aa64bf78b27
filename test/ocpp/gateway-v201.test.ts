// The gateway as stations of OCPP 2.0.1 see it, over real sockets: an independent client in strict mode, and bare sockets for bad manners.
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import type { OcppVersion } from '../../src/core/model/charger.ts';
import type { Command } from '../../src/core/model/decision.ts';
import type { Site } from '../../src/core/model/site.ts';
import type { UpstreamPort } from '../../src/engine/ports.ts';
import { noUpstream } from '../../src/ocpp/no-upstream.ts';
import { HeldClock } from '../support/held-clock.ts';
import { MemoryGatewayStore } from '../support/memory-gateway-store.ts';
import { buildSite, evse, genericAc } from '../support/site-builder.ts';
import { ask, Bench, BOOT, BOOT_201, command, KEY } from '../support/station-bench.ts';

let bench: Bench;
afterEach(() => bench?.stop());

const speaking = (site: Site, ...ocpp: OcppVersion[]): Site => ({
  ...site,
  stations: site.stations.map((station) => ({ ...station, ocpp })),
});
const site201 = () => speaking(buildSite({ profile: genericAc }), '2.0.1');
const PROTOCOLS = ['ocpp2.0.1'];
const now = () => new Date().toISOString();

type Event = {
  eventType: 'Started' | 'Updated' | 'Ended';
  seqNo: number;
  transactionInfo?: object;
  [more: string]: unknown;
};
const event = ({ transactionInfo = {}, ...part }: Event) => ({
  timestamp: now(),
  triggerReason: 'Authorized',
  evse: { id: 1, connectorId: 1 },
  transactionInfo: { transactionId: 'tx-1', ...transactionInfo },
  ...part,
});
const idToken = { idToken: 'TAG', type: 'ISO14443' };
const registerOf = (value: number) => ({
  value,
  measurand: 'Energy.Active.Import.Register',
  unitOfMeasure: { unit: 'kWh' },
});
const currents = (...amps: number[]) =>
  amps.map((value, i) => ({ value, measurand: 'Current.Import', phase: `L${i + 1}`, unitOfMeasure: { unit: 'A' } }));
const meterValue = (...sampledValue: object[]) => [{ timestamp: now(), sampledValue }];

/** A lease by TxProfile, as the core makes it. */
const txLease = (limitAmps: number, transactionId = 'tx-1'): Command => {
  const base = command('A', { limitAmps });
  return { ...base, profile: { ...base.profile, purpose: 'TxProfile', stackLevel: 0, transactionId } };
};

async function booted(
  identity = 'A',
  answers: (action: string, payload: never) => object | string | undefined = () => undefined,
) {
  const socket = await bench.socket(identity, { protocols: PROTOCOLS });
  answering(socket, answers);
  expect((await ask(socket, 'BootNotification', BOOT_201))[2]).toMatchObject({ status: 'Accepted' });
  return socket;
}

function answering(socket: WebSocket, answer: (action: string, payload: never) => object | string | undefined): void {
  socket.on('message', (data) => {
    const [type, id, action, payload] = JSON.parse(String(data));
    if (type !== 2) return;
    const said = answer(action, payload as never);
    if (typeof said === 'string') socket.send(JSON.stringify([4, id, said, 'not here', {}]));
    else if (said) socket.send(JSON.stringify([3, id, said]));
  });
}

describe('a well-behaved station', () => {
  test('boots, charges under a lease by TxProfile and stops, and no frame of ours breaks a schema', async () => {
    bench = await new Bench({ site: site201() }).start();
    const limits: { evseId: number; chargingProfile: Record<string, unknown> }[] = [];
    const stops: object[] = [];
    const client = await bench.strictStation(
      'A',
      {
        SetChargingProfile: (params) => {
          limits.push(params);
          return { status: 'Accepted' };
        },
        RequestStopTransaction: (params) => {
          stops.push(params);
          return { status: 'Accepted' };
        },
      },
      KEY,
      PROTOCOLS,
    );
    expect(await client.call('BootNotification', BOOT_201)).toMatchObject({ status: 'Accepted', interval: 300 });
    expect((await client.call('Authorize', { idToken })).idTokenInfo).toEqual({ status: 'Accepted' });
    const status = { timestamp: now(), connectorStatus: 'Occupied', evseId: 1, connectorId: 1 };
    await client.call('StatusNotification', status);
    expect(bench.state('A').evses[0]).toMatchObject({ connectorStatus: 'Occupied', chargingState: 'EVConnected' });
    const begun = event({
      eventType: 'Started',
      seqNo: 0,
      transactionInfo: { transactionId: 'tx-1', chargingState: 'EVConnected' },
      idToken,
      meterValue: meterValue(registerOf(1)),
    });
    expect(await client.call('TransactionEvent', begun)).toEqual({ idTokenInfo: { status: 'Accepted' } });
    expect(bench.state('A').evses[0]).toMatchObject({ transaction: { id: 'tx-1' }, chargingState: 'EVConnected' });

    const floor = command('A', { role: 'floor', limitAmps: 6 });
    const lease = txLease(13.37);
    expect(bench.gateway.send([floor, lease])).toEqual({ refused: [] });
    const state = await bench.until('A', ({ evses }) => evses[0]!.lease?.state === 'accepted');
    expect(state.evses[0]!.floor).toMatchObject({ commandId: floor.id, state: 'accepted' });
    expect(limits).toMatchObject([
      { evseId: 1, chargingProfile: { id: 1, stackLevel: 0, chargingProfilePurpose: 'TxDefaultProfile' } },
      {
        evseId: 1,
        chargingProfile: {
          id: 2,
          stackLevel: 0,
          chargingProfilePurpose: 'TxProfile',
          chargingProfileKind: 'Absolute',
          transactionId: 'tx-1',
          chargingSchedule: [
            {
              startSchedule: '2026-03-02T06:00:00Z',
              duration: 60,
              chargingRateUnit: 'A',
              chargingSchedulePeriod: [{ startPeriod: 0, limit: 13.3 }],
            },
          ],
        },
      },
    ]);
    expect(limits[0]!.chargingProfile).not.toHaveProperty('transactionId');

    const updated = event({
      eventType: 'Updated',
      seqNo: 1,
      triggerReason: 'MeterValuePeriodic',
      transactionInfo: { transactionId: 'tx-1', chargingState: 'Charging' },
      meterValue: meterValue(...currents(13, 13.1, 13.2), registerOf(3.5)),
    });
    expect(await client.call('TransactionEvent', updated)).toEqual({});
    expect(bench.state('A').evses[0]).toMatchObject({
      chargingState: 'Charging',
      drawn: { amps: [13, 13.1, 13.2] },
      transaction: { energyWh: 2_500 },
    });
    const stop = { id: 's-1', station: 'A', evse: 'A/1', transactionId: 'tx-1', because: 'disobedient' } as const;
    expect(bench.gateway.send([{ kind: 'stop-transaction', ...stop }])).toEqual({ refused: [] });
    await bench.until('A', ({ evses }) => evses[0]!.stop?.state === 'accepted');
    expect(stops).toEqual([{ transactionId: 'tx-1' }]);
    await client.call('Heartbeat', {});
    const ended = event({
      eventType: 'Ended',
      seqNo: 2,
      triggerReason: 'RemoteStop',
      transactionInfo: { transactionId: 'tx-1', chargingState: 'EVConnected', stoppedReason: 'Remote' },
    });
    expect(await client.call('TransactionEvent', ended)).toEqual({});
    expect(bench.state('A').evses[0]).toMatchObject({ chargingState: 'EVConnected' });
    expect(bench.state('A').evses[0]!.transaction).toBeUndefined();
    expect(await bench.store.openTransactions()).toEqual([]);
    expect(bench.strictFaults).toEqual([]);
    expect(bench.store.facts.get('A')!.capability).toMatchObject({
      'SampledDataCtrlr/TxUpdatedInterval': '10',
      'SmartChargingCtrlr/RateUnit': 'A,W',
    });
  });

  test('gets every other answer in a form that the schemas allow', async () => {
    bench = await new Bench({ site: site201() }).start();
    const client = await bench.strictStation('A', {}, KEY, PROTOCOLS);
    await client.call('BootNotification', BOOT_201);
    const certificate = { iso15118SchemaVersion: 'urn:iso:15118:2:2013:MsgDef', action: 'Install', exiRequest: 'x' };
    const hashes = {
      hashAlgorithm: 'SHA256',
      issuerNameHash: 'a',
      issuerKeyHash: 'b',
      serialNumber: 'c',
      responderURL: 'd',
    };
    const variable = { component: { name: 'SmartChargingCtrlr' }, variable: { name: 'ProfileStackLevel' } };
    const told = { eventId: 1, timestamp: now(), trigger: 'Delta', eventNotificationType: 'HardWiredNotification' };
    const sensor = { component: { name: 'Cabinet' }, variable: { name: 'Temperature' }, actualValue: '71' };
    const schedule = { id: 1, chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }] };
    const profile = {
      id: 3,
      stackLevel: 0,
      chargingProfilePurpose: 'TxDefaultProfile',
      chargingProfileKind: 'Absolute',
    };
    const calls: readonly [string, object, object][] = [
      ['ClearedChargingLimit', { chargingLimitSource: 'EMS' }, {}],
      ['DataTransfer', { vendorId: 'x' }, { status: 'UnknownVendorId' }],
      ['FirmwareStatusNotification', { status: 'Idle' }, {}],
      ['Get15118EVCertificate', certificate, { status: 'Failed', exiResponse: '' }],
      ['GetCertificateStatus', { ocspRequestData: hashes }, { status: 'Failed' }],
      ['LogStatusNotification', { status: 'Idle' }, {}],
      ['NotifyChargingLimit', { chargingLimit: { chargingLimitSource: 'SO' }, evseId: 1 }, {}],
      ['NotifyCustomerInformation', { data: 'x', seqNo: 0, generatedAt: now(), requestId: 1 }, {}],
      ['NotifyDisplayMessages', { requestId: 1 }, {}],
      [
        'NotifyEVChargingNeeds',
        { evseId: 1, chargingNeeds: { requestedEnergyTransfer: 'DC' } },
        { status: 'Rejected' },
      ],
      ['NotifyEVChargingSchedule', { timeBase: now(), evseId: 1, chargingSchedule: schedule }, { status: 'Accepted' }],
      ['NotifyEvent', { generatedAt: now(), seqNo: 0, eventData: [{ ...told, ...sensor }] }, {}],
      ['NotifyMonitoringReport', { requestId: 1, seqNo: 0, generatedAt: now() }, {}],
      [
        'NotifyReport',
        {
          requestId: 1,
          seqNo: 0,
          generatedAt: now(),
          reportData: [{ ...variable, variableAttribute: [{ value: '8' }] }],
        },
        {},
      ],
      ['PublishFirmwareStatusNotification', { status: 'Idle' }, {}],
      [
        'ReportChargingProfiles',
        {
          requestId: 1,
          chargingLimitSource: 'CSO',
          evseId: 1,
          chargingProfile: [{ ...profile, chargingSchedule: [schedule] }],
        },
        {},
      ],
      ['ReservationStatusUpdate', { reservationId: 1, reservationUpdateStatus: 'Expired' }, {}],
      ['SecurityEventNotification', { type: 'TamperDetectionActivated', timestamp: now() }, {}],
      ['SignCertificate', { csr: 'x' }, { status: 'Rejected' }],
    ];
    for (const [action, payload, answer] of calls)
      expect([action, await client.call(action, payload)]).toEqual([action, answer]);
    expect(bench.strictFaults).toEqual([]);
    expect(bench.logged).toContainEqual({
      event: 'ocpp.station-event',
      fields: { station: 'A', what: 'Cabinet/Temperature', value: '71', trigger: 'Delta' },
    });
    expect(bench.store.facts.get('A')!.capability).toMatchObject({ 'SmartChargingCtrlr/ProfileStackLevel': '8' });
  });

  test('reappears in the middle of its transaction, without a boot, after our own restart', async () => {
    bench = await new Bench({ site: site201() }).start();
    const before = await booted();
    await ask(before, 'TransactionEvent', event({ eventType: 'Started', seqNo: 0, idToken }));
    await bench.stop();
    bench = await new Bench({ site: site201(), store: bench.store }).start();
    expect(bench.state('A')).toMatchObject({ model: { vendor: 'Vendor' }, evses: [{ transaction: { id: 'tx-1' } }] });
    const socket = await bench.socket('A', { protocols: PROTOCOLS });
    const updated = event({ eventType: 'Updated', seqNo: 7, meterValue: meterValue(...currents(9, 9, 9)) });
    expect((await ask(socket, 'TransactionEvent', updated))[0]).toBe(3);
    expect(bench.state('A').evses[0]).toMatchObject({ drawn: { amps: [9, 9, 9] } });
  });
});

describe('the subprotocol', () => {
  const offered = ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'];
  test.each<[string, OcppVersion[], string[], string]>([
    ['the highest of both', ['2.0.1', '1.6'], offered, 'ocpp2.0.1'],
    ['whatever the order of the offer', ['2.0.1', '1.6'], offered.toReversed(), 'ocpp2.0.1'],
    ['what the station is kept to', ['1.6'], offered, 'ocpp1.6'],
    ['what the station has', ['2.0.1', '1.6'], ['ocpp1.6'], 'ocpp1.6'],
  ])('%s', async (_story, spoken, offer, chosen) => {
    bench = await new Bench({ site: speaking(buildSite(), ...spoken) }).start();
    const socket = await bench.socket('A', { protocols: offer });
    expect(socket.protocol).toBe(chosen);
    const [boot, wrong] = chosen === 'ocpp1.6' ? [BOOT, BOOT_201] : [BOOT_201, BOOT];
    expect((await ask(socket, 'BootNotification', wrong))[0]).toBe(4);
    expect((await ask(socket, 'BootNotification', boot))[2]).toMatchObject({ status: 'Accepted' });
  });

  test('without one in common the socket is closed at once', async () => {
    bench = await new Bench({ site: speaking(buildSite(), '1.6') }).start();
    await expect(bench.socket('A', { protocols: ['ocpp2.0.1'] })).rejects.toThrow(/no subprotocol/);
    expect(bench.state('A').link.state).toBe('never');
  });

  test('a station known by 1.6 that comes back with 2.0.1 has to boot', async () => {
    bench = await new Bench({ site: speaking(buildSite(), '2.0.1', '1.6') }).start();
    const old = await bench.socket('A');
    answering(old, () => ({ status: 'Accepted' }));
    await ask(old, 'BootNotification', BOOT);
    const known = () => bench.store.facts.get('A')?.capability ?? {};
    await expect.poll(known).toHaveProperty('MeterValueSampleInterval');
    const socket = await bench.socket('A', { protocols: PROTOCOLS });
    expect((await ask(socket, 'Heartbeat', {}))[2]).toBe('SecurityError');
    await ask(socket, 'BootNotification', BOOT_201);
    expect((await ask(socket, 'Heartbeat', {}))[0]).toBe(3);
    await expect.poll(known).not.toHaveProperty('MeterValueSampleInterval');
  });
});

describe('bad manners', () => {
  test('before the boot everything else is a SecurityError', async () => {
    bench = await new Bench({ site: site201() }).start();
    const socket = await bench.socket('A', { protocols: PROTOCOLS });
    expect((await ask(socket, 'TransactionEvent', event({ eventType: 'Started', seqNo: 0 })))[2]).toBe('SecurityError');
    expect(bench.store.transactions.size).toBe(0);
  });

  test.each<[string, string, object, string]>([
    [
      'a field that is missing',
      'StatusNotification',
      { connectorStatus: 'Available' },
      'OccurrenceConstraintViolation',
    ],
    ['a field too many', 'Heartbeat', { extra: 1 }, 'FormatViolation'],
    ['a field of another type', 'Authorize', { idToken: 'TAG' }, 'TypeConstraintViolation'],
    ['a value that is none', 'FirmwareStatusNotification', { status: 'Happy' }, 'PropertyConstraintViolation'],
    ["a CALL of ours in the station's mouth", 'SetChargingProfile', {}, 'NotSupported'],
    ['a message of 1.6', 'StartTransaction', {}, 'NotImplemented'],
    ['a message of nobody', 'Dance', {}, 'NotImplemented'],
  ])('%s', async (_story, action, payload, code) => {
    bench = await new Bench({ site: site201() }).start();
    const socket = await booted();
    expect((await ask(socket, action, payload)).slice(0, 3)).toEqual([4, expect.any(String), code]);
  });

  test.each<[string, string, unknown[]]>([
    ['no JSON', 'hello', [4, '-1', 'RpcFrameworkError']],
    ['no array', '{}', [4, '-1', 'RpcFrameworkError']],
    ['a CALL without an id', '[2]', [4, '-1', 'ProtocolError']],
    ['a CALL whose id is no text', '[2, 7, "Heartbeat", {}]', [4, '-1', 'ProtocolError']],
    ['a CALL without a payload', '[2, "m", "Heartbeat"]', [4, 'm', 'FormatViolation']],
    ['a message type of the future', '[9, "m", "Heartbeat", {}]', [4, 'm', 'MessageTypeNotSupported']],
  ])('%s is answered as Part 4 says', async (_story, text, frame) => {
    bench = await new Bench({ site: site201() }).start();
    const socket = await booted();
    const [answer] = (await Promise.all([once(socket, 'message'), socket.send(text)]))[0];
    expect(JSON.parse(String(answer)).slice(0, 3)).toEqual(frame);
  });

  test('an unreadable text of 1.6 still gets no answer', async () => {
    bench = await new Bench({ site: speaking(buildSite(), '1.6') }).start();
    const socket = await bench.socket('A');
    await ask(socket, 'BootNotification', BOOT);
    const seen: unknown[] = [];
    socket.on('message', (data) => seen.push(JSON.parse(String(data))[0]));
    socket.send('hello');
    await ask(socket, 'Heartbeat', {});
    expect(seen).not.toContain(4);
  });
});

describe('transactions', () => {
  test('what comes again has its effect once, and what was overtaken none', async () => {
    bench = await new Bench({ site: site201() }).start();
    const socket = await booted();
    const begun = event({ eventType: 'Started', seqNo: 0, meterValue: meterValue(registerOf(1)) });
    await ask(socket, 'TransactionEvent', begun);
    await ask(socket, 'TransactionEvent', begun);
    expect(bench.store.transactions.size).toBe(1);
    const charging = { transactionInfo: { transactionId: 'tx-1', chargingState: 'Charging' } };
    const suspended = { transactionInfo: { transactionId: 'tx-1', chargingState: 'SuspendedEV' } };
    await ask(socket, 'TransactionEvent', event({ eventType: 'Updated', seqNo: 2, ...charging }));
    await ask(socket, 'TransactionEvent', event({ eventType: 'Updated', seqNo: 1, ...suspended }));
    expect(bench.state('A').evses[0]).toMatchObject({ chargingState: 'Charging' });
    expect(bench.logged).toContainEqual({
      event: 'ocpp.events-missing',
      fields: { station: 'A', transaction: 'tx-1', missing: 1 },
    });
    await ask(socket, 'TransactionEvent', event({ eventType: 'Ended', seqNo: 3 }));
    await ask(socket, 'TransactionEvent', event({ eventType: 'Updated', seqNo: 4, ...charging }));
    expect(bench.state('A').evses[0]!.transaction).toBeUndefined();
    expect(await bench.store.openTransactions()).toEqual([]);
  });

  test('one whose beginning was lost is opened by what is heard of it first, and has no energy', async () => {
    bench = await new Bench({ site: site201() }).start();
    const socket = await booted();
    const values = meterValue(...currents(10, 10, 10), registerOf(7));
    await ask(socket, 'TransactionEvent', event({ eventType: 'Updated', seqNo: 5, meterValue: values }));
    const { transaction, drawn } = bench.state('A').evses[0]!;
    expect(transaction).toMatchObject({ id: 'tx-1' });
    expect(transaction).not.toHaveProperty('energyWh');
    expect(drawn).toMatchObject({ amps: [10, 10, 10] });
  });

  test('one that does not say where it is belongs to the only EVSE, and with several to the one it names later', async () => {
    const two = buildSite({ evses: [evse({ station: 'A' }), evse({ station: 'A', id: 'A/2', number: 2 })] });
    bench = await new Bench({ site: speaking(two, '2.0.1') }).start();
    const socket = await booted();
    await ask(socket, 'TransactionEvent', event({ eventType: 'Started', seqNo: 0, evse: undefined, idToken }));
    expect(bench.state('A').evses.map(({ transaction }) => transaction?.id)).toEqual([undefined, undefined]);
    await ask(socket, 'TransactionEvent', event({ eventType: 'Updated', seqNo: 1, evse: { id: 2 } }));
    expect(bench.state('A').evses.map(({ transaction }) => transaction?.id)).toEqual([undefined, 'tx-1']);
    await ask(socket, 'TransactionEvent', event({ eventType: 'Updated', seqNo: 2, evse: undefined }));
    await ask(socket, 'TransactionEvent', event({ eventType: 'Ended', seqNo: 3, evse: undefined }));
    expect(bench.state('A').evses.map(({ transaction }) => transaction?.id)).toEqual([undefined, undefined]);
  });

  test('values of an offline queue are history', async () => {
    bench = await new Bench({ site: site201() }).start();
    const socket = await booted();
    const timestamp = new Date(Date.now() - 3_600_000).toISOString();
    const sampledValue = currents(20, 20, 20);
    const old = { offline: true, timestamp, meterValue: [{ timestamp, sampledValue }] };
    await ask(socket, 'TransactionEvent', event({ eventType: 'Started', seqNo: 0, ...old }));
    expect(bench.state('A').evses[0]!.drawn).toBeUndefined();
    expect(bench.state('A').evses[0]!.transaction!.startedAt).toBeLessThan(0 + Date.now());
  });

  test('an id that the station uses for a second car is a second transaction', async () => {
    bench = await new Bench({ site: site201() }).start();
    const socket = await booted();
    const at = (minutesAgo: number) => new Date(Date.now() - minutesAgo * 60_000).toISOString();
    const begun = (minutesAgo: number) => event({ eventType: 'Started', seqNo: 0, timestamp: at(minutesAgo) });
    await ask(socket, 'TransactionEvent', begun(20));
    await ask(socket, 'TransactionEvent', event({ eventType: 'Ended', seqNo: 1, timestamp: at(10) }));
    const second = begun(5);
    await ask(socket, 'TransactionEvent', second);
    await ask(socket, 'TransactionEvent', second);
    expect(bench.state('A').evses[0]).toMatchObject({ transaction: { id: 'tx-1' } });
    expect(bench.store.transactions.size).toBe(2);
    const charging = { transactionInfo: { transactionId: 'tx-1', chargingState: 'Charging' } };
    await ask(socket, 'TransactionEvent', event({ eventType: 'Updated', seqNo: 1, ...charging }));
    expect(bench.state('A').evses[0]).toMatchObject({ chargingState: 'Charging' });
    await ask(socket, 'TransactionEvent', event({ eventType: 'Ended', seqNo: 2 }));
    expect(await bench.store.openTransactions()).toEqual([]);
  });

  test('nothing is answered that is not on the disk', async () => {
    bench = await new Bench({ site: site201() }).start();
    const socket = await booted();
    bench.store.failure = new Error('disk full');
    const begun = event({ eventType: 'Started', seqNo: 0 });
    expect((await ask(socket, 'TransactionEvent', begun))[2]).toBe('InternalError');
    bench.store.failure = undefined;
    expect((await ask(socket, 'TransactionEvent', begun))[0]).toBe(3);
  });

  test('a driver whom nobody knows is refused where the site says so, and a start without a token asks for none', async () => {
    const strict = { ...site201(), policy: { ...site201().policy, unknownIdTokenWhenOffline: 'refuse' as const } };
    bench = await new Bench({ site: strict }).start();
    const socket = await booted();
    const verdict = async (token: object) => (await ask(socket, 'Authorize', { idToken: token }))[2];
    expect(await verdict(idToken)).toEqual({ idTokenInfo: { status: 'Invalid' } });
    expect(await verdict({ idToken: '', type: 'NoAuthorization' })).toEqual({ idTokenInfo: { status: 'Accepted' } });
  });
});

describe('connectors', () => {
  const status = (connectorId: number, connectorStatus: string) => ({
    timestamp: now(),
    evseId: 1,
    connectorId,
    connectorStatus,
  });
  test('an EVSE is in use when one of its connectors is, and free again when that one is', async () => {
    bench = await new Bench({ site: site201() }).start();
    const socket = await booted();
    const shown = () => bench.state('A').evses[0]!.connectorStatus;
    const seen: string[] = [];
    for (const [connector, one] of [
      [1, 'Available'],
      [2, 'Faulted'],
      [2, 'Occupied'],
      [2, 'Faulted'],
      [1, 'Unavailable'],
    ] as const) {
      await ask(socket, 'StatusNotification', status(connector, one));
      seen.push(shown());
    }
    expect(seen).toEqual(['Available', 'Available', 'Occupied', 'Available', 'Faulted']);
    await ask(socket, 'StatusNotification', { ...status(1, 'Available'), evseId: 9 });
    expect(shown()).toBe('Faulted');
  });

  test('NotifyEvent says the same as StatusNotification', async () => {
    bench = await new Bench({ site: site201() }).start();
    const socket = await booted();
    const component = { name: 'Connector', evse: { id: 1, connectorId: 1 } };
    const data = { eventId: 1, timestamp: now(), trigger: 'Delta', eventNotificationType: 'HardWiredNotification' };
    const eventData = [{ ...data, component, variable: { name: 'AvailabilityState' }, actualValue: 'Occupied' }];
    await ask(socket, 'NotifyEvent', { generatedAt: now(), seqNo: 0, eventData });
    expect(bench.state('A').evses[0]).toMatchObject({ connectorStatus: 'Occupied', chargingState: 'EVConnected' });
  });
});

describe('limits', () => {
  test("somebody else's profile in our place is cleared by purpose and level, and ours said again", async () => {
    bench = await new Bench({ site: site201() }).start();
    const seen: [string, object][] = [];
    let isForeignThere = true;
    const socket = await booted('A', (action, payload) => {
      if (action !== 'SetChargingProfile' && action !== 'ClearChargingProfile') return 'NotSupported';
      seen.push([action, payload]);
      if (action === 'ClearChargingProfile') isForeignThere = false;
      const refused = { status: 'Rejected', statusInfo: { reasonCode: 'DuplicateProfile' } };
      return isForeignThere ? refused : { status: 'Accepted' };
    });
    expect(socket.protocol).toBe('ocpp2.0.1');
    bench.gateway.send([command('A', { role: 'floor', limitAmps: 6 })]);
    await bench.until('A', ({ evses }) => evses[0]!.floor?.state === 'accepted');
    expect(seen.map(([action]) => action)).toEqual([
      'SetChargingProfile',
      'ClearChargingProfile',
      'ClearChargingProfile',
      'SetChargingProfile',
    ]);
    const criteria = { chargingProfilePurpose: 'TxDefaultProfile', stackLevel: 0 };
    expect(seen[1]![1]).toEqual({ chargingProfileCriteria: { evseId: 1, ...criteria } });
    expect(seen[2]![1]).toEqual({ chargingProfileCriteria: { evseId: 0, ...criteria } });
    expect(seen[3]![1]).toEqual(seen[0]![1]);
  });

  test('a refusal for any other reason stands, in the words of the station', async () => {
    bench = await new Bench({ site: site201() }).start();
    await booted('A', (action) =>
      action === 'SetChargingProfile'
        ? { status: 'Rejected', statusInfo: { reasonCode: 'TxNotFound', additionalInfo: 'gone' } }
        : 'NotSupported',
    );
    bench.gateway.send([txLease(10)]);
    const { evses } = await bench.until('A', ({ evses }) => evses[0]!.lease?.state === 'refused');
    expect(evses[0]!.lease!.detail).toBe('Rejected: TxNotFound, gone');
  });

  test('after a rise the station is asked for samples in its transaction', async () => {
    const clock = new HeldClock('ocpp.sample');
    bench = await new Bench({ site: site201(), clock }).start();
    const triggers: object[] = [];
    await booted('A', (action, payload) => {
      if (action === 'TriggerMessage') triggers.push(payload);
      return action === 'GetVariables' || action === 'SetVariables' ? 'NotSupported' : { status: 'Accepted' };
    });
    bench.gateway.send([{ ...txLease(20), change: 'increase' }]);
    await bench.until('A', ({ evses }) => evses[0]!.lease?.state === 'accepted');
    await clock.run('ocpp.sample');
    await expect.poll(() => triggers).toContainEqual({ requestedMessage: 'TransactionEvent', evse: { id: 1 } });
  });

  test('one that says that it cannot be limited, or only in another unit, is told of', async () => {
    bench = await new Bench({ site: site201() }).start();
    const values: Record<string, string> = { Enabled: 'false', Available: 'true', RateUnit: 'W' };
    await booted(
      'A',
      (action, { getVariableData = [] }: { getVariableData?: readonly { variable: { name: string } }[] }) =>
        action === 'GetVariables'
          ? {
              getVariableResult: getVariableData.map((one) => {
                const attributeValue = values[one.variable.name];
                return {
                  ...one,
                  ...(attributeValue
                    ? { attributeStatus: 'Accepted', attributeValue }
                    : { attributeStatus: 'UnknownVariable' }),
                };
              }),
            }
          : 'NotSupported',
    );
    const missing = () =>
      bench.logged
        .filter((one) => one.event === 'ocpp.ability-missing')
        .map(({ fields }) => [fields.ability, fields.told]);
    await expect.poll(missing).toEqual([
      ['SmartChargingCtrlr/Enabled', 'false'],
      ['SmartChargingCtrlr/RateUnit', 'W'],
    ]);
  });

  test('a station that answers no GetVariables is asked for a report, once', async () => {
    bench = await new Bench({ site: site201() }).start();
    const asked: string[] = [];
    const answers = (action: string) => {
      asked.push(action);
      return action === 'GetBaseReport' ? { status: 'Accepted' } : 'NotSupported';
    };
    const socket = await booted('A', answers);
    await expect.poll(() => asked).toContain('GetBaseReport');
    await ask(socket, 'BootNotification', BOOT_201);
    // Two settings with three values each, after either boot; the next question would leave before the next answer.
    await expect.poll(() => asked.filter((action) => action === 'SetVariables').length).toBe(12);
    await ask(socket, 'Heartbeat', {});
    await ask(socket, 'Heartbeat', {});
    expect(asked.filter((action) => action === 'GetBaseReport')).toHaveLength(1);
  });
});

test('an upstream of 1.6 hears nothing of a station that speaks 2.0.1, and cannot call it', async () => {
  const heard: string[] = [];
  const upstream = () =>
    new Proxy(noUpstream(new MemoryGatewayStore()), {
      get: (target, name: keyof UpstreamPort) =>
        name === 'linkState'
          ? () => 'connected'
          : (...told: never[]) => {
              heard.push(name);
              return (target[name] as (...all: never[]) => unknown)(...told);
            },
    });
  bench = await new Bench({ site: speaking(buildSite(), '2.0.1', '1.6'), upstream }).start();
  heard.length = 0;
  const socket = await booted();
  await ask(socket, 'TransactionEvent', event({ eventType: 'Started', seqNo: 0, idToken }));
  expect(heard).toEqual([]);
  expect(bench.state('A').upstreamLink).toBe('none');
  const reset = { messageId: 'm', action: 'Reset', rawPayload: '{"type":"Hard"}' };
  expect(await bench.gateway.call('A', reset)).toEqual({
    kind: 'unsent',
    why: 'the station speaks OCPP 2.0.1, which is not relayed',
  });
  const other = await bench.socket('B');
  await ask(other, 'BootNotification', BOOT);
  expect(heard).toContain('stationConnected');
});
