// What a simulated station of OCPP 1.6 answers to the CALLs of its central system, and what it does about them (§5, §9).

import type { ClearFilter } from './profile-memory.ts';
import type { CallAnswer } from './rpc-client.ts';
import type { SimulatedEvse } from './simulated-evse.ts';
import type { SmartCharging } from './smart-charging.ts';
import type { StationConfiguration } from './station-configuration.ts';
import type { Registration } from './station-registration.ts';
import type { StationStatus } from './station-status.ts';
import type { StationTransactions } from './station-transactions.ts';
import type { Payload } from './station-wire.ts';
import { purposeOf, wireV16 } from './wire-v16.ts';
import type { Model } from './zoo.ts';

export type AnswerOptions = {
  readonly model: Model;
  readonly evses: readonly SimulatedEvse[];
  readonly charging: SmartCharging;
  readonly configuration: StationConfiguration;
  readonly transactions: StationTransactions;
  readonly registration: Registration;
  readonly status: StationStatus;
  /** Restarts, in a later turn. */
  readonly reboot: () => void;
};

/** Does what a CALL asks and gives the answer; undefined: the model breaks on the question and gives none. */
export function answerCall(station: AnswerOptions, action: string, payload: Payload): CallAnswer | undefined {
  const { charging, configuration, transactions, evses } = station;
  switch (action) {
    case 'SetChargingProfile':
      return { status: charging.set(wireV16.readInstall(payload)) };
    case 'ClearChargingProfile':
      return { status: charging.clear(clearFilterFrom(payload)) };
    case 'ChangeConfiguration':
      return { status: configuration.set(String(payload.key), String(payload.value)) };
    case 'GetConfiguration':
      if (station.model.rebootsWhenAsked) {
        station.reboot();
        return undefined;
      }
      return configuration.read(payload.key as readonly string[] | undefined);
    case 'TriggerMessage':
      return trigger(station, payload);
    case 'RemoteStartTransaction': {
      const evse = evses.find((one) => one.evse.number === Number(payload.connectorId ?? 1));
      if (!evse?.car || evse.transaction) return { status: 'Rejected' };
      transactions.begin(evse, String(payload.idTag));
      return { status: 'Accepted' };
    }
    case 'RemoteStopTransaction': {
      const evse = evses.find((one) => one.transaction?.id === String(payload.transactionId));
      if (!evse) return { status: 'Rejected' };
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
      return { error: 'NotImplemented' };
  }
}

function trigger(station: AnswerOptions, { requestedMessage, connectorId }: Payload): Payload {
  const { evses, registration, transactions, status } = station;
  const asked = evses.filter((evse) => connectorId === undefined || connectorId === evse.evse.number);
  switch (requestedMessage) {
    case 'BootNotification':
      registration.boot();
      return { status: 'Accepted' };
    case 'Heartbeat':
      registration.heartbeat();
      return { status: 'Accepted' };
    case 'MeterValues':
      for (const evse of asked) transactions.sample(evse);
      return { status: 'Accepted' };
    case 'StatusNotification':
      for (const evse of asked) status.tellAgain(evse);
      return { status: 'Accepted' };
    default:
      return { status: 'NotImplemented' };
  }
}

function clearFilterFrom({ id, connectorId, chargingProfilePurpose, stackLevel }: Payload): ClearFilter {
  const purpose = purposeOf(chargingProfilePurpose);
  return {
    ...(id === undefined ? {} : { id: Number(id) }),
    ...(connectorId === undefined ? {} : { evse: Number(connectorId) }),
    ...(purpose === undefined ? {} : { purpose }),
    ...(stackLevel === undefined ? {} : { stackLevel: Number(stackLevel) }),
  };
}
