// The simulated site's thread in the demo: it shares nothing with the controller but sockets.

import { workerData } from 'node:worker_threads';
import type { Site } from '../core/model/site.ts';
import type { StationId } from '../core/model/units.ts';
import { MAX_FRAGMENTS, MAX_PAYLOAD_BYTES } from '../ocpp/rpc/connection.ts';
import { seededRandom } from '../simulator/seeded-random.ts';
import { SimulatedSite } from '../simulator/simulated-site.ts';
import { ThreadPort } from '../system/thread-port.ts';
import { dialWebSocket } from '../system/web-socket.ts';
import type { Nothing, SimulatorToDemo } from './thread-protocol.ts';
import { faultOf, serveWorker, workerSurroundings } from './worker.ts';

export type SimulatorThreadData = {
  readonly site: Site;
  /** AuthorizationKeys in hex. */
  readonly stationKeys: readonly (readonly [StationId, string])[];
  readonly stationsUrl: string;
  readonly meterPort: number;
  readonly csmsPort?: number;
  readonly dayMs: number;
  readonly peakAmps: number;
  readonly seed: number;
};

const { seed, stationKeys, ...options } = workerData as SimulatorThreadData;
const surroundings = { ...workerSurroundings('simulator'), random: seededRandom(seed) };
const stopping = new AbortController();
const simulated = new SimulatedSite(surroundings, {
  ...options,
  stationKeys: new Map(stationKeys.map(([station, hex]) => [station, Buffer.from(hex, 'hex')])),
  dial: dialWebSocket({ maxPayloadBytes: MAX_PAYLOAD_BYTES, maxFragments: MAX_FRAGMENTS }),
  scene: 'demo',
});

serveWorker(
  (_name, port) => {
    const line = new ThreadPort<SimulatorToDemo, Nothing>({ port, peer: 'demo', ...surroundings });
    simulated.start(stopping.signal).then(
      () => line.post('ready', null),
      (error: unknown) => line.post('failed', faultOf(error)),
    );
  },
  async () => {
    stopping.abort();
    await simulated.stop();
  },
);
