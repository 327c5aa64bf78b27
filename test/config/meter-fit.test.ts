// A meter of the site file against its profile and its circuit: what cannot protect is told by check, at its place, before anything starts.
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { describeFault } from '../../src/config/fault.ts';
import { loadMeterProfiles, MAX_PROFILE_FILES } from '../../src/config/load-profiles.ts';
import { loadSiteText } from '../../src/config/load-site.ts';
import { packagedProfilesDir } from '../../src/config/package-root.ts';
import { coveredPhases } from '../../src/core/model/meter-wiring.ts';
import { profileOf } from '../support/meter-vectors.ts';
import { faultLines, goodSite, type RawSite, rawSite } from './support.ts';

/** The yard with these fields in its one meter. */
function metered(fields: object): RawSite {
  const raw = rawSite();
  raw.meters = [{ ...raw.meters[0], ...fields }];
  return raw;
}

/** The same with a second meter that no circuit has. */
function beside(fields: object): RawSite {
  const raw = rawSite();
  raw.meters.push({ id: 'extra', host: '192.0.2.11', ...fields });
  return raw;
}

test('what the file says of the wiring is what the site has, and nothing where it says nothing', () => {
  const fields = { phases: 'L2 L3 L1', invertPhases: 'L3, L1', voltageFactor: 0.1, factor: 40 };
  const [meter] = goodSite(metered({ profile: 'chint-dtsu666', ...fields })).site.meters;
  expect(meter).toMatchObject({ ...fields, phases: ['L2', 'L3', 'L1'], invertPhases: ['L3', 'L1'] });
  expect(coveredPhases(meter!)).toEqual(['L2', 'L3', 'L1']);
  const [plain] = goodSite(rawSite()).site.meters;
  for (const field of ['phases', 'invertPhases', 'voltageFactor', 'group']) expect(plain).not.toHaveProperty(field);
  expect(coveredPhases(plain!)).toEqual(['L1', 'L2', 'L3']);
});

test('a meter of one phase, of split phase, of one group: in order where nothing rests on it alone', () => {
  const one = goodSite(beside({ profile: 'eastron-sdm120', phases: 'L2' })).site.meters[1]!;
  expect(coveredPhases(one)).toEqual(['L2']);
  const split = goodSite(beside({ profile: 'sunspec-201-204', phases: 'L1 L2' })).site.meters[1]!;
  expect(coveredPhases(split)).toEqual(['L1', 'L2']);
  for (const group of [2, 464])
    expect(goodSite(metered({ profile: 'janitza-umg801-group-n', group })).site.meters[0]).toMatchObject({ group });
});

describe('faults', () => {
  test.each([
    [
      'a single-phase meter without its phase',
      beside({ profile: 'eastron-sdm120' }),
      [
        /^site\.json: meters\[1\]\.phases: got nothing, expected the one phase of the grid that eastron-sdm120 measures/,
      ],
    ],
    [
      'a single-phase meter on three phases',
      beside({ profile: 'eastron-sdm120', phases: 'L1 L2 L3' }),
      [/meters\[1\]\.phases: got "L1 L2 L3", expected the one phase/],
    ],
    [
      'a phase twice',
      beside({ profile: 'block-19000', phases: 'L1 L1' }),
      [/meters\[1\]\.phases: got "L1 L1", expected the grid phases behind its own/],
    ],
    [
      'a phase turned that is not measured',
      beside({ profile: 'eastron-sdm120', phases: 'L1', invertPhases: 'L2' }),
      [/meters\[1\]\.invertPhases: got "L2", expected phases that the meter measures: L2 is not/],
    ],
    [
      'a circuit on one phase of three',
      metered({ profile: 'eastron-sdm120', phases: 'L3' }),
      [/circuits\[0\]\.meter: got "main", expected a meter of all three phases: "main" measures L3 alone/],
    ],
    [
      'a circuit on two phases of three',
      metered({ phases: 'L1 L3' }),
      [/circuits\[0\]\.meter: got "main", expected .* measures L1, L3 alone/],
    ],
    [
      'a meter of totals',
      metered({ profile: 'eastron-sdm72d-m-v1' }),
      [
        /meters\[0\]\.profile: got "eastron-sdm72d-m-v1", expected a meter that can protect a circuit; of eastron-sdm72d-m-v1: it has no point i_l1: without the current of each phase no fuse can be watched/,
      ],
    ],
    ['totals of a home manager', metered({ profile: 'sma-homemanager2' }), [/meters\[0\]\.profile: .*no point i_l1/]],
    ['slow radio', metered({ profile: 'schneider-powertag' }), [/meters\[0\]\.profile: .*its values may be 60 s old/]],
    [
      'a group that is not said',
      metered({ profile: 'janitza-umg801-group-n' }),
      [/meters\[0\]\.group: got nothing, expected the group of inputs at the circuit, from 2 to 464/],
    ],
    [
      'a group too low',
      metered({ profile: 'janitza-umg801-group-n', group: 1 }),
      [/meters\[0\]\.group: got 1, expected .*from 2 to 464/],
    ],
    [
      'a group beyond the registers',
      metered({ profile: 'janitza-umg801-group-n', group: 465 }),
      [/meters\[0\]\.group: got 465/],
    ],
    [
      'a group where there are none',
      metered({ group: 2 }),
      [/meters\[0\]\.group: got 2, expected no group: eastron-sdm630 has no groups of inputs/],
    ],
    [
      'a ratio of nothing',
      metered({ voltageFactor: 0 }),
      [/meters\[0\]\.voltageFactor: got 0, expected a voltage transformer ratio above 0/],
    ],
    [
      'a meter of datagrams asked over TCP',
      metered({ profile: 'victron-vm-3p75ct' }),
      [/meters\[0\]\.framing: got nothing, expected "udp": victron-vm-3p75ct answers in datagrams only/],
    ],
    [
      'a lag that leaves no reading fresh',
      metered({ profile: 'victron-gx-grid' }),
      [
        /meters\[0\]\.pollMs: got 1000, expected less than policy\.meter\.holdAfterMs, 2000 ms less the 1000 ms by which victron-gx-grid lags/,
      ],
    ],
  ] as const)('%s', (_, raw, expected) => {
    expect(faultLines(raw)).toEqual(expected.map((line) => expect.stringMatching(line)));
  });

  test('at the bound there is none: a lag that a quicker poll makes up for, and datagrams as such', () => {
    expect(faultLines(metered({ profile: 'victron-gx-grid', pollMs: 999 }))).toEqual([]);
    expect(faultLines(metered({ profile: 'victron-vm-3p75ct', framing: 'udp' }))).toEqual([]);
  });
});

