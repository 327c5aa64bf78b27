// What a session asks of a wire, and the opening that all wires share; a wire carries bytes and knows nothing of what they mean.

import type { ModbusEndpoint } from '../core/model/site-meters.ts';
import { AppError } from '../engine/app-error.ts';
import type { Clock } from '../engine/ports.ts';

export interface Wire {
  readonly isOpen: boolean;
  /** True: it goes on after disorder once it was silent (a serial line). False: it is closed, so that nothing late can arrive on it. */
  readonly isKept: boolean;
  send(bytes: Buffer): void;
  /** Throws away what has arrived at this machine and was not handed over yet. */
  flush(): void;
  destroy(): void;
  /** MUST be called once, in the same turn in which the wire was opened. `onEnd` may come more than once. */
  listen(onBytes: (bytes: Buffer) => void, onEnd: (text: string, cause?: unknown) => void): void;
}

export type WireOpening = {
  readonly clock: Clock;
  readonly endpoint: ModbusEndpoint;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Calls `begin` and resolves when it says that the wire is open. Throws METER_CONNECT on its error, after `timeoutMs` or on the signal, each
 * time after `undo`: nothing is left behind then, even if the opening succeeds afterwards.
 */
export function openWithin(
  { clock, endpoint, timeoutMs, signal }: WireOpening,
  begin: (done: (error?: Error | null) => void) => void,
  undo: () => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let isSettled = false;
    const settle = (end: () => void) => {
      if (isSettled) return;
      isSettled = true;
      cancel();
      signal?.removeEventListener('abort', onAbort);
      end();
    };
    const give = (text: string, cause?: unknown) =>
      settle(() => {
        undo();
        reject(new AppError('METER_CONNECT', text, { ...endpoint }, { cause }));
      });
    const cancel = clock.timer('modbus.connect', timeoutMs, () => give(`no connection within ${timeoutMs} ms`));
    const onAbort = () => give('stopped while connecting');
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
    else
      begin((error) => {
        if (error) give(error.message || (error as NodeJS.ErrnoException).code || 'no connection', error);
        else settle(resolve);
      });
  });
}
