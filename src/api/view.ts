// Makes what people are shown out of a cycle record and the site; pure, and it must never let a key, an address or the memory through.

import type { CircuitReport, CycleRecord, Share } from '../core/model/decision.ts';
import type { Cap, Failsafe } from '../core/model/limit.ts';
import type { Site } from '../core/model/site.ts';
import { siteIndex } from '../core/model/site-index.ts';
import type { StationState } from '../core/model/snapshot.ts';
import type { CapView, CircuitView, EvseView, SiteView, StateView } from '../core/model/state-view.ts';
import { type Instant, mapPhases, type WallTime } from '../core/model/units.ts';
import { activityOf } from '../core/report/activity.ts';
import { describeRemedy, describeShare } from '../core/report/explain.ts';
import { describeSource } from '../core/report/wording.ts';
import { viewContacts, viewEmergencyStop } from './contact-view.ts';
import { viewMeter, viewSiteMeter } from './meter-view.ts';
import { viewWish } from './wish-view.ts';

/** Limits from outside that one view names at most; the rest stay in force unnamed. */
export const MAX_VIEW_CAPS = 100;
/** Notices that one view carries at most. */
export const MAX_VIEW_NOTICES = 100;
/** Characters of any text that came from outside. */
export const MAX_TEXT = 300;

/** Both time lines at one instant, to tell people when a limit ends. */
export type Moment = { readonly now: Instant; readonly wallNow: WallTime };

/** The commissioned site for people: names and ratings, no connection data. */
export function viewSite(site: Site): SiteView {
  return {
    id: site.id,
    name: site.name,
    timezone: site.timezone,
    nominalVolts: site.nominalVolts,
    cycleMs: site.policy.cycleMs,
    circuits: site.circuits.map((circuit) => ({
      id: circuit.id,
      name: circuit.name,
      ...(circuit.parent === undefined ? {} : { parent: circuit.parent }),
      ratingAmps: circuit.ratingAmps,
      marginAmps: circuit.marginAmps,
      ...(circuit.limitWatts === undefined ? {} : { limitWatts: circuit.limitWatts }),
      ...(circuit.meter === undefined ? {} : { meter: circuit.meter }),
    })),
    meters: site.meters.map(viewSiteMeter),
    stations: site.stations.map(({ id, name, profile }) => ({ id, name, profile: profile.title })),
    evses: site.evses.map((evse) => ({
      id: evse.id,
      name: evse.name,
      station: evse.station,
      circuit: evse.circuit,
      supply: evse.supply,
      phases: evse.phases,
      minAmps: evse.minAmps,
      maxAmps: evse.maxAmps,
      floorAmps: evse.floorAmps,
      priority: evse.priority,
    })),
  };
}

/** One cycle for people. */
export function viewState(record: CycleRecord, site: Site): StateView {
  const { snapshot, decision, controller } = record;
  const stations = new Map(site.evses.map((evse) => [evse.id, snapshot.stations[evse.station]]));
  const stop = viewEmergencyStop(snapshot);
  return {
    id: eventId(record),
    epoch: controller.epoch,
    cycle: snapshot.cycle,
    wallNowMs: snapshot.wallNow,
    mode: decision.mode,
    circuits: decision.circuits.map(viewCircuit),
    meters: site.meters.map((meter) => viewMeter(meter, record, site, clip)),
    evses: decision.shares.map((share) => ({
      ...viewShare(share, stations.get(share.evse), site, snapshot.now),
      ...wishOf(share, record, site),
    })),
    caps: viewCaps(snapshot.caps, snapshot),
    contacts: viewContacts(snapshot),
    ...(stop === undefined ? {} : { emergencyStop: stop }),
    notices: decision.notices
      .slice(0, MAX_VIEW_NOTICES)
      .map((notice) => ({ severity: notice.severity, code: notice.code, text: clip(notice.text) })),
    answeredBy: decision.solver.answeredBy,
    ...(decision.solver.fellBackBecause === undefined
      ? {}
      : { fellBackBecause: clip(decision.solver.fellBackBecause) }),
    durationMs: record.durationMs,
  };
}

/** `<epoch>-<cycle>`, the id of a cycle in the stream. */
export function eventId(record: CycleRecord): string {
  return `${record.controller.epoch}-${record.snapshot.cycle}`;
}

