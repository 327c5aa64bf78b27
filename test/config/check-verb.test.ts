// `busbar check` and `busbar key` as a person calls them: all faults at once, or the tree and the proof.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadSite } from '../../src/config/load-site.ts';
import { runCheckVerb } from '../../src/wiring/check-verb.ts';
import { keySha256, runKeyVerb } from '../../src/wiring/key-verb.ts';
import { groupedSite, rawSite, rememberingIo, repositoryRoot, scratchFile } from './support.ts';

/** Ten slips of ten kinds in one file. */
function tenFaults() {
  const raw = rawSite();
  raw.timezone = 'Europe/Berln';
  raw.circuits[0].ratingAmps = '63A';
  raw.circuits[1].parent = 'mian';
  raw.circuits.push({ id: 'sub', parent: 'main', ratingAmps: 20, baseLoad: { worstAmps: 0, allowanceAmps: 0 } });
  raw.meters[0].profile = 'eastron-sdm63';
  raw.meters[0].prot = 502;
  raw.stations[0].model = 'generic-acc';
  raw.stations[1].evses[0].phases = 'L1 L1 L2';
  raw.stations[2].evses[0].floorAmps = 4;
  raw.policy = { meter: { holdAfterMs: 6_000, staleAfterMs: 6_000 } };
  return raw;
}

describe('busbar check', () => {
  test('tells ten different faults of one file in ten located lines, and exits 1', async () => {
    const raw = tenFaults();
    const file = scratchFile(JSON.stringify(raw));
    const io = rememberingIo();
    expect(await runCheckVerb({ file, json: false }, io)).toBe(1);
    expect(io.outLines).toEqual([]);
    expect(io.errLines.at(-1)).toBe(`10 faults in ${file}`);
    const places = io.errLines.slice(0, -1).map((line) => line.slice(`${file}: `.length).split(', expected')[0]);
    expect(places.sort()).toEqual(
      [
        'timezone: got "Europe/Berln"',
        'circuits[0].ratingAmps: got "63A"',
        'circuits[1].parent: got "mian"',
        'circuits[2].id: got "sub"',
        'meters[0].prot: got 502',
        'meters[0].profile: got "eastron-sdm63"',
        'stations[0].model: got "generic-acc"',
        'stations[1].evses[0].phases: got "L1 L1 L2"',
        'stations[2].evses[0].floorAmps: got 4',
        'policy.meter.staleAfterMs: got 6000',
      ].sort(),
    );
  });

  test('tells the same faults as JSON', async () => {
    const io = rememberingIo();
    expect(await runCheckVerb({ file: scratchFile(JSON.stringify(tenFaults())), json: true }, io)).toBe(1);
    const answer = JSON.parse(io.outLines.join(''));
    expect(answer.ok).toBe(false);
    expect(answer.faults).toHaveLength(10);
  });

  test('a missing file and a slip of the comma have their place', async () => {
    const io = rememberingIo();
    expect(await runCheckVerb({ file: 'no-such-site.json', json: false }, io)).toBe(1);
    expect(io.errLines).toEqual([
      'no-such-site.json: got "ENOENT", expected a site file that can be read',
      '1 fault in no-such-site.json',
    ]);
    const file = scratchFile('{\n  "id": "x",\n}');
    const again = rememberingIo();
    expect(await runCheckVerb({ file, json: false }, again)).toBe(1);
    expect(again.errLines[0]).toContain('line 3, column 1: got "}", expected a further field after the comma');
  });

  test('draws a site in order as a tree, with its floor proof and notes', async () => {
    const io = rememberingIo();
    const file = scratchFile(JSON.stringify(rawSite()));
    expect(await runCheckVerb({ file, json: false }, io)).toBe(0);
    expect(io.errLines).toEqual([]);
    expect(io.outLines).toEqual([
      'yard (yard)',
      '',
      'circuit main: 63 A, margin 3 A',
      '├─ meter main: eastron-sdm630 at 192.0.2.10:502, unit 1, each 1000 ms',
      '├─ station A, generic-ac: AC on L1 L2 L3, 6 to 16 A, floor 6 A',
      '└─ circuit sub: 40 A, margin 2 A',
      '   ├─ station B, generic-ac: AC on L2 L3 L1, 6 to 32 A, floor 6 A',
      '   └─ station C, generic-ac: AC on L3, 6 to 32 A, floor 6 A',
      '',
      'Floor proof: what all chargers may draw when the controller is silent, and the worst base load, fit.',
      'circuit  phase  EVSEs  floors A  + worst base load A  ≤ rating − margin A  spare A',
      '───────  ─────  ─────  ────────  ───────────────────  ───────────────────  ───────',
      'main     L1         2     12.00                20.00                60.00    28.00',
      'main     L2         2     12.00                20.00                60.00    28.00',
      'main     L3         3     18.00                20.00                60.00    22.00',
      'sub      L1         1      6.00                 5.00                38.00    27.00',
      'sub      L2         1      6.00                 5.00                38.00    27.00',
      'sub      L3         2     12.00                 5.00                38.00    21.00',
      '',
      'Lines: the time that reading the meters takes, by the bytes of their requests and the silences between.',
      'bus  at              meters  bytes  one poll of all  of its time  sustains a poll every',
      '───  ──────────────  ──────  ─────  ───────────────  ───────────  ─────────────────────',
      '-    192.0.2.10:502  main       66           210 ms         21 %                 290 ms',
      '',
      'Notes',
      '- circuit sub: no meter measures it: its other loads are taken at their allowance.',
      '- 3 stations: A, B, C have no keySha256 and may not connect outside the demo. Run "busbar key A", set the key in the station and the line in this file.',
      `- meter main: no record says that phases, direction and ratio were proved on site: busbar commission main --site ${file}.`,
    ]);
  });
});

