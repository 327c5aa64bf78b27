// What becomes of a site file that changed while a controller runs: sixty mutants of a sound one are refused, each with its faults told.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { prepareSite } from '../../src/wiring/prepare-site.ts';
import { SiteReload } from '../../src/wiring/site-reload.ts';
import { rememberingLog, scratchDirectory } from '../store/support.ts';

const sound = {
  id: 'office',
  timezone: 'Europe/Berlin',
  circuits: [
    { id: 'main', ratingAmps: 63, marginAmps: 1, baseLoad: { worstAmps: 20 }, meter: 'main' },
    { id: 'deck', parent: 'main', ratingAmps: 40, baseLoad: { worstAmps: 2, allowanceAmps: 1 } },
  ],
  meters: [{ id: 'main', profile: 'eastron-sdm630', host: '192.0.2.1', port: 502, unitId: 1, pollMs: 1000 }],
  stations: [
    { id: 'A', model: 'generic-ac', evses: [{ circuit: 'deck', phases: 'L1 L2 L3', maxAmps: 32, floorAmps: 6 }] },
    { id: 'B', model: 'generic-ac', evses: [{ circuit: 'deck', phases: 'L2 L3 L1', maxAmps: 32, floorAmps: 6 }] },
  ],
  listen: { stations: { port: 9220 }, http: { port: 8220 } },
};
const text = JSON.stringify(sound, null, 2);

type Path = readonly (string | number)[];
/** The sound file with another value at a place, or none. */
function withValue(path: Path, value: unknown): string {
  const copy = structuredClone(sound) as never;
  const last = path.at(-1)!;
  const holder = path.slice(0, -1).reduce<Record<string | number, unknown>>((at, key) => at[key] as never, copy);
  if (value === undefined) delete holder[last];
  else holder[last] = value;
  return JSON.stringify(copy);
}
const at = (path: Path, ...values: readonly unknown[]): [string, string][] =>
  values.map((value) => [`${path.join('.')} = ${JSON.stringify(value) ?? 'nothing'}`, withValue(path, value)]);

const circuit = ['circuits', 0];
const meter = ['meters', 0];
const station = ['stations', 0];
const evse = [...station, 'evses', 0];
const cut = (part: number): [string, string] => [`cut after ${part * 100} %`, text.slice(0, text.length * part)];

const mutants: readonly [string, string][] = [
  ['empty', ''],
  ['a list', '[]'],
  ['null', 'null'],
  ['no JSON', 'ratingAmps: 63'],
  ['two files in one', text + text],
  ['a comma too many', text.replace('"circuits": [', '"circuits": [,')],
  ['a byte that is no text', `\u0000${text}`],
  ...[0.2, 0.5, 0.8, 0.99].map(cut),
  ...at(['id'], undefined, '', 7),
  ...at(['timezone'], undefined, 'Mars/Olympus', 2),
  ...at(['colour'], 'red'),
  ...at(['circuits'], undefined, [], {}),
  ...at([...circuit, 'ratingAmps'], undefined, 0, -63, '63A', null, 26),
  ...at([...circuit, 'marginAmps'], -1, 63),
  ...at([...circuit, 'baseLoad', 'worstAmps'], undefined, -1, 51),
  ...at([...circuit, 'meter'], 'nowhere'),
  ...at([...circuit, 'parent'], 'main', 'deck'),
  ...at(['circuits', 1, 'id'], 'main'),
  ...at(['circuits', 1, 'parent'], 'attic', 'deck'),
  ...at(['circuits', 1, 'ratingAmps'], 13),
  ...at([...meter, 'profile'], undefined, 'no-such-meter'),
  ...at([...meter, 'port'], 0, 70_000, '502'),
  ...at([...meter, 'unitId'], 300),
  ...at(['stations'], undefined, 'A'),
  ...at([...station, 'id'], undefined, 'B', 'CP 1'),
  ...at([...station, 'model'], undefined, 'no-such-model'),
  ...at([...evse, 'circuit'], undefined, 'attic'),
  ...at([...evse, 'phases'], 'L1 L1', 'L4'),
  ...at([...evse, 'maxAmps'], -32, 'all'),
  ...at([...evse, 'floorAmps'], 3, 40, 32),
  ...at(['listen', 'http', 'port'], -1),
  ...at(['policy'], { cycleMs: 0 }, { increase: { dwellMs: -1 } }),
];

