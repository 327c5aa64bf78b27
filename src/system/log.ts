// The log: event names and fields as JSON lines on standard error, so that standard output stays free for answers.

import pino from 'pino';
import type { Log } from '../engine/ports.ts';

/** A log that writes lines of `level` and above, each marked with the room it comes from. */
export function createLog(room: string, level: 'debug' | 'info' | 'warn' | 'error' | 'silent' = 'info'): Log {
  const logger = pino(
    {
      level,
      base: { room },
      messageKey: 'event',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ fd: 2, sync: true }),
  );
  return {
    debug: (event, fields) => logger.debug(fields ?? {}, event),
    info: (event, fields) => logger.info(fields ?? {}, event),
    warn: (event, fields) => logger.warn(fields ?? {}, event),
    error: (event, fields) => logger.error(fields ?? {}, event),
  };
}

export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
