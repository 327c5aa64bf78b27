// OCPP 2.0.1 as one of the versions that stations may speak (2.0.1 Part 2 edition 3, Part 4).

import type { ChargingProfile } from '../../core/model/charging-profile.ts';
import { emptyAfterCopy, type Handler, type Handlers, type Office, result, type Version } from '../handlers.ts';
import type { Payload } from '../rpc/frames.ts';
import type { OwnCall, Triggered } from '../version.ts';
import { writeSetChargingProfile } from './profile.ts';
import {
  ConnectorStatuses,
  externalLimit,
  KEPT_VARIABLES,
  notifyEvent,
  notifyReport,
  statusNotification,
} from './reports.ts';
import { loadV201Schemas } from './schemas.ts';
import { TransactionDesk } from './transaction-desk.ts';
import { modelFrom } from './translate.ts';

/** The codes whose names 2.x has corrected (Part 4 §4.3). */
const SPELLINGS: ReadonlyMap<string, string> = new Map([
  ['FormationViolation', 'FormatViolation'],
  ['OccurenceConstraintViolation', 'OccurrenceConstraintViolation'],
]);
const MESSAGES: { readonly [T in Triggered]: string } = {
  BootNotification: 'BootNotification',
  Heartbeat: 'Heartbeat',
  // Samples of a transaction come in its events (F06).
  samples: 'TransactionEvent',
};

/** Rejects with `OCPP_SCHEMAS_MISSING`. */
export async function loadV201(): Promise<Version> {
  const schemas = await loadV201Schemas();
  return {
    handlers,
    wire: {
      name: '2.0.1',
      subprotocol: 'ocpp2.0.1',
      schemas,
      answersUnreadable: true,
      refusalOf: (action) => (schemas.has(action) ? 'NotSupported' : 'NotImplemented'),
      spell: (code) => SPELLINGS.get(code) ?? code,
      modelFrom,
      installCall: (evse, profile, clockSkewMs) => ({
        action: 'SetChargingProfile',
        payload: writeSetChargingProfile(evse, profile, clockSkewMs),
      }),
      remedies,
      stopCall: (transactionId) => ({ action: 'RequestStopTransaction', payload: { transactionId } }),
      triggerCall: (what, evse) => ({
        action: 'TriggerMessage',
        payload: { requestedMessage: MESSAGES[what], ...(evse === undefined ? {} : { evse: { id: evse } }) },
      }),
      settings: [
        { name: 'SampledDataCtrlr/TxUpdatedInterval', values: ['10', '30', '60'] },
        {
          name: 'SampledDataCtrlr/TxUpdatedMeasurands',
          values: [
            'Current.Import,Current.Offered,Voltage,Power.Active.Import,Energy.Active.Import.Register',
            'Current.Import,Power.Active.Import,Energy.Active.Import.Register',
            'Power.Active.Import,Energy.Active.Import.Register',
          ],
        },
      ],
      settingCall: (name, attributeValue) => ({
        action: 'SetVariables',
        payload: { setVariableData: [{ attributeValue, ...variableNamed(name) }] },
      }),
      isSettingTaken: ({ setVariableResult }) => {
        const [first] = Array.isArray(setVariableResult) ? (setVariableResult as readonly Payload[]) : [];
        return first?.attributeStatus === 'Accepted' || first?.attributeStatus === 'RebootRequired';
      },
      abilities: {
        ask: {
          action: 'GetVariables',
          payload: { getVariableData: KEPT_VARIABLES.map(variableNamed) },
        },
        // B07: the same variables, in NotifyReport, of a station that does not know GetVariables.
        askOtherwise: { action: 'GetBaseReport', payload: { requestId: 1, reportBase: 'FullInventory' } },
        read: abilitiesFrom,
        missing: missingAbilities,
      },
    },
  };
}

function variableNamed(name: string) {
  const [component = '', variable = ''] = name.split('/');
  return { component: { name: component }, variable: { name: variable } };
}

function abilitiesFrom({ getVariableResult }: Payload): { readonly [name: string]: string } {
  const results = Array.isArray(getVariableResult) ? (getVariableResult as readonly Payload[]) : [];
  return Object.fromEntries(
    results.flatMap(({ attributeStatus, attributeValue, component, variable }): [string, string][] => {
      const name = `${String((component as Payload | undefined)?.name)}/${String((variable as Payload | undefined)?.name)}`;
      const isTold =
        attributeStatus === 'Accepted' && typeof attributeValue === 'string' && KEPT_VARIABLES.includes(name);
      return isTold ? [[name, attributeValue]] : [];
    }),
  );
}

/** SmartChargingCtrlr: on, there, and with the unit that the model's profile says it obeys. */
function missingAbilities(told: { readonly [name: string]: string }, unit: 'A' | 'W'): readonly string[] {
  const isOff = (name: string) => told[name]?.toLowerCase() === 'false';
  const units = told['SmartChargingCtrlr/RateUnit']?.split(',').map((one) => one.trim().toUpperCase());
  return [
    ...['SmartChargingCtrlr/Enabled', 'SmartChargingCtrlr/Available'].filter(isOff),
    ...(units === undefined || units.includes(unit) ? [] : ['SmartChargingCtrlr/RateUnit']),
  ];
}

/**
 * A profile that somebody else has left in our place keeps ours out (K01.FR.06, FR.39), one on the whole station also those of its EVSEs
 * (FR.52, FR.53): it is cleared by purpose and level, never everything, and ours is said again at once.
 */
function remedies(evse: number, { purpose, stackLevel }: ChargingProfile, answer: Payload): readonly OwnCall[] {
  const { reasonCode } = (answer.statusInfo ?? {}) as Payload;
  if (answer.status !== 'Rejected' || String(reasonCode).toLowerCase() !== 'duplicateprofile') return [];
  const evses = purpose === 'TxDefaultProfile' ? [evse, 0] : [evse];
  return evses.map((evseId) => ({
    action: 'ClearChargingProfile',
    payload: { chargingProfileCriteria: { evseId, chargingProfilePurpose: purpose, stackLevel } },
  }));
}

function handlers(office: Office): Handlers {
  const desk = new TransactionDesk(office);
  const statuses = new ConnectorStatuses();
  const copy = emptyAfterCopy(office);
  return new Map<string, Handler>([
    ['Authorize', (registered, call) => desk.authorize(registered, call)],
    ['ClearedChargingLimit', externalLimit(office)],
    ['FirmwareStatusNotification', copy],
    // Contract certificates are the operator's affair, and no operator is asked here.
    ['Get15118EVCertificate', () => result({ status: 'Failed', exiResponse: '' })],
    ['GetCertificateStatus', () => result({ status: 'Failed' })],
    ['LogStatusNotification', copy],
    ['MeterValues', (registered, call) => desk.meterValues(registered, call)],
    ['NotifyChargingLimit', externalLimit(office)],
    ['NotifyCustomerInformation', copy],
    ['NotifyDisplayMessages', copy],
    // K15: a car's own schedule is not planned for; the station goes on under its profiles.
    ['NotifyEVChargingNeeds', () => result({ status: 'Rejected' })],
    ['NotifyEVChargingSchedule', () => result({ status: 'Accepted' })],
    ['NotifyEvent', notifyEvent(office, statuses)],
    ['NotifyMonitoringReport', copy],
    ['NotifyReport', notifyReport(office)],
    ['PublishFirmwareStatusNotification', copy],
    ['ReportChargingProfiles', copy],
    ['ReservationStatusUpdate', copy],
    ['StatusNotification', statusNotification(office, statuses)],
    ['TransactionEvent', (registered, call) => desk.event(registered, call)],
  ]);
}
