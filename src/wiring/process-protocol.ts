// What the watching parent and its processes say to each other over the IPC channel: plain data, nothing that a library would be needed for.

import type { LogLevel } from './worker.ts';

/** What a controller runs on. `text` is the site file as it was accepted; absent: `file` is to be read. */
export type RunOrder = {
  readonly file: string;
  readonly text?: string;
  readonly data: string;
  readonly logLevel: LogLevel;
};

/** parent → controller. The order comes first and once. */
export type ToController = { readonly kind: 'run'; readonly order: RunOrder } | { readonly kind: 'stop' };

/** controller → parent. `accepted` is the text of the site file that it runs on, so that a later start does not depend on the file. */
export type FromController = { readonly kind: 'accepted'; readonly text: string } | { readonly kind: 'progress' };

/** parent → checker, and its one answer; a file with faults is told in the log and ends it with exit code 1. */
export type ToSiteCheck = { readonly file: string; readonly logLevel: LogLevel };
export type FromSiteCheck = { readonly kind: 'sound'; readonly text: string };
