// A complete small site file in plain data, and an Io that remembers its lines.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { describeFault } from '../../src/config/fault.ts';
import { loadChargerProfiles, loadMeterProfiles } from '../../src/config/load-profiles.ts';
import { checkSite, type LoadedSite } from '../../src/config/load-site.ts';
import { packagedProfilesDir } from '../../src/config/package-root.ts';
import type { Io } from '../../src/wiring/io.ts';

export const repositoryRoot = resolve(import.meta.dirname, '..', '..');

// biome-ignore lint/suspicious/noExplicitAny: tests bend a file into every wrong shape
export type RawSite = any;

/** One root of 63 A with its meter, a sub-board of 40 A, three stations; valid, and a fresh copy each time. */
export function rawSite(): RawSite {
  return {
    id: 'yard',
    timezone: 'Europe/Berlin',
    circuits: [
      { id: 'main', ratingAmps: 63, marginAmps: 3, baseLoad: { worstAmps: 20 }, meter: 'main' },
      { id: 'sub', parent: 'main', ratingAmps: 40, marginAmps: 2, baseLoad: { worstAmps: 5, allowanceAmps: 2 } },
    ],
    meters: [{ id: 'main', profile: 'eastron-sdm630', host: '192.0.2.10' }],
    stations: [
      { id: 'A', model: 'generic-ac', evses: [{ circuit: 'main', phases: 'L1 L2 L3', maxAmps: 16 }] },
      { id: 'B', model: 'generic-ac', evses: [{ circuit: 'sub', phases: 'L2 L3 L1', maxAmps: 32 }] },
      { id: 'C', model: 'generic-ac', evses: [{ circuit: 'sub', phases: 'L3', maxAmps: 32 }] },
    ],
  };
}

/** The yard with one group of all three EVSEs, generous. */
export function groupedSite(part: object = {}): RawSite {
  const raw = rawSite();
  raw.groups = [{ id: 'tenant', stations: ['A', 'B', 'C'], limitAmps: 30, ...part }];
  return raw;
}

const chargers = loadChargerProfiles(packagedProfilesDir());
if (!chargers.ok) throw new Error(chargers.faults.map(describeFault).join('\n'));
const known = { models: chargers.models, meterProfiles: loadMeterProfiles(packagedProfilesDir()) };

/** Checks plain data against the packaged profiles, under the file name `site.json`. */
export function check(raw: unknown): LoadedSite {
  return checkSite(raw, { ...known, file: 'site.json' });
}

/** The lines of all faults; none for a site in order. */
export function faultLines(raw: unknown): string[] {
  const loaded = check(raw);
  return loaded.ok ? [] : loaded.faults.map(describeFault);
}

/** The site, or a failed test that names the faults. */
export function goodSite(raw: unknown) {
  const loaded = check(raw);
  if (!loaded.ok) throw new Error(loaded.faults.map(describeFault).join('\n'));
  return loaded;
}

/** A file with this text, gone after the test. */
export function scratchFile(text: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'busbar-config-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'site.json');
  writeFileSync(file, text);
  return file;
}

export function rememberingIo(): Io & { readonly outLines: string[]; readonly errLines: string[] } {
  const outLines: string[] = [];
  const errLines: string[] = [];
  return {
    outLines,
    errLines,
    out: (line) => outLines.push(line),
    err: (line) => errLines.push(line),
    isTerminal: false,
    signal: new AbortController().signal,
  };
}

/** What a person did wrong, how, and the one line that tells of it. */
export type Slip = readonly [what: string, slip: (raw: RawSite) => void, line: string];

/** One test for each slip: a file in order, and with the slip one fault, by its whole line. */
export function testSlips(kinds: { readonly [kind: string]: readonly Slip[] }, build: () => RawSite): void {
  describe.each(Object.entries(kinds))('%s', (_, slips) => {
    test.each(slips)('%s', (_what, slip, line) => {
      const raw = build();
      expect(faultLines(raw)).toEqual([]);
      slip(raw);
      expect(faultLines(raw)).toEqual([`site.json: ${line}`]);
    });
  });
}
