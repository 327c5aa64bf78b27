// What every worker thread of Busbar does alike: beats, takes the line ends it is given, stops when told, and reports why it could not begin.

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { AppError } from '../engine/app-error.ts';
import type { Surroundings } from '../engine/ports.ts';
import { type ClockAnchor, systemClock, systemRandom } from '../system/clock.ts';
import { beat, type Pulse } from '../system/heartbeat.ts';
import { createLog } from '../system/log.ts';
import { STOP_MESSAGE } from '../system/supervisor.ts';
import type { JoinMessage, ThreadFault } from './thread-protocol.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
/** Given to every worker besides its own data. */
export type WorkerBasics = { readonly anchor: ClockAnchor; readonly logLevel: LogLevel };
/** What is made anew for each start of a worker. */
export type WorkerLife = { readonly pulse: Pulse };

/** The surroundings of the worker this runs in; `room` marks its log lines. */
export function workerSurroundings(room: string): Surroundings {
  const { anchor, logLevel } = workerData as WorkerBasics;
  return { clock: systemClock(anchor), random: systemRandom, log: createLog(room, logLevel) };
}

/**
 * Serves the worker's own port: `onJoin` for each line end handed over, `onStop` once when the supervisor asks; after it the thread ends by
 * itself. MUST be called in the worker's first turn, so that no message is missed.
 */
export function serveWorker(onJoin: (name: string, port: MessagePort) => void, onStop: () => Promise<void>): void {
  const own = parentPort;
  if (!own) throw new Error('this file runs as a worker thread only');
  const { anchor, pulse } = workerData as WorkerBasics & WorkerLife;
  beat(pulse, systemClock(anchor));
  own.on('message', (message: JoinMessage | typeof STOP_MESSAGE) => {
    if (message !== STOP_MESSAGE) {
      onJoin(message.join, message.port);
      return;
    }
    void onStop().finally(() => process.exit(0));
  });
}

/** An error as plain data for the other side. */
export function faultOf(error: unknown): ThreadFault {
  if (error instanceof AppError) return { code: error.code, text: error.message };
  return { code: 'THREAD_FAILED', text: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
