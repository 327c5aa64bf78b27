// The line between two threads: what happens at its bounds, with errors, and when the other end dies.
import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import { describe, expect, onTestFinished, test } from 'vitest';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { ThreadPort, type ThreadPortOptions } from '../../src/system/thread-port.ts';
import { rememberingLog } from '../store/support.ts';
import type { ToMain, ToWorker } from './port-kinds.ts';

type Bounds = Partial<Pick<ThreadPortOptions, 'capacity' | 'latestCapacity' | 'maxRequests' | 'maxKeys'>>;

/** Collects what is heard and resolves when so many have come. */
function collector<T>() {
  const heard: T[] = [];
  let check = () => {};
  return {
    heard,
    add: (value: T) => {
      heard.push(value);
      check();
    },
    count: (wanted: number) =>
      new Promise<readonly T[]>((resolve) => {
        check = () => heard.length >= wanted && resolve(heard);
        check();
      }),
  };
}

function openWorker(bounds: Bounds = {}) {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(new URL('./echo-worker.ts', import.meta.url), {
    workerData: { port: port2 },
    transferList: [port2],
  });
  const clock = new VirtualClock();
  const line = new ThreadPort<ToWorker, ToMain>({ port: port1, peer: 'echo', clock, log: silentLog, ...bounds });
  const echoes = collector<string>();
  line.on('echo', echoes.add);
  onTestFinished(async () => {
    line.close();
    await worker.terminate();
  });
  return { worker, line, clock, echoes };
}

/** Both ends in this thread; the far one handles a message only when `release` is called. */
function openPair(bounds: Bounds = {}) {
  const { port1, port2 } = new MessageChannel();
  const clock = new VirtualClock();
  const log = rememberingLog();
  const near = new ThreadPort<ToWorker, ToMain>({ port: port1, peer: 'far', clock, log, ...bounds });
  const far = new ThreadPort<ToMain, ToWorker>({ port: port2, peer: 'near', clock, log: log });
  const arrived = collector<string>();
  const held: (() => void)[] = [];
  const hold = (text: string) =>
    new Promise<void>((resolve) => {
      held.push(resolve);
      arrived.add(text);
    });
  far.on('note', hold);
  far.on('image', ({ key, value }) => hold(`${key}=${value}`));
  onTestFinished(() => {
    near.close();
    far.close();
  });
  /** Lets the far end finish its oldest message, and its credit arrive. */
  const release = async () => {
    held.shift()!();
    await roundTrip();
  };
  far.handle('add', async ({ a, b }) => a + b);
  const roundTrip = () => near.request('add', { a: 0, b: 0 }, { timeoutMs: 1_000 });
  return { near, far, clock, log, arrived, release, roundTrip };
}

describe('across threads', () => {
  test('messages arrive in order and requests are answered', async () => {
    const { line, echoes } = openWorker();
    for (let number = 0; number < 500; number++) expect(line.post('note', `${number}`)).toBe('sent');
    expect(await line.request('add', { a: 2, b: 3 }, { timeoutMs: 5_000 })).toBe(5);
    expect(await echoes.count(500)).toEqual(Array.from({ length: 500 }, (_, number) => `${number}`));
  });

  test('errors keep their code and fields; mistakes, unheard kinds and answers that cannot be cloned get a code', async () => {
    const { line } = openWorker();
    const limits = { timeoutMs: 5_000 };
    await expect(line.request('refuse', { field: 'x' }, limits)).rejects.toMatchObject({
      name: 'AppError',
      code: 'TEST_REFUSED',
      message: 'no x',
      fields: { field: 'x', unclonable: '() => 1' },
    });
    await expect(line.request('break', null, limits)).rejects.toMatchObject({ code: 'THREAD_HANDLER_FAILED' });
    await expect(line.request('unheard', null, limits)).rejects.toMatchObject({ code: 'THREAD_NO_HANDLER' });
    await expect(line.request('function', null, limits)).rejects.toMatchObject({ code: 'THREAD_HANDLER_FAILED' });
  });

  test('a storm of images keeps the newest of every key and never more than one waits for a key', async () => {
    const { line, echoes } = openWorker({ latestCapacity: 4 });
    const outcomes = new Set<string>();
    for (let value = 1; value <= 1_000; value++) {
      for (const key of ['A', 'B', 'C']) outcomes.add(line.publishLatest('image', key, { key, value }));
    }
    // Four were sent, three wait: the peer hears seven in all, and the last of each key is the newest.
    const heard = await echoes.count(7);
    expect(outcomes).toEqual(new Set(['sent', 'waiting']));
    expect(heard).toEqual(['A=1', 'B=1', 'C=1', 'A=2', 'B=1000', 'C=1000', 'A=1000']);
  });

  test('a peer that dies rejects what waits for it, is told once, and takes nothing more', async () => {
    const { line, worker } = openWorker();
    await line.request('add', { a: 0, b: 0 }, { timeoutMs: 5_000 });
    let timesTold = 0;
    const told = new Promise<void>((resolve) => {
      line.onGone(() => {
        timesTold += 1;
        resolve();
      });
    });
    const hanging = line.request('hang', null, { timeoutMs: 60_000 });
    const outcome = expect(hanging).rejects.toMatchObject({ code: 'THREAD_GONE', fields: { peer: 'echo' } });
    line.post('die', null);
    await Promise.all([outcome, told, once(worker, 'exit')]);
    expect(line.isOpen).toBe(false);
    expect(line.post('note', 'x')).toBe('full');
    expect(line.publishLatest('image', 'A', { key: 'A', value: 1 })).toBe('full');
    await expect(line.request('add', { a: 1, b: 1 }, { timeoutMs: 1 })).rejects.toMatchObject({ code: 'THREAD_GONE' });
    line.close();
    expect(timesTold).toBe(1);
    line.onGone(() => {
      timesTold += 1;
    });
    expect(timesTold).toBe(2);
  });

  test('a worker that is terminated from outside is noticed too', async () => {
    const { line, worker } = openWorker();
    await line.request('add', { a: 0, b: 0 }, { timeoutMs: 5_000 });
    const told = new Promise<void>((resolve) => line.onGone(resolve));
    await worker.terminate();
    await told;
    expect(line.isOpen).toBe(false);
  });
});

