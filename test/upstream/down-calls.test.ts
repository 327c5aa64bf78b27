// What the operator's CSMS calls, over a real socket: the station gets what is its own, and nothing that would lift our limits or cut us off.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DOWN_RULES } from '../../src/upstream/relay-table.ts';
import { FIRST_UPSTREAM_ID, ScriptedCsms } from '../support/scripted-csms.ts';
import { resulting, START, UpstreamBench } from '../support/upstream-bench.ts';

let csms: ScriptedCsms;
let bench: UpstreamBench;
beforeEach(async () => {
  csms = await new ScriptedCsms().start();
  bench = await new UpstreamBench(csms).booted();
});
afterEach(async () => {
  await bench.upstream.stop();
  await csms.stop();
});

const accepted = [3, expect.any(String), { status: 'Accepted' }];
const rejected = [3, expect.any(String), { status: 'Rejected' }];

const profile = (purpose: string, limit: number, more: object = {}) => ({
  chargingProfileId: 5,
  stackLevel: 3,
  chargingProfilePurpose: purpose,
  chargingProfileKind: 'Absolute',
  chargingSchedule: {
    chargingRateUnit: 'A',
    startSchedule: START.timestamp,
    chargingSchedulePeriod: [{ startPeriod: 0, limit }],
  },
  ...more,
});

describe('handed on', () => {
  const forwarded = Object.entries(DOWN_RULES).filter(([, { whenUp }]) => whenUp === 'forward');
  test.each([...forwarded.map(([action]) => action), 'VendorThing'])(
    "%s: both texts byte for byte, under upstream's id",
    async (action) => {
      bench.answer = () => ({ kind: 'result', payload: {}, rawPayload: '{"status":"Accepted", "x":1.50}' });
      const answer = await csms.call('A', action, '{ "é" : 1.50 }', 'their-id');
      expect(bench.asked).toEqual([{ station: 'A', messageId: 'their-id', action, rawPayload: '{ "é" : 1.50 }' }]);
      expect(answer).toEqual([3, 'their-id', { status: 'Accepted', x: 1.5 }]);
    },
  );

  test('a CALLERROR of the station comes back as it is; a station that cannot be asked is GenericError, never Accepted', async () => {
    bench.answer = () => ({ kind: 'error', code: 'NotSupported', description: 'no', rawDetails: '{"a":1}' });
    expect((await csms.call('A', 'Reset', {})).slice(2)).toEqual(['NotSupported', 'no', { a: 1 }]);
    bench.answer = () => ({ kind: 'unanswered' });
    expect((await csms.call('A', 'Reset', {}))[2]).toBe('GenericError');
    bench.answer = () => ({ kind: 'unsent', why: 'away' });
    expect((await csms.call('A', 'Reset', {}))[2]).toBe('GenericError');
  });

  test("RemoteStopTransaction names the station's own id; an unknown one passes, one of ours by chance is refused", async () => {
    const { localId } = await bench.start();
    expect(await csms.call('A', 'RemoteStopTransaction', `{"transactionId" : ${FIRST_UPSTREAM_ID}}`)).toEqual(accepted);
    expect(await csms.call('A', 'RemoteStopTransaction', '{"transactionId":4711}')).toEqual(accepted);
    expect(await csms.call('A', 'RemoteStopTransaction', `{"transactionId":${localId}}`)).toEqual(rejected);
    expect(bench.asked.map(({ rawPayload }) => rawPayload)).toEqual([
      `{"transactionId" : ${localId}}`,
      '{"transactionId":4711}',
    ]);
  });
});

test('an id that upstream names in the frame right after the one that gave it is known already', async () => {
  csms.say = ({ action, messageId }) => {
    if (action !== 'StartTransaction') return undefined;
    csms.send('A', [3, messageId, { transactionId: 77, idTagInfo: { status: 'Accepted' } }]);
    csms.send('A', [2, 'stop-at-once', 'RemoteStopTransaction', { transactionId: 77 }]);
    return 'silence';
  };
  const { localId } = await bench.start({}, 0);
  expect((await bench.untilAsked()).rawPayload).toBe(JSON.stringify({ transactionId: localId }));
});

