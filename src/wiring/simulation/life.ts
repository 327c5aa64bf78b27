// One life of a simulated process: its clock runs while it lives, and nothing that was promised to it arrives afterwards.

import type { Instant, WallTime } from '../../core/model/units.ts';
import type { Clock } from '../../engine/ports.ts';
import { sleepBy } from '../../simulator/virtual-clock.ts';

/** What a life is part of: the world's clock, or the life of the process that a thread belongs to. */
export type Around = Pick<Clock, 'now' | 'timer' | 'wall'> & { readonly isAlive?: boolean };

export class Life implements Clock {
  readonly #around: Around;
  readonly #wallOffsetMs: () => number;
  #isAlive = true;

  /** `wallOffsetMs`: how far this process's wall clock is from the true time. */
  constructor(around: Around, wallOffsetMs: () => number = () => 0) {
    this.#around = around;
    this.#wallOffsetMs = wallOffsetMs;
  }

  get isAlive(): boolean {
    return this.#isAlive && this.#around.isAlive !== false;
  }

  /** From now on nothing happens to it any more, and no promise of its sleeps is kept. */
  end(): void {
    this.#isAlive = false;
  }

  now(): Instant {
    return this.#around.now();
  }

  wall(): WallTime {
    return this.#around.wall() + this.#wallOffsetMs();
  }

  timer(name: string, delayMs: number, work: () => void): () => void {
    if (!this.isAlive) return () => {};
    return this.#around.timer(name, delayMs, () => {
      if (this.isAlive) work();
    });
  }

  sleep(name: string, delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepBy(this, name, delayMs, signal);
  }
}

/**
 * `port` as a process sees it: a dead one asks nothing more and hears no answer. Methods that give no promise are called as they are while it
 * lives and do nothing afterwards.
 */
export function whileAlive<Port extends object>(port: Port, life: { readonly isAlive: boolean }): Port {
  return new Proxy(port, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (!life.isAlive) return new Promise(() => {});
        const answer = value.apply(target, args);
        if (!(answer instanceof Promise)) return answer;
        return new Promise((resolve, reject) => {
          answer.then(
            (kept) => {
              if (life.isAlive) resolve(kept);
            },
            (error: unknown) => {
              if (life.isAlive) reject(error);
            },
          );
        });
      };
    },
  });
}
