// What a situation says is known now, as the snapshot that a decision reads. Everything counts from one fixed instant, so that the same
// situation gives the same bytes.

import type { ChargingProfilePurpose, InstalledProfile } from '../core/model/charging-profile.ts';
import type { Cap } from '../core/model/limit.ts';
import type { Evse, Site, Station } from '../core/model/site.ts';
import type { ConnectorStatus, EvseState, MeterState, Snapshot, StationState } from '../core/model/snapshot.ts';
import type { Wish } from '../core/model/wish.ts';
import { type EvseSituation, type Situation, situationSchema } from './situation-schema.ts';

/** The decision is made at this instant; ages in a situation count back from it. */
export const NOW = Date.UTC(2026, 0, 1);

const MINUTE_MS = 60_000;
const LINKED_SINCE = NOW - 31 * 24 * 60 * MINUTE_MS;

/** What a situation says of one EVSE; the ordinary free one where it says nothing. */
export function evseIn(situation: Situation, id: string): EvseSituation {
  return Object.hasOwn(situation.evses, id) ? situation.evses[id]! : freeEvse;
}
const freeEvse = situationSchema.parse({ evses: { any: {} } }).evses.any!;

/** The id of the transaction that runs at an EVSE with a car. */
export const transactionAt = (evse: string) => `input-${evse}`;

/** Watt hours from whichever of the two fields is given. */
export function wattHours(given: { energyWh?: number | undefined; energyKilowattHours?: number | undefined }) {
  return given.energyWh ?? (given.energyKilowattHours === undefined ? undefined : given.energyKilowattHours * 1_000);
}

/** The snapshot. `situation` MUST be read by `readSituation` for this site. */
export function snapshotOf(site: Site, situation: Situation): Snapshot {
  return {
    cycle: 1,
    now: NOW,
    wallNow: NOW,
    meters: Object.fromEntries(site.meters.map(({ id }) => [id, meterState(situation, id)])),
    stations: Object.fromEntries(site.stations.map((station) => [station.id, stationState(site, station, situation)])),
    caps: situation.limits.map(capOf),
    wishes: Object.fromEntries(
      site.evses.flatMap(({ id }) => {
        const { wish } = evseIn(situation, id);
        return wish ? [[id, wishOf(wish)]] : [];
      }),
    ),
  };
}

function meterState({ meters }: Situation, id: string): MeterState {
  const given = Object.hasOwn(meters, id) ? meters[id] : undefined;
  if (!given) return {};
  const measuredAt = NOW - given.ageMs;
  const { powerWatts, trouble } = given;
  return {
    reading: {
      currentAmps: given.currentAmps,
      measuredAt,
      ...(typeof powerWatts === 'number' ? { totalPowerWatts: powerWatts } : {}),
      ...(Array.isArray(powerWatts) ? { powerWatts: { L1: powerWatts[0], L2: powerWatts[1], L3: powerWatts[2] } } : {}),
    },
    ...(trouble ? { suspicion: { kind: trouble, detail: 'by the situation', since: measuredAt } } : {}),
  };
}

function stationState(site: Site, station: Station, situation: Situation): StationState {
  const { connected } = evseIn(situation, station.evses.find((id) => Object.hasOwn(situation.evses, id)) ?? '');
  const own = site.evses.filter((evse) => evse.station === station.id);
  const stationLimit = Object.hasOwn(situation.stations, station.id)
    ? situation.stations[station.id]!.upstreamLimitAmps
    : undefined;
  const profiles = [
    profileOf(0, 'ChargingStationMaxProfile', stationLimit),
    ...own.map((evse) => profileOf(evse.number, 'TxDefaultProfile', evseIn(situation, evse.id).upstreamLimitAmps)),
  ].flat();
  return {
    station: station.id,
    link:
      connected === 'never'
        ? { state: 'never' }
        : { state: connected ? 'connected' : 'disconnected', since: LINKED_SINCE, connection: 1 },
    evses: own.map((evse) => evseState(evse, evseIn(situation, evse.id))),
    upstreamProfiles: profiles,
    upstreamLink: profiles.length > 0 ? 'connected' : 'none',
  };
}