describe('at the bound', () => {
  test('a post is refused while as many as may are not handled, and taken again after one credit', async () => {
    const { near, arrived, release } = openPair({ capacity: 3 });
    expect(['a', 'b', 'c', 'd'].map((text) => near.post('note', text))).toEqual(['sent', 'sent', 'sent', 'full']);
    await arrived.count(3);
    expect(near.post('note', 'e')).toBe('full');
    await release();
    expect([near.post('note', 'f'), near.post('note', 'g')]).toEqual(['sent', 'full']);
    expect(await arrived.count(4)).toEqual(['a', 'b', 'c', 'f']);
  });

  test('images do not hold up posts', async () => {
    const { near } = openPair({ capacity: 1, latestCapacity: 1 });
    const image = (value: number) => near.publishLatest('image', 'A', { key: 'A', value });
    expect([image(1), image(2), near.post('note', 'x')]).toEqual(['sent', 'waiting', 'sent']);
  });

  test('a key that waits keeps its turn when a newer image replaces it', async () => {
    const { near, arrived, release } = openPair({ latestCapacity: 1 });
    const image = (key: string, value: number) => near.publishLatest('image', key, { key, value });
    for (const [key, value] of [
      ['A', 1],
      ['B', 1],
      ['C', 1],
      ['B', 2],
    ] as const)
      image(key, value);
    await arrived.count(1);
    for (let heard = 2; heard <= 3; heard++) {
      await release();
      await arrived.count(heard);
    }
    expect(arrived.heard).toEqual(['A=1', 'B=2', 'C=1']);
  });

  test('more keys than may wait are refused by name of the outcome; known keys still get their newest', () => {
    const { near } = openPair({ latestCapacity: 1, maxKeys: 2 });
    const image = (key: string) => near.publishLatest('image', key, { key, value: 1 });
    expect(['A', 'B', 'C', 'D', 'B'].map(image)).toEqual(['sent', 'waiting', 'waiting', 'full', 'waiting']);
  });

  test('requests are bounded, and one that timed out counts until the peer has answered it', async () => {
    const { near, far, clock, arrived } = openPair({ maxRequests: 2 });
    let answer = () => {};
    far.handle('hang', () => {
      arrived.add('asked');
      return new Promise((resolve) => {
        answer = () => resolve(null);
      });
    });
    const late = expect(near.request('hang', null, { timeoutMs: 500 })).rejects.toMatchObject({
      code: 'THREAD_TIMEOUT',
      fields: { peer: 'far', kind: 'hang', timeoutMs: 500 },
    });
    await arrived.count(1);
    await clock.advance(500);
    await late;
    const ask = () => near.request('add', { a: 1, b: 1 }, { timeoutMs: 1_000 });
    const [first, second] = await Promise.allSettled([ask(), ask()]);
    expect(first).toEqual({ status: 'fulfilled', value: 2 });
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'THREAD_PORT_FULL' } });
    answer();
    await ask();
    expect((await Promise.allSettled([ask(), ask()])).map((outcome) => outcome.status)).toEqual([
      'fulfilled',
      'fulfilled',
    ]);
  });
});

describe('mistakes', () => {
  test('a handler that throws and a kind that nobody hears are told, and give their credit back', async () => {
    const { near, far, log, roundTrip } = openPair({ capacity: 1 });
    far.on('note', () => {
      throw new Error('on demand');
    });
    expect(near.post('note', 'x')).toBe('sent');
    await roundTrip();
    expect(near.post('unheard', null)).toBe('sent');
    await roundTrip();
    expect(near.post('note', 'y')).toBe('sent');
    expect(log.lines.map((line) => [line.event, line.fields.kind])).toEqual([
      ['thread.handler-failed', 'note'],
      ['thread.handler-failed', 'unheard'],
    ]);
  });

  test('what cannot be cloned throws at the sender and spends nothing', async () => {
    const { near, roundTrip } = openPair({ capacity: 1, maxRequests: 1 });
    const unclonable = (() => 1) as unknown as string;
    expect(() => near.post('note', unclonable)).toThrow(/could not be cloned/);
    expect(near.post('note', 'x')).toBe('sent');
    await expect(near.request('add', unclonable as never, { timeoutMs: 1 })).rejects.toThrow(/could not be cloned/);
    expect(await roundTrip()).toBe(0);
  });
});

test('what was posted before close still arrives', async () => {
  const { near, far, arrived } = openPair();
  const gone = new Promise<void>((resolve) => far.onGone(resolve));
  for (const text of ['a', 'b', 'c']) near.post('note', text);
  near.close();
  await gone;
  expect(arrived.heard).toEqual(['a', 'b', 'c']);
});
