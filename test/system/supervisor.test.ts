// Worker threads that die, hang and refuse to stop, and the supervisor that answers for them.
import { Worker } from 'node:worker_threads';
import { describe, expect, onTestFinished, test } from 'vitest';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import {
  LONG_PAUSE_MS,
  PAUSE_MS,
  RESTART_DELAY_MS,
  RESTART_WINDOW_MS,
  STEADY_AFTER_MS,
} from '../../src/system/restart-policy.ts';
import { STOP_DEADLINE_MS, STOP_MESSAGE, type SuperviseOptions, superviseWorker } from '../../src/system/supervisor.ts';
import { rememberingLog } from '../store/support.ts';

/** Does what it is told: exits, throws, hangs; ends by itself when asked to stop, unless told to be deaf. */
const OBEDIENT = `
  const { parentPort } = require('node:worker_threads');
  let isDeaf = false;
  parentPort.on('message', (word) => {
    if (word === 'exit') process.exit(3);
    if (word === 'throw') throw new Error('out of luck');
    if (word === 'deaf') isDeaf = true;
    if (word === '${STOP_MESSAGE}' && !isDeaf) parentPort.close();
    if (word === 'deaf' || word === 'ping') parentPort.postMessage('yes');
  });
`;

function supervise(part: Partial<SuperviseOptions> = {}, code = OBEDIENT) {
  const clock = new VirtualClock();
  const log = rememberingLog();
  const events: string[] = [];
  const workers: Worker[] = [];
  let wake = () => {};
  const note = (event: string) => {
    events.push(event);
    wake();
  };
  const supervised = superviseWorker({
    name: 'room',
    start: () => new Worker(code, { eval: true }),
    onUp: (worker) => {
      workers.push(worker);
      note('up');
    },
    onDown: (reason) => note(`down: ${reason}`),
    clock,
    log,
    ...part,
  });
  onTestFinished(async () => {
    await Promise.all(workers.map((worker) => worker.terminate()));
  });
  /** Resolves when that many events have been noted. */
  const seen = (count: number) =>
    new Promise<void>((resolve) => {
      wake = () => events.length >= count && resolve();
      wake();
    });
  /** Makes the worker at hand die and waits until it has. */
  const kill = async (word = 'exit') => {
    const before = events.length;
    workers.at(-1)!.postMessage(word);
    await seen(before + 1);
  };
  return { clock, log, events, workers, supervised, seen, kill };
}

const logged = (log: ReturnType<typeof rememberingLog>, event: string) =>
  log.lines.filter((line) => line.event === event);

