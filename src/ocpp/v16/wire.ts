// OCPP 1.6 as one of the versions that stations may speak (OCPP 1.6 §4, §5 and the security white paper).

import { EMPTY, emptyAfterCopy, type Handler, type Handlers, type Office, type Version } from '../handlers.ts';
import { writeSetChargingProfile } from '../rpc/profile-v16.ts';
import type { Triggered } from '../version.ts';
import { loadV16Schemas } from './schemas.ts';
import { TransactionDesk } from './transaction-desk.ts';
import { evseStatusFrom, modelFrom } from './translate.ts';

const MESSAGES: { readonly [T in Triggered]: string } = {
  BootNotification: 'BootNotification',
  Heartbeat: 'Heartbeat',
  samples: 'MeterValues',
};

/** Rejects with `OCPP_SCHEMAS_MISSING`. */
export async function loadV16(): Promise<Version> {
  return {
    handlers,
    wire: {
      name: '1.6',
      subprotocol: 'ocpp1.6',
      schemas: await loadV16Schemas(),
      answersUnreadable: false,
      spell: (code) => code,
      refusalOf: () => 'NotImplemented',
      modelFrom,
      installCall: (evse, profile, clockSkewMs) => ({
        action: 'SetChargingProfile',
        payload: writeSetChargingProfile(evse, profile, clockSkewMs),
      }),
      remedies: () => [],
      // §5.11. A transaction in the image has our own number, and that is the one that the station knows.
      stopCall: (transactionId) => ({
        action: 'RemoteStopTransaction',
        payload: { transactionId: Number(transactionId) },
      }),
      triggerCall: (what, evse) => ({
        action: 'TriggerMessage',
        payload: { requestedMessage: MESSAGES[what], ...(evse === undefined ? {} : { connectorId: evse }) },
      }),
      settings: [
        { name: 'MeterValueSampleInterval', values: ['10', '30', '60'] },
        {
          name: 'MeterValuesSampledData',
          values: [
            'Current.Import,Current.Offered,Voltage,Power.Active.Import,Energy.Active.Import.Register',
            'Current.Import,Power.Active.Import,Energy.Active.Import.Register',
            'Power.Active.Import,Energy.Active.Import.Register',
          ],
        },
      ],
      // §5.3
      settingCall: (key, value) => ({ action: 'ChangeConfiguration', payload: { key, value } }),
      isSettingTaken: ({ status }) => status === 'Accepted' || status === 'RebootRequired',
    },
  };
}

function handlers(office: Office): Handlers {
  const desk = new TransactionDesk(office);
  const copy = emptyAfterCopy(office);
  return new Map<string, Handler>([
    ['Authorize', (registered, call) => desk.authorize(registered, call)],
    ['DiagnosticsStatusNotification', copy],
    ['FirmwareStatusNotification', copy],
    ['LogStatusNotification', copy],
    ['MeterValues', (registered, call) => desk.meterValues(registered, call)],
    ['SignedFirmwareStatusNotification', copy],
    ['StartTransaction', (registered, call) => desk.start(registered, call)],
    ['StatusNotification', statusNotification(office)],
    ['StopTransaction', (registered, call) => desk.stop(registered, call)],
  ]);
}

/** StatusNotification (§4.9): for control at once, for upstream as a copy, and the last one per connector is kept. */
function statusNotification({ facts, upstream }: Office): Handler {
  return ({ station, image }, call) => {
    const { connectorId, status, timestamp } = call.payload as {
      connectorId: number;
      status: string;
      timestamp?: string;
    };
    image.heardStamp(timestamp);
    image.status(connectorId, evseStatusFrom(status));
    facts.keepStatus(station.id, connectorId, call.rawPayload);
    upstream.copy(station.id, call);
    return EMPTY;
  };
}
