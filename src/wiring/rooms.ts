// The rooms of one Busbar that live on threads of their own: started, joined by lines, kept alive, stopped in order.

import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Clock, Log } from '../engine/ports.ts';
import { newPulse, type Pulse } from '../system/heartbeat.ts';
import { type SupervisedWorker, superviseWorker } from '../system/supervisor.ts';
import type { JoinMessage, RoomHealth } from './thread-protocol.ts';
import type { WorkerBasics, WorkerLife } from './worker.ts';

export type RoomOptions = {
  /** The worker's file is `<name>-thread` beside this one. */
  readonly name: string;
  readonly data: object;
  /** Takes this side's end of the line to a worker that has just been started, and a way to start it again. */
  readonly onUp: (control: MessagePort, restart: (reason: string) => void) => void;
  readonly onDown: () => void;
};

export class Rooms {
  readonly #basics: WorkerBasics;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onHealth: (rooms: readonly RoomHealth[]) => void;
  readonly #supervised: SupervisedWorker[] = [];
  readonly #workers = new Map<string, Worker>();
  readonly #pulses = new WeakMap<Worker, Pulse>();
  readonly #health = new Map<string, RoomHealth>();
  readonly #pairs: (readonly [string, string])[] = [];
  #isStopping = false;

  constructor(basics: WorkerBasics, clock: Clock, log: Log, onHealth: (rooms: readonly RoomHealth[]) => void) {
    this.#basics = basics;
    this.#clock = clock;
    this.#log = log;
    this.#onHealth = onHealth;
  }

  get health(): readonly RoomHealth[] {
    return [...this.#health.values()];
  }

  /** Two rooms that talk to each other: whenever both are up, and again when one of them was started anew, each gets an end of a line. */
  pair(one: string, other: string): void {
    this.#pairs.push([one, other]);
  }

  /** Starts a room and keeps it alive. Rooms are stopped in the opposite order. */
  open({ name, data, onUp, onDown }: RoomOptions): void {
    const supervised = superviseWorker({
      name,
      start: () => this.#startWorker(name, data),
      pulseOf: (worker) => this.#pulses.get(worker),
      clock: this.#clock,
      log: this.#log,
      onUp: (worker) => {
        this.#workers.set(name, worker);
        const { port1, port2 } = new MessageChannel();
        give(worker, 'control', port2);
        onUp(port1, (reason) => supervised.restart(reason));
        this.#joinPairs(name);
      },
      onDown: (reason) => {
        this.#workers.delete(name);
        if (this.#isStopping) this.#log.info('room.stopped', { room: name });
        else this.#log.warn('room.down', { room: name, reason });
        onDown();
      },
      onState: (state) => {
        const because = 'because' in state ? { detail: state.because } : {};
        this.#health.set(name, { name, isReady: state.state === 'up', ...because });
        this.#onHealth(this.health);
      },
    });
    this.#supervised.push(supervised);
  }

  /** Stops every room, the one that was opened first last and alone: the others may still have something for it to keep. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const [first, ...others] = this.#supervised;
    await Promise.allSettled(others.map((room) => room.stop()));
    await first?.stop();
  }

  #joinPairs(name: string): void {
    for (const [one, other] of this.#pairs) {
      const [a, b] = [this.#workers.get(one), this.#workers.get(other)];
      if ((one !== name && other !== name) || !a || !b) continue;
      const { port1, port2 } = new MessageChannel();
      give(a, other, port1);
      give(b, one, port2);
    }
  }

  /** TypeScript in a clone under test, JavaScript as built. */
  #startWorker(name: string, data: object): Worker {
    const extension = fileURLToPath(import.meta.url).endsWith('.ts') ? 'ts' : 'js';
    const file = new URL(`./${name}-thread.${extension}`, import.meta.url);
    const life: WorkerLife = { pulse: newPulse() };
    const worker = new Worker(file, { workerData: { ...this.#basics, ...life, ...data }, name });
    this.#pulses.set(worker, life.pulse);
    return worker;
  }
}

function give(worker: Worker, join: string, port: MessagePort): void {
  worker.postMessage({ join, port } satisfies JoinMessage, [port]);
}
