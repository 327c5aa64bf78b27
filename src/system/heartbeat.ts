// A worker's pulse: a counter in shared memory that its event loop moves on; who watches it needs no message and no answer.

import type { Clock } from '../engine/ports.ts';
import { SilenceWatch } from './silence.ts';

export const BEAT_EVERY_MS = 1_000;
/** A worker whose event loop has not turned for this long hangs. The longest stall measured in a storm of connections was 3.5 s. */
export const WORKER_SILENCE_MS = 10_000;
/** Its first beat may take this long: a large file may have to be opened and brought up to date before it. */
export const FIRST_BEAT_MS = 60_000;

/** Shared with one worker; never used for the next. */
export type Pulse = SharedArrayBuffer;

export function newPulse(): Pulse {
  return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
}

/** The worker's part: beats now and from then on each time its event loop comes round. Resolves nothing, ends with the thread. */
export function beat(pulse: Pulse, clock: Clock): void {
  Atomics.add(new Int32Array(pulse), 0, 1);
  clock.timer('worker.beat', BEAT_EVERY_MS, () => beat(pulse, clock));
}

/** Calls `onSilent` once when the pulse has stopped. Returns the end of watching. */
export function watchPulse(pulse: Pulse, clock: Clock, onSilent: (silentMs: number) => void): () => void {
  const counter = new Int32Array(pulse);
  let seen = Atomics.load(counter, 0);
  let cancelLook = () => {};
  const end = () => {
    cancelLook();
    silence.end();
  };
  const silence = new SilenceWatch(clock, 'worker.silence', (silentMs) => {
    end();
    onSilent(silentMs);
  });
  const look = () => {
    const newest = Atomics.load(counter, 0);
    if (newest !== seen) silence.expect(WORKER_SILENCE_MS);
    seen = newest;
    cancelLook = clock.timer('worker.look', BEAT_EVERY_MS, look);
  };
  silence.expect(FIRST_BEAT_MS);
  look();
  return end;
}
