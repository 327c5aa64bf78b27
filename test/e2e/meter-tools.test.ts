// The electrician's verbs as processes and against meters of others: pymodbus over TCP, RTU over TCP and a serial line, and our own simulator.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { PHASES, type Phase } from '../../src/core/model/units.ts';
import { MeterServer } from '../../src/simulator/meter-server.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { repositoryRoot } from '../config/support.ts';
import { type Child, freePort, startChild } from '../support/children.ts';
import { commission, siteFolder } from '../support/commission-bench.ts';

const PYTHON = '/usr/bin/python3';
const SOCAT = '/usr/bin/socat';
const SERVER = resolve(repositoryRoot, '../shared/tools/modbus/profile_meter.py');
const CLI = join(repositoryRoot, 'src', 'cli.ts');

/** A port with a pymodbus meter that serves; undefined where this machine cannot have one. */
async function pymodbus(
  profile: string,
  kind: 'tcp' | 'rtutcp',
  more: readonly string[] = [],
): Promise<number | undefined> {
  if (!existsSync(PYTHON) || !existsSync(SERVER)) return undefined;
  const port = await freePort();
  let child: Child;
  try {
    child = await startChild(PYTHON, [SERVER, profile, kind, String(port), ...more]);
  } catch (error) {
    // Without the Python packages there is no second opinion to be had on this machine.
    if (/ModuleNotFoundError/.test(String(error))) return undefined;
    throw error;
  }
  onTestFinished(child.stop);
  // It prints its line a moment before it listens.
  await expect.poll(() => isListening(port), { timeout: 10_000 }).toBe(true);
  return port;
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const isOpen = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]);
  socket.destroy();
  return isOpen;
}

/** A unit is read with each of all profiles, most of which ask for silence before a request. */
const SCAN_TEST_MS = 90_000;

const WITHOUT = `no ${SERVER}, no ${SOCAT}, or no pymodbus for ${PYTHON}`;
function without(skip: (reason: string) => void): void {
  console.warn(`skipped: ${WITHOUT}`);
  skip(WITHOUT);
}

