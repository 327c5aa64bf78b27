// The store's thread: owns the SQLite files; the only thread in which an fsync may wait.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type MessagePort, workerData } from 'node:worker_threads';
import { AppError } from '../engine/app-error.ts';
import { Journal } from '../store/journal.ts';
import { StateStore } from '../store/state-store.ts';
import { ThreadPort } from '../system/thread-port.ts';
import { type ControlToStore, GATEWAY_STORE_METHODS, type GatewayToStore, type Nothing } from './thread-protocol.ts';
import { serveWorker, workerSurroundings } from './worker.ts';

export type StoreThreadData = { readonly dataDir: string };

const surroundings = workerSurroundings('store');
const { dataDir } = workerData as StoreThreadData;
/** After a file could not be opened, the thread ends and is started again: the disk may be back by then. */
const REOPEN_MS = 5_000;

let opened: StateStore | AppError;
try {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  opened = new StateStore({ path: join(dataDir, 'state.db') }, surroundings);
} catch (cause) {
  const text = `The state in ${dataDir} cannot be opened: ${cause instanceof Error ? cause.message : cause}`;
  opened = cause instanceof AppError ? cause : new AppError('STORE_OPEN_FAILED', text, { dataDir }, { cause });
  surroundings.log.error('store.open-failed', { code: opened.code, text: opened.message });
  surroundings.clock.timer('store.reopen', REOPEN_MS, () => process.exit(1));
}
const journal = new Journal({ path: join(dataDir, 'journal.db') }, surroundings);

/** The open store; whoever asks while it could not be opened gets the reason. */
function theStore(): StateStore {
  if (opened instanceof AppError) throw opened;
  return opened;
}

function serveControl(port: MessagePort): void {
  const line = new ThreadPort<Nothing, ControlToStore>({ port, peer: 'control', ...surroundings });
  line.on('memory', (memory) => theStore().saveMemory(memory));
  line.on('journal', (record) => journal.append(record));
  line.handle('load', async () => theStore().load());
  line.handle('saveCaps', async (caps) => {
    await theStore().saveCaps(caps);
    return null;
  });
  line.handle('saveWishes', async (wishes) => {
    await theStore().saveWishes(wishes);
    return null;
  });
  line.handle('audit', async (entry) => {
    await theStore().appendAudit(entry);
    return null;
  });
}

function serveGateway(port: MessagePort): void {
  const line = new ThreadPort<Nothing, GatewayToStore>({ port, peer: 'gateway', ...surroundings });
  for (const method of GATEWAY_STORE_METHODS) {
    // The protocol's type ties each name to its arguments and answer; inside the loop only the union of all is known.
    line.handle(method, async (args) => {
      const store = theStore();
      const call = store[method].bind(store) as (...args: unknown[]) => Promise<never>;
      return call(...(args as readonly unknown[]));
    });
  }
}

serveWorker(
  (name, port) => (name === 'gateway' ? serveGateway(port) : serveControl(port)),
  async () => {
    if (opened instanceof StateStore) opened.stop();
    journal.stop();
  },
);
