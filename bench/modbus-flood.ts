// Masters that read as fast as they are answered, and how steadily the control room cycles meanwhile; then what an image and an answer cost.
//
//   npm run bench:modbus-flood                      prints the tables and writes docs/benchmarks.md
//   npm run bench:modbus-flood -- --seconds 20 --evses 200 --no-write
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { loadSite } from '../src/config/load-site.ts';
import { answerOf } from '../src/modbus/server/answer.ts';
import { RegisterDevice } from '../src/modbus/server/device.ts';
import { encodeImage } from '../src/modbus/server/encode-image.ts';
import { NOTHING_HEARD } from '../src/modbus/server/external-cap.ts';
import { registerMap } from '../src/modbus/server/register-map.ts';
import { MeterServer } from '../src/simulator/meter-server.ts';
import { seededRandom } from '../src/simulator/seeded-random.ts';
import { freePort } from '../test/support/controller-process.ts';
import { cycleRecord } from '../test/support/cycle-record.ts';
import { watchIdleTimer } from '../test/support/idle-clock.ts';
import { StormController } from '../test/support/storm/storm-controller.ts';
import { time, writeBetween } from './measure.ts';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    evses: { type: 'string', default: '200' },
    clients: { type: 'string', default: '50' },
    write: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const [seconds, evseCount, clients] = [Number(options.seconds), Number(options.evses), Number(options.clients)];
if (![seconds, evseCount, clients].every((one) => Number.isInteger(one) && one > 0))
  throw new Error('--seconds, --evses and --clients take whole numbers above 0');

/** The shortest that a site may have: the more cycles, the better a percentile is known. */
const CYCLE_MS = 250;
const dir = mkdtempSync(join(tmpdir(), 'busbar-flood-'));
const siteFile = join(dir, 'site.json');
const meter = new MeterServer(() => ({ amps: { L1: 90, L2: 95, L3: 100 }, volts: 230, importWh: 1 }), seededRandom(1));

type Flood = { perSecond: number; p50Ms: number; p99Ms: number; maxMs: number; wrong: number };

async function flood(port: number, inFlight: number): Promise<Flood> {
  const script = new URL('./modbus-flood/flooder.ts', import.meta.url).pathname;
  const args = [script, port, clients, inFlight, seconds * 1_000].map(String);
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Flood;
}

function writeSite(ports: {
  readonly meter: number;
  readonly modbus: number;
  readonly stations: number;
  readonly http: number;
}): void {
  const site = {
    id: 'flood',
    timezone: 'Europe/Berlin',
    circuits: [{ id: 'main', ratingAmps: 10_000, marginAmps: 1, baseLoad: { worstAmps: 200 }, meter: 'main' }],
    meters: [{ id: 'main', profile: 'eastron-sdm630', host: '127.0.0.1', port: ports.meter, unitId: 1 }],
    stations: Array.from({ length: evseCount }, (_, at) => ({
      id: `S${at}`,
      model: 'generic-ac',
      floorProvedOn: '2026-01-15',
      evses: [{ circuit: 'main', phases: 'L1 L2 L3', maxAmps: 16 }],
    })),
    modbusServer: { port: ports.modbus, externalCap: { circuit: 'main', failsafeAmps: 1_000 } },
    policy: { cycleMs: CYCLE_MS },
    listen: { stations: { port: ports.stations }, http: { port: ports.http } },
  };
  writeFileSync(siteFile, JSON.stringify(site));
}