test('busbar check draws every limit of a circuit, and proves apparent power and unbalance in tables of their own', async () => {
  const raw = rawSite();
  Object.assign(raw.circuits[0], { limitKilowatts: 30, limitKilovoltAmperes: 40, unbalanceAmps: 20 });
  raw.circuits[0].baseLoad.usesGeneration = true;
  const file = scratchFile(JSON.stringify(raw));
  const io = rememberingIo();
  expect(await runCheckVerb({ file, json: false }, io)).toBe(0);
  expect(io.outLines[2]).toBe(
    'circuit main: 63 A, margin 3 A, at most 30 kW, at most 40 kVA, phases at most 20 A apart, uses generation',
  );
  const from = io.outLines.findIndex((line) => line.startsWith('circuit  EVSEs'));
  expect(io.outLines.slice(from, from + 12)).toEqual([
    'circuit  EVSEs  floors kW  + worst base load kW  ≤ limit kW  spare kW',
    '───────  ─────  ─────────  ────────────────────  ──────────  ────────',
    'main         3      10.63                 15.18       30.00      4.19',
    '',
    'circuit  EVSEs  floors kVA  + worst base load kVA  ≤ limit kVA  spare kVA',
    '───────  ─────  ──────────  ─────────────────────  ───────────  ─────────',
    'main         3       10.63                  15.18        40.00      14.19',
    '',
    'Unbalance: how far the same floors may pull two phases apart; more than the limit is told, not refused.',
    'circuit  phase  against  EVSEs  floors A  ≤ unbalance A  spare A',
    '───────  ─────  ───────  ─────  ────────  ─────────────  ───────',
    'main     L3     L1           1      6.00          20.00    14.00',
  ]);
  const asJson = rememberingIo();
  expect(await runCheckVerb({ file, json: true }, asJson)).toBe(0);
  expect(JSON.parse(asJson.outLines.join(''))).toMatchObject({
    tree: { circuit: { limitVoltAmperes: 40_000, unbalanceAmps: 20, usesGeneration: true } },
    floorUnbalance: [{ circuit: 'main', phase: 'L3', against: 'L1', floorsAmps: 6, spareAmps: 14 }],
  });
});

