// Station, gateway, upstream and a CSMS of somebody else's making, all on real sockets: what one says the other gets, and no frame of ours
// breaks a schema in either direction.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SimulatedStation } from '../../src/simulator/station.ts';
import { systemRandom } from '../../src/system/clock.ts';
import { Upstream } from '../../src/upstream/upstream.ts';
import { dial } from '../support/dial.ts';
import { HeldClock } from '../support/held-clock.ts';
import { buildSite } from '../support/site-builder.ts';
import { Bench, BOOT, command, KEY } from '../support/station-bench.ts';
import { StrictCsms } from '../support/strict-csms.ts';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
let csms: StrictCsms;
let bench: Bench;
let upstream: Upstream;
let clock: HeldClock;
let station: SimulatedStation | undefined;

beforeEach(async () => {
  csms = await new StrictCsms().start();
  clock = new HeldClock('simulator.meter', 'upstream.heartbeat');
  bench = new Bench({
    clock,
    upstream: (store) => {
      const ports = { store, stations: () => bench.gateway, dial };
      upstream = new Upstream({ clock, random: systemRandom, log }, buildSite(), { url: csms.url }, ports);
      return upstream;
    },
  });
  await upstream.start(new AbortController().signal);
  await bench.start();
});

afterEach(async () => {
  await station?.stop();
  station = undefined;
  await bench.stop();
  await upstream.stop();
  await csms.stop();
});

const car = { phases: 3, maxAmps: 16, minAmps: 6, batteryWh: 50_000 } as const;

test('a simulated station boots, charges under a limit and stops; the strict CSMS finds no fault', async () => {
  station = new SimulatedStation({
    surroundings: { clock, random: systemRandom, log },
    site: bench.site,
    station: bench.site.stations[0]!,
    dial,
    url: bench.endpoint,
    key: KEY,
  });
  station.start();
  await csms.until(() => csms.of('StatusNotification').length === 2);
  await station.plugIn('A/1', car, 1_000, 'TAG');
  await csms.until(() => csms.of('StartTransaction').length === 1);
  const { evses } = await bench.until('A', (state) => state.evses[0]!.transaction !== undefined);
  expect(evses[0]!.transaction!.id).toBe('1');

  bench.gateway.send([command('A', { role: 'floor', limitAmps: 6 }), command('A', { limitAmps: 10 })]);
  await bench.until('A', (state) => state.evses[0]!.lease?.state === 'accepted');
  expect(await csms.call('SetChargingProfile', upstreamProfile)).toEqual({ status: 'Accepted' });
  expect(await csms.call('GetCompositeSchedule', { connectorId: 1, duration: 60 })).toMatchObject({
    status: 'Accepted',
    chargingSchedule: { chargingSchedulePeriod: [{ limit: 32 }] },
  });
  expect(bench.state('A').upstreamProfiles).toHaveLength(1);
  expect(station.memory.all().map(({ profile }) => profile.schedule.periods[0]!.limit)).toEqual([6, 10]);
  expect((await csms.call('GetConfiguration', {})).configurationKey.length).toBeGreaterThan(3);
  expect(await csms.call('ClearChargingProfile', {})).toEqual({ status: 'Accepted' });
  expect(station.memory.all()).toHaveLength(2);

  await clock.run('simulator.meter');
  await csms.until(() => csms.of('MeterValues').length === 1);
  expect(csms.of('MeterValues')[0].transactionId).toBe(500_001);
  expect(await csms.call('RemoteStopTransaction', { transactionId: 500_001 })).toEqual({ status: 'Accepted' });
  await csms.until(() => csms.of('StopTransaction').length === 1);
  expect(csms.of('StopTransaction')[0]).toMatchObject({ transactionId: 500_001, reason: 'Remote' });
  await clock.run('upstream.heartbeat');
  await csms.until(() => csms.of('Heartbeat').length === 1);
  expect(csms.faults).toEqual([]);
});

test('a strict station is started from afar, limited and stopped: neither side finds a fault', async () => {
  const limits: number[] = [];
  const said: Promise<unknown>[] = [];
  const limited = Promise.withResolvers<void>();
  const client = await bench.strictStation('A', {
    RemoteStartTransaction: ({ connectorId, idTag, chargingProfile }) => {
      expect(chargingProfile).toBeUndefined();
      const timestamp = new Date().toISOString();
      said.push(client.call('StartTransaction', { connectorId, idTag, meterStart: 0, timestamp }));
      return { status: 'Accepted' };
    },
    SetChargingProfile: ({ csChargingProfiles }) => {
      limits.push(csChargingProfiles.chargingSchedule.chargingSchedulePeriod[0].limit);
      limited.resolve();
      return { status: 'Accepted' };
    },
    RemoteStopTransaction: ({ transactionId }) => {
      const timestamp = new Date().toISOString();
      said.push(client.call('StopTransaction', { transactionId, meterStop: 9, timestamp }));
      return { status: 'Accepted' };
    },
  });
  await client.call('BootNotification', BOOT);
  await client.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' });
  const remoteStart = {
    connectorId: 1,
    idTag: 'TAG',
    chargingProfile: { ...upstreamProfile.csChargingProfiles, chargingProfilePurpose: 'TxProfile' },
  };
  expect(await csms.call('RemoteStartTransaction', remoteStart)).toEqual({ status: 'Accepted' });
  await bench.until('A', (state) => state.evses[0]!.transaction !== undefined);
  expect(bench.gateway.send([command('A', { limitAmps: 13.37 })])).toEqual({ refused: [] });
  await limited.promise;
  await bench.until('A', (state) => state.upstreamProfiles.length === 1);
  expect(bench.state('A').upstreamProfiles[0]!.profile).toMatchObject({ purpose: 'TxProfile', transactionId: '1' });
  expect(await csms.call('RemoteStopTransaction', { transactionId: 500_001 })).toEqual({ status: 'Accepted' });
  await csms.until(() => csms.of('StopTransaction').length === 1);
  await bench.until('A', (state) => state.evses[0]!.transaction === undefined && state.upstreamProfiles.length === 0);
  await Promise.all(said);
  expect(said).toHaveLength(2);
  expect(limits).toEqual([13.3]);
  expect([...bench.strictFaults, ...csms.faults]).toEqual([]);
});

const upstreamProfile = {
  connectorId: 1,
  csChargingProfiles: {
    chargingProfileId: 9,
    stackLevel: 0,
    chargingProfilePurpose: 'TxDefaultProfile',
    chargingProfileKind: 'Relative',
    chargingSchedule: { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 80 }] },
  },
};
