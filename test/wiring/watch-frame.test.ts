// The picture of --watch as text: bars, least and most, age, trouble; and the rows of --raw.
import { expect, test } from 'vitest';
import { NOTHING_SEEN } from '../../src/core/metering/plausibility.ts';
import type { Sample } from '../../src/core/metering/sample.ts';
import { onEachPhase } from '../../src/core/model/units.ts';
import type { MeterShot } from '../../src/modbus/read-once.ts';
import { registersAsText } from '../../src/wiring/register-text.ts';
import { frameText, NOTHING_WATCHED, watchedFailure, watchedRead } from '../../src/wiring/watch-frame.ts';
import { profileOf } from '../support/meter-vectors.ts';

function shot(currentAmps: Sample['currentAmps'], more: Partial<Sample> = {}, doubt?: string): MeterShot {
  const volts = onEachPhase(230);
  const sample = {
    currentAmps,
    volts,
    powerWatts: { L1: 230 * currentAmps.L1, L2: 0, L3: 115 * currentAmps.L3 },
    ...more,
  };
  return {
    sample,
    values: {},
    registers: [],
    measuredAt: 0,
    seen: NOTHING_SEEN,
    ...(doubt !== undefined && { doubt }),
  };
}

test('bars are scaled to the rating, min and max are of all readings, and a power factor is signed', () => {
  const first = watchedRead(NOTHING_WATCHED, shot({ L1: 10, L2: 0, L3: -5 }), 50);
  const watched = watchedRead(
    first,
    shot({ L1: 31.5, L2: 0, L3: -31.5 }, { frequencyHz: 49.98, energyImportWh: 1_500 }),
    60,
  );
  expect(frameText('main', watched, 70, 63).split('\n')).toEqual([
    'main',
    '         V        A  full bar: 63 A (rating)         min      max         W    PF',
    'L1   230.0    31.50  ██████████··········  50%     10.00    31.50      7245  1.00',
    'L2   230.0     0.00  ····················   0%      0.00     0.00         0     -',
    'L3   230.0   -31.50  ▒▒▒▒▒▒▒▒▒▒··········  50%    -31.50    -5.00     -3623 -0.50',
    `sum${'3623'.padStart(72)}`,
    '49.98 Hz, import 1.5 kWh, export - kWh',
    'newest 70 ms old, read in 60 ms; 2 read, 0 failed',
    'believed',
  ]);
});

test.each<[number, number | undefined, string]>([
  [100, 63, '████████████████████ 159%'],
  [700_000, 63, '████████████████████ >999'],
  // without a rating the greatest seen is full, but never less than an ampere
  [10, undefined, '████████████████████ 100%'],
  [0.5, undefined, '██████████··········  50%'],
  [Number.NaN, 63, ' '.repeat(25)],
])('a bar for %d A of %s A', (amps, rating, drawn) => {
  const watched = watchedRead(NOTHING_WATCHED, shot({ L1: amps, L2: 0, L3: 0 }), 50);
  expect(frameText('main', watched, 70, rating).split('\n')[2]).toContain(`  ${drawn}  `);
});

test('a meter of one phase has one row', () => {
  const watched = watchedRead(NOTHING_WATCHED, shot({ L1: 0, L2: 5, L3: 0 }, { phases: ['L2'] }), 50);
  const rows = frameText('main', watched, 70)
    .split('\n')
    .filter((line) => /^L\d/.test(line));
  expect(rows).toEqual([expect.stringMatching(/^L2 /)]);
});

test('trouble and doubt stand in the last line, the last good numbers above it; before any reading there is only the trouble', () => {
  expect(frameText('main', watchedFailure(NOTHING_WATCHED, 'no connection'), 0)).toBe(
    'main\nno connection\n0 read, 1 failed',
  );
  expect(frameText('main', NOTHING_WATCHED, 0)).toBe('main\nreading …\n0 read, 0 failed');
  const doubted = watchedRead(NOTHING_WATCHED, shot({ L1: 1, L2: 0, L3: 0 }, {}, 'L1 23 V'), 50);
  expect(frameText('main', doubted, 0).split('\n').at(-1)).toBe('not believed: L1 23 V');
  const lost = watchedFailure(doubted, 'silent');
  expect(frameText('main', lost, 900).split('\n').slice(-2)).toEqual([
    'newest 900 ms old, read in 50 ms; 1 read, 1 failed',
    'silent',
  ]);
  // The next reading ends the trouble.
  expect(
    frameText('main', watchedRead(lost, shot({ L1: 1, L2: 0, L3: 0 }), 50), 0)
      .split('\n')
      .at(-1),
  ).toBe('believed');
});

test('--raw: a row a point, with scale factors and what no point uses, counted from where the device has its model', () => {
  const profile = profileOf('sunspec-201-204');
  const [start, count] = profile.read.fast[0]!;
  const base = 40_070;
  const raw: MeterShot = {
    values: { i_l1: 10.5 },
    registers: [{ start: base + start, words: Array.from({ length: count }, (_, at) => at) }],
    measuredAt: 0,
    seen: NOTHING_SEEN,
  };
  const lines = registersAsText(raw, profile).split('\n');
  const at = profile.points.i_l1!.address;
  expect(lines.find((line) => line.includes('i_l1 i16'))).toMatch(
    new RegExp(
      `^ +${base + at}  ${(base + at).toString(16)}  ${at.toString(16).padStart(4, '0')} +${at} +i_l1 i16 = 10\\.5 A$`,
    ),
  );
  expect(lines.some((line) => /scale factor of .*i_l1/.test(line))).toBe(true);
  // Every register stands in exactly one row.
  const words = lines
    .slice(2)
    .flatMap((line) => /^ +\d+ {2}[0-9a-f]{4} {2}((?:[0-9a-f]{4} ?)+)/.exec(line)![1]!.trim().split(' '));
  expect(words.map((word) => Number.parseInt(word, 16))).toEqual(raw.registers[0]!.words);
});
