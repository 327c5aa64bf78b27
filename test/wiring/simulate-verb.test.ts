// `busbar simulate` as a person meets it: the report, the progress, what is told of a wrong file, and a failure that is shortened and played again.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Happening } from '../../src/simulator/script.ts';
import { readScript, writeScriptText } from '../../src/simulator/script-form.ts';
import { runSimulateVerb, type SimulateVerbOptions } from '../../src/wiring/simulate-verb.ts';

let dir: string;
let site: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'busbar-simulate-'));
  site = join(dir, 'site.json');
  const evse = { circuit: 'main', phases: 'L1 L2 L3', maxAmps: 32 };
  writeFileSync(
    site,
    JSON.stringify({
      id: 'yard',
      name: 'Yard',
      timezone: 'Europe/Berlin',
      circuits: [{ id: 'main', ratingAmps: 50, baseLoad: { worstAmps: 20 }, meter: 'main' }],
      // Something here generates, so that export is believed.
      meters: [{ id: 'main', profile: 'eastron-sdm630', host: '192.0.2.10', mayExport: true }],
      stations: ['A', 'B'].map((id) => ({ id, model: 'generic-ac', floorProvedOn: '2026-01-15', evses: [evse] })),
    }),
  );
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function run(
  options: Partial<SimulateVerbOptions>,
  { signal = new AbortController().signal, onProgress = () => {} } = {},
) {
  const [out, err]: [string[], string[]] = [[], []];
  const io = {
    out: (line: string) => void out.push(line),
    err: (line: string) => {
      err.push(line);
      onProgress();
    },
    isTerminal: false,
    signal,
  };
  const defaults = { site, hours: 0.2, seed: 3, faults: 'none' as const, shrinkRuns: 0, json: false };
  const code = await runSimulateVerb({ ...defaults, ...options }, io);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

const car = { phases: 3, maxAmps: 32, minAmps: 6, batteryWh: 90_000 } as const;
const comes = (evse: string, atMs: number): Happening => ({
  kind: 'car-comes',
  evse,
  car,
  storedWh: 0,
  idTag: 'CARD',
  atMs,
  forMs: 3_600_000,
});
/** A meter of a site that may export, turned round before anybody read it: nothing tells it from generation, and the cars get the building's part. */
const turnedRound: readonly Happening[] = [
  { kind: 'meter-errs', meter: 'main', fault: 'flipped', atMs: 0, forMs: 3_600_000 },
  comes('A/1', 10_000),
  comes('B/1', 20_000),
  { kind: 'network-slow', station: 'A', delayMs: 50, atMs: 100_000, forMs: 5_000 },
  { kind: 'building-steps', amps: { L1: 1, L2: 1, L3: 1 }, atMs: 240_000, forMs: 60_000 },
];
const scriptFile = (name: string, text: string) => {
  const file = join(dir, name);
  writeFileSync(file, text);
  return file;
};

describe('busbar simulate', () => {
  test('tells what was run, what happened, every figure and that every law held, and progress beside it', async () => {
    const { code, out, err } = await run({ faults: 'harsh' });
    expect(code).toBe(0);
    expect(out).toMatch(/^Yard: 0\.2 h, seed 3, faults harsh, base load walk\n/);
    expect(out).toMatch(/fuse-law +violationCount +0/);
    expect(out).toMatch(/Every law held\.$/);
    expect(err).toMatch(/^simulate: 0\.2 of 0\.2 h, [\d,]+ × real time$/);
  });

  test('a signal ends it within a virtual minute, with what was seen until then, and not as a success', async () => {
    const stop = new AbortController();
    const onProgress = () => void setImmediate(() => stop.abort());
    const { code, out, err } = await run({ hours: 500, json: true }, { signal: stop.signal, onProgress });
    expect(code).toBe(1);
    expect(err).toMatch(/^simulate: 1 of 500 h, [\d,]+ × real time$/);
    const report = JSON.parse(out) as { isWhole: boolean; counts: { cycles: number } };
    expect(report.isWhole).toBe(false);
    expect(report.counts.cycles).toBeGreaterThan(3_600);
    expect(report.counts.cycles).toBeLessThan(3_600 + 2 * 60);
  });

  test('as JSON it is the same each time, version and trace included', async () => {
    const [one, two] = [await run({ json: true, faults: 'field' }), await run({ json: true, faults: 'field' })];
    expect(two.out).toBe(one.out);
    expect(JSON.parse(one.out)).toMatchObject({
      seed: 3,
      violations: { count: 0 },
      trace: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  test('a broken law ends with 1, the shortest script in a file, and how it is played again', async () => {
    const script = {
      site: 'yard',
      seed: 1,
      hours: 0.2,
      faults: 'none',
      baseLoad: { kind: 'flat', part: 0.5 },
    } as const;
    const replay = scriptFile('turned-round.json', writeScriptText({ ...script, happenings: turnedRound }));
    const keep = join(dir, 'kept.json');
    const { code, out, err } = await run({ replay, keep, shrinkRuns: 25 });
    expect(code).toBe(1);
    expect(out).toMatch(
      /violations; the first of them:\n {2}2026-03-02 06:0\d:\d\d {2}fuse-law: main L1 carried more than/,
    );
    expect(err).toMatch(/simulate: shortening, run 1 of at most 25: /);
    expect(err).toMatch(/Broken: fuse-law, seed 1, version \S+\. The shortest script found has \d of 5 happenings:/);
    expect(err).toContain(`busbar simulate --site ${site} --replay ${keep}`);
    const kept = readScript(readFileSync(keep, 'utf8'));
    if (!kept.ok) throw new Error(JSON.stringify(kept.faults));
    expect(kept.script.happenings.map(({ kind }) => kind)).not.toContain('network-slow');
    expect(kept.script.happenings.map(({ kind }) => kind)).toContain('meter-errs');
    expect((await run({ replay: keep, keep })).code).toBe(1);
  });
});

describe('wrong input is told with its place, and nothing is run', () => {
  test.each([
    ['no script', '{"site": 1}', /site: 1, expected /],
    ['no JSON', '{', /expected /],
    [
      'a script of another site',
      writeScriptText({ site: 'x', seed: 1, hours: 1, faults: 'none', baseLoad: { kind: 'walk' }, happenings: [] }),
      /site: it is a script of "x", expected "yard"/,
    ],
  ])('%s', async (_name, text, expected) => {
    const { code, out, err } = await run({ replay: scriptFile('bad.json', text) });
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(expected);
  });

  test('a base load that is no kind and no file', async () => {
    const { code, err } = await run({ baseLoad: 'sometimes' });
    expect(code).toBe(1);
    expect(err).toMatch(/--base-load: sometimes, expected walk, office, flat, or FILE:COLUMN/);
  });

  test('a table without the column', async () => {
    const table = scriptFile('loads.csv', 'datetime,a_kWh\n2026-01-01 00:00:00,1\n2026-01-01 01:00:00,2\n');
    const { code, err } = await run({ baseLoad: `${table}:b_kWh` });
    expect(code).toBe(1);
    expect(err).toMatch(/--base-load: column: b_kWh, expected one of a_kWh/);
  });
});
