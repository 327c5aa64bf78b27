// Joins the concrete parts of a running controller: control on this thread, gateway, store and api each on a worker of its own.

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../config/package-root.ts';
import type { CycleRecord } from '../core/model/decision.ts';
import { emptyMemory } from '../core/model/memory.ts';
import type { Site } from '../core/model/site.ts';
import { AppError } from '../engine/app-error.ts';
import { Controller } from '../engine/controller.ts';
import type { Clock, MetersPort, Surroundings } from '../engine/ports.ts';
import type { ControlAnswer, ControlRequest, PushedReading, PushOutcome } from '../engine/requests.ts';
import { ModbusLinks } from '../modbus/links.ts';
import type { Outputs } from '../modbus/outputs.ts';
import { anchorClock, type ClockAnchor, systemClock, systemRandom } from '../system/clock.ts';
import { createLog } from '../system/log.ts';
import { ThreadPort } from '../system/thread-port.ts';
import type { ApiThreadData } from './api-thread.ts';
import { audit, auditedRequests } from './audited-requests.ts';
import type { GatewayThreadData } from './gateway-thread.ts';
import { type MakeMeters, siteContacts, siteOutputs } from './meters.ts';
import { ModbusServerRoom } from './modbus-server-room.ts';
import { RemoteStations } from './remote-stations.ts';
import { type ControlStoreLine, Line, remoteControlStore } from './remote-store.ts';
import { Rooms } from './rooms.ts';
import { loadSolvers } from './solvers.ts';
import type { StoreThreadData } from './store-thread.ts';
import type {
  ApiToControl,
  ControlToApi,
  ControlToGateway,
  ControlToStore,
  GatewayToControl,
  Nothing,
} from './thread-protocol.ts';
import type { LogLevel, WorkerBasics } from './worker.ts';

/** A room that has not begun its work by then will not. */
const START_DEADLINE_MS = 20_000;

export type RunOptions = {
  readonly site: Site;
  readonly dataDir: string;
  readonly logLevel: LogLevel;
  readonly meters: MakeMeters;
  readonly upstreamPassword?: string;
  /** Called after each cycle that was finished and passed its check: a watchdog's food. */
  readonly onProgress?: () => void;
};

export type RunningController = {
  /** Where the console is, such as `http://127.0.0.1:8220`. */
  readonly consoleAddress: string;
  readonly stationsPort: number;
  /** Where a building management system reads, where the site lets it. */
  readonly modbusPort?: number;
  readonly tokenFile: string;
  readonly controller: Controller;
  /** Stops everything within 5 s; chargers keep their leases, which run out onto the floor. */
  stop(): Promise<void>;
};

/**
 * Starts a controller for `site` and resolves when stations and people can reach it.
 * @throws AppError with the code of the room that could not begin, such as OCPP_LISTEN, API_LISTEN_FAILED or STORE_OPEN_FAILED; everything
 * started before is stopped again.
 */
