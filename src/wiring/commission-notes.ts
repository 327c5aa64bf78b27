// What `busbar check` says of the commissioning of a site's meters: notes, never faults, because a meter reads the same without a record.

import type { Note } from '../config/note.ts';
import type { Site } from '../core/model/site.ts';
import { type CommissionRecord, newestRecord, readRecords } from './commission-record.ts';

/** Meters that one note names; the rest are counted. */
const MAX_NAMED = 12;

/** One note for all meters in the same state. Only meters that are read over Modbus can be commissioned. */
export function commissionNotes(site: Pick<Site, 'meters'>, file: string): readonly Note[] {
  const meters = site.meters.flatMap((meter) => (meter.from === 'modbus' ? [meter] : []));
  if (meters.length === 0) return [];
  const read = readRecords(file);
  if (!read.ok) return [{ about: 'commissioning', text: `${read.fault}.` }];
  const verb = (id: string) => `busbar commission ${id} --site ${file}`;
  const none = meters.filter((meter) => newestRecord(read.records, meter.id) === undefined).map(({ id }) => id);
  const notes: Note[] = [];
  const [first] = none;
  if (first !== undefined) {
    const text = `no record says that phases, direction and ratio were proved on site: ${verb(first)}`;
    notes.push({ about: aboutAll(none), text: `${text}.` });
  }
  for (const meter of meters) {
    const record = newestRecord(read.records, meter.id);
    const text = record && remark(record, meter.profile);
    if (text !== undefined) notes.push({ about: `meter ${meter.id}`, text: `${text}: ${verb(meter.id)}.` });
  }
  return notes;
}

function remark({ at, verdict, profile }: CommissionRecord, profileNow: string): string | undefined {
  const day = at.slice(0, 10);
  if (profile !== profileNow) return `it was commissioned on ${day} with the profile ${profile}, not ${profileNow}`;
  if (verdict === 'open') return `its commissioning of ${day} found something that is to be mended`;
  if (verdict === 'incomplete') return `its commissioning of ${day} did not test every phase`;
  return undefined;
}

function aboutAll(ids: readonly string[]): string {
  if (ids.length === 1) return `meter ${ids[0]}`;
  return `meters ${ids.slice(0, MAX_NAMED).join(', ')}${ids.length > MAX_NAMED ? ` and ${ids.length - MAX_NAMED} more` : ''}`;
}
