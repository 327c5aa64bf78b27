// A site file from disk: its bounds, its profiles, and the size of a site that is still read at once.
import { truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { describeFault } from '../../src/config/fault.ts';
import { loadSite, MAX_SITE_FILE_BYTES } from '../../src/config/load-site.ts';
import { MAX_EVSES_PER_STATION, MAX_STATIONS } from '../../src/config/site-schema.ts';
import { faultLines, goodSite, rawSite, scratchFile } from './support.ts';

test('a file beyond its bound is refused before it is read', () => {
  const file = scratchFile('');
  truncateSync(file, MAX_SITE_FILE_BYTES + 1);
  const loaded = loadSite(file);
  if (loaded.ok) throw new Error('it was read');
  expect(loaded.faults.map(describeFault)).toEqual([
    `${file}: got "${MAX_SITE_FILE_BYTES + 1} bytes", expected at most ${MAX_SITE_FILE_BYTES} bytes`,
  ]);
});

test('profiles that cannot be found are faults of their directories', () => {
  const file = scratchFile(JSON.stringify(rawSite()));
  const profilesDir = join(dirname(file), 'nowhere');
  const loaded = loadSite(file, { profilesDir });
  if (loaded.ok) throw new Error('it was loaded');
  expect(loaded.faults.map((fault) => fault.file)).toEqual([
    join(profilesDir, 'charging'),
    join(profilesDir, 'chargers'),
  ]);
});

test('as many stations as the bound are a site, one more is a fault', () => {
  const raw = rawSite();
  const station = (at: number) => ({
    id: `S${at}`,
    model: 'generic-ac',
    evses: [{ circuit: 'sub', phases: 'L1', maxAmps: 32, floorAmps: 0 }],
  });
  raw.stations = Array.from({ length: MAX_STATIONS }, (_, at) => station(at));
  expect(goodSite(raw).site.evses).toHaveLength(MAX_STATIONS);
  raw.stations.push(station(MAX_STATIONS));
  expect(faultLines(raw).map((line) => line.replace(/got .*, expected/, 'expected'))).toEqual([
    `site.json: stations: expected at most ${MAX_STATIONS} stations`,
  ]);
});

test('as many EVSEs as a station may have, on every station, are proved without running out of stack', () => {
  const raw = rawSite();
  const evses = Array.from({ length: MAX_EVSES_PER_STATION }, () => ({
    circuit: 'sub',
    phases: 'L1',
    maxAmps: 32,
    floorAmps: 0,
  }));
  raw.stations = Array.from({ length: 2_000 }, (_, at) => ({ id: `S${at}`, model: 'generic-ac', evses }));
  expect(goodSite(raw).site.evses).toHaveLength(2_000 * MAX_EVSES_PER_STATION);
});

test('circuits stand after their parents, whatever their order in the file', () => {
  const raw = rawSite();
  raw.circuits.reverse();
  raw.circuits.unshift({ id: 'deep', parent: 'sub', ratingAmps: 16, baseLoad: { worstAmps: 0, allowanceAmps: 0 } });
  expect(goodSite(raw).site.circuits.map((circuit) => circuit.id)).toEqual(['main', 'sub', 'deep']);
});