describe('a profile of one’s own', () => {
  /** The packaged profiles in a folder of the test, with one more. */
  function profilesWith(id: string, change: object): string {
    const dir = mkdtempSync(join(tmpdir(), 'busbar-profiles-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    for (const folder of ['chargers', 'charging'])
      cpSync(join(packagedProfilesDir(), folder), join(dir, folder), { recursive: true });
    cpSync(join(packagedProfilesDir(), 'meters'), join(dir, 'meters'), { recursive: true });
    const source = join(dir, 'meters', 'eastron-sdm630.json');
    const file = join(dir, 'meters', `${id}.json`);
    copyFileSync(source, file);
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(source, 'utf8')), id, ...change }));
    return dir;
  }
  const lines = (raw: RawSite, profilesDir: string) => {
    const loaded = loadSiteText(JSON.stringify(raw), 'site.json', { profilesDir });
    return loaded.ok ? [] : loaded.faults.map(describeFault);
  };

  test('its faults are told by check at their places, with the meter that uses it', () => {
    const dir = profilesWith('mine', { maxRegisters: 10, gapMs: -1 });
    expect(lines(metered({ profile: 'mine' }), dir)).toEqual([
      expect.stringMatching(/^site\.json: meters\[0\]\.profile: got "mine", expected a meter profile without faults/),
      expect.stringMatching(/mine\.json: gapMs: got -1, expected /),
    ]);
  });

  test('one that nobody uses may be as wrong as it likes', () => {
    expect(lines(rawSite(), profilesWith('mine', { maxRegisters: 10 }))).toEqual([]);
  });

  test('one with two currents does for two phases, and for no more', () => {
    const { i_l3: _, ...points } = profileOf('eastron-sdm630').points;
    const dir = profilesWith('mine', { points });
    const raw = beside({ profile: 'mine', phases: 'L1 L2' });
    expect(lines(raw, dir)).toEqual([]);
    raw.meters[1].phases = 'L1 L2 L3';
    expect(lines(raw, dir)).toEqual([expect.stringMatching(/meters\[1\]\.profile: got "mine", .*no point i_l3/)]);
  });

  test('of more profiles than a folder may have the last are not read, and say so', () => {
    const dir = profilesWith('mine', {});
    const present = loadMeterProfiles(dir).size;
    for (let at = present; at < MAX_PROFILE_FILES; at++) writeFileSync(join(dir, 'meters', `aaa-${at}.json`), '{}');
    copyFileSync(join(dir, 'meters', 'mine.json'), join(dir, 'meters', 'zz.json'));
    writeFileSync(
      join(dir, 'meters', 'zz.json'),
      readFileSync(join(dir, 'meters', 'zz.json'), 'utf8').replace('"mine"', '"zz"'),
    );
    expect(lines(metered({ profile: 'zz' }), dir)).toEqual([
      expect.stringMatching(/meters\[0\]\.profile: got "zz", expected a meter profile without faults/),
      expect.stringMatching(/meters: got 1001, expected a directory with at most 1000 profiles/),
    ]);
    rmSync(join(dir, 'meters', `aaa-${present}.json`));
    expect(lines(metered({ profile: 'zz' }), dir)).toEqual([]);
  });

  test('one in order is used like the others', () => {
    expect(lines(metered({ profile: 'mine' }), profilesWith('mine', { gapMs: 50 }))).toEqual([]);
  });
});
