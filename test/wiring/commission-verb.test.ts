// `busbar commission` in a switch room on sockets: wrong wires are found by loads that are switched while it looks, and put right in the file.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { freePort } from '../support/children.ts';
import { commission, meterWithWires, obedient, PROFILE, siteFolder } from '../support/commission-bench.ts';

const LOADS = ['3 kW on L1', '3 kW on L2', '3 kW on L3'];

test('a meter that is right: three loads, the display, a record, exit code 0', async () => {
  const meter = await meterWithWires({ factor: 1 });
  const room = siteFolder(meter.port);
  const answers = room.answers({ who: 'A. Volta', loads: LOADS, display: '6.0 2.0 9.0' });
  const { code, out, err } = await commission({ site: room.site, answers }, obedient(meter.switchLoad, LOADS));
  expect(err).toBe('');
  expect(out).toContain(`Commissioning of main: ${PROFILE} at 127.0.0.1:${meter.port}, unit 1`);
  expect(out).toContain('in order: voltages and frequency are in their bands');
  expect(out).toMatch(/the meter's L2 \+13\.\d\d A, \+(299|300)\d W/);
  expect(out).toContain('what the loads showed is what the site file says');
  expect(out).toContain('the same within 2 %');
  expect(out).toContain('Verdict: in order.');
  expect(out).not.toContain('JSON patch');
  expect(code).toBe(0);
  const [record, ...more] = room.records();
  expect(more).toEqual([]);
  expect(record).toMatchObject({
    by: 'A. Volta',
    meter: 'main',
    profile: PROFILE,
    verdict: 'passed',
    applied: false,
  });
  expect(record.at).toMatch(/^20\d\d-\d\d-\d\dT/);
  expect(record.tests.map((one: { load: { text: string } }) => one.load.text)).toEqual(LOADS);
  expect(record.tests[0].before.amps.L1).toBeCloseTo(6, 1);
  expect(record.tests[0].after.amps.L1).toBeCloseTo(6 + 13.17, 1);
  expect(record.firstReading.currentAmps.L3).toBeCloseTo(9, 1);
});

test('swapped, reversed and behind transformers: --apply and yes put the file right and keep the old one', async () => {
  const meter = await meterWithWires({ factor: 40, phases: ['L2', 'L1', 'L3'], invertPhases: ['L3'] });
  const room = siteFolder(meter.port);
  const before = readFileSync(room.site, 'utf8');
  const answers = room.answers({ who: 'A. Volta', loads: LOADS, apply: 'yes' });
  const first = await commission({ site: room.site, answers, apply: true }, obedient(meter.switchLoad, LOADS));
  expect(first.out).toContain("SITE FILE  the meter's L1 measures L2, the meter's L2 measures L1");
  expect(first.out).toContain("SITE FILE  a load on the meter's L3 reads as export");
  expect(first.out).toContain('a ratio of 40 instead of 1 fits');
  expect(first.code).toBe(0);
  const meters = room.read('yard.json').meters;
  expect(meters[0]).toMatchObject({ factor: 40, phases: 'L2 L1 L3', invertPhases: 'L3', port: meter.port });
  const [backup] = readdirSync(room.folder).filter((name) => name.endsWith('.bak'));
  expect(readFileSync(join(room.folder, backup!), 'utf8')).toBe(before);
  // All else in the file stands as it stood.
  const after = readFileSync(room.site, 'utf8').split('\n');
  expect(before.split('\n').filter((line) => !after.includes(line)).length).toBeLessThanOrEqual(1);
  // Behind the new settings everything is as it should be, also by what the loads show.
  const again = await commission(
    { site: room.site, answers: room.answers({ loads: LOADS, display: '0.05 0.15 0.22' }) },
    obedient(meter.switchLoad, LOADS),
  );
  expect(again.out).toContain('what the loads showed is what the site file says');
  expect(again.out).toMatch(/the meter's L2 \+0\.33 A, \+75 W; with the ratio of 40: L2 \+13\.1\d A, \+300\d W/);
  expect(again.code).toBe(0);
  expect(room.records().map((one: { verdict: string; applied: boolean }) => [one.verdict, one.applied])).toEqual([
    ['passed', true],
    ['passed', false],
  ]);
});

test('without --apply, and without a yes, nothing but the record is written', async () => {
  const meter = await meterWithWires({ factor: -1 });
  const room = siteFolder(meter.port);
  const before = readFileSync(room.site, 'utf8');
  for (const apply of [false, true]) {
    const answers = room.answers({ loads: LOADS, apply: 'no' });
    const { code, out } = await commission({ site: room.site, answers, apply }, obedient(meter.switchLoad, LOADS));
    expect(code).toBe(1);
    expect(out).toContain('a load on every phase reads as export');
    expect(out).toContain('[\n  {"op":"add","path":"/meters/0/factor","value":-1}\n]');
    expect(out).toContain(apply ? 'Not written.' : 'let --apply write it');
    expect(out).toMatch(/With it the first reading of today would have been\n.*\n.*\nL1 +2\d\d\.\d +6\.00 /);
    expect(readFileSync(room.site, 'utf8')).toBe(before);
  }
  expect(room.records().map((one: { verdict: string }) => one.verdict)).toEqual(['open', 'open']);
});

test('a transformer on another phase than its voltage is a matter of wires', async () => {
  const meter = await meterWithWires({ factor: 1 }, { L1: 6, L2: 0, L3: 9 });
  // The power of L2 is that of its current with another phase's voltage: half, and negative.
  meter.spoil((words) => {
    const at = meter.profile.points.p_l2!.address;
    const view = new DataView(new ArrayBuffer(4));
    view.setUint16(0, words.get(at)!);
    view.setUint16(2, words.get(at + 1)!);
    view.setFloat32(0, -0.5 * view.getFloat32(0));
    return new Map(words).set(at, view.getUint16(0)).set(at + 1, view.getUint16(2));
  });
  const room = siteFolder(meter.port);
  const loads = ['3 kW on L2'];
  const { code, out } = await commission(
    { site: room.site, answers: room.answers({ loads }) },
    obedient(meter.switchLoad, loads),
  );
  expect(out).toContain("MEND       the meter's L2 shows half the power");
  expect(out).not.toContain('JSON patch');
  expect(code).toBe(1);
});

test('a load that stays, one that nobody switches and a text that is no load are told, and prove nothing', async () => {
  const meter = await meterWithWires({ factor: 1 });
  const room = siteFolder(meter.port);
  const answers = room.answers({ loads: ['3 kW on L1', 'the kettle', '2 kW on L2'] });
  let asked = 0;
  const { code, out } = await commission({ site: room.site, answers }, (line) => {
    if (line.startsWith('Switch it ON') && ++asked === 1) meter.switchLoad('3 kW on L1', true);
  });
  expect(out).toContain('  still there');
  expect(out).toContain('"the kettle": expected a load such as "3 kW on L2"');
  expect(out).toContain('AGAIN      "3 kW on L1" came and did not go again');
  expect(out).toContain('AGAIN      "2 kW on L2" is not seen');
  expect(out).toContain("no load has moved the meter's L1, L2, L3");
  expect(code).toBe(1);
});

test('only some phases tested: in order so far, with an exit code of 0 and a record that says so', async () => {
  const meter = await meterWithWires({ factor: 1 });
  const room = siteFolder(meter.port);
  const loads = ['3 kW on L2'];
  const { code, out } = await commission(
    { site: room.site, answers: room.answers({ loads }) },
    obedient(meter.switchLoad, loads),
  );
  expect(out).toContain("no load has moved the meter's L1, L3");
  expect([code, room.records()[0].verdict]).toEqual([0, 'incomplete']);
});

test('a display that shows something else, and voltages out of their band, are to be mended', async () => {
  const meter = await meterWithWires({ factor: 1 });
  const room = siteFolder(meter.port);
  const raw = room.read('yard.json');
  raw.nominalVolts = 400;
  writeFileSync(room.site, JSON.stringify(raw));
  const { code, out } = await commission({
    site: room.site,
    answers: room.answers({ display: '60 20 90' }),
    json: true,
  });
  expect(code).toBe(1);
  const record = JSON.parse(out);
  expect(record.findings.map((one: { code: string }) => one.code)).toEqual([
    'voltage-band',
    'voltage-band',
    'voltage-band',
    'untested',
    'display-differs',
  ]);
  expect(record.findings[0].text).toContain('L1 has 230');
  expect(record.display).toMatchObject({ isSame: false, typed: '60 20 90' });
  expect(record.display.text).toContain('by a factor of 10');
});

test('a person at the terminal: questions, Enter for a small step, and Ctrl-C, after which nothing is recorded', async () => {
  const meter = await meterWithWires({ factor: 40 });
  const room = siteFolder(meter.port);
  const input = new PassThrough();
  const stopping = new AbortController();
  const person = { input, output: new PassThrough(), interrupt: () => stopping.abort() };
  let asked = '';
  person.output.on('data', (text) => {
    asked += text;
    if (/Your name[^\n]*\n> $/.test(asked)) input.write('A. Volta\n');
    if (/no more\.\n> $/.test(asked)) input.write('3 kW on L1\n');
    asked = asked.slice(-500);
  });
  const began = performance.now();
  const { code, out, err } = await commission(
    { site: room.site, timing: { everyMs: 15, patienceMs: 60_000 } },
    (line) => {
      if (line.startsWith('Switch it ON')) {
        meter.switchLoad('3 kW on L1', true);
        // Behind 200/5 it is a third of an ampere, which only the person knows to be the load.
        setImmediate(() => input.write('\n'));
      }
      if (line.startsWith('Switch it OFF')) stopping.abort();
    },
    { signal: stopping.signal, person },
  );
  expect(out).toMatch(/the meter's L1 \+0\.3\d A/);
  expect(code).toBe(1);
  expect(err).toContain('Broken off: nothing is recorded.');
  expect(readdirSync(room.folder)).not.toContain('yard.commissioning.json');
  expect(performance.now() - began).toBeLessThan(30_000);
});

test('a meter that falls silent in the middle breaks it off with advice', async () => {
  const meter = await meterWithWires({ factor: 1 });
  const room = siteFolder(meter.port);
  const { code, err } = await commission({ site: room.site, answers: room.answers({ loads: LOADS }) }, (line) => {
    if (line.startsWith('Switch it ON')) meter.silence(true);
  });
  expect(code).toBe(1);
  expect(err).toContain('Broken off');
  expect(err).toMatch(/no whole answer|next try in/);
});

test.each<[string, (room: ReturnType<typeof siteFolder>) => Parameters<typeof commission>[0], number, RegExp]>([
  [
    'no such meter',
    (room) => ({ site: room.site, meter: 'mian' }),
    2,
    /"mian", expected a meter of .* read over Modbus: main/,
  ],
  ['no site file', (room) => ({ site: `${room.site}.not` }), 1, /expected a site file that can be read/],
  [
    'no answers file',
    (room) => ({ site: room.site, answers: `${room.site}.not` }),
    1,
    /ENOENT, expected a file with answers/,
  ],
  [
    'answers that are no JSON',
    (room) => ({ site: room.site, answers: badFile(room, '{"who": }') }),
    1,
    /line 1, column 9/,
  ],
  [
    'a question that nobody asks',
    (room) => ({ site: room.site, answers: room.answers({ load: [] }) }),
    1,
    /expected who, loads, display and apply/,
  ],
  [
    'too many loads',
    (room) => ({ site: room.site, answers: room.answers({ loads: Array(13).fill('x') }) }),
    1,
    /loads: /,
  ],
  [
    'a record that is none',
    (room) => {
      writeFileSync(join(room.folder, 'yard.commissioning.json'), '{"records": 7}');
      return { site: room.site };
    },
    1,
    /yard\.commissioning\.json: .*expected a record that busbar commission wrote/,
  ],
])('%s is told before anything is asked', async (_, options, code, words) => {
  const room = siteFolder(await freePort());
  const told = await commission(options(room));
  expect(told.code).toBe(code);
  expect(told.err).toMatch(words);
  expect(told.out).toBe('');
});

function badFile(room: ReturnType<typeof siteFolder>, text: string): string {
  const file = join(room.folder, 'bad.json');
  writeFileSync(file, text);
  return file;
}

test('a site file that somebody changes meanwhile is not written', async () => {
  const meter = await meterWithWires({ factor: -1 });
  const room = siteFolder(meter.port);
  const answers = room.answers({ loads: LOADS, apply: 'yes' });
  const switched = obedient(meter.switchLoad, LOADS);
  const { code, err } = await commission({ site: room.site, answers, apply: true }, (line) => {
    switched(line);
    if (line.includes('2. Known loads')) writeFileSync(room.site, `${readFileSync(room.site, 'utf8')}\n`);
  });
  expect(code).toBe(1);
  expect(err).toContain('has changed since we began: nothing is written');
  expect(readdirSync(room.folder).filter((name) => name.endsWith('.bak'))).toEqual([]);
});
