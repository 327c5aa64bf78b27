// A running gateway on a free port and ways to connect to it: the independent ocpp-rpc client in strict mode, or a bare WebSocket.
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { type ClientOptions, type RawData, WebSocket } from 'ws';
import type { Command } from '../../src/core/model/decision.ts';
import type { Site, StationsTls } from '../../src/core/model/site.ts';
import type { StationState } from '../../src/core/model/snapshot.ts';
import type { Clock, UpstreamPort } from '../../src/engine/ports.ts';
import { StationGateway } from '../../src/ocpp/gateway.ts';
import { noUpstream } from '../../src/ocpp/no-upstream.ts';
import { anchorClock, systemClock, systemRandom } from '../../src/system/clock.ts';
import { MemoryGatewayStore } from './memory-gateway-store.ts';
import { buildSite } from './site-builder.ts';

/** Not UTF-8 and with a colon in it, as keys of 1.6 may be. */
export const KEY = Buffer.from('ff003aa1b2c3d4e5f60718293a4b5c6d7e8f9001', 'hex');
export const keySha256 = (identity: string, key: Buffer = KEY) =>
  createHash('sha256').update(`${identity}:`).update(key).digest('hex');

// biome-ignore lint/suspicious/noExplicitAny: ocpp-rpc has no types.
type RpcClient = any;
const { RPCClient } = createRequire(import.meta.url)('ocpp-rpc') as { RPCClient: new (options: object) => RpcClient };

export type Logged = { readonly event: string; readonly fields: Readonly<Record<string, unknown>> };

export class Bench {
  readonly site: Site;
  readonly store: MemoryGatewayStore;
  readonly gateway: StationGateway;
  readonly logged: Logged[] = [];
  readonly strictFaults: string[] = [];
  readonly #clients: RpcClient[] = [];
  readonly #listeners = new Set<() => void>();

  constructor(
    options: {
      site?: Site;
      store?: MemoryGatewayStore;
      clock?: Clock;
      tls?: StationsTls;
      upstream?: (store: MemoryGatewayStore) => UpstreamPort;
    } = {},
  ) {
    const base = options.site ?? buildSite();
    this.site = {
      ...base,
      stations: base.stations.map((station) => ({ keySha256: keySha256(station.id), ...station })),
      listen: {
        ...base.listen,
        stations: { host: '127.0.0.1', port: 0, ...(options.tls ? { tls: options.tls } : {}) },
      },
    };
    this.store = options.store ?? new MemoryGatewayStore();
    const write = (event: string, fields = {}) => void this.logged.push({ event, fields });
    const surroundings = {
      clock: options.clock ?? systemClock(anchorClock()),
      random: systemRandom,
      log: { debug: write, info: write, warn: write, error: write },
    };
    const upstream = (options.upstream ?? noUpstream)(this.store);
    this.gateway = new StationGateway(surroundings, this.site, { store: this.store, upstream });
    this.gateway.onStateChanged(() => {
      for (const listener of this.#listeners) listener();
    });
  }

  async start(): Promise<this> {
    await this.gateway.start(new AbortController().signal);
    return this;
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#clients.map((client) => client.close({ force: true })));
    await this.gateway.stop();
  }

  get endpoint(): string {
    return `ws://127.0.0.1:${this.gateway.address().port}/ocpp`;
  }

  state(station: string): StationState {
    return this.gateway.states()[station]!;
  }

  /** Resolves as soon as the station's image is as wanted. */
  async until(station: string, isWanted: (state: StationState) => boolean): Promise<StationState> {
    if (isWanted(this.state(station))) return this.state(station);
    await new Promise<void>((resolve) => {
      const listener = () => {
        if (!isWanted(this.state(station))) return;
        this.#listeners.delete(listener);
        resolve();
      };
      this.#listeners.add(listener);
    });
    return this.state(station);
  }

  /** A station on ocpp-rpc, checking every frame of ours against its own copy of the schemas. */
  async strictStation(
    identity: string,
    // biome-ignore lint/suspicious/noExplicitAny: payloads are the test's own.
    handlers: Record<string, (params: any) => unknown> = {},
    password: Buffer = KEY,
    protocols: readonly string[] = ['ocpp1.6'],
  ): Promise<RpcClient> {
    const client = new RPCClient({
      endpoint: this.endpoint,
      identity,
      password,
      protocols,
      strictMode: true,
      reconnect: false,
      deferPingsOnActivity: false,
    });
    client.on('strictValidationFailure', (event: { method: string; error: Error }) =>
      this.strictFaults.push(`strict ${event.method} ${event.error.message}`),
    );
    client.handle('ChangeConfiguration', () => ({ status: 'Accepted' }));
    client.handle('TriggerMessage', () => ({ status: 'Accepted' }));
    if (!protocols.includes('ocpp1.6')) for (const [action, handle] of READY_ANSWERS_201) client.handle(action, handle);
    for (const [action, handle] of Object.entries(handlers))
      client.handle(action, ({ params }: { params: unknown }) => handle(params));
    this.#clients.push(client);
    await client.connect();
    return client;
  }

  /** A bare socket with the right key, unless told otherwise; rejects with the HTTP status where it is refused. */
  async socket(
    identity: string,
    options: {
      key?: Buffer | 'none';
      path?: string;
      headers?: object;
      protocols?: string[];
      autoPong?: boolean;
      /** What ws hands to net and tls: certificates, versions, the address to come from. */
      dial?: ClientOptions & { localAddress?: string };
    } = {},
  ): Promise<WebSocket> {
    const { key = KEY, path = `/ocpp/${identity}`, headers = {}, protocols = ['ocpp1.6'], autoPong = true } = options;
    const scheme = this.site.listen.stations.tls ? 'wss' : 'ws';
    const authorization =
      key === 'none'
        ? {}
        : { authorization: `Basic ${Buffer.concat([Buffer.from(`${identity}:`), key]).toString('base64')}` };
    const socket = new WebSocket(`${scheme}://127.0.0.1:${this.gateway.address().port}${path}`, protocols, {
      ...options.dial,
      autoPong,
      headers: { ...authorization, ...headers },
    });
    socket.on('error', () => {});
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('unexpected-response', (_request, response) => reject(new Error(`HTTP ${response.statusCode}`)));
      socket.once('close', (code) => reject(new Error(`closed ${code}`)));
      socket.once('error', reject);
    });
    return socket;
  }
}

