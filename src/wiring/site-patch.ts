// The change of a meter's settings in a site file: as a JSON patch for people, and carried out on the text with a backup; never unasked.

import { copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { applyEdits, modify } from 'jsonc-parser';
import { describeFault } from '../config/fault.ts';
import { parseJsonText } from '../config/json-text.ts';
import { loadSiteText } from '../config/load-site.ts';
import type { WiringSettings } from '../core/metering/channel-settings.ts';

/** RFC 6902. */
export type PatchStep =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

const FIELDS = ['factor', 'phases', 'invertPhases'] as const;

/** What makes the meter `id` of the site file's text say `settings`; empty when it says so already. The text MUST be a site in order. */
export function patchFor(text: string, id: string, settings: WiringSettings): readonly PatchStep[] {
  const { meters } = contentOf(text) as { readonly meters: readonly { readonly [field: string]: unknown }[] };
  const at = meters.findIndex((meter) => meter.id === id);
  const meter = meters[at]!;
  return FIELDS.flatMap((field): PatchStep[] => {
    const wanted = asWritten(settings, field);
    const path = `/meters/${at}/${field}`;
    if (wanted === undefined) return meter[field] === undefined ? [] : [{ op: 'remove', path }];
    if (JSON.stringify(meter[field]) === JSON.stringify(wanted)) return [];
    // A ratio of 1 is what the file says by saying nothing.
    if (field === 'factor' && wanted === 1 && meter[field] === undefined) return [];
    return [{ op: meter[field] === undefined ? 'add' : 'replace', path, value: wanted }];
  });
}

/** Phases stand in the file as one text, as an electrician writes them. */
function asWritten(settings: WiringSettings, field: (typeof FIELDS)[number]): unknown {
  const value = settings[field];
  return Array.isArray(value) ? value.join(' ') : value;
}

/** The text with the patch in it, all else as it stands, or the faults that the site would then have. */
export function patchText(
  text: string,
  file: string,
  patch: readonly PatchStep[],
): { readonly ok: true; readonly text: string } | { readonly ok: false; readonly faults: readonly string[] } {
  const indent = /\n( +|\t)/.exec(text)?.[1] ?? '  ';
  const formattingOptions = { insertSpaces: indent !== '\t', tabSize: indent === '\t' ? 1 : indent.length, eol: '\n' };
  const changed = patch.reduce((now, step) => {
    const path = step.path
      .slice(1)
      .split('/')
      .map((key) => (/^\d+$/.test(key) ? Number(key) : key));
    return applyEdits(now, modify(now, path, step.op === 'remove' ? undefined : step.value, { formattingOptions }));
  }, text);
  const loaded = loadSiteText(changed, file);
  return loaded.ok ? { ok: true, text: changed } : { ok: false, faults: loaded.faults.map(describeFault) };
}

/** Writes the text in place of the file, which is kept as `backup`. Whoever reads meanwhile finds the old text or the new one, whole. */
export function writeWithBackup(file: string, backup: string, text: string): void {
  copyFileSync(file, backup);
  const fresh = `${file}.new`;
  writeFileSync(fresh, text, { flush: true });
  renameSync(fresh, file);
}

function contentOf(text: string): unknown {
  const json = parseJsonText(text);
  if (!json.ok) throw new Error('site patch: a text that is no JSON');
  return json.value;
}
