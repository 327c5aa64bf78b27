// `busbar meter --scan` against servers on sockets: who answers, which profiles fit and why, how long it may take, and what Ctrl-C keeps.
import { expect, onTestFinished, test } from 'vitest';
import { registersOf } from '../../src/simulator/meter-registers.ts';
import type { Io } from '../../src/wiring/io.ts';
import { runScanVerb, type ScanVerbOptions } from '../../src/wiring/scan-verb.ts';
import { parseUnits } from '../../src/wiring/unit-range.ts';
import { rawSite, scratchFile } from '../config/support.ts';
import { freePort } from '../support/children.ts';
import { profileOf } from '../support/meter-vectors.ts';
import { type Answer, serveModbus } from '../support/raw-modbus-server.ts';

const LIVING = {
  amps: { L1: 10.5, L2: 20.2, L3: 30.7 },
  volts: { L1: 230.1, L2: 231.2, L3: 229.3 },
  hertz: 50,
  importWh: 12_345_600,
};

/** A device of this profile, which refuses every read that touches a register it does not have. */
function device(id: string) {
  const profile = profileOf(id);
  const words = registersOf(profile, { factor: 1 }, LIVING);
  return (functionCode: number, address: number, count: number): Answer => {
    if (functionCode !== profile.functionCode) return { exception: 1 };
    const asked = Array.from({ length: count }, (_, at) => words.get(address + at));
    const blocks = [...profile.read.fast, ...profile.read.slow];
    const isKnown = blocks.some(([start, length]) => start <= address && address + count <= start + length);
    return isKnown || profile.base ? asked.map((word) => word ?? 0) : { exception: 2 };
  };
}

async function scan(
  options: ScanVerbOptions,
  signal = new AbortController().signal,
  onLine: (line: string) => void = () => {},
) {
  const out: string[] = [];
  const err: string[] = [];
  const io: Io = {
    out: (line) => {
      out.push(line);
      onLine(line);
    },
    err: (line) => {
      err.push(line);
    },
    isTerminal: false,
    signal,
  };
  return { code: await runScanVerb(options, io), out: out.join('\n'), err: err.join('\n') };
}

async function bus(answer: (unitId: number, functionCode: number, address: number, count: number) => Answer) {
  const server = await serveModbus(answer);
  onTestFinished(server.close);
  return { server, scan: `127.0.0.1:${server.port}` };
}

const NOBODY: Answer = { exception: 11 };

test('a gateway with two meters and something else: each is named with its reasons, none is chosen for good', async () => {
  const [eastron, janitza] = [device('eastron-sdm630'), device('block-19000')];
  const place = await bus((unit, ...read) => {
    if (unit === 3) return eastron(...read);
    if (unit === 5) return janitza(...read);
    return unit === 9 ? { exception: 2 } : NOBODY;
  });
  const { code, out, err } = await scan({ ...place, json: false });
  expect(code).toBe(0);
  const [third, fifth, ninth] = out.split(/\n(?=unit)/);
  expect(third).toContain(`unit 3 at ${place.scan}\n  1. eastron-sdm630: `);
  expect(third).toMatch(
    /3 voltages of 229\.3 to 231\.2 V, 50 Hz, 3 currents of 10\.5 to 30\.7 A, power fits V × I on 3 phases, sum of phases = total/,
  );
  expect(third).toMatch(/the plate on the housing/);
  expect(third).toContain(`look: busbar meter eastron-sdm630 ${place.scan} --unit 3 --watch`);
  expect(third).not.toContain('block-19000');
  expect(fifth).toContain('1. block-19000');
  expect(fifth).not.toContain('eastron');
  expect(ninth).toContain('answers, but no profile fits');
  expect(err).toContain('32 units, at most 32 s where nobody answers');
  expect(err).toContain('3 of 32 units answer.');
  expect(err).toContain('--units 1-247 asks all (about 5 min)');
});

test('a meter that says who it is is proved by it, one that says another name is out, and a serial number is shown', async () => {
  const [gavazzi, abb, eastron] = [device('cg-em24-e1'), device('abb-eq'), device('eastron-sdm630')];
  const place = await bus((unit, functionCode, address, count) => {
    if (unit === 1) return address === 11 && count === 1 ? [1650] : gavazzi(functionCode, address, count);
    if (unit === 2) return address === 11 && count === 1 ? [9999] : gavazzi(functionCode, address, count);
    // "B23 " in two registers.
    if (unit === 3) return address === 0x8960 ? [0x4232, 0x3320].slice(0, count) : abb(functionCode, address, count);
    if (unit === 4 && address === 64_512) return [0x0012, 0xabcd];
    if (unit === 4) return eastron(functionCode, address, count);
    // "A43 ", a name of the same maker that the profile does not list.
    if (unit === 5) return address === 0x8960 ? [0x4134, 0x3320].slice(0, count) : abb(functionCode, address, count);
    return NOBODY;
  });
  const { out } = await scan({ ...place, units: '1-5', json: true });
  const fits = JSON.parse(out).lines[0].found.map((unit: { readonly fits: readonly object[] }) => unit.fits);
  expect(fits[0][0]).toMatchObject({ profile: 'cg-em24-e1', proof: 'ident' });
  expect(fits[1].map((fit: { readonly profile: string }) => fit.profile)).not.toContain('cg-em24-e1');
  expect(fits[2][0]).toMatchObject({ profile: 'abb-eq', proof: 'ident' });
  expect(fits[3][0]).toMatchObject({ profile: 'eastron-sdm630', proof: 'values' });
  expect(fits[3][0].reasons).toContain('serial number (u32): 0012 abcd');
  expect(fits[4].find((fit: { readonly profile: string }) => fit.profile === 'abb-eq')).toMatchObject({
    proof: 'values',
  });
  const text = await scan({ ...place, units: '1', json: false });
  expect(text.out).toContain('1. cg-em24-e1: proved: code of the model');
  expect(text.out).toContain('The meter itself says so');
});

