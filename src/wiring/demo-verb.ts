// `busbar demo`: the controller as it runs on a real site, against a simulated one, all on loopback; leaves nothing behind.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../config/package-root.ts';
import { describeEndpoint } from '../core/model/modbus-endpoint.ts';
import type { Site } from '../core/model/site.ts';
import type { ModbusEndpoint } from '../core/model/site-meters.ts';
import { PHASES, type StationId } from '../core/model/units.ts';
import { AppError } from '../engine/app-error.ts';
import { anchorClock, systemClock } from '../system/clock.ts';
import { createLog } from '../system/log.ts';
import { ThreadPort } from '../system/thread-port.ts';
import { loadOrTell, untilAborted } from './controller-run.ts';
import type { ExitCode, Io } from './io.ts';
import { keySha256 } from './key-verb.ts';
import { modbusMeters, siteMeters } from './meters.ts';
import { Rooms } from './rooms.ts';
import { startController } from './run.ts';
import type { SimulatorThreadData } from './simulator-thread.ts';
import type { Nothing, SimulatorToDemo } from './thread-protocol.ts';
import type { LogLevel } from './worker.ts';

export type DemoVerbOptions = {
  readonly site?: string;
  readonly dayMinutes: number;
  readonly seed: number;
  readonly logLevel: LogLevel;
};

/** The building's peak as a part of the commissioned worst base load: the day stays within what was commissioned. */
const PEAK_PART = 0.95;

/** Runs until `io.signal` aborts. 1 when the site file has faults, is not all on loopback, or a port is taken. */
export async function runDemoVerb(options: DemoVerbOptions, io: Io): Promise<ExitCode> {
  const file = options.site ?? join(packageRoot(), 'site-config', 'demo.json');
  const loaded = loadOrTell(file, io);
  if (!loaded) return 1;
  const unfit = notForDemo(loaded);
  if (unfit !== undefined) {
    io.err(`${file}: ${unfit}`);
    return 1;
  }
  const { site, keys } = withRandomKeys(loaded);
  const dataDir = mkdtempSync(join(tmpdir(), 'busbar-demo-'));
  io.err('demo: starting the simulated site …');
  const simulator = await startSimulator(site, keys, options);
  try {
    io.err('demo: starting the controller …');
    const running = await startController({ site, dataDir, logLevel: options.logLevel, meters: siteMeters(site) });
    io.out('');
    io.out(`  ${site.name} is running. Open ${running.consoleAddress} in a browser.`);
    io.out(
      `  A day takes ${options.dayMinutes} minutes; set the site limit on the page and watch. Ctrl-C ends the demo.`,
    );
    io.out('');
    await untilAborted(io.signal);
    io.err('demo: stopping …');
    await running.stop();
  } finally {
    await simulator.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
  return 0;
}

/** The demo never talks to anything beyond this machine. */
function notForDemo(site: Site): string | undefined {
  const isLoopback = (host: string) => host === '127.0.0.1' || host === 'localhost' || host === '::1';
  for (const meter of site.meters) {
    if (meter.from !== 'modbus')
      return `meters: ${meter.id} is no Modbus meter; the demo simulates meters on Modbus TCP at 127.0.0.1 only.`;
    const { id, connection } = meter;
    if (!isLoopback(tcpPlace(connection.endpoint)?.host ?? ''))
      return `meters: ${id} is at ${describeEndpoint(connection.endpoint)}; the demo simulates meters on Modbus TCP at 127.0.0.1 only.`;
  }
  if (site.meters.length !== 1)
    return `meters: ${site.meters.length} meters; the demo simulates exactly one, at the root circuit.`;
  if (site.circuits[0]?.meter !== site.meters[0]?.id)
    return 'meters: the demo simulates the meter of the root circuit only.';
  if (site.inputs.length + site.outputs.length > 0)
    return 'inputs, outputs: the demo simulates no contacts, so that each would count as active; leave them out.';
  if (site.upstream && !isLoopback(new URL(site.upstream.url).hostname))
    return 'upstream.url: the demo simulates the back end at 127.0.0.1 only.';
  if (!isLoopback(site.listen.stations.host)) return 'listen.stations.host: the demo listens on loopback only.';
  if (site.listen.stations.tls) return 'listen.stations.tls: the stations of the demo speak without TLS; take it out.';
  return undefined;
}

const tcpPlace = (endpoint: ModbusEndpoint) => (endpoint.transport === 'tcp' ? endpoint : undefined);

/** Every station with a key of this run: no key is ever printed or stored. */
function withRandomKeys(site: Site): { readonly site: Site; readonly keys: readonly (readonly [StationId, Buffer])[] } {
  const keys = site.stations.map((station) => [station.id, randomBytes(20)] as const);
  const stations = site.stations.map((station, at) => {
    return { ...station, keySha256: keySha256(station.id, keys[at]![1]) };
  });
  return { site: { ...site, stations }, keys };
}

async function startSimulator(
  site: Site,
  keys: readonly (readonly [StationId, Buffer])[],
  options: DemoVerbOptions,
): Promise<Rooms> {
  const anchor = anchorClock();
  const clock = systemClock(anchor);
  const log = createLog('demo', options.logLevel);
  const { host, port } = site.listen.stations;
  const csmsPort = site.upstream === undefined ? undefined : Number(new URL(site.upstream.url).port);
  const data: SimulatorThreadData = {
    site,
    stationKeys: keys.map(([station, key]) => [station, key.toString('hex')]),
    stationsUrl: `ws://${host}:${port}/ocpp`,
    meterPort: tcpPlace(modbusMeters(site)[0]!.connection.endpoint)!.port,
    ...(csmsPort === undefined ? {} : { csmsPort }),
    dayMs: options.dayMinutes * 60_000,
    peakAmps: Math.max(...PHASES.map((phase) => site.circuits[0]!.worstBaseLoadAmps[phase])) * PEAK_PART,
    seed: options.seed,
  };
  const ready = Promise.withResolvers<void>();
  const rooms = new Rooms({ anchor, logLevel: options.logLevel }, clock, log, () => {});
  rooms.open({
    name: 'simulator',
    data,
    onUp: (port) => {
      const line = new ThreadPort<Nothing, SimulatorToDemo>({ port, peer: 'simulator', clock, log });
      line.on('ready', () => ready.resolve());
      line.on('failed', ({ code, text }) => ready.reject(new AppError(code, text)));
    },
    onDown: () => {},
  });
  try {
    await ready.promise;
    return rooms;
  } catch (error) {
    await rooms.stop();
    throw error;
  }
}
