// `busbar run`: the parent that watches the controller's process; it does nothing else, so that nothing can stall it.

import { anchorClock, systemClock } from '../system/clock.ts';
import { plainLog } from '../system/plain-log.ts';
import { Watchdog } from '../system/watchdog.ts';
import type { ExitCode, Io } from './io.ts';
import type { RunOrder } from './process-protocol.ts';
import { checkSiteFile } from './site-check.ts';
import { SiteReload } from './site-reload.ts';
import { startControllerProcess } from './start-controller-process.ts';
import type { LogLevel } from './worker.ts';

export type RunVerbOptions = { readonly file: string; readonly data: string; readonly logLevel: LogLevel };

/**
 * Runs until `io.signal` aborts. 1 when the site file has faults or a room cannot begin. SIGHUP has the site file read again: a sound one is
 * taken over by a new controller, one with faults changes nothing.
 */
export async function runRunVerb({ file, data, logLevel }: RunVerbOptions, io: Io): Promise<ExitCode> {
  if (io.signal.aborted) return 0;
  const clock = systemClock(anchorClock());
  const log = plainLog('watchdog', logLevel, clock);
  const watchdog: Watchdog<RunOrder> = new Watchdog<RunOrder>({
    task: { file, data, logLevel },
    clock,
    log,
    start: (order, events) =>
      startControllerProcess(order, log, {
        ...events,
        onAccepted: (text) => watchdog.refineTask({ ...order, text }),
      }),
  });
  const reload = new SiteReload({
    log,
    check: () => checkSiteFile({ file, logLevel }, clock),
    inForce: () => watchdog.task.text,
    take: (text) => watchdog.replace({ file, data, logLevel, text }),
  });
  const onHangUp = () => reload.ask();
  // Whatever ends this process ends the other one, hung or not.
  const onExit = () => watchdog.kill();
  process.on('SIGHUP', onHangUp);
  process.on('exit', onExit);
  io.signal.addEventListener('abort', () => watchdog.stop(), { once: true });
  try {
    return (await watchdog.run()) === 0 ? 0 : 1;
  } finally {
    reload.stop();
    process.off('SIGHUP', onHangUp);
    process.off('exit', onExit);
  }
}