const at = (sorted: readonly number[], part: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
const three = (sorted: readonly number[]) =>
  [at(sorted, 0.5), at(sorted, 0.99), sorted.at(-1) ?? Number.NaN].map((ms) => ms.toFixed(0)).join(' / ');

async function floods(): Promise<string[]> {
  const ports = {
    meter: await meter.start(0),
    modbus: await freePort(),
    stations: await freePort(),
    http: await freePort(),
  };
  writeSite(ports);
  const controller = await StormController.start(siteFile, join(dir, 'data'), join(dir, 'log'));
  const rows: string[] = [];
  const window = async (label: string, work: () => Promise<Flood | undefined>) => {
    process.stderr.write(`modbus-flood: ${label} …\n`);
    const idle = watchIdleTimer();
    const [from, starvedBefore] = [Date.now(), controller.starvedSeconds()];
    const result = await work();
    const [to, starvedAfter] = [Date.now(), controller.starvedSeconds()];
    const machineLate = idle.stop();
    const { cycles, distanceMs, tookMs } = controller.pace(from, to);
    const late = distanceMs.map((ms) => Math.max(0, ms - CYCLE_MS));
    const starved =
      starvedBefore === undefined ? '–' : ((100_000 * (starvedAfter! - starvedBefore)) / (to - from)).toFixed(1);
    const asked =
      result === undefined
        ? '– | –'
        : `${result.perSecond.toFixed(0)} | ${[result.p50Ms, result.p99Ms, result.maxMs].map((ms) => ms.toFixed(1)).join(' / ')}`;
    if (result !== undefined && result.wrong > 0) throw new Error(`${result.wrong} wrong answers`);
    rows.push(
      `| ${label} | ${asked} | ${cycles} | ${three(late)} | ${three(tookMs)} | ${three(machineLate)} | ${starved} |`,
    );
  };
  const rest = () => new Promise<undefined>((done) => setTimeout(() => done(undefined), seconds * 1_000));
  try {
    await new Promise((done) => setTimeout(done, 5_000));
    await window('nobody', rest);
    await window(`${clients} masters, one request at a time`, () => flood(ports.modbus, 1));
    await window(`${clients} masters, 100 requests ahead`, () => flood(ports.modbus, 100));
    await window('nobody again', rest);
  } finally {
    await controller.stop();
    await meter.stop();
  }
  return rows;
}

/** Processor time of the pieces, on this thread. */
function pieces(): string[] {
  const loaded = loadSite(siteFile);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const frames = [evseCount, 2_000].map((count) => {
    const site = {
      ...loaded.site,
      evses: Array.from({ length: count }, (_, index) => ({
        ...loaded.site.evses[0]!,
        id: `S${index}/1`,
        station: `S${index}`,
      })),
    };
    const sized = {
      ...site,
      stations: site.evses.map((one) => ({ ...loaded.site.stations[0]!, id: one.station, evses: [one.id] })),
    };
    return { count, frame: { map: registerMap(sized), site: sized, version: '1' }, record: cycleRecord(sized) };
  });
  const rows = frames.map(({ count, frame, record }) => {
    const { median, p99 } = time(() => void encodeImage(frame, record), 300, 5_000);
    return `| an image of ${count} EVSEs, once a cycle, on the control thread | ${(median * 1_000).toFixed(0)} | ${(p99 * 1_000).toFixed(0)} |`;
  });
  const { frame, record } = frames[1]!;
  const device = new RegisterDevice(frame);
  const now = record.snapshot.now;
  device.show({ bytes: encodeImage(frame, record), at: now, ledger: NOTHING_HEARD });
  const parts = { device, unitId: 1, now: () => now, onWrite: async () => undefined, mayWrite: () => true };
  const request = { transactionId: 1, unitId: 1, pdu: Uint8Array.of(3, 0x2e, 0xe0, 0, 125) };
  const PER_RUN = 1_000;
  const { median, p99 } = time(
    () => {
      for (let turn = 0; turn < PER_RUN; turn++) void answerOf(request, parts);
    },
    300,
    5_000,
  );
  rows.push(
    `| an answer of 125 registers, on the server's thread | ${((median * 1_000) / PER_RUN).toFixed(2)} | ${((p99 * 1_000) / PER_RUN).toFixed(2)} |`,
  );
  return rows;
}

try {
  const flooded = await floods();
  const report = [
    `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, ${evseCount} EVSEs, cycles of ${CYCLE_MS} ms, windows of ${seconds} s, reads of 125 registers. Milliseconds as p50 / p99 / max.`,
    '',
    '| masters | answers/s | answered within | cycles | cycle late | cycle took | machine late | control starved % |',
    '|---|---:|---:|---:|---:|---:|---:|---:|',
    ...flooded,
    '',
    '| piece | median µs | p99 µs |',
    '|---|---:|---:|',
    ...pieces(),
  ].join('\n');
  console.log(report);
  if (options.write) writeBetween('modbus-flood', report);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