describe('charging profiles', () => {
  test('80 A from upstream never reach the station, but bound the allocation and show in the composite schedule', async () => {
    const changed: string[] = [];
    bench.upstream.onProfilesChanged((station) => changed.push(station));
    const wanted = profile('TxDefaultProfile', 80);
    expect(await csms.call('A', 'SetChargingProfile', { connectorId: 1, csChargingProfiles: wanted })).toEqual(
      accepted,
    );
    expect(bench.upstream.profiles('A')).toMatchObject([
      { evse: 1, profile: { id: 5, schedule: { periods: [{ limit: 80 }] } } },
    ]);
    expect(changed).toEqual(['A']);
    const ask = { connectorId: 1, duration: 600, chargingRateUnit: 'A' };
    const limit = async () => {
      const [, , payload] = (await csms.call('A', 'GetCompositeSchedule', ask)) as [
        number,
        string,
        { chargingSchedule: { chargingSchedulePeriod: { limit: number }[] } },
      ];
      return payload.chargingSchedule.chargingSchedulePeriod.map((period) => period.limit);
    };
    // What the hardware of the site bears is less.
    expect(await limit()).toEqual([32]);
    const lower = profile('TxDefaultProfile', 10);
    await csms.call('A', 'SetChargingProfile', { connectorId: 1, csChargingProfiles: lower });
    expect(await limit()).toEqual([10]);
    expect(bench.asked).toEqual([]);
  });

  test("ClearChargingProfile {} clears upstream's own and asks the station nothing", async () => {
    await csms.call('A', 'SetChargingProfile', { connectorId: 1, csChargingProfiles: profile('TxDefaultProfile', 10) });
    expect(await csms.call('A', 'ClearChargingProfile', {})).toEqual(accepted);
    expect(bench.upstream.profiles('A')).toEqual([]);
    expect(await csms.call('A', 'ClearChargingProfile', {})).toEqual([3, expect.any(String), { status: 'Unknown' }]);
    expect(bench.asked).toEqual([]);
  });

  test('what upstream has set is there again after our own restart', async () => {
    await csms.call('A', 'SetChargingProfile', { connectorId: 1, csChargingProfiles: profile('TxDefaultProfile', 10) });
    const before = bench.upstream.profiles('A');
    await bench.upstream.stop();
    bench = new UpstreamBench(csms, bench.store);
    await bench.upstream.start(new AbortController().signal);
    expect(bench.upstream.profiles('A')).toEqual(before);
    expect(before).toHaveLength(1);
  });

  test('a TxProfile without a transaction is refused; with one it goes when the transaction ends', async () => {
    const wanted = {
      connectorId: 1,
      csChargingProfiles: profile('TxProfile', 10, { transactionId: FIRST_UPSTREAM_ID }),
    };
    expect(await csms.call('A', 'SetChargingProfile', wanted)).toEqual(rejected);
    const { localId } = await bench.start();
    expect(await csms.call('A', 'SetChargingProfile', wanted)).toEqual(accepted);
    expect(bench.upstream.profiles('A')[0]!.profile.transactionId).toBe(String(localId));
    await bench.end(localId);
    expect(bench.upstream.profiles('A')).toEqual([]);
  });

  test.each([
    ['before it has answered', true],
    ['after it has answered', false],
  ])(
    'the profile of a remote start is taken out on the way and binds the transaction, which starts %s',
    async (_when, isEarly) => {
      let started: Promise<{ localId: number }> | undefined;
      bench.answer = async () => {
        if (isEarly) started = bench.start();
        await started;
        return resulting({ status: 'Accepted' });
      };
      const wire = JSON.stringify(profile('TxProfile', 10));
      const text = `{"idTag":"TAG", "chargingProfile":${wire}, "connectorId":1}`;
      expect(await csms.call('A', 'RemoteStartTransaction', text)).toEqual(accepted);
      expect(bench.asked[0]!.rawPayload).toBe('{"idTag":"TAG", "connectorId":1}');
      const { localId } = await (started ?? bench.start());
      expect(bench.upstream.profiles('A')).toMatchObject([
        { evse: 1, profile: { purpose: 'TxProfile', transactionId: String(localId) } },
      ]);
    },
  );

  test('a remote start that the station refuses leaves no profile behind', async () => {
    bench.answer = () => resulting({ status: 'Rejected' });
    const payload = { idTag: 'TAG', connectorId: 1, chargingProfile: profile('TxProfile', 10) };
    expect(await csms.call('A', 'RemoteStartTransaction', payload)).toEqual(rejected);
    await bench.start();
    expect(bench.upstream.profiles('A')).toEqual([]);
  });

  test('a known action in another spelling is refused, because a lenient station might obey it', async () => {
    const wanted = { connectorId: 1, csChargingProfiles: profile('TxDefaultProfile', 80) };
    expect((await csms.call('A', 'setChargingProfile', wanted))[2]).toBe('NotImplemented');
    expect(bench.asked).toEqual([]);
  });
});

