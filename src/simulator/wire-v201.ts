// OCPP 2.0.1 as the simulated station speaks it: its own small reading of the wire, so that it is an independent peer.

import type { ChargingProfile, ChargingProfilePurpose } from '../core/model/charging-profile.ts';
import type { EndReason, Payload, PlugStatus, Sample, StationWire, Told, TransactionMessage } from './station-wire.ts';

/** A station sets no constraints of the outside by SetChargingProfile (K01). */
const PURPOSES: readonly ChargingProfilePurpose[] = ['ChargingStationMaxProfile', 'TxDefaultProfile', 'TxProfile'];
const CONNECTOR = 1;

const CHARGING_STATES: Readonly<Record<PlugStatus, string>> = {
  Available: 'Idle',
  Preparing: 'EVConnected',
  Charging: 'Charging',
  SuspendedEV: 'SuspendedEV',
  SuspendedEVSE: 'SuspendedEVSE',
};
const END_TRIGGERS: Readonly<Record<EndReason, string>> = {
  EVDisconnected: 'EVCommunicationLost',
  Remote: 'RemoteStop',
  PowerLoss: 'AbnormalCondition',
  DeAuthorized: 'Deauthorized',
};

export const purposeOf = (text: unknown): ChargingProfilePurpose | undefined => PURPOSES.find((one) => one === text);

/** chargingProfile of SetChargingProfileRequest, or undefined when it makes no sense to this charger. */
function readProfile(wire: Payload | undefined): ChargingProfile | undefined {
  const [schedule, ...more] = (wire?.chargingSchedule ?? []) as readonly Payload[];
  const periods = schedule?.chargingSchedulePeriod as readonly Payload[] | undefined;
  const purpose = purposeOf(wire?.chargingProfilePurpose);
  if (!wire || !schedule || more.length > 0 || !periods?.length || !purpose) return undefined;
  // K01.FR.03: it is for a transaction, and says which.
  if (purpose === 'TxProfile' && typeof wire.transactionId !== 'string') return undefined;
  const time = (value: unknown) => (typeof value === 'string' ? Date.parse(value) : undefined);
  const optional = <K extends string, V>(key: K, value: V | undefined) =>
    value === undefined ? {} : ({ [key]: value } as { [P in K]: V });
  return {
    id: Number(wire.id),
    stackLevel: Number(wire.stackLevel),
    purpose,
    kind: wire.chargingProfileKind as ChargingProfile['kind'],
    ...optional('recurrency', wire.recurrencyKind as 'Daily' | 'Weekly' | undefined),
    ...optional('validFrom', time(wire.validFrom)),
    ...optional('validTo', time(wire.validTo)),
    ...optional('transactionId', wire.transactionId as string | undefined),
    schedule: {
      unit: schedule.chargingRateUnit as 'A' | 'W',
      ...optional('startSchedule', time(schedule.startSchedule)),
      ...optional('durationSeconds', schedule.duration as number | undefined),
      periods: periods.map((period) => ({
        startPeriodSeconds: Number(period.startPeriod),
        limit: Number(period.limit),
        ...optional('numberPhases', period.numberPhases as number | undefined),
      })),
    },
  };
}

function registerValue(energyWh: number, context: string) {
  return {
    value: Math.round(energyWh),
    context,
    measurand: 'Energy.Active.Import.Register',
    unitOfMeasure: { unit: 'Wh' },
  };
}

/** The sampled values that a sound charger sends; its powers in kilowatts, for a change. */
function sampledValues({ energyWh }: Told, { amps, offeredAmps, volts }: Sample): readonly Payload[] {
  const context = 'Sample.Periodic';
  const watts = amps.reduce((sum, one) => sum + one * volts, 0);
  const value = (number: number, digits: number, measurand: string, unit: string, more: object = {}) => ({
    value: Number(number.toFixed(digits)),
    context,
    measurand,
    unitOfMeasure: { unit },
    ...more,
  });
  return [
    ...amps.map((one, at) => value(one, 2, 'Current.Import', 'A', { phase: `L${at + 1}` })),
    value(offeredAmps, 1, 'Current.Offered', 'A'),
    value(watts / 1_000, 3, 'Power.Active.Import', 'kW'),
    registerValue(energyWh, context),
  ];
}

