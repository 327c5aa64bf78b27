// Ends this process when its parent is gone, also while the main thread hangs and cannot see it.

import { workerData } from 'node:worker_threads';
import { anchorClock, systemClock } from '../system/clock.ts';

export type LifelineData = { readonly parentPid: number };

const LOOK_EVERY_MS = 500;
const { parentPid } = workerData as LifelineData;
const clock = systemClock(anchorClock());

function look(): void {
  if (process.ppid !== parentPid) process.kill(process.pid, 'SIGKILL');
  clock.timer('lifeline.look', LOOK_EVERY_MS, look);
}
look();