function profileOf(
  evse: number,
  purpose: ChargingProfilePurpose,
  limit: number | undefined,
): readonly InstalledProfile[] {
  if (limit === undefined) return [];
  const schedule = { unit: 'A', startSchedule: 0, periods: [{ startPeriodSeconds: 0, limit }] } as const;
  return [{ evse, profile: { id: evse + 1, stackLevel: 0, purpose, kind: 'Absolute', schedule } }];
}

function evseState({ id, phases }: Evse, given: EvseSituation): EvseState {
  const { car, sessionMinutes, statusMinutes, drawnAmps } = given;
  const status = given.status ?? (car ? 'Charging' : 'Available');
  const startedAt = NOW - sessionMinutes * MINUTE_MS;
  const energyWh = wattHours(given);
  const amps = Array.isArray(drawnAmps) ? drawnAmps : phases.map(() => drawnAmps ?? 0);
  return {
    evse: id,
    ...statesOf(status, car),
    statusSince: statusMinutes === undefined ? startedAt : NOW - statusMinutes * MINUTE_MS,
    ...(car
      ? { transaction: { id: transactionAt(id), startedAt, ...(energyWh === undefined ? {} : { energyWh }) } }
      : {}),
    ...(drawnAmps === undefined ? {} : { drawn: { amps, measuredAt: NOW - given.drawnSecondsAgo * 1_000 } }),
  };
}

function statesOf(
  status: NonNullable<EvseSituation['status']>,
  car: boolean,
): Pick<EvseState, 'connectorStatus' | 'chargingState'> {
  switch (status) {
    case 'Charging':
    case 'SuspendedEV':
    case 'SuspendedEVSE':
    case 'EVConnected':
      return { connectorStatus: 'Occupied', chargingState: status };
    case 'Available':
    case 'Reserved':
    case 'Unavailable':
    case 'Faulted': {
      const connectorStatus: ConnectorStatus = status;
      return car ? { connectorStatus, chargingState: 'Charging' } : { connectorStatus };
    }
  }
}

function capOf(limit: Situation['limits'][number], at: number): Cap {
  const { circuit, group, evse, author, authorId, limitAmps, limitWatts, limitVoltAmperes, netOfSurplus, note } = limit;
  return {
    id: `input-${at}`,
    source: { kind: author, ...(authorId === undefined ? {} : { id: authorId }) },
    scope:
      circuit !== undefined
        ? { kind: 'circuit', circuit }
        : group !== undefined
          ? { kind: 'group', group }
          : { kind: 'evse', evse: evse! },
    ...(limitAmps === undefined ? {} : { limitAmps }),
    ...(limitWatts === undefined ? {} : { limitWatts }),
    ...(limitVoltAmperes === undefined ? {} : { limitVoltAmperes }),
    ...(netOfSurplus === undefined ? {} : { netOfSurplus }),
    ...(limit.startsInMinutes === undefined ? {} : { from: NOW + limit.startsInMinutes * MINUTE_MS }),
    ...(limit.endsInMinutes === undefined ? {} : { until: NOW + limit.endsInMinutes * MINUTE_MS }),
    ...(note === undefined ? {} : { note }),
  };
}

function wishOf(given: NonNullable<EvseSituation['wish']>): Wish {
  const energyWh = wattHours(given);
  const { departureInMinutes, priority } = given;
  return {
    source: { kind: given.author },
    ...(energyWh === undefined ? {} : { energyWh }),
    ...(departureInMinutes === undefined ? {} : { departureAt: NOW + departureInMinutes * MINUTE_MS }),
    onlySurplus: given.onlySurplus,
    ...(priority === undefined ? {} : { priority }),
  };
}