export async function startController(options: RunOptions): Promise<RunningController> {
  const { site, dataDir, logLevel } = options;
  const anchor: ClockAnchor = anchorClock();
  const basics: WorkerBasics = { anchor, logLevel };
  const surroundings: Surroundings = {
    clock: systemClock(anchor),
    random: systemRandom,
    log: createLog('control', logLevel),
  };
  const { clock, log } = surroundings;
  const { token, tokenFile } = apiToken(dataDir);

  const storeLine = new Line<ThreadPort<ControlToStore, Nothing>>('store');
  const stations = new RemoteStations(site, clock);
  const apiLine = new Line<ThreadPort<ControlToApi, ApiToControl>>('api');
  const store = remoteControlStore(storeLine, log);
  const links = new ModbusLinks(surroundings);
  const meters = options.meters(surroundings, links, stations);
  const outputs = siteOutputs(site, surroundings, links);
  const device = site.modbusServer && new ModbusServerRoom(surroundings, site);
  const controller = new Controller(
    surroundings,
    site,
    {
      meters,
      signals: [siteContacts(site, surroundings, links), ...(device?.signals ?? [])],
      stations,
      store,
      journal: store,
      audience: {
        publish: (record) => {
          publish(record, outputs, apiLine);
          device?.publish(record);
        },
      },
    },
    site.id,
    await loadSolvers(site, log),
    {
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
      onLatched: (who) => void audit(store, { atWall: clock.wall(), who, what: 'press-emergency-stop' }, log),
    },
  );

  const rooms = new Rooms(basics, clock, log, (health) => void apiLine.find()?.publishLatest('rooms', 'rooms', health));
  rooms.pair('gateway', 'store');
  openStore(rooms, { dataDir }, storeLine, surroundings);
  const gatewayData = {
    site,
    ...(options.upstreamPassword === undefined ? {} : { upstreamPassword: options.upstreamPassword }),
  };
  const gatewayReady = openGateway(rooms, gatewayData, stations, surroundings);
  const consoleDir = join(packageRoot(), 'dist', 'console');
  const apiData = { site, listen: site.listen.http, token, consoleDir };
  const asked = { onRequest: auditedRequests(controller, store, surroundings), onPush: onPushOf(meters) };
  const apiReady = openApi(rooms, apiData, apiLine, surroundings, asked);
  const ready = Promise.all([gatewayReady, apiReady, device?.open(rooms)]);
  // Awaited below, after the control room has begun; a room that fails sooner must not count as nobody's concern.
  ready.catch(() => {});

  const stop = async () => {
    // Together: a write under way ends with the links that the control room closes.
    await Promise.all([outputs.stop(), controller.stop()]);
    await rooms.stop();
  };
  try {
    await controller.start();
    await outputs.start(new AbortController().signal);
    const [{ port }, { address }, modbus] = await withDeadline(ready, clock);
    const served = modbus === undefined ? {} : { modbusPort: modbus.port };
    return { consoleAddress: address, stationsPort: port, ...served, tokenFile, controller, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Asked = {
  readonly onRequest: (request: ControlRequest) => Promise<ControlAnswer>;
  readonly onPush: (reading: PushedReading) => Promise<PushOutcome>;
};

function onPushOf(meters: MetersPort): Asked['onPush'] {
  return async (reading) =>
    meters.push?.(reading) ?? {
      ok: false,
      code: 'METER_NOT_PUSHED',
      text: 'no meter of this site is pushed',
      expected: 'a meter with "push" in the site file',
    };
}

type ApiLine = Line<ThreadPort<ControlToApi, ApiToControl>>;

function openStore(rooms: Rooms, data: StoreThreadData, line: ControlStoreLine, { clock, log }: Surroundings): void {
  rooms.open({
    name: 'store',
    data,
    onUp: (port) => line.attach(new ThreadPort({ port, peer: 'store', clock, log })),
    onDown: () => line.detach(),
  });
}

/** Resolves when stations can dial in for the first time. */
function openGateway(
  rooms: Rooms,
  data: GatewayThreadData,
  stations: RemoteStations,
  { clock, log }: Surroundings,
): Promise<{ readonly port: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ readonly port: number }>();
  rooms.open({
    name: 'gateway',
    data,
    onUp: (port, restart) => {
      const line = new ThreadPort<ControlToGateway, GatewayToControl>({ port, peer: 'gateway', clock, log });
      line.on('ready', resolve);
      line.on('failed', ({ code, text }) => {
        reject(new AppError(code, text));
        restart(text);
      });
      stations.attach(line);
    },
    onDown: () => stations.detach(),
  });
  return promise;
}

/** Resolves when people can reach the console for the first time. */
function openApi(
  rooms: Rooms,
  data: ApiThreadData,
  apiLine: ApiLine,
  { clock, log }: Surroundings,
  { onRequest, onPush }: Asked,
): Promise<{ readonly address: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ readonly address: string }>();
  rooms.open({
    name: 'api',
    data,
    onUp: (port, restart) => {
      const line = new ThreadPort<ControlToApi, ApiToControl>({ port, peer: 'api', clock, log });
      line.handle('control', onRequest);
      line.handle('push', onPush);
      line.on('ready', resolve);
      line.on('failed', ({ code, text }) => {
        reject(new AppError(code, text));
        restart(text);
      });
      apiLine.attach(line);
      line.publishLatest('rooms', 'rooms', rooms.health);
    },
    onDown: () => apiLine.detach(),
  });
  return promise;
}

async function withDeadline<T>(work: Promise<T>, clock: Clock): Promise<T> {
  const settled = new AbortController();
  const late = async (): Promise<never> => {
    await clock.sleep('run.start', START_DEADLINE_MS, settled.signal);
    throw new AppError(
      'START_TIMEOUT',
      `Not every room began its work within ${START_DEADLINE_MS / 1000} s; see the log.`,
    );
  };
  try {
    return await Promise.race([work, late()]);
  } finally {
    settled.abort();
  }
}

/** The API's token for callers beyond loopback, made at the first start and readable by the owner alone. */
function apiToken(dataDir: string): { readonly token: string; readonly tokenFile: string } {
  const tokenFile = join(dataDir, 'api-token');
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    if (!existsSync(tokenFile)) writeFileSync(tokenFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
    return { token: readFileSync(tokenFile, 'utf8').trim(), tokenFile };
  } catch (cause) {
    const text = `The data directory ${dataDir} cannot be used (${cause instanceof Error ? cause.message : cause}); choose another with --data.`;
    throw new AppError('STORE_OPEN_FAILED', text, { dataDir }, { cause });
  }
}

/** Viewers need no memory, and it is the largest part. */
function publish(record: CycleRecord, outputs: Outputs, apiLine: ApiLine): void {
  outputs.show(record);
  const shown: CycleRecord = { ...record, decision: { ...record.decision, memory: emptyMemory('') } };
  apiLine.find()?.publishLatest('cycle', 'cycle', shown);
}