type Ask = { readonly params: { readonly [list: string]: readonly Record<string, unknown>[] } };
/** What a station of 2.0.1 answers to questions about itself: it has everything, and takes every value. */
const READY_ANSWERS_201 = [
  [
    'SetVariables',
    ({ params }: Ask) => ({
      setVariableResult: params.setVariableData!.map(({ component, variable }) => ({
        attributeStatus: 'Accepted',
        component,
        variable,
      })),
    }),
  ],
  [
    'GetVariables',
    ({ params }: Ask) => ({
      getVariableResult: params.getVariableData!.map(({ component, variable }) => ({
        attributeStatus: 'Accepted',
        attributeValue: (variable as { name: string }).name === 'RateUnit' ? 'A,W' : 'true',
        component,
        variable,
      })),
    }),
  ],
] as const;

let calls = 0;
/** Makes a CALL on a bare socket and gives the whole answering frame. One listener throughout: several frames may come in one turn. */
export function ask(socket: WebSocket, action: string, payload: object, messageId = `m${++calls}`): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const done = () => {
      socket.off('message', onMessage);
      socket.off('close', onClose);
    };
    const onMessage = (data: RawData) => {
      const frame = JSON.parse(String(data));
      if (frame[0] === 2 || frame[1] !== messageId) return;
      done();
      resolve(frame);
    };
    const onClose = (code: number) => {
      done();
      reject(new Error(`closed ${code} before ${action} was answered`));
    };
    socket.on('message', onMessage);
    socket.once('close', onClose);
    socket.send(JSON.stringify([2, messageId, action, payload]));
  });
}

export const BOOT_201 = {
  reason: 'PowerUp',
  chargingStation: { vendorName: 'Vendor', model: 'Model', firmwareVersion: '1.0' },
};
export const BOOT = { chargePointVendor: 'Vendor', chargePointModel: 'Model', firmwareVersion: '1.0' };

export function command(station: string, part: Partial<Command> & { readonly limitAmps: number }): Command {
  const role = part.role ?? 'lease';
  return {
    kind: 'install-profile',
    id: `c-${station}-${role}-${part.limitAmps}`,
    station,
    evse: `${station}/1`,
    role,
    change: 'decrease',
    profile: {
      id: role === 'floor' ? 1 : 2,
      stackLevel: role === 'floor' ? 0 : 1,
      purpose: 'TxDefaultProfile',
      kind: 'Absolute',
      schedule: {
        unit: 'A',
        startSchedule: Date.UTC(2026, 2, 2, 6),
        ...(role === 'floor' ? {} : { durationSeconds: 60 }),
        periods: [{ startPeriodSeconds: 0, limit: part.limitAmps }],
      },
    },
    ...part,
  };
}
