// How a simulated station takes the CALLs of its central system: at once, slowly one after the other, or not at all. It knows no actions.

import type { Clock, Random } from '../engine/ports.ts';
import type { CallAnswer, OnCall } from './rpc-client.ts';
import type { Payload } from './station-wire.ts';
import type { Manners, Model } from './zoo.ts';

/** CALLs that wait at a slow station at most; what is more is never answered. */
export const MAX_WAITING_CALLS = 16;
/** So many of the CALLs that a silent station does not answer have their effect all the same. */
const SILENT_EFFECT = 0.5;

export type CallDeskOptions = {
  readonly station: string;
  readonly model: Model;
  readonly manners: Manners;
  readonly clock: Clock;
  readonly random: Random;
  /** What waits has changed. */
  readonly onWaiting: () => void;
  /** Has the CALL's effect and gives its answer; undefined: there is none. */
  readonly answer: (action: string, payload: Payload) => CallAnswer | undefined;
};

type Waiting = { readonly action: string; readonly payload: Payload; readonly reply: (answer: CallAnswer) => void };

export class CallDesk {
  readonly #options: CallDeskOptions;
  #waiting: Waiting[] = [];
  #cancel: (() => void) | undefined;

  constructor(options: CallDeskOptions) {
    this.#options = options;
  }

  readonly take: OnCall = (action, payload, reply) => {
    if (this.#options.model.slowAnswerMs === undefined) {
      this.#answer({ action, payload, reply });
      return;
    }
    if (this.#waiting.length >= MAX_WAITING_CALLS) return;
    this.#waiting.push({ action, payload, reply });
    this.#options.onWaiting();
    this.#next();
  };

  /** CALLs that were received and not looked at yet. */
  get waiting(): readonly { readonly action: string; readonly payload: Payload }[] {
    return this.#waiting;
  }

  /** The station restarts. That the line is gone does not keep a CALL from having its effect. */
  forget(): void {
    this.#waiting = [];
    this.#cancel?.();
    this.#cancel = undefined;
    this.#options.onWaiting();
  }

  #next(): void {
    if (this.#cancel || this.#waiting.length === 0) return;
    const { clock, random, station, model } = this.#options;
    const waitMs = Math.round((model.slowAnswerMs ?? 0) * (1 + random.next(`zoo.slow ${station}`)));
    this.#cancel = clock.timer('simulator.slow-answer', waitMs, () => {
      this.#cancel = undefined;
      const call = this.#waiting.shift();
      if (call) this.#answer(call);
      this.#options.onWaiting();
      this.#next();
    });
  }

  #answer({ action, payload, reply }: Waiting): void {
    const { manners, random, station, answer } = this.#options;
    if (manners.has('silent')) {
      if (random.next(`zoo.silent ${station}`) < SILENT_EFFECT) answer(action, payload);
      return;
    }
    const given = answer(action, payload);
    if (given) reply(given);
  }
}
