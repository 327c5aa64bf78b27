// Real workers that hang, found out by a pulse that stops: ended and started again; one that beats is left alone.
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { BEAT_EVERY_MS, FIRST_BEAT_MS, newPulse, type Pulse, WORKER_SILENCE_MS } from '../../src/system/heartbeat.ts';
import { RESTART_DELAY_MS } from '../../src/system/restart-policy.ts';
import { superviseWorker } from '../../src/system/supervisor.ts';
import { rememberingLog } from '../store/support.ts';

/** Beats when told to, so that virtual time may stand for its own; hangs for ever on `hang`. */
const CODE = `
  const { parentPort, workerData } = require('node:worker_threads');
  parentPort.on('message', (word) => {
    if (word === 'hang') { parentPort.postMessage('hanging'); for (;;); }
    if (word === 'beat') { Atomics.add(new Int32Array(workerData.pulse), 0, 1); parentPort.postMessage('beaten'); }
  });
`;

function supervised() {
  const clock = new VirtualClock();
  const log = rememberingLog();
  const pulses = new Map<Worker, Pulse>();
  const workers: Worker[] = [];
  const downs: string[] = [];
  let onDown = () => {};
  superviseWorker({
    name: 'room',
    clock,
    log,
    start: () => {
      const pulse = newPulse();
      const worker = new Worker(CODE, { eval: true, workerData: { pulse } });
      pulses.set(worker, pulse);
      workers.push(worker);
      return worker;
    },
    pulseOf: (worker) => pulses.get(worker),
    onUp: () => {},
    onDown: (reason) => {
      downs.push(reason);
      onDown();
    },
  });
  onTestFinished(async () => {
    await Promise.all(workers.map((worker) => worker.terminate()));
  });
  const tell = async (word: 'hang' | 'beat') => {
    const worker = workers.at(-1)!;
    const answer = new Promise((resolve) => worker.once('message', resolve));
    worker.postMessage(word);
    await answer;
  };
  const down = () =>
    new Promise<void>((resolve) => {
      onDown = resolve;
    });
  return { clock, log, workers, downs, tell, down };
}

test('a worker that loops for ever is ended after 10 s without a beat, and comes back', async () => {
  const { clock, log, workers, downs, tell, down } = supervised();
  for (let second = 0; second < 30; second++) {
    await tell('beat');
    await clock.advance(BEAT_EVERY_MS);
  }
  expect(downs).toEqual([]);
  await tell('hang');
  const ended = down();
  await clock.advance(WORKER_SILENCE_MS - BEAT_EVERY_MS);
  expect(log.lines.filter(({ event }) => event === 'worker.silent')).toEqual([]);
  await clock.advance(BEAT_EVERY_MS);
  await ended;
  expect(downs).toEqual(['it did nothing for 10 s']);
  expect(log.lines.find(({ event }) => event === 'worker.silent')).toMatchObject({
    level: 'error',
    fields: { code: 'WORKER_SILENT', worker: 'room' },
  });
  await clock.advance(RESTART_DELAY_MS);
  expect(workers).toHaveLength(2);
  await tell('beat');
  await clock.advance(WORKER_SILENCE_MS - 1);
  expect(downs).toHaveLength(1);
});

test('a worker that hangs before its first beat has more time, not for ever', async () => {
  const { clock, downs, tell, down } = supervised();
  await tell('hang');
  const ended = down();
  await clock.advance(FIRST_BEAT_MS - 1);
  expect(downs).toEqual([]);
  await clock.advance(1);
  await ended;
  expect(downs).toEqual(['it did nothing for 60 s']);
});
