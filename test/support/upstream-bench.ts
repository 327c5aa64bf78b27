// Upstream's room on its own, over a real socket to a scripted CSMS; the stations are a list of what they were asked.
import type { CallOutcome, IncomingCall, StationCalls } from '../../src/engine/ports.ts';
import { systemRandom } from '../../src/system/clock.ts';
import { Upstream } from '../../src/upstream/upstream.ts';
import { dial } from './dial.ts';
import { HeldClock } from './held-clock.ts';
import { MemoryGatewayStore } from './memory-gateway-store.ts';
import type { ScriptedCsms } from './scripted-csms.ts';
import { buildSite } from './site-builder.ts';
import { BOOT, type Logged } from './station-bench.ts';

export type Asked = {
  readonly station: string;
  readonly messageId: string;
  readonly action: string;
  readonly rawPayload: string;
};

/** What a station calls, as the gateway hands it on. */
export function stationCall(action: string, payload: object | string, messageId = `s-${action}`): IncomingCall {
  const rawPayload = typeof payload === 'string' ? payload : JSON.stringify(payload);
  return { messageId, action, payload: JSON.parse(rawPayload), rawPayload };
}

export const resulting = (payload: Record<string, unknown>): CallOutcome => ({
  kind: 'result',
  payload,
  rawPayload: JSON.stringify(payload),
});

export class UpstreamBench {
  readonly csms: ScriptedCsms;
  readonly store: MemoryGatewayStore;
  readonly clock = new HeldClock('upstream.reconnect', 'upstream.outbox', 'upstream.heartbeat', 'upstream.boot');
  readonly upstream: Upstream;
  readonly logged: Logged[] = [];
  readonly asked: Asked[] = [];
  /** What the stations answer to upstream's CALLs. */
  answer: (asked: Asked) => CallOutcome | Promise<CallOutcome> = () => resulting({ status: 'Accepted' });
  #onAsked: (() => void) | undefined;
  readonly #site = buildSite();

  constructor(csms: ScriptedCsms, store = new MemoryGatewayStore(), password?: string) {
    this.csms = csms;
    this.store = store;
    const write = (event: string, fields = {}) => void this.logged.push({ event, fields });
    const stations: StationCalls = {
      isConnected: () => true,
      call: async (station, call) => {
        const asked = { station, ...call };
        this.asked.push(asked);
        this.#onAsked?.();
        return this.answer(asked);
      },
    };
    this.upstream = new Upstream(
      { clock: this.clock, random: systemRandom, log: { debug: write, info: write, warn: write, error: write } },
      this.#site,
      { url: csms.url, ...(password === undefined ? {} : { password }) },
      { store, stations: () => stations, dial },
    );
  }

  /** Started, with station A there and booted at upstream. */
  async booted(): Promise<this> {
    await this.upstream.start(new AbortController().signal);
    this.upstream.stationConnected('A');
    await this.upstream.relay('A', stationCall('BootNotification', BOOT, 'boot-1'), 5_000);
    return this;
  }

  /** Resolves with the first thing that a station is or was asked. */
  async untilAsked(): Promise<Asked> {
    if (this.asked.length === 0)
      await new Promise<void>((resolve) => {
        this.#onAsked = resolve;
      });
    return this.asked[0]!;
  }

  events(): string[] {
    return this.logged.map(({ event }) => event);
  }

  /** As the gateway does it: the record first, then upstream. */
  async start(payload: Partial<typeof START> = {}, waitMs = 3_000, messageId = 's-start') {
    const call = stationCall('StartTransaction', { ...START, ...payload }, messageId);
    const { record } = await this.store.startTransaction({
      station: 'A',
      connector: 1,
      startedAtWall: Date.parse(START.timestamp),
      meterStartWh: START.meterStart,
      idTokenHash: 'x',
      startKey: call.rawPayload,
    });
    const { answer } = await this.upstream.deliver('A', call, record.localId, waitMs);
    return { localId: record.localId, answer };
  }

  meter(localId: number, named: number = localId, timestamp = '2026-03-02T06:01:00Z', messageId = 's-meter') {
    const meterValue = [{ timestamp, sampledValue: [{ value: '1.50' }] }];
    return this.upstream.deliver(
      'A',
      stationCall('MeterValues', { connectorId: 1, transactionId: named, meterValue }, messageId),
      localId,
      0,
    );
  }

  end(localId: number, named: number = localId, messageId = 's-stop') {
    const payload = { transactionId: named, meterStop: 2_000, timestamp: '2026-03-02T07:00:00Z' };
    return this.upstream.deliver('A', stationCall('StopTransaction', payload, messageId), localId, 0);
  }
}

export const START = { connectorId: 1, idTag: 'TAG', meterStart: 1_000, timestamp: '2026-03-02T06:00:00Z' };
