// The newest StatusNotification per connector until upstream has answered it; it must never let an older one be said after a newer one.

import type { CallOutcome, IncomingCall } from '../engine/ports.ts';

/** Connectors of one station whose status waits for upstream; others' are said when they come or never. */
export const MAX_CONNECTORS = 64;

export class LastStatuses {
  readonly #send: (call: IncomingCall) => Promise<CallOutcome>;
  readonly #unsaid = new Map<number, IncomingCall>();

  constructor(send: (call: IncomingCall) => Promise<CallOutcome>) {
    this.#send = send;
  }

  keep(connector: number, call: IncomingCall): void {
    if (this.#unsaid.has(connector) || this.#unsaid.size < MAX_CONNECTORS) this.#unsaid.set(connector, call);
  }

  say(connector: number, call: IncomingCall): void {
    void this.#send(call).then(({ kind }) => {
      const isSaid = kind === 'result' || kind === 'error';
      // A newer one may have come meanwhile: that one is still to be said, and this one never again.
      if (isSaid && this.#unsaid.get(connector) === call) this.#unsaid.delete(connector);
    });
  }

  /** Says all that upstream has not answered yet. */
  sayAll(): void {
    for (const [connector, call] of this.#unsaid) this.say(connector, call);
  }
}
