// OCPP 2.0.1's words into core's, which are the same but for their shape: booted model, status of an EVSE with several connectors; pure.

import type { ChargingState, ConnectorStatus, EvseState, StationState } from '../../core/model/snapshot.ts';
import type { Payload } from '../rpc/frames.ts';
import type { EvseStatus } from '../station.ts';

/** Of several connectors at one EVSE, what counts first: one in use, then one that can be used, then what keeps all from it. */
const RANKS: readonly ConnectorStatus[] = ['Occupied', 'Reserved', 'Available', 'Faulted', 'Unavailable'];
const CHARGING_STATES: ReadonlySet<unknown> = new Set<ChargingState>([
  'Charging',
  'EVConnected',
  'SuspendedEV',
  'SuspendedEVSE',
  'Idle',
]);

/** What BootNotificationRequest says of the station; it MUST have passed the schema. */
export function modelFrom(boot: Payload): NonNullable<StationState['model']> {
  const { vendorName, model, firmwareVersion } = boot.chargingStation as Payload;
  return {
    vendor: String(vendorName),
    model: String(model),
    ...(typeof firmwareVersion === 'string' ? { firmware: firmwareVersion } : {}),
  };
}

export function connectorStatusFrom(status: unknown): ConnectorStatus {
  return RANKS.find((one) => one === status) ?? 'Unknown';
}

export function chargingStateFrom(state: unknown): ChargingState | undefined {
  return CHARGING_STATES.has(state) ? (state as ChargingState) : undefined;
}

/**
 * The EVSE's status by its connectors'. What the car does is told by TransactionEvent and stays; without a transaction an occupied connector
 * has a car plugged in, and one that is free has none.
 */
export function evseStatusFrom(connectors: Iterable<ConnectorStatus>, shown: EvseState): EvseStatus {
  const all = new Set(connectors);
  const connectorStatus = RANKS.find((one) => all.has(one)) ?? 'Unknown';
  if (shown.transaction !== undefined) return withState(connectorStatus, shown.chargingState);
  if (connectorStatus !== 'Occupied') return { connectorStatus };
  // A car that was charging in a transaction that is over, or in none, is one that is plugged in.
  return withState(connectorStatus, shown.chargingState === 'Idle' ? 'Idle' : 'EVConnected');
}

function withState(connectorStatus: ConnectorStatus, chargingState: ChargingState | undefined): EvseStatus {
  return chargingState === undefined ? { connectorStatus } : { connectorStatus, chargingState };
}
