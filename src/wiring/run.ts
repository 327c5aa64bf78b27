// Joins the concrete parts of a running controller: control on this thread, gateway, store and api each on a worker of its own.

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { packageRoot } from '../config/package-root.ts';
import type { CycleRecord } from '../core/model/decision.ts';
import { emptyMemory } from '../core/model/memory.ts';
import type { Site } from '../core/model/site.ts';
import { AppError } from '../engine/app-error.ts';
import { Controller } from '../engine/controller.ts';
import type { MetersPort, Surroundings } from '../engine/ports.ts';
import { anchorClock, type ClockAnchor, systemClock, systemRandom } from '../system/clock.ts';
import { createLog } from '../system/log.ts';
import { type SupervisedWorker, superviseWorker } from '../system/supervisor.ts';
import { ThreadPort } from '../system/thread-port.ts';
import type { ApiThreadData } from './api-thread.ts';
import type { GatewayThreadData } from './gateway-thread.ts';
import { RemoteStations } from './remote-stations.ts';
import { Line, remoteControlStore } from './remote-store.ts';
import type { StoreThreadData } from './store-thread.ts';
import type {
  ApiToControl,
  ControlToApi,
  ControlToGateway,
  ControlToStore,
  GatewayToControl,
  JoinMessage,
  Nothing,
  RoomHealth,
  ThreadFault,
} from './thread-protocol.ts';
import type { LogLevel, WorkerBasics } from './worker.ts';

/** A room that has not begun its work by then will not. */
const START_DEADLINE_MS = 20_000;

export type RunOptions = {
  readonly site: Site;
  readonly dataDir: string;
  readonly logLevel: LogLevel;
  readonly meters: (surroundings: Surroundings) => MetersPort;
  readonly upstreamPassword?: string;
};

export type RunningController = {
  /** Where the console is, such as `http://127.0.0.1:8220`. */
  readonly consoleAddress: string;
  readonly stationsPort: number;
  readonly tokenFile: string;
  readonly controller: Controller;
  /** Stops everything within 5 s; chargers keep their leases, which run out onto the floor. */
  stop(): Promise<void>;
};

