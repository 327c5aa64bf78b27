// `busbar meter` against a server on bare sockets: what a person sees, and what they are told to do when nothing comes.
import { expect, onTestFinished, test } from 'vitest';
import type { Io } from '../../src/wiring/io.ts';
import { type MeterVerbOptions, runMeterVerb } from '../../src/wiring/meter-verb.ts';
import { freePort } from '../support/children.ts';
import { toWords, vectorsOf } from '../support/meter-vectors.ts';
import { floatWords, sdm630Words } from '../support/modbus-world.ts';
import { type Answer, fromMemory, serveModbus } from '../support/raw-modbus-server.ts';

const GOOD = sdm630Words([10.5, 20.25, -30]);

async function call(options: Partial<MeterVerbOptions>, onLine: (lines: readonly string[]) => void = () => {}) {
  const stopping = new AbortController();
  const out: string[] = [];
  const err: string[] = [];
  const io: Io = {
    out: (line) => {
      out.push(line);
      onLine(out);
      if (out.length === 2) stopping.abort();
    },
    err: (line) => void err.push(line),
    isTerminal: false,
    signal: stopping.signal,
  };
  const all = { profile: 'eastron-sdm630', address: '', watch: false, raw: false, json: false, ...options };
  return { code: await runMeterVerb(all, io), out: out.join('\n'), err: err.join('\n') };
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
      'phase      V       A      W',
      '─────  ─────  ──────  ─────',
      'L1     230.0   10.50   2415',
      'L2     230.0   20.25   4658',
      'L3     230.0  -30.00  -6900',
      'total                   173',
      '50.00 Hz, import 1000.0 kWh, export 0.0 kWh, age 7 ms',
    ].join('\n'),
  );
  expect(err).toContain('note: even register counts only');
});

test('--raw shows the registers, --json one object, --factor turns and scales', async () => {
  const { address } = await meter(fromMemory(0, () => GOOD));
  expect((await call({ address, raw: true })).out).toContain('\n       0  4366 0000 4366 0000 4366 0000 4128 0000\n');
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
    err: expect.stringMatching(/no whole answer within 300 ms.*\n.*Unit 9 is silent: check --unit/),
  });
  const gateway = await meter(() => ({ exception: 11 }));
  expect(await call({ address: gateway.address, unit: 9 })).toMatchObject({
    code: 1,
    err: expect.stringContaining('Exception 11: nobody answers behind the gateway: check --unit'),
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
  [{ address: 'meter:70000' }, /expected host:port/],
  [{ unit: 256 }, /--unit: 256, expected a whole number from 0 to 255/],
  [{ factor: 0 }, /--factor: 0, expected a number other than 0/],
  [{ factor: Number.NaN }, /--factor: NaN/],
])('wrong usage %j is told before anything is asked', async (options, words) => {
  const { code, out, err } = await call({ address: '192.0.2.1:502', ...options });
  expect(code).toBe(2);
  expect(out).toBe('');
  expect(err).toMatch(words);
});