test('--json tells the same for programs; with --site a bus or a meter of the file is named and known ones are marked', async () => {
  const eastron = device('eastron-sdm630');
  const { server } = await bus((unit, ...read) => (unit === 4 ? eastron(...read) : NOBODY));
  const raw = rawSite();
  raw.buses = [{ id: 'bus', host: '127.0.0.1', port: server.port }];
  raw.meters = [{ id: 'main', profile: 'eastron-sdm630', bus: 'bus', unitId: 4 }];
  const site = scratchFile(JSON.stringify(raw));
  const told = await scan({ scan: 'bus', site, units: '4', json: false });
  expect(told.out).toContain('(meter "main" of the site file)');
  const { code, out } = await scan({ scan: 'main', site, units: '1,4', json: true });
  expect(code).toBe(0);
  const [line] = JSON.parse(out).lines;
  expect(line).toMatchObject({ asked: 2, found: [{ unitId: 4, kind: 'answers' }] });
  // The two makes share their register map: nothing that is read tells them apart.
  const alike = line.found[0].fits.filter(
    (fit: { readonly score: number }) => fit.score === line.found[0].fits[0].score,
  );
  expect(alike.map((fit: { readonly profile: string }) => fit.profile)).toEqual([
    'eastron-sdm630',
    'eastron-sdm72d-m-v2',
  ]);
  expect(told.out).toContain('cannot be told apart by what they read');
  expect(await scan({ scan: 'nobus', site, json: false })).toMatchObject({
    code: 2,
    err: expect.stringContaining('"nobus", expected a bus or a Modbus meter of'),
  });
});

test('silent units cost two deadlines each and no more, and one that answers late in the range is still found', async () => {
  const eastron = device('eastron-sdm630');
  const place = await bus((unit, ...read) => (unit === 20 ? eastron(...read) : undefined));
  const begunAt = performance.now();
  const { code, out } = await scan({ ...place, units: '1-20', timeout: 50, json: true });
  const tookMs = performance.now() - begunAt;
  expect(code).toBe(0);
  expect(JSON.parse(out).lines[0].found).toMatchObject([{ unitId: 20 }]);
  expect(tookMs).toBeGreaterThan(19 * 2 * 50);
  // The wire's share is small; a back-off that grew would make a minute of it.
  expect(tookMs).toBeLessThan(3 * 19 * 2 * 50 + 3_000);
});

test('Ctrl-C ends a scan at once and keeps what was found', async () => {
  const eastron = device('eastron-sdm630');
  const place = await bus((unit, ...read) => (unit === 1 ? eastron(...read) : undefined));
  const stopping = new AbortController();
  let abortedAt = Number.POSITIVE_INFINITY;
  const { code, out, err } = await scan({ ...place, units: '1-247', json: false }, stopping.signal, (line) => {
    if (!line.includes('look: ')) return;
    abortedAt = performance.now();
    stopping.abort();
  });
  expect(performance.now() - abortedAt).toBeLessThan(1_000);
  expect(code).toBe(0);
  expect(out).toContain('1. eastron-sdm630');
  expect(err).toMatch(/1 of \d+ units answers \(interrupted\)/);
});

test('nobody there: an exit code of 1 and what to check', async () => {
  const { code, err } = await scan({ scan: `127.0.0.1:${await freePort()}`, json: false });
  expect(code).toBe(1);
  expect(err).toContain('Check the host and the port');
  const silent = await bus(() => NOBODY);
  expect(await scan({ ...silent, units: '1-3', json: false })).toMatchObject({
    code: 1,
    err: expect.stringContaining('0 of 3 units answer.'),
  });
});

test.each<[Partial<ScanVerbOptions>, RegExp]>([
  [{ units: '0-256' }, /--units: "0-256", expected unit ids from 0 to 255/],
  [{ timeout: 49 }, /--timeout: 49, expected 50 to 5000 ms/],
  [{ timeout: 5_001 }, /--timeout: 5001/],
  [{ bauds: '9600' }, /--bauds and --parities: expected only with a serial device/],
  [{ scan: '/dev/ttyUSB0', bauds: '9600,x' }, /--bauds: "9600,x", expected rates/],
  [{ scan: '/dev/ttyUSB0', parities: 'none,mark' }, /--parities: "none,mark", expected some of none,even,odd/],
  [{ scan: 'http://gateway' }, /address: "http:\/\/gateway"/],
])('wrong usage %j', async (options, words) => {
  const { code, err } = await scan({ scan: '192.0.2.1', json: false, ...options });
  expect(code).toBe(2);
  expect(err).toMatch(words);
});

test.each([
  ['1', [1]],
  ['1-3', [1, 2, 3]],
  ['5,1-2,5', [1, 2, 5]],
  ['0,255', [0, 255]],
])('units %s', (text, units) => {
  expect(parseUnits(text)).toEqual({ units });
});

test.each(['', '256', '3-1', '1-', 'a', '1;2', '1.5'])('no units: "%s"', (text) => {
  expect(parseUnits(text)).toHaveProperty('expected');
});
