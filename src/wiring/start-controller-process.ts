// Starts a controller in a process of its own and hears what it tells; standard output and error pass through.

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Log } from '../engine/ports.ts';
import type { ProcessEvents, WatchedProcess } from '../system/watchdog.ts';
import type { FromController, RunOrder, ToController } from './process-protocol.ts';

type ControllerEvents = ProcessEvents & { readonly onAccepted: (text: string) => void };

/** The process runs until it is asked to stop, is killed, or this process is gone. Throws when none can be made. */
export function startControllerProcess(order: RunOrder, log: Log, events: ControllerEvents): WatchedProcess {
  const child = fork(siblingFile('controller-process'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  log.info('watchdog.up', { pid: child.pid });
  // A channel that broke is no end yet: the end is told by 'exit', and silence by the watchdog.
  const send = (message: ToController) =>
    void child.send(message, (error) => {
      if (error) log.debug('watchdog.not-sent', { kind: message.kind, error: error.message });
    });
  child.on('message', (message: FromController) => {
    if (message.kind === 'accepted') events.onAccepted(message.text);
    else events.onProgress();
  });
  child.on('error', (error) => {
    log.error('watchdog.process-error', { error: error.message });
    if (child.pid === undefined) events.onEnd({ reason: `it could not be started: ${error.message}` });
  });
  child.once('exit', (code, signal) => {
    if (code === null) events.onEnd({ reason: `it was ended by ${signal}` });
    else events.onEnd({ code, reason: `it ended with exit code ${code}` });
  });
  send({ kind: 'run', order });
  return { stop: () => send({ kind: 'stop' }), kill: () => void child.kill('SIGKILL') };
}

/** TypeScript in a clone under test, JavaScript as built. */
export function siblingFile(name: string): string {
  const extension = fileURLToPath(import.meta.url).endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`./${name}.${extension}`, import.meta.url));
}
