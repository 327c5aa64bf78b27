// What a simulated station of OCPP 2.0.1 answers to the CALLs of its central system, and what it does about them (Part 2, B to K).

import type { InstalledProfile } from '../core/model/charging-profile.ts';
import type { ClearFilter } from './profile-memory.ts';
import type { CallAnswer } from './rpc-client.ts';
import type { Installing } from './smart-charging.ts';
import type { AnswerOptions } from './station-answers.ts';
import type { Payload } from './station-wire.ts';
import { purposeOf, wireV201 } from './wire-v201.ts';

/** Its variables, and the setting of the simulated station behind each. */
const VARIABLES: Readonly<Record<string, string>> = {
  'OCPPCommCtrlr/HeartbeatInterval': 'HeartbeatInterval',
  'SampledDataCtrlr/TxUpdatedInterval': 'MeterValueSampleInterval',
  'SampledDataCtrlr/TxUpdatedMeasurands': 'MeterValuesSampledData',
  'SmartChargingCtrlr/PeriodsPerSchedule': 'ChargingScheduleMaxPeriods',
  'SmartChargingCtrlr/ProfileStackLevel': 'ChargeProfileMaxStackLevel',
};

/** Does what a CALL asks and gives the answer; undefined: the model breaks on the question and gives none. */
export function answerCallV201(station: AnswerOptions, action: string, payload: Payload): CallAnswer | undefined {
  const { charging, transactions, evses } = station;
  switch (action) {
    case 'SetChargingProfile':
      return install(station, wireV201.readInstall(payload));
    case 'ClearChargingProfile':
      return { status: charging.clear(clearFilterFrom(payload)) };
    case 'SetVariables':
      return {
        setVariableResult: (payload.setVariableData as readonly Payload[]).map((one) => setVariable(station, one)),
      };
    case 'GetVariables':
      if (station.model.rebootsWhenAsked) {
        station.reboot();
        return undefined;
      }
      return {
        getVariableResult: (payload.getVariableData as readonly Payload[]).map((one) => getVariable(station, one)),
      };
    case 'TriggerMessage':
      return trigger(station, payload);
    case 'RequestStopTransaction': {
      const evse = evses.find((one) => one.transaction && one.transaction.id === payload.transactionId);
      if (!evse) return { status: 'Rejected', statusInfo: { reasonCode: 'TxNotFound' } };
      transactions.end(evse, 'Remote');
      return { status: 'Accepted' };
    }
    case 'ChangeAvailability':
    case 'ClearCache':
      return { status: 'Accepted' };
    case 'Reset':
      station.reboot();
      return { status: 'Accepted' };
    default:
      return { error: 'NotSupported' };
  }
}

function install({ charging }: AnswerOptions, asked: Installing): Payload {
  if (isDuplicate(charging.memory.all(), asked))
    return { status: 'Rejected', statusInfo: { reasonCode: 'DuplicateProfile' } };
  return { status: charging.set(asked) };
}

/** K01.FR.05, FR.06, FR.39, FR.52, FR.53: only the same id replaces; another in its place is refused. */
function isDuplicate(installed: readonly InstalledProfile[], { evse, profile }: Installing): boolean {
  if (!profile) return false;
  return installed.some(({ evse: on, profile: other }) => {
    if (other.id === profile.id || other.purpose !== profile.purpose || other.stackLevel !== profile.stackLevel)
      return false;
    const isSamePlace = on === evse || (profile.purpose === 'TxDefaultProfile' && (on === 0 || evse === 0));
    return isSamePlace && other.transactionId === profile.transactionId;
  });
}

function clearFilterFrom({ chargingProfileId, chargingProfileCriteria = {} }: Payload): ClearFilter {
  const { evseId, chargingProfilePurpose, stackLevel } = chargingProfileCriteria as Payload;
  const purpose = purposeOf(chargingProfilePurpose);
  return {
    ...(chargingProfileId === undefined ? {} : { id: Number(chargingProfileId) }),
    ...(evseId === undefined ? {} : { evse: Number(evseId) }),
    ...(purpose === undefined ? {} : { purpose }),
    ...(stackLevel === undefined ? {} : { stackLevel: Number(stackLevel) }),
  };
}

const nameOf = ({ component, variable }: Payload) =>
  `${String((component as Payload).name)}/${String((variable as Payload).name)}`;

function setVariable({ configuration }: AnswerOptions, data: Payload): Payload {
  const { component, variable, attributeValue } = data;
  const key = VARIABLES[nameOf(data)];
  const status = key === undefined ? 'UnknownVariable' : configuration.set(key, String(attributeValue));
  return { attributeStatus: status === 'NotSupported' ? 'UnknownVariable' : status, component, variable };
}

function getVariable({ configuration, model }: AnswerOptions, data: Payload): Payload {
  const { component, variable } = data;
  const name = nameOf(data);
  const key = VARIABLES[name];
  const [found] = key === undefined ? [] : (configuration.read([key]).configurationKey as readonly Payload[]);
  const own: Readonly<Record<string, string>> = {
    'SmartChargingCtrlr/Enabled': 'true',
    'SmartChargingCtrlr/Available': 'true',
    'SmartChargingCtrlr/RateUnit': model.unit,
  };
  const attributeValue = own[name] ?? (found?.value as string | undefined);
  if (attributeValue === undefined) return { attributeStatus: 'UnknownVariable', component, variable };
  return { attributeStatus: 'Accepted', attributeValue, component, variable };
}

function trigger(station: AnswerOptions, { requestedMessage, evse }: Payload): Payload {
  const { evses, registration, transactions, status } = station;
  const number = (evse as { id?: number } | undefined)?.id;
  const asked = evses.filter((one) => number === undefined || number === one.evse.number);
  switch (requestedMessage) {
    case 'BootNotification':
      registration.boot();
      return { status: 'Accepted' };
    case 'Heartbeat':
      registration.heartbeat();
      return { status: 'Accepted' };
    case 'TransactionEvent':
      if (asked.every((one) => !one.transaction)) return { status: 'Rejected' };
      for (const one of asked) transactions.sample(one);
      return { status: 'Accepted' };
    case 'StatusNotification':
      for (const one of asked) status.tellAgain(one);
      return { status: 'Accepted' };
    default:
      return { status: 'NotImplemented' };
  }
}
