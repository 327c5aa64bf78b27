// One cycle as an image of all registers: what the server hands out slices of. Pure; what is not known, or not fresh, reads as not available.

import { meterFreshness } from '../../core/allocate/base-load.ts';
import { capsInForce, type GroupLimit, groupLimits } from '../../core/limits/caps.ts';
import type { CycleRecord, Share } from '../../core/model/decision.ts';
import type { EvGroup, Evse, Site } from '../../core/model/site.ts';
import type { EvseState, MeterReading } from '../../core/model/snapshot.ts';
import { type EvseId, type GroupId, type MeterId, mapPhases, type PhaseAmps } from '../../core/model/units.ts';
import { activityOf } from '../../core/report/activity.ts';
import { CIRCUIT_FIELDS, type CircuitSubject } from './circuit-record.ts';
import { CONTROLLER_FIELDS } from './controller-record.ts';
import { EVSE_FIELDS, type EvseSubject } from './evse-record.ts';
import { GROUP_FIELDS, type GroupSubject } from './group-record.ts';
import { BLOCKS, type RegisterMap, segmentNamed } from './register-map.ts';
import { writeSunspec } from './sunspec-block.ts';
import { clearRegisters, writeRecord } from './words.ts';

/** What an image is made of besides the cycle. */
export type ImageFrame = { readonly map: RegisterMap; readonly site: Site; readonly version: string };

/**
 * Two bytes a register, in the order of the map's segments. Without a record: what is so of the site whatever it does, and all else not
 * available. The block of the external cap and the cycle's age are left empty: they are written when they are asked for.
 */
export function encodeImage({ map, site, version }: ImageFrame, record?: CycleRecord): Uint8Array {
  const bytes = new Uint8Array(map.registers * 2);
  clearRegisters(bytes);
  const view = new DataView(bytes.buffer);
  const at = (name: keyof typeof BLOCKS) => segmentNamed(map, name)?.offset ?? 0;
  const counts = { circuits: map.circuits.length, evses: map.evses.length, groups: map.groups.length };
  writeRecord(view, at('controller'), CONTROLLER_FIELDS, { site, counts, ...(record && { record }) });

  const reports = new Map(record?.decision.circuits.map((report) => [report.circuit, report]));
  map.circuits.forEach((circuit, index) => {
    const report = reports.get(circuit.id);
    const subject: CircuitSubject = { ...(report && { report }), ...meterOf(circuit.meter, site, record) };
    writeRecord(view, at('circuits') + index * BLOCKS.circuits.stride, CIRCUIT_FIELDS, subject);
  });

  const shares = new Map(record?.decision.shares.map((share) => [share.evse, share]));
  map.evses.forEach((evse, index) => {
    writeRecord(view, at('EVSEs') + index * BLOCKS.EVSEs.stride, EVSE_FIELDS, evseSubject(evse, shares, record));
  });

  const limits = record && groupLimitsById(site, record);
  map.groups.forEach((group, index) => {
    writeRecord(view, at('groups') + index * BLOCKS.groups.stride, GROUP_FIELDS, groupSubject(group, shares, limits));
  });

  const { reading } = meterOf(site.circuits[0]?.meter, site, record);
  const unitId = site.modbusServer?.unitId ?? 1;
  const subject = { siteId: site.id, version, unitId, ...(reading && { reading }) };
  writeSunspec(view, segmentNamed(map, 'SunSpec')!.offset, site, subject);
  return bytes;
}

/** The reading is handed on only while it is fresh (law 3); its age is told for as long as there is one. */
function meterOf(
  id: MeterId | undefined,
  site: Site,
  record: CycleRecord | undefined,
): Pick<CircuitSubject, 'meter' | 'meterAgeMs' | 'reading'> {
  if (id === undefined) return { meter: 'none' };
  if (record === undefined) return { meter: undefined };
  const reading: MeterReading | undefined = record.snapshot.meters[id]?.reading;
  if (reading === undefined) return { meter: 'lost' };
  const meterAgeMs = Math.max(0, record.snapshot.now - reading.measuredAt);
  switch (meterFreshness(record.snapshot.meters[id], record.snapshot.now, site.policy)) {
    case 'fresh':
      return { meter: 'fresh', meterAgeMs, reading };
    case 'held':
      return { meter: 'late', meterAgeMs };
    case 'lost':
      return { meter: 'lost', meterAgeMs };
  }
}

function evseSubject(evse: Evse, shares: ReadonlyMap<EvseId, Share>, record: CycleRecord | undefined): EvseSubject {
  if (record === undefined) return {};
  const station = record.snapshot.stations[evse.station];
  const state: EvseState | undefined = station?.evses.find((one) => one.evse === evse.id);
  const share = shares.get(evse.id);
  return { activity: activityOf(station, state), ...(share && { share }) };
}

function groupLimitsById(site: Site, { snapshot }: CycleRecord): ReadonlyMap<GroupId, readonly GroupLimit[]> {
  const { caps, now } = snapshot;
  return Map.groupBy(groupLimits(site, capsInForce(caps, now), now), ({ group }) => group);
}

function groupSubject(
  group: EvGroup,
  shares: ReadonlyMap<EvseId, Share>,
  limits: ReadonlyMap<GroupId, readonly GroupLimit[]> | undefined,
): GroupSubject {
  const members = group.evses.length;
  if (limits === undefined) return { members };
  const exposureAmps = exposureOf(group, shares);
  return { members, limits: limits.get(group.id) ?? [], ...(exposureAmps && { exposureAmps }) };
}

/** Undefined when one member's is not known: a sum without it would be too small. */
function exposureOf(group: EvGroup, shares: ReadonlyMap<EvseId, Share>): PhaseAmps | undefined {
  const own = group.evses.map((id) => shares.get(id));
  if (own.some((share) => share === undefined)) return undefined;
  return mapPhases((phase) =>
    own.reduce((total, share) => total + (share!.phases.includes(phase) ? share!.exposureAmps : 0), 0),
  );
}