test('busbar check draws groups with their first members, and proves their amperes and kilowatts', async () => {
  const raw = groupedSite({ limitAmps: { L1: 30, L2: 30, L3: 20 } });
  const places = Array.from({ length: 13 }, (_, at) => ({
    number: at + 1,
    circuit: 'main',
    phases: 'L1',
    maxAmps: 32,
    floorAmps: 0,
  }));
  raw.stations.push({ id: 'D', model: 'generic-ac', evses: places });
  raw.groups.push({ id: 'roof', name: 'From the roof', stations: ['D'], limitKilowatts: 3.7, netOfSurplus: true });
  const file = scratchFile(JSON.stringify(raw));
  const io = rememberingIo();
  expect(await runCheckVerb({ file, json: false }, io)).toBe(0);
  const drawn = io.outLines.findIndex((line) => line.startsWith('group tenant'));
  expect(io.outLines.slice(drawn - 1, drawn + 5)).toEqual([
    '',
    'group tenant: at most L1 30, L2 30, L3 20 A',
    '└─ A/1, B/1, C/1',
    'group roof "From the roof": at most 3.7 kW beyond the surplus',
    '└─ D/1, D/2, D/3, D/4, D/5, D/6, D/7, D/8, D/9, D/10, D/11, D/12, and 1 more',
    '',
  ]);
  const proved = io.outLines.findIndex((line) => line.startsWith('group   phase'));
  expect(io.outLines.slice(proved, proved + 9)).toEqual([
    'group   phase  EVSEs  floors A  ≤ limit A  spare A',
    '──────  ─────  ─────  ────────  ─────────  ───────',
    'tenant  L1         2     12.00      30.00    18.00',
    'tenant  L2         2     12.00      30.00    18.00',
    'tenant  L3         3     18.00      20.00     2.00',
    '',
    'group  EVSEs  floors kW  ≤ limit kW  spare kW',
    '─────  ─────  ─────────  ──────────  ────────',
    'roof      13       0.00        3.70      3.70',
  ]);
  const asJson = rememberingIo();
  expect(await runCheckVerb({ file, json: true }, asJson)).toBe(0);
  const answer = JSON.parse(asJson.outLines.join(''));
  expect(answer.groups).toMatchObject([
    { id: 'tenant', limitAmps: { L3: 20 } },
    { limitWatts: 3_700, netOfSurplus: true },
  ]);
  expect(answer.floorProof.map((row: { kind: string }) => row.kind)).toEqual([
    ...Array(6).fill('phase'),
    ...Array(3).fill('group-phase'),
    'group-power',
  ]);
});

