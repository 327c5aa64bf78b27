// The link over real sockets: one CALL outstanding per direction, priorities, deadlines, and every bound at its edge.
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import type { CallOutcome, IncomingCall } from '../../src/engine/ports.ts';
import { MAX_QUEUED_CALLS } from '../../src/ocpp/rpc/call-queue.ts';
import { MAX_MALFORMED_IN_A_ROW, MAX_WAITING_CALLS, RpcConnection } from '../../src/ocpp/rpc/connection.ts';
import type { Reply, RpcOptions } from '../../src/ocpp/rpc/contract.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { anchorClock, systemClock, systemRandom } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { nextFrame, type SocketPair, socketPair } from '../support/link-pair.ts';

let pair: SocketPair;
let clock: VirtualClock;
beforeEach(async () => {
  pair = await socketPair();
  clock = new VirtualClock();
});
afterEach(() => pair.close());

const empty: Reply = { kind: 'result', rawPayload: '{}' };

function link(options: Partial<RpcOptions> = {}, socket: WebSocket = pair.near): RpcConnection {
  return new RpcConnection(socket, {
    surroundings: { clock, random: systemRandom, log: silentLog },
    name: 'test',
    callTimeoutMs: 10_000,
    handle: async () => empty,
    onClose: () => {},
    ...options,
  });
}

/** A handler that answers only when told to. */
function heldHandler() {
  const calls: IncomingCall[] = [];
  const release: (() => void)[] = [];
  const handle = (call: IncomingCall): Promise<Reply> => {
    calls.push(call);
    return new Promise((resolve) => release.push(() => resolve(empty)));
  };
  return { calls, release, handle };
}

/** Round trip: whatever was sent before it has been seen by the near side. */
async function flush(): Promise<void> {
  pair.far.ping();
  await once(pair.far, 'pong');
}

