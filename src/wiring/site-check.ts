// Has a site file checked in a process of its own, so that neither the watch nor the control loop ever parses what a person has just written.

import { fork } from 'node:child_process';
import type { Clock } from '../engine/ports.ts';
import type { FromSiteCheck, ToSiteCheck } from './process-protocol.ts';
import { siblingFile } from './start-controller-process.ts';

/** A file of 5,000 stations is checked in a second; what takes this long is given up. */
export const SITE_CHECK_DEADLINE_MS = 30_000;

/** The file's text when a controller could run on it; undefined when not, every fault told in the log. */
export function checkSiteFile(order: ToSiteCheck, clock: Clock): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = fork(siblingFile('site-check-process'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    let text: string | undefined;
    const cancel = clock.timer('site.check', SITE_CHECK_DEADLINE_MS, () => void child.kill('SIGKILL'));
    const done = (accepted: string | undefined) => {
      cancel();
      resolve(accepted);
    };
    child.on('message', (message: FromSiteCheck) => {
      text = message.text;
    });
    // A check that cannot be carried out accepts nothing.
    child.on('error', () => done(undefined));
    child.once('exit', (code) => done(code === 0 ? text : undefined));
    child.send(order satisfies ToSiteCheck, () => {});
  });
}
