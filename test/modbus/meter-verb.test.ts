// `busbar meter` against a server on bare sockets: what a person sees, and what they are told to do when nothing comes.
import { expect, onTestFinished, test } from 'vitest';
import type { Io } from '../../src/wiring/io.ts';
import { type MeterVerbOptions, runMeterVerb } from '../../src/wiring/meter-verb.ts';
import { rawSite, scratchFile } from '../config/support.ts';
import { freePort } from '../support/children.ts';
import { toWords, vectorsOf } from '../support/meter-vectors.ts';
import { floatWords, sdm630Words } from '../support/modbus-world.ts';
import { type Answer, fromMemory, serveModbus } from '../support/raw-modbus-server.ts';

const GOOD = sdm630Words([10.5, 20.25, -30]);

type Call = Partial<MeterVerbOptions> & { readonly profile?: string; readonly address?: string };

async function call(
  { profile = 'eastron-sdm630', address = '', ...options }: Call,
  onLine: (lines: readonly string[]) => void = () => {},
  { isTerminal = false, untilLines = 2 } = {},
) {
  const stopping = new AbortController();
  const out: string[] = [];
  const err: string[] = [];
  const io: Io = {
    out: (line) => {
      out.push(line);
      onLine(out);
      if (out.length === untilLines) stopping.abort();
    },
    err: (line) => void err.push(line),
    isTerminal,
    signal: stopping.signal,
  };
  const all = { words: [profile, address], watch: false, raw: false, json: false, ...options };
  const code = await runMeterVerb(all, io);
  return { code, lines: out, out: out.join('\n'), err: err.join('\n') };
}

async function meter(answer: (unitId: number, functionCode: number, address: number, count: number) => Answer) {
  const server = await serveModbus(answer);
  onTestFinished(server.close);
  return { server, address: `127.0.0.1:${server.port}` };
}

test('a reading is a table that lines up, with totals, energy, age and what is known of the model', async () => {
  const { address } = await meter(fromMemory(0, () => GOOD));
  const { code, out, err } = await call({ address });
  expect(code).toBe(0);
  expect(out.replace(/age \d+ ms/, 'age 7 ms')).toBe(
    [
      `eastron-sdm630 at ${address}, unit 1`,
      'phase      V       A      W     PF',
      '─────  ─────  ──────  ─────  ─────',
      'L1     230.0   10.50   2415   1.00',
      'L2     230.0   20.25   4658   1.00',
      'L3     230.0  -30.00  -6900  -1.00',
      'total                   173',
      '50.00 Hz, import 1000.0 kWh, export 0.0 kWh, age 7 ms',
    ].join('\n'),
  );
  expect(err).toContain('note: even register counts only');
});

test('--raw shows the registers, --json one object, --factor turns and scales', async () => {
  const { address } = await meter(fromMemory(0, () => GOOD));
  const raw = (await call({ address, raw: true })).out;
  expect(raw).toContain('\n       0  0000  4366 0000  17254 0      v_l1 f32 = 230 V\n');
  expect(raw).toContain('\n      16  0010  c5d7 a000  50647 40960  p_l3 f32 = -6900 W\n');
  const { out, err } = await call({ address, json: true, raw: true, factor: -2 });
  const shot = JSON.parse(out);
  expect(shot).toMatchObject({ profile: 'eastron-sdm630', unitId: 1, currentAmps: { L1: -21, L2: -40.5, L3: 60 } });
  expect(shot.registers[0]).toMatchObject({ start: 0, words: GOOD.slice(0, 18) });
  expect(err).toBe('');
});

test('--watch reads on one connection each second until it is interrupted', async () => {
  const { address, server } = await meter(fromMemory(0, () => GOOD));
  const { code, out } = await call({ address, watch: true, json: true });
  expect(code).toBe(0);
  expect(out.split('\n')).toHaveLength(2);
  expect(server.accepted()).toBe(1);
});

test('--watch on no terminal tells a line a reading, with its age and time, and doubts what stands still', async () => {
  const { address } = await meter(fromMemory(0, () => GOOD));
  const { out } = await call({ address, watch: true });
  const lines = out.split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(
    /^20\d\d-\S+Z L1 230\.0 V 10\.50 A 2415 W, L2 .*, total 173 W, 50\.00 Hz, age \d+ ms, read in \d+ ms$/,
  );
});

test('--watch on a terminal redraws in place, hides the cursor and gives it back, and tells trouble inside the picture', async () => {
  let reads = 0;
  const { address } = await meter((unit, fc, from, count) =>
    // Three requests make a reading; the second reading is met with silence.
    ++reads > 3 ? undefined : fromMemory(0, () => GOOD)(unit, fc, from, count),
  );
  const seen = await call({ address, watch: true, rating: 63 }, () => {}, { isTerminal: true, untilLines: 3 });
  const [begin, first, second, end] = seen.lines;
  expect(begin).toContain('\u001b[?25l');
  expect(first + second!).not.toContain('\u001b[2J');
  expect(first!.replaceAll('\u001b[K', '')).toContain(
    '\nL1   230.0    10.50  ███·················  17%     10.50    10.50      2415  1.00\n',
  );
  expect(first).toContain('believed');
  expect(second).toMatch(/1 read, 1 failed.*\n.*no whole answer within 300 ms/);
  expect(end).toBe('\u001b[?25h');
  expect(seen.err).toBe('');
});

