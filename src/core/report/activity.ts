// What a charging point is doing, in the order in which a person would ask; it never decides anything.

import type { EvseState, StationState } from '../model/snapshot.ts';
import type { EvseActivity } from '../model/state-view.ts';

/** What the charging point is doing; what a lost station said last is not news and is not shown as if it were. */
export function activityOf(station: StationState | undefined, evse: EvseState | undefined): EvseActivity {
  if (!station || station.link.state === 'never') return 'never-connected';
  if (station.link.state === 'disconnected') return 'offline';
  if (!evse) return 'unknown';
  if (evse.connectorStatus === 'Faulted') return 'faulted';
  if (evse.connectorStatus === 'Unavailable') return 'unavailable';
  switch (evse.chargingState) {
    case 'Charging':
      return 'charging';
    case 'SuspendedEVSE':
      return 'paused-by-charger';
    case 'SuspendedEV':
      return 'paused-by-car';
    case 'EVConnected':
      return 'car-connected';
    case 'Idle':
    case undefined:
      break;
  }
  switch (evse.connectorStatus) {
    case 'Occupied':
      return 'car-connected';
    case 'Reserved':
      return 'reserved';
    case 'Available':
      return 'free';
    case 'Unknown':
      return 'unknown';
  }
}
