// The log without a library, line by line like `log.ts`: for the parent process, which must need nothing that could fail it.

import { writeSync } from 'node:fs';
import type { Clock, Fields, Log } from '../engine/ports.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
type Level = (typeof LEVELS)[number];

/** Writes JSON lines of `level` and above on standard error, each marked with `room`. */
export function plainLog(room: string, level: Level, clock: Pick<Clock, 'wall'>): Log {
  const at =
    (own: Level) =>
    (event: string, fields: Fields = {}): void => {
      if (LEVELS.indexOf(own) < LEVELS.indexOf(level)) return;
      const line = { level: own, time: new Date(clock.wall()).toISOString(), room, ...fields, event };
      try {
        writeSync(2, `${JSON.stringify(line)}\n`);
      } catch {
        // Nobody reads standard error any more, or its pipe is full: there is nobody to tell, and watching goes on.
      }
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