/** A worker's file beside this one: TypeScript in a clone under test, JavaScript as built. */
export function startWorker(name: string, data: object, basics: WorkerBasics): Worker {
  const extension = fileURLToPath(import.meta.url).endsWith('.ts') ? 'ts' : 'js';
  return new Worker(new URL(`./${name}.${extension}`, import.meta.url), { workerData: { ...basics, ...data }, name });
}

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
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const { token, tokenFile } = apiToken(dataDir);

  const storeLine = new Line<ThreadPort<ControlToStore, Nothing>>('store');
  const stations = new RemoteStations(site, clock);
  const apiLine = new Line<ThreadPort<ControlToApi, ApiToControl>>('api');
  const store = remoteControlStore(storeLine, log);
  const controller = new Controller(
    surroundings,
    site,
    {
      meters: options.meters(surroundings),
      stations,
      store,
      journal: store,
      audience: { publish: (record) => void apiLine.find()?.publishLatest('cycle', 'cycle', withoutMemory(record)) },
    },
    site.id,
  );

  const workers = new Map<string, Worker>();
  const supervised: SupervisedWorker[] = [];
  const rooms = new Map<string, RoomHealth>();
  const gatewayReady = deferred<{ readonly port: number }>();
  const apiReady = deferred<{ readonly address: string }>();
  const joinGatewayToStore = () => {
    const [gateway, storeWorker] = [workers.get('gateway'), workers.get('store')];
    if (!gateway || !storeWorker) return;
    const { port1, port2 } = new MessageChannel();
    give(gateway, 'store', port1);
    give(storeWorker, 'gateway', port2);
  };
  const supervise = (name: string, start: () => Worker, onUp: (worker: Worker) => void, onDown: () => void) => {
    const worker = superviseWorker({
      name,
      start,
      clock,
      log,
      onUp: (one) => {
        workers.set(name, one);
        onUp(one);
      },
      onDown: (reason) => {
        workers.delete(name);
        log.warn('room.down', { room: name, reason });
        onDown();
      },
      onState: (state) => {
        const because = 'because' in state ? { detail: state.because } : {};
        rooms.set(name, { name, isReady: state.state === 'up', ...because });
        apiLine.find()?.publishLatest('rooms', 'rooms', [...rooms.values()]);
      },
    });
    supervised.push(worker);
  };

  supervise(
    'store',
    () => startWorker('store-thread', { dataDir } satisfies StoreThreadData, basics),
    (worker) => {
      storeLine.attach(new ThreadPort({ port: joined(worker, 'control'), peer: 'store', clock, log }));
      joinGatewayToStore();
    },
    () => storeLine.detach(),
  );
  const gatewayData: GatewayThreadData = {
    site,
    ...(options.upstreamPassword === undefined ? {} : { upstreamPassword: options.upstreamPassword }),
  };
  supervise(
    'gateway',
    () => startWorker('gateway-thread', gatewayData, basics),
    (worker) => {
      const line = new ThreadPort<ControlToGateway, GatewayToControl>({
        port: joined(worker, 'control'),
        peer: 'gateway',
        clock,
        log,
      });
      line.on('ready', (ready) => gatewayReady.resolve(ready));
      line.on('failed', (fault) => failRoom(gatewayReady, fault));
      stations.attach(line);
      joinGatewayToStore();
    },
    () => stations.detach(),
  );
  const apiData: ApiThreadData = {
    site,
    listen: site.listen.http,
    token,
    consoleDir: join(packageRoot(), 'dist', 'console'),
  };
  supervise(
    'api',
    () => startWorker('api-thread', apiData, basics),
    (worker) => {
      const line = new ThreadPort<ControlToApi, ApiToControl>({
        port: joined(worker, 'control'),
        peer: 'api',
        clock,
        log,
      });
      line.handle('control', async (request) => {
        const answer = await controller.request(request);
        const { kind, circuit, who, ...rest } = request;
        if (answer.ok) await store.audit({ atWall: clock.wall(), who, what: `${kind} ${circuit}`, after: rest });
        return answer;
      });
      line.on('ready', (ready) => apiReady.resolve(ready));
      line.on('failed', (fault) => failRoom(apiReady, fault));
      apiLine.attach(line);
      line.publishLatest('rooms', 'rooms', [...rooms.values()]);
    },
    () => apiLine.detach(),
  );

  const stop = async () => {
    await controller.stop();
    // The store last: the others may still have something to keep.
    const [storeWorker, ...others] = supervised;
    await Promise.allSettled(others.map((worker) => worker.stop()));
    await storeWorker?.stop();
  };
  try {
    await controller.start();
    const deadline = new AbortController();
    const late = clock.sleep('run.start', START_DEADLINE_MS, deadline.signal).then(() => {
      if (!deadline.signal.aborted)
        throw new AppError(
          'START_TIMEOUT',
          `Not every room began its work within ${START_DEADLINE_MS / 1000} s; see the log.`,
        );
    });
    const [{ port }, { address }] = await Promise.race([
      Promise.all([gatewayReady.promise, apiReady.promise]),
      late.then(() => new Promise<never>(() => {})),
    ]);
    deadline.abort();
    return { consoleAddress: address, stationsPort: port, tokenFile, controller, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The API's token for callers beyond loopback, made at the first start and readable by the owner alone. */
function apiToken(dataDir: string): { readonly token: string; readonly tokenFile: string } {
  const tokenFile = join(dataDir, 'api-token');
  if (!existsSync(tokenFile)) writeFileSync(tokenFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  return { token: readFileSync(tokenFile, 'utf8').trim(), tokenFile };
}

/** Viewers need no memory, and it is the largest part. */
function withoutMemory(record: CycleRecord): CycleRecord {
  return { ...record, decision: { ...record.decision, memory: emptyMemory('') } };
}

function joined(worker: Worker, name: string): MessagePort {
  const { port1, port2 } = new MessageChannel();
  give(worker, name, port2);
  return port1;
}

function give(worker: Worker, join: string, port: MessagePort): void {
  worker.postMessage({ join, port } satisfies JoinMessage, [port]);
}

function deferred<T>() {
  return Promise.withResolvers<T>();
}

function failRoom(room: { readonly reject: (error: AppError) => void }, { code, text }: ThreadFault): void {
  room.reject(new AppError(code, text));
}