/** Limits from outside, with their ends on the wall clock. */
export function viewCaps(caps: readonly Cap[], moment: Moment): CapView[] {
  const toWall = (instant: Instant): WallTime => Math.round(moment.wallNow + (instant - moment.now));
  return caps
    .filter((cap) => cap.until === undefined || cap.until > moment.now)
    .slice(0, MAX_VIEW_CAPS)
    .map((cap) => ({
      id: cap.id,
      author: clip(describeSource(cap.source)),
      authorKind: cap.source.kind,
      ...scopeOf(cap),
      ...(cap.limitAmps === undefined ? {} : { limitAmps: cap.limitAmps }),
      ...(cap.limitWatts === undefined ? {} : { limitWatts: cap.limitWatts }),
      ...(cap.limitVoltAmperes === undefined ? {} : { limitVoltAmperes: cap.limitVoltAmperes }),
      ...(cap.from === undefined ? {} : { fromWallMs: toWall(cap.from) }),
      ...(cap.setAtWall === undefined ? {} : { fromWallMs: cap.setAtWall }),
      ...(cap.until === undefined ? {} : { untilWallMs: toWall(cap.until) }),
      ...(cap.note === undefined ? {} : { note: clip(cap.note) }),
      ...(cap.failsafe === undefined ? {} : { failsafe: failsafeOf(cap.failsafe, toWall) }),
    }));
}

function failsafeOf(
  { because, since }: Failsafe,
  toWall: (instant: Instant) => WallTime,
): NonNullable<CapView['failsafe']> {
  return { because, ...(since === undefined ? {} : { sinceWallMs: toWall(since) }) };
}

function viewCircuit(report: CircuitReport): CircuitView {
  return {
    id: report.circuit,
    baseLoadFrom: report.baseLoadFrom,
    phases: mapPhases((phase) => {
      const { limitSource, ...numbers } = report.phases[phase];
      return { ...numbers, limitAuthor: clip(describeSource(limitSource)) };
    }),
    ...(report.power
      ? {
          power: {
            limitWatts: report.power.limitWatts,
            unit: report.power.unit,
            limitAuthor: clip(describeSource(report.power.source)),
            expectedWatts: report.power.expectedWatts,
          },
        }
      : {}),
  };
}

function scopeOf({ scope }: Cap): Pick<CapView, 'circuit' | 'group' | 'evse'> {
  switch (scope.kind) {
    case 'circuit':
      return { circuit: scope.circuit };
    case 'group':
      return { group: scope.group };
    case 'evse':
      return { evse: scope.evse };
    case 'every-evse':
      return {};
  }
}

function viewShare(share: Share, station: StationState | undefined, site: Site, now: Instant): EvseView {
  const state = station?.evses.find((evse) => evse.evse === share.evse);
  const remedy = describeRemedy(share.reason, site, now);
  return {
    id: share.evse,
    activity: activityOf(station, state),
    ...(station?.model
      ? { model: clip([station.model.vendor, station.model.model, station.model.firmware].filter(Boolean).join(' ')) }
      : {}),
    targetAmps: share.targetAmps,
    offeredAmps: share.offeredAmps,
    ...(share.acknowledgedAmps === undefined ? {} : { acknowledgedAmps: share.acknowledgedAmps }),
    exposureAmps: share.exposureAmps,
    ...(share.drawnAmps === undefined ? {} : { drawnAmps: share.drawnAmps }),
    phases: share.phases,
    reason: {
      kind: share.reason.kind,
      text: clip(describeShare(share, site, now)),
      ...(remedy === undefined ? {} : { remedy: clip(remedy) }),
    },
  };
}

function wishOf(share: Share, { snapshot }: CycleRecord, site: Site): Pick<EvseView, 'wish'> {
  const wish = snapshot.wishes[share.evse];
  const evse = wish && site.evses[siteIndex(site).evseAt.get(share.evse) ?? -1];
  if (!wish || !evse) return {};
  const state = snapshot.stations[evse.station]?.evses.find((one) => one.evse === evse.id);
  const { now, wallNow } = snapshot;
  return {
    wish: viewWish({ wish, evse, state, phases: share.phases, nominalVolts: site.nominalVolts, now, wallNow }),
  };
}

function clip(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - 1)}…`;
}