function reload(first: string | (() => Promise<string | undefined>)) {
  const file = join(scratchDirectory(), 'site.json');
  const log = rememberingLog();
  const taken: string[] = [];
  const faults: string[] = [];
  let checks = 0;
  let settled = () => {};
  const write = (newest: string) => writeFileSync(file, newest);
  if (typeof first === 'string') write(first);
  const check = async () => {
    checks += 1;
    if (typeof first !== 'string') return first();
    const prepared = prepareSite(file);
    if (!prepared.ok) faults.push(...prepared.faults);
    return prepared.ok ? prepared.text : undefined;
  };
  const note = new Set(['site.reload-refused', 'site.unchanged', 'site.reload-taken']);
  const told = () => log.lines.filter(({ event }) => note.has(event)).map(({ event }) => event);
  const tellingLog = {
    ...log,
    info: (event: string, fields = {}) => {
      log.info(event, fields);
      if (note.has(event)) settled();
    },
    error: (event: string, fields = {}) => {
      log.error(event, fields);
      if (note.has(event)) settled();
    },
  };
  const subject = new SiteReload({ log: tellingLog, check, inForce: () => text, take: (one) => void taken.push(one) });
  const ask = () =>
    new Promise<void>((resolve) => {
      settled = resolve;
      subject.ask();
    });
  return { subject, ask, write, taken, faults, told, checks: () => checks, log };
}

describe('a site file with faults', () => {
  test('there are sixty of them at least, and the file that they come from is sound', async () => {
    expect(mutants.length).toBeGreaterThanOrEqual(60);
    expect(new Set(mutants.map(([, mutant]) => mutant)).size).toBe(mutants.length);
    const { ask, told, faults } = reload(text);
    await ask();
    expect([faults, told()]).toEqual([[], ['site.unchanged']]);
  });

  test.each(mutants)('%s: is refused, with its faults, and nothing is taken over', async (_story, mutant) => {
    const { ask, taken, faults, told } = reload(mutant);
    await ask();
    expect(taken).toEqual([]);
    expect(told()).toEqual(['site.reload-refused']);
    expect(faults.length).toBeGreaterThanOrEqual(1);
    for (const fault of faults) expect(fault).toMatch(/site\.json: .*(expected|set it)/);
  });

  test('and then mended is taken over', async () => {
    const { ask, write, taken, told } = reload(withValue(['circuits', 0, 'ratingAmps'], -1));
    await ask();
    const mended = withValue(['circuits', 0, 'ratingAmps'], 80);
    write(mended);
    await ask();
    expect(told()).toEqual(['site.reload-refused', 'site.reload-taken']);
    expect(taken).toEqual([mended]);
  });
});

describe('asking', () => {
  test('again and again during a check has one more made, of the newest file', async () => {
    let answer = (_text: string | undefined) => {};
    const { subject, taken, checks } = reload(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    for (let times = 0; times < 100; times++) subject.ask();
    expect(checks()).toBe(1);
    answer('older');
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(checks()).toBe(2);
    answer('newest');
    await new Promise((resolve) => setImmediate(resolve));
    expect([checks(), taken]).toEqual([2, ['older', 'newest']]);
  });

  test('when the check itself fails takes nothing', async () => {
    const { ask, taken, told } = reload(async () => {
      throw new Error('no process left');
    });
    await ask();
    expect([taken, told()]).toEqual([[], ['site.reload-refused']]);
  });

  test('while everything stops takes nothing', async () => {
    let answer = (_text: string | undefined) => {};
    const { subject, taken, told } = reload(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    subject.ask();
    subject.stop();
    answer('newest');
    await new Promise((resolve) => setImmediate(resolve));
    subject.ask();
    expect([taken, told()]).toEqual([[], []]);
  });
});
