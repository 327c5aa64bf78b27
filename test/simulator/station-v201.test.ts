// The simulated station of OCPP 2.0.1: what it says follows the official schemas, and it takes profiles as a strict station would.
import { describe, expect, test } from 'vitest';
import { loadV201Schemas } from '../../src/ocpp/v201/schemas.ts';
import type { Payload } from '../../src/simulator/station-wire.ts';
import { CAR, ZooBench } from '../support/zoo-bench.ts';

const schemas = await loadV201Schemas();

function bench201(): ZooBench {
  const bench = new ZooBench({ ocpp: ['2.0.1'] });
  bench.answers.Authorize = () => ({ idTokenInfo: { status: 'Accepted' } });
  bench.answers.TransactionEvent = () => ({ idTokenInfo: { status: 'Accepted' } });
  return bench;
}

type Event = {
  eventType: string;
  seqNo: number;
  offline?: boolean;
  triggerReason: string;
  transactionInfo: { transactionId: string; chargingState: string; stoppedReason?: string };
  meterValue?: { sampledValue: { measurand: string; value: number }[] }[];
};
const events = (bench: ZooBench) => bench.of('TransactionEvent') as unknown as Event[];

const limit = (amps: number, part: Payload = {}, evseId = 1) => ({
  evseId,
  chargingProfile: {
    id: 1,
    stackLevel: 0,
    chargingProfilePurpose: 'TxDefaultProfile',
    chargingProfileKind: 'Absolute',
    chargingSchedule: [
      {
        id: 1,
        startSchedule: '2020-01-01T00:00:00Z',
        chargingRateUnit: 'A',
        chargingSchedulePeriod: [{ startPeriod: 0, limit: amps }],
      },
    ],
    ...part,
  },
});

/** The status, and the reason where one is given. */
async function told(bench: ZooBench, action: string, payload: Payload): Promise<string> {
  const answer = await bench.call(action, payload);
  if (!answer.ok) return answer.code;
  expect([action, schemas.check('outbound', action, 'Response', answer.payload)]).toEqual([action, undefined]);
  const { status, statusInfo } = answer.payload as { status: string; statusInfo?: { reasonCode: string } };
  return statusInfo ? `${status} ${statusInfo.reasonCode}` : status;
}

test('speaks 2.0.1 where its site leaves it nothing else', async () => {
  const [alone, both] = [await bench201().booted(), await new ZooBench({ ocpp: ['2.0.1', '1.6'] }).booted()];
  expect([alone.knocks[0]!.subprotocol, both.knocks[0]!.subprotocol]).toEqual(['ocpp2.0.1', 'ocpp1.6']);
});

describe('a day without trouble', () => {
  test('every message follows its schema, and events are numbered without a gap', async () => {
    const bench = await bench201().charging();
    await told(bench, 'SetChargingProfile', limit(0));
    await bench.run(30_000);
    await told(bench, 'TriggerMessage', { requestedMessage: 'TransactionEvent', evse: { id: 1 } });
    bench.station.unplug('A/1');
    await bench.run(2_000);
    for (const { action, payload } of bench.heard)
      expect([action, schemas.check('outbound', action, 'Request', payload)]).toEqual([action, undefined]);
    const all = events(bench);
    expect(all.map(({ seqNo }) => seqNo)).toEqual(all.map((_event, at) => at));
    expect([all[0]!.eventType, all.at(-1)!.eventType]).toEqual(['Started', 'Ended']);
    expect(new Set(all.map(({ transactionInfo }) => transactionInfo.transactionId)).size).toBe(1);
    const states = all.map(({ transactionInfo }) => transactionInfo.chargingState);
    expect(states.filter((state, at) => state !== states[at - 1])).toEqual([
      'SuspendedEV',
      'Charging',
      'SuspendedEVSE',
      'Idle',
    ]);
    expect(all.at(-1)!.transactionInfo.stoppedReason).toBe('EVDisconnected');
    expect(bench.of('StatusNotification').map(({ connectorStatus }) => connectorStatus)).toEqual([
      'Available',
      'Occupied',
      'Available',
    ]);
  });

  test('a driver who is refused gets nothing, before or after the start', async () => {
    const before = await bench201().booted();
    before.answers.Authorize = () => ({ idTokenInfo: { status: 'Blocked' } });
    await before.plugIn();
    expect([before.evse.drawn()[0], events(before).length]).toEqual([0, 0]);
    const after = await bench201().booted();
    after.answers.TransactionEvent = () => ({ idTokenInfo: { status: 'Invalid' } });
    await after.plugIn();
    expect(events(after).at(-1)).toMatchObject({
      eventType: 'Ended',
      transactionInfo: { stoppedReason: 'DeAuthorized' },
    });
    expect(after.evse.drawn()[0]).toBe(0);
  });

  test('what happens off-line is told afterwards, in order, and says so', async () => {
    const bench = await bench201().booted();
    bench.die();
    await bench.run(1_000);
    await bench.plugIn(CAR);
    bench.listen();
    await bench.run(30_000);
    const all = events(bench);
    expect(all[0]).toMatchObject({ eventType: 'Started', seqNo: 0, offline: true });
    expect(all.at(-1)).not.toHaveProperty('offline');
    expect(all.map(({ seqNo }) => seqNo)).toEqual(all.map((_event, at) => at));
  });

  test('is stopped from afar by its own id alone', async () => {
    const bench = await bench201().charging();
    const { transactionId } = events(bench)[0]!.transactionInfo;
    expect(await told(bench, 'RequestStopTransaction', { transactionId: 'other' })).toBe('Rejected TxNotFound');
    expect(await told(bench, 'RequestStopTransaction', { transactionId })).toBe('Accepted');
    await bench.run(1_000);
    expect(events(bench).at(-1)).toMatchObject({ eventType: 'Ended', triggerReason: 'RemoteStop' });
  });
});

