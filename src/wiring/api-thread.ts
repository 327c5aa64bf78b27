// The api's thread: console, API, live stream. A thousand viewers here slow down nobody but each other.

import { type MessagePort, workerData } from 'node:worker_threads';
import { ApiServer } from '../api/server.ts';
import type { Listen, Site } from '../core/model/site.ts';
import { AppError } from '../engine/app-error.ts';
import { ThreadPort } from '../system/thread-port.ts';
import type { ApiToControl, ControlToApi, RoomHealth } from './thread-protocol.ts';
import { faultOf, serveWorker, workerSurroundings } from './worker.ts';

export type ApiThreadData = {
  readonly site: Site;
  readonly listen: Listen;
  readonly token: string;
  readonly consoleDir: string;
};

/** Control answers a person within a cycle. */
const CONTROL_DEADLINE_MS = 5_000;

const surroundings = workerSurroundings('api');
const { site, listen, token, consoleDir } = workerData as ApiThreadData;
const stopping = new AbortController();
let rooms: readonly RoomHealth[] = [];
let control: ThreadPort<ApiToControl, ControlToApi> | undefined;

const server = new ApiServer(surroundings, {
  listen,
  site,
  token,
  consoleDir,
  health: () => rooms,
  onRequest: async (request) => joined().request('control', request, { timeoutMs: CONTROL_DEADLINE_MS }),
  onPush: async (reading) => joined().request('push', reading, { timeoutMs: CONTROL_DEADLINE_MS }),
});

function joined(): ThreadPort<ApiToControl, ControlToApi> {
  if (!control) throw new AppError('THREAD_GONE', 'The control room is not joined yet; try again in a moment.');
  return control;
}

async function start(port: MessagePort): Promise<void> {
  const line = new ThreadPort<ApiToControl, ControlToApi>({ port, peer: 'control', ...surroundings });
  control = line;
  line.on('rooms', (newest) => {
    rooms = newest;
  });
  line.on('cycle', (record) => server.publish(record));
  try {
    await server.start(stopping.signal);
    line.post('ready', { address: server.address ?? `http://${listen.host}:${listen.port}` });
  } catch (error) {
    const fault = faultOf(error);
    surroundings.log.error('api.start-failed', fault);
    line.post('failed', fault);
  }
}

serveWorker(
  (_name, port) => void start(port),
  async () => {
    stopping.abort();
    await server.stop();
  },
);
