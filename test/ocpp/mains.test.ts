// A station's own main meter: what is read out of MeterValues of connector 0, and what becomes of it in the image and in control.
import { describe, expect, onTestFinished, test } from 'vitest';
import type { StationMeter } from '../../src/core/model/site-meters.ts';
import type { MainsSample, StationLink, StationState } from '../../src/core/model/snapshot.ts';
import type { MainsSource } from '../../src/engine/ports.ts';
import { StationMeters } from '../../src/meters/station-meters.ts';
import { readMains } from '../../src/ocpp/v16/meter-values.ts';
import { readMains as readMainsV201 } from '../../src/ocpp/v201/meter-values.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { Bench } from '../support/station-bench.ts';

type Value = { readonly [field: string]: string };
const amps = (value: string, phase?: string, parts: object = {}): Value => ({
  measurand: 'Current.Import',
  value,
  ...(phase ? { phase } : {}),
  ...parts,
});
const mainsOf = (...sampledValue: Value[]) => readMains([{ timestamp: 't', sampledValue }]);

test('the main meter of a station of OCPP 2.0.1 says the same', () => {
  const current = (value: number, phase: string, parts: object = {}) => ({
    measurand: 'Current.Import',
    value,
    phase,
    ...parts,
  });
  const sampledValue = [
    current(10, 'L1'),
    current(11, 'L2-N', { location: 'Inlet' }),
    current(0.012, 'L3', { unitOfMeasure: { unit: 'kA' } }),
    current(99, 'L3', { location: 'Outlet' }),
    { measurand: 'Current.Export', value: 14, phase: 'L2' },
  ];
  expect(readMainsV201([{ timestamp: 't', sampledValue }])).toEqual({ amps: [10, -3, 12], timestamp: 't' });
  expect(
    readMainsV201([{ timestamp: 't', sampledValue: [current(99, 'L1', { location: 'Outlet' })] }]),
  ).toBeUndefined();
});

describe('the main meter of a station', () => {
  const three = [amps('10', 'L1'), amps('11', 'L2-N'), amps('12', 'L3')];
  test.each<[string, Value[], object | undefined]>([
    ['per phase', three, { amps: [10, 11, 12], timestamp: 't' }],
    ['at the inlet', three.map((one) => ({ ...one, location: 'Inlet' })), { amps: [10, 11, 12], timestamp: 't' }],
    ['not at an outlet', three.map((one) => ({ ...one, location: 'Outlet' })), undefined],
    ['nor in a cable', three.map((one) => ({ ...one, location: 'Cable' })), undefined],
    ['of one phase', [amps('4', 'L1')], { amps: [4, undefined, undefined], timestamp: 't' }],
    ['a current without a phase is none', [amps('30')], undefined],
    [
      'less what is exported',
      [...three, { measurand: 'Current.Export', value: '14', phase: 'L2' }],
      { amps: [10, -3, 12], timestamp: 't' },
    ],
    ['an export alone is none', [{ measurand: 'Current.Export', value: '14', phase: 'L1' }], undefined],
    ['signed data are none', three.map((one) => ({ ...one, format: 'SignedData' })), undefined],
    ['words are none', [amps('ten', 'L1')], undefined],
    [
      'with volts, power and energy',
      [
        ...three,
        { measurand: 'Voltage', value: '231', phase: 'L1-N' },
        { measurand: 'Power.Active.Import', value: '7.5', unit: 'kW' },
        { measurand: 'Power.Active.Export', value: '500', unit: 'W' },
        { measurand: 'Power.Active.Import', value: '2400', phase: 'L3' },
        { value: '12.5', unit: 'kWh' },
      ],
      {
        amps: [10, 11, 12],
        volts: [231, undefined, undefined],
        watts: [undefined, undefined, 2_400],
        totalWatts: 7_000,
        energyImportWh: 12_500,
        timestamp: 't',
      },
    ],
  ])('%s', (_story, values, expected) => {
    expect(mainsOf(...values)).toEqual(expected);
  });

  test('of several meter values the last one with a current rules', () => {
    const values = [
      { timestamp: 'a', sampledValue: [amps('1', 'L1')] },
      { timestamp: 'b', sampledValue: [amps('2', 'L1')] },
      { timestamp: 'c', sampledValue: [{ value: '5' }] },
    ];
    expect(readMains(values)).toMatchObject({ amps: [2, undefined, undefined], timestamp: 'b' });
  });

  test('is in the image of a real connection, and never taken for what a car draws', async () => {
    const bench = await new Bench().start();
    onTestFinished(() => bench.stop());
    const client = await bench.strictStation('A');
    await client.call('BootNotification', { chargePointVendor: 'v', chargePointModel: 'm' });
    const stamp = new Date(Date.now() - 3_000).toISOString();
    const value = (phase: string, text: string) => ({ value: text, measurand: 'Current.Import', unit: 'A', phase });
    const meterValue = [{ timestamp: stamp, sampledValue: [value('L1', '7'), value('L2', '8'), value('L3', '9')] }];
    await client.call('MeterValues', { connectorId: 0, meterValue });
    const { mains, evses } = bench.gateway.state('A')!;
    expect(mains!.amps).toEqual([7, 8, 9]);
    const ageMs = performance.timeOrigin + performance.now() - mains!.measuredAt;
    expect(ageMs).toBeGreaterThan(2_500);
    expect(ageMs).toBeLessThan(15_000);
    expect(evses.every(({ drawn }) => drawn === undefined)).toBe(true);
    const older = [{ ...meterValue[0], timestamp: new Date(Date.now() - 60_000).toISOString() }];
    await client.call('MeterValues', { connectorId: 0, meterValue: older });
    expect(bench.gateway.state('A')!.mains).toBe(mains);
  });
});

