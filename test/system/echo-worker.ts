// A worker at the other end of a thread port: echoes, adds, fails, hangs and dies on demand.
import { type MessagePort, workerData } from 'node:worker_threads';
import { AppError } from '../../src/engine/app-error.ts';
import { anchorClock, systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { ThreadPort } from '../../src/system/thread-port.ts';
import type { ToMain, ToWorker } from './port-kinds.ts';

const { port } = workerData as { readonly port: MessagePort };
const line = new ThreadPort<ToMain, ToWorker>({
  port,
  peer: 'main',
  clock: systemClock(anchorClock()),
  log: silentLog,
});
line.on('note', (text) => {
  if (text === 'throw') throw new Error('on demand');
  line.post('echo', text);
});
line.on('image', ({ key, value }) => {
  line.post('echo', `${key}=${value}`);
});
line.on('die', () => {
  process.exit(7);
});
line.handle('add', async ({ a, b }) => a + b);
line.handle('refuse', async ({ field }) => {
  throw new AppError('TEST_REFUSED', `no ${field}`, { field, unclonable: () => 1 });
});
line.handle('break', async () => {
  throw new Error('a mistake');
});
line.handle('hang', () => new Promise(() => {}));
line.handle('function', async () => (() => 1) as unknown as number);
