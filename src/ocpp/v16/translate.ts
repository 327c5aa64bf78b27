// OCPP 1.6 words into core's: connector status, booted model; pure.

import type { StationState } from '../../core/model/snapshot.ts';
import type { Payload } from '../rpc/frames.ts';
import type { EvseStatus } from '../station.ts';

const STATUSES: ReadonlyMap<unknown, EvseStatus> = new Map<string, EvseStatus>([
  ['Available', { connectorStatus: 'Available' }],
  ['Preparing', { connectorStatus: 'Occupied', chargingState: 'EVConnected' }],
  ['Charging', { connectorStatus: 'Occupied', chargingState: 'Charging' }],
  ['SuspendedEV', { connectorStatus: 'Occupied', chargingState: 'SuspendedEV' }],
  ['SuspendedEVSE', { connectorStatus: 'Occupied', chargingState: 'SuspendedEVSE' }],
  // The transaction is over; at most a cable is left in it.
  ['Finishing', { connectorStatus: 'Occupied', chargingState: 'Idle' }],
  ['Reserved', { connectorStatus: 'Reserved' }],
  ['Unavailable', { connectorStatus: 'Unavailable' }],
  ['Faulted', { connectorStatus: 'Faulted' }],
]);

/** ChargePointStatus (OCPP 1.6 §7.7) in the words of 2.0.1; `Unknown` for anything else. */
export function evseStatusFrom(status: unknown): EvseStatus {
  return STATUSES.get(status) ?? { connectorStatus: 'Unknown' };
}

/** What BootNotification.req says of the station (§6.3); it MUST have passed the schema. */
export function modelFrom(boot: Payload): NonNullable<StationState['model']> {
  const { chargePointVendor, chargePointModel, firmwareVersion } = boot;
  return {
    vendor: String(chargePointVendor),
    model: String(chargePointModel),
    ...(typeof firmwareVersion === 'string' ? { firmware: firmwareVersion } : {}),
  };
}
