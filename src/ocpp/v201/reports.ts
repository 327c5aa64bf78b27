// What a station reports of itself in OCPP 2.0.1: variables that we asked for, events, limits and profiles that others have set.

import type { ConnectorStatus } from '../../core/model/snapshot.ts';
import type { Facts } from '../facts.ts';
import { EMPTY, type Handler, type Office } from '../handlers.ts';
import type { Registered } from '../registry.ts';
import type { Payload } from '../rpc/frames.ts';
import { connectorStatusFrom, evseStatusFrom } from './translate.ts';

/** Variables of a station that we keep, as `component/variable`; the rest of a report is answered and forgotten. */
export const KEPT_VARIABLES: readonly string[] = [
  'SmartChargingCtrlr/Enabled',
  'SmartChargingCtrlr/Available',
  'SmartChargingCtrlr/RateUnit',
  'SmartChargingCtrlr/ProfileStackLevel',
  'SmartChargingCtrlr/PeriodsPerSchedule',
];
/** Events of one message that are told to people; more are counted. */
const MAX_TOLD_EVENTS = 8;
/** Connectors of one EVSE whose status is kept. */
const MAX_CONNECTORS = 16;

type Variable = { readonly component: Payload; readonly variable: Payload; readonly value: unknown };

/** `component/variable` of the component as a whole; undefined for one of an EVSE. */
function nameOf({ component, variable }: Pick<Variable, 'component' | 'variable'>): string | undefined {
  return component.evse === undefined ? `${String(component.name)}/${String(variable.name)}` : undefined;
}

/** Keeps what is asked for by name; a value longer than any real one is none. */
export function keepVariables(facts: Facts, station: string, variables: readonly Variable[]): void {
  const kept = variables.flatMap((one): [string, string][] => {
    const name = nameOf(one);
    const isWanted = name !== undefined && KEPT_VARIABLES.includes(name);
    return isWanted && typeof one.value === 'string' && one.value.length <= 1_000 ? [[name, one.value]] : [];
  });
  if (kept.length === 0) return;
  const { capability } = facts.get(station);
  facts.update(station, { capability: { ...capability, ...Object.fromEntries(kept) } });
}

/** NotifyReport (B07, B08). */
export function notifyReport({ facts }: Office): Handler {
  return ({ station }, call) => {
    const data = (call.payload.reportData ?? []) as readonly Payload[];
    const variables = data.map((one): Variable => {
      const attributes = one.variableAttribute as readonly Payload[];
      const actual = attributes.find(({ type = 'Actual' }) => type === 'Actual');
      return { component: one.component as Payload, variable: one.variable as Payload, value: actual?.value };
    });
    keepVariables(facts, station.id, variables);
    return EMPTY;
  };
}

/** How the connectors of one station's EVSEs are, by EVSE and connector. */
export class ConnectorStatuses {
  readonly #statuses = new WeakMap<Registered, Map<number, Map<number, ConnectorStatus>>>();

  /** Shows the EVSE as its connectors are together. */
  told(registered: Registered, evseNumber: number, connector: number, status: ConnectorStatus): void {
    const shown = registered.image.evse(evseNumber);
    if (!shown) return;
    const ofStation = this.#statuses.get(registered) ?? new Map<number, Map<number, ConnectorStatus>>();
    this.#statuses.set(registered, ofStation);
    const connectors = ofStation.get(evseNumber) ?? new Map<number, ConnectorStatus>();
    ofStation.set(evseNumber, connectors);
    if (!connectors.has(connector) && connectors.size >= MAX_CONNECTORS) return;
    connectors.set(connector, status);
    registered.image.status(evseNumber, evseStatusFrom(connectors.values(), shown));
  }
}

/** StatusNotification (G01). */
export function statusNotification({ upstream }: Office, statuses: ConnectorStatuses): Handler {
  return (registered, call) => {
    const { timestamp, connectorStatus, evseId, connectorId } = call.payload as {
      timestamp: string;
      connectorStatus: string;
      evseId: number;
      connectorId: number;
    };
    registered.image.heardStamp(timestamp);
    statuses.told(registered, evseId, connectorId, connectorStatusFrom(connectorStatus));
    upstream.copy(registered.station.id, call);
    return EMPTY;
  };
}

/** NotifyEvent (N07, G05): a connector's availability as StatusNotification would say it; everything else is for people. */
export function notifyEvent({ upstream, surroundings }: Office, statuses: ConnectorStatuses): Handler {
  return (registered, call) => {
    const { station } = registered;
    const events = call.payload.eventData as readonly Payload[];
    const others = events.filter((event) => {
      const { name, evse } = event.component as { name: string; evse?: { id: number; connectorId?: number } };
      const isStatus = name === 'Connector' && (event.variable as Payload).name === 'AvailabilityState';
      if (isStatus && evse)
        statuses.told(registered, evse.id, evse.connectorId ?? 1, connectorStatusFrom(event.actualValue));
      return !isStatus;
    });
    for (const { component, variable, actualValue, trigger } of others.slice(0, MAX_TOLD_EVENTS)) {
      const what = `${String((component as Payload).name)}/${String((variable as Payload).name)}`;
      const value = String(actualValue).slice(0, 100);
      surroundings.log.info('ocpp.station-event', { station: station.id, what, value, trigger });
    }
    if (others.length > MAX_TOLD_EVENTS)
      surroundings.log.info('ocpp.station-events', { station: station.id, more: others.length - MAX_TOLD_EVENTS });
    upstream.copy(station.id, call);
    return EMPTY;
  };
}

/** A limit that somebody else has set at the station, or taken away again (K11 to K13): for people; it only ever lowers what we count on. */
export function externalLimit({ upstream, surroundings }: Office): Handler {
  return ({ station }, call) => {
    const limit = (call.payload.chargingLimit ?? {}) as Payload;
    const source = limit.chargingLimitSource ?? call.payload.chargingLimitSource;
    const { evseId } = call.payload;
    surroundings.log.warn('ocpp.external-limit', { station: station.id, action: call.action, source, evse: evseId });
    upstream.copy(station.id, call);
    return EMPTY;
  };
}
