// The operator's back end as a model: what it keeps of what it took, and how it errs, on the simulated network and on a real socket.
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { MessageSocket } from '../../src/engine/socket.ts';
import { businessKey, LATE_MS, MAX_RECORDED, MAX_TRANSACTIONS, SimulatedCsms } from '../../src/simulator/csms.ts';
import { CsmsServer } from '../../src/simulator/csms-server.ts';
import { type Answered, RpcClient } from '../../src/simulator/rpc-client.ts';
import { labelledRandom } from '../../src/simulator/seeded-random.ts';
import type { Payload } from '../../src/simulator/station-wire.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { VirtualNetwork } from '../../src/simulator/virtual-network.ts';
import { silentLog } from '../../src/system/log.ts';

const START = { connectorId: 1, idTag: 'T', meterStart: 0, timestamp: '2026-03-02T06:00:00.000Z' };

class World {
  readonly clock = new VirtualClock();
  readonly random = labelledRandom(3);
  readonly network = new VirtualNetwork(this.clock, this.random, { delayMs: 5, jitterMs: 0 });
  readonly csms = new SimulatedCsms({ clock: this.clock, random: this.random, log: silentLog });
  rpc: RpcClient | undefined;
  failed: [string, number | undefined] | undefined;
  readonly #ids = { next: 0 };

  constructor() {
    this.network.listen('operator', (knock) => {
      if (this.csms.isUp) this.csms.welcome('A', knock.accept());
      else knock.refuse(503);
    });
  }

  async dial(): Promise<this> {
    this.network.line('A').dial(
      { url: 'ws://operator/ocpp/A', subprotocol: 'ocpp1.6', headers: {}, handshakeTimeoutMs: 5_000 },
      {
        opened: (socket) => {
          const nextId = () => `m${++this.#ids.next}`;
          this.rpc = new RpcClient(socket, this.clock, nextId, (action, _payload, reply) => reply({ heard: action }));
          socket.on('close', () => {
            this.rpc = undefined;
          });
        },
        failed: (trouble, status) => {
          this.failed = [trouble, status];
        },
      },
    );
    await this.clock.advance(50);
    return this;
  }

  async call(action: string, payload: Payload, forMs = 100): Promise<Answered | undefined> {
    let answered: Answered | undefined;
    this.rpc!.call(action, payload, (answer) => {
      answered = answer;
    });
    await this.clock.advance(forMs);
    return answered;
  }
}

describe('on the simulated network', () => {
  test('answers, and keeps what it took with its business key and the time', async () => {
    const world = await new World().dial();
    const told: string[] = [];
    world.csms.onMessage(({ action }) => told.push(action));
    expect(await world.call('BootNotification', {})).toMatchObject({ ok: true, payload: { status: 'Accepted' } });
    expect(await world.call('StartTransaction', START)).toMatchObject({ payload: { transactionId: 700_001 } });
    expect(world.csms.connected).toEqual(['A']);
    expect(told).toEqual(['BootNotification', 'StartTransaction']);
    expect(world.csms.recorded.map(({ key, answered }) => [key, answered])).toEqual([
      [undefined, 'result'],
      ['start A 1 T 2026-03-02T06:00:00.000Z 0', 'result'],
    ]);
    expect(world.csms.recorded[1]).toMatchObject({ station: 'A', messageId: 'm2', payload: START });
    expect(world.clock.wall() - world.csms.recorded[1]!.atWall).toBe(95);
  });

  test('the same beginning told again is the same transaction', async () => {
    const world = await new World().dial();
    await world.call('StartTransaction', START);
    expect(await world.call('StartTransaction', START)).toMatchObject({ payload: { transactionId: 700_001 } });
    const other = { ...START, meterStart: 1 };
    expect(await world.call('StartTransaction', other)).toMatchObject({ payload: { transactionId: 700_002 } });
  });

  test('makes CALLs to a station, and says so where there is none', async () => {
    const world = await new World().dial();
    const answer = world.csms.call('A', 'ClearCache', {});
    await world.clock.advance(50);
    expect(await answer).toEqual({ ok: true, payload: { heard: 'ClearCache' } });
    expect(await world.csms.call('B', 'ClearCache', {})).toEqual({ ok: false, code: 'closed' });
  });

  test('down: cuts its lines and refuses new ones until it ends', async () => {
    const world = await new World().dial();
    const end = world.csms.errs('down');
    await world.clock.advance(50);
    expect([world.rpc, world.csms.connected]).toEqual([undefined, []]);
    await world.dial();
    expect(world.failed).toEqual(['Unexpected server response: 503', 503]);
    end();
    await world.dial();
    expect(world.rpc).toBeDefined();
  });

  test('two of its errors that overlap end with the later one, each once', async () => {
    const world = await new World().dial();
    const [first, second] = [world.csms.errs('callerror'), world.csms.errs('callerror')];
    first();
    first();
    expect(await world.call('Heartbeat', {})).toMatchObject({ ok: false });
    second();
    expect(await world.call('Heartbeat', {})).toMatchObject({ ok: true });
  });

  test('silent: takes nothing and never answers', async () => {
    const world = await new World().dial();
    const end = world.csms.errs('silent');
    expect(await world.call('StartTransaction', START, 16_000)).toEqual({ ok: false, code: 'timeout' });
    expect(world.csms.recorded).toEqual([]);
    end();
    expect(await world.call('StartTransaction', START)).toMatchObject({ ok: true });
  });

  test('late: has the effect at once and answers later', async () => {
    const world = await new World().dial();
    world.csms.errs('late');
    expect(await world.call('StartTransaction', START, LATE_MS)).toBeUndefined();
    expect(world.csms.recorded).toMatchObject([{ answered: 'late' }]);
    const answer = world.call('Heartbeat', {}, 3 * LATE_MS);
    expect(await answer).toMatchObject({ ok: true });
  });

  test('callerror: refuses without effect', async () => {
    const world = await new World().dial();
    world.csms.errs('callerror');
    expect(await world.call('StartTransaction', START)).toEqual({ ok: false, code: 'InternalError' });
    expect(world.csms.recorded).toMatchObject([{ answered: 'error' }]);
  });

  test('loses-answers: has the effect, and what is told again has no second one', async () => {
    const world = await new World().dial();
    const end = world.csms.errs('loses-answers');
    expect(await world.call('StartTransaction', START, 16_000)).toEqual({ ok: false, code: 'timeout' });
    expect(world.csms.recorded).toMatchObject([{ answered: 'lost' }]);
    end();
    expect(await world.call('StartTransaction', START)).toMatchObject({ payload: { transactionId: 700_001 } });
  });
});