/** Runs the verb as a person does; `onLine` may send it a signal. */
async function busbar(
  words: readonly string[],
  onLine: (line: string, kill: (signal: NodeJS.Signals) => void) => void = () => {},
) {
  const child = spawn(process.execPath, [CLI, ...words], { cwd: repositoryRoot, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let [out, err] = ['', ''];
  child.stderr.on('data', (text) => {
    err += text;
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    out += `${line}\n`;
    onLine(line, (signal) => child.kill(signal));
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, out, err };
}

/** The building meter of the demo, as the simulator serves it. */
async function simulatedMeter(): Promise<number> {
  const meter = new MeterServer(
    () => ({ amps: { L1: 10, L2: 20, L3: 5 }, volts: 230, importWh: 5_000_000 }),
    seededRandom(1),
  );
  onTestFinished(() => meter.stop());
  return meter.start(0);
}

test(
  "our simulator's meter: read once, watched as lines until Ctrl-C, and found by a scan",
  async () => {
    const port = await simulatedMeter();
    const address = `127.0.0.1:${port}`;
    const once = await busbar(['meter', 'eastron-sdm630', address, '--json']);
    expect(once.code).toBe(0);
    expect(JSON.parse(once.out).currentAmps.L2).toBeCloseTo(20, 3);
    const watched = await busbar(['meter', 'eastron-sdm630', `tcp://${address}`, '--watch'], (_, kill) =>
      kill('SIGINT'),
    );
    expect(watched).toMatchObject({ code: 0, out: expect.stringMatching(/L2 2\d\d\.\d V 20\.00 A 45\d\d W/) });
    const scanned = await busbar(['meter', '--scan', address, '--units', '1-3', '--timeout', '100', '--json']);
    expect(scanned.code).toBe(0);
    const [line] = JSON.parse(scanned.out).lines;
    expect(line.found).toHaveLength(1);
    expect(line.found[0].fits[0].profile).toBe('eastron-sdm630');
  },
  SCAN_TEST_MS,
);

test('the helps name every option and an example, and a slip is an exit code of 2', async () => {
  for (const [verb, words] of [
    [
      'meter',
      [
        '--watch',
        '--raw',
        '--scan',
        '--units',
        '--bauds',
        '--parities',
        '--rating',
        '--site',
        'rtu-over-tcp://',
        '/dev/ttyUSB0:9600:8N1',
        'Exit codes',
      ],
    ],
    ['commission', ['--site', '--answers', '--apply', '--who', 'docs/commissioning.md', 'Exit codes']],
  ] as const) {
    const { code, out } = await busbar([verb, '--help']);
    expect(code).toBe(0);
    for (const word of words) expect(out).toContain(word);
  }
  for (const words of [
    ['meter'],
    ['meter', 'x', '192.0.2.1', '--units', '1'],
    ['meter', 'x', '--scan', '192.0.2.1'],
    ['commission', 'main'],
  ])
    expect((await busbar(words)).code, words.join(' ')).toBe(2);
});

test(
  'pymodbus over RTU frames on a socket, and over a serial line, gives what it holds',
  async ({ skip }) => {
    const port = await pymodbus('eastron-sdm630', 'rtutcp', ['--unit', '7']);
    if (port === undefined || !existsSync(SOCAT)) return without(skip);
    const overTcp = await busbar([
      'meter',
      'eastron-sdm630',
      `rtu-over-tcp://127.0.0.1:${port}`,
      '--unit',
      '7',
      '--json',
    ]);
    expect(overTcp).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(overTcp.out)).toMatchObject({ currentAmps: { L1: 10.5 }, totalPowerWatts: 14_140 });
    const { folder } = siteFolder(port);
    const tty = join(folder, 'tty');
    const child = spawn(SOCAT, [`pty,raw,echo=0,link=${tty}`, `tcp:127.0.0.1:${port}`], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    await expect.poll(() => existsSync(tty), { timeout: 5_000 }).toBe(true);
    const overLine = await busbar(['meter', 'eastron-sdm630', `${tty}:19200:8E1`, '--unit', '7']);
    expect(overLine.code).toBe(0);
    expect(overLine.out).toContain(`eastron-sdm630 at ${tty} 19200 8E1, unit 7`);
    expect(overLine.out).toMatch(/L3 +229\.3 +30\.70 +7050/);
    const scanned = await busbar(['meter', '--scan', tty, '--units', '7', '--bauds', '9600,19200', '--json']);
    expect(JSON.parse(scanned.out).lines.map((line: { place: string }) => line.place)).toEqual([
      `${tty} 9600 8N1`,
      `${tty} 19200 8N1`,
    ]);
  },
  SCAN_TEST_MS,
);

test('pymodbus with a live load: swapped and reversed transformers are found and put right in the file', async ({
  skip,
}) => {
  const folder = siteFolder(0);
  const file = join(folder.folder, 'values.json');
  // The meter's own L1 measures L2 and its own L2 measures L1, the wrong way round; powers are those of these currents.
  const behind: { readonly [P in Phase]: { readonly phase: Phase; readonly sign: number } } = {
    L1: { phase: 'L2', sign: 1 },
    L2: { phase: 'L1', sign: -1 },
    L3: { phase: 'L3', sign: 1 },
  };
  const serve = (loaded: Phase | undefined) => {
    const values: { [point: string]: number } = { v_l1: 230, v_l2: 230, v_l3: 230, p_total: 0 };
    for (const channel of PHASES) {
      const { phase, sign } = behind[channel];
      const amps = { L1: 4, L2: 7, L3: 2 }[phase] + (phase === loaded ? 3_000 / 230 : 0);
      values[`i_${channel.toLowerCase()}`] = amps;
      values[`p_${channel.toLowerCase()}`] = sign * amps * 230;
      values.p_total! += sign * amps * 230;
    }
    writeFileSync(file, JSON.stringify(values));
  };
  serve(undefined);
  const port = await pymodbus('block-19000', 'tcp', ['--file', file]);
  if (port === undefined) return without(skip);
  const room = siteFolder(port);
  let at = 0;
  const loads = PHASES.map((phase) => `3 kW on ${phase}`);
  const { code, out } = await commission(
    {
      site: room.site,
      answers: room.answers({ who: 'A. Volta', loads, apply: 'yes' }),
      apply: true,
      timing: { everyMs: 100, patienceMs: 20_000 },
    },
    (line) => {
      if (line.startsWith('Switch it ON')) serve(PHASES[at]);
      if (line.startsWith('Switch it OFF')) serve(undefined);
      if (line === '  gone') at++;
    },
  );
  expect(out).toContain("the meter's L1 measures L2, the meter's L2 measures L1");
  expect(out).toContain("a load on the meter's L2 reads as export");
  expect(code).toBe(0);
  expect(JSON.parse(readFileSync(room.site, 'utf8')).meters[0]).toMatchObject({
    phases: 'L2 L1 L3',
    invertPhases: 'L1',
  });
  const read = await busbar(['meter', 'main', '--site', room.site, '--json']);
  expect(read.code).toBe(0);
  const { currentAmps } = JSON.parse(read.out);
  for (const [phase, amps] of [
    ['L1', 4],
    ['L2', 7],
    ['L3', 2],
  ] as const)
    expect(currentAmps[phase]).toBeCloseTo(amps, 3);
});
