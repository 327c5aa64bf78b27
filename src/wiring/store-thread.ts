// The store's thread: owns the SQLite files; the only thread in which an fsync may wait.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type MessagePort, workerData } from 'node:worker_threads';
import { Journal } from '../store/journal.ts';
import { StateStore } from '../store/state-store.ts';
import { ThreadPort } from '../system/thread-port.ts';
import { type ControlToStore, GATEWAY_STORE_METHODS, type GatewayToStore, type Nothing } from './thread-protocol.ts';
import { serveWorker, workerSurroundings } from './worker.ts';

export type StoreThreadData = { readonly dataDir: string };

const surroundings = workerSurroundings('store');
const { dataDir } = workerData as StoreThreadData;
mkdirSync(dataDir, { recursive: true, mode: 0o700 });
const store = new StateStore({ path: join(dataDir, 'state.db') }, surroundings);
const journal = new Journal({ path: join(dataDir, 'journal.db') }, surroundings);

function serveControl(port: MessagePort): void {
  const line = new ThreadPort<Nothing, ControlToStore>({ port, peer: 'control', ...surroundings });
  line.on('memory', (memory) => store.saveMemory(memory));
  line.on('journal', (record) => journal.append(record));
  line.handle('load', () => store.load());
  line.handle('saveCaps', async (caps) => {
    await store.saveCaps(caps);
    return null;
  });
  line.handle('audit', async (entry) => {
    await store.appendAudit(entry);
    return null;
  });
}

function serveGateway(port: MessagePort): void {
  const line = new ThreadPort<Nothing, GatewayToStore>({ port, peer: 'gateway', ...surroundings });
  for (const method of GATEWAY_STORE_METHODS) {
    // The protocol's type ties each name to its arguments and answer; inside the loop only the union of all is known.
    const call = store[method].bind(store) as (...args: unknown[]) => Promise<never>;
    line.handle(method, (args) => call(...(args as readonly unknown[])));
  }
}

serveWorker(
  (name, port) => (name === 'gateway' ? serveGateway(port) : serveControl(port)),
  async () => {
    store.stop();
    journal.stop();
  },
);