test('remembers so many messages and transactions, and forgets the oldest first', () => {
  const { csms } = new World();
  let hear: (data: string, isBinary: boolean) => void = () => {};
  const answers: string[] = [];
  const socket = {
    readyState: 1,
    bufferedAmount: 0,
    on: (event: string, listener: never) => {
      if (event === 'message') hear = listener;
    },
    send: (text: string) => void answers.push(text),
  } as unknown as MessageSocket;
  csms.welcome('A', socket);
  const start = (n: number) => {
    hear(JSON.stringify([2, String(n), 'StartTransaction', { ...START, meterStart: n }]), false);
    return (JSON.parse(answers.at(-1)!) as [number, string, { transactionId: number }])[2].transactionId;
  };
  const first = start(0);
  for (let n = 1; n < MAX_TRANSACTIONS; n++) start(n);
  expect(csms.recorded.length).toBeLessThanOrEqual(MAX_RECORDED);
  expect(csms.recorded.at(-1)!.messageId).toBe(String(MAX_TRANSACTIONS - 1));
  expect(start(0)).toBe(first);
  start(MAX_TRANSACTIONS);
  expect(start(0)).toBeGreaterThan(first);
});

test.each([
  ['StartTransaction', START, 'start A 1 T 2026-03-02T06:00:00.000Z 0'],
  ['StopTransaction', { transactionId: 7, timestamp: 'x', meterStop: 5 }, 'stop A 7 x 5'],
  ['MeterValues', { connectorId: 1, transactionId: 7, meterValue: [{ a: 1 }] }, 'meter A 1 7 [{"a":1}]'],
  ['MeterValues', { connectorId: 1, meterValue: [] }, undefined],
  ['Heartbeat', {}, undefined],
])('the business key of %s %j is %s', (action, payload, key) => {
  expect(businessKey('A', action, payload)).toBe(key);
});

describe('on a socket of this machine', () => {
  let server: CsmsServer;
  afterEach(() => server.stop());

  test('lets stations in while it is up', async () => {
    const world = new World();
    server = new CsmsServer(world.csms);
    const port = await server.start(0);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ocpp/A`, 'ocpp1.6');
    await once(socket, 'open');
    socket.send('[2,"1","Heartbeat",{}]');
    const [data] = await once(socket, 'message');
    expect(JSON.parse(String(data))).toMatchObject([3, '1', { currentTime: '2026-03-02T06:00:00.000Z' }]);
    const closed = once(socket, 'close');
    const end = world.csms.errs('down');
    await closed;
    const refused = new WebSocket(`ws://127.0.0.1:${port}/ocpp/A`, 'ocpp1.6');
    refused.on('error', () => {});
    const [, response] = await once(refused, 'unexpected-response');
    expect(response.statusCode).toBe(503);
    refused.terminate();
    end();
  });
});