describe('what would cut us off', () => {
  test.each(['AuthorizationKey', 'SecurityProfile', 'CentralSystemUrl', 'authorizationkey', 'OCPP.Server-URL'])(
    'ChangeConfiguration of %s is rejected, told in the log without its value, and never reaches the station',
    async (key) => {
      expect(await csms.call('A', 'ChangeConfiguration', { key, value: 's3cret' })).toEqual(rejected);
      expect(bench.asked).toEqual([]);
      const told = bench.logged.filter(({ event }) => event === 'upstream.security-refused');
      expect(told).toMatchObject([{ fields: { station: 'A', action: 'ChangeConfiguration', key } }]);
      expect(JSON.stringify(bench.logged)).not.toContain('s3cret');
    },
  );

  test.each([
    ['CertificateSigned', {}, 'Rejected'],
    ['DeleteCertificate', {}, 'Failed'],
    ['InstallCertificate', { certificateType: 'CentralSystemRootCertificate', certificate: 'x' }, 'Rejected'],
  ])('%s is refused here', async (action, payload, status) => {
    expect(await csms.call('A', action, payload)).toEqual([3, expect.any(String), { status }]);
    expect(bench.asked).toEqual([]);
  });

  test("a manufacturer's root is the station's", async () => {
    await csms.call('A', 'InstallCertificate', { certificateType: 'ManufacturerRootCertificate', certificate: 'x' });
    expect(bench.asked).toHaveLength(1);
  });
});

describe('keys that are kept here', () => {
  test('HeartbeatInterval is accepted, reported back and never reaches the station, also after our own restart', async () => {
    expect(await csms.call('A', 'ChangeConfiguration', { key: 'HeartbeatInterval', value: '900' })).toEqual(accepted);
    expect(bench.asked).toEqual([]);
    await bench.upstream.stop();
    bench = await new UpstreamBench(csms, bench.store).booted();
    bench.answer = () =>
      resulting({
        configurationKey: [
          { key: 'HeartbeatInterval', readonly: false, value: '300' },
          { key: 'ConnectionTimeOut', readonly: false, value: '60' },
        ],
      });
    const [, , told] = await csms.call('A', 'GetConfiguration', {});
    expect(told).toEqual({
      configurationKey: [
        { key: 'HeartbeatInterval', readonly: false, value: '900' },
        { key: 'ConnectionTimeOut', readonly: false, value: '60' },
      ],
    });
    bench.answer = () => resulting({ unknownKey: ['HeartbeatInterval'] });
    expect((await csms.call('A', 'GetConfiguration', { key: ['HeartbeatInterval'] }))[2]).toEqual({
      configurationKey: [{ key: 'HeartbeatInterval', readonly: false, value: '900' }],
    });
  });

  test("a value that does not fit is rejected, and every other key is the station's", async () => {
    expect(await csms.call('A', 'ChangeConfiguration', { key: 'HeartbeatInterval', value: 'often' })).toEqual(rejected);
    expect(bench.asked).toEqual([]);
    await csms.call('A', 'ChangeConfiguration', { key: 'ConnectionTimeOut', value: '60' });
    expect(bench.asked).toMatchObject([{ rawPayload: '{"key":"ConnectionTimeOut","value":"60"}' }]);
  });
});