describe('a worker that dies', () => {
  test('is started again after a moment, with the reason told', async () => {
    const { clock, events, supervised, kill, log } = supervise();
    await kill();
    expect(events).toEqual(['up', 'down: it ended with exit code 3']);
    expect(supervised.state()).toEqual({ state: 'restarting', because: 'it ended with exit code 3' });
    await clock.advance(RESTART_DELAY_MS - 1);
    expect(events).toHaveLength(2);
    await clock.advance(1);
    expect(events.at(-1)).toBe('up');
    await kill('throw');
    expect(events.at(-1)).toBe('down: Error: out of luck');
    expect(logged(log, 'worker.died').map((line) => line.fields.restart)).toEqual([1, 2]);
  });

  test('for the fourth time within a minute stays down for a pause, with an alarm, and is tried afresh', async () => {
    const { clock, supervised, kill, log, workers } = supervise();
    for (let death = 1; death <= 3; death++) {
      await kill();
      await clock.advance(RESTART_DELAY_MS);
    }
    await kill();
    expect(supervised.state()).toMatchObject({ state: 'paused', untilMs: clock.now() + PAUSE_MS });
    expect(logged(log, 'worker.paused')).toMatchObject([
      { level: 'error', fields: { worker: 'room', forMs: PAUSE_MS } },
    ]);
    await clock.advance(PAUSE_MS - 1);
    expect(workers).toHaveLength(4);
    await clock.advance(1);
    expect(workers).toHaveLength(5);
    await kill();
    expect(supervised.state().state).toBe('restarting');
  });

  test('now and then is always started again', async () => {
    const { clock, kill, log } = supervise();
    for (let death = 1; death <= 8; death++) {
      await kill();
      await clock.advance(RESTART_WINDOW_MS / 3);
    }
    expect(logged(log, 'worker.died')).toHaveLength(8);
    expect(logged(log, 'worker.paused')).toEqual([]);
  });

  test('again after each pause gets long pauses from the third on, until one has been up for a good while', async () => {
    const { clock, kill, log } = supervise({ maxRestarts: 0 });
    for (const forMs of [PAUSE_MS, PAUSE_MS, LONG_PAUSE_MS, LONG_PAUSE_MS]) {
      await kill();
      expect(logged(log, 'worker.paused').at(-1)!.fields.forMs).toBe(forMs);
      await clock.advance(forMs);
    }
    await clock.advance(STEADY_AFTER_MS);
    await kill();
    expect(logged(log, 'worker.paused').at(-1)!.fields.forMs).toBe(PAUSE_MS);
  });

  test('before it could be started, or joined, is a death like others', async () => {
    let starts = 0;
    const { clock, events, seen, log } = supervise({
      start: () => {
        starts += 1;
        if (starts === 1) throw new Error('no memory');
        return new Worker(OBEDIENT, { eval: true });
      },
      onUp: () => {
        throw new Error('no port');
      },
    });
    expect(events).toEqual([]);
    await clock.advance(RESTART_DELAY_MS);
    await seen(1);
    expect(events).toEqual(['down: it could not be joined: Error: no port']);
    expect(logged(log, 'worker.died')).toHaveLength(2);
  });

  test('is started again even when its listener fails', async () => {
    const { clock, workers, log, seen } = supervise({
      onDown: () => {
        throw new Error('a mistake');
      },
      onState: (state) => {
        if (state.state === 'restarting') died();
      },
    });
    let died = () => {};
    const death = new Promise<void>((resolve) => {
      died = resolve;
    });
    await seen(1);
    workers[0]!.postMessage('exit');
    await death;
    await clock.advance(RESTART_DELAY_MS);
    expect(workers).toHaveLength(2);
    expect(logged(log, 'worker.listener-failed')).toHaveLength(1);
  });
});

test('a worker that lives but makes no progress can be ended and comes back', async () => {
  const { clock, events, supervised, seen, workers } = supervise({}, `while (true);`);
  supervised.restart('no heartbeat for 10 s');
  await seen(2);
  expect(events).toEqual(['up', 'down: no heartbeat for 10 s']);
  await clock.advance(RESTART_DELAY_MS);
  expect(workers).toHaveLength(2);
});

describe('stop', () => {
  test('lets the worker end by itself, and no restart follows', async () => {
    const { clock, events, supervised, workers } = supervise();
    const [how, again] = await Promise.all([supervised.stop(), supervised.stop()]);
    expect([how, again]).toEqual(['clean', 'clean']);
    expect(supervised.state()).toEqual({ state: 'stopped' });
    await clock.advance(PAUSE_MS);
    expect(events).toEqual(['up', 'down: it was asked to stop']);
    expect(workers).toHaveLength(1);
  });

  test('terminates a worker that does not end within the deadline', async () => {
    const { clock, supervised, workers, log } = supervise();
    const answer = new Promise((resolve) => workers[0]!.once('message', resolve));
    workers[0]!.postMessage('deaf');
    await answer;
    const stopped = supervised.stop();
    await clock.advance(STOP_DEADLINE_MS - 1);
    expect(supervised.state()).toEqual({ state: 'stopping' });
    expect(logged(log, 'worker.stop-deadline')).toEqual([]);
    await clock.advance(1);
    expect(await stopped).toBe('terminated');
  });

  test('in a pause cancels the next try', async () => {
    const { clock, supervised, kill, workers } = supervise({ maxRestarts: 0 });
    await kill();
    expect(await supervised.stop()).toBe('clean');
    await clock.advance(10 * PAUSE_MS);
    expect(workers).toHaveLength(1);
  });
});
