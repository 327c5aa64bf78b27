// The controller's own process: does what its parent orders, tells it of progress, and never outlives it.

import { Worker } from 'node:worker_threads';
import { runController } from './controller-run.ts';
import { describeError } from './describe-error.ts';
import type { Io } from './io.ts';
import type { LifelineData } from './lifeline-thread.ts';
import type { FromController, RunOrder, ToController } from './process-protocol.ts';
import { siblingFile } from './start-controller-process.ts';

const stopping = new AbortController();
const io: Io = {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  isTerminal: process.stdout.isTTY === true,
  signal: stopping.signal,
};
let isSending = false;

/** One message under way at most: a parent that does not read must not fill our memory. What is not sent was progress of a moment ago. */
function tell(message: FromController): void {
  if (isSending || !process.connected) return;
  isSending = true;
  process.send?.(message, () => {
    isSending = false;
  });
}

async function run(order: RunOrder): Promise<void> {
  try {
    process.exitCode = await runController(order, io, {
      onAccepted: (text) => void process.send?.({ kind: 'accepted', text } satisfies FromController, () => {}),
      onProgress: () => tell({ kind: 'progress' }),
    });
  } catch (error) {
    io.err(describeError(error));
    process.exitCode = 1;
  }
  process.exit();
}

process.on('message', (message: ToController) => {
  if (message.kind === 'run') void run(message.order);
  else stopping.abort();
});
// A terminal or a service manager may send its signal to the whole group: once is enough, and hanging up is the parent's affair.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stopping.abort());
process.on('SIGHUP', () => {});
// A reader of standard output that has gone is no reason to leave a site.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
// Nobody would notice if it hung now; what it has acknowledged is on the disk, and its leases run out.
process.on('disconnect', () => process.exit(1));
// The same for a process that hangs already when its parent goes.
const lifeline = new Worker(siblingFile('lifeline-thread'), {
  workerData: { parentPid: process.ppid } satisfies LifelineData,
  name: 'lifeline',
});
lifeline.on('error', (error) => io.err(describeError(error)));
lifeline.unref();