describe('a link', () => {
  test('makes one CALL at a time: limits first, then upstream, then polls', async () => {
    const near = link();
    const seen: string[] = [];
    let outstanding = 0;
    pair.far.on('message', (data) => {
      const [, id, action] = JSON.parse(String(data));
      expect(++outstanding).toBe(1);
      seen.push(action);
      queueMicrotask(() => {
        outstanding -= 1;
        pair.far.send(JSON.stringify([3, id, {}]));
      });
    });
    await Promise.all(
      (['poll', 'poll', 'upstream', 'limit', 'limit'] as const).map((priority, i) =>
        near.call({ action: `${priority}-${i}`, rawPayload: '{}', priority }),
      ),
    );
    // The first poll was alone when it was handed over; a CALL in flight is never cut short.
    expect(seen).toEqual(['poll-0', 'limit-3', 'limit-4', 'upstream-2', 'poll-1']);
  });

  test('a silent peer is unanswered at the deadline, its late answer is dropped and counted, and the next CALL goes', async () => {
    const near = link();
    const first = near.call({ action: 'A', rawPayload: '{}', priority: 'limit', timeoutMs: 5_000 });
    const [, lateId] = await nextFrame(pair.far);
    const second = near.call({ action: 'B', rawPayload: '{}', priority: 'poll' });
    const asked = nextFrame(pair.far);
    await clock.advance(5_000);
    expect(await first).toEqual({ kind: 'unanswered' });
    const [, id] = await asked;
    pair.far.send(JSON.stringify([3, lateId, { late: true }]));
    pair.far.send(JSON.stringify([3, id, { mine: true }]));
    expect(await second).toMatchObject({ kind: 'result', payload: { mine: true } });
    expect(near.counts.strayAnswers).toBe(1);
  });

  test('a lost link leaves the CALL under way unanswered and the waiting ones unsent', async () => {
    const closed = Promise.withResolvers<number>();
    const near = link({ onClose: closed.resolve });
    const outcomes = ['A', 'B'].map((action) => near.call({ action, rawPayload: '{}', priority: 'limit' }));
    await nextFrame(pair.far);
    pair.far.terminate();
    expect((await Promise.all(outcomes)).map((outcome) => outcome.kind)).toEqual(['unanswered', 'unsent']);
    expect(await closed.promise).toBe(1006);
    expect(await near.call({ action: 'C', rawPayload: '{}', priority: 'limit' })).toMatchObject({ kind: 'unsent' });
  });

  test('a waiting CALL can be withdrawn, one that was sent cannot', async () => {
    const near = link();
    const abort = new AbortController();
    const [sent, waiting] = ['A', 'B'].map((action) =>
      near.call({ action, rawPayload: '{}', priority: 'limit', signal: abort.signal }),
    );
    const [, id] = await nextFrame(pair.far);
    abort.abort();
    expect(await waiting).toEqual({ kind: 'unsent', why: 'withdrawn' });
    pair.far.send(JSON.stringify([3, id, {}]));
    expect(await sent).toMatchObject({ kind: 'result' });
  });

  test('a full queue turns polls away for a limit, and a poll away for nobody', async () => {
    const near = link();
    const settled: CallOutcome[] = [];
    for (let i = 0; i <= MAX_QUEUED_CALLS; i++)
      void near
        .call({ action: `poll-${i}`, rawPayload: '{}', priority: 'poll' })
        .then((outcome) => settled.push(outcome));
    expect(near.queuedCalls).toBe(MAX_QUEUED_CALLS);
    expect(await near.call({ action: 'one-more', rawPayload: '{}', priority: 'poll' })).toMatchObject({
      kind: 'unsent',
    });
    void near.call({ action: 'limit', rawPayload: '{}', priority: 'limit' });
    await Promise.resolve();
    expect(near.queuedCalls).toBe(MAX_QUEUED_CALLS);
    await flush();
    expect(settled).toMatchObject([{ kind: 'unsent' }]);
  });

  test('an answer that cannot be read proves nothing: unanswered', async () => {
    const near = link();
    const outcome = near.call({ action: 'A', rawPayload: '{}', priority: 'limit' });
    const [, id] = await nextFrame(pair.far);
    pair.far.send(`[3,"${id}",{"status":"Accepted","status":"Rejected"}]`);
    expect(await outcome).toEqual({ kind: 'unanswered' });
  });

  test('incoming CALLs are handled one at a time in order, and an eager peer is cut off', async () => {
    const closed = Promise.withResolvers<number>();
    const { calls, handle } = heldHandler();
    link({ handle, onClose: closed.resolve });
    for (let i = 0; i <= MAX_WAITING_CALLS; i++) pair.far.send(JSON.stringify([2, `c${i}`, 'A', {}]));
    await flush();
    expect(calls.length).toBe(1);
    expect(pair.far.readyState).toBe(pair.far.OPEN);
    pair.far.send(JSON.stringify([2, 'one-too-many', 'A', {}]));
    expect(await closed.promise).toBe(1008);
  });

  test('the same CALL again gets the same answer and is not executed twice', async () => {
    let executed = 0;
    const near = link({ handle: async () => ({ kind: 'result', rawPayload: `{"n":${++executed}}` }) });
    const answers: unknown[] = [];
    for (const text of ['[2,"x","A",{}]', '[2,"x","A",{}]', '[2,"y","A",{}]', '[2,"x","B",{}]']) {
      const answer = nextFrame(pair.far);
      pair.far.send(text);
      answers.push(await answer);
    }
    expect(answers.slice(0, 3)).toEqual([
      [3, 'x', { n: 1 }],
      [3, 'x', { n: 1 }],
      [3, 'y', { n: 2 }],
    ]);
    expect(answers[3]).toMatchObject([4, 'x', 'ProtocolError', expect.any(String), {}]);
    expect(near.counts.duplicateCalls).toBe(2);
  });

  test('a handler that throws is a CALLERROR, and the next CALL is served', async () => {
    link({
      handle: async (call) => {
        if (call.action === 'A') throw new Error('disk');
        return empty;
      },
    });
    const first = nextFrame(pair.far);
    pair.far.send('[2,"a","A",{}]');
    expect(await first).toMatchObject([4, 'a', 'InternalError', expect.any(String), {}]);
    const second = nextFrame(pair.far);
    pair.far.send('[2,"b","B",{}]');
    expect(await second).toEqual([3, 'b', {}]);
  });

  test('ten malformed frames in a row close the link, nine do not', async () => {
    const closed = Promise.withResolvers<number>();
    const near = link({ onClose: closed.resolve });
    const sendMany = (count: number) => Array.from({ length: count }, () => pair.far.send('{}'));
    sendMany(MAX_MALFORMED_IN_A_ROW - 1);
    const answer = nextFrame(pair.far);
    pair.far.send('[2,"ok","A",{}]');
    expect(await answer).toEqual([3, 'ok', {}]);
    sendMany(MAX_MALFORMED_IN_A_ROW);
    expect(await closed.promise).toBe(1008);
    expect(near.counts.malformedFrames).toBe(2 * MAX_MALFORMED_IN_A_ROW - 1);
  });

  test('a binary frame closes with 1003, an over-long one with 1009, endless fragments with 1008', async () => {
    for (const [break_, code] of [
      [(far: WebSocket) => far.send(Buffer.from('[2,"x","A",{}]')), 1003],
      [(far: WebSocket) => far.send(`[2,"x","A",{"a":"${'x'.repeat(70_000)}"}]`), 1009],
      [(far: WebSocket) => Array.from({ length: 100 }, () => far.send('x', { fin: false })), 1008],
    ] as const) {
      const own = await socketPair();
      link({}, own.near);
      const closed = once(own.far, 'close');
      break_(own.far);
      expect((await closed)[0]).toBe(code);
      await own.close();
    }
  });

  test('a peer that never reads is cut off before it fills the memory', async () => {
    const closed = Promise.withResolvers<number>();
    const answer = `{"a":"${'x'.repeat(60_000)}"}`;
    link({
      handle: async () => ({ kind: 'result', rawPayload: answer }),
      onClose: closed.resolve,
      messagesPerSecond: 1e6,
      messagesBurst: 1e6,
    });
    pair.far.pause();
    let worst = 0;
    const send = (i: number) => {
      if (pair.far.readyState !== pair.far.OPEN || i > 5_000) return;
      worst = Math.max(worst, pair.near.bufferedAmount);
      pair.far.send(`[2,"c${i}","A",{}]`, () => setImmediate(() => send(i + 1)));
    };
    send(0);
    expect(await closed.promise).toBe(1006);
    expect(worst).toBeLessThanOrEqual(1024 * 1024);
    expect(worst).toBeGreaterThan(256 * 1024);
  });

  test('a peer beyond its rate is left unread until its tokens return, and loses nothing', async () => {
    const near = link({ messagesPerSecond: 10, messagesBurst: 5 });
    const answers: string[] = [];
    pair.far.on('message', (data) => {
      answers.push(String(data));
      if (answers.length < 40) pair.far.send(`[2,"c${answers.length}","A",{}]`);
    });
    pair.far.send('[2,"c0","A",{}]');
    const startedAt = clock.now();
    while (answers.length < 40) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      await clock.advance(50);
    }
    expect(clock.now() - startedAt).toBeGreaterThanOrEqual(((40 - 5 - 1) / 10) * 1_000);
    expect(near.counts.throttles).toBeGreaterThan(20);
  });

  test('liveness: a pong in time, or not', async () => {
    const near = link();
    expect(await near.isAlive(3_000)).toBe(true);
    pair.far.pause();
    const dead = near.isAlive(3_000);
    await clock.advance(3_000);
    expect(await dead).toBe(false);
  });
});