describe('profiles', () => {
  const txProfile = (transactionId: string | undefined, id = 2) => ({
    id,
    chargingProfilePurpose: 'TxProfile',
    ...(transactionId === undefined ? {} : { transactionId }),
  });

  test('a TxProfile needs the id of the running transaction, rules over the default and goes with it', async () => {
    const bench = await bench201().charging();
    const { transactionId } = events(bench)[0]!.transactionInfo;
    expect(await told(bench, 'SetChargingProfile', limit(6))).toBe('Accepted');
    expect(await told(bench, 'SetChargingProfile', limit(10, txProfile(undefined)))).toBe('Rejected');
    expect(await told(bench, 'SetChargingProfile', limit(10, txProfile('other')))).toBe('Rejected');
    expect(await told(bench, 'SetChargingProfile', limit(10, txProfile(transactionId)))).toBe('Accepted');
    await bench.run(10_000);
    expect(bench.truth.limitAmps).toBe(10);
    bench.station.unplug('A/1');
    await bench.plugIn();
    expect(bench.truth.limitAmps).toBe(6);
  });

  test('only the same id replaces: another in its place is a duplicate until it is cleared there', async () => {
    const bench = await bench201().booted();
    expect(await told(bench, 'SetChargingProfile', limit(16, { id: 77 }, 0))).toBe('Accepted');
    expect(await told(bench, 'SetChargingProfile', limit(6))).toBe('Rejected DuplicateProfile');
    expect(await told(bench, 'SetChargingProfile', limit(6, { stackLevel: 1 }))).toBe('Accepted');
    const criteria = { evseId: 0, chargingProfilePurpose: 'TxDefaultProfile', stackLevel: 0 };
    expect(await told(bench, 'ClearChargingProfile', { chargingProfileCriteria: criteria })).toBe('Accepted');
    expect(await told(bench, 'ClearChargingProfile', { chargingProfileCriteria: criteria })).toBe('Unknown');
    expect(bench.station.memory.all().map(({ profile }) => profile.stackLevel)).toEqual([1]);
    expect(await told(bench, 'SetChargingProfile', limit(6, { id: 5 }))).toBe('Accepted');
    expect(await told(bench, 'SetChargingProfile', limit(8, { id: 5 }))).toBe('Accepted');
    expect(await told(bench, 'ClearChargingProfile', { chargingProfileId: 5 })).toBe('Accepted');
  });

  test('variables are set and read by name', async () => {
    const bench = await bench201().booted();
    const variable = (component: string, name: string) => ({ component: { name: component }, variable: { name } });
    const interval = variable('SampledDataCtrlr', 'TxUpdatedInterval');
    const level = variable('SmartChargingCtrlr', 'ProfileStackLevel');
    const set = await bench.call('SetVariables', {
      setVariableData: [
        { attributeValue: '30', ...interval },
        { attributeValue: '3', ...level },
        { attributeValue: '3', ...variable('Nobody', 'Knows') },
      ],
    });
    const results = (answer: typeof set, list: string) =>
      answer.ok ? (answer.payload[list] as { attributeStatus: string; attributeValue?: string }[]) : [];
    expect(results(set, 'setVariableResult').map((one) => one.attributeStatus)).toEqual([
      'Accepted',
      'Rejected',
      'UnknownVariable',
    ]);
    const asked = [interval, variable('SmartChargingCtrlr', 'RateUnit'), variable('Nobody', 'Knows')];
    const read = await bench.call('GetVariables', { getVariableData: asked });
    expect(results(read, 'getVariableResult').map((one) => one.attributeValue)).toEqual(['30', 'A', undefined]);
    expect(await told(bench, 'GetBaseReport', { requestId: 1, reportBase: 'FullInventory' })).toBe('NotSupported');
  });
});