describe('the sites that come with Busbar', () => {
  const lines = {
    demo: ['circuit main "Main board": 100 A, margin 5 A', '└─ circuit deck-b "Sub-board B, deck B": 40 A, margin 2 A'],
    office: [
      'circuit main "House connection": 63 A, margin 3.15 A',
      '└─ circuit yard "Sub-board yard": 40 A, margin 2 A',
    ],
    garage: [
      'circuit main "Main board": 125 A, margin 6.25 A, phases at most 20 A apart',
      'group car-sharing "Places let to the car-sharing club": at most 32 A',
      '└─ G1-05/1, G1-06/1, G2-05/1, G2-05/2',
      '└─ circuit level-2 "Sub-board level 2": L1 63, L2 50, L3 63 A, margin 3 A',
      '      ├─ EVSE 1: AC on L2 L3 L1, 6 to 32 A, floor 6 A'.slice(3),
    ],
    depot: [
      'circuit main "Transformer 250 kVA": 360 A, margin 18 A, at most 230 kW, at most 250 kVA',
      'group staff-cars "Cars of staff, mostly from the roof": at most 4.6 kW beyond the surplus',
      'staff-cars      2       0.00        4.60      4.60',
      '│  ├─ station BUS-01 "Bus lane 1", generic-dc: DC on L1 L2 L3, 8.6 to 205.6 A, floor 13.8 A, priority 5',
    ],
  };

  test.each(Object.entries(lines))('%s is in order', async (name, expected) => {
    const file = join(repositoryRoot, 'site-config', `${name}.json`);
    const io = rememberingIo();
    expect(await runCheckVerb({ file, json: false }, io)).toBe(0);
    for (const line of expected) expect(io.outLines.some((one) => one.includes(line))).toBe(true);
    const asJson = rememberingIo();
    expect(await runCheckVerb({ file, json: true }, asJson)).toBe(0);
    const answer = JSON.parse(asJson.outLines.join(''));
    expect(answer).toMatchObject({ ok: true, id: name, tree: { circuit: { id: 'main' }, meter: { id: 'main' } } });
    expect(answer.floorProof.every((row: { spareAmps?: number }) => (row.spareAmps ?? 0) >= 0)).toBe(true);
  });

  test('a loaded site is frozen all through', () => {
    const loaded = loadSite(join(repositoryRoot, 'site-config', 'demo.json'));
    if (!loaded.ok) throw new Error('the demo does not load');
    expect(() => {
      (loaded.site.circuits[0]!.ratingAmps as { L1: number }).L1 = 1_000;
    }).toThrow(TypeError);
  });
});

describe('busbar key', () => {
  test('prints 40 hex digits and the hash of the 20 bytes they stand for', async () => {
    const io = rememberingIo();
    expect(await runKeyVerb({ station: 'CP01', json: true }, io)).toBe(0);
    const answer = JSON.parse(io.outLines.join(''));
    expect(answer.authorizationKey).toMatch(/^[0-9a-f]{40}$/);
    const wire = Buffer.concat([Buffer.from('CP01:'), Buffer.from(answer.authorizationKey, 'hex')]);
    expect(answer.keySha256).toBe(createHash('sha256').update(wire).digest('hex'));
    const raw = rawSite();
    raw.stations[0] = { ...raw.stations[0], id: 'CP01', keySha256: answer.keySha256 };
    expect(loadSite(scratchFile(JSON.stringify(raw))).ok).toBe(true);
  });

  test('a station that sends the 40 digits as text, as OCPP 2.x does, has a line of its own', async () => {
    const io = rememberingIo();
    await runKeyVerb({ station: 'CP01', json: true }, io);
    const answer = JSON.parse(io.outLines.join(''));
    const wire = Buffer.from(`CP01:${answer.authorizationKey}`, 'ascii');
    expect(answer.keySha256WhenSentAsText).toBe(createHash('sha256').update(wire).digest('hex'));
    const people = rememberingIo();
    await runKeyVerb({ station: 'CP01', json: false }, people);
    const digits = people.outLines.find((line) => /^ {2}[0-9a-f]{40}$/.test(line))!.trim();
    expect(people.outLines).toContain(`  "keySha256": "${keySha256('CP01', Buffer.from(digits, 'ascii'))}"`);
  });

  test('is new each time, and the same line for people as for programs', async () => {
    const [first, second] = [rememberingIo(), rememberingIo()];
    await runKeyVerb({ station: 'CP01', json: false }, first);
    await runKeyVerb({ station: 'CP01', json: false }, second);
    const keyIn = (text: string) => /^ {2}([0-9a-f]{40})$/m.exec(text)![1]!;
    const key = keyIn(first.outLines.join('\n'));
    expect(keyIn(second.outLines.join('\n'))).not.toBe(key);
    expect(first.outLines).toContain(`  "keySha256": "${keySha256('CP01', Buffer.from(key, 'hex'))}"`);
  });

  test('a name that no station can have is refused', async () => {
    const io = rememberingIo();
    expect(await runKeyVerb({ station: 'CP 01/x', json: false }, io)).toBe(1);
    expect(io.outLines).toEqual([]);
    expect(io.errLines[0]).toContain('got "CP 01/x", expected the identity');
  });
});