test('--site names a meter by its id and reads it with its settings; bars are scaled to its circuit', async () => {
  const { server } = await meter(fromMemory(0, () => GOOD));
  const raw = rawSite();
  Object.assign(raw.meters[0], { host: '127.0.0.1', port: server.port, factor: 2, mayExport: true });
  const site = scratchFile(JSON.stringify(raw));
  const { code, out } = await call({ words: ['main'], site });
  expect(code).toBe(0);
  expect(out).toContain(`main: eastron-sdm630 at 127.0.0.1:${server.port}, unit 1`);
  expect(out).toContain('L2     230.0   40.50');
  const frame = await call({ words: ['main'], site, watch: true }, () => {}, { isTerminal: true });
  expect(frame.out).toContain('full bar: 63 A (rating)');
  raw.meters[0].mayExport = false;
  const strict = await call({ words: ['main'], site: scratchFile(JSON.stringify(raw)) });
  expect(strict).toMatchObject({ code: 1, err: expect.stringContaining('L3 exports 60 A') });
});

test('--watch survives a meter that is silent at first', async () => {
  let isSilent = true;
  const { address } = await meter((unit, fc, from, count) =>
    isSilent ? undefined : fromMemory(0, () => GOOD)(unit, fc, from, count),
  );
  const { code, out } = await call({ address, watch: true, json: true }, () => {
    isSilent = false;
  });
  const [first, second] = out.split('\n').map((line) => JSON.parse(line));
  expect(code).toBe(0);
  expect(first).toMatchObject({ error: 'METER_TIMEOUT' });
  expect(second).toMatchObject({ currentAmps: { L1: 10.5 } });
});

test('a reading that the controller would refuse is shown with the reason', async () => {
  const { address } = await meter(fromMemory(0, () => GOOD.toSpliced(0, 2, ...floatWords(23))));
  const { code, out, err } = await call({ address });
  expect(code).toBe(1);
  expect(out).toContain('23.0');
  expect(err).toContain('would not believe this reading: L1 23 V, expected 115 to 345 V');
});

test.each(['sunspec-201-204', 'sunspec-211-214'])(
  '%s: the model is found over the wire, wherever the chain begins',
  async (profile) => {
    for (const { name, memory, values, currentAmps, phases } of vectorsOf(profile)) {
      // One whose currents are markers cannot be shown as a sample; the decoding tests have it.
      if (!memory || !currentAmps) continue;
      const { address } = await meter(fromMemory(memory.start, () => toWords(memory.words)));
      const { out } = await call({ address, profile, json: true });
      const shot = JSON.parse(out);
      expect([shot.currentAmps.L1, shot.currentAmps.L2, shot.currentAmps.L3], name).toEqual(
        [...currentAmps, 0, 0].slice(0, 3).map((amps) => expect.closeTo(amps, 6)),
      );
      if (typeof values.p_total === 'number' && values.p_total < 1e30)
        expect(shot.totalPowerWatts, name).toBeCloseTo(values.p_total, 6);
      expect(shot.phases, name).toEqual(phases === undefined ? undefined : ['L1', 'L2'].slice(0, phases));
    }
  },
);

test('no connection: says where and what to check', async () => {
  const { code, err } = await call({ address: `127.0.0.1:${await freePort()}` });
  expect(code).toBe(1);
  expect(err).toMatch(/ECONNREFUSED.*\n.*Check the host and the port/);
  expect(err).not.toContain('note:');
});

test('a wrong unit id that is met with silence, and one that is met with a gateway exception', async () => {
  const silent = await meter((unit, fc, from, count) =>
    unit === 1 ? fromMemory(0, () => GOOD)(unit, fc, from, count) : undefined,
  );
  expect(await call({ address: silent.address, unit: 9 })).toMatchObject({
    code: 1,
    err: expect.stringMatching(/no whole answer within 300 ms.*\n.*Unit 9 is silent: check the unit id/),
  });
  const gateway = await meter(() => ({ exception: 11 }));
  expect(await call({ address: gateway.address, unit: 9 })).toMatchObject({
    code: 1,
    err: expect.stringContaining('Exception 11: nobody answers behind the gateway: check the unit id'),
  });
});

test('an exception names the likely reason: another meter', async () => {
  const { address } = await meter(fromMemory(40_000, () => []));
  const { code, err } = await call({ address });
  expect(code).toBe(1);
  expect(err).toContain('Exception 2: it has no such registers: the profile is for another meter');
  expect((await call({ address, profile: 'sunspec-201-204' })).err).toContain('no "SunS" at 40000, 0, 50000');
});

test.each([
  [{ profile: 'sdm630' }, /"sdm630", expected one of: eastron-sdm630$/],
  [{ address: 'http://meter' }, /address: "http:\/\/meter", expected host:port/],
  [{ address: 'meter:70000' }, /port 70000, expected 1 to 65535/],
  [{ address: '/dev/ttyUSB0:7' }, /baud: 7, expected a rate/],
  [{ baud: 9_600 }, /--baud: 9600, expected nothing: only a serial device/],
  [{ unit: 256 }, /--unit: 256, expected a whole number from 0 to 255/],
  [{ factor: 0 }, /--factor: 0, expected a number other than 0/],
  [{ factor: Number.NaN }, /--factor: NaN/],
  [{ words: [] }, /got nothing, expected PROFILE ADDRESS, or --site FILE METER_ID/],
  [{ words: ['eastron-sdm630', '192.0.2.1', 'x'] }, /expected PROFILE ADDRESS/],
  [{ site: 'site-config/office.json', words: ['mian'] }, /"mian", expected a meter of .* read over Modbus: main/],
  [{ site: 'site-config/office.json', words: [] }, /got nothing, expected the id of one meter/],
  [{ site: 'site-config/office.json', words: ['main'], unit: 3 }, /--unit: 3, expected nothing: the site file says it/],
])('wrong usage %j is told before anything is asked', async (options, words) => {
  const { code, out, err } = await call({ address: '192.0.2.1:502', ...options });
  expect(code).toBe(2);
  expect(out).toBe('');
  expect(err).toMatch(words);
});
