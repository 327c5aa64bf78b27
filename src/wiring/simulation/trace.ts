// What happened in a run, as one hash: equal for the same script on every machine, different as soon as one ampere differs.

import { createHash } from 'node:crypto';
import type { CycleRecord } from '../../core/model/decision.ts';
import { PHASES } from '../../core/model/units.ts';
import type { Truth } from '../../simulator/truth.ts';

/** Bytes gathered before they are hashed. */
const BLOCK_BYTES = 64 * 1024;

export class Trace {
  readonly #hash = createHash('sha256');
  readonly #block = Buffer.alloc(BLOCK_BYTES);
  readonly #onLine: ((line: string) => void) | undefined;
  #used = 0;

  /** `onLine` is told every event in words, for comparing two runs. */
  constructor(onLine?: (line: string) => void) {
    this.#onLine = onLine;
  }

  event(at: number, text: string): void {
    this.#flush();
    this.#hash.update(`${at} ${text}\n`);
    this.#onLine?.(`${at} ${text}`);
  }

  cycle({ snapshot, decision }: CycleRecord): void {
    this.#number(snapshot.now);
    for (const { targetAmps, exposureAmps } of decision.shares) {
      this.#number(targetAmps);
      this.#number(exposureAmps);
    }
    for (const { evse, role, change, limitAmps } of decision.commands)
      this.event(snapshot.now, `command ${evse} ${role} ${change} ${limitAmps}`);
    for (const { evse, because } of decision.stops) this.event(snapshot.now, `stop ${evse} ${because}`);
  }

  truth({ circuits, evses }: Truth): void {
    for (const { amps } of circuits) for (const phase of PHASES) this.#number(amps[phase]);
    for (const { limitAmps } of evses) this.#number(limitAmps);
  }

  /** Ends the trace. */
  digest(): string {
    this.#flush();
    return this.#hash.digest('hex');
  }

  #number(value: number): void {
    if (this.#used + 8 > BLOCK_BYTES) this.#flush();
    this.#block.writeDoubleLE(value, this.#used);
    this.#used += 8;
  }

  #flush(): void {
    if (this.#used > 0) this.#hash.update(this.#block.subarray(0, this.#used));
    this.#used = 0;
  }
}
