// The gateway's thread: stations, upstream, validation. A storm of sockets here stalls nobody but itself.

import { type MessagePort, workerData } from 'node:worker_threads';
import type { Site } from '../core/model/site.ts';
import { StationGateway } from '../ocpp/gateway.ts';
import { noUpstream } from '../ocpp/no-upstream.ts';
import { MAX_FRAGMENTS, MAX_PAYLOAD_BYTES } from '../ocpp/rpc/connection.ts';
import { ThreadPort } from '../system/thread-port.ts';
import { dialWebSocket } from '../system/web-socket.ts';
import { Upstream } from '../upstream/upstream.ts';
import { joinControlLine, publishAll } from './gateway-room.ts';
import { Line, remoteGatewayStore } from './remote-store.ts';
import type { ControlToGateway, GatewayToControl, GatewayToStore, Nothing } from './thread-protocol.ts';
import { faultOf, serveWorker, workerSurroundings } from './worker.ts';

export type GatewayThreadData = { readonly site: Site; readonly upstreamPassword?: string };

const surroundings = workerSurroundings('gateway');
const { site, upstreamPassword } = workerData as GatewayThreadData;
const stopping = new AbortController();
const storeLine = new Line<ThreadPort<GatewayToStore, Nothing>>('store');
const store = remoteGatewayStore(storeLine);
let control: ThreadPort<GatewayToControl, ControlToGateway> | undefined;
let isStarted = false;

const dial = dialWebSocket({ maxPayloadBytes: MAX_PAYLOAD_BYTES, maxFragments: MAX_FRAGMENTS });
let gateway: StationGateway;
const upstream = site.upstream
  ? new Upstream(
      surroundings,
      site,
      { url: site.upstream.url, ...(upstreamPassword === undefined ? {} : { password: upstreamPassword }) },
      { store, stations: () => gateway, dial },
    )
  : noUpstream(store);
gateway = new StationGateway(surroundings, site, { store, upstream });

function joinControl(port: MessagePort): void {
  const line = new ThreadPort<GatewayToControl, ControlToGateway>({ port, peer: 'control', ...surroundings });
  control = line;
  joinControlLine(gateway, line, surroundings.log);
}

async function startWhenJoined(): Promise<void> {
  if (isStarted || !control || !storeLine.find()) return;
  isStarted = true;
  const line = control;
  try {
    await upstream.start(stopping.signal);
    await gateway.start(stopping.signal);
    publishAll(gateway, line);
    line.post('ready', { port: gateway.address().port });
  } catch (error) {
    const fault = faultOf(error);
    surroundings.log.error('gateway.start-failed', fault);
    line.post('failed', fault);
  }
}

serveWorker(
  (name, port) => {
    if (name === 'store') storeLine.attach(new ThreadPort({ port, peer: 'store', ...surroundings }));
    else joinControl(port);
    void startWhenJoined();
  },
  async () => {
    stopping.abort();
    await gateway.stop();
    await upstream.stop();
  },
);