function mainsValues(amps: readonly number[], volts: number): readonly Payload[] {
  const value = (measurand: string, unit: string, number: number, phase?: string) => ({
    value: Number(number.toFixed(2)),
    context: 'Sample.Clock',
    location: 'Inlet',
    measurand,
    unitOfMeasure: { unit },
    ...(phase === undefined ? {} : { phase }),
  });
  return [
    ...amps.map((one, at) => value('Current.Import', 'A', Math.max(0, one), `L${at + 1}`)),
    ...amps.map((one, at) => value('Current.Export', 'A', Math.max(0, -one), `L${at + 1}`)),
    value(
      'Power.Active.Import',
      'W',
      amps.reduce((sum, one) => sum + one * volts, 0),
    ),
  ];
}

/** TransactionEventRequest; its sequence number is taken when it happens, not when it is sent. */
function event(
  told: Told,
  eventType: string,
  triggerReason: string,
  more: Payload,
  state = told.status,
): TransactionMessage {
  const { transaction, evse, timestamp, isOffline } = told;
  const { transactionInfo = {}, ...rest } = more;
  const payload = {
    eventType,
    timestamp,
    triggerReason,
    seqNo: transaction.events++,
    ...(isOffline ? { offline: true } : {}),
    transactionInfo: {
      transactionId: transaction.id,
      chargingState: CHARGING_STATES[state],
      ...(transactionInfo as Payload),
    },
    evse: { id: evse, connectorId: CONNECTOR },
    ...rest,
  };
  return { action: 'TransactionEvent', payload: () => payload, isSample: triggerReason === 'MeterValuePeriodic' };
}

const idTokenOf = (idTag: string) => ({ idToken: idTag, type: 'ISO14443' });

export const wireV201: StationWire = {
  version: '2.0.1',
  subprotocol: 'ocpp2.0.1',
  boot: {
    reason: 'PowerUp',
    chargingStation: { vendorName: 'Busbar', model: 'Simulated station', firmwareVersion: '1.0' },
  },
  authorize: (idTag) => ({ idToken: idTokenOf(idTag) }),
  isWelcome: ({ idTokenInfo }) => (idTokenInfo as Payload | undefined)?.status === 'Accepted',
  status: (evse, status) =>
    evse === 0
      ? undefined
      : { evseId: evse, connectorId: CONNECTOR, connectorStatus: status === 'Available' ? 'Available' : 'Occupied' },
  transactionId: (drawn) =>
    `sim-${Math.floor(drawn * 2 ** 48)
      .toString(16)
      .padStart(12, '0')}`,
  begun: (told) => {
    const { idTag, meterStartWh } = told.transaction;
    const meterValue = [
      { timestamp: told.timestamp, sampledValue: [registerValue(meterStartWh, 'Transaction.Begin')] },
    ];
    return event(told, 'Started', 'Authorized', { idToken: idTokenOf(idTag), meterValue });
  },
  mains: (timestamp, amps, volts) => ({
    evseId: 0,
    meterValue: [{ timestamp, sampledValue: mainsValues(amps, volts) }],
  }),
  begunAnswered: () => {},
  sampled: (told, sample) => {
    const meterValue = [{ timestamp: told.timestamp, sampledValue: sampledValues(told, sample) }];
    return event(told, 'Updated', 'MeterValuePeriodic', { meterValue });
  },
  ended: (told, reason) => {
    const sampledValue = [registerValue(told.energyWh, 'Transaction.End')];
    const more = {
      transactionInfo: { stoppedReason: reason },
      meterValue: [{ timestamp: told.timestamp, sampledValue }],
    };
    const isPlugged = reason !== 'EVDisconnected';
    return event(told, 'Ended', END_TRIGGERS[reason], more, isPlugged ? 'Preparing' : 'Available');
  },
  changed: (told) => event(told, 'Updated', 'ChargingStateChanged', {}),
  readInstall: ({ evseId, chargingProfile }) => {
    const profile = readProfile(chargingProfile as Payload | undefined);
    return { evse: Number(evseId), ...(profile ? { profile } : {}) };
  },
};
