// The pure tables of the upstream's room: what an answer means, whose a key is, which transaction an id names, how long to wait.
import { describe, expect, test } from 'vitest';
import type { CallOutcome } from '../../src/engine/ports.ts';
import { backOffMs } from '../../src/upstream/back-off.ts';
import { keepValue, kindOfKey } from '../../src/upstream/guarded-keys.ts';
import { IdMapping, MAX_OPEN_TRANSACTIONS, withTransactionId } from '../../src/upstream/id-mapping.ts';
import { isThinnable, retryDelayMs, verdictOf } from '../../src/upstream/verdict.ts';

const failed = (code: string): CallOutcome => ({ kind: 'error', code, description: '', rawDetails: '{}' });

test.each<[CallOutcome, string]>([
  [{ kind: 'result', payload: {}, rawPayload: '{}' }, 'settled'],
  [{ kind: 'unanswered' }, 'again'],
  [{ kind: 'unsent', why: 'no link' }, 'again'],
  [failed('GenericError'), 'again'],
  [failed('InternalError'), 'again'],
  [failed('RpcFrameworkError'), 'again'],
  [failed('SecurityError'), 'boot-first'],
  [failed('NotImplemented'), 'poison'],
  [failed('NotSupported'), 'poison'],
  [failed('ProtocolError'), 'poison'],
  [failed('FormationViolation'), 'poison'],
  [failed('FormatViolation'), 'poison'],
  [failed('PropertyConstraintViolation'), 'poison'],
  [failed('OccurenceConstraintViolation'), 'poison'],
  [failed('OccurrenceConstraintViolation'), 'poison'],
  [failed('TypeConstraintViolation'), 'poison'],
  [failed('SomethingNew'), 'poison'],
])('upstream answers %j: %s', (outcome, verdict) => {
  expect(verdictOf(outcome)).toBe(verdict);
});

test('the pause grows by 5 s with every try, up to 5 min', () => {
  expect([1, 2, 3, 60, 61, 10_000].map(retryDelayMs)).toEqual([5_000, 10_000, 15_000, 300_000, 300_000, 300_000]);
});

test('the back-off doubles up to its most, and a refusal waits minutes', () => {
  expect([1, 2, 5, 6, 1_000].map((n) => backOffMs(n, false, 0))).toEqual([2_000, 4_000, 32_000, 60_000, 60_000]);
  expect([backOffMs(1, false, 0.5), backOffMs(1, true, 0), backOffMs(9, true, 0.5)]).toEqual([7_000, 300_000, 330_000]);
});

test.each<[unknown, boolean]>([
  [[{ sampledValue: [{ value: '1' }] }], true],
  [[{ sampledValue: [{ value: '1', context: 'Sample.Clock' }] }], true],
  [[{ sampledValue: [{ value: '1' }, { value: '1', context: 'Transaction.End' }] }], false],
  [[{ sampledValue: [{ value: '1', context: 'Transaction.Begin' }] }], false],
  [[], false],
  ['rubbish', false],
])('MeterValues with %j may be thinned out: %s', (meterValue, expected) => {
  expect(isThinnable({ action: 'MeterValues', payload: { meterValue } })).toBe(expected);
  expect(isThinnable({ action: 'StopTransaction', payload: { meterValue } })).toBe(false);
});

test.each([
  ['AuthorizationKey', 'guarded'],
  ['BasicAuthPassword', 'guarded'],
  ['SecurityProfile', 'guarded'],
  ['CentralSystemUrl', 'guarded'],
  ['CentralSystemURL', 'guarded'],
  ['OcppServerAddress', 'guarded'],
  ['BackendHost', 'guarded'],
  ['Server_Port', 'guarded'],
  ['ChargePointId', 'guarded'],
  ['ChargeBoxIdentity', 'guarded'],
  ['NetworkConfigurationPriority', 'guarded'],
  ['HeartbeatInterval', 'kept'],
  ['heartbeatinterval', 'kept'],
  ['MeterValueSampleInterval', 'kept'],
  ['WebSocketPingInterval', 'kept'],
  ['ConnectionTimeOut', 'station'],
  ['LocalPreAuthorize', 'station'],
  ['StopTransactionOnInvalidId', 'station'],
  ['ConnectorPhaseRotation', 'station'],
  ['SupportedFeatureProfiles', 'station'],
  ['AdditionalRootCertificateCheck', 'station'],
  ['constructor', 'station'],
])('the key %s is: %s', (key, kind) => {
  expect(kindOfKey(key)).toBe(kind);
});

test.each([
  ['HeartbeatInterval', '300', { HeartbeatInterval: '300' }],
  ['heartbeatInterval', '0', { HeartbeatInterval: '0' }],
  ['HeartbeatInterval', '-1', undefined],
  ['HeartbeatInterval', '', undefined],
  ['HeartbeatInterval', 300, undefined],
  ['MeterValuesSampledData', 'Current.Import,Voltage', { MeterValuesSampledData: 'Current.Import,Voltage' }],
  ['MeterValuesSampledData', 'x'.repeat(501), undefined],
])('keeping %s = %j gives %j', (key, value, expected) => {
  expect(keepValue({}, key, value)).toEqual(expected);
});

describe('ids', () => {
  function mapping() {
    const ids = new IdMapping();
    ids.opened({ localId: 1, connector: 1, upstreamId: 900 });
    ids.opened({ localId: 2, connector: 2 });
    return ids;
  }

  test.each([
    [900, 'known'],
    [1, 'collides'],
    [2, 'collides'],
    [4_711, 'foreign'],
  ])('upstream names %i: %s', (id, kind) => {
    expect(mapping().fromUpstream(id).kind).toBe(kind);
  });

  test("upstream's own number wins over one of ours that is the same", () => {
    const ids = mapping();
    ids.learnt(2, 1);
    expect(ids.fromUpstream(1)).toMatchObject({ kind: 'known', transaction: { localId: 2 } });
  });

  test('an ended transaction has no name any more', () => {
    const ids = mapping();
    ids.closed(1);
    expect([ids.fromUpstream(900).kind, ids.onConnector(1)]).toEqual(['foreign', undefined]);
  });

  test('at the bound the oldest is forgotten', () => {
    const ids = new IdMapping();
    for (let localId = 1; localId <= MAX_OPEN_TRANSACTIONS + 1; localId++) ids.opened({ localId, connector: 1 });
    expect([ids.isOpen(1), ids.isOpen(2), ids.isOpen(MAX_OPEN_TRANSACTIONS + 1)]).toEqual([false, true, true]);
  });

  test('only the outer id is exchanged', () => {
    const text = '{"a":{"transactionId":1}, "transactionId" : 1 }';
    expect(withTransactionId(text, 900)).toBe('{"a":{"transactionId":1}, "transactionId" : 900 }');
    expect(withTransactionId('{"a":1}', 900)).toBe('{"a":1}');
  });
});
