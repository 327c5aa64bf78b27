// The Modbus server's thread: a building management system that asks without end here slows down nobody but itself.

import { type MessagePort, workerData } from 'node:worker_threads';
import type { Site } from '../core/model/site.ts';
import { ModbusServer } from '../modbus/server/server.ts';
import { ThreadPort } from '../system/thread-port.ts';
import type { ControlToModbusServer, ModbusServerToControl } from './thread-protocol.ts';
import { faultOf, serveWorker, workerSurroundings } from './worker.ts';

export type ModbusServerThreadData = { readonly site: Site; readonly version: string };

/** Control answers a write within a cycle; a master waits a second or two for its answer. */
const WRITE_DEADLINE_MS = 1_000;

const surroundings = workerSurroundings('modbus-server');
const { clock, log } = surroundings;
const { site, version } = workerData as ModbusServerThreadData;
let control: ThreadPort<ModbusServerToControl, ControlToModbusServer> | undefined;

const server = new ModbusServer(surroundings, {
  site,
  version,
  onWrite: async (write) => {
    try {
      return await control?.request('write', { write, at: clock.now() }, { timeoutMs: WRITE_DEADLINE_MS });
    } catch (error) {
      // The master is told "busy" and asks again; until the control room has heard of it, its failsafe holds.
      log.warn('modbus-server.write-not-taken', { error: String(error) });
      return undefined;
    }
  },
});

async function start(port: MessagePort): Promise<void> {
  const line = new ThreadPort<ModbusServerToControl, ControlToModbusServer>({ port, peer: 'control', clock, log });
  control = line;
  line.on('image', (image) => server.show(image));
  try {
    await server.start();
    line.post('ready', server.address());
  } catch (error) {
    const fault = faultOf(error);
    log.error('modbus-server.start-failed', fault);
    line.post('failed', fault);
  }
}

serveWorker(
  (_name, port) => void start(port),
  () => server.stop(),
);