test('10,000 interleaved CALLs in both directions: none lost, none crossed, never two outstanding', async () => {
  const surroundings = { clock: systemClock(anchorClock()), random: systemRandom, log: silentLog };
  const total = 5_000;
  const sides = [pair.near, pair.far].map((socket, side) => {
    let handling = 0;
    const handle = async (call: IncomingCall): Promise<Reply> => {
      expect(++handling).toBe(1);
      await Promise.resolve();
      handling -= 1;
      return { kind: 'result', rawPayload: `{"echo":${call.payload.n as number},"by":${side}}` };
    };
    const fast = { messagesPerSecond: 1e6, messagesBurst: 1e6 };
    return new RpcConnection(socket, {
      surroundings,
      name: `${side}`,
      callTimeoutMs: 20_000,
      handle,
      onClose: () => {},
      ...fast,
    });
  });
  const answered = [0, 0];
  const work = sides.map(async (connection, side) => {
    for (let n = 0; n < total; n += 20) {
      const batch = Array.from({ length: 20 }, (_, i) =>
        connection.call({ action: 'A', rawPayload: `{"n":${n + i}}`, priority: i % 3 === 0 ? 'limit' : 'poll' }),
      );
      for (const [i, outcome] of (await Promise.all(batch)).entries()) {
        expect(outcome).toMatchObject({ kind: 'result', payload: { echo: n + i, by: 1 - side } });
        answered[side]! += 1;
      }
    }
  });
  await Promise.all(work);
  expect(answered).toEqual([total, total]);
  expect(sides.map((side) => side.counts.strayAnswers)).toEqual([0, 0]);
});
