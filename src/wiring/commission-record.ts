// The record of commissionings beside a site file: who, when, what was seen and judged; it is only added to, within a bound.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import * as z from 'zod';
import { parseJsonText } from '../config/json-text.ts';

/** What stands in the record of one commissioning; what a test saw is kept as it came, so that somebody may look again in a year. */
const recordForm = z.looseObject({
  /** ISO 8601, by the wall clock. */
  at: z.string(),
  by: z.string(),
  meter: z.string(),
  profile: z.string(),
  /** `passed`: nothing to mend; `open`: something is to be mended or repeated; `incomplete`: in order as far as it was tested. */
  verdict: z.enum(['passed', 'incomplete', 'open']),
});
const fileForm = z.strictObject({ version: z.literal(1), records: z.array(recordForm) });

export type CommissionRecord = z.output<typeof recordForm>;
export type RecordsRead =
  | { readonly ok: true; readonly records: readonly CommissionRecord[] }
  | { readonly ok: false; readonly fault: string };

/** The oldest record that is not the newest of its meter goes first. */
export const MAX_RECORDS = 200;
const MAX_BYTES = 8_000_000;

/** `site.json` → `site.commissioning.json`, beside it. */
export const recordFileOf = (siteFile: string): string => `${siteFile.replace(/\.json$/, '')}.commissioning.json`;

/** The records of a site, oldest first; none when there is no file. */
export function readRecords(siteFile: string): RecordsRead {
  const file = recordFileOf(siteFile);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    // No record yet is how every site begins.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { ok: true, records: [] };
    return { ok: false, fault: `${file}: ${(error as NodeJS.ErrnoException).code}, expected a file that can be read` };
  }
  const expected = 'a record that busbar commission wrote; move it away to begin a new one';
  const json = text.length > MAX_BYTES ? undefined : parseJsonText(text);
  if (!json?.ok) return { ok: false, fault: `${file}: no JSON, expected ${expected}` };
  const parsed = fileForm.safeParse(json.value);
  if (parsed.success) return { ok: true, records: parsed.data.records };
  return { ok: false, fault: `${file}: ${parsed.error.issues[0]!.path.map(String).join('.')}, expected ${expected}` };
}

/** Adds one record and writes the file anew, whole or not at all. MUST be called with what `readRecords` just gave. */
export function addRecord(siteFile: string, before: readonly CommissionRecord[], record: CommissionRecord): void {
  const file = recordFileOf(siteFile);
  const fresh = `${file}.new`;
  const records = bounded([...before, record]);
  writeFileSync(fresh, `${JSON.stringify({ version: 1, records }, undefined, 2)}\n`, { flush: true });
  renameSync(fresh, file);
}

/** At most `MAX_RECORDS`, oldest first; the newest of each meter stays as long as there is room for it. */
export function bounded(records: readonly CommissionRecord[], most = MAX_RECORDS): readonly CommissionRecord[] {
  const kept = [...records];
  while (kept.length > most) {
    const at = kept.findIndex((one, index) => kept.slice(index + 1).some((later) => later.meter === one.meter));
    kept.splice(Math.max(0, at), 1);
  }
  return kept;
}

/** The newest record of a meter. */
export const newestRecord = (records: readonly CommissionRecord[], meter: string): CommissionRecord | undefined =>
  records.findLast((record) => record.meter === meter);
