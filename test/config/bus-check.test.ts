// Lines that carry their meters, lines that are nearly full, and lines that cannot be: what a site file is told of them.
import { expect, test } from 'vitest';
import { lineBudgets } from '../../src/config/bus-check.ts';
import { loadMeterProfiles } from '../../src/config/load-profiles.ts';
import { packagedProfilesDir } from '../../src/config/package-root.ts';
import { describeLines } from '../../src/wiring/bus-table.ts';
import { modbusMeters } from '../../src/wiring/meters.ts';
import { faultLines, goodSite, rawSite, type Slip, testSlips } from './support.ts';

const profiles = loadMeterProfiles(packagedProfilesDir());

/** So many meters on one line at 9600 8E1, the first of them that of the connection. */
function onOneLine(count: number, bus: object = {}) {
  const raw = rawSite();
  raw.buses = [{ id: 'cellar', serial: '/dev/ttyUSB0', baud: 9_600, parity: 'even', ...bus }];
  raw.meters = Array.from({ length: count }, (_, at) => ({
    id: at === 0 ? 'main' : `m${at}`,
    profile: 'eastron-sdm630',
    bus: 'cellar',
    unitId: at + 1,
  }));
  return raw;
}

const notesOf = (raw: unknown) =>
  goodSite(raw)
    .notes.filter(({ about }) => /^bus|^meter main/.test(about))
    .map(({ text }) => text);

test('two meters fit and there is nothing to say; a third fits, and the person is told that it is tight', () => {
  expect(notesOf(onOneLine(2))).toEqual([]);
  expect(notesOf(onOneLine(3))).toEqual([
    "its meters need 87 % of the line's time: there is little room for a lost reply. Poll each every 1251 ms, or set line and meters to a higher baud rate.",
  ]);
});

const slips: readonly Slip[] = [
  [
    'four meters at 1 Hz on 9600 baud',
    (raw) => Object.assign(raw, onOneLine(4)),
    'buses[0].baud: got 9600, expected a line that carries "main", "m1", "m2", "m3": they need 116 % of its time; poll each every 1700 ms, or set line and meters to a higher baud rate',
  ],
  [
    'a meter of its own that is polled faster than it answers',
    (raw) => (raw.meters[0].pollMs = 100),
    'meters[0].pollMs: got 100, expected a line that carries "main": they need 201 % of its time; poll each every 290 ms',
  ],
  [
    'one serial device with two settings',
    (raw) => {
      Object.assign(raw, onOneLine(1));
      raw.buses.push({ id: 'attic', serial: '/dev/ttyUSB0', baud: 19_200 });
    },
    'buses[1].serial: got "/dev/ttyUSB0", expected a device of its own, or the settings of bus "cellar": /dev/ttyUSB0 9600 8E1',
  ],
];
testSlips({ lines: slips }, rawSite);

test('one serial device may be two buses of the same setting: their meters share the line', () => {
  const raw = onOneLine(2);
  raw.buses.push({ ...raw.buses[0], id: 'attic' });
  raw.meters[1].bus = 'attic';
  const { site } = goodSite(raw);
  expect(lineBudgets(modbusMeters(site), profiles)).toMatchObject([
    { bus: 'cellar', meters: [{ id: 'main' }, { id: 'm1' }] },
  ]);
});

test('a slower poll makes room for more meters', () => {
  const raw = onOneLine(6);
  raw.policy = { meter: { holdAfterMs: 4_000, staleAfterMs: 8_000 } };
  expect(faultLines(raw)[0]).toContain('poll each every 2656 ms');
  for (const meter of raw.meters) meter.pollMs = 2_700;
  expect(faultLines(raw)).toEqual([]);
  expect(notesOf(raw)).toEqual([]);
});

test('the table of lines: what each meter is read at, and how often there is room for a poll', () => {
  const raw = onOneLine(2);
  raw.meters.push(
    { id: 'roof', profile: 'siemens-pac', host: '192.0.2.30' },
    { id: 'shed', profile: 'abb-eq', host: '192.0.2.31', framing: 'rtu-over-tcp' },
  );
  const { site } = goodSite(raw);
  expect(describeLines(lineBudgets(modbusMeters(site), profiles))).toEqual([
    'bus     at                           meters    bytes  one poll of all    of its time  sustains a poll every',
    '──────  ───────────────────────────  ────────  ─────  ───────────────  ─────────────  ─────────────────────',
    'cellar  /dev/ttyUSB0 9600 8E1        main, m1    132           577 ms           58 %                 818 ms',
    '-       192.0.2.30:502               roof         90            53 ms            6 %                  72 ms',
    '-       rtu-over-tcp 192.0.2.31:502  shed         45           138 ms  at least 14 %                 364 ms',
  ]);
  expect(describeLines([])).toEqual([]);
});