describe('in control', () => {
  const meter: StationMeter = {
    from: 'station',
    id: 'garage',
    name: 'Garage',
    station: 'A',
    maxAgeMs: 10_000,
    plausibleAmps: 100,
    phases: ['L2', 'L3', 'L1'],
  };

  function control(part: Partial<StationMeter> = {}) {
    const clock = new VirtualClock();
    let link: StationLink = { state: 'connected', since: clock.now(), connection: 1 };
    let mains: MainsSample | undefined;
    let told: (station: string) => void = () => {};
    const states = (): { [id: string]: StationState } => ({
      A: { station: 'A', link, evses: [], upstreamProfiles: [], upstreamLink: 'none', ...(mains ? { mains } : {}) },
    });
    const onMains = (listener: typeof told) => {
      told = listener;
    };
    const source: MainsSource = { states, onMains };
    const site = { meters: [{ ...meter, ...part }], nominalVolts: 230 };
    const port = new StationMeters({ clock, log: silentLog }, site, source);
    let readings = 0;
    port.onReading(() => {
      readings += 1;
    });
    return {
      clock,
      state: () => port.states().garage!,
      readings: () => readings,
      say: (values: Partial<MainsSample>) => {
        mains = { amps: [1, 2, 3], measuredAt: clock.now(), ...values };
        told('A');
      },
      again: () => told('A'),
      leave: () => {
        link = { state: 'disconnected', since: clock.now(), connection: 1 };
      },
    };
  }

  test('its own phases are those of the grid behind them, and the same sample counts once', () => {
    const { say, again, state, readings, clock } = control();
    say({ amps: [1, 2, 3], watts: [10, 20, 30], volts: [230, 231, 232], totalWatts: 60, energyImportWh: 5 });
    again();
    expect(readings()).toBe(1);
    expect(state().reading).toMatchObject({
      currentAmps: { L2: 1, L3: 2, L1: 3 },
      powerWatts: { L2: 10, L3: 20, L1: 30 },
      volts: { L2: 230, L3: 231, L1: 232 },
      totalPowerWatts: 60,
      measuredAt: clock.now(),
    });
  });

  test.each<[string, Partial<StationMeter>, readonly (number | undefined)[], string | undefined]>([
    ['a current is missing', {}, [1, undefined, 3], 'absurd'],
    ['of a phase that it has not', { phases: ['L3'] }, [1, undefined, undefined], undefined],
    ['a current cannot be', {}, [1, 2, 101], 'absurd'],
  ])('%s', (_story, part, amps1, kind) => {
    const { say, state } = control(part);
    say({ amps: amps1 });
    expect(state().suspicion?.kind).toBe(kind);
    expect(state().reading === undefined).toBe(kind !== undefined);
  });

  test('with the station gone it is lost at once', async () => {
    const { say, state, leave, clock } = control();
    say({});
    await clock.advance(1_000);
    leave();
    await clock.advance(1);
    const { reading, suspicion } = state();
    expect(reading!.until).toEqual({ fresh: clock.now() - 1, held: clock.now() - 1 });
    expect(suspicion).toEqual({ kind: 'unreachable', detail: 'A is not connected', since: clock.now() - 1 });
  });
});
